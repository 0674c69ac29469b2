/* SPDX-License-Identifier: MIT
 *
 * The verdict's rules, on tables small enough to check by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../bench/command.h"
#include "../bench/figures.h"
#include "../bench/verdict.h"

const char *program_name = "test_verdict";

/* ---- a run made of text ---------------------------------------------------------------------- */

struct made {
    char dir[64];
    FILE *cells, *pairs, *metg, *machine;
    double disturbed_share; /* of the next cells */
};

static FILE *open_in(const struct made *m, const char *name, const char *header)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", m->dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f, "%s\n", header);
    return f;
}

static struct made make(double effective, const char *profile)
{
    struct made m = { "/tmp/verdict-XXXXXX", NULL, NULL, NULL, NULL, 0 };
    assert_non_null(mkdtemp(m.dir));
    m.cells =
        open_in(&m, "cells.csv",
                "runner,backend,schedule,wait,workload,task_ns,tasks,chunk,workers,cpus,variant,"
                "sweep,blocks,samples,median_ns,low_ns,high_ns,speedup,speedup_low,"
                "speedup_high,efficiency,status,note,disturbed_share");
    m.pairs = open_in(&m, "pairs.csv",
                      "workload,variant,task_ns,tasks,chunk,workers,cpus,wait,a_runner,a_backend,"
                      "a_schedule,b_runner,b_backend,b_schedule,blocks,ratio,ratio_low,ratio_high,"
                      "margin,verdict,blocks_needed");
    m.metg = open_in(&m, "metg.csv",
                     "backend,schedule,lengths,shortest_ns,longest_ns,blocks,metg50_ns,"
                     "metg50_low_ns,metg50_high_ns,metg50_status,max_efficiency,"
                     "max_efficiency_low,max_efficiency_high");
    m.machine = open_in(&m, "machine.csv", "key,value,note");
    fprintf(m.machine, "profile,%s,\ngovernor,performance,\n", profile);
    if (effective > 0)
        fprintf(m.machine, "effective_workers,%g,\n", effective);
    return m;
}

/* A cell whose interval is WIDTH (0.01: 1 %) to either side; WIDTH 0: none, from one block. */
static void cell(const struct made *m, const char *sweep, const char *backend, const char *schedule,
                 double task_ns, double chunk, double workers, double speedup, double width)
{
    const double tasks = 1000;
    double time = tasks * task_ns / speedup;
    fprintf(m->cells, "cell,%s,%s,passive,%s,%g,%g,%g,%g,,,%s,%d,10,%.17g,", backend, schedule,
            strcmp(sweep, "lesson") ? "cpu" : "sleep", task_ns, tasks, chunk, workers, sweep,
            width > 0 ? 8 : 1, time);
    if (width > 0)
        fprintf(m->cells, "%.17g,%.17g,%.17g,%.17g,%.17g", time * (1 - width), time * (1 + width),
                speedup, speedup * (1 - width), speedup * (1 + width));
    else
        fprintf(m->cells, ",,%.17g,,", speedup);
    fprintf(m->cells, ",%.17g,%s,,%g\n", speedup / workers, width > 0 ? "ok" : "few",
            m->disturbed_share);
}

static void failed(const struct made *m, const char *sweep, const char *backend, const char *note)
{
    fprintf(m->cells, "cell,%s,dynamic,passive,cpu,10000,1000,16,4,,,%s,0,0,,,,,,,,failed,%s,\n",
            backend, sweep, note);
}

/* A row of metg.csv for LENGTHS tasks of 100 ns to 100 µs; NS: METG(50 %), 1 % to either side. */
static void metg(const struct made *m, const char *backend, int lengths, double ns,
                 const char *status)
{
    fprintf(m->metg, "%s,dynamic,%d,100,100000,8,", backend, lengths);
    if (ns > 0)
        fprintf(m->metg, "%.17g,%.17g,%.17g,", ns, 0.99 * ns, 1.01 * ns);
    else
        fprintf(m->metg, ",,,");
    fprintf(m->metg, "%s,0.4,0.396,0.404\n", status);
}

