/* SPDX-License-Identifier: MIT
 *
 * summarize: runs made of text, each in a folder of its own, and the two tables that come of them,
 * by value.  Times are chosen so that every median can be seen at a glance.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../bench/command.h"
#include "../bench/summarize.h"
#include "../core/csv.h"

const char *program_name = "test_summarize";

#define KEY                                                                                        \
    "runner,backend,start,schedule,wait,workload,work_version,task_ns,payload_bytes,tasks,chunk,"  \
    "workers,place,cpus,variant"
#define SAMPLES                                                                                    \
    KEY ",block,seq,sample,warmup,wall_ns,open_ns,close_ns,first_ns,busy_sum_ns,runq_ns,status,"   \
        "note,sweep,foreign_ns\n"
#define STATUS "cell,block,seq,status,reason,wall_ms,line\n"

/* The folder of one run, and what summarize said about it. */
struct fixture {
    char dir[128];
    char path[512];
    FILE *samples, *status;
    struct csv *cells, *pairs;
    struct why why;
    char said[2048];
};

static const char *file_in(struct fixture *x, const char *name)
{
    snprintf(x->path, sizeof x->path, "%s/%s", x->dir, name);
    return x->path;
}

static FILE *create(struct fixture *x, const char *name, const char *text)
{
    FILE *f = fopen(file_in(x, name), "w");
    assert_non_null(f);
    fputs(text, f);
    return f;
}

static int setup(void **state)
{
    struct fixture *x = calloc(1, sizeof *x);
    const char *tmp = getenv("TMPDIR");
    snprintf(x->dir, sizeof x->dir, "%s/teampool-sum-XXXXXX",
             tmp && strlen(tmp) < 90 ? tmp : "/tmp");
    *state = x;
    return mkdtemp(x->dir) ? 0 : -1;
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
    csv_free(x->cells);
    csv_free(x->pairs);
    free(x);
    return 0;
}

static void begin(struct fixture *x)
{
    x->samples = create(x, "samples.csv", SAMPLES);
    x->status = create(x, "status.csv", STATUS);
}

static void end(struct fixture *x)
{
    fclose(x->samples);
    fclose(x->status);
}

/* A cell of the runs below; what is left out is common to all. */
struct point {
    const char *backend, *schedule;
    int tasks, chunk, workers;
    const char *sweep;
};

static const struct point serial = { "serial", "static", 1000, 1, 1, "chunk+tasks" };
static const struct point team = { "omp", "dynamic", 1000, 1, 4, "chunk+tasks" };
static const struct point pool = { "pool", "dynamic", 1000, 1, 4, "tasks+workers" };

/* One row; ENDING is all from wall_ns to the note. */
static void row(struct fixture *x, const struct point *p, int block, int seq, int sample,
                int warmup, const char *ending)
{
    fprintf(x->samples,
            "cell,%s,fork,%s,passive,cpu,1,10000,0,%d,%d,%d,cores,,,%d,%d,%d,%d,%s,%s,%d\n",
            p->backend, p->schedule, p->tasks, p->chunk, p->workers, block, seq, sample, warmup,
            ending, p->sweep, 0);
}

static void sample(struct fixture *x, const struct point *p, int block, int seq, int number,
                   long wall)
{
    char ending[128];
    snprintf(ending, sizeof ending, "%ld,500,,20,%ld,%ld,ok,", wall, wall * 2, wall / 10);
    row(x, p, block, seq, number, 0, ending);
}

static void finished(struct fixture *x, int cell, int block, int seq, const char *status,
                     const char *reason, const char *line)
{
    fprintf(x->status, "%d,%d,%d,%s,%s,60000,%s\n", cell, block, seq, status, reason, line);
}

/* A cell's process that went well: three samples around MIDDLE. */
static void process(struct fixture *x, const struct point *p, int cell, int block, long middle)
{
    int seq = block * 100 + cell;
    sample(x, p, block, seq, 0, middle - 7);
    sample(x, p, block, seq, 1, middle + 900);
    sample(x, p, block, seq, 2, middle);
    finished(x, cell, block, seq, "ok", "", "line");
}

