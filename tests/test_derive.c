/* SPDX-License-Identifier: MIT
 *
 * derive: runs whose times follow from costs that are known, and the tables that must find those
 * costs again.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../bench/command.h"
#include "../bench/summarize.h"
#include "../core/csv.h"
#include "../core/scaling.h"

const char *program_name = "test_derive";

enum { BLOCKS = 6 };

struct fixture {
    char dir[128], path[512];
    FILE *samples, *status;
    int cells;
    double waited; /* share of the workers' time that the next samples wait for a CPU */
    const char *runner, *options; /* of the next samples; NULL: the cell program, none */
    const char *requests;         /* for the lock that they work under; NULL: there is none */
    const char *answers;          /* "inside_most,answer_p50_ns,answer_p99_ns"; NULL: none */
    struct csv *table;
    struct why why;
};

static const char *file_in(struct fixture *x, const char *name)
{
    snprintf(x->path, sizeof x->path, "%s/%s", x->dir, name);
    return x->path;
}

static int setup(void **state)
{
    struct fixture *x = calloc(1, sizeof *x);
    const char *tmp = getenv("TMPDIR");
    snprintf(x->dir, sizeof x->dir, "%s/teampool-derive-XXXXXX",
             tmp && strlen(tmp) < 80 ? tmp : "/tmp");
    *state = x;
    if (!mkdtemp(x->dir))
        return -1;
    x->samples = fopen(file_in(x, "samples.csv"), "w");
    x->status = fopen(file_in(x, "status.csv"), "w");
    fputs("runner,backend,start,schedule,wait,workload,work_version,task_ns,payload_bytes,tasks,"
          "chunk,workers,place,cpus,variant,options,block,seq,sample,warmup,wall_ns,open_ns,"
          "close_ns,busy_sum_ns,runq_ns,status,note,sweep,lock_requests,inside_most,"
          "answer_p50_ns,answer_p99_ns\n",
          x->samples);
    fputs("cell,block,seq,status,reason,wall_ms,line\n", x->status);
    return 0;
}

static int teardown(void **state)
{
    struct fixture *x = *state;
    DIR *d = opendir(x->dir);
    for (struct dirent *e = readdir(d); e; e = readdir(d))
        if (e->d_name[0] != '.')
            remove(file_in(x, e->d_name));
    closedir(d);
    rmdir(x->dir);
    csv_free(x->table);
    free(x);
    return 0;
}

/* ---- made-up cells --------------------------------------------------------------------------- */

struct point {
    const char *backend, *schedule, *workload, *sweep;
    double task_ns, payload, tasks, chunk, workers;
};

/* One sample of P in BLOCK; a BUSY or WALL that is NAN is left empty. */
static void put(struct fixture *x, const struct point *p, int block, double wall, double busy)
{
    char times[2][32] = { "", "" };
    if (!isnan(wall))
        snprintf(times[0], sizeof times[0], "%.17g", wall);
    if (!isnan(busy))
        snprintf(times[1], sizeof times[1], "%.17g", busy);
    x->cells++;
    fprintf(
        x->samples,
        "%s,%s,%s,%s,passive,%s,1,%.17g,%.17g,%.17g,%.17g,%g,close,,,%s,%d,%d,0,0,%s,30000,10000,"
        "%s,%.0f,ok,,%s,%s,%s\n",
        x->runner ? x->runner : "cell", p->backend, strcmp(p->backend, "omp") ? "fork" : "thread",
        p->schedule, p->workload, p->task_ns, p->payload, p->tasks, p->chunk, p->workers,
        x->options ? x->options : "", block, x->cells, times[0], times[1],
        isnan(wall) ? 0 : x->waited * wall * p->workers, p->sweep, x->requests ? x->requests : "",
        x->answers ? x->answers : ",,");
    fprintf(x->status, "%d,%d,%d,ok,,,line\n", x->cells, block, x->cells);
}

/* In every block the same. */
static void put_blocks(struct fixture *x, const struct point *p, int blocks, double wall,
                       double busy)
{
    for (int block = 1; block <= blocks; block++)
        put(x, p, block, wall, busy);
}

static const double lengths[] = { 100, 1000, 10000, 100000, 1000000 };
enum { LENGTHS = sizeof lengths / sizeof *lengths, P = 4 };

static double tasks_at(double task_ns)
{
    return 4e9 / task_ns;
}

/* The co-run reference: one block a worker, a task takes exactly its length. */
static void put_corun(struct fixture *x, double task_ns, int blocks)
{
    double n = tasks_at(task_ns);
    struct point p = { "omp", "static", "cpu", "length", task_ns, 0, n, n / P, P };
    put_blocks(x, &p, blocks, n * task_ns / P, n * task_ns);
}

/* Serial code: SLOWER times the length. */
static void put_serial(struct fixture *x, double task_ns, int blocks, double factor)
{
    struct point p = { "serial", "static", "cpu", "length", task_ns, 0, 1000, 1000, 1 };
    put_blocks(x, &p, blocks, 1000 * task_ns * factor, NAN);
}

