/* SPDX-License-Identifier: MIT
 *
 * teampool-cell: measures one cell.  Its command line is a plan line; it prints a CSV header and a
 * row per sample, with trace=1 a second table, and nothing else.  It is started afresh for every
 * cell, so no run inherits another's threads, binding, heap or environment.  It plans nothing and
 * judges nothing.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../core/arena.h"
#include "../core/backend.h"
#include "../core/bind.h"
#include "../core/clock.h"
#include "../core/csv.h"
#include "../core/kernel.h"
#include "../core/place.h"
#include "../core/workload.h"
#include "command.h"
#include "launcher.h"
#include "measure.h"
#include "record.h"
#include "setting.h"
#include "trace.h"
#include "words.h"

const char *program_name = "teampool-cell";

enum { MOST_CPUS = 4096, MOST_NAMES = 64, CALIBRATION_MS = 30, CANARY_NS = 70000, CANARIES = 3 };
#define ARENA_BYTES (INT64_C(1) << 36) /* of address space, not of memory; less */
#define LEAST_ARENA (INT64_C(1) << 26) /* ... where that is short */

static const char *const schedule_names[SCHEDULES] = { "static", "dynamic", "guided", "steal" };
static const char *const wait_names[WAITS] = { "active", "passive", "default" };

struct cell {
    struct record record;
    const struct backend *backend;
    const struct workload *workload;
    enum schedule schedule;
    struct team_spec spec;
    int cpus[MOST_CPUS];
    int64_t options[MOST_SETTINGS]; /* the backend's own */
    char options_text[256];
    struct arena arena;
    void *work; /* the workload's */
    struct identity *workers;
    struct stint *stints;
    struct canary *canary;       /* NULL: none is run */
    struct trace *trace;         /* NULL: no sample is traced */
    int64_t start_ns, launch_ns; /* the second: what a launcher took to start this program */
};

/* ---- what the line asks for ---- */

static const char *first_word(const char *words, char *buffer, size_t room)
{
    snprintf(buffer, room, "%.*s", (int)strcspn(words, " "), words);
    return buffer;
}

static int has_word(const char *words, const char *word)
{
    return words && words_has(words, word, strlen(word));
}