/* The pool's time over the team's in the workers sweep; LOW 0: no interval. */
static void pair(const struct made *m, double workers, double ratio, double low, double high,
                 const char *verdict)
{
    fprintf(m->pairs, "cpu,,10000,1000,16,%g,,passive,cell,omp,dynamic,cell,pool,dynamic,8,%g,",
            workers, ratio);
    if (low > 0)
        fprintf(m->pairs, "%g,%g,0.03,%s,14\n", low, high, verdict);
    else
        fprintf(m->pairs, ",,0.03,%s,6\n", verdict);
}

/* Close the tables, read them, compute, and clean up the folder. */
static void judge(struct made *m, struct reading *r, struct answer *v)
{
    static const char *const names[] = { "cells.csv", "pairs.csv", "metg.csv", "machine.csv" };
    struct checks checks;
    struct why w = { "" };
    char path[128];
    fclose(m->cells);
    fclose(m->pairs);
    fclose(m->metg);
    fclose(m->machine);
    if (reading_open(r, m->dir, &w))
        fail_msg("%s", w.text);
    checks_compute(r, &checks);
    verdict_compute(r, &checks, v);
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", m->dir, names[i]);
        unlink(path);
    }
    rmdir(m->dir);
}

/* Threads and processes, 1 to 4 workers. */
static void four_workers(const struct made *m, double width)
{
    const double speed[] = { 1, 1.95, 3.9 };
    for (int i = 0; i < 3; i++) {
        cell(m, "workers", "omp", "dynamic", 10000, 16, 1 << i, speed[i], width);
        cell(m, "workers", "pool", "dynamic", 10000, 16, 1 << i, speed[i] * 0.9, width);
    }
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void threads_win(void **state)
{
    (void)state;
    struct made m = make(4, "default");
    struct reading r;
    struct answer v;
    four_workers(&m, 0.01);
    pair(&m, 4, 1.11, 1.10, 1.12, "slower");
    judge(&m, &r, &v);
    assert_int_equal(v.choice, CHOICE_THREADS);
    assert_true(v.workers == 4);
    assert_true(v.duel.paired);
    assert_int_equal(v.confidence, CONFIDENCE_HIGH);
    assert_string_equal(v.headline, "Use threads: 4 workers.");
    assert_non_null(strstr(v.evidence, "processes were 11% slower"));
    reading_close(&r);
}

static void same_is_either_and_unclear_is_said(void **state)
{
    (void)state;
    const struct {
        const char *word;
        double ratio, low, high;
        enum choice choice;
    } cases[] = { { "same", 1.01, 0.99, 1.02, CHOICE_EITHER },
                  { "unclear", 1.03, 0.99, 1.08, CHOICE_UNCLEAR },
                  { "unclear", 1.10, 1.08, 1.12, CHOICE_UNCLEAR }, /* the pair knows more */
                  { "faster", 0.80, 0.78, 0.82, CHOICE_PROCESSES } };
    for (int i = 0; i < 4; i++) {
        struct made m = make(4, "default");
        struct reading r;
        struct answer v;
        four_workers(&m, 0.01);
        pair(&m, 4, cases[i].ratio, cases[i].low, cases[i].high, cases[i].word);
        judge(&m, &r, &v);
        assert_int_equal(v.choice, cases[i].choice);
        reading_close(&r);
    }
}

static void without_a_pair_intervals_decide(void **state)
{
    (void)state;
    struct made m = make(4, "default");
    struct reading r;
    struct answer v;
    four_workers(&m, 0.01); /* 11 % apart, give or take 2 */
    judge(&m, &r, &v);
    assert_false(v.duel.paired);
    assert_int_equal(v.choice, CHOICE_THREADS);
    reading_close(&r);
}

/* ... but by the run's own margin, and not where something disturbed them. */
static void intervals_of_a_busy_run_decide_nothing(void **state)
{
    (void)state;
    for (int why = 0; why < 2; why++) {
        struct made m = make(4, "default");
        struct reading r;
        struct answer v;
        m.disturbed_share = why ? 0.3 : 0;
        four_workers(&m, 0.01);
        if (!why) /* another pair tells what the run shows against itself */
            fputs("cpu,,77,1000,16,4,,passive,cell,omp,dynamic,cell,pool,dynamic,8,1,0.9,1.1,0.3,"
                  "same,"
                  "\n",
                  m.pairs);
        judge(&m, &r, &v);
        assert_false(v.duel.paired);
        assert_int_equal(v.duel.verdict, why ? VERDICT_UNCLEAR : VERDICT_SAME);
        reading_close(&r);
    }
}

/* Two warnings, or a wide interval: the pair may be clear, the answer is not sure. */
static void what_warns_is_not_sure(void **state)
{
    (void)state;
    static const struct {
        int warnings;
        double width;
        const char *sure;
    } cases[] = { { 0, 0.01, "yes" },
                  { 1, 0.01, "yes" },
                  { 2, 0.01, "no: 2 warnings" },
                  { 0, 0.08, "no: ±8%" } };
    for (int i = 0; i < 4; i++) {
        struct made m = make(4, "default");
        struct reading r;
        struct answer v;
        const struct checks checks = { .warnings = cases[i].warnings };
        four_workers(&m, cases[i].width);
        pair(&m, 4, 1.5, 1.4, 1.6, "slower");
        judge(&m, &r, &v);
        verdict_compute(&r, &checks, &v);
        assert_int_equal(v.advices, 1);
        assert_string_equal(v.advice[0].sure, cases[i].sure);
        reading_close(&r);
    }
}

static void fewest_workers_within_five_percent(void **state)
{
    (void)state;
    struct made m = make(4, "default");
    struct reading r;
    struct answer v;
    cell(&m, "workers", "omp", "dynamic", 10000, 16, 1, 1.0, 0.01);
    cell(&m, "workers", "omp", "dynamic", 10000, 16, 2, 1.95, 0.01);
    cell(&m, "workers", "omp", "dynamic", 10000, 16, 4, 2.03, 0.01);
    cell(&m, "workers", "omp", "dynamic", 10000, 16, 8, 2.90, 0.01); /* more than there are CPUs */
    judge(&m, &r, &v);
    assert_true(v.workers == 2);
    reading_close(&r);
}

static void chunk_range_has_no_holes(void **state)
{
    (void)state;
    const double speed[] = { 2.0, 3.5, 3.88, 3.9, 3.89, 3.0, 3.9 }; /* chunks 1, 2, 4, ... */
    struct made m = make(4, "default");
    struct reading r;
    struct answer v;
    four_workers(&m, 0.01);
    for (int i = 0; i < 7; i++)
        cell(&m, "chunk", "omp", "dynamic", 10000, 1 << i, 4, speed[i], 0.01);
    cell(&m, "chunk", "omp", "dynamic", 1000, 512, 4, 3.9, 0.01); /* another length */
    judge(&m, &r, &v);
    assert_true(v.chunk.low == 4 && v.chunk.high == 16 && v.chunk.recommended == 8);
    assert_true(v.chunk.task_ns == 10000);
    assert_string_equal(v.headline, "Use threads: 4 workers, about 8 tasks per chunk.");
    reading_close(&r);
}

/* What the terminal has of it; the caller frees it. */
static char *printed(const struct answer *v)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    assert_non_null(f);
    verdict_print(v, f);
    fclose(f);
    for (char *at = text; (at = strstr(at, "\n              "));) /* rows are wrapped */
        memmove(at + 1, at + 15, strlen(at + 15) + 1), *at = ' ';
    return text;
}

