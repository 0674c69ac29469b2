/* SPDX-License-Identifier: MIT
 *
 * stats: against values computed apart from it, in exact fractions; and, by simulation, whether the
 * interval covers what it says.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../core/stats.h"
#include "noise.h"

static int near(double a, double b)
{
    return fabs(a - b) <= 1e-12 * fmax(1, fabs(b));
}

#define NEAR(a, b) assert_true(near(a, b))

static void quantiles(void **state)
{
    double x[] = { 3.2, 1.5, 9.75, 4.0, 2.25, 7.5, 8.0 }, scratch[7];
    const double even[] = { 1, 2, 3, 4, 10, 20 };
    (void)state;
    stats_sort(x, 7);
    NEAR(stats_quantile(x, 7, 0), 1.5);
    NEAR(stats_quantile(x, 7, 0.1), 1.95);
    NEAR(stats_quantile(x, 7, 0.25), 2.725);
    NEAR(stats_quantile(x, 7, 0.75), 7.75);
    NEAR(stats_quantile(x, 7, 0.9), 8.7);
    NEAR(stats_quantile(x, 7, 1), 9.75);
    NEAR(stats_median(x, 7), 4.0);
    NEAR(stats_mad(x, 7, scratch), 2.5);
    NEAR(stats_quantile(even, 6, 0.25), 2.25);
    NEAR(stats_median(even, 6), 3.5);
    NEAR(stats_quantile(even, 6, 0.75), 8.5);
}

static void few_values(void **state)
{
    const double one[] = { 42 };
    double scratch[1];
    (void)state;
    assert_true(isnan(stats_median(one, 0)));
    assert_true(isnan(stats_mad(one, 0, scratch)));
    assert_true(stats_quantile(one, 1, 0.25) == 42);
    assert_true(stats_mad(one, 1, scratch) == 0);
}

static void interval_ranks(void **state)
{
    static const struct {
        long n, rank;
        double coverage;
    } known[] = {
        { 0, 0, 1 },
        { 1, 0, 1 },
        { 5, 0, 1 },
        { 6, 1, 0.96875 },
        { 8, 1, 0.9921875 },
        { 10, 2, 0.978515625 },
        { 20, 6, 0.9586105346679688 },
        { 30, 10, 0.9572260547429323 },
        { 100, 40, 0.9647997997822951 },
        { 1000, 469, 0.9537088026395019 },
        { 5000, 2431, 0.9506841418958282 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        assert_int_equal(stats_interval_rank(known[i].n, 0.05), known[i].rank);
        assert_true(fabs(stats_coverage(known[i].n, known[i].rank) - known[i].coverage) < 1e-9);
    }
    assert_int_equal(stats_interval_rank(8, 0.01), 1);
    assert_int_equal(stats_interval_rank(7, 0.01), 0);
    assert_int_equal(stats_interval_rank(30, 0.01), 8);
    assert_int_equal(stats_interval_rank(1000, 0.01), 459);
    assert_int_equal(stats_interval_rank(6, 0.03125), 1); /* the sum is alpha/2 exactly */
}

static void binomial_far_out(void **state)
{
    (void)state;
    assert_true(fabs(stats_binomial_below(2000, 950) / 0.01194745266452342 - 1) < 1e-9);
    assert_true(fabs(stats_binomial_below(5000, 2400) / 0.0022352204811783303 - 1) < 1e-9);
    assert_true(fabs(stats_binomial_below(5000, 1800) / 8.081612017070612e-89 - 1) < 1e-9);
    assert_true(stats_binomial_below(6, 0) == 0);
    assert_true(stats_binomial_below(6, 7) == 1);
    assert_true(stats_binomial_below(6, 100) == 1);
}

static void interval_values(void **state)
{
    const double x[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };
    double low = -1, high = -1;
    (void)state;
    assert_int_equal(stats_median_interval(x, 5, 0.05, &low, &high), 0);
    assert_true(low == -1 && high == -1);
    assert_int_equal(stats_median_interval(x, 6, 0.05, &low, &high), 1);
    assert_true(low == 1 && high == 6);
    assert_int_equal(stats_median_interval(x, 10, 0.05, &low, &high), 1);
    assert_true(low == 2 && high == 9);
}

