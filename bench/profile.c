/* SPDX-License-Identifier: MIT */
#include "profile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "combine.h"
#include "launcher.h"
#include "listing.h"
#include "price.h"
#include "runner.h"

#define COUNT(array) (int)(sizeof(array) / sizeof *(array))

const struct profile profiles[] = {
    [PROFILE_SMOKE] = { "smoke", "does everything work? one short block, no verdict", 4, 1, 1, 1,
                        2e-3, 10000000, 1, 0, 0 },
    [PROFILE_QUICK] = { "quick", "a first answer in half a minute", 28, 6, 6, 3, 10e-3, 100000000,
                        1, 0, 0 },
    [PROFILE_DEFAULT] = { "default", "a good answer in three minutes", 175, 8, 30, 3, 20e-3,
                          100000000, 6, 0, 0.02 },
    [PROFILE_FULL] = { "full", "finer steps and narrow intervals in a quarter of an hour", 870, 10,
                       30, 5, 20e-3, 100000000, 30, 1, 0.01 },
    [PROFILES] = { 0 },
};

const struct profile *profile_find(const char *name)
{
    for (const struct profile *p = profiles; p->name; p++)
        if (!strcmp(p->name, name))
            return p;
    return NULL;
}

/* ---- sweeps ---- */

/* What all sweeps of one plan share. */
struct layout {
    struct plan *plan;
    const struct profile *profile;
    const struct topology *topology;
    long workers; /* all that we may use */
};

static const struct series {
    const char *backend, *schedule;
    int other; /* 1: neither the threads nor the processes that the question is about */
} series[] = { { "omp", "dynamic", 0 },
               { "pool", "dynamic", 0 },
               { "pool", "steal", 1 },
               { "pipe", "dynamic", 1 } };

static struct record blank(const struct layout *l, const char *sweep, const char *workload)
{
    struct record r;
    record_init(&r);
    r.sweep = sweep;
    r.workload = workload;
    r.samples = l->profile->samples;
    r.workers = l->workers;
    r.chunk = 1;
    return r;
}

/* Long samples are fewer: how many are worth it falls with the root of their length (Kalibera &
 * Jones, 2013).  What a first sample has to lose is lost in milliseconds: the longest have no
 * warm-up. */
static void size_samples(const struct layout *l, struct record *r)
{
    double seconds = price_sample(r);
    int64_t worth = llround((double)l->profile->samples * sqrt(l->profile->sample_s / seconds));
    if (r->samples > worth)
        r->samples = worth > 1 ? worth : 1;
    if (seconds > 0.1)
        r->warmup_samples = 0;
}

static void add_as(const struct layout *l, struct record r, const char *backend,
                   const char *schedule, int64_t drop)
{
    r.backend = backend;
    r.schedule = schedule;
    r.drop = drop;
    r.place = "close";
    plan_place(l->plan, l->topology, r.place, (long)r.workers, &r.cpus, NULL);
    size_samples(l, &r);
    plan_add(l->plan, &r);
}

/* The same as a series; what is not asked about gives way before anything else does of a point that
 * stays. */
static void add_series(const struct layout *l, struct record r, const struct series *s,
                       int64_t drop)
{
    add_as(l, r, s->backend, s->schedule, drop ? drop : s->other);
}

static void add_serial(const struct layout *l, struct record r)
{
    r.workers = 1;
    r.chunk = r.tasks;
    add_as(l, r, "serial", "static", 0);
}

/* How soon point I of an axis of COUNT may be dropped: 0 for its ends, then the middle, the middles
 * of the halves, and so on. */
static int bisection_rank(int i, int count)
{
    int low = 0, high = count - 1, rank = 1;
    if (i == low || i == high)
        return 0;
    for (;; rank++) {
        int middle = (low + high) / 2;
        if (i == middle)
            return rank;
        if (i < middle)
            high = middle;
        else
            low = middle;
    }
}

/* As many tasks as fill a sample, when WORKERS workers share them and each waits WAIT_NS for a
 * claim; the same number for every worker. */