/* Run summarize with stderr kept in x->said. */
static int run(struct fixture *x)
{
    FILE *talk = tmpfile();
    int saved = dup(STDERR_FILENO);
    assert_non_null(talk);
    dup2(fileno(talk), STDERR_FILENO);
    int error = summarize(x->dir, &x->why);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(talk);
    x->said[fread(x->said, 1, sizeof x->said - 1, talk)] = 0;
    fclose(talk);
    return error;
}

/* Run it and read what it wrote. */
static void digest(struct fixture *x)
{
    csv_free(x->cells);
    csv_free(x->pairs);
    x->cells = x->pairs = NULL;
    if (run(x))
        fail_msg("summarize: %s", x->why.text);
    assert_int_equal(csv_read(&x->cells, file_in(x, "cells.csv"), &x->why), 0);
    assert_int_equal(csv_read(&x->pairs, file_in(x, "pairs.csv"), &x->why), 0);
    assert_int_not_equal(access(file_in(x, "cells.csv.new"), F_OK), 0);
    assert_int_not_equal(access(file_in(x, "pairs.csv.new"), F_OK), 0);
}

static void expect(const struct csv *c, long line, const char *column, const char *text)
{
    int i = csv_column(c, column);
    if (i < 0 || line >= c->rows)
        fail_msg("no row %ld or no column %s", line, column);
    if (strcmp(csv_cell(c, line, i), text) != 0)
        fail_msg("row %ld: %s is '%s', not '%s'", line, column, csv_cell(c, line, i), text);
}

static void expect_near(const struct csv *c, long line, const char *column, double value)
{
    double found = NAN;
    if (!csv_number(c, line, csv_column(c, column), &found) ||
        fabs(found - value) > 1e-5 * fabs(value))
        fail_msg("row %ld: %s is %g, not %g", line, column, found, value);
}

static long row_of(const struct csv *c, const char *column, const char *text)
{
    for (long line = 0; line < c->rows; line++)
        if (!strcmp(csv_cell(c, line, csv_column(c, column)), text))
            return line;
    fail_msg("no row where %s is %s", column, text);
    return -1;
}

/* The tables of a good run -------------------------------------------------------------------- */

static const long drift[] = { 0, 3000, -2000, 8000, 1000, -5000 }; /* of 6 blocks */

static void good_run(struct fixture *x)
{
    begin(x);
    for (int block = 1; block <= 6; block++) {
        process(x, &pool, 3, block, 3 * (1000000 + drift[block - 1]));
        process(x, &serial, 1, block, 8 * (1000000 + drift[block - 1]));
        process(x, &team, 2, block, 2 * (1000000 + drift[block - 1]));
    }
    end(x);
}

static void medians(void **state)
{
    struct fixture *x = *state;
    good_run(x);
    digest(x);
    assert_string_equal(x->said, "");
    assert_int_equal(x->cells->rows, 3);
    assert_int_equal(strncmp(x->cells->cells[0], "runner", 6), 0);
    assert_int_equal(csv_column(x->cells, "variant"), 14);
    assert_int_equal(csv_column(x->cells, "sweep"), 15);
    assert_int_equal(csv_column(x->cells, "blocks"), 16);
    assert_int_equal(csv_column(x->cells, "note"), x->cells->columns - 1);

    long line = row_of(x->cells, "backend", "omp");
    expect(x->cells, line, "sweep", "chunk+tasks");
    expect(x->cells, line, "blocks", "6");
    expect(x->cells, line, "samples", "18");
    expect(x->cells, line, "median_ns", "2001000"); /* between blocks 1 and 5 */
    expect(x->cells, line, "low_ns", "1990000");
    expect(x->cells, line, "high_ns", "2016000");
    expect(x->cells, line, "min_ns", "1990000");
    expect(x->cells, line, "max_ns", "2016000");
    expect(x->cells, line, "q1_ns", "1997000");
    expect(x->cells, line, "q3_ns", "2005000");
    expect(x->cells, line, "mad_ns", "5000"); /* of 1000 1000 5000 5000 11000 15000 */
    expect(x->cells, line, "per_task_ns", "2001");
    expect(x->cells, line, "open_ns", "500");
    expect(x->cells, line, "open_low_ns", "500");
    expect(x->cells, line, "close_ns", "");
    expect(x->cells, line, "first_ns", "20");
    expect(x->cells, line, "busy_share", "0.5");
    expect_near(x->cells, line, "runq_share", 0.025);
    expect(x->cells, line, "foreign_share", "0");
    expect(x->cells, line, "void_samples", "0");
    expect(x->cells, line, "failed_blocks", "0");
    expect(x->cells, line, "status", "ok");
    expect(x->cells, line, "note", "");
}

