/* SPDX-License-Identifier: MIT */
#include "plan.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "command.h"
#include "launcher.h"
#include "listing.h"
#include "room.h"
#include "runner.h"
#include "sweep.h"
#include "words.h"

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

/* ---- memory ---- */

static void *grow(void *array, int count, int *room, size_t size)
{
    if (count < *room)
        return array;
    *room = *room ? *room * 2 : 64;
    array = realloc(array, (size_t)*room * size);
    if (!array)
        die(EXIT_FAILED, "plan: no memory for %d cells", *room);
    return array;
}

/* Keep TEXT, which was allocated, as long as the plan lives. */
static char *keep(struct plan *p, char *text)
{
    if (!text)
        die(EXIT_FAILED, "plan: no memory");
    p->texts = grow(p->texts, p->text_count, &p->text_room, sizeof *p->texts);
    return p->texts[p->text_count++] = text;
}

void plan_free(struct plan *p)
{
    for (int i = 0; i < p->text_count; i++)
        free(p->texts[i]);
    free(p->texts);
    free(p->cells);
    *p = (struct plan){ 0 };
}

/* ---- what a cell will take ---- */

static int is(const char *a, const char *b)
{
    return !strcmp(a, b);
}

/* Those that a launcher starts. */
static int is_mpi(const struct record *r)
{
    return runner_is_cell(r->runner) && !strncmp(r->backend, "mpi", 3);
}

/* Rough prices, ns, on the high side; they only size the plan, they are never reported. */
enum {
    CLAIM_NS = 40,       /* a chunk from a shared counter; claims of all workers go one by one */
    MESSAGE_NS = 7000,   /* a chunk through a pipe and back */
    PIPE_BYTE_NS = 2,    /* a byte there and one back */
    JOB_NS = 100000,     /* starting a job and seeing its end */
    LAUNCH_NS = 4000000, /* a fresh process, its checks, its end */
    MPI_LAUNCH_NS = 800000000,
    /* of Python's pools */
    PEER_CHUNK_NS = 40000,
    PEER_TASK_NS = 1000,
    PEER_LAUNCH_NS = 120000000
};

static double handout_ns(const char *backend)
{
    if (is(backend, "serial"))
        return 0;
    static const char *const claiming[] = { "omp", "gil", "pool", "pthread" };
    for (int i = 0; i < COUNT(claiming); i++)
        if (is(backend, claiming[i]))
            return CLAIM_NS;
    return MESSAGE_NS;
}

static int distinct_cpus(const char *cpus, int64_t workers)
{
    char *end;
    int count = 0;
    long seen[64];
    for (const char *at = cpus; *at && count < 64; at = *end ? end + 1 : end) {
        long cpu = strtol(at, &end, 10);
        int known = 0;
        for (int i = 0; i < count; i++)
            known |= seen[i] == cpu;
        if (!known)
            seen[count++] = cpu;
        if (end == at)
            break;
    }
    return !count || count > workers || count == 64 ? (int)workers : count;
}

/* What a task takes beside task_ns, by workload: a constant, and by the byte; and whether its bytes
 * are there before and looked at after. */
static const struct extra {
    const char *workload, *variant;
    double ns, byte_ns;
    int stays;
} extras[] = { { "empty", "", 2, 0, 0 },          { "payload", "", 0, 0.6, 1 },
               { "memory", "", 0, 0.5, 1 },       { "alloc", "small", 1000, 0, 0 },
               { "alloc", "mixed", 35000, 0, 0 }, { "fault", "", 1000, 0.5, 0 },
               { "counter", "", 600, 0, 0 },      { "", "", 0, 0, 0 } };

static const struct extra *extra_of(const struct record *r)
{
    const struct extra *e = extras;
    while (*e->workload &&
           (!is(r->workload, e->workload) || (*e->variant && !is(r->variant, e->variant))))
        e++;
    return e;
}

/* How many workers get on at the same time: under a lock one, and the old one costs as much again.
 */
static double at_once(const struct record *r)
{
    if (is(r->backend, "gil"))
        return strstr(r->options, "lock:old") ? 0.5 : 1;
    return distinct_cpus(r->cpus, r->workers);
}