static void sign_test(void **state)
{
    const double seven[] = { 1, 2, 3, 4, 5, 6, -1 }, ties[] = { 0, 0, 1, 1, 1, 1, 1, 1 };
    const double balanced[] = { 1, -1, 2, -2 };
    double twenty[20];
    (void)state;
    for (int i = 0; i < 20; i++)
        twenty[i] = i < 3 ? 1 : -1;
    NEAR(stats_sign_test(seven, 7), 0.125);
    NEAR(stats_sign_test(twenty, 20), 0.0025768280029296875);
    NEAR(stats_sign_test(ties, 8), 0.03125);
    NEAR(stats_sign_test(balanced, 4), 1);
    NEAR(stats_sign_test(ties, 2), 1);
    NEAR(stats_sign_test(ties, 0), 1);
}

static void paired_ratio(void **state)
{
    const double a[] = { 100, 102, 98, 105, 110, 95, 101, 99 };
    const double b[] = { 120, 118, 121, 130, 128, 117, 125, 119 };
    double scratch[8];
    struct ratio r = stats_paired_ratio(a, b, 8, 0.05, scratch);
    struct ratio back = stats_paired_ratio(b, a, 8, 0.05, scratch);
    (void)state;
    NEAR(r.center, 1.2167098154940714);
    assert_int_equal(r.has_interval, 1);
    NEAR(r.low, 1.1568627450980393);
    NEAR(r.high, 1.2380952380952381);
    NEAR(r.p_sign, 0.0078125);
    NEAR(back.center, 1 / r.center);
    NEAR(back.low, 1 / r.high);
    NEAR(back.high, 1 / r.low);

    r = stats_paired_ratio(a, b, 5, 0.05, scratch);
    assert_int_equal(r.has_interval, 0);
    assert_true(isnan(r.low) && isnan(r.high));
    r = stats_paired_ratio(a, b, 0, 0.05, scratch);
    assert_true(isnan(r.center) && !r.has_interval);
}

static void verdicts(void **state)
{
    const double above = 1 + 0.03, below = 1 / above;
    (void)state;
    assert_int_equal(stats_verdict(1.04, 1.10, 0.03), VERDICT_SLOWER);
    assert_int_equal(stats_verdict(0.80, 0.90, 0.03), VERDICT_FASTER);
    assert_int_equal(stats_verdict(0.99, 1.01, 0.03), VERDICT_SAME);
    assert_int_equal(stats_verdict(0.99, 1.05, 0.03), VERDICT_UNCLEAR);
    assert_int_equal(stats_verdict(0.50, 2.00, 0.03), VERDICT_UNCLEAR);
    /* On the border: same keeps it, slower and faster need more. */
    assert_int_equal(stats_verdict(below, above, 0.03), VERDICT_SAME);
    assert_int_equal(stats_verdict(above, 1.2, 0.03), VERDICT_UNCLEAR);
    assert_int_equal(stats_verdict(nextafter(above, 2), 1.2, 0.03), VERDICT_SLOWER);
    assert_int_equal(stats_verdict(0.9, below, 0.03), VERDICT_UNCLEAR);
    assert_int_equal(stats_verdict(0.9, nextafter(below, 0), 0.03), VERDICT_FASTER);
    assert_int_equal(stats_verdict(1, nextafter(above, 2), 0.03), VERDICT_UNCLEAR);
    assert_string_equal(stats_verdict_name(VERDICT_FASTER), "faster");
    assert_string_equal(stats_verdict_name(VERDICT_SLOWER), "slower");
    assert_string_equal(stats_verdict_name(VERDICT_SAME), "same");
    assert_string_equal(stats_verdict_name(VERDICT_UNCLEAR), "unclear");
}

static void blocks_needed(void **state)
{
    struct ratio slower = { .center = 1.05, .low = 1.01, .high = 1.08, .has_interval = 1 };
    struct ratio faster = { .center = 0.90, .low = 0.85, .high = 0.99, .has_interval = 1 };
    struct ratio same = { .center = 1.00, .low = 0.95, .high = 1.02, .has_interval = 1 };
    struct ratio border = { .center = 1.03, .low = 1.00, .high = 1.05, .has_interval = 1 };
    (void)state;
    assert_int_equal(stats_blocks_needed(10, 0.04, 0.02), 40);
    assert_int_equal(stats_blocks_needed(7, 0.03, 0.02), 16); /* 15.75 */
    assert_int_equal(stats_blocks_needed(10, 0.01, 0.02), 3);
    assert_int_equal(stats_blocks_needed(10, 0.01, 0), LONG_MAX);
    assert_int_equal(stats_blocks_needed(10, 1, 1e-200), LONG_MAX);
    assert_int_equal(stats_blocks_to_settle(&slower, 10, 0.03), 41);
    assert_int_equal(stats_blocks_to_settle(&faster, 10, 0.03), 16);
    assert_int_equal(stats_blocks_to_settle(&same, 10, 0.03), 31);
    assert_true(stats_blocks_to_settle(&border, 10, 0.03) > 1000000);
}