static void speedups(void **state)
{
    struct fixture *x = *state;
    good_run(x);
    digest(x);
    long line = row_of(x->cells, "backend", "omp");
    expect(x->cells, line, "serial_task_ns", "8004");
    expect(x->cells, line, "speedup", "4"); /* in each block, whatever its luck */
    expect(x->cells, line, "speedup_low", "4");
    expect(x->cells, line, "speedup_high", "4");
    expect(x->cells, line, "efficiency", "1");
    line = row_of(x->cells, "backend", "pool");
    expect_near(x->cells, line, "speedup", 8.0 / 3);
    expect_near(x->cells, line, "efficiency", 2.0 / 3);
    line = row_of(x->cells, "backend", "serial");
    expect(x->cells, line, "speedup", "1");
    expect(x->cells, line, "efficiency", "1");
}

static void pairs(void **state)
{
    struct fixture *x = *state;
    good_run(x);
    digest(x);
    assert_int_equal(x->pairs->rows, 1); /* serial is in none */
    expect(x->pairs, 0, "workload", "cpu");
    expect(x->pairs, 0, "wait", "passive");
    expect(x->pairs, 0, "sweep", "tasks");
    expect(x->pairs, 0, "a_backend", "omp");
    expect(x->pairs, 0, "b_backend", "pool");
    expect(x->pairs, 0, "a_schedule", "dynamic");
    expect(x->pairs, 0, "blocks", "6");
    expect(x->pairs, 0, "ratio", "1.5");
    expect(x->pairs, 0, "ratio_low", "1.5");
    expect(x->pairs, 0, "p_sign", "0.03125");
    expect(x->pairs, 0, "margin", "0.03");
    expect(x->pairs, 0, "verdict", "slower");
    expect(x->pairs, 0, "blocks_needed", "");
}

/* Options are a team's, not the work's: two teams that differ in nothing else are a pair. */
static void options_pair(void **state)
{
    static const char *const options[] = { "", "lock:old" };
    struct fixture *x = *state;
    x->samples = create(x, "samples.csv", KEY ",options,block,seq,sample,warmup,wall_ns,status\n");
    x->status = create(x, "status.csv", STATUS);
    for (int block = 1; block <= 6; block++)
        for (int k = 0; k < 2; k++) {
            fprintf(x->samples,
                    "cell,gil,thread,static,passive,cpu,1,10000,0,1000,1,4,,,,%s,%d,%d,0,0,%d,ok\n",
                    options[k], block, 10 * block + k, 1000 * (k + 1));
            finished(x, k + 1, block, 10 * block + k, "ok", "", "line");
        }
    end(x);
    digest(x);
    assert_int_equal(x->cells->rows, 2);
    assert_int_equal(x->pairs->rows, 1);
    expect(x->pairs, 0, "a_options", "");
    expect(x->pairs, 0, "b_options", "lock:old");
    expect(x->pairs, 0, "ratio", "2");
}

