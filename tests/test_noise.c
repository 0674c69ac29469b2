/* SPDX-License-Identifier: MIT
 *
 * Noise: which samples count as disturbed and why; what twins do to the margin of all verdicts; and
 * that a verdict which only the disturbed blocks support is not given.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../bench/command.h"
#include "../bench/noise.h"
#include "../bench/summarize.h"
#include "../core/csv.h"

const char *program_name = "test_noise";

/* ---- the ledger ---- */

static struct csv *parse(const char *text)
{
    struct csv *c = NULL;
    struct why w;
    assert_int_equal(csv_parse(&c, text, (long)strlen(text), "text", &w), 0);
    return c;
}

static void each_signal_has_its_limit(void **state)
{
    static const struct {
        enum noise wanted;
        double workers;
        const char *cpus;
    } wanted[] = {
        { NOISES, 2, "0+1" },      { NOISE_WAITING, 2, "0+1" }, { NOISES, 2, "0+0" },
        { NOISE_STEAL, 2, "0+1" }, { NOISE_QUOTA, 2, "0+1" },   { NOISE_CANARY, 2, "0+1" },
        { NOISE_MOVED, 2, "0+1" }, { NOISES, 2, "" },           { NOISE_DISK, 2, "0+1" },
        { NOISE_QUOTA, 2, "0+1" }, { NOISES, 2, "0+1" },        { NOISES, 4, "0+1" },
        { NOISE_WAITING, 2, "" },  { NOISES, 2, "0+1" },        { NOISE_SUSPEND, 2, "" },
    };
    struct csv *c =
        parse("wall_ns,runq_ns,steal_ns,throttled_ns,canary_ns,migrations,majflt,suspended_ns\n"
              "10000000,590000,190000,0,70000,0,0,0\n" /* just below each limit */
              "10000000,600000,0,0,70000,0,0,0\n"      /* 3 % of two workers' time */
              "10000000,600000,0,0,70000,0,0,0\n"      /* they share a CPU: each other's */
              "1000000,0,20000,0,70000,0,0,0\n"
              "1000000,0,0,1,70000,0,0,0\n"
              "1000000,0,0,0,73501,0,0,0\n"
              "1000000,0,0,0,70000,1,0,0\n"
              "1000000,0,0,0,70000,1,0,0\n" /* not bound: it may move */
              "1000000,0,0,0,70000,0,1,0\n"
              "1000000,900000,900000,1,90000,1,1,0\n" /* all: the first is named */
              "1000000,,,,,,,0\n"                     /* nothing is known */
              "1000000,900000,0,0,70000,0,0,0\n"      /* four on two CPUs */
              "10000000,600000,0,0,70000,0,0,0\n"
              "1000000,99000,0,0,70000,0,0,0\n" /* no more than waking up */
              "1000000,900000,0,1,70000,0,0,5000000000\n");
    double scratch[64];
    struct noise_ledger n;
    (void)state;
    noise_open(&n, c, NAN, scratch);
    assert_true(n.canary == 70000);
    for (long row = 0; row < c->rows; row++) {
        struct noise_usual usual = { wanted[row].workers, wanted[row].cpus, 0, 0 };
        assert_int_equal(noise_of(&n, row, &usual), wanted[row].wanted);
    }
    for (int i = 0; i < NOISES; i++)
        assert_true(noise_word((enum noise)i)[0]);
    assert_string_equal(noise_word(NOISES), "");
    csv_free(c);
}

/* A record that has none of the columns knows of no noise. */
static void an_old_record_is_quiet(void **state)
{
    struct csv *c = parse("wall_ns,tasks\n1000,1\n");
    const struct noise_usual usual = { 1, "", 0, 0 };
    double scratch[2];
    struct noise_ledger n;
    (void)state;
    noise_open(&n, c, 0, scratch);
    assert_int_equal(noise_of(&n, 0, &usual), NOISES);
    assert_int_equal(noise_warns(&n, 0, &usual), 0);
    csv_free(c);
}