static int64_t tasks_for(const struct layout *l, double task_ns, double claim_ns, long workers)
{
    double each_ns = fmax(task_ns / (double)workers, claim_ns);
    double tasks = fmin(l->profile->sample_s * 1e9 / each_ns, 1e8);
    return (int64_t)fmax(round(tasks / (double)workers), 2) * workers;
}

/* The same job for one worker and for all: as many tasks as fill a sample of all, but no more than
 * one worker does in eight samples, or that one would take the budget of the rest; and four chunks
 * a worker. */
static int64_t tasks_alike(const struct layout *l, double task_ns, int64_t chunk)
{
    int64_t all = tasks_for(l, task_ns, 0, l->workers), least = 4 * chunk * l->workers;
    int64_t most = 8 * tasks_for(l, task_ns, 0, 1) / l->workers * l->workers;
    return all < most ? all : most > least ? most : least < all ? least : all;
}

/* The same job in chunks of all sizes: no more than eight samples' worth where each task is claimed
 * by itself, one after the other. */
static int64_t tasks_claimed(const struct layout *l, double task_ns)
{
    int64_t all = tasks_for(l, task_ns, 0, l->workers);
    int64_t most = 8 * tasks_for(l, task_ns, price_handout("omp"), l->workers);
    return all < most ? all : most;
}

/* Enough tasks for a sample of a serial run. */
static void add_reference(const struct layout *l, struct record r)
{
    r.tasks = tasks_for(l, (double)r.task_ns, 0, 1);
    add_serial(l, r);
}

/* 24 sleeps of 0.1 s by 8 workers. */
static struct record blank_lesson(const struct layout *l)
{
    struct record r = blank(l, "lesson", "sleep");
    r.task_ns = l->profile->lesson_ns;
    r.tasks = 24;
    r.workers = 8;
    r.samples = 1;
    r.warmup_samples = 0;
    r.blocks = l->profile->lesson_blocks;
    return r;
}

static void add_lesson(const struct layout *l)
{
    struct record r = blank_lesson(l);
    for (int i = 0; i < COUNT(series); i++)
        if (strcmp(series[i].schedule, "steal") != 0)
            add_as(l, r, series[i].backend, series[i].schedule, 0);
    add_serial(l, r);
}

/* How soon rung I may be dropped: no step of the machine nor an end, and first what lies so close
 * to a step that it tells nothing more. */
static int64_t rung_drop(const struct topology_rung *r, int i, int count)
{
    if (i == 0 || i == count - 1 || *r[i].step)
        return 0;
    double before = (double)r[i].workers / (double)r[i - 1].workers;
    double after = (double)r[i + 1].workers / (double)r[i].workers;
    return (*r[i - 1].step && before < 1.2) || (*r[i + 1].step && after < 1.2) ? 3 : 1;
}

static void add_workers(const struct layout *l)
{
    struct topology_rung rung[TOPOLOGY_POINTS];
    int points = topology_ladder(l->topology, rung, TOPOLOGY_POINTS);
    struct record r = blank(l, "workers", "cpu");
    r.task_ns = 10000;
    r.chunk = 16;
    r.tasks = tasks_alike(l, 10000, r.chunk);
    for (int i = 0; i < points; i++) {
        r.workers = rung[i].workers;
        for (int s = 0; s < COUNT(series); s++)
            if (strcmp(series[s].schedule, "steal") != 0)
                add_series(l, r, &series[s], rung_drop(rung, i, points));
    }
    add_reference(l, r);
}

/* Chunks 1, 4, 16, ... (fine: 1, 2, 4, ...) up to tasks / workers. */
static int chunk_axis(const struct layout *l, int64_t tasks, int64_t *out)
{
    int64_t last = tasks / l->workers;
    int count = 0;
    for (int64_t chunk = 1; chunk * 3 < last * 2 && count < 40; chunk *= l->profile->fine ? 2 : 4)
        out[count++] = chunk;
    out[count++] = last;
    return count;
}