/* No backend or workload is called NAME, or it cannot run here. */
_Noreturn static void refuse(const char *field, const char *name, const char *const *names,
                             const char *unavailable)
{
    const char *near = nearest_word(name, names);
    if (unavailable)
        die(EXIT_USAGE, "%s=%s: not on this machine: %s", field, name, unavailable);
    die(EXIT_USAGE, "%s=%s: there is none of that name%s%s%s; 'teampool-cell --list' shows them",
        field, name, near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
}

static const struct backend *find_backend(const char *name)
{
    const char *names[MOST_NAMES + 1] = { 0 };
    const struct backend *found = NULL;
    for (int i = 0; backends[i] && i < MOST_NAMES; i++) {
        names[i] = backends[i]->name;
        if (!strcmp(names[i], name))
            found = backends[i];
    }
    if (!found || found->unavailable)
        refuse("backend", name, names, found ? found->unavailable : NULL);
    return found;
}

static const struct workload *find_workload(const char *name)
{
    const char *names[MOST_NAMES + 1] = { 0 };
    const struct workload *found = NULL;
    for (int i = 0; workloads[i] && i < MOST_NAMES; i++) {
        names[i] = workloads[i]->name;
        if (!strcmp(names[i], name))
            found = workloads[i];
    }
    if (!found || found->unavailable)
        refuse("workload", name, names, found ? found->unavailable : NULL);
    return found;
}

static int find_name(const char *const *names, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (!strcmp(names[i], name))
            return i;
    return -1;
}

static void resolve_schedule(struct cell *c)
{
    struct record *r = &c->record;
    int found = !strcmp(r->schedule, "auto") ? (int)c->backend->schedule
                                             : find_name(schedule_names, SCHEDULES, r->schedule);
    if (found < 0)
        die(EXIT_USAGE, "schedule=%s: write static, dynamic, guided, steal or auto", r->schedule);
    if (!(c->backend->schedules & 1u << found))
        die(EXIT_USAGE, "schedule=%s: %s has none; it has%s%s%s%s", r->schedule, r->backend,
            c->backend->schedules & 1 << SCHEDULE_STATIC ? " static" : "",
            c->backend->schedules & 1 << SCHEDULE_DYNAMIC ? " dynamic" : "",
            c->backend->schedules & 1 << SCHEDULE_GUIDED ? " guided" : "",
            c->backend->schedules & 1 << SCHEDULE_STEAL ? " steal" : "");
    c->schedule = (enum schedule)found;
    r->schedule = schedule_names[found];
}

/* Turn names into things, defaults into what they become; refuse what cannot be meant. */
static void resolve(struct cell *c)
{
    struct record *r = &c->record;
    struct why w;
    static char variant[64];

    c->backend = find_backend(r->backend);
    c->workload = find_workload(r->workload);
    resolve_schedule(c);
    const char *starts = c->backend->starts ? c->backend->starts : c->backend->start;
    if (!strcmp(r->start, "auto"))
        r->start = c->backend->start;
    else if (!has_word(starts, r->start))
        die(EXIT_USAGE, "start=%s: the workers of %s start by: %s", r->start, r->backend, starts);
    int wait = find_name(wait_names, WAITS, r->wait);
    if (wait < 0)
        die(EXIT_USAGE, "wait=%s: write active, passive or default", r->wait);
    const char *variants = c->workload->variants ? c->workload->variants : "";
    if (!*r->variant)
        r->variant = first_word(variants, variant, sizeof variant);
    else if (!has_word(variants, r->variant))
        die(EXIT_USAGE, "variant=%s: %s has %s", r->variant, r->workload,
            *variants ? variants : "no variants");
    if (r->work_version != UNKNOWN && r->work_version != c->workload->version)
        die(EXIT_USAGE, "work_version=%lld: this program's %s is version %d",
            (long long)r->work_version, r->workload, c->workload->version);
    r->work_version = c->workload->version;
    if (c->workload->timeless)
        r->task_ns = 0;
    if (r->payload_bytes && !c->workload->payload)
        die(EXIT_USAGE, "payload_bytes=%lld: %s takes no payload", (long long)r->payload_bytes,
            r->workload);
    if (!r->payload_bytes)
        r->payload_bytes = c->workload->payload;

    if (setting_parse(c->backend->options, r->options, c->options, &w))
        die(EXIT_USAGE, "%s; 'teampool-cell --list' shows them", w.text);
    setting_print(c->backend->options, c->options, c->options_text, sizeof c->options_text);
    r->options = c->options_text;

    int count = place_parse(r->cpus, c->cpus, MOST_CPUS, &w);
    if (count < 0)
        die(EXIT_USAGE, "%s", w.text);
    if (c->backend->program && (c->workload->shares || r->trace))
        die(EXIT_USAGE, "%s: the workers of %s have no memory to share for it",
            r->trace ? "trace=1" : r->workload, r->backend);
    c->spec = (struct team_spec){
        .workers = (int)r->workers,
        .cpus = c->cpus,
        .cpu_count = count,
        .wait = (enum wait_policy)wait,
        .start = r->start,
        .options = c->options,
        .arena = &c->arena,
    };
    if (c->backend->processes && c->backend->processes(&c->spec, &w) < 0)
        die(EXIT_USAGE, "%s", w.text);
}

/* ---- the environment that the backend needs ---- */

extern char **environ;

#define STAGE "TEAMPOOL_CELL_STAGE"

static int is_runtime_variable(const char *entry)
{
    return !strncmp(entry, "OMP_", 4) || !strncmp(entry, "GOMP_", 5) || !strncmp(entry, "KMP_", 4);
}

static void compare_variable(void *to, const char *name, const char *value)
{
    const char *now = getenv(name);
    if (!now || strcmp(now, value) != 0)
        *(int *)to = 1;
}

static void set_variable(void *to, const char *name, const char *value)
{
    (void)to;
    setenv(name, value, 1);
}

/* Start over; STAGE tells the new start what has been done. */
_Noreturn static void restart(const struct cell *c, const char *stage, char **argv)
{
    setenv(STAGE, stage, 1);
    execv("/proc/self/exe", argv);
    die(EXIT_FAILED, "cannot restart with the environment that %s needs: %s", c->record.backend,
        strerror(errno));
}

static void calibrate(struct record *r)
{
    if (r->steps_per_ms == UNKNOWN)
        r->steps_per_ms = (int64_t)(kernel_speed(CALIBRATION_MS) * 1e6);
}

/* Become the launcher of the program that this backend lives in.  All its processes must prepare
 * the same tasks: the kernel's speed is measured once for all. */
_Noreturn static void launch(struct cell *c, char **argv)
{
    const char *command = launcher_command(c->backend->launcher);
    char speed[64];
    struct why w;
    unsetenv(STAGE);
    calibrate(&c->record);
    snprintf(speed, sizeof speed, "steps_per_ms=%lld", (long long)c->record.steps_per_ms);
    launcher_become(command, c->backend->program, c->backend->processes(&c->spec, &w), argv + 1,
                    speed, &w);
    die(EXIT_FAILED, "%s: %s", c->record.backend, w.text);
}

static int runtime_variables(void)
{
    int count = 0;
    for (char **entry = environ; *entry; entry++)
        count += is_runtime_variable(*entry);
    return count;
}

/* Variables that make a runtime bind the initial thread before main. */
static int may_have_bound(void)
{
    return getenv("OMP_PROC_BIND") || getenv("OMP_PLACES") || getenv("GOMP_CPU_AFFINITY") ||
           getenv("KMP_AFFINITY");
}

static void scrub(void)
{
    for (char **entry = environ; *entry;) {
        char name[128];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(*entry, "="), *entry);
        if (is_runtime_variable(*entry) && unsetenv(name) == 0)
            entry = environ;
        else
            entry++;
    }
}