/* A team whose every task costs OVERHEAD more. */
static void put_team(struct fixture *x, double task_ns, int blocks, double overhead)
{
    struct point p = { "pool", "dynamic", "cpu", "length", task_ns, 0, tasks_at(task_ns), 1, P };
    put_blocks(x, &p, blocks, p.tasks * (task_ns + overhead) / P, NAN);
}

static void put_lengths(struct fixture *x, int blocks, double overhead)
{
    for (int i = 0; i < LENGTHS; i++) {
        put_corun(x, lengths[i], blocks);
        put_serial(x, lengths[i], blocks, 0.9);
        put_team(x, lengths[i], blocks, overhead);
    }
}

/* ---- what comes of them ---------------------------------------------------------------------- */

static const struct csv *digest(struct fixture *x, const char *name)
{
    if (x->samples) {
        fclose(x->samples);
        fclose(x->status);
        x->samples = NULL;
    }
    csv_free(x->table);
    x->table = NULL;
    if (summarize(x->dir, &x->why))
        fail_msg("summarize: %s", x->why.text);
    assert_int_equal(csv_read(&x->table, file_in(x, name), &x->why), 0);
    return x->table;
}

/* The first row where COLUMN is TEXT and, if OTHER, OTHER is ALSO. */
static long row_of(const struct csv *t, const char *column, const char *text, const char *other,
                   const char *also)
{
    for (long row = 0; row < t->rows; row++)
        if (!strcmp(csv_cell(t, row, csv_column(t, column)), text) &&
            (!other || !strcmp(csv_cell(t, row, csv_column(t, other)), also)))
            return row;
    fail_msg("no row where %s is %s%s%s", column, text, other ? " and " : "", other ? also : "");
    return -1;
}

static void expect(const struct csv *t, long row, const char *column, const char *text)
{
    if (csv_column(t, column) < 0)
        fail_msg("no column %s", column);
    if (strcmp(csv_cell(t, row, csv_column(t, column)), text) != 0)
        fail_msg("row %ld: %s is '%s', not '%s'", row, column,
                 csv_cell(t, row, csv_column(t, column)), text);
}

static void expect_near(const struct csv *t, long row, const char *column, double value)
{
    double found = NAN;
    if (!csv_number(t, row, csv_column(t, column), &found) ||
        !(fabs(found - value) <= 1e-5 * fabs(value) + 1e-9))
        fail_msg("row %ld: %s is '%s', not %g", row, column,
                 csv_cell(t, row, csv_column(t, column)), value);
}

/* ---- metg.csv -------------------------------------------------------------------------------- */

static void metg_constant(void **state)
{
    struct fixture *x = *state;
    put_lengths(x, BLOCKS, 500);
    const struct csv *t = digest(x, "metg.csv");
    long row = row_of(t, "backend", "pool", NULL, NULL);
    expect(t, row, "schedule", "dynamic");
    expect(t, row, "workers", "4");
    expect(t, row, "lengths", "5");
    expect(t, row, "reference", "co-run");
    expect(t, row, "blocks", "6");
    expect_near(t, row, "metg50_ns", 1000);
    expect_near(t, row, "metg50_low_ns", 1000);
    expect_near(t, row, "metg50_high_ns", 1000);
    expect_near(t, row, "metg90_ns", 5000);
    expect_near(t, row, "metg95_ns", 10000);
    expect(t, row, "metg50_status", "at");
    expect_near(t, row, "max_efficiency", 1e6 / (1e6 + 500));
    expect_near(t, row, "spread", 5);
    expect(t, row, "diagnosis", "constant");
}

static void metg_below(void **state)
{
    struct fixture *x = *state;
    put_lengths(x, BLOCKS, 10);
    const struct csv *t = digest(x, "metg.csv");
    long row = row_of(t, "backend", "pool", NULL, NULL);
    expect(t, row, "metg50_status", "below");
    expect(t, row, "metg50_ns", "");
    expect(t, row, "metg90_status", "below");
    expect(t, row, "metg95_status", "at");
    expect_near(t, row, "metg95_ns", 200);
    expect(t, row, "shortest_ns", "100");
    expect(t, row, "spread", "");
    expect(t, row, "diagnosis", "");
    row = row_of(t, "backend", "omp", NULL, NULL); /* measured against itself */
    expect(t, row, "metg95_status", "below");
    expect(t, row, "max_efficiency", "1");
}

static void metg_not_reached(void **state)
{
    struct fixture *x = *state;
    put_lengths(x, BLOCKS, 4e6);
    const struct csv *t = digest(x, "metg.csv");
    long row = row_of(t, "backend", "pool", NULL, NULL);
    expect(t, row, "metg50_status", "not_reached");
    expect(t, row, "metg50_ns", "");
    expect_near(t, row, "max_efficiency", 0.2);
}

/* Overhead in proportion to the work: long tasks are no better than short ones beyond a point. */
static void metg_imbalance(void **state)
{
    struct fixture *x = *state;
    for (int i = 0; i < LENGTHS; i++) {
        put_corun(x, lengths[i], BLOCKS);
        put_team(x, lengths[i], BLOCKS, 500 + 0.09 * lengths[i]);
    }
    const struct csv *t = digest(x, "metg.csv");
    long row = row_of(t, "backend", "pool", NULL, NULL);
    expect(t, row, "diagnosis", "imbalance");
}

