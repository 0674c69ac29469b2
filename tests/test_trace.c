/* SPDX-License-Identifier: MIT
 *
 * trace: what a wrapped job writes down, driven by hand as a backend would: which tasks become one
 * row, what a full log says, and that the job itself notices nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../bench/command.h"
#include "../bench/trace.h"
#include "../core/csv.h"

const char *program_name = "test_trace";

enum { WORKERS = 2, TASKS = 24, ROOM = 1 << 12 };

/* What the inner task saw. */
static struct {
    void *arg;
    long i;
    struct worker *self;
    int times, others;
} seen;

static void task(void *arg, long i, struct worker *self)
{
    seen.arg = arg;
    seen.i = i;
    seen.self = self;
    seen.times++;
}

static void other_task(void *arg, long i, struct worker *self)
{
    (void)arg, (void)i, (void)self;
    seen.others++;
}

struct traced {
    struct arena arena;
    struct trace *trace;
    struct job job;
    struct stint stints[WORKERS];
    struct worker worker[WORKERS];
    int64_t start_ns;
};

static void begin(struct traced *t, enum schedule schedule, long chunk)
{
    memset(&seen, 0, sizeof seen);
    memset(t, 0, sizeof *t);
    assert_int_equal(arena_open(&t->arena, 1 << 24), 0);
    t->trace = trace_reserve(&t->arena, WORKERS, TASKS);
    assert_non_null(t->trace);
    for (int w = 0; w < WORKERS; w++) {
        trace_enter(t->trace, w, task);
        t->worker[w] = worker_plain(w);
    }
    const struct job inner = { .fn = task,
                               .arg = t,
                               .n = TASKS,
                               .chunk = chunk,
                               .schedule = schedule,
                               .stints = t->stints,
                               .data = { .in = t, .in_size = 8 } };
    t->job = trace_wrap(t->trace, &inner);
    t->start_ns = clock_ns();
}

static void work(struct traced *t, int worker, long first, long count)
{
    for (long i = first; i < first + count; i++)
        t->job.fn(t->job.arg, i, &t->worker[worker]);
}

static struct csv *table_of(const struct trace *trace, int64_t start_ns)
{
    char *text = NULL;
    size_t length = 0;
    struct csv *table;
    FILE *f = open_memstream(&text, &length);
    assert_non_null(f);
    trace_print(trace, start_ns, f);
    fclose(f);
    assert_int_equal(csv_parse(&table, text, (long)length, "trace", NULL), 0);
    free(text);
    return table;
}

static double number(const struct csv *c, long row, const char *column)
{
    double value;
    assert_true(csv_number(c, row, csv_column(c, column), &value));
    return value;
}

/* The rows are WANTED, "worker:first+tasks" each; their times are in order.  Ends T. */
static void expect(struct traced *t, const char *wanted)
{
    char got[ROOM] = "";
    struct csv *c = table_of(t->trace, t->start_ns);
    double last = 0, worker = -1;
    for (long i = 0; i < c->rows; i++) {
        last = number(c, i, "worker") == worker ? last : 0;
        worker = number(c, i, "worker");
        assert_true(number(c, i, "begin_ns") >= last);
        last = number(c, i, "end_ns");
        assert_true(last >= number(c, i, "begin_ns"));
        assert_true(number(c, i, "cpu") >= 0);
        snprintf(got + strlen(got), ROOM - strlen(got), "%s%.0f:%.0f+%.0f", i ? " " : "", worker,
                 number(c, i, "first_task"), number(c, i, "tasks"));
    }
    assert_string_equal(got, wanted);
    csv_free(c);
    arena_close(&t->arena);
}

static void a_chunk_is_a_row(void **state)
{
    struct traced t;
    (void)state;
    begin(&t, SCHEDULE_DYNAMIC, 4);
    work(&t, 0, 0, 4);
    work(&t, 1, 8, 4);
    work(&t, 0, 4, 4); /* the next one, by the same worker: another row */
    work(&t, 1, 20, 4);
    work(&t, 0, 12, 8);
    assert_int_equal(seen.times, TASKS);
    expect(&t, "0:0+4 0:4+4 0:12+4 0:16+4 1:8+4 1:20+4");
}