static void unclear_pair(void **state)
{
    static const long ratio[] = { 900, 1000, 1010, 1020, 1030, 1200 }; /* per mille */
    struct fixture *x = *state;
    begin(x);
    for (int block = 1; block <= 6; block++) {
        process(x, &team, 1, block, 1000000);
        process(x, &pool, 2, block, 1000 * ratio[block - 1]);
    }
    end(x);
    digest(x);
    expect_near(x->pairs, 0, "ratio", sqrt(1.010 * 1.020));
    expect(x->pairs, 0, "ratio_low", "0.9");
    expect(x->pairs, 0, "ratio_high", "1.2");
    expect(x->pairs, 0, "verdict", "unclear");
    /* 6 (h/e)^2 with h = ln(1.2 / ratio), e = ln(1.03 / ratio): 784.6 */
    double h = log(1.2 / sqrt(1.010 * 1.020)), e = log(1.03 / sqrt(1.010 * 1.020));
    expect_near(x->pairs, 0, "blocks_needed", ceil(6 * h / e * h / e));
}

static void few_blocks(void **state)
{
    struct fixture *x = *state;
    begin(x);
    for (int block = 1; block <= 5; block++) {
        process(x, &serial, 1, block, 8000000);
        process(x, &team, 2, block, 2000000);
        process(x, &pool, 3, block, 4000000);
    }
    end(x);
    digest(x);
    long line = row_of(x->cells, "backend", "pool");
    expect(x->cells, line, "status", "few");
    expect(x->cells, line, "median_ns", "4000000");
    expect(x->cells, line, "low_ns", "");
    expect(x->cells, line, "speedup", "2");
    expect(x->cells, line, "speedup_low", "");
    expect(x->cells, line, "efficiency_high", "");
    expect(x->pairs, 0, "ratio", "2");
    expect(x->pairs, 0, "ratio_low", "");
    expect(x->pairs, 0, "verdict", "unclear");
    expect(x->pairs, 0, "blocks_needed", "6");
}

/* Which cells are compared with which --------------------------------------------------------- */

static void serial_reference(void **state)
{
    const struct point serial_few = { "serial", "static", 100, 1, 1, "" };
    const struct point serial_many = { "serial", "static", 4000, 1, 1, "" };
    const struct point pool_few = { "pool", "dynamic", 100, 1, 2, "" };
    const struct point pool_other = { "pool", "dynamic", 700, 1, 2, "" };
    struct fixture *x = *state;
    begin(x);
    for (int block = 1; block <= 2; block++) {
        process(x, &serial_few, 1, block, 100 * 10000);
        process(x, &serial_many, 2, block, 4000 * 11000);
        process(x, &pool_few, 3, block, 100 * 5000);
        process(x, &pool_other, 4, block, 700 * 5000);
    }
    end(x);
    digest(x);
    expect(x->cells, row_of(x->cells, "per_task_ns", "10000"), "speedup", "1");
    long few = row_of(x->cells, "tasks", "100"), other = row_of(x->cells, "tasks", "700");
    while (strcmp(csv_cell(x->cells, few, csv_column(x->cells, "backend")), "pool") != 0)
        few++;
    expect(x->cells, few, "serial_task_ns", "10000"); /* the same number of tasks */
    expect(x->cells, few, "speedup", "2");
    expect(x->cells, other, "serial_task_ns", "11000"); /* else the most tasks */
    expect(x->cells, other, "speedup", "2.2");
    expect(x->cells, other, "efficiency", "1.1");
}

static void no_shared_block(void **state)
{
    struct fixture *x = *state;
    begin(x);
    for (int block = 1; block <= 6; block++) {
        process(x, &serial, 1, block, 8000000);
        process(x, &team, 2, 10 + block, 2000000);
        process(x, &pool, 3, 20 + block, 2000000);
    }
    end(x);
    digest(x);
    long line = row_of(x->cells, "backend", "omp");
    expect(x->cells, line, "speedup", "4");
    expect(x->cells, line, "speedup_low", "");
    expect(x->cells, line, "low_ns", "2000000");
    expect(x->pairs, 0, "blocks", "0");
    expect(x->pairs, 0, "ratio", "");
    expect(x->pairs, 0, "p_sign", "");
    expect(x->pairs, 0, "verdict", "unclear");
    expect(x->pairs, 0, "blocks_needed", "6");
}