static void doubts_about_the_shortest_task(void **state)
{
    (void)state;
    struct made m = make(4, "default");
    struct reading r;
    struct answer v;
    four_workers(&m, 0.01);
    metg(&m, "omp", 4, 6200, "at");
    fprintf(m.metg, "pool,dynamic,4,100,100000,8,9000,4000,40000,at,0.4,0.396,0.404\n");
    fprintf(m.metg, "pool,steal,4,100,100000,5,,,,below,0.4,,\n");
    judge(&m, &r, &v);
    assert_null(v.threads.shortest.doubt);
    assert_string_equal(v.processes.shortest.doubt, "uncertain");
    assert_string_equal(v.stealing.doubt, "not enough blocks");
    char *text = printed(&v);
    if (!strstr(text, "threads 3.1\u00a0µs, processes 4.5\u00a0µs (uncertain: 2\u00a0µs to "
                      "20\u00a0µs), stealing below 100\u00a0ns (not enough blocks)"))
        fail_msg("%s", text);
    free(text);
    reading_close(&r);
}

/* METG counts the CPU time of a task with all that was spent on it; half of that is its work. */
static void shortest_task(void **state)
{
    (void)state;
    struct made m = make(4, "default");
    struct reading r;
    struct answer v;
    cell(&m, "length", "omp", "dynamic", 100, 1, 4, 1, 0.01);
    metg(&m, "omp", 2, 9999, "at"); /* another team, with fewer lengths */
    metg(&m, "omp", 4, 6200, "at");
    metg(&m, "pool", 4, 9000, "at");
    fprintf(m.metg, "pool,steal,4,100,100000,8,,,,below,0.4,0.396,0.404\n");
    metg(&m, "pipe", 4, 0, "not_reached");
    metg(&m, "pthread", 4, 0, "unclear");
    judge(&m, &r, &v);
    assert_int_equal(v.threads.shortest.kind, SHORTEST_AT);
    assert_true(fabs(v.threads.shortest.ns - 3100) < 1e-6);
    assert_true(fabs(v.threads.shortest.grounds.width - 0.01) < 1e-6);
    assert_true(fabs(v.threads.shortest.low - 3069) < 1e-6);
    assert_true(fabs(v.threads.shortest.high - 3131) < 1e-6);
    /* the schedule that the threads have, though the other is better */
    assert_string_equal(v.processes.shortest.schedule, "dynamic");
    assert_true(fabs(v.processes.shortest.ns - 4500) < 1e-6);
    assert_int_equal(v.stealing.kind, SHORTEST_BELOW);
    assert_true(v.stealing.ns == 100 && isnan(v.stealing.low));
    struct shortest never = shortest_of(&r, "pipe", "dynamic");
    assert_int_equal(never.kind, SHORTEST_NEVER);
    assert_true(never.ns == 100000);
    assert_true(fabs(never.efficiency - 0.4) < 1e-9);
    assert_int_equal(shortest_of(&r, "pthread", "dynamic").kind, SHORTEST_UNCLEAR);
    assert_int_equal(shortest_of(&r, "pool", "guided").kind, SHORTEST_UNKNOWN);
    assert_true(fabs(worthwhile_of(&r, "omp", "dynamic", 50).high - 3131) < 1e-6);
    assert_true(isnan(worthwhile_of(&r, "omp", "dynamic", 90).mid));
    reading_close(&r);
}

