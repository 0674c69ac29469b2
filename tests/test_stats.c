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

/* xorshift64* (Vigna 2016): any seed but 0. */
static double uniform(uint64_t *seed)
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return ((double)((*seed * UINT64_C(0x2545F4914F6CDD1D)) >> 11) + 0.5) * 0x1p-53;
}

/* A normal deviate (Box and Muller 1958). */
static double normal(uint64_t *seed)
{
    double radius = sqrt(-2 * log(uniform(seed)));
    return radius * cos(6.283185307179586 * uniform(seed));
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
        cmocka_unit_test(quantiles),       cmocka_unit_test(few_values),
        cmocka_unit_test(interval_ranks),  cmocka_unit_test(binomial_far_out),
        cmocka_unit_test(interval_values), cmocka_unit_test(sign_test),
        cmocka_unit_test(paired_ratio),    cmocka_unit_test(verdicts),
        cmocka_unit_test(blocks_needed),   cmocka_unit_test(coverage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