static void add_chunks(const struct layout *l, int64_t task_ns, int first_rank)
{
    int64_t axis[41];
    struct record r = blank(l, "chunk", "cpu");
    r.task_ns = task_ns;
    r.tasks = tasks_claimed(l, (double)task_ns);
    int points = chunk_axis(l, r.tasks, axis);
    for (int i = 0; i < points; i++) {
        int rank = bisection_rank(i, points);
        for (int s = 0; s < COUNT(series); s++) {
            struct record cell = r;
            cell.chunk = axis[i];
            double handout = price_handout(series[s].backend);
            if ((double)(axis[i] * task_ns) < 4 * handout) {
                /* Messages would make the same job many times longer: fewer tasks tell as much. */
                int64_t tasks =
                    tasks_for(l, (double)task_ns, handout / (double)axis[i], l->workers);
                cell.tasks = tasks < r.tasks ? tasks : r.tasks;
            }
            add_series(l, cell, &series[s], rank ? rank + first_rank : 0);
        }
    }
    add_as(l, r, "omp", "guided", first_rank ? 3 : 1);
    add_as(l, r, "pool", "guided", first_rank ? 3 : 1);
    add_reference(l, r);
}

/* Closest where teams become efficient: below 0.1 us where memory is shared, about 10 us through
 * pipes. */
static void add_lengths(const struct layout *l)
{
    static const struct {
        int64_t ns;
        int drop, fine;
    } axis[] = {
        { 10, 0, 0 },    { 20, 6, 1 },     { 30, 2, 0 },     { 50, 6, 1 },      { 100, 0, 0 },
        { 200, 6, 1 },   { 300, 5, 0 },    { 500, 6, 1 },    { 1000, 3, 0 },    { 2000, 6, 1 },
        { 3000, 4, 0 },  { 5000, 6, 1 },   { 10000, 0, 0 },  { 20000, 6, 1 },   { 30000, 2, 0 },
        { 50000, 6, 1 }, { 100000, 3, 0 }, { 200000, 6, 1 }, { 1000000, 4, 0 }, { 10000000, 0, 0 },
    };
    for (int i = 0; i < COUNT(axis); i++) {
        struct record r = blank(l, "length", "cpu");
        if (axis[i].fine > l->profile->fine)
            continue;
        r.task_ns = axis[i].ns;
        for (int s = 0; s < COUNT(series); s++) {
            r.tasks = tasks_for(l, (double)r.task_ns, price_handout(series[s].backend), l->workers);
            add_series(l, r, &series[s], axis[i].drop);
        }
        /* One block a worker: all are busy and nothing is handed out.  What a task takes then is
         * what efficiency is relative to. */
        r.tasks = tasks_for(l, (double)r.task_ns, 0, l->workers);
        r.chunk = r.tasks / l->workers;
        add_as(l, r, "omp", "static", 0);
        add_reference(l, r);
    }
}

/* Jobs of few tasks: what a job costs however short it is.  Samples of 20 ms cannot tell. */
static void add_tasks(const struct layout *l)
{
    static const int64_t each[] = { 10, 50, 500 }; /* tasks a worker */
    for (int i = 0; i < COUNT(each); i++) {
        struct record r = blank(l, "tasks", "cpu");
        r.task_ns = 1000; /* as in the chunk sweep, whose references serve here, too */
        r.tasks = each[i] * l->workers;
        for (int s = 0; s < COUNT(series); s++) /* nor are 100 ms of messages a short job */
            if ((double)r.tasks * price_handout(series[s].backend) < 1e8)
                add_as(l, r, series[s].backend, series[s].schedule, 1);
        r.chunk = each[i];
        add_as(l, r, "omp", "static", 1);
    }
}

static void add_schedules(const struct layout *l)
{
    static const struct {
        const char *backend, *schedule;
    } all[] = {
        { "omp", "static" },   { "omp", "dynamic" }, { "omp", "guided" }, { "pool", "static" },
        { "pool", "dynamic" }, { "pool", "guided" }, { "pool", "steal" },
    };
    static const char *const variants[] = { "ramp", "heavy", "uniform" };
    for (int v = 0; v < COUNT(variants); v++) {
        struct record r = blank(l, "schedules", "skew");
        r.variant = variants[v];
        r.task_ns = 100000; /* few enough tasks that a heavy one cannot hide in the crowd */
        r.tasks = tasks_alike(l, (double)r.task_ns, 1);
        for (int s = 0; s < COUNT(all); s++) {
            struct record cell = r;
            if (!strcmp(all[s].schedule, "static"))
                cell.chunk = r.tasks / l->workers; /* one block a worker */
            cell.trace = v == 0; /* where the schedule matters most, on any number of workers */
            add_as(l, cell, all[s].backend, all[s].schedule, v ? v + 2 : 0);
        }
        add_serial(l, r);
    }
}