static double sample_seconds(const struct record *r)
{
    double chunk = r->chunk ? (double)r->chunk : 1;
    double chunks = ceil((double)r->tasks / chunk), task = (double)r->task_ns;
    double handout = chunks * handout_ns(r->backend), work;
    const struct extra *extra = extra_of(r);
    task += extra->ns + extra->byte_ns * (double)r->payload_bytes;
    if (runner_is_peer(r->runner)) {
        handout = is(r->backend, "serial") ? 0 : chunks * PEER_CHUNK_NS;
        task += PEER_TASK_NS;
    }
    if (is(r->workload, "payload") && handout_ns(r->backend) == MESSAGE_NS)
        handout += (double)(r->tasks * r->payload_bytes) * PIPE_BYTE_NS;
    if (is(r->workload, "sleep"))
        work = ceil(chunks / (double)r->workers) * chunk * task;
    else if (is(r->workload, "convoy")) /* one task serves for as long as the clock says */
        work = fmax(task, (double)(r->tasks - 1) * task / at_once(r));
    else
        work = (double)r->tasks * task / at_once(r);
    return (fmax(work, handout) + JOB_NS) / 1e9;
}

static double cell_seconds(const struct record *r)
{
    double warmups =
        fmax((double)r->warmup_samples, (double)r->warmup_ms / 1e3 / sample_seconds(r));
    double bytes = extra_of(r)->stays ? (double)(r->tasks * r->payload_bytes) : 0;
    double fill = bytes * 1e-9 * (2 + 2 * (double)r->samples);
    double ballast = (double)r->ballast_mib * (0.4e6 + 30e3 * (double)r->workers);
    double samples = (double)(r->samples + r->trace) + warmups;
    double launch = runner_is_peer(r->runner) ? PEER_LAUNCH_NS
                    : is_mpi(r)               ? MPI_LAUNCH_NS
                                              : LAUNCH_NS;
    return (launch + 300e3 * (double)r->workers + ballast) / 1e9 + fill +
           samples * (sample_seconds(r) + 0.3e-3);
}

double plan_seconds(const struct plan *p, int blocks)
{
    double sum = 0;
    for (int i = 0; i < p->count; i++) {
        const struct plan_cell *c = &p->cells[i];
        int64_t times = c->record.blocks && c->record.blocks < blocks ? c->record.blocks : blocks;
        if (!c->dropped)
            sum += c->seconds * (double)times;
    }
    return sum;
}

/* ---- cells ---- */

/* Two cells of the same work: pairs of them are compared. */
static int same_work(const struct record *a, const struct record *b)
{
    return is(a->workload, b->workload) && is(a->variant, b->variant) && a->task_ns == b->task_ns &&
           a->payload_bytes == b->payload_bytes && a->tasks == b->tasks && a->chunk == b->chunk &&
           a->workers == b->workers && is(a->place, b->place) && is(a->cpus, b->cpus) &&
           is(a->wait, b->wait) && a->ballast_mib == b->ballast_mib;
}

static int same_cell(const struct record *a, const struct record *b)
{
    return same_work(a, b) && is(a->runner, b->runner) && is(a->backend, b->backend) &&
           is(a->start, b->start) && is(a->schedule, b->schedule) && is(a->options, b->options) &&
           a->twin == b->twin;
}

/* The same cell in two sweeps is measured once, and belongs to both. */
static void merge(struct plan *p, struct record *into, const struct record *from)
{
    char *both;
    if (*from->sweep && !*into->sweep) {
        into->sweep = from->sweep;
    } else if (*from->sweep && !sweep_has(into->sweep, from->sweep)) {
        if (asprintf(&both, "%s+%s", into->sweep, from->sweep) < 0)
            both = NULL;
        into->sweep = keep(p, both);
    }
    if (from->drop < into->drop)
        into->drop = from->drop;
    into->trace |= from->trace;
}