static void pair_order(void **state)
{
    static const struct point points[] = {
        { "zeta", "static", 10, 1, 2, "" }, { "gil", "static", 10, 1, 2, "" },
        { "pipe", "static", 10, 1, 2, "" }, { "pool", "steal", 10, 1, 2, "" },
        { "pool", "static", 10, 1, 2, "" }, { "omp", "guided", 10, 1, 2, "" },
        { "omp", "static", 10, 1, 2, "" },  { "omp", "static", 10, 1, 3, "" }, /* another work */
    };
    static const char *const order[] = { "omp", "omp", "pool", "pool", "pipe", "gil", "zeta" };
    enum { POINTS = sizeof points / sizeof *points, SIDES = POINTS - 1 };
    struct fixture *x = *state;
    begin(x);
    for (int i = 0; i < POINTS; i++)
        process(x, &points[i], i + 1, 1, 1000000);
    end(x);
    digest(x);
    assert_int_equal(x->pairs->rows, SIDES * (SIDES - 1) / 2);
    for (long line = 0, a = 0; a < SIDES; a++)
        for (long b = a + 1; b < SIDES; b++, line++) {
            expect(x->pairs, line, "a_backend", order[a]);
            expect(x->pairs, line, "b_backend", order[b]);
        }
    expect(x->pairs, 0, "a_schedule", "static");
    expect(x->pairs, 0, "b_schedule", "guided");
    expect(x->pairs, 1, "b_schedule", "static");
    expect(x->pairs, 2, "b_schedule", "steal");
}

static void cell_order(void **state)
{
    static const struct point points[] = {
        { "pool", "dynamic", 1000, 16, 2, "b" }, { "pool", "dynamic", 1000, 2, 10, "b" },
        { "pool", "dynamic", 1000, 2, 9, "b" },  { "omp", "dynamic", 1000, 2, 9, "b" },
        { "omp", "dynamic", 200, 64, 9, "b" },   { "omp", "dynamic", 9000, 64, 9, "a" },
    };
    static const char *const expected[][2] = {
        { "9000", "64" }, { "200", "64" }, { "1000", "2" },
        { "1000", "2" },  { "1000", "2" }, { "1000", "16" }
    };
    struct fixture *x = *state;
    begin(x);
    for (int i = 0; i < 6; i++)
        process(x, &points[i], i + 1, 1, 1000000);
    end(x);
    digest(x);
    for (int i = 0; i < 6; i++) {
        expect(x->cells, i, "tasks", expected[i][0]);
        expect(x->cells, i, "chunk", expected[i][1]);
    }
    expect(x->cells, 2, "backend", "omp");
    expect(x->cells, 3, "workers", "9");
    expect(x->cells, 4, "workers", "10"); /* as a number */
}

/* What does not count ------------------------------------------------------------------------- */

static void void_and_warmup(void **state)
{
    struct fixture *x = *state;
    begin(x);
    row(x, &pool, 1, 5, 0, 1, "9000000,,,,,,ok,");
    row(x, &pool, 1, 5, 1, 0, "10,,,,,,void,a task was lost");
    row(x, &pool, 1, 5, 2, 0, "2000,,70,,,,ok,");
    finished(x, 1, 1, 5, "ok", "", "");
    end(x);
    digest(x);
    expect(x->cells, 0, "samples", "1");
    expect(x->cells, 0, "void_samples", "1");
    expect(x->cells, 0, "median_ns", "2000");
    expect(x->cells, 0, "per_task_ns", "2");
    expect(x->cells, 0, "close_ns", "70");
    expect(x->cells, 0, "open_ns", "");
    expect(x->cells, 0, "busy_share", "");
    expect(x->cells, 0, "speedup", "");
    expect(x->cells, 0, "note", "");
}

static void nothing_right(void **state)
{
    const struct point idle = { "pipe", "dynamic", 1000, 1, 2, "" };
    struct fixture *x = *state;
    begin(x);
    row(x, &pool, 1, 5, 0, 0, "10,,,,,,void,");
    finished(x, 1, 1, 5, "ok", "", "");
    row(x, &idle, 1, 6, 0, 1, "10,,,,,,ok,");
    finished(x, 2, 1, 6, "ok", "", "");
    end(x);
    digest(x);
    long line = row_of(x->cells, "backend", "pool");
    expect(x->cells, line, "status", "failed");
    expect(x->cells, line, "void_samples", "1");
    expect(x->cells, line, "median_ns", "");
    expect(x->cells, line, "note", "no sample had the right result");
    line = row_of(x->cells, "backend", "pipe");
    expect(x->cells, line, "status", "failed");
    expect(x->cells, line, "note", "only warm-up samples");
    assert_int_equal(x->pairs->rows, 0);
}

