/* SPDX-License-Identifier: MIT
 *
 * fit and scaling: noiseless models come back exactly; values computed apart from them; what does
 * not depend on unit or order does not; what cannot be known is NAN.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "../core/fit.h"
#include "../core/scaling.h"
#include "../core/stats.h"
#include "noise.h"

static int near(double a, double b, double tolerance)
{
    return fabs(a - b) <= tolerance * fmax(1, fabs(b));
}

#define NEAR(a, b)  assert_true(near(a, b, 1e-12))
#define CLOSE(a, b) assert_true(near(a, b, 1e-9))

/* Lines ------------------------------------------------------------------------------------ */

/* The ranks by counting the disorder of every permutation (the last, by multiplying out whole
 * polynomials): what sorted slope does the interval begin with? */
static void slope_ranks(void **state)
{
    static const struct {
        double x[8];
        long n, rank;
    } known[] = {
        { { 1, 2, 3, 4 }, 4, 0 },
        { { 1, 2, 3, 4, 5 }, 5, 1 },
        { { 1, 2, 3, 4, 5, 6, 7 }, 7, 4 },
        { { 1, 1, 2, 2, 3, 3 }, 6, 1 },
        { { 1, 1, 1, 2, 2, 2, 3, 3 }, 8, 3 },
        { { 8, 2, 16, 1, 2, 8, 4, 2 }, 8, 4 },
        { { 1, 1, 1, 2, 2, 2 }, 6, 0 },
        { { 1, 2, 1, 2, 1, 2, 1, 2 }, 8, 1 },
    };
    double y[8], slopes[28], scratch[64];
    (void)state;
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        const double *x = known[k].x;
        long n = known[k].n, pairs = 0, rank = known[k].rank;
        for (long i = 0; i < n; i++)
            y[i] = sin((double)(7 * i + 1)); /* no two slopes are equal */
        for (long i = 0; i < n; i++)
            for (long j = 0; j < i; j++)
                if (x[i] != x[j])
                    slopes[pairs++] = (y[i] - y[j]) / (x[i] - x[j]);
        stats_sort(slopes, pairs);
        struct line line = fit_line(x, y, n, 0.05, scratch);
        assert_int_equal(line.has_interval, rank > 0);
        assert_true(rank ? line.low == slopes[rank - 1] && line.high == slopes[pairs - rank]
                         : isnan(line.low) && isnan(line.high));
    }
}

/* The same for more points, from exact whole-number counts: slopes are 1, 2, 3 ... as sorted. */
static void slope_ranks_of_many(void **state)
{
    static const struct {
        long n, group, rank;
        double alpha;
    } known[] = {
        { 20, 1, 65, 0.05 },   { 20, 1, 56, 0.01 },   { 50, 1, 496, 0.05 },
        { 40, 10, 219, 0.05 }, { 60, 30, 318, 0.05 }, { 60, 5, 672, 0.05 },
    };
    double x[60], y[60], slopes[1800], scratch[3600];
    (void)state;
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        long n = known[k].n, pairs = 0, rank = known[k].rank;
        uint64_t seed = 5;
        for (long i = 0; i < n; i++) {
            x[i] = (double)(i / known[k].group);
            y[i] = normal(&seed);
            for (long j = 0; j < i; j++)
                if (x[i] != x[j])
                    slopes[pairs++] = (y[i] - y[j]) / (x[i] - x[j]);
        }
        stats_sort(slopes, pairs);
        struct line line = fit_line(x, y, n, known[k].alpha, scratch);
        assert_true(line.low == slopes[rank - 1] && line.high == slopes[pairs - rank]);
    }
}

/* In exact fractions. */
static void lines(void **state)
{
    const double x[] = { 1, 2, 3, 4, 5 }, y[] = { 1.26, 1.27, 1.12, 1.16, 1.03 };
    const double ties[] = { 1, 2, 2, 2, 4, 8, 8, 16 };
    const double wild[] = { 3.1, 4.6, 5.2, 5.0, 9.4, 17.3, 30, 32.8 };
    double scratch[64];
    struct line line = fit_line(x, y, 5, 0.05, scratch);
    (void)state;
    NEAR(line.slope, -0.05625);
    NEAR(line.intercept, 1.31625);
    NEAR(line.low, -0.15);
    NEAR(line.high, 0.04);
    line = fit_line(ties, wild, 8, 0.05, scratch);
    NEAR(line.slope, 2.039285714285714);
    NEAR(line.intercept, 1.0232142857142856);
    NEAR(line.low, 1.9375);
    NEAR(line.high, 4.133333333333334);
}