static void add(struct plan *p, const struct record *r)
{
    int group = p->count;
    for (int i = 0; i < p->count; i++) {
        if (same_cell(&p->cells[i].record, r)) {
            merge(p, &p->cells[i].record, r);
            return;
        }
        if (same_work(&p->cells[i].record, r))
            group = p->cells[i].group;
    }
    p->cells = grow(p->cells, p->count, &p->room, sizeof *p->cells);
    p->cells[p->count++] =
        (struct plan_cell){ .record = *r, .seconds = cell_seconds(r), .group = group };
}

/* The CPUs of WORKERS workers at PLACE, as the line has them. */
static int place_text(struct plan *p, const struct topology *t, const char *place, long workers,
                      const char **out, struct why *w)
{
    int *cpus = malloc((size_t)workers * sizeof *cpus);
    size_t room = (size_t)workers * 12 + 1, used = 0;
    char *text = calloc(room, 1);
    if (!cpus || !text)
        die(EXIT_FAILED, "plan: no memory for %ld workers", workers);
    long count = topology_place(t, place, workers, cpus, w);
    for (long i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, room - used, "%s%d", i ? "+" : "", cpus[i]);
    free(cpus);
    *out = keep(p, text);
    return count < 0 ? (int)count : 0;
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
} series[] = {
    { "omp", "dynamic" }, { "pool", "dynamic" }, { "pool", "steal" }, { "pipe", "dynamic" }
};

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

static void add_as(const struct layout *l, struct record r, const char *backend,
                   const char *schedule, int64_t drop)
{
    r.backend = backend;
    r.schedule = schedule;
    r.drop = drop;
    r.place = "close";
    place_text(l->plan, l->topology, r.place, (long)r.workers, &r.cpus, NULL);
    double seconds = sample_seconds(&r);
    if (seconds > 1)
        r.samples = 1;
    else if (seconds > 0.1 && r.samples > 3)
        r.samples = 3;
    if (seconds > 1)
        r.warmup_samples = 0;
    add(l->plan, &r);
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
        if (!is(series[i].schedule, "steal"))
            add_as(l, r, series[i].backend, series[i].schedule, 0);
    add_serial(l, r);
}

static void add_workers(const struct layout *l)
{
    long ladder[TOPOLOGY_POINTS];
    int points = topology_ladder(l->topology, ladder, TOPOLOGY_POINTS);
    struct record r = blank(l, "workers", "cpu");
    r.task_ns = 10000;
    r.chunk = 16;
    r.tasks = tasks_alike(l, 10000, r.chunk);
    for (int i = 0; i < points; i++) {
        int rank = bisection_rank(i, points);
        r.workers = ladder[i];
        for (int s = 0; s < COUNT(series); s++) /* a step costs little and tells much */
            if (!is(series[s].schedule, "steal"))
                add_as(l, r, series[s].backend, series[s].schedule, rank > 1 ? rank - 1 : rank);
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
    r.tasks = tasks_for(l, (double)task_ns, 0, l->workers);
    int points = chunk_axis(l, r.tasks, axis);
    for (int i = 0; i < points; i++) {
        int rank = bisection_rank(i, points);
        for (int s = 0; s < COUNT(series); s++) {
            struct record cell = r;
            cell.chunk = axis[i];
            if (is(series[s].backend, "pipe") && axis[i] * task_ns < INT64_C(4) * MESSAGE_NS) {
                /* Messages would make the same job many times longer: fewer tasks tell as much. */
                int64_t tasks =
                    tasks_for(l, (double)task_ns, MESSAGE_NS / (double)axis[i], l->workers);
                cell.tasks = tasks < r.tasks ? tasks : r.tasks;
            }
            add_as(l, cell, series[s].backend, series[s].schedule, rank ? rank + first_rank : 0);
        }
    }
    add_as(l, r, "omp", "guided", 3 * first_rank);
    add_as(l, r, "pool", "guided", 3 * first_rank);
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
        { 10, 0, 0 },    { 20, 6, 1 },     { 30, 2, 0 },     { 50, 6, 1 },      { 100, 1, 0 },
        { 200, 6, 1 },   { 300, 5, 0 },    { 500, 6, 1 },    { 1000, 3, 0 },    { 2000, 6, 1 },
        { 3000, 4, 0 },  { 5000, 6, 1 },   { 10000, 1, 0 },  { 20000, 6, 1 },   { 30000, 2, 0 },
        { 50000, 6, 1 }, { 100000, 3, 0 }, { 200000, 6, 1 }, { 1000000, 4, 0 }, { 10000000, 0, 0 },
    };
    for (int i = 0; i < COUNT(axis); i++) {
        struct record r = blank(l, "length", "cpu");
        if (axis[i].fine > l->profile->fine)
            continue;
        r.task_ns = axis[i].ns;
        for (int s = 0; s < COUNT(series); s++) {
            r.tasks = tasks_for(l, (double)r.task_ns, handout_ns(series[s].backend), l->workers);
            add_as(l, r, series[s].backend, series[s].schedule, axis[i].drop);
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
        for (int s = 0; s < COUNT(series); s++)
            add_as(l, r, series[s].backend, series[s].schedule, 0);
        r.chunk = each[i];
        add_as(l, r, "omp", "static", 0);
    }
}

static void add_schedules(const struct layout *l)
{
    static const struct series all[] = {
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
            if (is(all[s].schedule, "static"))
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
            if (!is(series[s].schedule, "steal"))
                add_as(l, r, series[s].backend, series[s].schedule, drop);
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
        r.tasks = tasks_for(l, (double)r.task_ns, MESSAGE_NS, l->workers);
        for (int b = 0; b < COUNT(backends); b++)
            add_as(l, r, backends[b], "dynamic", i ? i + 2 : 0);
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
            add_as(l, r, ways[w].backend, "dynamic", i > 1 ? i + 3 : 0);
        }
    }
}