static void one_cpu(void **state)
{
    (void)state;
    struct made m = make(1, "default");
    struct reading r;
    struct answer v;
    cell(&m, "workers", "omp", "dynamic", 10000, 16, 1, 0.99, 0.01);
    cell(&m, "workers", "pool", "dynamic", 10000, 16, 1, 0.98, 0.01);
    cell(&m, "lesson", "omp", "dynamic", 1e8, 1, 8, 7.9, 0.01);
    judge(&m, &r, &v);
    assert_int_equal(v.choice, CHOICE_NONE);
    assert_string_equal(v.headline, "One CPU: parallel cannot speed up CPU-bound work here.");
    assert_true(v.workers == 0);
    assert_int_equal(v.advices, 2); /* CPU-bound: serial; sleeping: workers still help */
    assert_int_equal(v.advice[0].choice, CHOICE_SERIAL);
    assert_true(v.advice[1].cell->workers == 8);
    reading_close(&r);
}

static void one_block_gives_no_certainty(void **state)
{
    (void)state;
    struct made m = make(4, "default");
    struct reading r;
    struct answer v;
    four_workers(&m, 0);
    pair(&m, 4, 1.5, 0, 0, "unclear");
    judge(&m, &r, &v);
    assert_int_equal(v.choice, CHOICE_UNCLEAR);
    assert_int_equal(v.confidence, CONFIDENCE_LOW);
    assert_non_null(strstr(v.evidence, "Too few blocks"));
    reading_close(&r);
}