static void lines_that_are_none(void **state)
{
    const double x[] = { 1, 2, 3 }, y[] = { 5, 7, 9 }, same[] = { 4, 4, 4 };
    const double gone[] = { 1, NAN, 3 }, endless[] = { 1, INFINITY, 3 };
    double scratch[9];
    (void)state;
    struct line line = fit_line(x, y, 3, 0.05, scratch);
    assert_true(line.slope == 2 && line.intercept == 3 && !line.has_interval);
    line = fit_line(x, same, 3, 0.05, scratch);
    assert_true(line.slope == 0 && line.intercept == 4);
    assert_true(fit_line(x, y, 2, 0.05, scratch).slope == 2);
    line = fit_line(x, y, 1, 0.05, scratch);
    assert_true(isnan(line.slope) && isnan(line.intercept) && isnan(line.low));
    assert_true(isnan(fit_line(x, y, 0, 0.05, scratch).slope));
    assert_true(isnan(fit_line(same, y, 3, 0.05, scratch).slope));
    assert_true(isnan(fit_line(gone, y, 3, 0.05, scratch).slope));
    assert_true(isnan(fit_line(x, endless, 3, 0.05, scratch).slope));
}

static void lines_in_other_units(void **state)
{
    uint64_t seed = 3;
    double x[11], y[11], u[11], v[11], scratch[121];
    (void)state;
    for (int i = 0; i < 11; i++) {
        x[i] = i * i;
        y[i] = 2 + 0.5 * x[i] + normal(&seed);
    }
    y[4] = 1e6; /* one of eleven may be anything */
    for (int i = 0; i < 11; i++) {
        u[i] = 1000 * x[(3 * i + 5) % 11];
        v[i] = -1e9 * y[(3 * i + 5) % 11];
    }
    struct line a = fit_line(x, y, 11, 0.05, scratch), b = fit_line(u, v, 11, 0.05, scratch);
    assert_true(a.slope > 0.4 && a.slope < 0.6 && a.low <= 0.5 && 0.5 <= a.high);
    CLOSE(b.slope / -1e6, a.slope);
    CLOSE(b.intercept / -1e9, a.intercept);
    CLOSE(b.low / -1e6, a.high);
    CLOSE(b.high / -1e6, a.low);
}

/* Efficiency ------------------------------------------------------------------------------- */

/* The other definition: max over starts up to I of the min over ends from I on of the mean. */
static double max_min(const double *y, const double *w, long n, long i)
{
    double max = -INFINITY;
    for (long a = 0; a <= i; a++) {
        double min = INFINITY, sum = 0, weight = 0;
        for (long b = a; b < n; b++) {
            sum += w[b] * y[b];
            weight += w[b];
            if (b >= i)
                min = fmin(min, sum / weight);
        }
        max = fmax(max, min);
    }
    return max;
}

static void isotonic_by_definition(void **state)
{
    double y[12], w[12], ones[12], fitted[12], scratch[24];
    uint64_t seed = 11;
    (void)state;
    for (int trial = 0; trial < 500; trial++) {
        long n = 1 + trial % 12;
        for (long i = 0; i < n; i++) {
            y[i] = trial % 3 ? normal(&seed) + 0.2 * (double)i : floor(4 * uniform(&seed));
            w[i] = 0.1 + uniform(&seed);
            ones[i] = 1;
        }
        assert_int_equal(fit_isotonic(y, w, n, fitted, scratch), 1);
        for (long i = 0; i < n; i++)
            NEAR(fitted[i], max_min(y, w, n, i));
        assert_int_equal(fit_isotonic(y, NULL, n, fitted, scratch), 1);
        for (long i = 0; i < n; i++)
            NEAR(fitted[i], max_min(y, ones, n, i));
        assert_int_equal(fit_isotonic(y, NULL, n, y, scratch), 1); /* in place */
        assert_memory_equal(y, fitted, (size_t)n * sizeof *y);
    }
}