/* OpenMP runtimes read OMP_* before main, keep what they read, and may bind main at once.  So: if
 * the environment has any of it, drop it, take back the binding, and start over clean; look which
 * CPUs we may use; then set what the backend asks for and start over once more. */
static void ensure_environment(struct cell *c, char **argv)
{
    const char *stage = getenv(STAGE);
    struct why w;
    int wrong = 0;
    if (!stage && runtime_variables()) {
        int bound = may_have_bound();
        scrub();
        if (bound)
            bind_as(getppid());
        restart(c, "clean", argv);
    }
    if (!stage || !strcmp(stage, "clean")) {
        if (c->spec.cpu_count && bind_check(c->cpus, c->spec.cpu_count, &w))
            die(EXIT_USAGE, "%s", w.text);
        if (c->backend->environment)
            c->backend->environment(&c->spec, compare_variable, &wrong);
        if (wrong)
            c->backend->environment(&c->spec, set_variable, NULL);
        if (!c->backend->open)
            launch(c, argv);
        if (!wrong)
            return;
        restart(c, "ready", argv);
    }
    unsetenv(STAGE);
    if (c->backend->environment)
        c->backend->environment(&c->spec, compare_variable, &wrong);
    if (wrong)
        die(EXIT_FAILED, "cannot set up the environment that %s needs", c->record.backend);
}

/* ---- measuring ---- */

/* What a worker needs at its birth, in the arena: one that was spawned knows nothing else of the
 * cell. */
struct entrance {
    struct identity *workers;
    int workload; /* its number in the table */
    void *work;
    struct trace *trace;
};

/* Runs in: worker. */
static int enter(void *arg, int worker)
{
    const struct entrance *e = arg;
    const struct workload *workload = workloads[e->workload];
    e->workers[worker] = measure_self();
    if (e->trace)
        trace_enter(e->trace, worker, workload->task);
    return workload->enter ? workload->enter(e->work, worker) : 0;
}