static void threads_failed_everywhere(void **state)
{
    (void)state;
    struct made m = make(4, "default");
    struct reading r;
    struct answer v;
    failed(&m, "workers", "omp", "no OpenMP here");
    cell(&m, "workers", "pool", "dynamic", 10000, 16, 4, 3.9, 0.01);
    judge(&m, &r, &v);
    assert_int_equal(v.choice, CHOICE_PROCESSES);
    assert_string_equal(v.headline, "Only processes gave results: 4 workers.");
    assert_int_equal(v.confidence, CONFIDENCE_LOW);
    assert_non_null(strstr(v.evidence, "Threads could not be compared: no OpenMP here."));
    assert_int_equal(v.threads.shortest.kind, SHORTEST_UNKNOWN);
    reading_close(&r);
}

static void one_kind_alone_is_no_choice(void **state)
{
    static const struct {
        double speedup, width;
        const char *headline;
    } runs[] = {
        { 3.9, 0.01, "Only threads gave results: 4 workers." },
        { 0.6, 0.01, "Only threads gave results, and no number of workers was worth it here." },
        { 0.9, 0.5,
          "Only threads gave results, and whether they gain anything can't be told yet." },
    };
    (void)state;
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        struct made m = make(4, "default");
        struct reading r;
        struct answer v;
        cell(&m, "workers", "omp", "dynamic", 10000, 16, 4, runs[i].speedup, runs[i].width);
        judge(&m, &r, &v);
        assert_string_equal(v.headline, runs[i].headline);
        assert_non_null(strstr(v.evidence, "Processes could not be compared: not measured."));
        reading_close(&r);
    }
}

static void nothing_measured(void **state)
{
    (void)state;
    struct made m = make(0, "default");
    struct reading r;
    struct answer v;
    struct figures fs;
    judge(&m, &r, &v);
    assert_int_equal(v.choice, CHOICE_NONE);
    assert_int_equal(v.advices, 0);
    assert_int_equal(figures_compute(&r, &v, &fs), 0);
    for (int i = 0; i < fs.count; i++)
        assert_true(*fs.figure[i].absent);
    figures_free(&fs);
    reading_close(&r);
}

static void smoke_gives_no_verdict(void **state)
{
    (void)state;
    struct made m = make(4, "smoke");
    struct reading r;
    struct answer v;
    four_workers(&m, 0.001);
    pair(&m, 4, 1.11, 1.10, 1.12, "slower");
    judge(&m, &r, &v);
    assert_int_equal(v.choice, CHOICE_NONE);
    assert_int_equal(v.confidence, CONFIDENCE_LOW);
    assert_non_null(strstr(v.headline, "a smoke run only proves that everything works"));
    assert_int_equal(v.advices, 0);
    reading_close(&r);
}

/* What was seen of a gain is none, but its interval has room for one. */
static void a_gain_that_cannot_be_seen(void **state)
{
    (void)state;
    struct made m = make(4, "default");
    struct reading r;
    struct answer v;
    cell(&m, "workers", "omp", "dynamic", 10000, 16, 1, 1.0, 0.5);
    cell(&m, "workers", "pool", "dynamic", 10000, 16, 4, 0.9, 0.5);
    judge(&m, &r, &v);
    assert_int_equal(v.choice, CHOICE_UNCLEAR);
    assert_null(strstr(v.headline, "serial"));
    reading_close(&r);
}

static void workers_that_gain_nothing(void **state)
{
    (void)state;
    struct made m = make(4, "default");
    struct reading r;
    struct answer v;
    cell(&m, "workers", "omp", "dynamic", 10000, 16, 1, 1.0, 0.01);
    cell(&m, "workers", "omp", "dynamic", 10000, 16, 4, 0.6, 0.01);
    cell(&m, "workers", "pool", "dynamic", 10000, 16, 4, 0.5, 0.01);
    judge(&m, &r, &v);
    assert_int_equal(v.choice, CHOICE_SERIAL);
    assert_string_equal(v.headline, "Stay serial: no number of workers was worth it here.");
    reading_close(&r);
}

/* ---- verdict.csv ------------------------------------------------------------------------------
 */

/* The table that the answers of M make, and the checks given. */
static struct csv *written(struct made *m, const struct checks *checks)
{
    struct reading r;
    struct answer v;
    struct csv *table;
    struct why w;
    char *text = NULL;
    size_t length = 0;
    judge(m, &r, &v);
    FILE *f = open_memstream(&text, &length);
    assert_non_null(f);
    verdict_write(&r, checks, &v, f);
    fclose(f);
    assert_int_equal(csv_parse(&table, text, (long)length, "verdict.csv", &w), 0);
    free(text);
    reading_close(&r);
    return table;
}