static void add_startup(const struct layout *l)
{
    long axis[32];
    int points = 0;
    long most = l->workers > 16 ? l->workers : 16;
    for (long workers = 1; workers < most && points < 30; workers *= 2) {
        axis[points++] = workers;
        if (workers < l->workers && l->workers < 2 * workers && l->workers < most)
            axis[points++] = l->workers;
    }
    axis[points++] = most;
    for (int i = 0; i < points; i++) {
        struct record r = blank(l, "startup", "empty");
        r.task_ns = 0;
        r.workers = r.tasks = axis[i];
        r.samples = 1;
        r.warmup_samples = 0;
        /* all that we may use: the answer is about them */
        int drop = axis[i] == l->workers ? 0 : bisection_rank(i, points);
        for (int s = 0; s < COUNT(series); s++)
            if (strcmp(series[s].schedule, "steal") != 0)
                add_series(l, r, &series[s], drop);
    }
}

/* Threads or processes, shared memory or pipes: the same hand-out four times, so that what
 * isolation costs and what pipes cost can be told apart. */
static void add_matrix(const struct layout *l)
{
    static const char *const backends[] = { "pthread", "pool", "pthread_pipe", "pipe" };
    static const int64_t lengths[] = { 10000, 1000, 100000 };
    for (int i = 0; i < COUNT(lengths); i++) {
        struct record r = blank(l, "matrix", "cpu");
        r.task_ns = lengths[i];
        r.tasks = tasks_for(l, (double)r.task_ns, PRICE_MESSAGE_NS, l->workers);
        for (int b = 0; b < COUNT(backends); b++)
            add_as(l, r, backends[b], "dynamic", i ? i + 2 : 1);
    }
}

/* Starting workers from a caller that is large already: fork copies its page tables, spawn does
 * not. */
static void add_launch(const struct layout *l)
{
    static const int64_t ballasts[] = { 0, 1024, 64, 256 };
    static const struct {
        const char *backend, *start; /* auto: as in the sweep startup, by thread and fork */
    } ways[] = { { "pthread", "auto" }, { "pool", "auto" }, { "pool", "spawn" } };
    for (int i = 0; i < COUNT(ballasts); i++) {
        struct record r = blank(l, "launch", "empty");
        r.task_ns = 0;
        r.workers = r.tasks = 8;
        r.samples = 1;
        r.warmup_samples = 0;
        r.ballast_mib = ballasts[i];
        if (ballasts[i] > 64)
            r.blocks = l->profile->lesson_blocks; /* touching it takes long */
        for (int w = 0; w < COUNT(ways); w++) {
            r.start = ways[w].start;
            add_as(l, r, ways[w].backend, "dynamic", i > 1 ? i + 3 : 1);
        }
    }
}

/* Inputs and outputs of every task: in place, where memory is shared, or through pipes.  How long a
 * task must be before the pipes don't matter is a line in this plane. */
static void add_payloads(const struct layout *l)
{
    static const int drop[] = { 1, 4, 2, 1 };
    static const int64_t lengths[] = { 1000, 10000, 100000, 1000000 };
    static const int64_t bytes[] = { 256, 4096, 65536 };
    static const char *const sides[] = { "omp", "pool", "pipe" };
    for (int i = 0; i < COUNT(lengths); i++)
        for (int k = 0; k < COUNT(bytes); k++) {
            struct record r = blank(l, "payload", "payload");
            r.task_ns = lengths[i];
            r.payload_bytes = bytes[k];
            double task = 2 * ((double)r.task_ns + (double)bytes[k]); /* samples of half length */
            int64_t fit = (INT64_C(16) << 20) / bytes[k] / l->workers * l->workers;
            fit = fit > 0 ? fit : l->workers;
            r.tasks = tasks_for(l, task, PRICE_MESSAGE_NS, l->workers);
            r.tasks = r.tasks < fit ? r.tasks : fit;
            r.samples = l->profile->samples > 2 ? l->profile->samples - 1 : 2;
            for (int s = 0; s < COUNT(sides); s++)
                add_as(l, r, sides[s], "dynamic", k == 1 ? 4 : drop[i]);
        }
}