static void prepare(struct cell *c)
{
    struct record *r = &c->record;
    struct why w = { "" };
    int error = -ENOMEM;
    for (ptrdiff_t bytes = ARENA_BYTES; error == -ENOMEM && bytes >= LEAST_ARENA; bytes /= 4)
        error = arena_open(&c->arena, bytes);
    if (error)
        die(EXIT_FAILED, "no shared memory: %s", strerror(-error));
    c->workers = arena_slots(&c->arena, r->workers, sizeof *c->workers);
    c->stints = arena_slots(&c->arena, r->workers, sizeof *c->stints);
    if (r->trace)
        c->trace = trace_reserve(&c->arena, (int)r->workers, (long)r->tasks);
    if (!c->workers || !c->stints || (r->trace && !c->trace))
        die(EXIT_FAILED, "no shared memory for %d workers", (int)r->workers);
    calibrate(r);
    struct work_spec spec = {
        .variant = r->variant,
        .task_ns = r->task_ns,
        .payload_bytes = r->payload_bytes,
        .tasks = (long)r->tasks,
        .workers = (int)r->workers,
        .steps_per_ns = (double)r->steps_per_ms / 1e6,
    };
    if ((error = c->workload->prepare(&c->work, &c->arena, &spec, &w)))
        die(EXIT_FAILED, "%s: cannot prepare: %s", r->workload,
            *w.text ? w.text : strerror(-error));
}

/* What the workers' stints say, counted from T0.  A worker that got no task has none. */
static void take_stints(struct cell *c, int64_t t0)
{
    struct record *r = &c->record;
    int64_t first = INT64_MAX, last = INT64_MIN, sum = 0, most = 0;
    for (int i = 0; i < c->spec.workers; i++) {
        const struct stint *s = &c->stints[i];
        if (!s->enter_ns)
            continue;
        int64_t busy = s->leave_ns - s->enter_ns;
        first = s->enter_ns < first ? s->enter_ns : first;
        last = s->leave_ns > last ? s->leave_ns : last;
        most = busy > most ? busy : most;
        sum += busy;
    }
    memset(c->stints, 0, (size_t)c->spec.workers * sizeof *c->stints);
    r->first_ns = r->last_ns = r->busy_sum_ns = r->busy_max_ns = UNKNOWN;
    if (last == INT64_MIN)
        return;
    r->first_ns = first - t0;
    r->last_ns = last - t0;
    r->busy_sum_ns = sum;
    r->busy_max_ns = most;
}

/* ---- the canary ---- */

/* A fixed loop in each worker, before and after every sample: it needs nothing but a CPU, so where
 * it takes longer than usual, somebody else had the CPU, or it ran slower. */
struct canary {
    int64_t steps;
    struct canary_slot {
        _Alignas(128) int64_t ns;
    } * worker; /* of the one who did the task */
};

/* The best of three, so that an interrupt does not count.  Runs in: worker. */
static void canary_task(void *arg, long i, struct worker *self)
{
    struct canary *canary = arg;
    int64_t best = INT64_MAX;
    for (int k = 0; k < CANARIES; k++) {
        int64_t begin = clock_ns();
        uint64_t x = kernel_run((uint64_t)i, canary->steps);
        __asm__ volatile("" : : "r"(x));
        int64_t took = clock_ns() - begin;
        best = took < best ? took : best;
    }
    canary->worker[self->index].ns = best;
}

/* Workers that share a CPU would only show each other; a cell of one sample is about starting. */
static void prepare_canary(struct cell *c)
{
    const struct record *r = &c->record;
    int shared = 0;
    for (int i = 0; i < c->spec.cpu_count && i < c->spec.workers; i++)
        for (int k = 0; k < i; k++)
            shared |= c->cpus[i] == c->cpus[k];
    if (shared || r->samples == 1 || (c->spec.cpu_count && c->spec.workers > c->spec.cpu_count))
        return;
    struct canary *canary = arena_take(&c->arena, 1, sizeof *canary);
    struct canary_slot *slots = arena_slots(&c->arena, r->workers, sizeof *slots);
    if (!canary || !slots)
        return;
    canary->steps = (int64_t)((double)r->steps_per_ms * CANARY_NS / 1e6) + 1;
    canary->worker = slots;
    c->canary = canary;
}

/* What the slowest worker took, or UNKNOWN. */
static int64_t run_canary(struct cell *c, struct team *team)
{
    struct why w = { "" };
    int64_t slowest = UNKNOWN;
    if (!c->canary)
        return UNKNOWN;
    const struct job job = { .fn = canary_task,
                             .arg = c->canary,
                             .n = c->spec.workers,
                             .chunk = 1,
                             .schedule = c->schedule,
                             .stints = c->stints };
    int error = c->backend->run(team, &job, &w);
    if (error)
        die(EXIT_FAILED, "%s: %s", c->record.backend, *w.text ? w.text : strerror(-error));
    for (int i = 0; i < c->spec.workers; i++) {
        int64_t ns = c->canary->worker[i].ns;
        slowest = ns > slowest ? ns : slowest;
        c->canary->worker[i].ns = 0;
    }
    memset(c->stints, 0, (size_t)c->spec.workers * sizeof *c->stints);
    return slowest;
}