static void metg_without_corun(void **state)
{
    struct fixture *x = *state;
    for (int i = 0; i < LENGTHS; i++) {
        put_serial(x, lengths[i], BLOCKS, 1);
        put_team(x, lengths[i], BLOCKS, 500);
    }
    const struct csv *t = digest(x, "metg.csv");
    long row = row_of(t, "backend", "pool", NULL, NULL);
    expect(t, row, "reference", "serial");
    expect_near(t, row, "metg50_ns", 1000);
}

static void metg_without_any(void **state)
{
    struct fixture *x = *state;
    for (int i = 0; i < LENGTHS; i++)
        put_team(x, lengths[i], BLOCKS, 500);
    const struct csv *t = digest(x, "metg.csv");
    expect(t, 0, "reference", "none");
    expect(t, 0, "blocks", "0");
    expect(t, 0, "metg50_ns", "");
    expect(t, 0, "metg50_status", "unknown");
}

static void metg_one_block(void **state)
{
    struct fixture *x = *state;
    put_lengths(x, 1, 500);
    const struct csv *t = digest(x, "metg.csv");
    long row = row_of(t, "backend", "pool", NULL, NULL);
    expect_near(t, row, "metg50_ns", 1000);
    expect(t, row, "metg50_low_ns", "");
    expect(t, row, "metg50_high_ns", "");
    expect(t, row, "diagnosis", "");
}

/* A time that is missing takes its block out; workers' times that are missing, the reference. */
static void metg_missing_times(void **state)
{
    struct fixture *x = *state;
    for (int i = 0; i < LENGTHS; i++) {
        double n = tasks_at(lengths[i]);
        struct point corun = { "omp", "static", "cpu", "length", lengths[i], 0, n, n / P, P };
        struct point team = { "pool", "dynamic", "cpu", "length", lengths[i], 0, n, 1, P };
        put_blocks(x, &corun, BLOCKS, n * lengths[i] / P, NAN);
        put_serial(x, lengths[i], BLOCKS, 1);
        for (int block = 1; block <= BLOCKS; block++)
            put(x, &team, block, i == 2 && block == 3 ? NAN : n * (lengths[i] + 500) / P, NAN);
    }
    const struct csv *t = digest(x, "metg.csv");
    long row = row_of(t, "backend", "pool", NULL, NULL);
    expect(t, row, "reference", "serial");
    expect(t, row, "blocks", "5");
    expect_near(t, row, "metg50_ns", 1000);
    expect(t, row, "metg50_low_ns", "");
}

/* Blocks in which somebody else had the CPUs are left out, if six others remain. */
static void put_disturbed_run(struct fixture *x, int quiet, int disturbed)
{
    for (int i = 0; i < LENGTHS; i++) {
        double n = tasks_at(lengths[i]);
        struct point team = { "pool", "dynamic", "cpu", "length", lengths[i], 0, n, 1, P };
        put_corun(x, lengths[i], quiet + disturbed);
        put_blocks(x, &team, quiet, n * (lengths[i] + 500) / P, NAN);
        x->waited = 0.1;
        for (int block = quiet + 1; block <= quiet + disturbed; block++)
            put(x, &team, block, n * (lengths[i] + 1500) / P, NAN);
        x->waited = 0;
    }
}

static void metg_of_quiet_blocks(void **state)
{
    struct fixture *x = *state;
    put_disturbed_run(x, 6, 9);
    const struct csv *t = digest(x, "metg.csv");
    long row = row_of(t, "backend", "pool", NULL, NULL);
    expect(t, row, "blocks", "6");
    expect_near(t, row, "metg50_ns", 1000);
    expect_near(t, row, "metg50_high_ns", 1000);
}

static void metg_of_all_blocks(void **state)
{
    struct fixture *x = *state;
    put_disturbed_run(x, 5, 9);
    const struct csv *t = digest(x, "metg.csv");
    long row = row_of(t, "backend", "pool", NULL, NULL);
    expect(t, row, "blocks", "14");
    expect_near(t, row, "metg50_ns", 3000);
}

/* A short job's workers are busy with more than work: it is no reference if there is a longer. */
static void longest_reference(void **state)
{
    struct fixture *x = *state;
    put_lengths(x, BLOCKS, 500);
    for (int i = 0; i < LENGTHS; i++) {
        struct point p = { "omp", "static", "cpu", "a_tasks", lengths[i], 0, 8, 2, P };
        put_blocks(x, &p, BLOCKS, 2 * lengths[i] + 5000, 8 * lengths[i] + 20000);
    }
    const struct csv *t = digest(x, "metg.csv");
    expect_near(t, row_of(t, "backend", "pool", NULL, NULL), "metg50_ns", 1000);
}

/* ---- costs.csv and prediction.csv ------------------------------------------------------------ */

enum { FIX = 7000, CHUNK = 200, ITEM = 5 };

/* A cell that the model describes exactly; chunks come out even. */
static void put_exact(struct fixture *x, const char *workload, const char *sweep, double task_ns,
                      double payload, double tasks, double chunk, double byte)
{
    struct point p = { "pool", "dynamic", workload, sweep, task_ns, payload, tasks, chunk, P };
    double work = tasks * (task_ns + ITEM + byte * payload) + tasks / chunk * CHUNK;
    put_blocks(x, &p, BLOCKS, FIX + work / P, NAN);
}