/* What tasks may fight for: the memory bus, the heap, the address space, a cache line. */
static void add_contention(const struct layout *l)
{
    static const struct {
        const char *workload, *variant;
        int64_t payload, task_ns, chunk; /* task_ns: about, to size the job */
        int drop;
    } fights[] = {
        { "memory", "worker", 65536, 80000, 1, 1 }, { "alloc", "mixed", 0, 80000, 1, 1 },
        { "fault", "", 65536, 60000, 1, 1 },        { "counter", "shared", 0, 1000, 16, 1 },
        { "counter", "adjacent", 0, 1000, 16, 5 },  { "counter", "padded", 0, 1000, 16, 5 },
        { "alloc", "small", 0, 1000, 16, 5 },
    };
    for (int i = 0; i < COUNT(fights); i++) {
        struct record r = blank(l, "contention", fights[i].workload);
        r.task_ns = 0;
        r.variant = fights[i].variant;
        r.payload_bytes = fights[i].payload;
        r.chunk = fights[i].chunk;
        r.samples = l->profile->samples > 2 ? l->profile->samples - 1 : 2;
        r.tasks = tasks_alike(l, (double)fights[i].task_ns, r.chunk);
        add_as(l, r, "omp", "dynamic", fights[i].drop);
        add_as(l, r, "pool", "dynamic", fights[i].drop);
        add_serial(l, r);
    }
}

/* A cell of the sweep `gil`: one sample and no warm-up, in few blocks.  These effects are large,
 * and times under a lock are too uneven to be a twin's. */
static struct record blank_gil(const struct layout *l, const char *workload, int64_t task_ns)
{
    struct record r = blank(l, "gil", workload);
    r.task_ns = task_ns;
    r.samples = 1;
    r.warmup_samples = 0;
    r.blocks = l->profile->lesson_blocks;
    return r;
}

/* Tasks of no other sweep, for they are about the lock: a sample of all workers. */
static struct record blank_gil_cpu(const struct layout *l, const char *workload)
{
    struct record r = blank_gil(l, workload, 150000);
    r.tasks = (int64_t)ceil(l->profile->sample_s * 1e9 / 150000 / (double)l->workers) * l->workers;
    return r;
}

static struct record blank_gil_sleep(const struct layout *l, const char *workload)
{
    struct record r = blank_gil(l, workload, 10000000);
    r.tasks = 24;
    r.workers = 8;
    return r;
}

/* By 1, 2 and all workers; the same number twice is one cell. */
static void add_gil_steps(const struct layout *l, struct record r, const char *backend,
                          int64_t drop)
{
    const int64_t workers[] = { 1, l->workers < 2 ? 1 : 2, l->workers };
    for (int k = 0; k < COUNT(workers); k++) {
        r.workers = workers[k];
        add_as(l, r, backend, "dynamic", drop);
    }
}

/* Tasks that compute, by 1, 2 and all workers; and by all of them the more of a task needs the
 * lock. */
static void add_gil_cpu(const struct layout *l)
{
    static const struct {
        const char *backend, *options;
        int fine;
    } teams[] = { { "gil", "", 0 }, { "omp", "", 0 }, { "pool", "", 0 }, { "gil", "lock:old", 1 } };
    static const char *const held[] = { "held:0", "held:25", "held:50", "held:75" };
    struct record r = blank_gil_cpu(l, "cpu");
    for (int i = 0; i < COUNT(teams); i++) {
        r.options = teams[i].options;
        if (teams[i].fine <= l->profile->fine)
            add_gil_steps(l, r, teams[i].backend, 0);
    }
    for (int i = 0; i < COUNT(held) && l->workers > 1; i++) {
        r.options = held[i];
        r.workers = l->workers;
        add_as(l, r, "gil", "dynamic", 2);
    }
    r.options = "";
    add_serial(l, r);
}

/* Starting Python takes longer than what is measured then, and its effects are as large: in no more
 * blocks than an interval wants. */