/* ---- samples ---- */

/* What the team's lock has counted so far.  Returns 0 where it has none. */
static int read_lock(const struct cell *c, const struct team *team, struct lock_counts *counts)
{
    if (!c->backend->counts)
        return 0;
    c->backend->counts(team, counts);
    return 1;
}

static void take_outcome(struct record *r, const struct outcome *o)
{
    r->checksum = o->checksum;
    r->inside_most = o->inside_most ? o->inside_most : UNKNOWN;
    r->answers = r->answer_p50_ns = r->answer_p90_ns = UNKNOWN;
    r->answer_p99_ns = r->answer_max_ns = r->beside_ns = UNKNOWN;
    if (!o->answers)
        return;
    r->answers = o->answers;
    r->answer_p50_ns = o->answer_p50_ns;
    r->answer_p90_ns = o->answer_p90_ns;
    r->answer_p99_ns = o->answer_p99_ns;
    r->answer_max_ns = o->answer_max_ns;
    r->beside_ns = o->beside_ns;
}

/* Take one sample.  Returns 0, or 1 if its result was wrong. */
static int take_sample(struct cell *c, struct team *team, const struct job *job)
{
    static char note[sizeof(struct why)];
    struct record *r = &c->record;
    struct why w = { "" };
    struct outcome outcome = { 0 };
    struct usage before, after;
    struct lock_counts lock_before = { 0 }, lock_after;

    read_lock(c, team, &lock_before);
    measure_read(&before, c->workers, c->spec.workers);
    int64_t t0 = clock_ns();
    int error = c->backend->run(team, job, &w);
    int64_t t1 = clock_ns();
    if (error)
        die(EXIT_FAILED, "%s: %s", r->backend, *w.text ? w.text : strerror(-error));
    measure_read(&after, c->workers, c->spec.workers);
    measure_difference(r, &before, &after);
    take_stints(c, t0);
    r->start_ns = t0 - c->start_ns;
    r->wall_ns = t1 - t0;
    int wrong = c->workload->check(c->work, &outcome, &w) != 0;
    take_outcome(r, &outcome);
    if (read_lock(c, team, &lock_after)) {
        r->lock_requests = lock_after.requests - lock_before.requests;
        r->lock_switches = lock_after.switches - lock_before.switches;
        r->lock_forced = lock_after.forced - lock_before.forced;
    }
    r->status = wrong ? "void" : "ok";
    snprintf(note, sizeof note, "%s", wrong ? w.text : outcome.note);
    r->note = note;
    return wrong;
}

/* Rows go out as they come, each when the next is known to follow: the last one waits for close. */
static int take_samples(struct cell *c, struct team *team, const struct job *job)
{
    struct record *r = &c->record;
    int64_t begin = clock_ns(), warm = 0, timed = 0, voids = 0, before = run_canary(c, team);
    for (r->sample = 0;; r->sample++) {
        r->warmup = warm < r->warmup_samples || clock_ns() - begin < r->warmup_ms * 1000000;
        voids += take_sample(c, team, job);
        int64_t after = run_canary(c, team);
        r->canary_ns = after > before ? after : before;
        before = after;
        warm += r->warmup;
        timed += !r->warmup;
        if (timed >= r->samples)
            return (int)voids;
        record_csv_row(r, stdout);
        fflush(stdout);
    }
}

/* One more sample, for the trace alone; it is checked as all are.  Returns when it began. */
static int64_t take_trace(struct cell *c, struct team *team, const struct job *job)
{
    struct why w = { "" };
    struct outcome outcome = { 0 };
    const struct job traced = trace_wrap(c->trace, job);
    int64_t start_ns = clock_ns();
    int error = c->backend->run(team, &traced, &w);
    if (!error)
        error = c->workload->check(c->work, &outcome, &w);
    if (error)
        die(EXIT_FAILED, "the traced sample: %s", *w.text ? w.text : strerror(-error));
    return start_ns;
}