static void a_gap_ends_a_row(void **state)
{
    struct traced t;
    (void)state;
    begin(&t, SCHEDULE_STEAL, 12);
    work(&t, 0, 0, 3);
    work(&t, 0, 5, 2);
    work(&t, 0, 3, 2); /* backwards */
    work(&t, 1, 7, 1);
    expect(&t, "0:0+3 0:5+2 0:3+2 1:7+1");
}

/* Ranges that grow from fixed places only by chance: consecutive tasks are one row. */
static void ranges_are_rows(void **state)
{
    struct traced t;
    (void)state;
    begin(&t, SCHEDULE_GUIDED, 1);
    work(&t, 0, 0, 12);
    work(&t, 1, 12, 6);
    work(&t, 0, 18, 3);
    expect(&t, "0:0+12 0:18+3 1:12+6");
    begin(&t, SCHEDULE_STATIC, 0);
    work(&t, 0, 0, 12);
    work(&t, 1, 12, 12);
    expect(&t, "0:0+12 1:12+12");
}

static void the_task_notices_nothing(void **state)
{
    struct traced t;
    (void)state;
    begin(&t, SCHEDULE_STATIC, 3);
    assert_int_equal(t.job.n, TASKS);
    assert_int_equal(t.job.chunk, 3);
    assert_true(t.job.schedule == SCHEDULE_STATIC && t.job.stints == t.stints);
    assert_true(t.job.data.in == &t && t.job.data.in_size == 8);
    work(&t, 1, 17, 1);
    assert_ptr_equal(seen.arg, &t);
    assert_ptr_equal(seen.self, &t.worker[1]);
    assert_int_equal(seen.i, 17);
    /* in a process where the task lies elsewhere */
    trace_enter(t.trace, 1, other_task);
    work(&t, 1, 18, 1);
    assert_int_equal(seen.times, 1);
    assert_int_equal(seen.others, 1);
    expect(&t, "1:17+1 1:18+1");
}

static void no_tasks_no_rows(void **state)
{
    struct traced t;
    (void)state;
    begin(&t, SCHEDULE_DYNAMIC, 1);
    expect(&t, "");
}

/* So many workers leave each room for 16 rows; the rest is counted, and a new sample begins afresh.
 */
static void a_full_log_says_so(void **state)
{
    enum { CROWD = TRACE_ROWS / 16, DONE = 40 };
    struct arena arena;
    struct worker self = worker_plain(1);
    const struct job inner = { .fn = task, .n = 1000, .chunk = 10, .schedule = SCHEDULE_DYNAMIC };
    (void)state;
    assert_int_equal(arena_open(&arena, 1 << 26), 0);
    struct trace *t = trace_reserve(&arena, CROWD, 1000);
    assert_non_null(t);
    trace_enter(t, 1, task);
    for (int again = 0; again < 2; again++) {
        struct job job = trace_wrap(t, &inner);
        for (long i = 0; i < DONE - 1; i++)
            job.fn(job.arg, 2 * i, &self);
        job.fn(job.arg, 2 * 15 + 1, &self); /* a neighbour of the last row, but too late */
        struct csv *c = table_of(t, 0);
        assert_int_equal(c->rows, 16 + 1);
        assert_true(number(c, 15, "first_task") == 2 * 15 && number(c, 15, "tasks") == 1);
        assert_true(number(c, 16, "tasks") == DONE - 16 && number(c, 16, "worker") == 1);
        assert_string_equal(csv_cell(c, 16, csv_column(c, "first_task")), "");
        assert_string_equal(csv_cell(c, 16, csv_column(c, "end_ns")), "");
        csv_free(c);
    }
    arena_close(&arena);
}

static void no_room_is_told(void **state)
{
    struct arena arena;
    (void)state;
    assert_int_equal(arena_open(&arena, 1 << 16), 0);
    assert_null(trace_reserve(&arena, WORKERS, 1000000));
    arena_close(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chunk_is_a_row), cmocka_unit_test(a_gap_ends_a_row),
        cmocka_unit_test(ranges_are_rows),  cmocka_unit_test(the_task_notices_nothing),
        cmocka_unit_test(no_tasks_no_rows), cmocka_unit_test(a_full_log_says_so),
        cmocka_unit_test(no_room_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