static struct record few_blocks(const struct layout *l, struct record r)
{
    if (r.blocks > l->profile->blocks_least)
        r.blocks = l->profile->blocks_least;
    return r;
}

/* One that answers and COMPUTING beside it.  Not bound: who serves goes where there is a CPU. */
static void add_convoy(const struct layout *l, const char *runner, const char *backend,
                       const char *options, int64_t computing, int64_t drop)
{
    struct record r = blank_gil(l, "convoy", 200000000);
    if (runner_is_peer(runner))
        r = few_blocks(l, r);
    r.runner = runner;
    r.backend = backend;
    r.options = options;
    r.tasks = r.workers = computing + 1;
    r.schedule = "dynamic";
    r.drop = drop;
    plan_add(l->plan, &r);
}

/* Workers under one lock, as CPython's threads: computing, answering, and how many are inside a
 * task at once. */
static void add_gil(const struct layout *l)
{
    struct record inside = blank_gil(l, "inside", 1000000);
    inside.workers = 2;
    inside.tasks = 10;
    add_gil_cpu(l);
    add_as(l, inside, "gil", "dynamic", 0);
    add_as(l, inside, "omp", "dynamic", 0);
    add_convoy(l, "cell", "gil", "", 0, 0);
    add_convoy(l, "cell", "gil", "", 1, 0);
    add_convoy(l, "cell", "omp", "", 1, 2);
}

static const char *const intervals[] = { "switch_us:500", "switch_us:50" };

/* The old lock, other switch intervals, more beside one that answers, sleeping: what default has no
 * room for. */
static void add_gil_more(const struct layout *l)
{
    static const struct {
        const char *backend, *options;
    } teams[] = { { "gil", "" }, { "gil", "lock:old" }, { "omp", "" }, { "pool", "" } };
    struct record sleep = blank_gil_sleep(l, "sleep");
    for (int i = 0; i < COUNT(teams); i++) {
        sleep.options = teams[i].options;
        add_as(l, sleep, teams[i].backend, "dynamic", 5);
    }
    sleep.options = "";
    add_serial(l, sleep);
    for (int i = 0; i < COUNT(intervals); i++)
        add_convoy(l, "cell", "gil", intervals[i], 1, 5);
    add_convoy(l, "cell", "gil", "lock:old", 1, 5);
    add_convoy(l, "cell", "gil", "", 2, 5);
    add_convoy(l, "cell", "gil", "", 4, 5);
    add_convoy(l, "cell", "pool", "", 1, 5);
}

/* Some cells once more, to be paired with themselves: how far apart two of the same lie is what no
 * verdict may go below.  One group in three has a twin, of another backend each time; those of one
 * sample are about starting, and their blocks are few. */
static void add_twins(const struct layout *l)
{
    struct plan *p = l->plan;
    int last = -1, groups = 0;
    for (int i = 0, count = p->count; i < count; i++) {
        struct record r = p->cells[i].record;
        int members = 0, wanted;
        if (p->cells[i].group == last || !strcmp(r.backend, "serial") || r.samples == 1 ||
            !strcmp(r.sweep, "peers"))
            continue;
        last = p->cells[i].group;
        for (int k = i; k < count; k++)
            members += p->cells[k].group == last;
        wanted = groups / 3 % members;
        if (groups++ % 3)
            continue;
        for (int k = i; k < count; k++)
            if (p->cells[k].group == last && wanted-- == 0)
                r = p->cells[k].record;
        r.twin = 1;
        r.trace = 0;
        plan_add(p, &r);
    }
}

/* The Python runners: the lesson, and what a chunk of empty tasks costs, beside the teams that hand
 * out the same.  Their processes are slow to start, so they have few samples and blocks. */