static void center_of_blocks(void **state)
{
    double odd[] = { 3, NAN, 1, 2 }, even[] = { 5, 1, 6, 3, 2, 4 };
    double censored[] = { INFINITY, 20, 10, NAN, 30, -INFINITY, 40, INFINITY, INFINITY };
    double far[] = { -INFINITY, INFINITY }, same[] = { INFINITY, INFINITY }, none[] = { NAN };
    (void)state;
    struct center c = stats_center(odd, 4, 0.05);
    assert_true(c.mid == 2 && c.n == 3 && !c.has_interval && isnan(c.low) && isnan(c.high));
    c = stats_center(even, 6, 0.05);
    assert_true(c.mid == 3.5 && c.low == 1 && c.high == 6 && c.has_interval && c.n == 6);
    c = stats_center(censored, 9, 0.05);
    assert_true(c.mid == 35 && c.low == -INFINITY && c.high == INFINITY && c.n == 8);
    assert_true(isnan(stats_center(far, 2, 0.05).mid));
    assert_true(stats_center(same, 2, 0.05).mid == INFINITY);
    c = stats_center(none, 1, 0.05);
    assert_true(isnan(c.mid) && c.n == 0 && !c.has_interval);
}

/* By the definition, in exact fractions: the least of p N / rank over all p that are not smaller.
 */
static void many_comparisons(void **state)
{
    double p[] = { 0.04, 0.001, 0.2, NAN, 0.03, 0.03, 0.9, 0.011 }, scratch[16];
    const double adjusted[] = { 0.056, 0.007, 7. / 30, NAN, 0.0525, 0.0525, 0.9, 0.0385 };
    double five[] = { 0.05, 0.04, 0.03, 0.02, 0.01 }, ones[] = { 1, 1 }, one[] = { 0.3 };
    (void)state;
    stats_adjust_p(p, 8, scratch);
    for (int i = 0; i < 8; i++)
        assert_true(isnan(adjusted[i]) ? isnan(p[i]) : near(p[i], adjusted[i]));
    stats_adjust_p(five, 5, scratch);
    for (int i = 0; i < 5; i++)
        NEAR(five[i], 0.05);
    stats_adjust_p(ones, 2, scratch);
    assert_true(ones[0] == 1 && ones[1] == 1);
    stats_adjust_p(one, 1, scratch);
    NEAR(one[0], 0.3);
    stats_adjust_p(NULL, 0, scratch);
}

static void noise_floor(void **state)
{
    double d[40], scratch[40];
    (void)state;
    for (int i = 0; i < 40; i++)
        d[i] = (i % 2 ? -1 : 1) * log(1 + 0.001 * (i + 1));
    NEAR(stats_noise_floor(d, 40, scratch), 0.038);
    NEAR(stats_noise_floor(d, 20, scratch), 0.019);
    NEAR(stats_noise_floor(d, 19, scratch), 0.019);
    NEAR(stats_noise_floor(d, 1, scratch), 0.001);
    assert_true(isnan(stats_noise_floor(d, 0, scratch)));
    NEAR(stats_margin(0.03, 0.01), 0.03);
    NEAR(stats_margin(0.03, 0.04), 0.08);
    NEAR(stats_margin(0.03, NAN), 0.03);
}

static void close_to(double a, double b)
{
    assert_true(fabs(a - b) <= 1e-10 * fabs(b));
}

/* From the density, integrated by Simpson's rule over 20000 steps of the angle atan(t / sqrt(df));
 * whole DF are as in any printed table; the last is the normal z + (z^3 + z) / (4 df). */