static void isotonic_refuses(void **state)
{
    const double y[] = { 2, NAN }, w[] = { 1, 0 }, fine[] = { 2, 1 };
    double fitted[] = { 7, 7 }, scratch[4];
    (void)state;
    assert_int_equal(fit_isotonic(y, NULL, 2, fitted, scratch), 0);
    assert_int_equal(fit_isotonic(fine, w, 2, fitted, scratch), 0);
    assert_true(fitted[0] == 7 && fitted[1] == 7);
    assert_int_equal(fit_isotonic(fine, NULL, 0, fitted, scratch), 1);
    assert_int_equal(fit_isotonic(fine, NULL, 2, fitted, scratch), 1);
    assert_true(fitted[0] == 1.5 && fitted[1] == 1.5);
}

/* Constant overhead O: METG(e) = O / (1 - e), wherever the points lie. */
static void metg_of_constant_overhead(void **state)
{
    const double overhead = 730;
    double g[9], e[9], scratch[27];
    (void)state;
    for (int i = 0; i < 9; i++) {
        double work = 50 * pow(3.1, i);
        g[i] = work + overhead;
        e[i] = work / g[i];
    }
    double metg50 = fit_metg(g, e, 9, 0.5, scratch).granularity;
    double metg90 = fit_metg(g, e, 9, 0.9, scratch).granularity;
    CLOSE(metg50, 2 * overhead);
    CLOSE(metg90, 10 * overhead);
    CLOSE(fit_metg(g, e, 9, 0.95, scratch).granularity, 20 * overhead);
    CLOSE(fit_metg_spread(metg90, metg50), 5);
    struct metg never = fit_metg(g, e, 9, 0.999, scratch);
    assert_true(never.granularity == INFINITY && never.max_efficiency == e[8]);
    assert_true(fit_metg(g, e, 9, 0.05, scratch).granularity == -INFINITY);
    assert_true(fit_metg(g, e, 9, e[0], scratch).granularity == -INFINITY);
    NEAR(fit_metg(g, e, 9, e[3], scratch).granularity, g[3]);
    NEAR(fit_metg(g, e, 9, e[8], scratch).granularity, g[8]);
    assert_true(isnan(fit_metg_spread(INFINITY, metg50)));
    assert_true(isnan(fit_metg_spread(metg90, -INFINITY)));
}

static void metg_by_hand(void **state)
{
    /* the fit is .2 .5 .5 .9 .9; 0.7 is halfway between 1/40 and 1/80 */
    const double g[] = { 10, 20, 40, 80, 160 }, e[] = { 0.2, 0.6, 0.4, 0.95, 0.85 };
    const double turned[] = { 10, 9.9, 40, 80, 160 }, gone[] = { 0.2, NAN, 0.4, 0.9, 0.9 };
    const double none[] = { 10, 0, 40, 80, 160 };
    double scratch[15];
    (void)state;
    struct metg m = fit_metg(g, e, 5, 0.7, scratch);
    NEAR(m.granularity, 160. / 3);
    NEAR(m.max_efficiency, 0.9);
    NEAR(fit_metg(g, e, 5, 0.5, scratch).granularity, 20); /* where it is reached first */
    assert_true(fit_metg(g, e, 5, 0.91, scratch).granularity == INFINITY);
    NEAR(fit_metg(turned, e, 5, 0.7, scratch).granularity, 160. / 3);
    assert_true(fit_metg(g, e, 1, 0.1, scratch).granularity == -INFINITY);
    assert_true(fit_metg(g, e, 1, 0.3, scratch).granularity == INFINITY);
    assert_true(isnan(fit_metg(g, e, 0, 0.5, scratch).granularity));
    assert_true(isnan(fit_metg(g, gone, 5, 0.5, scratch).granularity));
    assert_true(isnan(fit_metg(none, e, 5, 0.5, scratch).max_efficiency));
    assert_true(isnan(fit_metg(g, e, 5, NAN, scratch).granularity));
}

/* Costs ------------------------------------------------------------------------------------ */

enum { WORKERS = 4 };

static struct load load_of(double tasks, double chunk, double task, const struct overheads *o)
{
    double chunks = ceil(tasks / chunk);
    double wall = o->fix + (tasks * (task + o->item) + chunks * o->chunk) / WORKERS;
    return (struct load){ tasks, chunk, wall, task };
}