static void put_model_run(struct fixture *x)
{
    for (int k = 0; k < 2; k++) {
        double task_ns = k ? 10000 : 1000;
        put_corun(x, task_ns, BLOCKS);
        put_serial(x, task_ns, BLOCKS, 0.8);
        for (double chunk = 1; chunk <= 1024; chunk *= 4)
            put_exact(x, "cpu", "chunk", task_ns, 0, 4096, chunk, 0);
        put_exact(x, "cpu", "tasks", task_ns, 0, 64, 1, 0);
        put_exact(x, "cpu", "tasks", task_ns, 0, 512, 1, 0);
    }
}

static void costs_recovered(void **state)
{
    static const struct {
        const char *cost, *unit;
        double value;
    } wanted[] = { { "t_fix", "ns", FIX },   { "o_chunk", "ns", CHUNK },
                   { "o_item", "ns", ITEM }, { "o_byte", "ns/byte", 0.25 },
                   { "open", "ns", 30000 },  { "close", "ns", 10000 } };
    struct fixture *x = *state;
    put_model_run(x);
    for (double bytes = 256; bytes <= 16384; bytes *= 8)
        put_exact(x, "payload", "payload", 1000, bytes, 4096, 4, 0.25);
    const struct csv *t = digest(x, "costs.csv");
    for (int i = 0; i < 6; i++) {
        long row = row_of(t, "backend", "pool", "cost", wanted[i].cost);
        expect(t, row, "unit", wanted[i].unit);
        expect_near(t, row, "value", wanted[i].value);
        expect_near(t, row, "low", wanted[i].value);
        expect_near(t, row, "high", wanted[i].value);
        expect(t, row, "blocks", "6");
    }
    /* 4096 tasks in chunks of 1, less a quarter of what serial code takes for them */
    long row = row_of(t, "backend", "pool", "cost", "epcc_overhead");
    expect(t, row, "chunk", "1");
    expect_near(t, row, "value", FIX + 4096.0 / P * (1000 + ITEM + CHUNK - 800));
}

static void prediction_exact(void **state)
{
    struct fixture *x = *state;
    put_model_run(x);
    const struct csv *t = digest(x, "prediction.csv");
    long last = row_of(t, "row", "median_of_all", NULL, NULL);
    assert_int_equal(last, t->rows - 1);
    double error = NAN;
    assert_true(csv_number(t, last, csv_column(t, "error"), &error) && error < 1e-6);
    expect(t, last, "cells", "3"); /* of 16 */
    long row = row_of(t, "row", "cell", NULL, NULL);
    double predicted, measured;
    assert_true(csv_number(t, row, csv_column(t, "predicted_ns"), &predicted));
    assert_true(csv_number(t, row, csv_column(t, "measured_ns"), &measured));
    assert_true(fabs(predicted / measured - 1) < 1e-5);
    expect(t, row_of(t, "row", "median_of_series", NULL, NULL), "backend", "pool");
}

/* Teams of 1, 2 and 8 workers who work for task_ns a task and claim each chunk for COUNTER ns of a
 * counter that serves one at a time: what the smaller teams say of the larger ones. */
static void larger_teams(void **state)
{
    enum { COUNTER = 100 };
    static const int teams[] = { 1, 2, 8 };
    struct fixture *x = *state;
    for (int t = 0; t < 3; t++)
        for (double task_ns = 100; task_ns <= 10000; task_ns *= 10)
            for (double chunk = 0; chunk <= 64; chunk = chunk ? chunk * 4 : 1) {
                double n = 65536, p = teams[t];
                struct point reference = {
                    "omp", "static", "cpu", "length", task_ns, 0, n, n / p, p
                };
                struct point team = { "pool", "dynamic", "cpu", "chunk", task_ns, 0, n, chunk, p };
                if (chunk)
                    put_blocks(x, &team, BLOCKS,
                               scaling_claims(n / chunk, p, chunk * task_ns, COUNTER), NAN);
                else
                    put_blocks(x, &reference, BLOCKS, n * task_ns / p, n * task_ns);
            }
    const struct csv *t = digest(x, "prediction.csv");
    int seen = 0;
    for (long row = 0; row < t->rows; row++) {
        double error, from, workers, task_ns, chunk;
        if (strcmp(csv_cell(t, row, 0), "larger_team") ||
            strcmp(csv_cell(t, row, csv_column(t, "backend")), "pool"))
            continue;
        assert_true(csv_number(t, row, csv_column(t, "error"), &error));
        assert_true(csv_number(t, row, csv_column(t, "from_workers"), &from));
        assert_true(csv_number(t, row, csv_column(t, "workers"), &workers));
        assert_true(csv_number(t, row, csv_column(t, "task_ns"), &task_ns));
        assert_true(csv_number(t, row, csv_column(t, "chunk"), &chunk));
        assert_true(from < workers);
        seen++;
        if (!(fabs(error) < 0.02))
            fail_msg("%g workers from %g, %g ns by %g: off by %g", workers, from, task_ns, chunk,
                     error);
    }
    assert_int_equal(seen, 36); /* 12 cells: 2 and 8 from 1, 8 from 2 */
    long row = row_of(t, "row", "median_of_larger_teams", NULL, NULL);
    double half = NAN;
    assert_true(csv_number(t, row, csv_column(t, "error"), &half) && half < 0.05);
}

