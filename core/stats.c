/* SPDX-License-Identifier: MIT */
#include "stats.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

void stats_sort(double *values, long n)
{
    if (n > 1)
        qsort(values, (size_t)n, sizeof *values, ascending);
}

double stats_quantile(const double *sorted, long n, double q)
{
    if (n < 1)
        return NAN;
    double at = (double)(n - 1) * q;
    long below = (long)at;
    if (below >= n - 1)
        return sorted[n - 1];
    return sorted[below] + (at - (double)below) * (sorted[below + 1] - sorted[below]);
}

double stats_median(const double *sorted, long n)
{
    return stats_quantile(sorted, n, 0.5);
}

double stats_mad(const double *sorted, long n, double *scratch)
{
    double median = stats_median(sorted, n);
    for (long i = 0; i < n; i++)
        scratch[i] = fabs(sorted[i] - median);
    stats_sort(scratch, n);
    return stats_median(scratch, n);
}

/* The terms C(n,k) 2^-n for k = 0, 1, ...: each follows from the one before.  The exponent is kept
 * apart, for 2^-n is no double from n = 1075 on. */
struct term {
    long n, k;
    double mantissa;
    int exponent;
};

static struct term first_term(long n)
{
    return (struct term){ .n = n, .mantissa = 1, .exponent = (int)-n };
}

static double term_value(const struct term *t)
{
    return ldexp(t->mantissa, t->exponent);
}

static void next_term(struct term *t)
{
    int shift;
    double product = t->mantissa * (double)(t->n - t->k) / (double)(t->k + 1);
    t->mantissa = frexp(product, &shift);
    t->exponent += shift;
    t->k++;
}

double stats_binomial_below(long n, long rank)
{
    double sum = 0;
    struct term t = first_term(n);
    for (; t.k < rank && t.k <= n; next_term(&t))
        sum += term_value(&t);
    return sum;
}

long stats_interval_rank(long n, double alpha)
{
    double sum = 0;
    struct term t = first_term(n);
    for (; 2 * t.k < n; next_term(&t)) {
        sum += term_value(&t);
        if (sum > alpha / 2)
            break;
    }
    return t.k;
}

double stats_coverage(long n, long rank)
{
    return 1 - 2 * stats_binomial_below(n, rank);
}

int stats_median_interval(const double *sorted, long n, double alpha, double *low, double *high)
{
    long rank = stats_interval_rank(n, alpha);
    if (rank < 1)
        return 0;
    *low = sorted[rank - 1];
    *high = sorted[n - rank];
    return 1;
}

double stats_sign_test(const double *differences, long n)
{
    long above = 0, below = 0;
    for (long i = 0; i < n; i++) {
        above += differences[i] > 0;
        below += differences[i] < 0;
    }
    long rarer = above < below ? above : below;
    return fmin(1, 2 * stats_binomial_below(above + below, rarer + 1));
}

struct ratio stats_paired_ratio(const double *a, const double *b, long n, double alpha,
                                double *scratch)
{
    struct ratio r = { .low = NAN, .high = NAN };
    for (long i = 0; i < n; i++)
        scratch[i] = log(b[i] / a[i]);
    stats_sort(scratch, n);
    r.center = exp(stats_median(scratch, n));
    r.p_sign = stats_sign_test(scratch, n);
    r.has_interval = stats_median_interval(scratch, n, alpha, &r.low, &r.high);
    r.low = exp(r.low);
    r.high = exp(r.high);
    return r;
}

enum verdict stats_verdict(double low, double high, double margin)
{
    double above = 1 + margin, below = 1 / above;
    if (low > above)
        return VERDICT_SLOWER;
    if (high < below)
        return VERDICT_FASTER;
    if (low >= below && high <= above)
        return VERDICT_SAME;
    return VERDICT_UNCLEAR;
}