/* A warning is not yet a disturbance. */
static void warnings_come_first(void **state)
{
    static const int warned[] = { 0, 1, 0, 1, 0, 1, 0, 1, 1, 0 };
    struct csv *c = parse("wall_ns,runq_ns,steal_ns,canary_ns,nivcsw\n"
                          "20000000,190000,0,70000,0\n"
                          "20000000,200000,0,70000,0\n" /* 0.5 % of two workers' time */
                          "20000000,0,79000,70000,0\n"
                          "20000000,0,80000,70000,0\n" /* 0.2 % */
                          "20000000,0,0,71399,0\n"
                          "20000000,0,0,71401,0\n" /* 2 % */
                          "20000000,0,0,70000,11\n"
                          "20000000,0,0,70000,12\n" /* three times the usual */
                          "20000000,0,0,70000,39\n"
                          "2000000,0,0,70000,3\n"); /* a short sample: few are no rate */
    const struct noise_usual usual = { 2, "0+1", 0, 100 };
    double scratch[64];
    struct noise_ledger n;
    (void)state;
    noise_open(&n, c, 0, scratch);
    for (long row = 0; row < c->rows; row++) {
        assert_int_equal(noise_warns(&n, row, &usual), warned[row]);
        assert_int_equal(noise_of(&n, row, &usual), NOISES);
    }
    csv_free(c);
}

/* A backend whose workers always wait 20 % is not disturbed by that, in a run that had the machine
 * to itself; nor by losing its CPU as often as ever. */
static void what_is_usual_is_no_noise(void **state)
{
    static const double foreign[] = { 0.001, 0.2, NAN };
    struct csv *c = parse("wall_ns,runq_ns,nivcsw\n"
                          "20000000,8000000,20\n"
                          "20000000,8100000,22\n"
                          "20000000,8050000,20\n"
                          "20000000,9400000,20\n"    /* 3.25 % more */
                          "20000000,8000000,220\n"); /* eleven times as often */
    long rows[][2] = { { 0, 7 }, { 1, 7 }, { 2, 7 }, { 3, 7 }, { 4, 7 } };
    double scratch[64];
    struct noise_ledger n;
    (void)state;
    for (int i = 0; i < 3; i++) {
        noise_open(&n, c, foreign[i], scratch);
        struct noise_usual u = noise_usual(&n, rows[0], sizeof rows[0], c->rows, 2, "0+1", scratch);
        assert_float_equal(u.switch_rate, 500, 1e-6);
        assert_float_equal(u.wait_share, i ? 0 : 0.2025, 1e-6);
        for (long row = 0; row < 3; row++)
            assert_int_equal(noise_of(&n, row, &u), i ? NOISE_WAITING : NOISES);
        assert_int_equal(noise_of(&n, 3, &u), NOISE_WAITING);
        assert_int_equal(noise_of(&n, 4, &u), i ? NOISE_WAITING : NOISE_SWITCHED);
    }
    csv_free(c);
}

/* ---- verdicts ---- */

struct made {
    char dir[64], path[128];
    FILE *f;
    struct csv *cells, *pairs;
};

static void make(struct made *m)
{
    strcpy(m->dir, "/tmp/teampool-noise-XXXXXX");
    assert_non_null(mkdtemp(m->dir));
    snprintf(m->path, sizeof m->path, "%s/samples.csv", m->dir);
    m->f = fopen(m->path, "w");
    assert_non_null(m->f);
    fputs("backend,schedule,workload,tasks,workers,cpus,twin,block,seq,wall_ns,runq_ns,status\n",
          m->f);
}

static void put(struct made *m, const char *backend, int twin, int block, double wall, double wait)
{
    fprintf(m->f, "%s,dynamic,cpu,100,2,0+1,%d,%d,1,%.0f,%.0f,ok\n", backend, twin, block, wall,
            wait * 2 * wall);
}

static void sum_up(struct made *m)
{
    struct why w = { "" };
    fclose(m->f);
    int saved = dup(STDERR_FILENO), nothing = open("/dev/null", O_WRONLY);
    dup2(nothing, STDERR_FILENO); /* there is no status.csv: it says so */
    close(nothing);
    int error = summarize(m->dir, &w);
    dup2(saved, STDERR_FILENO);
    close(saved);
    if (error)
        fail_msg("%s", w.text);
    snprintf(m->path, sizeof m->path, "%s/pairs.csv", m->dir);
    assert_int_equal(csv_read(&m->pairs, m->path, &w), 0);
    snprintf(m->path, sizeof m->path, "%s/cells.csv", m->dir);
    assert_int_equal(csv_read(&m->cells, m->path, &w), 0);
}