/* Static hands nothing out: what a job costs can be told, and what a task does. */
static void costs_static(void **state)
{
    struct fixture *x = *state;
    put_corun(x, 1000, BLOCKS);
    for (double tasks = 64; tasks <= 65536; tasks *= 4) {
        struct point p = { "pool", "static", "cpu", "tasks", 1000, 0, tasks, tasks / P, P };
        put_blocks(x, &p, BLOCKS, FIX + tasks * (1000 + ITEM) / P, NAN);
    }
    const struct csv *t = digest(x, "costs.csv");
    expect_near(t, row_of(t, "schedule", "static", "cost", "t_fix"), "value", FIX);
    expect_near(t, row_of(t, "backend", "pool", "cost", "o_item"), "value", ITEM);
    for (long row = 0; row < t->rows; row++)
        assert_string_not_equal(csv_cell(t, row, csv_column(t, "cost")), "o_chunk");
}

static void costs_of_lengths(void **state)
{
    struct fixture *x = *state;
    put_lengths(x, BLOCKS, 500);
    const struct csv *t = digest(x, "costs.csv");
    /* at 10 µs: serial code takes 9 µs, the team 2.625 */
    long row = row_of(t, "cost", "break_even", "task_ns", "10000");
    expect(t, row, "backend", "omp");
    while (strcmp(csv_cell(t, row, csv_column(t, "backend")), "pool") ||
           strcmp(csv_cell(t, row, csv_column(t, "cost")), "break_even") ||
           strcmp(csv_cell(t, row, csv_column(t, "task_ns")), "10000"))
        row++;
    expect_near(t, row, "value", 40000.0 / (9000 - 2625));
    row = row_of(t, "backend", "pool", "cost", "speedup");
    expect(t, row, "task_ns", "10000"); /* the middle one */
    expect_near(t, row, "value", 9000.0 / 2625);
    row = row_of(t, "backend", "pool", "cost", "hardware");
    expect_near(t, row, "value", 0.9);
    row = row_of(t, "backend", "pool", "cost", "efficiency");
    expect_near(t, row, "value", 10000.0 / 10500);
}

static void never_breaks_even(void **state)
{
    struct fixture *x = *state;
    put_lengths(x, BLOCKS, 1e7);
    const struct csv *t = digest(x, "costs.csv");
    long row = row_of(t, "backend", "pool", "cost", "break_even");
    expect(t, row, "value", "");
    expect(t, row, "note", "parallel saves nothing here");
}

/* ---- chunks.csv ------------------------------------------------------------------------------ */

static void chunks(void **state)
{
    static const double times[] = { 2.0, 1.2, 1.01, 1.0, 1.015, 1.3 }; /* of 1, 4, ..., 1024 */
    struct fixture *x = *state;
    put_corun(x, 1000, BLOCKS);
    put_serial(x, 1000, BLOCKS, 1);
    for (int i = 0; i < 6; i++) {
        struct point p = { "omp", "dynamic", "cpu", "chunk", 1000, 0, 4096, pow(4, i), P };
        put_blocks(x, &p, BLOCKS, 4096 * 1000 / P * times[i], NAN);
    }
    struct point guided = { "omp", "guided", "cpu", "chunk", 1000, 0, 4096, 1, P };
    put_blocks(x, &guided, BLOCKS, 4096 * 1000 / P * 1.04, NAN);
    const struct csv *t = digest(x, "chunks.csv");
    assert_int_equal(t->rows, 1); /* guided has no ladder of its own */
    expect_near(t, 0, "guided_regret", 0.04);
    expect(t, 0, "guided_chunk", "1");
    expect(t, 0, "backend", "omp");
    expect(t, 0, "task_ns", "1000");
    expect(t, 0, "tasks", "4096");
    expect(t, 0, "chunks", "6");
    expect(t, 0, "best_chunk", "64");
    expect(t, 0, "low_chunk", "16");
    expect(t, 0, "high_chunk", "256");
    expect(t, 0, "recommended_chunk", "64");
    expect(t, 0, "cpython_chunk", "256");
    expect_near(t, 0, "cpython_regret", 0.015);
    expect(t, 0, "static_chunk", "1024");
    expect_near(t, 0, "static_regret", 0.3);
    expect_near(t, 0, "dynamic_regret", 1);
    expect_near(t, 0, "dynamic_regret_high", 1);
}

static void chunk_of_the_model(void **state)
{
    struct fixture *x = *state;
    put_model_run(x);
    const struct csv *t = digest(x, "chunks.csv");
    long row = row_of(t, "task_ns", "1000", NULL, NULL);
    expect_near(t, row, "model_chunk", round(sqrt(4096.0 * CHUNK / (P * 1000))));
}

/* ---- scaling.csv ----------------------------------------------------------------------------- */