static void student(void **state)
{
    static const struct {
        double p, df, t;
    } known[] = {
        { 0.975, 1, 12.706204736174698 },   { 0.975, 2, 4.302652729749462 },
        { 0.975, 7, 2.3646242515927756 },   { 0.975, 10, 2.2281388519862615 },
        { 0.995, 9, 3.2498355415922053 },   { 0.9875, 12, 2.5600329593593076 },
        { 0.975, 17.5, 2.105232972227968 }, { 0.975, 30, 2.0422724563012875 },
        { 0.95, 120, 1.6576508993552368 },  { 0.9999, 5, 9.677566300887692 },
        { 0.6, 3.25, 0.2748352368878505 },  { 0.975, 1000, 1.9623390808257903 },
        { 0.75, 1, 1 } /* tan(pi / 4) */,   { 0.975, 1e7, 1.9599642217671 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        double t = stats_t_quantile(known[i].p, known[i].df);
        assert_true(fabs(t / known[i].t - 1) <= (known[i].df > 1e4 ? 1e-8 : 1e-10));
        assert_true(fabs(stats_t_quantile(1 - known[i].p, known[i].df) / t + 1) < 1e-9);
        assert_true(fabs(stats_t_below(t, known[i].df) - known[i].p) < 1e-9);
    }
    close_to(stats_t_below(1.5, 4), 0.896);
    close_to(stats_t_below(2.0, 9.7), 0.962865845517165);
    close_to(stats_t_below(0.3, 25), 0.6166712531734708);
    assert_true(stats_t_below(0, 3) == 0.5 && stats_t_quantile(0.5, 3) == 0);
    assert_true(stats_t_below(INFINITY, 3) == 1 && stats_t_below(-INFINITY, 3) == 0);
    assert_true(isnan(stats_t_quantile(0, 3)) && isnan(stats_t_quantile(1, 3)));
    assert_true(isnan(stats_t_quantile(0.9, 0)) && isnan(stats_t_quantile(NAN, 3)));
    assert_true(isnan(stats_t_below(NAN, 3)) && isnan(stats_t_below(1, NAN)));
}

/* Means, variances and degrees of freedom by hand, t as above. */
static void welch(void **state)
{
    const double a[] = { 0.011, -0.004, 0.023, 0.007, 0.015, -0.012,
                         0.009, 0.018,  0.002, 0.013, 0.006 };
    const double b[] = { 0.041, 0.067, 0.029, 0.083, 0.055, 0.012, 0.049, 0.071, 0.038, 0.060 };
    struct difference d = stats_welch(a, 11, b, 10, 0.05), back;
    (void)state;
    close_to(d.center, 0.0425);
    close_to(d.df, 12.520939796065162);
    close_to(d.low, 0.026553168874498653);
    close_to(d.high, 0.05844683112550135);
    assert_true(d.has_interval);
    back = stats_independent(b, 10, a, 11, 0.05);
    assert_true(back.has_interval);
    NEAR(back.low, -d.high);

    d = stats_welch(a, 2, a, 2, 0.05);
    assert_true(d.center == 0 && d.df == 2 && d.low == -d.high);
    const double flat[] = { 1, 1, 1 };
    d = stats_welch(flat, 3, flat, 2, 0.05);
    assert_true(d.low == 0 && d.high == 0 && d.df == 3);
    d = stats_welch(a, 1, b, 5, 0.05);
    assert_true(!d.has_interval && isnan(d.low) && !isnan(d.center));
    assert_true(isnan(stats_welch(a, 0, b, 5, 0.05).center));
}

static void two_runs(void **state)
{
    const double a[] = { 4, 1, 3, 2, 7, 6 }, b[] = { 18, 11, 13, 12, 17, 16, 15 };
    struct difference d = stats_independent(a, 6, b, 7, 0.05), w = stats_welch(a, 6, b, 7, 0.05);
    (void)state;
    assert_true(d.has_interval && d.center == w.center && d.low == w.low && d.high == w.high);
    d = stats_independent(a, 5, b, 7, 0.05); /* too few, but a center */
    assert_true(!d.has_interval && !isnan(d.center) && isnan(d.low) && isnan(d.high));
    d = stats_independent(a, 0, b, 7, 0.05);
    assert_true(!d.has_interval && isnan(d.center));
}

static void stopping(void **state)
{
    const double d[] = { 0.05, 0.01, 0.03, 0.02, 0.04, 0.06, 0.07, 0.08, 0.09, 0.10 };
    double scratch[10];
    (void)state;
    assert_true(isinf(stats_half_width(d, 7, 0.01, scratch)));
    NEAR(stats_half_width(d, 8, 0.01, scratch), 0.035);
    NEAR(stats_half_width(d, 10, 0.05, scratch), 0.035);
    assert_true(isinf(stats_half_width(d, 0, 0.01, scratch)));
    assert_false(stats_enough(6, INFINITY, 0.02));
    assert_false(stats_enough(4, 0.01, 0.02));
    assert_true(stats_enough(6, 0.01, 0.02));
    assert_false(stats_enough(7, 0.01, 0.02));
    assert_true(stats_enough(8, 0.02, 0.02));
    assert_false(stats_enough(8, nextafter(0.02, 1), 0.02));
    assert_false(stats_enough(30, NAN, 0.02));
}

static void quiet(void **state)
{
    double x[41], scratch[41];
    (void)state;
    for (int i = 0; i < 41; i++)
        x[i] = 240 - i;
    NEAR(stats_quiet_reference(x, 41, scratch), 202);
    NEAR(stats_excess(x, 41, 202), 38. / 202);
    NEAR(stats_excess(x + 40, 1, 202), -2. / 202);
    assert_true(isnan(stats_quiet_reference(x, 0, scratch)) && isnan(stats_excess(x, 0, 1)));
}

/* Sorted input and shuffled input, seconds and nanoseconds: the same answer. */
static void order_and_unit(void **state)
{
    uint64_t seed = 99;
    double a[12], b[12], turned[12], scratch[24];
    (void)state;
    for (int i = 0; i < 12; i++) {
        a[i] = 1 + 0.1 * normal(&seed);
        b[i] = 1.2 + 0.1 * normal(&seed);
    }
    for (int i = 0; i < 12; i++)
        turned[i] = 1e9 * a[(5 * i + 7) % 12];
    NEAR(stats_half_width(turned, 12, 0.05, scratch), 1e9 * stats_half_width(a, 12, 0.05, scratch));
    NEAR(stats_quiet_reference(turned, 12, scratch), 1e9 * stats_quiet_reference(a, 12, scratch));
    struct difference d = stats_welch(a, 12, b, 12, 0.05);
    for (int i = 0; i < 12; i++)
        b[i] *= 1e9;
    struct difference e = stats_welch(turned, 12, b, 12, 0.05);
    assert_true(fabs(e.low / 1e9 - d.low) < 1e-12 && fabs(e.df - d.df) < 1e-9);
}

/* Blocks with log-normal effects around a median of 1: how often does the interval hold 1? */
static double median_coverage(long blocks, long trials, uint64_t seed)
{
    double m[64], low, high;
    long hits = 0;
    for (long t = 0; t < trials; t++) {
        for (long r = 0; r < blocks; r++)
            m[r] = exp(0.3 * normal(&seed));
        stats_sort(m, blocks);
        hits += stats_median_interval(m, blocks, 0.05, &low, &high) && low <= 1 && 1 <= high;
    }
    return (double)hits / (double)trials;
}

/* Two sides that share the block's luck and have their own: how often does the interval of the
 * ratio hold the true one? */
static double ratio_coverage(long blocks, long trials, uint64_t seed)
{
    double a[64], b[64], scratch[64];
    long hits = 0;
    for (long t = 0; t < trials; t++) {
        for (long r = 0; r < blocks; r++) {
            double luck = exp(0.3 * normal(&seed));
            a[r] = luck * exp(0.05 * normal(&seed));
            b[r] = luck * 1.25 * exp(0.10 * normal(&seed));
        }
        struct ratio ratio = stats_paired_ratio(a, b, blocks, 0.05, scratch);
        hits += ratio.has_interval && ratio.low <= 1.25 && 1.25 <= ratio.high;
    }
    return (double)hits / (double)trials;
}

static void coverage(void **state)
{
    static const long blocks[] = { 6, 10, 20 };
    (void)state;
    for (int i = 0; i < 3; i++) {
        double theory = stats_coverage(blocks[i], stats_interval_rank(blocks[i], 0.05));
        double medians = median_coverage(blocks[i], 10000, 20240601 + (uint64_t)i);
        double ratios = ratio_coverage(blocks[i], 10000, 7 + (uint64_t)i);
        assert_true(medians >= 0.93 && fabs(medians - theory) < 0.01);
        assert_true(ratios >= 0.93 && fabs(ratios - theory) < 0.01);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles),
        cmocka_unit_test(few_values),
        cmocka_unit_test(interval_ranks),
        cmocka_unit_test(binomial_far_out),
        cmocka_unit_test(interval_values),
        cmocka_unit_test(sign_test),
        cmocka_unit_test(paired_ratio),
        cmocka_unit_test(verdicts),
        cmocka_unit_test(blocks_needed),
        cmocka_unit_test(center_of_blocks),
        cmocka_unit_test(many_comparisons),
        cmocka_unit_test(noise_floor),
        cmocka_unit_test(student),
        cmocka_unit_test(welch),
        cmocka_unit_test(two_runs),
        cmocka_unit_test(stopping),
        cmocka_unit_test(quiet),
        cmocka_unit_test(order_and_unit),
        cmocka_unit_test(coverage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