/* The row of QUESTION in which COLUMN says VALUE. */
static long row_of(const struct csv *t, const char *question, const char *column, const char *value)
{
    for (long i = 0; i < t->rows; i++)
        if (!strcmp(csv_cell(t, i, csv_column(t, "question")), question) &&
            !strcmp(csv_cell(t, i, csv_column(t, column)), value))
            return i;
    fail_msg("no row %s with %s = %s", question, column, value);
    return -1;
}

static void expect(const struct csv *t, long row, const char *column, const char *value)
{
    const char *found = csv_cell(t, row, csv_column(t, column));
    assert_true(csv_column(t, column) >= 0);
    if (strcmp(found, value) != 0)
        fail_msg("row %ld: %s is '%s', not '%s'", row + 1, column, found, value);
}

static struct made a_whole_run(const char *profile)
{
    struct made m = make(4, profile);
    four_workers(&m, 0.01);
    pair(&m, 4, 1.11, 1.10, 1.12, "slower");
    for (int i = 0; i < 3; i++)
        cell(&m, "chunk", "omp", "dynamic", 10000, 4 << i, 4, 3.9, 0.01);
    metg(&m, "omp", 4, 2000, "at");
    metg(&m, "pipe", 4, 0, "not_reached");
    return m;
}

static void answers_as_a_table(void **state)
{
    (void)state;
    const struct checks good = { 0 };
    struct made m = a_whole_run("default");
    struct csv *t = written(&m, &good);
    long row = row_of(t, "headline", "choice", "threads");
    assert_int_equal(row, 0);
    expect(t, row, "workload", "cpu");
    expect(t, row, "task_ns", "10000");
    expect(t, row, "backend", "omp");
    expect(t, row, "workers", "4");
    expect(t, row, "chunk", "8");
    expect(t, row, "chunk_low", "4");
    expect(t, row, "chunk_high", "16");
    expect(t, row, "ratio", "1.11");
    expect(t, row, "ratio_low", "1.1");
    expect(t, row, "ratio_high", "1.12");
    expect(t, row, "confidence", "high");
    expect(t, row, "reason", "");
    row = row_of(t, "best", "task_ns", "10000");
    expect(t, row, "backend", "omp");
    row = row_of(t, "chunk", "backend", "omp");
    expect(t, row, "choice", "threads");
    expect(t, row, "chunk_high", "16");
    row = row_of(t, "shortest", "backend", "omp");
    expect(t, row, "choice", "at");
    expect(t, row, "task_ns", "1000");
    row = row_of(t, "shortest", "backend", "pipe");
    expect(t, row, "choice", "never");
    expect(t, row, "efficiency", "0.4");
    row = row_of(t, "shortest", "backend", "pool");
    expect(t, row, "choice", "unknown");
    expect(t, row, "task_ns", "");
    expect(t, row, "confidence", "low");
    expect(t, row, "reason", "few_blocks");
    csv_free(t);
}

static void checks_lower_every_confidence(void **state)
{
    (void)state;
    const struct {
        struct checks checks;
        const char *confidence, *reason;
    } cases[] = { { { .warnings = 1 }, "medium", "warnings" },
                  { { .warnings = 2 }, "low", "warnings" },
                  { { .bad = 1 }, "low", "bad_check" } };
    for (int i = 0; i < 3; i++) {
        struct made m = a_whole_run("default");
        struct csv *t = written(&m, &cases[i].checks);
        expect(t, 0, "confidence", cases[i].confidence);
        expect(t, 0, "reason", cases[i].reason);
        long row = row_of(t, "chunk", "backend", "omp");
        expect(t, row, "confidence", cases[i].confidence);
        csv_free(t);
    }
}