static void overheads_come_back(void **state)
{
    const struct overheads o = { .fix = 9000, .chunk = 250, .item = 12 };
    const double tasks[] = { 1000, 5000, 20000 }, chunk[] = { 1, 7, 64 };
    struct load cells[9];
    double scratch[81];
    (void)state;
    for (int i = 0; i < 9; i++)
        cells[i] = load_of(tasks[i / 3], chunk[i % 3], i % 2 ? 100 : 1000, &o);
    struct overheads f = fit_overheads(cells, 9, WORKERS, scratch);
    CLOSE(f.fix, 9000);
    CLOSE(f.chunk, 250);
    CLOSE(f.item, 12);
    CLOSE(f.rest, 12);

    /* a cross: one ladder of each, and one cell of it far off */
    const double cross[][2] = { { 64, 16000 }, { 64, 4000 }, { 64, 1000 },  { 64, 250 },
                                { 1, 16000 },  { 4, 16000 }, { 16, 16000 }, { 256, 16000 } };
    struct load ladder[8];
    for (int i = 0; i < 8; i++)
        ladder[i] = load_of(cross[i][1], cross[i][0], 500, &o);
    ladder[6].wall *= 1.5;
    f = fit_overheads(ladder, 8, WORKERS, scratch);
    CLOSE(f.fix, 9000);
    CLOSE(f.chunk, 250);
    CLOSE(f.item, 12);
    for (int i = 0; i < 8; i++) {
        ladder[i].wall *= 1e-9;
        ladder[i].task *= 1e-9;
    }
    f = fit_overheads(ladder, 8, WORKERS, scratch);
    CLOSE(f.fix * 1e9, 9000);
    CLOSE(f.chunk * 1e9, 250);
    CLOSE(f.item * 1e9, 12);
}

/* What one cell shows above its work, per task. */
static struct load showing(double tasks, double chunk, double u)
{
    return (struct load){ tasks, chunk, (100 + u) * tasks / WORKERS, 100 };
}

static void overheads_by_hand(void **state)
{
    /* slopes and weights: -4 .25, 5.33 .75, 9.14 .4375, 9.6 .9375, 10 .5, 26.7 .1875 */
    const struct load four[] = { showing(16, 1, 10), showing(16, 2, 5), showing(16, 4, 6),
                                 showing(16, 16, 1) };
    /* slopes 4 and 10 of one weight */
    const struct load two[] = { showing(16, 1, 7), showing(16, 2, 5), showing(32, 1, 9),
                                showing(32, 2, 4) };
    const struct overheads o = { .fix = 9000, .chunk = 250, .item = 12 };
    const struct load apart[] = { load_of(16000, 1, 100, &o), load_of(16000, 4, 100, &o),
                                  load_of(4000, 16, 100, &o), load_of(1000, 64, 100, &o) };
    double scratch[16];
    (void)state;
    NEAR(fit_overheads(four, 4, WORKERS, scratch).chunk, 9.6);
    NEAR(fit_overheads(two, 4, WORKERS, scratch).chunk, 7);
    struct overheads f = fit_overheads(apart, 4, WORKERS, scratch);
    CLOSE(f.chunk, 250);
    CLOSE(f.fix, 9000); /* no two that differ in tasks have the same chunk */
}

static void overheads_that_cannot_be_known(void **state)
{
    const struct overheads o = { .fix = 9000, .chunk = 250, .item = 12 };
    struct load cells[4];
    double scratch[16];
    (void)state;
    for (int i = 0; i < 4; i++) /* chunk varies, tasks don't */
        cells[i] = load_of(16000, 1 << i, 100, &o);
    struct overheads f = fit_overheads(cells, 4, WORKERS, scratch);
    CLOSE(f.chunk, 250);
    assert_true(isnan(f.fix) && isnan(f.item));
    CLOSE(f.rest, 12 + 9000. * WORKERS / 16000);

    for (int i = 0; i < 4; i++) /* tasks vary, chunk doesn't */
        cells[i] = load_of(1024 << i, 16, 100, &o);
    f = fit_overheads(cells, 4, WORKERS, scratch);
    CLOSE(f.fix, 9000);
    assert_true(isnan(f.chunk) && isnan(f.item));
    CLOSE(f.rest, 12 + 250. / 16);

    for (int i = 0; i < 4; i++) /* always the same number of chunks: what a chunk or a job costs? */
        cells[i] = load_of(1024 << i, 16 << i, 100, &o);
    f = fit_overheads(cells, 4, WORKERS, scratch);
    assert_true(isnan(f.fix) && isnan(f.chunk) && isnan(f.item) && !isnan(f.rest));

    f = fit_overheads(cells, 1, WORKERS, scratch);
    assert_true(isnan(f.fix) && isnan(f.chunk) && isnan(f.item) && !isnan(f.rest));
    assert_true(isnan(fit_overheads(cells, 0, WORKERS, scratch).rest));
    assert_true(isnan(fit_overheads(cells, 4, 0, scratch).rest));
    cells[2].wall = NAN;
    assert_true(isnan(fit_overheads(cells, 4, WORKERS, scratch).rest));
    cells[2].wall = 1;
    cells[2].chunk = 0;
    assert_true(isnan(fit_overheads(cells, 4, WORKERS, scratch).rest));
}

