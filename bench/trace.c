/* SPDX-License-Identifier: MIT */
#include "trace.h"

#include <sched.h>
#include <string.h>

enum { LEAST_ROWS = 16 };

struct trace_row {
    int64_t begin_ns, end_ns;
    long first;
    int tasks, cpu;
};

struct trace_log {
    _Alignas(128) task_fn *fn; /* of the one who did the tasks, as is all of it */
    long rows, missing;
    struct trace_row *row;
};

struct trace {
    void *arg;  /* the job's */
    long chunk; /* no row goes beyond a multiple of it; 0: wherever */
    long room;  /* rows of each log */
    int workers;
    struct trace_log log[];
};

struct trace *trace_reserve(struct arena *arena, int workers, long tasks)
{
    struct trace *t =
        arena_take(arena, 1, (ptrdiff_t)(sizeof *t + (size_t)workers * sizeof t->log[0]));
    if (!t)
        return NULL;
    long share = TRACE_ROWS / workers;
    if (share < LEAST_ROWS)
        share = LEAST_ROWS;
    t->room = tasks < share ? tasks : share;
    t->workers = workers;
    for (int w = 0; w < workers; w++)
        if (!(t->log[w].row = arena_reserve(arena, t->room, sizeof *t->log[w].row)))
            return NULL;
    return t;
}

void trace_enter(struct trace *t, int worker, task_fn *fn)
{
    t->log[worker].fn = fn;
}

/* Does task I go on where the last row ends? */
static int goes_on(const struct trace *t, const struct trace_log *log, long i)
{
    if (!log->rows || (t->chunk && i % t->chunk == 0))
        return 0;
    const struct trace_row *last = &log->row[log->rows - 1];
    return i == last->first + last->tasks;
}

/* Runs in: worker. */
static void note(const struct trace *t, struct trace_log *log, long i, int64_t begin, int64_t end)
{
    int same = goes_on(t, log, i);
    if (log->missing || (!same && log->rows == t->room)) {
        log->missing++; /* once full, always full: a row may not reach over what is missing */
    } else if (same) {
        log->row[log->rows - 1].tasks++;
        log->row[log->rows - 1].end_ns = end;
    } else {
        log->row[log->rows++] = (struct trace_row){
            .begin_ns = begin, .end_ns = end, .first = i, .tasks = 1, .cpu = sched_getcpu()
        };
    }
}

/* Runs in: worker. */
static void traced_task(void *arg, long i, struct worker *self)
{
    struct trace *t = arg;
    struct trace_log *log = &t->log[self->index];
    int64_t begin = clock_ns();
    log->fn(t->arg, i, self);
    note(t, log, i, begin, clock_ns());
}

struct job trace_wrap(struct trace *t, const struct job *job)
{
    struct job wrapped = *job;
    t->arg = job->arg;
    t->chunk = job->schedule == SCHEDULE_GUIDED ? 0 : job->chunk;
    for (int w = 0; w < t->workers; w++) {
        struct trace_log *log = &t->log[w];
        log->rows = log->missing = 0;
        memset(log->row, 0, (size_t)t->room * sizeof *log->row); /* now it is in memory */
    }
    wrapped.fn = traced_task;
    wrapped.arg = t;
    return wrapped;
}

const char *const trace_columns[] = { "worker",   "cpu",    "first_task", "tasks",
                                      "begin_ns", "end_ns", NULL };

static void print_log(const struct trace_log *log, int worker, int64_t start_ns, FILE *f)
{
    for (long i = 0; i < log->rows; i++) {
        const struct trace_row *r = &log->row[i];
        fprintf(f, "%d,%d,%ld,%d,%lld,%lld\n", worker, r->cpu, r->first, r->tasks,
                (long long)(r->begin_ns - start_ns), (long long)(r->end_ns - start_ns));
    }
    if (log->missing)
        fprintf(f, "%d,,,%ld,,\n", worker, log->missing);
}

void trace_print(const struct trace *t, int64_t start_ns, FILE *f)
{
    for (int i = 0; trace_columns[i]; i++)
        fprintf(f, "%s%s", i ? "," : "", trace_columns[i]);
    fputc('\n', f);
    for (int w = 0; w < t->workers; w++)
        print_log(&t->log[w], w, start_ns, f);
}