static void impossible_values(void **state)
{
    static const char *const walls[] = { "0",    "-5",    "nan", "",
                                         "soon", "1e300", "0x",  "99999999999999999" };
    struct fixture *x = *state;
    char ending[64];
    begin(x);
    for (int i = 0; i < 8; i++) {
        snprintf(ending, sizeof ending, "%s,,,,,,ok,", walls[i]);
        row(x, &pool, 1, 5, i, 0, ending);
    }
    row(x, &pool, 1, 5, 8, 0, "3000,,,,,,ok,");
    finished(x, 1, 1, 5, "ok", "", "");
    end(x);
    digest(x);
    expect(x->cells, 0, "samples", "1");
    expect(x->cells, 0, "median_ns", "3000");
    expect(x->cells, 0, "note", "rows left out for an impossible wall_ns, block or status: 8");
}

static void failed_blocks(void **state)
{
    struct fixture *x = *state;
    begin(x);
    process(x, &pool, 1, 1, 5000);
    sample(x, &pool, 2, 200, 0, 1000); /* it printed two rows and then crashed */
    sample(x, &pool, 2, 200, 1, 1000);
    finished(x, 1, 2, 200, "failed", "\"killed by signal 11, core dumped\"", "");
    finished(x, 1, 3, 300, "timeout", "no row for 60 s", "");
    finished(x, 1, 4, 400, "skipped", "budget", "");
    fputs("1,,,skipped,budget,,\n", x->status);
    sample(x, &pool, 5, 500, 0, 1000); /* and here the run was cut off */
    end(x);
    digest(x);
    assert_int_equal(x->cells->rows, 1);
    expect(x->cells, 0, "blocks", "1");
    expect(x->cells, 0, "samples", "3");
    expect(x->cells, 0, "median_ns", "5000");
    expect(x->cells, 0, "failed_blocks", "2");
    expect(x->cells, 0, "status", "few");
    expect(x->cells, 0, "note",
           "killed by signal 11, core dumped; rows left out because the cell was cut off: 1");
}

static void never_a_sample(void **state)
{
    struct fixture *x = *state;
    begin(x);
    process(x, &pool, 1, 1, 5000);
    for (int block = 1; block <= 2; block++)
        finished(x, 2, block, block * 100 + 2, "failed", "no such backend",
                 "backend=pipe workload=cpu tasks=77 chunk=3 workers=2 sweep=chunk");
    finished(x, 3, 1, 103, "failed", "typo", "bakend=pipe");
    finished(x, 4, 1, 104, "skipped", "budget", "backend=omp workload=cpu");
    end(x);
    digest(x);
    assert_non_null(strstr(x->said, "bakend"));
    assert_int_equal(x->cells->rows, 2); /* one that was skipped is not a failure */
    long line = row_of(x->cells, "backend", "pipe");
    expect(x->cells, line, "runner", "cell");
    expect(x->cells, line, "start", ""); /* auto: what it would have become is not known */
    expect(x->cells, line, "tasks", "77");
    expect(x->cells, line, "chunk", "3");
    expect(x->cells, line, "sweep", "chunk");
    expect(x->cells, line, "blocks", "0");
    expect(x->cells, line, "median_ns", "");
    expect(x->cells, line, "speedup", "");
    expect(x->cells, line, "efficiency", "");
    expect(x->cells, line, "failed_blocks", "2");
    expect(x->cells, line, "status", "failed");
    expect(x->cells, line, "note", "no such backend");
}