static void best_chunk(void **state)
{
    (void)state;
    NEAR(fit_best_chunk(10000, 4, 100, 10), sqrt(25000));
    assert_true(fit_best_chunk(10000, 4, 0, 10) == 1);
    assert_true(fit_best_chunk(100, 1, 1e9, 1) == 100);
    assert_true(isnan(fit_best_chunk(100, 1, 5, 0)) && isnan(fit_best_chunk(0, 1, 5, 1)));
    assert_true(isnan(fit_best_chunk(100, 1, NAN, 1)) && isnan(fit_best_chunk(100, 0, 1, 1)));
    /* it is the least of the cost that it is derived from */
    double c = fit_best_chunk(10000, 4, 100, 10), cost = 10000 / c * 100 / 4 + c * 10;
    assert_true(10000 / (c * 1.1) * 100 / 4 + c * 1.1 * 10 > cost);
    assert_true(10000 / (c * 0.9) * 100 / 4 + c * 0.9 * 10 > cost);
}

/* divmod(tasks, workers * 4), one more if there is a remainder. */
static void cpython_chunk(void **state)
{
    (void)state;
    assert_int_equal(fit_cpython_chunk(1000, 4), 63);
    assert_int_equal(fit_cpython_chunk(1008, 4), 63);
    assert_int_equal(fit_cpython_chunk(1009, 4), 64);
    assert_int_equal(fit_cpython_chunk(3, 2), 1);
    assert_int_equal(fit_cpython_chunk(0, 2), 0);
}

static void chunk_regret(void **state)
{
    const double chunks[] = { 1, 4, 16, 64 }, times[] = { 200, 120, 100, 150 };
    const double gone[] = { 200, 120, NAN, 150 }, turned[] = { 1, 16, 4, 64 };
    (void)state;
    NEAR(fit_chunk_regret(chunks, times, 4, 16), 0);
    NEAR(fit_chunk_regret(chunks, times, 4, 1), 1);
    NEAR(fit_chunk_regret(chunks, times, 4, 2), 0.6);
    NEAR(fit_chunk_regret(chunks, times, 4, 64), 0.5);
    NEAR(fit_chunk_regret(chunks, times, 4, 32), 0.25);
    assert_true(isnan(fit_chunk_regret(chunks, times, 4, 0.5)));
    assert_true(isnan(fit_chunk_regret(chunks, times, 4, 65)));
    assert_true(isnan(fit_chunk_regret(chunks, times, 4, NAN)));
    assert_true(isnan(fit_chunk_regret(chunks, gone, 4, 4)));
    assert_true(isnan(fit_chunk_regret(turned, times, 4, 4)));
    assert_true(isnan(fit_chunk_regret(chunks, times, 0, 4)));
    NEAR(fit_chunk_regret(chunks, times, 1, 1), 0);
}

/* Scaling ---------------------------------------------------------------------------------- */

static const double counts[] = { 1, 2, 4, 8, 12, 16, 32, 64 };

static void law(double sigma, double kappa, double *speedup)
{
    for (int i = 0; i < 8; i++) {
        double p = counts[i];
        speedup[i] = p / (1 + sigma * (p - 1) + kappa * p * (p - 1));
    }
}