static void add_peers(const struct layout *l, const struct csv *peers)
{
    static const int64_t chunks[] = { 1, 10, 100, 1000 };
    struct record lesson = blank_lesson(l), empty = blank(l, "peers", "empty");
    empty.task_ns = 0;
    empty.workers = l->workers < 8 ? l->workers : 8;
    empty.tasks = chunks[COUNT(chunks) - 1] * empty.workers;
    empty.blocks = l->profile->lesson_blocks;
    empty.samples = 1;
    for (long row = 0; row < peers->rows; row++) {
        const char *name = csv_cell(peers, row, csv_column(peers, "name"));
        if (!listing_offers(peers, "runner", name))
            continue;
        lesson.runner = empty.runner = plan_keep(l->plan, strdup(name));
        const char *backend = empty.runner + runner_family(name) + 1;
        if (!strcmp(backend, "serial")) {
            struct record once = lesson;
            once.blocks = 1; /* it is the longest, and takes as long every time */
            add_serial(l, once);
            add_serial(l, empty);
            continue;
        }
        if (strcmp(backend, "mpi") != 0 ||
            l->workers >= lesson.workers) /* its processes spin as they wait */
            add_as(l, lesson, backend, "dynamic", 0);
        for (int i = 0; i < COUNT(chunks); i++) {
            empty.chunk = chunks[i];
            add_as(l, empty, backend, "dynamic", bisection_rank(i, COUNT(chunks)) * 5);
        }
    }
    empty.runner = "cell";
    for (int i = 0; i < COUNT(chunks); i++) {
        empty.chunk = chunks[i];
        add_as(l, empty, "pipe", "dynamic", bisection_rank(i, COUNT(chunks)) * 5);
        add_as(l, empty, "pool", "dynamic", bisection_rank(i, COUNT(chunks)) * 5);
    }
    add_serial(l, empty);
}

/* Of the sweep `gil`, what Python's own pools do: an answer beside one thread that computes, of
 * which the lock is an image; and where there is time, what the teams in C do, too. */
static void add_gil_peers(const struct layout *l, const struct csv *peers)
{
    static const int64_t computing[] = { 0, 2, 4 };
    static const char *const pools[] = { "threads", "pool" };
    struct record cpu = few_blocks(l, blank_gil_cpu(l, "cpu"));
    struct record sleep = few_blocks(l, blank_gil_sleep(l, "sleep"));
    if (!listing_offers(peers, "runner", "py-threads")) /* the others that are meant come with it */
        return;
    add_convoy(l, "py-threads", "threads", "", 1, 2);
    if (!l->profile->fine)
        return;
    for (int i = 0; i < COUNT(computing); i++)
        add_convoy(l, "py-threads", "threads", "", computing[i], 5);
    for (int i = 0; i < COUNT(intervals); i++)
        add_convoy(l, "py-threads", "threads", intervals[i], 1, 5);
    add_convoy(l, "py-pool", "pool", "", 1, 5);
    cpu.chunk = 10; /* a chunk through a pipe takes as long as a third of a task */
    for (int i = 0; i < COUNT(pools); i++) {
        cpu.runner = sleep.runner = i ? "py-pool" : "py-threads";
        add_gil_steps(l, cpu, pools[i], 5);
        add_as(l, sleep, pools[i], "dynamic", 5);
    }
    cpu.runner = sleep.runner = "py-serial";
    add_serial(l, cpu);
    add_serial(l, sleep);
}

/* The same of Python inside the cell program. */
static void add_gil_inside(const struct layout *l)
{
    static const char *const teams[] = { "omp", "pool" };
    struct record cpu = few_blocks(l, blank_gil_cpu(l, "python_cpu"));
    struct record sleep = few_blocks(l, blank_gil_sleep(l, "python_sleep"));
    for (int i = 0; i < COUNT(teams); i++) {
        add_gil_steps(l, cpu, teams[i], 5);
        add_as(l, sleep, teams[i], "dynamic", 5);
    }
    add_serial(l, cpu);
    add_serial(l, sleep);
}

/* MPI: the lesson, and what a chunk of empty tasks costs, beside the teams that hand out the same.
 * A launch takes most of a second, so it is in few blocks. */