/* Inputs and outputs of every task: in place, where memory is shared, or through pipes.  How long a
 * task must be before the pipes don't matter is a line in this plane. */
static void add_payloads(const struct layout *l)
{
    static const int drop[] = { 0, 4, 1, 0 };
    static const int64_t lengths[] = { 1000, 10000, 100000, 1000000 };
    static const int64_t bytes[] = { 256, 4096, 65536 };
    static const struct series sides[] = { { "omp", "dynamic" },
                                           { "pool", "dynamic" },
                                           { "pipe", "dynamic" } };
    for (int i = 0; i < COUNT(lengths); i++)
        for (int k = 0; k < COUNT(bytes); k++) {
            struct record r = blank(l, "payload", "payload");
            r.task_ns = lengths[i];
            r.payload_bytes = bytes[k];
            double task = 2 * ((double)r.task_ns + (double)bytes[k]); /* samples of half length */
            int64_t fit = (INT64_C(16) << 20) / bytes[k] / l->workers * l->workers;
            r.tasks = tasks_for(l, task, MESSAGE_NS, l->workers);
            r.tasks = r.tasks < fit || !fit ? r.tasks : fit;
            r.samples = l->profile->samples > 2 ? l->profile->samples - 1 : 2;
            for (int s = 0; s < COUNT(sides); s++)
                add_as(l, r, sides[s].backend, sides[s].schedule, k == 1 ? 4 : drop[i]);
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
        { "memory", "worker", 65536, 80000, 1, 0 }, { "alloc", "mixed", 0, 80000, 1, 0 },
        { "fault", "", 65536, 60000, 1, 0 },        { "counter", "shared", 0, 1000, 16, 0 },
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

/* Tasks that compute, by 1, 2 and all workers; and by all of them the more of a task needs the
 * lock. */
static void add_gil_cpu(const struct layout *l)
{
    static const struct {
        const char *backend, *options;
        int fine;
    } teams[] = { { "gil", "", 0 }, { "omp", "", 0 }, { "pool", "", 0 }, { "gil", "lock:old", 1 } };
    static const char *const held[] = { "held:0", "held:25", "held:50", "held:75" };
    const int64_t workers[] = { 1, l->workers < 2 ? 1 : 2, l->workers };
    struct record r = blank_gil(l, "cpu", 150000); /* of no other sweep: it is about the lock */
    r.tasks = (int64_t)ceil(l->profile->sample_s * 1e9 / 150000 / (double)l->workers) * l->workers;
    for (int i = 0; i < COUNT(teams); i++)
        for (int k = 0; k < COUNT(workers) && teams[i].fine <= l->profile->fine; k++) {
            r.options = teams[i].options;
            r.workers = workers[k];
            add_as(l, r, teams[i].backend, "dynamic", 0);
        }
    for (int i = 0; i < COUNT(held) && l->workers > 1; i++) {
        r.options = held[i];
        r.workers = l->workers;
        add_as(l, r, "gil", "dynamic", 2);
    }
    r.options = "";
    add_serial(l, r);
}

/* One that answers and, with COMPUTING 1, one beside it.  Not bound: who serves goes where there is
 * a CPU. */
static void add_convoy(const struct layout *l, const char *backend, const char *options,
                       int64_t computing, int64_t drop)
{
    struct record r = blank_gil(l, "convoy", 200000000);
    r.backend = backend;
    r.options = options;
    r.tasks = r.workers = computing + 1;
    r.schedule = "dynamic";
    r.drop = drop;
    add(l->plan, &r);
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
    add_convoy(l, "gil", "", 0, 0);
    add_convoy(l, "gil", "", 1, 0);
    add_convoy(l, "omp", "", 1, 2);
}

/* The old lock, other switch intervals, sleeping: what default has no room for. */
static void add_gil_more(const struct layout *l)
{
    static const struct {
        const char *backend, *options;
    } teams[] = { { "gil", "" }, { "gil", "lock:old" }, { "omp", "" }, { "pool", "" } };
    static const char *const convoys[] = { "lock:old", "switch_us:500", "switch_us:50" };
    struct record sleep = blank_gil(l, "sleep", 10000000);
    sleep.tasks = 24;
    sleep.workers = 8;
    for (int i = 0; i < COUNT(teams); i++) {
        sleep.options = teams[i].options;
        add_as(l, sleep, teams[i].backend, "dynamic", 5);
    }
    sleep.options = "";
    add_serial(l, sleep);
    for (int i = 0; i < COUNT(convoys); i++)
        add_convoy(l, "gil", convoys[i], 1, 5);
    add_convoy(l, "pool", "", 1, 5);
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
        if (p->cells[i].group == last || is(r.backend, "serial") || r.samples == 1 ||
            is(r.sweep, "peers"))
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
        add(p, &r);
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
        if (*csv_cell(peers, row, csv_column(peers, "unavailable")))
            continue;
        const char *name = csv_cell(peers, row, csv_column(peers, "name"));
        lesson.runner = empty.runner = keep(l->plan, strdup(name));
        const char *backend = empty.runner + runner_family(name) + 1;
        if (is(backend, "serial")) {
            struct record once = lesson;
            once.blocks = 1; /* it is the longest, and takes as long every time */
            add_serial(l, once);
            add_serial(l, empty);
            continue;
        }
        if (!is(backend, "mpi") ||
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

/* MPI: the lesson, and what a chunk of empty tasks costs, beside the teams that hand out the same.
 * A launch takes most of a second, so it is in few blocks. */
static void add_mpi(const struct layout *l)
{
    static const char *const backends[] = { "mpi", "mpi_send", "pool", "pipe", "omp" };
    static const int64_t chunks[] = { 1, 10, 100, 1000 };
    struct record lesson = blank_lesson(l), empty = blank(l, "mpi", "empty");
    empty.task_ns = 0;
    empty.workers = l->workers < 8 ? l->workers : 8;
    empty.tasks = chunks[COUNT(chunks) - 1] * empty.workers;
    empty.blocks = l->profile->lesson_blocks;
    for (int b = 0; b < COUNT(backends); b++) {
        add_as(l, lesson, backends[b], "dynamic", 0);
        for (int i = 0; i < COUNT(chunks); i++) {
            empty.chunk = chunks[i];
            add_as(l, empty, backends[b], "dynamic", bisection_rank(i, COUNT(chunks)) * 5);
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

/* Profiles that have time for more than the main question. */
static int is_long(const struct profile *profile)
{
    return profile->samples > 1 && profile->budget_s > 60; /* default and full */
}

void plan_sweeps(struct plan *p, const struct profile *profile, const struct topology *t,
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
    if (is_long(profile)) {
        add_tasks(&l);
        add_payloads(&l);
        add_contention(&l);
        add_matrix(&l);
        add_launch(&l);
        add_gil(&l);
        if (profile->fine)
            add_gil_more(&l);
        if (peers && peers->rows)
            add_peers(&l, peers);
    }
    if (profile->blocks_least > 1) /* smoke gives no verdicts */
        add_twins(&l);
}

void plan_profile(struct plan *p, const struct profile *profile, const struct topology *t)
{
    struct csv *peers = is_long(profile) && !t->foreign ? listing_peers() : NULL;
    const struct layout l = { p, profile, t, t->effective_workers };
    struct runner llvm;
    plan_sweeps(p, profile, t, peers);
    csv_free(peers);
    if (t->foreign)
        return;
    if (is_long(profile) && launcher_command(NULL))
        add_mpi(&l);
    if (profile->fine && !runner_find(&llvm, RUNNER_LLVM, NULL))
        add_runtimes(&l);
}

int plan_has_peers(const struct plan *p)
{
    for (int i = 0; i < p->count; i++)
        if (runner_is_peer(p->cells[i].record.runner))
            return 1;
    return 0;
}

/* ---- plans by hand ---- */

static int is_given(char **words, int count, const char *name)
{
    size_t length = strlen(name);
    for (int i = 0; i < count; i++)
        if (!strncmp(words[i], name, length) && words[i][length] == '=')
            return 1;
    return 0;
}

/* Add the cells for WORDS[at ..], the words before being already in BASE. */
static int product(struct plan *p, struct record base, char **words, int count, int at,
                   int place_cpus, const struct topology *t, struct why *w)
{
    if (at == count) {
        int error = record_complete(&base, w);
        if (!error && place_cpus) {
            if (!*base.place)
                base.place = "close";
            error = place_text(p, t, base.place, (long)base.workers, &base.cpus, w);
        }
        if (!error)
            add(p, &base);
        return error;
    }
    const char *equals = strchr(words[at], '=');
    if (!equals)
        return why(w, -EINVAL, "'%s' is not of the form field=value,value,...", words[at]);
    const char *value = equals + 1;
    for (;;) {
        int length = (int)strcspn(value, ",");
        char *word;
        if (asprintf(&word, "%.*s=%.*s", (int)(equals - words[at]), words[at], length, value) < 0)
            word = NULL;
        int error = record_word(&base, keep(p, word), w);
        if (!error)
            error = product(p, base, words, count, at + 1, place_cpus, t, w);
        if (error || !value[length])
            return error;
        value += length + 1;
    }
}

int plan_product(struct plan *p, char **words, int count, const struct topology *t, struct why *w)
{
    struct record base;
    record_init(&base);
    return product(p, base, words, count, 0, !is_given(words, count, "cpus"), t, w);
}

int plan_read(struct plan *p, FILE *f, const char *name, struct why *w)
{
    char *line = NULL;
    size_t room = 0;
    int error = 0;
    for (long number = 1; !error && getline(&line, &room, f) >= 0; number++) {
        const char *start = line + strspn(line, " \t\r\n");
        struct why inner;
        struct record r;
        if (!*start || *start == '#')
            continue;
        error = record_line(&r, keep(p, strdup(start)), &inner);
        if (error)
            why(w, error, "%s: line %ld: %s", name, number, inner.text);
        else
            add(p, &r);
    }
    free(line);
    if (!error && ferror(f))
        error = why(w, -EIO, "%s: cannot read: %s", name, strerror(errno));
    if (!error && !p->count)
        error = why(w, -EINVAL, "%s: no plan lines in it", name);
    return error;
}

/* ---- fewer cells ---- */

static char *line_of(const struct record *r)
{
    char *line = NULL;
    size_t length = 0;
    FILE *f = open_memstream(&line, &length);
    if (!f)
        die(EXIT_FAILED, "plan: no memory");
    record_print_line(r, f);
    fclose(f);
    return line;
}

void plan_only(struct plan *p, const char *pattern)
{
    char *wide;
    int kept = 0;
    if (asprintf(&wide, "*%s*", pattern) < 0)
        die(EXIT_FAILED, "plan: no memory");
    for (int i = 0; i < p->count; i++) {
        char *line = line_of(&p->cells[i].record);
        if (!fnmatch(wide, line, 0))
            p->cells[kept++] = p->cells[i];
        free(line);
    }
    p->count = kept;
    free(wide);
}

/* Drop the whole point of the sweep that cell WORST stands at. */
static int drop_point(struct plan *p, int worst)
{
    const struct record w = p->cells[worst].record;
    int dropped = 0;
    for (int i = 0; i < p->count; i++) {
        const struct record *r = &p->cells[i].record;
        if (p->cells[i].dropped || r->drop != w.drop || !is(r->sweep, w.sweep) ||
            !is(r->workload, w.workload) || !is(r->variant, w.variant) || r->task_ns != w.task_ns ||
            r->workers != w.workers || (r->chunk != w.chunk && !is(r->workload, "skew")))
            continue;
        p->cells[i].dropped = 1;
        dropped++;
    }
    return dropped;
}

/* Is it there for others to be held against? */
static int is_reference(const struct record *r)
{
    return is(r->backend, "serial") || (is(r->sweep, "length") && is(r->schedule, "static"));
}

/* A reference that no other cell is held against is of no use. */
static int drop_lonely(struct plan *p)
{
    int dropped = 0;
    for (int i = 0; i < p->count; i++) {
        const struct record *r = &p->cells[i].record;
        int used = p->cells[i].dropped || !is_reference(r);
        for (int k = 0; k < p->count && !used; k++) {
            const struct record *other = &p->cells[k].record;
            used = !p->cells[k].dropped && !is_reference(other) &&
                   !runner_compare(other->runner, r->runner) && is(other->workload, r->workload) &&
                   is(other->variant, r->variant) && other->task_ns == r->task_ns;
        }
        p->cells[i].dropped |= !used;
        dropped += !used;
    }
    return dropped;
}

void plan_leave_out(struct plan *p, int i, const char *why)
{
    p->cells[i].dropped = 1;
    p->cells[i].why = keep(p, strdup(why));
}

int plan_fit(struct plan *p, double seconds, int done, int blocks)
{
    int dropped = 0;
    while (plan_seconds(p, blocks) - plan_seconds(p, done) > seconds) {
        int worst = -1;
        for (int i = 0; i < p->count; i++)
            if (!p->cells[i].dropped && p->cells[i].record.drop > 0 &&
                (worst < 0 || p->cells[i].record.drop >= p->cells[worst].record.drop))
                worst = i;
        if (worst < 0)
            break;
        dropped += drop_point(p, worst);
        dropped += drop_lonely(p); /* at once: what they took may keep other points */
    }
    return dropped;
}

void plan_print(const struct plan *p, FILE *f)
{
    for (int i = 0; i < p->count; i++) {
        if (p->cells[i].dropped)
            continue;
        fputs("teampool-cell ", f);
        record_print_line(&p->cells[i].record, f);
    }
}

/* ---- the command ---- */

/* Names that nobody has are better refused here than a hundred times later. */
static void refuse_unknown(const struct plan *p)
{
    struct csv *list;
    struct why w;
    struct runner runner;
    if (listing_ask(&list, "cell", "--list", &w))
        die(EXIT_FAILED, "plan: %s", w.text);
    for (int i = 0; i < p->count; i++) {
        const struct record *r = &p->cells[i].record;
        if (!strchr(r->runner, '/') && runner_find(&runner, r->runner, &w))
            die(EXIT_USAGE, "plan: %s", w.text);
        if (runner_is_cell(r->runner) && (!listing_has(list, "backend", r->backend, &w) ||
                                          !listing_has(list, "workload", r->workload, &w)))
            die(EXIT_USAGE, "plan: %s", w.text);
    }
    csv_free(list);
}

/* Of a command line that is not whole: a name that nobody has tells more than what is missing. */
static void refuse_unknown_words(char **words, int count)
{
    static const char *const kinds[] = { "backend", "workload" };
    struct csv *list;
    struct why w;
    if (is_given(words, count, "runner") || listing_ask(&list, "cell", "--list", &w))
        return;
    for (int i = 0; i < count; i++)
        for (int k = 0; k < COUNT(kinds); k++) {
            size_t length = strlen(kinds[k]);
            if (strncmp(words[i], kinds[k], length) != 0 || words[i][length] != '=')
                continue;
            char *names = strdup(words[i] + length + 1), *rest = names, *name;
            while (rest && (name = strsep(&rest, ",")))
                if (!listing_has(list, kinds[k], name, &w))
                    die(EXIT_USAGE, "plan: %s", w.text);
            free(names);
        }
    csv_free(list);
}

/* Of all combinations, those that do not go together: a schedule that a backend has not. */
static void leave_out_impossible(struct plan *p)
{
    struct why w, first = { "" };
    int kept = 0, count = p->count;
    for (int i = 0; i < count; i++) {
        if (listing_takes(&p->cells[i].record, &w))
            p->cells[kept++] = p->cells[i];
        else if (!*first.text)
            first = w;
    }
    p->count = kept;
    if (!kept)
        die(EXIT_USAGE, "plan: %s", first.text);
    if (kept < count)
        warn("plan: %d of %d combinations left out: %s", count - kept, count, first.text);
}

static const char *only;
static struct topology_spec spec = { .source = "--topology" };
static int of_profile = PROFILE_DEFAULT;

static const struct option options[] = {
    { "--profile", "P", OPTION_WORD, ONE_OF(&of_profile, profiles), "whose sweeps" },
    { "--only", "PATTERN", OPTION_TEXT, &only,
      "cells whose line contains it: 'sweep=chunk', 'backend=omp*task_ns=1000 '" },
    { "--topology", "MACHINE", OPTION_TEXT, &spec.described, TOPOLOGY_HELP },
    { 0 },
};

static int plan_main(const struct command *self, int argc, char **argv)
{
    struct topology *t;
    struct plan p = { 0 };
    struct why w;
    char why[ROOM_WHY];
    char cells[WORD], blocks[WORD];
    int words = options_take(self, argc, argv);
    const struct profile *profile = &profiles[of_profile];

    spec.root = getenv("TEAMPOOL_ROOT");
    spec.granted = batch_cpus();
    if (topology_load(&t, &spec, &w))
        die(EXIT_FAILED, "plan: %s", w.text);
    if (words) {
        if (plan_product(&p, argv, words, t, &w)) {
            refuse_unknown_words(argv, words);
            die(EXIT_USAGE, "plan: %s", w.text);
        }
        refuse_unknown(&p);
        leave_out_impossible(&p);
    } else {
        room_limit(t, spec.root, why);
        plan_profile(&p, profile, t);
        room_fit(&p, t, spec.root);
        if (only)
            plan_only(&p, only);
        room_tell(&p, "plan", why);
        room_insist(&p, "plan");
        int dropped = plan_fit(&p, profile->budget_s * PLAN_FILL, 0, profile->blocks_least);
        if (dropped)
            warn("plan: %s left out so that %s fit into %.0f s",
                 words_plural(cells, dropped, "cell"),
                 words_plural(blocks, profile->blocks_least, "block"), profile->budget_s);
    }
    if (only && words)
        plan_only(&p, only);
    if (!p.count)
        die(EXIT_USAGE, "plan: no cell's line contains '%s'", only);
    plan_print(&p, stdout);
    plan_free(&p);
    topology_free(t);
    return EXIT_OK;
}

const struct command command_plan = {
    .name = "plan",
    .operands = "[FIELD=VALUE,VALUE ...]",
    .summary = "plan lines, a cell a line",
    .about =
        "Without operands: the sweeps of a profile, laid out for this machine.  With operands: "
        "every\n"
        "combination of the values given, as in\n"
        "  teampool plan backend=omp,pool schedule=dynamic workload=cpu task_ns=1000 chunk=1,16\n"
        "The lines can be kept, changed and measured: teampool run --plan FILE, or one by one by "
        "hand.\n"
        "A profile leaves out what there are too few processes, files or memory for, and says so.\n"
        "'teampool-cell --help' lists the fields.",
    .main = plan_main,
    .options = options,
};