static void amdahl(void **state)
{
    static const double fractions[] = { 0, 1e-7, 1e-4, 0.01, 0.1, 0.5, 0.97, 1 };
    const double more[] = { 1, 2.2, 4.5, 9, 13, 17, 35, 70 };
    const double less[] = { 1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3 };
    const double gone[] = { 1, NAN }, two[] = { 1, 1 }, ones[] = { 1, 1 };
    double x[8];
    (void)state;
    for (int i = 0; i < 8; i++) {
        law(fractions[i], 0, x); /* Amdahl's law is USL without kappa */
        CLOSE(scaling_amdahl(counts, x, 8), fractions[i]);
    }
    assert_true(scaling_amdahl(counts, more, 8) == 0);
    assert_true(scaling_amdahl(counts, less, 8) == 1);
    assert_true(isnan(scaling_amdahl(counts, gone, 2)));
    assert_true(isnan(scaling_amdahl(ones, two, 2)));
    assert_true(isnan(scaling_amdahl(counts, x, 0)));
    CLOSE(scaling_amdahl(counts + 3, (const double[]){ 8 / (1 + 0.2 * 7) }, 1), 0.2);
}

/* ---- claims of one counter: the formula against workers that are played out ------------------ */

enum { MOST_WORKERS = 128 };

/* A number in (0, 1), the same in every run of this test. */
static double any_number(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return ((double)(*seed >> 40) + 0.5) / (double)(1 << 24);
}

/* CHUNKS chunks by WORKERS workers, event by event: the worker who is free first asks next, and
 * waits until the counter has served those before.  Work is WORK on average: exactly, or (UNEVEN)
 * exponential. */
static double play(long chunks, int workers, double work, double claim, int uneven, uint64_t seed)
{
    double free_at[MOST_WORKERS] = { 0 }, counter_free = 0, end = 0;
    for (long i = 0; i < chunks; i++) {
        int next = 0;
        for (int w = 1; w < workers; w++)
            if (free_at[w] < free_at[next])
                next = w;
        counter_free = fmax(counter_free, free_at[next]) + claim;
        free_at[next] = counter_free + (uneven ? -log(any_number(&seed)) : 1) * work;
        end = fmax(end, free_at[next]);
    }
    return end;
}

static void claims_of_even_chunks(void **state)
{
    static const double works[] = { 0, 1, 3.5, 40, 1000 }, claims[] = { 0, 0.25, 1, 7 };
    static const int teams[] = { 1, 2, 3, 8, 41, 128 };
    static const long jobs[] = { 1, 2, 7, 128, 1000, 1003 };
    (void)state;
    for (int k = 0; k < 5 * 4 * 6 * 6; k++) {
        double work = works[k % 5], claim = claims[k / 5 % 4];
        int workers = teams[k / 20 % 6];
        long chunks = jobs[k / 120];
        double formula = scaling_claims((double)chunks, workers, work, claim);
        double played = play(chunks, workers, work, claim, 0, 0);
        if (!(fabs(formula - played) <= 1e-9 * played))
            fail_msg("%ld chunks of %g by %d, claims of %g: %.9g, played %.9g", chunks, work,
                     workers, claim, formula, played);
    }
}

/* Chunks that differ: never faster than the counter, nor than all workers at work; well below the
 * knee, and well above it, as the formula has it. */
static void claims_of_uneven_chunks(void **state)
{
    const double work = 100, claim = 5; /* 21 workers */
    const long chunks = 20000;
    (void)state;
    for (int workers = 1; workers <= MOST_WORKERS; workers *= 2) {
        double formula = scaling_claims(chunks, workers, work, claim);
        double played = play(chunks, workers, work, claim, 1, 4711);
        assert_true(played >= chunks * claim);
        assert_true(played >= 0.97 * chunks * (work + claim) / workers);
        assert_true(played >= 0.97 * formula);
        if (workers <= 4 || workers >= 64)
            assert_true(fabs(played / formula - 1) < 0.1);
        assert_true(played / formula < 1.5);
    }
}

static void claims_refuse(void **state)
{
    (void)state;
    assert_true(isnan(scaling_claims(0, 1, 1, 1)));
    assert_true(isnan(scaling_claims(1, 0, 1, 1)));
    assert_true(isnan(scaling_claims(1, 1, -1, 1)));
    assert_true(isnan(scaling_claims(1, 1, 1, -1)));
    assert_true(isnan(scaling_claims(NAN, 1, 1, 1)));
    assert_true(isnan(scaling_claims(1, 1, NAN, 1)));
}