static void put_workers(struct fixture *x, int counts, double sigma, double kappa)
{
    struct point serial = { "serial", "static", "cpu", "workers", 10000, 0, 1000, 1000, 1 };
    put_blocks(x, &serial, BLOCKS, 1e7, NAN);
    for (int i = 0; i < counts; i++) {
        double w = i + 1, speedup = w / (1 + sigma * (w - 1) + kappa * w * (w - 1));
        struct point p = { "omp", "dynamic", "cpu", "workers", 10000, 0, 1000, 16, w };
        put_blocks(x, &p, BLOCKS, 1e7 / speedup, NAN);
    }
}

static void scaling_two_counts(void **state)
{
    struct fixture *x = *state;
    put_workers(x, 2, 0.1, 0); /* that is Amdahl's law */
    const struct csv *t = digest(x, "scaling.csv");
    assert_int_equal(t->rows, 1);
    expect(t, 0, "counts", "2");
    expect(t, 0, "workers", "2");
    expect_near(t, 0, "amdahl", 0.1);
    expect_near(t, 0, "amdahl_low", 0.1);
    expect_near(t, 0, "karp_flatt", 0.1);
    expect(t, 0, "sigma", "");
    expect(t, 0, "note", "only 2 worker counts: USL takes 6");
}

static void scaling_many_counts(void **state)
{
    struct fixture *x = *state;
    put_workers(x, 8, 0.02, 0.01);
    const struct csv *t = digest(x, "scaling.csv");
    double found;
    expect(t, 0, "counts", "8");
    assert_true(csv_number(t, 0, csv_column(t, "sigma"), &found) && fabs(found - 0.02) < 1e-4);
    assert_true(csv_number(t, 0, csv_column(t, "kappa"), &found) && fabs(found - 0.01) < 1e-4);
    assert_true(csv_number(t, 0, csv_column(t, "peak_workers"), &found) &&
                fabs(found - sqrt(0.98 / 0.01)) < 0.01);
    expect(t, 0, "note", "");
}

/* Workers on second threads do not count for the laws. */
static void scaling_on_cores_alike(void **state)
{
    struct fixture *x = *state;
    FILE *f = fopen(file_in(x, "machine.csv"), "w");
    assert_non_null(f);
    fputs("key,value,note\nalike_cores,6,\n", f);
    fclose(f);
    put_workers(x, 6, 0.02, 0);
    for (int w = 8; w <= 12; w += 4) {
        struct point p = { "omp", "dynamic", "cpu", "workers", 10000, 0, 1000, 16, w };
        put_blocks(x, &p, BLOCKS, 1e7 / 6, NAN);
    }
    const struct csv *t = digest(x, "scaling.csv");
    expect(t, 0, "counts", "8");
    expect(t, 0, "workers", "12");
    expect(t, 0, "law_workers", "6");
    expect_near(t, 0, "amdahl", 0.02);
    expect_near(t, 0, "speedup", 6);
}

/* ---- map.csv, crossover.csv ------------------------------------------------------------------ */

/* Threads and a team at every length, with so many bytes; OVERHEAD a task more for the team. */
static void put_sides(struct fixture *x, double payload, int blocks, double overhead)
{
    const char *workload = payload ? "payload" : "cpu", *sweep = payload ? "payload" : "length";
    for (int i = 0; i < LENGTHS; i++) {
        struct point p = { "omp", "dynamic", workload, sweep, lengths[i], payload, 1000, 1, P };
        put_blocks(x, &p, blocks, 1000 * lengths[i] / P, NAN);
        p.backend = "pipe";
        p.tasks = payload ? 1000 : 500; /* the map is per task */
        put_blocks(x, &p, blocks, p.tasks * (lengths[i] + overhead) / P, NAN);
    }
}

static void map_of_both(void **state)
{
    struct fixture *x = *state;
    put_sides(x, 0, BLOCKS, 500);
    put_sides(x, 4096, BLOCKS, 6000);
    const struct csv *t = digest(x, "map.csv");
    assert_int_equal(t->rows, 2 * LENGTHS); /* threads are not held against themselves */
    long row = row_of(t, "payload_bytes", "4096", "task_ns", "1000");
    expect(t, row, "backend", "pipe");
    expect(t, row, "blocks", "6");
    expect_near(t, row, "ratio", 7);
    expect_near(t, row, "ratio_low", 7);
    expect(t, row, "verdict", "slower");
    row = row_of(t, "payload_bytes", "0", "task_ns", "100000");
    expect_near(t, row, "ratio", 1.005);
    expect(t, row, "verdict", "same");

    /* within 3 % from overhead / 0.03 on */
    t = digest(x, "crossover.csv");
    assert_int_equal(t->rows, 2);
    row = row_of(t, "payload_bytes", "4096", NULL, NULL);
    expect(t, row, "lengths", "5");
    expect(t, row, "status", "at");
    expect_near(t, row, "from_ns", 6000 / 0.03);
    expect_near(t, row, "from_high_ns", 6000 / 0.03);
    expect_near(t, row_of(t, "payload_bytes", "0", NULL, NULL), "from_ns", 500 / 0.03);
}