static void tried_again(void **state)
{
    struct fixture *x = *state;
    begin(x);
    finished(x, 1, 1, 101, "failed", "out of memory", "");
    process(x, &pool, 1, 1, 5000);
    end(x);
    digest(x);
    expect(x->cells, 0, "blocks", "1"); /* the later word counts */
    expect(x->cells, 0, "median_ns", "5000");
    expect(x->cells, 0, "failed_blocks", "1");
}

/* Files as they come -------------------------------------------------------------------------- */

static void missing_status(void **state)
{
    struct fixture *x = *state;
    good_run(x);
    remove(file_in(x, "status.csv"));
    digest(x);
    assert_non_null(strstr(x->said, "no status.csv"));
    expect(x->cells, 0, "blocks", "6");
}

static void torn_row(void **state)
{
    struct fixture *x = *state;
    good_run(x);
    FILE *f = fopen(file_in(x, "samples.csv"), "a");
    fputs("cell,pool,fork,dyn", f);
    fclose(f);
    digest(x);
    assert_non_null(strstr(x->said, "samples.csv: the last row is cut off"));
    assert_int_equal(x->cells->rows, 3);
}

static void no_samples(void **state)
{
    struct fixture *x = *state;
    begin(x);
    end(x);
    digest(x);
    assert_non_null(strstr(x->said, "no samples"));
    assert_int_equal(x->cells->rows, 0);
    assert_int_equal(x->pairs->rows, 0);
    assert_true(csv_column(x->cells, "median_ns") > 0);
    assert_int_equal(csv_column(x->pairs, "a_runner"), 13);
}

static void other_columns(void **state)
{
    struct fixture *x = *state;
    fclose(create(x, "samples.csv",
                  "colour,backend,moon,block,wall_ns,unheard_of\r\n"
                  "red,x,full,1,100,?\r\nred,x,full,2,300,?\r\nblue,x,full,1,500,?\r\n"));
    digest(x);
    assert_int_equal(x->cells->rows, 2);
    assert_int_equal(csv_column(x->cells, "moon"), 2);
    assert_int_equal(csv_column(x->cells, "unheard_of"), -1);
    long line = row_of(x->cells, "colour", "red");
    expect(x->cells, line, "blocks", "2");
    expect(x->cells, line, "median_ns", "200");
    expect(x->cells, line, "per_task_ns", "");
    assert_int_equal(x->pairs->rows, 0); /* they differ, but not in a side */
}

static void refused(struct fixture *x, int error, const char *words)
{
    assert_int_equal(run(x), error);
    if (!strstr(x->why.text, words))
        fail_msg("it says '%s', not '%s'", x->why.text, words);
    assert_int_not_equal(access(file_in(x, "cells.csv"), F_OK), 0);
}

static void not_a_run(void **state)
{
    struct fixture *x = *state;
    struct fixture nowhere = { .dir = "/nonexistent/run" };
    refused(&nowhere, -ENOENT, "/nonexistent/run: no such folder");
    refused(x, -ENOENT, "is not a run: it has no samples.csv");
    fclose(create(x, "samples.csv", "a,b\n1,2\n"));
    refused(x, -EBADMSG, "has no column 'block'");
    fclose(create(x, "samples.csv", "a,block\n1,2\n"));
    refused(x, -EBADMSG, "has no column 'wall_ns'");
    fclose(create(x, "samples.csv", "block,wall_ns\n1,2\n"));
    refused(x, -EBADMSG, "nothing left of 'block'");
    fclose(create(x, "samples.csv", "a,block,wall_ns\n1,2,3\n1,2\n"));
    refused(x, -EBADMSG, "line 3");
    fclose(create(x, "samples.csv", ""));
    refused(x, -EBADMSG, "empty");
    fclose(create(x, "samples.csv", "a,block,wall_ns\n1,2,3\n"));
    fclose(create(x, "status.csv", STATUS));
    refused(x, -EBADMSG, "samples.csv has no column 'seq'");
    fclose(create(x, "status.csv", "block,status\n"));
    refused(x, -EBADMSG, "status.csv has no column 'seq'");

    struct fixture file = { .dir = "" };
    snprintf(file.dir, sizeof file.dir, "%.100s/samples.csv", x->dir);
    refused(&file, -ENOTDIR, "is not a folder");
}