static void karp_flatt(void **state)
{
    (void)state;
    NEAR(scaling_karp_flatt(8, 8), 0);
    NEAR(scaling_karp_flatt(8, 1), 1);
    NEAR(scaling_karp_flatt(4, 1 / (0.1 + 0.9 / 4)), 0.1);
    assert_true(scaling_karp_flatt(4, 5) < 0);
    assert_true(isnan(scaling_karp_flatt(1, 1)) && isnan(scaling_karp_flatt(4, 0)));
    assert_true(isnan(scaling_karp_flatt(NAN, 1)) && isnan(scaling_karp_flatt(4, INFINITY)));
}

static void usl_comes_back(void **state)
{
    static const double sigmas[] = { 0, 0.001, 0.05, 0.4, 0.9 }, kappas[] = { 0, 1e-6, 1e-3, 0.05 };
    double x[8];
    (void)state;
    for (int i = 0; i < 20; i++) {
        double sigma = sigmas[i / 4], kappa = kappas[i % 4];
        law(sigma, kappa, x);
        struct usl u = scaling_usl(counts, x, 8), v = scaling_usl_free(counts, x, 8);
        CLOSE(u.sigma, sigma);
        CLOSE(u.kappa, kappa);
        CLOSE(v.sigma, sigma);
        CLOSE(v.kappa, kappa);
    }
    law(0.2, -0.002, x);
    struct usl v = scaling_usl_free(counts, x, 8);
    CLOSE(v.sigma, 0.2);
    CLOSE(v.kappa, -0.002);
    assert_true(scaling_usl(counts, x, 8).kappa == 0);
}

static double usl_misfit(const double *x, double sigma, double kappa)
{
    double sum = 0;
    for (int i = 0; i < 8; i++) {
        double p = counts[i], e = log(x[i] / p) + log(1 + sigma * (p - 1) + kappa * p * (p - 1));
        sum += e * e;
    }
    return sum;
}

/* Of noisy speed-ups, many with a fit on the border: no place near by or far off fits better. */
static void usl_is_the_least(void **state)
{
    static const double far[][2] = { { 0, 0 }, { 0.01, 0 }, { 0, 1e-3 }, { 0.1, 1e-3 }, { 1, 1 } };
    uint64_t seed = 8;
    double x[8];
    (void)state;
    for (int trial = 0; trial < 300; trial++) {
        law(trial % 3 * 0.01, trial % 2 * 1e-4, x);
        for (int i = 0; i < 8; i++)
            x[i] *= exp(0.1 * normal(&seed));
        struct usl u = scaling_usl(counts, x, 8), v = scaling_usl_free(counts, x, 8);
        double bounded = usl_misfit(x, u.sigma, u.kappa), least = usl_misfit(x, v.sigma, v.kappa);
        assert_true(u.sigma >= 0 && u.kappa >= 0 && least <= bounded * (1 + 1e-12));
        for (int step = 1; step < 9; step++) {
            double ds = (step % 3 - 1) * 1e-4, dk = (step / 3 - 1) * 1e-6;
            double near_by = usl_misfit(x, fmax(0, u.sigma + ds), fmax(0, u.kappa + dk));
            assert_true(near_by >= bounded * (1 - 1e-12));
            assert_true(usl_misfit(x, v.sigma + ds, v.kappa + dk) >= least * (1 - 1e-12));
        }
        for (int i = 0; i < 5; i++)
            assert_true(usl_misfit(x, far[i][0], far[i][1]) >= bounded * (1 - 1e-12));
    }
}

/* Throughputs of a ray tracer, as in Gunther (2007); the least squares on ln X and Amdahl's by
 * pattern search and golden section over the misfit.  The bounds as found by the same search. */
static void measured_scaling(void **state)
{
    const double p[] = { 1, 4, 8, 12, 16, 20, 24, 28, 32, 48, 64 };
    double x[] = { 20, 78, 130, 170, 190, 200, 210, 230, 260, 280, 310 };
    (void)state;
    for (int i = 10; i >= 0; i--)
        x[i] /= x[0];
    struct usl u = scaling_usl(p, x, 11);
    assert_true(fabs(u.sigma - 0.04575956) < 1e-7 && fabs(u.kappa - 0.000100788486) < 1e-9);
    assert_true(fabs(scaling_amdahl(p, x, 11) - 0.04940981) < 1e-7);
    NEAR(scaling_usl_peak(u.sigma, u.kappa, 1e-9), sqrt((1 - u.sigma) / u.kappa));
}

