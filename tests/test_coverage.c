/* SPDX-License-Identifier: MIT
 *
 * coverage: do the intervals hold what they promise on noise like that of a benchmark?  Simulated:
 * every cell has in every block an effect of its own, a cell's samples scatter about it, the
 * block's value is their median; also with outliers, a share of samples that take half as long
 * again.  What must come out was fixed beforehand: intervals of 95 % cover 93 % and more, under
 * outliers and after stopping early too; a thing against itself gets a false verdict in 5 % at
 * most.
 *
 * TRIALS decide over each figure: at 95 % its standard error is 0.34 %, so 93 % is six of them away
 * from what is promised.  Seeds are fixed, figures are the same each time; they are printed.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "../core/fit.h"
#include "../core/scaling.h"
#include "../core/stats.h"
#include "noise.h"

enum { TRIALS = 4000, SAMPLES = 5, MOST_BLOCKS = 30 };
static const double least_coverage = 0.93, most_false = 0.05;

/* A world, and what is asked in it. */
struct setting {
    const char *name;
    double between, within; /* standard deviations of logarithms */
    double outliers;        /* the share of samples that take 1.5 times as long */
    double truth;           /* the true median of a block's logarithm, see true_median */
    long blocks;
    double wanted; /* efficiency */
    uint64_t seed;
};

/* One trial: 1 if it came out as promised. */
typedef int trial(struct setting *s);

/* The logarithm of a block's median, whose true value is 0 but for what outliers add. */
static double block(struct setting *s)
{
    double sample[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) {
        sample[i] = s->within * normal(&s->seed);
        if (uniform(&s->seed) < s->outliers)
            sample[i] += log(1.5);
    }
    stats_sort(sample, SAMPLES);
    return s->between * normal(&s->seed) + stats_median(sample, SAMPLES);
}

/* With outliers it is above 0, and an interval covers this, not 0.  Its error is that of 200000
 * blocks: a five hundredth of a block's deviation. */
static double true_median(struct setting s)
{
    enum { MANY = 200000 };
    static double blocks[MANY];
    if (!s.outliers)
        return 0;
    for (long i = 0; i < MANY; i++)
        blocks[i] = block(&s);
    stats_sort(blocks, MANY);
    return stats_median(blocks, MANY);
}

static int holds(const struct center *c, double truth)
{
    return c->has_interval && c->low <= truth && truth <= c->high;
}

static double share(trial *t, struct setting *s, long trials)
{
    long hits = 0;
    for (long i = 0; i < trials; i++)
        hits += t(s);
    return (double)hits / (double)trials;
}

/* In a quiet and in an outlying world, for 6, 10 and 20 blocks. */
static void covers(const char *what, trial *t, double wanted)
{
    static const struct setting worlds[] = {
        { .name = "normal", .between = 0.02, .within = 0.02 },
        { .name = "outliers", .between = 0.02, .within = 0.02, .outliers = 0.05 },
    };
    static const long blocks[] = { 6, 10, 20 };
    for (int w = 0; w < 2; w++)
        for (int b = 0; b < 3; b++) {
            struct setting s = worlds[w];
            s.blocks = blocks[b];
            s.wanted = wanted;
            s.seed = 1000003 + (uint64_t)(10 * w + b);
            s.truth = true_median(s);
            double covered = share(t, &s, TRIALS);
            print_message("%-28s %-8s R = %2ld: %.4f\n", what, s.name, s.blocks, covered);
            assert_true(covered >= least_coverage);
        }
}

/* Medians and pairs ------------------------------------------------------------------------ */

static int median_trial(struct setting *s)
{
    double m[MOST_BLOCKS];
    for (long r = 0; r < s->blocks; r++)
        m[r] = block(s);
    struct center c = stats_center(m, s->blocks, 0.05);
    return holds(&c, s->truth);
}

/* Two cells that share the luck of their block.  TIMES is how much longer the second takes. */
static struct ratio pair(struct setting *s, double times)
{
    double a[MOST_BLOCKS], b[MOST_BLOCKS], scratch[MOST_BLOCKS];
    for (long r = 0; r < s->blocks; r++) {
        double luck = s->between * normal(&s->seed);
        a[r] = exp(luck + block(s));
        b[r] = exp(luck + block(s)) * times;
    }
    return stats_paired_ratio(a, b, s->blocks, 0.05, scratch);
}

static int ratio_trial(struct setting *s)
{
    struct ratio r = pair(s, 1.25);
    return r.has_interval && r.low <= 1.25 && 1.25 <= r.high;
}

static void medians_and_ratios(void **state)
{
    (void)state;
    covers("median of block medians", median_trial, 0);
    covers("paired ratio", ratio_trial, 0);
}

/* A/A: a verdict of faster or slower is false, whether the margin is 3 % or, as it should be, at
 * least twice the floor that eight other pairs show. */
static int is_false(const struct ratio *r, double margin)
{
    enum verdict v = stats_verdict(r->low, r->high, margin);
    return r->has_interval && (v == VERDICT_FASTER || v == VERDICT_SLOWER);
}

