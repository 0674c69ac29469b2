/* SPDX-License-Identifier: MIT
 *
 * stats: the statistics that a report stands on, as pure functions on arrays of double.  Nothing is
 * allocated and nothing is kept: an array is sorted in place, or the caller lends scratch room.
 * Values are finite where nothing else is said; where N is 0 there is no answer, and a double is
 * NAN.  Knows nothing of what the numbers mean.  All functions run in: either.
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

enum { BLOCKS_FOR_INTERVAL = 6 }; /* the fewest that have one at 95 % */

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

/* A value per block, put together. */
struct center {
    double mid;       /* the median */
    double low, high; /* its interval; NAN unless has_interval */
    int has_interval;
    long n; /* how many values there were, without those that are NAN */
};

/* Median of N VALUES and its interval as in stats_median_interval.  A NAN is a block that has no
 * value: it is left out.  -INFINITY and INFINITY are values beyond what could be measured: they
 * take their place in the order, and may come back.  Halfway between -INFINITY and INFINITY is NAN.
 * VALUES are sorted in place, the NANs dropped. */
struct center stats_center(double *values, long n, double alpha);

/* Many comparisons ------------------------------------------------------------------------- */

/* Adjust the p values of N tests in place, in their order: whoever then calls those <= q
 * significant expects at most the share q of them to be wrong.  A NAN is no test: it stays, and is
 * not counted.  SCRATCH has room for 2 N values.
 * Source: Benjamini & Hochberg (1995); as R's p.adjust(method = "BH"). */
void stats_adjust_p(double *p, long n, double *scratch);

/* The A/A noise floor: what the same thing against itself may show, as a share (0.01: 1 %).
 * LOG_RATIOS are the logarithms of N such ratios; the floor is exp(|d|) - 1 for the |d| that 95 %
 * of them do not exceed, the ceil(0.95 N)-th by size: the largest where N < 20.  SCRATCH has room
 * for N values. */
double stats_noise_floor(const double *log_ratios, long n, double *scratch);

/* The margin for stats_verdict: the larger of LEAST and twice the NOISE floor; LEAST if that is
 * NAN. */
double stats_margin(double least, double noise);

/* Two runs --------------------------------------------------------------------------------- */

/* P(T <= t) for Student's T with DF > 0 degrees of freedom, and the t for which that is P; NAN for
 * other arguments.  The quantile's relative error is below 1e-9 for DF <= 1e4 and P from 1e-6 to
 * 1 - 1e-6.
 * Source: Abramowitz & Stegun 26.7.1 by the incomplete beta function, 26.5.8, its continued
 * fraction evaluated as in Lentz (1976); inverted by bisection. */
double stats_t_below(double t, double df);
double stats_t_quantile(double p, double df);

/* How much larger B is than A, of values that share no blocks. */
struct difference {
    double center;    /* of means */
    double low, high; /* NAN unless has_interval */
    double df;        /* degrees of freedom; likewise */
    int has_interval;
};

/* Difference of the means of B and of A, each with a variance of its own: Welch (1947), degrees of
 * freedom by Satterthwaite.  No interval if either has fewer than 2 values.  Where all variance is
 * 0 the interval is a point, and DF is NA + NB - 2. */
struct difference stats_welch(const double *a, long na, const double *b, long nb, double alpha);

/* The difference of two independent sets of logarithms of block medians (of times, or of ratios:
 * then a ratio of ratios): stats_welch, and no interval below 6 blocks on either side.
 * Medians of samples are near enough to normal: simulated, 95 % cover 95 to 96 % from 6 blocks on,
 * also under outlying samples (tests/test_coverage.c).  The alternative that assumes nothing, two
 * intervals of 1 - alpha/2 end against end, needs 7 blocks and is three times as wide. */
struct difference stats_independent(const double *a, long na, const double *b, long nb,
                                    double alpha);

/* How long to go on ------------------------------------------------------------------------ */

/* Half of the width of the interval of the median of N VALUES (logarithms: then it is relative, for
 * small widths).  INFINITY: there is no interval.  SCRATCH has room for N values. */
double stats_half_width(const double *values, long n, double alpha, double *scratch);

/* Are these BLOCKS enough, HALF_WIDTH being that of the 99 % interval (of all that must be narrow
 * the widest)?  It is asked after 6 blocks and after every 2 more; at another number the answer is
 * no.  There is no 99 % interval below 8 blocks.  WANTED: 0.02 for 2 %.
 * Looking often and stopping when it looks good makes a reported interval cover less.  The rule
 * looks at a wider interval than the 95 % that are reported, and at its width only, never at where
 * it lies; tests/test_coverage.c shows what is left of the 95 %. */
int stats_enough(long blocks, double half_width, double wanted);

/* How quiet it was ------------------------------------------------------------------------- */

/* What a fixed piece of work takes when nothing disturbs it: the 5th percentile of N VALUES, which
 * a few impossibly short ones do not move as they would the minimum.  SCRATCH has room for N
 * values. */
double stats_quiet_reference(const double *values, long n, double *scratch);

/* By what share the largest of N VALUES exceeds REFERENCE > 0: largest / reference - 1.  Below 0:
 * it does not. */
double stats_excess(const double *values, long n, double reference);

#endif