/* Writing ------------------------------------------------------------------------------------- */

/* Owns: the caller, free. */
static char *contents(struct fixture *x, const char *name)
{
    char *text = calloc(1, 1 << 16);
    FILE *f = fopen(file_in(x, name), "r");
    assert_non_null(f);
    size_t length = fread(text, 1, (1 << 16) - 1, f);
    assert_true(length > 0);
    fclose(f);
    return text;
}

static void same_bytes(void **state)
{
    struct fixture *x = *state;
    good_run(x);
    digest(x);
    char *cells = contents(x, "cells.csv"), *pair_text = contents(x, "pairs.csv");
    digest(x);
    char *cells_again = contents(x, "cells.csv"), *pairs_again = contents(x, "pairs.csv");
    assert_string_equal(cells, cells_again);
    assert_string_equal(pair_text, pairs_again);
    free(cells);
    free(pair_text);
    free(cells_again);
    free(pairs_again);
}

static void read_only_folder(void **state)
{
    struct fixture *x = *state;
    if (geteuid() == 0)
        skip();
    good_run(x);
    chmod(x->dir, 0555);
    int error = run(x);
    chmod(x->dir, 0755);
    assert_int_equal(error, -EACCES);
    assert_non_null(strstr(x->why.text, "cannot write"));
}

/* A file that may not grow stands in for a disk that is full. */
static void full_disk(void **state)
{
    struct fixture *x = *state;
    struct rlimit old, small;
    good_run(x);
    fclose(create(x, "cells.csv", "the old one\n"));
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    small.rlim_cur = 300;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    int error = summarize(x->dir, &x->why);
    setrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, handler);

    assert_int_equal(error, -EFBIG);
    assert_non_null(strstr(x->why.text, "cannot write"));
    char *text = contents(x, "cells.csv");
    assert_string_equal(text, "the old one\n");
    free(text);
    assert_int_not_equal(access(file_in(x, "cells.csv.new"), F_OK), 0);
    assert_int_not_equal(access(file_in(x, "pairs.csv"), F_OK), 0);
}

/* 200 000 rows: 1000 cells, 40 blocks, 5 samples.  It takes a fraction of a second; the bound only
 * tells it from the square of the rows, whatever the machine and the sanitizer. */
static void many_rows(void **state)
{
    struct fixture *x = *state;
    struct timespec start, stop;
    begin(x);
    for (int block = 1; block <= 40; block++)
        for (int i = 0; i < 1000; i++) {
            struct point p = { i % 2 ? "pool" : "omp", "dynamic", 1000 + i / 2, 1, 4, "tasks" };
            int seq = block * 1000 + i;
            for (int k = 0; k < 5; k++)
                sample(x, &p, block, seq, k, 1000000 + i * 10 + k);
            finished(x, i + 1, block, seq, "ok", "", "");
        }
    end(x);
    clock_gettime(CLOCK_MONOTONIC, &start);
    digest(x);
    clock_gettime(CLOCK_MONOTONIC, &stop);
    assert_int_equal(x->cells->rows, 1000);
    assert_int_equal(x->pairs->rows, 500);
    expect(x->cells, 999, "samples", "200");
    print_message("200000 rows: %.2f s\n", (double)(stop.tv_sec - start.tv_sec) +
                                               1e-9 * (double)(stop.tv_nsec - start.tv_nsec));
    assert_true(stop.tv_sec - start.tv_sec < 20 * SLOWER);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(medians),       TEST(speedups),         TEST(pairs),           TEST(unclear_pair),
        TEST(few_blocks),    TEST(serial_reference), TEST(no_shared_block), TEST(pair_order),
        TEST(cell_order),    TEST(void_and_warmup),  TEST(nothing_right),   TEST(impossible_values),
        TEST(failed_blocks), TEST(never_a_sample),   TEST(tried_again),     TEST(missing_status),
        TEST(torn_row),      TEST(no_samples),       TEST(other_columns),   TEST(not_a_run),
        TEST(same_bytes),    TEST(read_only_folder), TEST(full_disk),       TEST(many_rows),
        TEST(options_pair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