static void unmake(struct made *m)
{
    static const char *const files[] = { "samples.csv", "pairs.csv", "cells.csv" };
    for (int i = 0; i < 3; i++) {
        snprintf(m->path, sizeof m->path, "%s/%s", m->dir, files[i]);
        remove(m->path);
    }
    rmdir(m->dir);
    csv_free(m->cells);
    csv_free(m->pairs);
}

/* The pair of A and B. */
static const char *told(const struct made *m, const char *a, const char *b, const char *column)
{
    const struct csv *p = m->pairs;
    for (long row = 0; row < p->rows; row++)
        if (!strcmp(csv_cell(p, row, csv_column(p, "a_backend")), a) &&
            !strcmp(csv_cell(p, row, csv_column(p, "b_backend")), b))
            return csv_cell(p, row, csv_column(p, column));
    fail_msg("no pair of %s and %s", a, b);
    return "";
}

/* The pool takes 5 % longer; so does omp's twin in one run, and 0.1 % in the other. */
static void twins_give_the_margin(void **state)
{
    static const struct {
        double apart;
        const char *verdict;
    } runs[] = { { 1.001, "slower" }, { 1.05, "same" } };
    (void)state;
    for (int k = 0; k < 2; k++) {
        struct made m;
        make(&m);
        for (int block = 1; block <= 10; block++) {
            double wall = 1e6 * (1 + block * 1e-4);
            put(&m, "omp", 0, block, wall, 0);
            put(&m, "omp", 1, block, wall * runs[k].apart, 0);
            put(&m, "pool", 0, block, wall * 1.05, 0);
        }
        sum_up(&m);
        assert_int_equal(m.pairs->rows, 2); /* the twin is compared with nothing else */
        assert_string_equal(told(&m, "omp", "pool", "verdict"), runs[k].verdict);
        /* one test alone is not adjusted; a twin is none */
        assert_string_equal(told(&m, "omp", "pool", "p_adjusted"),
                            told(&m, "omp", "pool", "p_sign"));
        assert_string_equal(told(&m, "omp", "omp", "p_adjusted"), "");
        double margin = atof(told(&m, "omp", "pool", "margin"));
        assert_float_equal(margin, k ? 0.1 : 0.03, 1e-6);
        unmake(&m);
    }
}

/* The pool is slower in 14 of 16 blocks, those in which it waited for a CPU. */
static void disturbed_blocks_decide_nothing(void **state)
{
    (void)state;
    for (int waits = 0; waits < 2; waits++) {
        struct made m;
        make(&m);
        for (int block = 1; block <= 16; block++) {
            double wall = 1e6 * (1 + block * 1e-4);
            int slow = block <= 14;
            put(&m, "omp", 0, block, wall, 0);
            put(&m, "pool", 0, block, wall * (slow ? 1.2 : 1), slow && waits ? 0.1 : 0);
        }
        sum_up(&m);
        assert_string_equal(told(&m, "omp", "pool", "verdict"), waits ? "unclear" : "slower");
        assert_string_equal(told(&m, "omp", "pool", "blocks_needed"),
                            ""); /* it is not for blocks */
        long row = 1;            /* pool's */
        assert_string_equal(csv_cell(m.cells, row, csv_column(m.cells, "backend")), "pool");
        assert_string_equal(csv_cell(m.cells, row, csv_column(m.cells, "cause")),
                            waits ? "waited for a CPU" : "");
        assert_float_equal(atof(csv_cell(m.cells, row, csv_column(m.cells, "disturbed_share"))),
                           waits ? 14 / 16.0 : 0, 1e-6);
        unmake(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_signal_has_its_limit),
        cmocka_unit_test(an_old_record_is_quiet),
        cmocka_unit_test(warnings_come_first),
        cmocka_unit_test(what_is_usual_is_no_noise),
        cmocka_unit_test(twins_give_the_margin),
        cmocka_unit_test(disturbed_blocks_decide_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