static void usl_refuses(void **state)
{
    const double five[] = { 1, 2, 2, 4, 8, 16 };
    double x[8];
    (void)state;
    law(0.1, 0.001, x);
    assert_true(isnan(scaling_usl(counts, x, 5).sigma));
    assert_false(isnan(scaling_usl(counts, x, 6).sigma));
    assert_true(isnan(scaling_usl(five, x, 6).kappa));
    assert_true(isnan(scaling_usl(counts, x, 0).kappa));
    x[2] = 0;
    assert_true(isnan(scaling_usl(counts, x, 8).kappa));
    assert_true(isnan(scaling_usl_free(counts, x, 8).kappa));
    assert_true(isnan(scaling_usl_peak(0.1, 0.01, 0)) && isnan(scaling_usl_peak(0.1, 0.01, -1)));
    assert_true(isnan(scaling_usl_peak(0.1, 0.01, NAN)) && isnan(scaling_usl_peak(NAN, 0.01, 1)));
    NEAR(scaling_usl_peak(0.19, 0.01, 0.005), 9);
    assert_true(scaling_usl_peak(1.5, 0.01, 0.005) == 1);
}

static void chunk_span(void **state)
{
    const double chunks[] = { 1, 4, 16, 64, 256 };
    const double hollow[] = { 1.01, 1.5, 1.0, 1.02, 1.03 }; /* good, bad, good, good, bad */
    const double twins[] = { 1.0, 2.0, 1.0, 2.0, 1.0 };
    (void)state;
    struct chunk_span s = fit_chunk_span(chunks, hollow, 5, 1.02);
    assert_true(s.low == 16 && s.high == 64 && s.recommended == 32);
    assert_true(s.first == 2 && s.count == 2);
    s = fit_chunk_span(chunks, hollow, 5, 2);
    assert_true(s.low == 1 && s.high == 256 && s.recommended == 16);
    s = fit_chunk_span(chunks, twins, 5, 1.02); /* the first of three alike */
    assert_true(s.low == 1 && s.high == 1 && s.count == 1);
    const double odd[] = { 3 };
    s = fit_chunk_span(odd, twins, 1, 1.02); /* no power of two lies inside */
    assert_true(s.recommended == 3);
    s = fit_chunk_span(chunks, twins, 0, 1.02);
    assert_true(s.low == 0 && s.recommended == 0 && s.count == 0);
}

static void weighted_medians(void **state)
{
    double pairs[] = { 5, 1, 1, 1, 3, 1 }, heavy[] = { 5, 10, 1, 1, 3, 1 };
    double even[] = { 4, 1, 2, 1 };
    (void)state;
    NEAR(fit_weighted_median(pairs, 3), 3);
    NEAR(fit_weighted_median(heavy, 3), 5);
    NEAR(fit_weighted_median(even, 2), 3);
    assert_true(isnan(fit_weighted_median(even, 0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slope_ranks),
        cmocka_unit_test(slope_ranks_of_many),
        cmocka_unit_test(lines),
        cmocka_unit_test(lines_that_are_none),
        cmocka_unit_test(lines_in_other_units),
        cmocka_unit_test(isotonic_by_definition),
        cmocka_unit_test(isotonic_refuses),
        cmocka_unit_test(metg_of_constant_overhead),
        cmocka_unit_test(metg_by_hand),
        cmocka_unit_test(overheads_come_back),
        cmocka_unit_test(overheads_by_hand),
        cmocka_unit_test(overheads_that_cannot_be_known),
        cmocka_unit_test(best_chunk),
        cmocka_unit_test(cpython_chunk),
        cmocka_unit_test(chunk_regret),
        cmocka_unit_test(chunk_span),
        cmocka_unit_test(weighted_medians),
        cmocka_unit_test(amdahl),
        cmocka_unit_test(claims_of_even_chunks),
        cmocka_unit_test(claims_of_uneven_chunks),
        cmocka_unit_test(claims_refuse),
        cmocka_unit_test(karp_flatt),
        cmocka_unit_test(usl_comes_back),
        cmocka_unit_test(usl_is_the_least),
        cmocka_unit_test(measured_scaling),
        cmocka_unit_test(usl_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