static void wide_intervals_lower_it_too(void **state)
{
    (void)state;
    const struct checks good = { 0 };
    const double width[] = { 0.02, 0.03, 0.06 };
    static const char *const sure[] = { "high", "medium", "low" };
    for (int i = 0; i < 3; i++) {
        struct made m = make(4, "default");
        for (int k = 0; k < 2; k++)
            cell(&m, "chunk", "pool", "steal", 10000, 4 << k, 4, 3.9, k ? width[i] - 1e-9 : 0.01);
        struct csv *t = written(&m, &good);
        long row = row_of(t, "chunk", "schedule", "steal");
        expect(t, row, "confidence", sure[i]);
        expect(t, row, "reason", i ? "wide" : "");
        csv_free(t);
    }
}

static void a_smoke_run_has_one_row(void **state)
{
    (void)state;
    const struct checks good = { 0 };
    struct made m = a_whole_run("smoke");
    struct csv *t = written(&m, &good);
    assert_int_equal(t->rows, 1);
    expect(t, 0, "question", "headline");
    expect(t, 0, "choice", "none");
    expect(t, 0, "workers", "");
    expect(t, 0, "confidence", "low");
    expect(t, 0, "reason", "smoke");
    csv_free(t);
}

static void one_side_and_serial_in_the_table(void **state)
{
    (void)state;
    const struct checks good = { 0 };
    struct made m = make(4, "default");
    cell(&m, "workers", "pool", "dynamic", 10000, 16, 4, 3.9, 0.01);
    struct csv *t = written(&m, &good);
    expect(t, 0, "choice", "processes");
    expect(t, 0, "confidence", "low");
    expect(t, 0, "reason", "one_sided");
    expect(t, 0, "ratio", "");
    csv_free(t);
    m = make(4, "default");
    cell(&m, "workers", "omp", "dynamic", 10000, 16, 4, 0.6, 0.01);
    cell(&m, "workers", "pool", "dynamic", 10000, 16, 4, 0.5, 0.01);
    t = written(&m, &good);
    expect(t, 0, "choice", "serial");
    expect(t, 0, "backend", "serial");
    expect(t, 0, "workers", "1");
    csv_free(t);
}

/* The labels at the lines' ends: in order, apart, inside. */
static void end_labels_keep_apart(void **state)
{
    (void)state;
    struct figure f = { .series_count = 4,
                        .frame = { 480, 330, 68, 396, 50, 300, 0, 5, 0, 10, 0, 0 } };
    for (int s = 0; s < 4; s++)
        f.series[s] = (struct figure_series){ "threads", "label" };
    struct figure_row *row = figure_row(&f, 4);
    assert_non_null(row);
    for (int s = 0; s < 4; s++)
        row->y[s].mid = 9.9 + s * 0.01;
    figure_label_ends(&f);
    assert_int_equal(f.marks, 4);
    for (int i = 0; i < 4; i++) {
        assert_true(f.mark[i].y >= 50 && f.mark[i].y <= 300.001);
        assert_true(i == 0 || f.mark[i].y - f.mark[i - 1].y > 16.999);
    }
    figure_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_win),
        cmocka_unit_test(same_is_either_and_unclear_is_said),
        cmocka_unit_test(without_a_pair_intervals_decide),
        cmocka_unit_test(intervals_of_a_busy_run_decide_nothing),
        cmocka_unit_test(what_warns_is_not_sure),
        cmocka_unit_test(fewest_workers_within_five_percent),
        cmocka_unit_test(chunk_range_has_no_holes),
        cmocka_unit_test(shortest_task),
        cmocka_unit_test(doubts_about_the_shortest_task),
        cmocka_unit_test(one_cpu),
        cmocka_unit_test(one_block_gives_no_certainty),
        cmocka_unit_test(threads_failed_everywhere),
        cmocka_unit_test(one_kind_alone_is_no_choice),
        cmocka_unit_test(nothing_measured),
        cmocka_unit_test(smoke_gives_no_verdict),
        cmocka_unit_test(workers_that_gain_nothing),
        cmocka_unit_test(a_gain_that_cannot_be_seen),
        cmocka_unit_test(answers_as_a_table),
        cmocka_unit_test(checks_lower_every_confidence),
        cmocka_unit_test(wide_intervals_lower_it_too),
        cmocka_unit_test(a_smoke_run_has_one_row),
        cmocka_unit_test(one_side_and_serial_in_the_table),
        cmocka_unit_test(end_labels_keep_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
