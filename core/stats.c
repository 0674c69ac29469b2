/* SPDX-License-Identifier: MIT */
#include "stats.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

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