/* Be as large as the line says: what starting workers costs depends on it. */
static void take_ballast(const struct record *r)
{
    size_t size = (size_t)r->ballast_mib << 20;
    char *ballast = size ? malloc(size) : NULL;
    if (size && !ballast)
        die(EXIT_FAILED, "ballast_mib=%lld: there is not so much memory",
            (long long)r->ballast_mib);
    for (size_t at = 0; at < size; at += 4096)
        ((volatile char *)ballast)[at] = 1;
}

static int measure_cell(struct cell *c)
{
    struct record *r = &c->record;
    struct team *team;
    struct why w = { "" };

    struct entrance *entrance = arena_take(&c->arena, 1, sizeof *entrance);
    if (!entrance)
        die(EXIT_FAILED, "no shared memory for the workers");
    *entrance = (struct entrance){ .workers = c->workers, .work = c->work, .trace = c->trace };
    while (workloads[entrance->workload] != c->workload)
        entrance->workload++;
    take_ballast(r);
    prepare_canary(c);
    measure_begin();
    c->spec.enter = enter;
    c->spec.enter_arg = entrance;
    int64_t t0 = clock_ns();
    int error = c->backend->open(&team, &c->spec, &w);
    r->open_ns = clock_ns() - t0 + c->launch_ns;
    if (error)
        die(EXIT_FAILED, "%s: cannot start the team: %s", r->backend,
            *w.text ? w.text : strerror(-error));

    struct job job = {
        .fn = c->workload->task,
        .arg = c->work,
        .n = (long)r->tasks,
        .chunk = r->chunk ? (long)r->chunk
                          : c->backend->chunk((long)r->tasks, c->spec.workers, c->schedule),
        .schedule = c->schedule,
        .stints = c->stints,
    };
    if (c->workload->data)
        c->workload->data(c->work, &job.data);
    /* What auto became; a block per worker is written as the size of the largest block. */
    r->chunk = job.chunk ? job.chunk : (r->tasks + r->workers - 1) / r->workers;
    record_csv_header(stdout);
    int voids = take_samples(c, team, &job);
    measure_memory(r, c->workers, c->spec.workers);
    int64_t traced_ns = c->trace ? take_trace(c, team, &job) : 0;
    t0 = clock_ns();
    c->backend->close(team);
    r->close_ns = clock_ns() - t0;
    record_csv_row(r, stdout);
    if (c->trace) {
        putchar('\n');
        trace_print(c->trace, traced_ns, stdout);
    }
    return voids ? EXIT_FAILED : EXIT_OK;
}

/* ---- what this program is ---- */

static void list_row(const char *kind, const char *name, int version, const char *start,
                     const char *forms, const char *traits, const char *summary,
                     const char *unavailable)
{
    char number[16] = "";
    if (version)
        snprintf(number, sizeof number, "%d", version);
    const char *fields[] = { kind,  name,   number,  start,
                             forms, traits, summary, unavailable ? unavailable : "" };
    for (int i = 0; i < 8; i++) {
        if (i)
            putchar(',');
        csv_put(stdout, fields[i]);
    }
    putchar('\n');
}

enum { FORMS = 80 };

static void append(char words[FORMS], const char *word)
{
    size_t length = strlen(words);
    snprintf(words + length, FORMS - length, "%s%s", length ? " " : "", word);
}

static void list_workload(const struct workload *w)
{
    char traits[FORMS] = "";
    if (w->idle)
        append(traits, "idle");
    if (w->data)
        append(traits, "data");
    list_row("workload", w->name, w->version, "", w->variants ? w->variants : "", traits,
             w->summary, w->unavailable);
}

static void list_options(const struct backend *b)
{
    for (const struct backend_option *o = b->options; o && o->name; o++) {
        char name[80], range[80];
        snprintf(name, sizeof name, "%s %s", b->name, o->name);
        setting_range(o, range, sizeof range);
        list_row("option", name, 0, "", range, "", o->help, NULL);
    }
}