static int false_with_floor(struct setting *s)
{
    double aa[8], scratch[8];
    for (int i = 0; i < 8; i++)
        aa[i] = log(pair(s, 1).center);
    struct ratio r = pair(s, 1);
    return is_false(&r, stats_margin(0.03, stats_noise_floor(aa, 8, scratch)));
}

static int false_without_floor(struct setting *s)
{
    struct ratio r = pair(s, 1);
    return is_false(&r, 0.03);
}

static void same_against_itself(void **state)
{
    static const double noise[] = { 0.005, 0.02, 0.1 };
    static const long blocks[] = { 6, 10, 20 };
    (void)state;
    for (int i = 0; i < 18; i++) {
        double sd = noise[i % 3];
        struct setting s = { .name = i < 9 ? "normal" : "outliers",
                             .between = sd,
                             .within = sd,
                             .outliers = i < 9 ? 0 : 0.05,
                             .blocks = blocks[i / 3 % 3],
                             .seed = 77 + (uint64_t)i };
        double with = share(false_with_floor, &s, TRIALS);
        double without = share(false_without_floor, &s, TRIALS);
        print_message("A/A false verdicts %-8s noise %.3f R = %2ld: %.4f, without floor %.4f\n",
                      s.name, sd, s.blocks, with, without);
        assert_true(with <= most_false && without <= most_false);
    }
}

/* Stopping early --------------------------------------------------------------------------- */

/* Blocks are added until stats_enough or 30: the values, and how many. */
static long measure(struct setting *s, int ratio, double *d)
{
    double scratch[MOST_BLOCKS];
    long r = 0;
    do {
        d[r++] = ratio ? block(s) - block(s) : block(s);
    } while (r < MOST_BLOCKS && !stats_enough(r, stats_half_width(d, r, 0.01, scratch), 0.02));
    s->blocks += r; /* to tell how many it took */
    return r;
}

static int stopped_median(struct setting *s)
{
    double m[MOST_BLOCKS];
    struct center c = stats_center(m, measure(s, 0, m), 0.05);
    return holds(&c, s->truth);
}

static int stopped_ratio(struct setting *s)
{
    double d[MOST_BLOCKS];
    struct center c = stats_center(d, measure(s, 1, d), 0.05);
    return holds(&c, 0);
}

static int stopped_false(struct setting *s)
{
    double d[MOST_BLOCKS];
    struct center c = stats_center(d, measure(s, 1, d), 0.05);
    struct ratio r = { .low = exp(c.low), .high = exp(c.high), .has_interval = c.has_interval };
    return is_false(&r, 0.03);
}

static void stopping_early(void **state)
{
    static const double noise[] = { 0.005, 0.01, 0.0125, 0.015, 0.02, 0.03, 0.05 };
    (void)state;
    for (int i = 0; i < 14; i++) {
        double sd = noise[i % 7];
        struct setting s = { .name = i < 7 ? "normal" : "outliers",
                             .between = sd,
                             .within = sd,
                             .outliers = i < 7 ? 0 : 0.05,
                             .seed = 4242 + (uint64_t)i };
        s.truth = true_median(s);
        double median = share(stopped_median, &s, TRIALS), blocks = (double)s.blocks / TRIALS;
        double ratio = share(stopped_ratio, &s, TRIALS), wrong = share(stopped_false, &s, TRIALS);
        print_message(
            "stopped %-8s noise %.4f after %4.1f blocks: median %.4f ratio %.4f, A/A false "
            "%.4f\n",
            s.name, sd, blocks, median, ratio, wrong);
        assert_true(median >= least_coverage && ratio >= least_coverage && wrong <= most_false);
    }
}

/* Two runs --------------------------------------------------------------------------------- */

static int independent_trial(struct setting *s)
{
    double a[MOST_BLOCKS], b[MOST_BLOCKS];
    for (long r = 0; r < s->blocks; r++) {
        a[r] = block(s);
        b[r] = block(s) + 0.1;
    }
    struct difference d = stats_independent(a, s->blocks, b, s->blocks, 0.05);
    return d.has_interval && d.low <= 0.1 && 0.1 <= d.high;
}

static void independent_runs(void **state)
{
    static const long blocks[] = { 6, 8, 10, 20 };
    (void)state;
    for (int i = 0; i < 8; i++) {
        struct setting s = { .name = i < 4 ? "normal" : "outliers",
                             .between = 0.02,
                             .within = 0.02,
                             .outliers = i < 4 ? 0 : 0.05,
                             .blocks = blocks[i % 4],
                             .seed = 31 + (uint64_t)i };
        double covered = share(independent_trial, &s, TRIALS);
        print_message("independent %-8s R = %2ld: %.4f\n", s.name, s.blocks, covered);
        assert_true(covered >= least_coverage);
    }
}

/* Fits ------------------------------------------------------------------------------------- */