static void add_mpi(const struct layout *l)
{
    static const struct {
        const char *backend, *schedule;
        int lesson;
    } teams[] = { { "mpi", "dynamic", 1 },    { "mpi_send", "dynamic", 1 },
                  { "pool", "dynamic", 1 },   { "pipe", "dynamic", 1 },
                  { "omp", "dynamic", 1 },    { "mpi", "steal", 0 },
                  { "mpi_omp", "dynamic", 0 } };
    static const int64_t chunks[] = { 1, 10, 100, 1000 };
    struct record lesson = blank_lesson(l), empty = blank(l, "mpi", "empty");
    empty.task_ns = 0;
    empty.workers = l->workers < 8 ? l->workers : 8;
    empty.tasks = chunks[COUNT(chunks) - 1] * empty.workers;
    empty.blocks = l->profile->lesson_blocks;
    for (int k = 0; k < COUNT(teams); k++) {
        if (teams[k].lesson)
            add_as(l, lesson, teams[k].backend, teams[k].schedule, 0);
        if (!strcmp(teams[k].backend, "mpi_omp") && empty.workers % 2)
            continue; /* no two threads for each process */
        for (int i = 0; i < COUNT(chunks); i++) {
            empty.chunk = chunks[i];
            add_as(l, empty, teams[k].backend, teams[k].schedule,
                   bisection_rank(i, COUNT(chunks)) * 5);
        }
    }
    add_serial(l, empty);
}

/* The same OpenMP loop on two runtimes, under each way to wait: their own, spinning, sleeping. */
static void add_runtimes(const struct layout *l)
{
    static const char *const waits[] = { "default", "active", "passive" };
    static const int64_t chunks[] = { 1, 10, 100, 1000 };
    struct record r = blank(l, "runtimes", "empty");
    r.task_ns = 0;
    r.tasks = chunks[COUNT(chunks) - 1] * l->workers;
    for (int wait = 0; wait < COUNT(waits); wait++)
        for (int i = 0; i < COUNT(chunks); i++) {
            r.wait = waits[wait];
            r.chunk = chunks[i];
            r.runner = "cell";
            add_as(l, r, "omp", "dynamic", bisection_rank(i, COUNT(chunks)) * 5);
            r.runner = RUNNER_LLVM;
            add_as(l, r, "omp", "dynamic", bisection_rank(i, COUNT(chunks)) * 5);
        }
}

int profile_is_long(const struct profile *profile)
{
    return profile->samples > 1 && profile->budget_s > 60; /* default and full */
}

double profile_budget_s(const struct profile *profile, const struct plan *p)
{
    double launched = 0;
    for (int i = 0; i < p->count; i++) {
        const struct plan_cell *c = &p->cells[i];
        int64_t most = c->record.blocks, least = profile->blocks_least;
        if (!c->dropped && listing_is("backend", c->record.backend, "launched"))
            launched += c->seconds * (double)(most && most < least ? most : least);
    }
    return profile->budget_s + fmin(launched / PLAN_FILL, PROFILE_MPI_S);
}

void profile_sweeps(struct plan *p, const struct profile *profile, const struct topology *t,
                    const struct csv *peers)
{
    const struct layout l = { p, profile, t, t->effective_workers };
    add_lesson(&l);
    add_workers(&l);
    add_chunks(&l, 1000, 0);
    add_chunks(&l, 10000, 1);
    add_lengths(&l);
    add_schedules(&l);
    add_startup(&l);
    if (profile_is_long(profile)) {
        add_tasks(&l);
        add_payloads(&l);
        add_contention(&l);
        add_matrix(&l);
        add_launch(&l);
        add_gil(&l);
        if (profile->fine)
            add_gil_more(&l);
        if (peers && peers->rows) {
            add_peers(&l, peers);
            add_gil_peers(&l, peers);
        }
    }
    if (profile->blocks_least > 1) /* smoke gives no verdicts */
        add_twins(&l);
}

void profile_plan(struct plan *p, const struct profile *profile, const struct topology *t)
{
    struct csv *peers = profile_is_long(profile) && !t->foreign ? listing_peers() : NULL;
    const struct layout l = { p, profile, t, t->effective_workers };
    struct runner llvm;
    profile_sweeps(p, profile, t, peers);
    csv_free(peers);
    if (t->foreign)
        return;
    if (profile_is_long(profile) && launcher_command(NULL))
        add_mpi(&l);
    if (profile->fine && *listing_of("workload", "python_cpu", "name") &&
        !*listing_of("workload", "python_cpu", "unavailable"))
        add_gil_inside(&l);
    if (profile->fine && !runner_find(&llvm, RUNNER_LLVM, NULL))
        add_runtimes(&l);
}