static void crossover_beyond_the_map(void **state)
{
    struct fixture *x = *state;
    put_sides(x, 0, BLOCKS, 1);
    put_sides(x, 4096, BLOCKS, 1e6);
    const struct csv *t = digest(x, "crossover.csv");
    long row = row_of(t, "payload_bytes", "0", NULL, NULL);
    expect(t, row, "status", "below");
    expect(t, row, "from_ns", "");
    expect(t, row_of(t, "payload_bytes", "4096", NULL, NULL), "status", "not_reached");
}

static void map_of_one_block(void **state)
{
    struct fixture *x = *state;
    put_sides(x, 0, 1, 500);
    const struct csv *t = digest(x, "map.csv");
    expect(t, 0, "ratio_low", "");
    expect(t, 0, "verdict", "unclear");
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void nothing_measured(void **state)
{
    static const char *const names[] = { "metg.csv",   "map.csv",     "crossover.csv", "costs.csv",
                                         "chunks.csv", "scaling.csv", "lock.csv" };
    struct fixture *x = *state;
    for (int i = 0; i < 7; i++)
        assert_int_equal(digest(x, names[i])->rows, 0);
    const struct csv *t = digest(x, "prediction.csv");
    assert_int_equal(t->rows, 1);
    expect(t, 0, "error", "");
    expect(t, 0, "cells", "0");
}

/* ---- lock.csv -------------------------------------------------------------------------------- */

/* Tasks of 1 ms by two threads, of which each needs the lock for HELD per cent; by two processes
 * to which a task costs COST times its length more; and one by one. */
static void put_lock(struct fixture *x, const int *held, int count, double cost)
{
    struct point p = { "gil", "dynamic", "cpu", "gil", 1e6, 0, 100, 1, 2 };
    char options[32];
    x->options = options;
    x->requests = "20";
    for (int i = 0; i < count; i++) {
        double g = held[i] / 100.0;
        snprintf(options, sizeof options, held[i] < 100 ? "held:%d" : "", held[i]);
        put_blocks(x, &p, BLOCKS, 1e8 * (g + (1 - g) / 2), NAN);
    }
    x->options = x->requests = NULL;
    p = (struct point){ "pool", "dynamic", "cpu", "gil", 1e6, 0, 100, 1, 2 };
    put_blocks(x, &p, BLOCKS, 1e8 * (1 + cost) / 2, NAN);
    x->runner = "py-pool"; /* it is called pool, too, and is no mate of ours */
    put_blocks(x, &p, BLOCKS, 1e7, NAN);
    x->runner = NULL;
    p = (struct point){ "serial", "static", "cpu", "gil", 1e6, 0, 100, 100, 1 };
    put_blocks(x, &p, BLOCKS, 1e8, NAN);
}

static void lock_crossing(void **state)
{
    static const int held[] = { 100, 0, 50, 25 };
    struct fixture *x = *state;
    put_lock(x, held, 4, 0.2);
    const struct csv *t = digest(x, "lock.csv");
    long row = row_of(t, "figure", "crossing", NULL, NULL);
    expect(t, row, "status", "at");
    expect_near(t, row, "value", 0.236); /* g + (1 - g) / 2 = 1.03 * 1.2 / 2 */
    expect_near(t, row, "low", 0.236);
    expect(t, row, "held", "");
    expect(t, row, "blocks", "6");
    row = row_of(t, "figure", "against", "held", "0.25");
    expect_near(t, row, "value", 0.625 / 0.6);
    row = row_of(t, "figure", "speedup", "lock", "new");
    expect(t, row, "held", "1");
    expect(t, row, "switch_us", "5000");
    expect_near(t, row, "value", 1);
    row = row_of(t, "figure", "speedup", "backend", "pool");
    expect_near(t, row, "value", 2 / 1.2);
    expect(t, row, "lock", "");
    row = row_of(t, "figure", "speedup", "held", "0"); /* of this, no lock is left */
    expect(t, row, "lock", "");
    expect_near(t, row, "value", 2);
}

static void lock_without_crossing(void **state)
{
    static const int held[] = { 50, 100 };
    struct fixture *x = *state;
    put_lock(x, held, 2, 2);
    const struct csv *t = digest(x, "lock.csv");
    long row = row_of(t, "figure", "crossing", NULL, NULL);
    expect(t, row, "status", "not_reached");
    expect(t, row, "value", "");
}

static void lock_crossed_before(void **state)
{
    static const int held[] = { 50, 100 };
    struct fixture *x = *state;
    put_lock(x, held, 2, 0);
    const struct csv *t = digest(x, "lock.csv");
    expect(t, row_of(t, "figure", "crossing", NULL, NULL), "status", "below");
}

/* One share only, and processes: nothing is crossed. */
static void lock_one_share(void **state)
{
    static const int held[] = { 100 };
    struct fixture *x = *state;
    put_lock(x, held, 1, 0);
    const struct csv *t = digest(x, "lock.csv");
    expect_near(t, row_of(t, "figure", "against", "held", "1"), "value", 2);
    for (long row = 0; row < t->rows; row++)
        assert_string_not_equal(csv_cell(t, row, csv_column(t, "figure")), "crossing");
}

static void lock_answers(void **state)
{
    struct fixture *x = *state;
    struct point p = { "another_lock", "dynamic", "convoy", "gil", 2e8, 0, 2, 1, 2 };
    x->options = "switch_us:500";
    x->requests = "0"; /* nobody asked for it, but it is there */
    x->answers = ",550000,900000";
    put_blocks(x, &p, BLOCKS, 2e8, NAN);
    x->options = "lock:old";
    put_blocks(x, &p, BLOCKS, 2e8, NAN);
    x->options = x->requests = NULL;
    p = (struct point){ "omp", "dynamic", "inside", "gil", 1e6, 0, 10, 1, 2 };
    x->answers = "2,,";
    put_blocks(x, &p, BLOCKS, 5e6, NAN);
    const struct csv *t = digest(x, "lock.csv");
    long row = row_of(t, "figure", "answer_p50", "lock", "new");
    expect(t, row, "switch_us", "500");
    expect(t, row, "computing", "1");
    expect(t, row, "value", "550000");
    expect(t, row, "low", "550000");
    expect(t, row_of(t, "figure", "answer_p99", "lock", "new"), "value", "900000");
    expect(t, row_of(t, "figure", "answer_p50", "lock", "old"), "switch_us", "");
    row = row_of(t, "figure", "inside", NULL, NULL);
    expect(t, row, "value", "2");
    expect(t, row, "computing", "");
    assert_int_equal(t->rows, 5);
}

/* Python's threads have a lock of their own; its processes have none in common. */
static void lock_of_python(void **state)
{
    struct fixture *x = *state;
    struct point p = { "threads", "dynamic", "convoy", "gil", 2e8, 0, 2, 1, 2 };
    x->runner = "py-threads";
    x->options = "switch_us:50";
    x->answers = ",200000,300000";
    put_blocks(x, &p, BLOCKS, 2e8, NAN);
    x->runner = x->options = x->answers = NULL;
    p = (struct point){ "omp", "dynamic", "python_cpu", "gil", 1e6, 0, 100, 1, 2 };
    put_blocks(x, &p, BLOCKS, 1e8, NAN);
    p.backend = "pool";
    put_blocks(x, &p, BLOCKS, 5e7, NAN);
    p = (struct point){ "serial", "static", "python_cpu", "gil", 1e6, 0, 100, 100, 1 };
    put_blocks(x, &p, BLOCKS, 1e8, NAN);
    const struct csv *t = digest(x, "lock.csv");
    long row = row_of(t, "figure", "answer_p50", "lock", "python");
    expect(t, row, "switch_us", "50");
    expect(t, row, "held", "1");
    row = row_of(t, "figure", "speedup", "lock", "python");
    expect(t, row, "workload", "python_cpu");
    expect(t, row, "switch_us", "5000");
    expect_near(t, row, "value", 1);
    row = row_of(t, "figure", "speedup", "backend", "pool");
    expect(t, row, "lock", "");
    expect_near(t, row, "value", 2);
    assert_int_equal(t->rows, 4);
}

static char *bytes_of(struct fixture *x, const char *name)
{
    char *text = calloc(1, 1 << 16);
    FILE *f = fopen(file_in(x, name), "r");
    assert_non_null(f);
    assert_true(fread(text, 1, (1 << 16) - 1, f) > 0);
    fclose(f);
    return text;
}

static void same_bytes(void **state)
{
    static const char *const names[] = {
        "metg.csv",   "map.csv",     "crossover.csv",  "costs.csv",
        "chunks.csv", "scaling.csv", "prediction.csv", "lock.csv"
    };
    static const int held[] = { 0, 100 };
    struct fixture *x = *state;
    put_lengths(x, BLOCKS, 500);
    put_lock(x, held, 2, 0.2);
    put_model_run(x);
    put_workers(x, 3, 0.1, 0);
    for (int i = 0; i < 8; i++) {
        digest(x, names[i]);
        char *first = bytes_of(x, names[i]);
        digest(x, names[i]);
        char *again = bytes_of(x, names[i]);
        assert_string_equal(first, again);
        free(first);
        free(again);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(metg_constant),
        TEST(metg_below),
        TEST(metg_not_reached),
        TEST(metg_imbalance),
        TEST(metg_without_corun),
        TEST(metg_without_any),
        TEST(metg_one_block),
        TEST(metg_missing_times),
        TEST(costs_recovered),
        TEST(prediction_exact),
        TEST(costs_static),
        TEST(costs_of_lengths),
        TEST(never_breaks_even),
        TEST(chunks),
        TEST(chunk_of_the_model),
        TEST(larger_teams),
        TEST(scaling_two_counts),
        TEST(scaling_many_counts),
        TEST(scaling_on_cores_alike),
        TEST(nothing_measured),
        TEST(same_bytes),
        TEST(metg_of_quiet_blocks),
        TEST(metg_of_all_blocks),
        TEST(longest_reference),
        TEST(map_of_both),
        TEST(crossover_beyond_the_map),
        TEST(map_of_one_block),
        TEST(lock_crossing),
        TEST(lock_without_crossing),
        TEST(lock_crossed_before),
        TEST(lock_one_share),
        TEST(lock_answers),
        TEST(lock_of_python),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