const char *stats_verdict_name(enum verdict v)
{
    switch (v) {
    case VERDICT_FASTER:
        return "faster";
    case VERDICT_SLOWER:
        return "slower";
    case VERDICT_SAME:
        return "same";
    case VERDICT_UNCLEAR:
        break;
    }
    return "unclear";
}

long stats_blocks_needed(long blocks, double half_width, double wanted)
{
    double factor = half_width / wanted;
    double needed = ceil((double)blocks * factor * factor);
    if (!(wanted > 0) || !(needed < (double)LONG_MAX))
        return LONG_MAX;
    return (long)needed;
}

long stats_blocks_to_settle(const struct ratio *r, long blocks, double margin)
{
    double half_width = fmax(log(r->high / r->center), log(r->center / r->low));
    double distance = fabs(fabs(log(r->center)) - log(1 + margin));
    long needed = stats_blocks_needed(blocks, half_width, distance);
    return needed > blocks ? needed : blocks + 1;
}

/* Halfway between two neighbours of the order, which may be infinite. */
static double halfway(double a, double b)
{
    return a == b ? a : a + (b - a) / 2;
}

struct center stats_center(double *values, long n, double alpha)
{
    struct center c = { .mid = NAN, .low = NAN, .high = NAN };
    for (long i = 0; i < n; i++)
        if (!isnan(values[i]))
            values[c.n++] = values[i];
    stats_sort(values, c.n);
    if (c.n)
        c.mid = halfway(values[(c.n - 1) / 2], values[c.n / 2]);
    c.has_interval = stats_median_interval(values, c.n, alpha, &c.low, &c.high);
    return c;
}

/* Many comparisons ------------------------------------------------------------------------- */

void stats_adjust_p(double *p, long n, double *scratch)
{
    double *sorted = scratch, *adjusted = scratch + n, least = 1;
    long tests = 0;
    for (long i = 0; i < n; i++)
        if (!isnan(p[i]))
            sorted[tests++] = p[i];
    stats_sort(sorted, tests);
    for (long k = tests; k > 0; k--) {
        least = fmin(least, sorted[k - 1] * (double)tests / (double)k);
        adjusted[k - 1] = least;
    }
    for (long i = 0; i < n; i++) {
        if (isnan(p[i]))
            continue;
        long low = 0, high = tests - 1; /* equal ones have the same answer at any of their ranks */
        while (low < high) {
            long middle = low + (high - low) / 2;
            if (sorted[middle] < p[i])
                low = middle + 1;
            else
                high = middle;
        }
        p[i] = adjusted[low];
    }
}

double stats_noise_floor(const double *log_ratios, long n, double *scratch)
{
    if (n < 1)
        return NAN;
    for (long i = 0; i < n; i++)
        scratch[i] = fabs(log_ratios[i]);
    stats_sort(scratch, n);
    return expm1(scratch[(95 * n + 99) / 100 - 1]);
}

double stats_margin(double least, double noise)
{
    return fmax(least, 2 * noise);
}

/* Two runs --------------------------------------------------------------------------------- */

/* 0 would be divided by. */
static double not_zero(double x)
{
    return fabs(x) < 1e-300 ? 1e-300 : x;
}

/* The continued fraction of the incomplete beta function; fast for x < (a + 1) / (a + b + 2). */
static double beta_fraction(double a, double b, double x)
{
    double c = 1, d = 1 / not_zero(1 - (a + b) * x / (a + 1)), product = d;
    for (int m = 1; m < 100000; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / not_zero(1 + even * d);
        c = not_zero(1 + even / c);
        product *= d * c;
        d = 1 / not_zero(1 + odd * d);
        c = not_zero(1 + odd / c);
        product *= d * c;
        if (fabs(d * c - 1) < 1e-15)
            break;
    }
    return product;
}

/* The regularized incomplete beta function I_x(a, b), x + y = 1; both are given, since either may
 * be too small to be told from 1 minus the other. */
static double beta_below(double a, double b, double x, double y)
{
    double front;
    if (x <= 0 || y <= 0) /* y is NAN if t is infinite; then x is 0 */
        return x > 0;
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(y));
    if (x < (a + 1) / (a + b + 2))
        return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, y) / b;
}

