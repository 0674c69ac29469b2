/* SPDX-License-Identifier: MIT
 *
 * stats: the statistics that a report stands on, as pure functions on arrays of double.  Nothing is
 * allocated and nothing is kept: an array is sorted in place, or the caller lends scratch room.
 * Values are finite; where N is 0 there is no answer, and a double is NAN.  Knows nothing of what
 * the numbers mean.  All functions run in: either.
 *
 * A value of the samples here is one block's median.  Blocks are the unit of replication: only they
 * may be counted as independent.
 */
#ifndef CORE_STATS_H
#define CORE_STATS_H

/* Sort ascending, in place. */
void stats_sort(double *values, long n);

/* The Q-quantile, 0 <= Q <= 1, by linear interpolation between order statistics at h = (n-1)Q + 1.
 * Source: Hyndman & Fan, Sample Quantiles in Statistical Packages (1996), type 7: the default of R
 * and NumPy.  SORTED is ascending. */
double stats_quantile(const double *sorted, long n, double q);

/* The middle value, or the mean of the two middle ones.  SORTED is ascending. */
double stats_median(const double *sorted, long n);

/* Median absolute deviation from the median, as it is (without the factor 1.4826 that would make it
 * estimate a normal's deviation).  SORTED is ascending; SCRATCH has room for N values. */
double stats_mad(const double *sorted, long n, double *scratch);

/* P(X < rank) for X binomial(n, 1/2): the sum over k < RANK of C(n,k) 2^-n.  Exact to rounding; no
 * overflow or underflow for any N that can be counted through. */
double stats_binomial_below(long n, long rank);

/* The rank l of the interval [x_(l), x_(n+1-l)] that covers the median with probability 1 - ALPHA
 * at least, whatever the distribution: the largest l with stats_binomial_below(n, l) <= ALPHA/2.
 * Returns l, or 0: there is no such interval (N < 6 at 95 %).  0 < ALPHA < 1.
 * Source: order statistics; Le Boudec, Performance Evaluation of Computer and Communication Systems
 * (2010), theorem 2.1. */
long stats_interval_rank(long n, double alpha);

/* What the interval of RANK really covers: 1 - 2 P(X < rank). */
double stats_coverage(long n, long rank);

/* That interval.  SORTED is ascending.  Returns 1 and sets LOW and HIGH, or 0: too few values. */
int stats_median_interval(const double *sorted, long n, double alpha, double *low, double *high);

/* Exact two-sided sign test that the median of DIFFERENCES is 0: min(1, 2 P(X <= the rarer sign's
 * count)), X binomial(n, 1/2); zeros are dropped, n is what remains.  Returns p; 1 if n is 0.
 * Source: Conover, Practical Nonparametric Statistics, 3.4. */
double stats_sign_test(const double *differences, long n);

/* How much longer B takes than A, block by block. */
struct ratio {
    double center;    /* exp(median of d), d_r = ln(b_r / a_r); NAN: no pairs */
    double low, high; /* its interval, exponentiated; meaningful if has_interval */
    int has_interval;
    double p_sign; /* stats_sign_test of the d_r */
};

/* Compare N pairs of positive values, A[r] and B[r] from the same block.  The logarithm makes the
 * answer for B against A the exact inverse of A against B.  SCRATCH has room for N values. */
struct ratio stats_paired_ratio(const double *a, const double *b, long n, double alpha,
                                double *scratch);

/* How B does against A, A and B being times. */
enum verdict { VERDICT_FASTER, VERDICT_SLOWER, VERDICT_SAME, VERDICT_UNCLEAR };

/* The verdict for the interval [LOW, HIGH] of the ratio B / A and a MARGIN (0.03: 3 %): slower if
 * it lies wholly above 1+margin, faster if wholly below 1/(1+margin), same if wholly between them,
 * borders included; else unclear. */
enum verdict stats_verdict(double low, double high, double margin);

/* "faster", "slower", "same", "unclear".  Owns: nobody, a constant. */
const char *stats_verdict_name(enum verdict v);

/* How many blocks would bring an interval of HALF_WIDTH, seen with BLOCKS, down to WANTED:
 * ceil(blocks (half_width / wanted)^2), since an interval shrinks with the root of the count.
 * Returns LONG_MAX where WANTED is not above 0 or the count does not fit. */
long stats_blocks_needed(long blocks, double half_width, double wanted);

/* How many blocks would take the interval of R off the border of a verdict that it lies across:
 * stats_blocks_needed with, in logarithms, the interval's longer half and the distance from the
 * centre to the nearer of 1+margin and 1/(1+margin).  More than BLOCKS; LONG_MAX: no number would.
 * R has an interval. */
long stats_blocks_to_settle(const struct ratio *r, long blocks, double margin);

#endif