/* Overhead 1 per task, tasks of 1/8 to 256; the work alone is measured in every block, too. */
static int metg_trial(struct setting *s)
{
    enum { POINTS = 12 };
    double metg[MOST_BLOCKS], g[POINTS], e[POINTS], scratch[3 * POINTS];
    for (long r = 0; r < s->blocks; r++) {
        double alone = exp(block(s));
        for (int i = 0; i < POINTS; i++) {
            double work = ldexp(1, i - 3);
            g[i] = (work + 1) * exp(block(s));
            e[i] = work * alone / g[i];
        }
        metg[r] = fit_metg(g, e, POINTS, s->wanted, scratch).granularity;
    }
    struct center c = stats_center(metg, s->blocks, 0.05);
    return holds(&c, 1 / (1 - s->wanted));
}

static void metg(void **state)
{
    (void)state;
    covers("METG(50 %)", metg_trial, 0.5);
    covers("METG(90 %)", metg_trial, 0.9);
    covers("METG(95 %)", metg_trial, 0.95);
}

/* Points instead of blocks: x doubles, or comes twice. */
static int line_of(struct setting *s, int twice)
{
    double x[MOST_BLOCKS], y[MOST_BLOCKS], scratch[MOST_BLOCKS * MOST_BLOCKS];
    for (long i = 0; i < s->blocks; i++) {
        x[i] = ldexp(1, (int)(twice ? i / 2 : i));
        y[i] = 3 + 0.5 * x[i] + block(s);
    }
    struct line line = fit_line(x, y, s->blocks, 0.05, scratch);
    return line.has_interval && line.low <= 0.5 && 0.5 <= line.high;
}

static int line_trial(struct setting *s)
{
    return line_of(s, 0);
}

static int tied_line_trial(struct setting *s)
{
    return line_of(s, 1);
}

static void slopes(void **state)
{
    (void)state;
    covers("Theil-Sen slope", line_trial, 0);
    covers("Theil-Sen slope, ties in x", tied_line_trial, 0);
}

/* A cross of chunk and tasks at 4 workers, a microsecond of work.  WANTED says which cost. */
static int overhead_trial(struct setting *s)
{
    enum { CELLS = 10 };
    static const double true_cost[] = { 20000, 300, 30 };
    struct load cells[CELLS];
    double cost[MOST_BLOCKS], scratch[CELLS * CELLS];
    for (long r = 0; r < s->blocks; r++) {
        double alone = 1000 * exp(block(s));
        for (int i = 0; i < CELLS; i++) {
            double chunk = i < 5 ? ldexp(1, 2 * i) : 16, tasks = i < 5 ? 16384 : ldexp(128, i - 5);
            double work = tasks * (1000 + true_cost[2]) + ceil(tasks / chunk) * true_cost[1];
            cells[i] = (struct load){ tasks, chunk, true_cost[0] + work / 4, alone };
            cells[i].wall *= exp(block(s));
        }
        struct overheads o = fit_overheads(cells, CELLS, 4, scratch);
        cost[r] = s->wanted == 0 ? o.fix : s->wanted == 1 ? o.chunk : o.item;
    }
    struct center c = stats_center(cost, s->blocks, 0.05);
    return holds(&c, true_cost[(int)s->wanted]);
}

static void overheads(void **state)
{
    (void)state;
    covers("overhead per job", overhead_trial, 0);
    covers("overhead per chunk", overhead_trial, 1);
    covers("overhead per task", overhead_trial, 2);
}

/* Speed-ups at ten worker counts; one serial time per block for all.  WANTED is kappa. */
static struct center kappas(struct setting *s)
{
    enum { COUNTS = 10 };
    static const double p[COUNTS] = { 1, 2, 4, 8, 12, 16, 24, 32, 48, 64 };
    double kappa[MOST_BLOCKS], x[COUNTS];
    for (long r = 0; r < s->blocks; r++) {
        double serial = block(s);
        for (int i = 0; i < COUNTS; i++) {
            double below = 1 + 0.02 * (p[i] - 1) + s->wanted * p[i] * (p[i] - 1);
            x[i] = p[i] / below * exp(serial - block(s));
        }
        kappa[r] = scaling_usl_free(p, x, COUNTS).kappa;
    }
    return stats_center(kappa, s->blocks, 0.05);
}

static int usl_trial(struct setting *s)
{
    struct center c = kappas(s);
    return holds(&c, s->wanted);
}

/* No peak is found where there is none. */
static int no_peak_trial(struct setting *s)
{
    struct center c = kappas(s);
    return isnan(scaling_usl_peak(0.02, c.mid, c.low));
}

static void usl(void **state)
{
    (void)state;
    covers("USL kappa 1e-4", usl_trial, 1e-4);
    covers("USL kappa 0: no peak", no_peak_trial, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(medians_and_ratios),
        cmocka_unit_test(same_against_itself),
        cmocka_unit_test(stopping_early),
        cmocka_unit_test(independent_runs),
        cmocka_unit_test(metg),
        cmocka_unit_test(slopes),
        cmocka_unit_test(overheads),
        cmocka_unit_test(usl),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