static void list_backend(const struct backend *b)
{
    char forms[FORMS] = "", traits[FORMS] = "";
    for (int s = 0; s < SCHEDULES; s++)
        if (b->schedules & 1u << s)
            append(forms, schedule_names[s]);
    if (b->messages)
        append(traits, "messages");
    if (b->counts)
        append(traits, "lock");
    if (b->program)
        append(traits, "launched");
    list_row("backend", b->name, 0, b->starts ? b->starts : b->start, forms, traits, b->summary,
             b->unavailable);
}

static void list(void)
{
    printf("kind,name,version,start,forms,traits,summary,unavailable\n");
    for (int i = 0; workloads[i]; i++)
        list_workload(workloads[i]);
    for (int i = 0; backends[i]; i++)
        list_options(backends[i]);
    for (int i = 0; backends[i]; i++)
        list_backend(backends[i]);
}

static void about(void)
{
    const char *runtime = dlsym(RTLD_DEFAULT, "__kmpc_fork_call") ? "LLVM libomp" : "GNU libgomp";
    const char *facts[][2] = {
        { "teampool_version", TEAMPOOL_VERSION },
        { "build_type", TEAMPOOL_BUILD_TYPE },
        { "compiler", TEAMPOOL_COMPILER },
        { "flags", TEAMPOOL_FLAGS },
        { "openmp", runtime },
        { "embedded_python", TEAMPOOL_PYTHON_VERSION },
        { "mpi", TEAMPOOL_MPI_VERSION },
        { "mpirun", launcher_command(TEAMPOOL_MPIEXEC) },
    };
    printf("key,value\n");
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        printf("%s,", facts[i][0]);
        csv_put(stdout, facts[i][1]);
        putchar('\n');
    }
}

static void help(void)
{
    printf(
        "usage: teampool-cell backend=B workload=W [field=value ...]\n"
        "       teampool-cell --check backend=B workload=W [field=value ...]\n\n"
        "Measures one cell: opens one team, times samples of one job, prints CSV: a header and a\n"
        "row per sample.  With trace=1 an empty line follows, and a second table: a row per chunk "
        "of\n"
        "one more sample, which is in no statistics: worker, cpu, first_task, tasks, and begin_ns\n"
        "and end_ns since that sample's start.  Fields, with their defaults:\n\n");
    record_help(stdout);
    printf("\noptions:\n");
    for (const struct option *o = record_questions; o->name; o++)
        printf("  %-22s%s\n", o->name, o->help);
    printf(
        "\nexample: teampool-cell backend=pool workload=cpu task_ns=10000 tasks=4096 chunk=16 "
        "workers=2 cpus=0+1\n"
        "         teampool-cell backend=omp schedule=static workload=skew variant=ramp workers=2 "
        "trace=1\n");
}

int main(int argc, char **argv)
{
    static struct cell c;
    struct why w;
    const char *word = argc > 1 ? argv[1] : "--help";

    c.start_ns = clock_ns();
    c.launch_ns = launcher_took(c.start_ns);
    stdio_begin();
    if (!strcmp(word, "--help") || !strcmp(word, "-h")) {
        help();
        return stdio_end(argc > 1 ? EXIT_OK : EXIT_USAGE);
    }
    if (!strcmp(word, "--version")) {
        printf("teampool-cell %s\n", TEAMPOOL_VERSION);
        return stdio_end(EXIT_OK);
    }
    if (!strcmp(word, "--list") || !strcmp(word, "--about")) {
        if (!strcmp(word, "--list"))
            list();
        else
            about();
        return stdio_end(EXIT_OK);
    }
    int only_check = !strcmp(word, "--check");
    record_init(&c.record);
    for (int i = 1 + only_check; i < argc; i++)
        if (record_word(&c.record, argv[i], &w))
            die(EXIT_USAGE, "%s; 'teampool-cell --help' lists the fields", w.text);
    if (record_complete(&c.record, &w))
        die(EXIT_USAGE, "%s", w.text);
    resolve(&c);
    if (only_check)
        return stdio_end(EXIT_OK);
    ensure_environment(&c, argv);
    prepare(&c);
    int code = measure_cell(&c);
    arena_close(&c.arena);
    return stdio_end(code);
}