/* P(T > t), t >= 0. */
static double t_above(double t, double df)
{
    double square = t * t;
    return beta_below(df / 2, 0.5, df / (df + square), square / (df + square)) / 2;
}

double stats_t_below(double t, double df)
{
    if (isnan(t) || !(df > 0) || isinf(df))
        return NAN;
    return t > 0 ? 1 - t_above(t, df) : t_above(-t, df);
}

double stats_t_quantile(double p, double df)
{
    double above = p < 0.5 ? p : 1 - p, low = 0, high = 1;
    if (!(p > 0 && p < 1 && df > 0) || isinf(df))
        return NAN;
    while (t_above(high, df) > above && high < 1e300)
        high *= 2;
    for (;;) {
        double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high)
            break;
        if (t_above(middle, df) > above)
            low = middle;
        else
            high = middle;
    }
    return p < 0.5 ? -high : p > 0.5 ? high : 0;
}

static double mean_of(const double *values, long n)
{
    double sum = 0;
    for (long i = 0; i < n; i++)
        sum += values[i];
    return sum / (double)n;
}

static double squares_about(const double *values, long n, double center)
{
    double sum = 0;
    for (long i = 0; i < n; i++)
        sum += (values[i] - center) * (values[i] - center);
    return sum;
}

/* The square of the standard error of the mean of N >= 2 values. */
static double squared_error(const double *values, long n)
{
    return squares_about(values, n, mean_of(values, n)) / (double)(n - 1) / (double)n;
}

struct difference stats_welch(const double *a, long na, const double *b, long nb, double alpha)
{
    struct difference d = { .center = NAN, .low = NAN, .high = NAN, .df = NAN };
    if (na < 1 || nb < 1)
        return d;
    d.center = mean_of(b, nb) - mean_of(a, na);
    if (na < 2 || nb < 2)
        return d;
    double va = squared_error(a, na), vb = squared_error(b, nb), v = va + vb;
    d.df = v > 0 ? v * v / (va * va / (double)(na - 1) + vb * vb / (double)(nb - 1))
                 : (double)(na + nb - 2);
    double half_width = stats_t_quantile(1 - alpha / 2, d.df) * sqrt(v);
    d.low = d.center - half_width;
    d.high = d.center + half_width;
    d.has_interval = 1;
    return d;
}

struct difference stats_independent(const double *a, long na, const double *b, long nb,
                                    double alpha)
{
    enum { FEWEST = 6 };
    struct difference d = stats_welch(a, na, b, nb, alpha);
    if (na >= FEWEST && nb >= FEWEST)
        return d;
    d.low = d.high = d.df = NAN;
    d.has_interval = 0;
    return d;
}

/* How long to go on ------------------------------------------------------------------------ */

double stats_half_width(const double *values, long n, double alpha, double *scratch)
{
    double low, high;
    for (long i = 0; i < n; i++)
        scratch[i] = values[i];
    stats_sort(scratch, n);
    return stats_median_interval(scratch, n, alpha, &low, &high) ? (high - low) / 2 : INFINITY;
}

int stats_enough(long blocks, double half_width, double wanted)
{
    enum { FIRST_LOOK = 6, STEP = 2 };
    return blocks >= FIRST_LOOK && (blocks - FIRST_LOOK) % STEP == 0 && half_width <= wanted;
}

/* How quiet it was ------------------------------------------------------------------------- */

double stats_quiet_reference(const double *values, long n, double *scratch)
{
    for (long i = 0; i < n; i++)
        scratch[i] = values[i];
    stats_sort(scratch, n);
    return stats_quantile(scratch, n, 0.05);
}

double stats_excess(const double *values, long n, double reference)
{
    double largest = n > 0 ? values[0] : NAN;
    for (long i = 1; i < n; i++)
        largest = fmax(largest, values[i]);
    return largest / reference - 1;
}
