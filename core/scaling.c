/* SPDX-License-Identifier: MIT */
#include "scaling.h"

#include <math.h>

static int sound(const double *workers, const double *speedup, long n)
{
    for (long i = 0; i < n; i++)
        if (!isfinite(workers[i]) || !isfinite(speedup[i]) || workers[i] < 1 || !(speedup[i] > 0))
            return 0;
    return 1;
}

/* How many different counts above LEAST there are. */
static long different(const double *workers, long n, double least)
{
    long count = 0;
    for (long i = 0; i < n; i++) {
        int first = workers[i] > least;
        for (long j = 0; first && j < i; j++)
            first = workers[j] != workers[i];
        count += first;
    }
    return count;
}

/* Amdahl ----------------------------------------------------------------------------------- */

/* Points to fit, and the law's misfit at a serial fraction. */
struct points {
    const double *workers, *speedup;
    long n;
};

/* ln of measured over predicted. */
static double amdahl_error(const struct points *p, long i, double s)
{
    return log(p->speedup[i]) + log(s + (1 - s) / p->workers[i]);
}

static double amdahl_misfit(const struct points *p, double s)
{
    double sum = 0;
    for (long i = 0; i < p->n; i++)
        sum += amdahl_error(p, i, s) * amdahl_error(p, i, s);
    return sum;
}

/* Half of its derivative. */
static double amdahl_slope(const struct points *p, double s)
{
    double sum = 0;
    for (long i = 0; i < p->n; i++)
        sum += amdahl_error(p, i, s) * (1 - 1 / p->workers[i]) / (s + (1 - s) / p->workers[i]);
    return sum;
}

double scaling_amdahl(const double *workers, const double *speedup, long n)
{
    /* The misfit may have more than one valley: a grid finds the deepest, its slope the bottom. */
    enum { STEPS = 64, HALVINGS = 1100 };
    const struct points p = { workers, speedup, n };
    double grid[STEPS + 1] = { 0 }, least = INFINITY;
    int best = 0;
    if (!sound(workers, speedup, n) || !different(workers, n, 1))
        return NAN;
    for (int i = 0; i <= STEPS; i++) {
        grid[i] = i ? pow(10, -6 * (1 - (double)i / STEPS)) : 0;
        double misfit = amdahl_misfit(&p, grid[i]);
        if (misfit < least) {
            least = misfit;
            best = i;
        }
    }
    double low = grid[best ? best - 1 : 0], high = grid[best < STEPS ? best + 1 : STEPS];
    if (amdahl_slope(&p, low) >= 0)
        return low;
    if (amdahl_slope(&p, high) <= 0)
        return high;
    for (int i = 0; i < HALVINGS; i++) {
        double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high)
            break;
        if (amdahl_slope(&p, middle) < 0)
            low = middle;
        else
            high = middle;
    }
    return low;
}

double scaling_karp_flatt(double workers, double speedup)
{
    if (!isfinite(workers) || !isfinite(speedup) || workers <= 1 || !(speedup > 0))
        return NAN;
    return (1 / speedup - 1 / workers) / (1 - 1 / workers);
}

/* USL -------------------------------------------------------------------------------------- */

/* The normal equations of one Gauss-Newton step: half the gradient, and the matrix, of the sum of
 * squares. */
struct normal {
    double squares, g[2], m[2][2];
};

static struct normal usl_normal(const struct points *p, const double *at)
{
    struct normal e = { 0 };
    for (long i = 0; i < p->n; i++) {
        double w = p->workers[i], slope[2] = { w - 1, w * (w - 1) };
        double below = 1 + at[0] * slope[0] + at[1] * slope[1];
        if (!(below > 0)) { /* only without bounds: no speed-up at all */
            e.squares = INFINITY;
            break;
        }
        double error = log(p->speedup[i] / w) + log(below);
        e.squares += error * error;
        for (int a = 0; a < 2; a++) {
            e.g[a] += error * slope[a] / below;
            for (int b = 0; b < 2; b++)
                e.m[a][b] += slope[a] / below * (slope[b] / below);
        }
    }
    return e;
}

/* The step of Levenberg and Marquardt, damped by D, to no value below LEAST: what stands there and
 * would go below does not move. */
static void usl_step(const struct normal *e, double d, double least, const double *at, double *next)
{
    double a = e->m[0][0] * (1 + d), b = e->m[0][1], c = e->m[1][1] * (1 + d);
    double step[2] = { e->g[0] / a, e->g[1] / c };
    int held[2] = { at[0] <= least && e->g[0] >= 0, at[1] <= least && e->g[1] >= 0 };
    if (!held[0] && !held[1]) {
        double determinant = a * c - b * b;
        step[0] = (c * e->g[0] - b * e->g[1]) / determinant;
        step[1] = (a * e->g[1] - b * e->g[0]) / determinant;
    }
    for (int i = 0; i < 2; i++)
        next[i] = held[i] ? at[i] : fmax(least, at[i] - step[i]);
}

/* From FROM to where no step goes further down.  SQUARES is what remains there. */
static struct usl usl_descend(const struct points *p, double least, const double *from,
                              double *squares)
{
    enum { STEPS = 500 };
    const double tiny = 1e-14, lightest = 1e-9, heaviest = 1e6;
    double at[2] = { from[0], from[1] }, next[2], damping = 1e-3, gain = 1;
    struct normal e = usl_normal(p, at);
    for (int i = 0; i < STEPS && damping < heaviest && gain > tiny; i++) {
        usl_step(&e, damping, least, at, next);
        struct normal there = usl_normal(p, next);
        if (!(there.squares < e.squares)) {
            damping *= 8;
            continue;
        }
        gain = 1 - there.squares / e.squares;
        e = there;
        at[0] = next[0];
        at[1] = next[1];
        damping = fmax(damping / 8, lightest);
    }
    *squares = e.squares;
    return (struct usl){ at[0], at[1] };
}

static struct usl usl_fit(const double *workers, const double *speedup, long n, double least)
{
    /* From either border and from between: the best of what they come to. */
    static const double from[][2] = { { 0.05, 1e-4 }, { 0, 1e-3 }, { 0.3, 0 }, { 0.01, 0.05 } };
    enum { FEWEST_COUNTS = 6 };
    const struct points p = { workers, speedup, n };
    struct usl best = { NAN, NAN };
    double lowest = INFINITY, squares;
    if (!sound(workers, speedup, n) || different(workers, n, 0) < FEWEST_COUNTS)
        return best;
    for (unsigned i = 0; i < sizeof from / sizeof *from; i++) {
        struct usl u = usl_descend(&p, least, from[i], &squares);
        if (squares < lowest) {
            lowest = squares;
            best = u;
        }
    }
    return best;
}

struct usl scaling_usl(const double *workers, const double *speedup, long n)
{
    return usl_fit(workers, speedup, n, 0);
}

struct usl scaling_usl_free(const double *workers, const double *speedup, long n)
{
    return usl_fit(workers, speedup, n, -INFINITY);
}

double scaling_usl_peak(double sigma, double kappa, double kappa_low)
{
    if (!(kappa_low > 0) || !(kappa > 0) || !(sigma >= 0) || !isfinite(kappa))
        return NAN;
    return sqrt(fmax(1, (1 - sigma) / kappa));
}

double scaling_claims(double chunks, double workers, double work, double claim)
{
    if (!(chunks >= 1 && workers >= 1 && work >= 0 && claim >= 0))
        return NAN;
    double rounds = ceil(chunks / workers), last = chunks - (rounds - 1) * workers;
    return (rounds - 1) * fmax(work + claim, workers * claim) + last * claim + work;
}
