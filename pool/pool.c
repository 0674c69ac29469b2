/* SPDX-License-Identifier: MIT
 *
 * pool: a pool's life from pool_open to pool_free.  How workers are born is in birth.c, what they
 * do in worker.c and shm.c, calls in map.c and ticket.c, deaths in watch.c.
 */
#include "pool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "inside.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

enum { MOST_WORKERS = 4096, LEAST_CAPACITY = 64, PAGE = 4096, TERMINATE_NS = 1000000000 };

static _Thread_local char message[600];

int pool_complain(int error, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsnprintf(message, sizeof message, format, ap);
    va_end(ap);
    return error;
}

const char *pool_message(const struct pool *p)
{
    (void)p;
    return message;
}

/* ---- who may call ---- */

static int is_owner(const struct pool *p)
{
    return p->owner[0] && p->forks == birth_forks;
}

int pool_enter(struct pool *p)
{
    if (birth_self &&
        (!is_owner(p) || (birth_self->control == p->control && !birth_self->is_process)))
        return pool_complain(-EDEADLK,
                             "a task cannot use the pool that runs it; open one in the task");
    if (!is_owner(p))
        return pool_complain(-EPERM, "this process did not open the pool: its parent did");
    pthread_mutex_lock(&p->lock);
    return 0;
}

void pool_leave(struct pool *p)
{
    while (p->callbacks) {
        struct callback *c = p->callbacks;
        p->callbacks = c->next;
        if (!p->callbacks)
            p->callbacks_end = &p->callbacks;
        pthread_mutex_unlock(&p->lock);
        int failed = c->done(c->done_arg, c->result) != 0;
        free(c);
        pthread_mutex_lock(&p->lock);
        p->callbacks_failed += failed;
    }
    pthread_mutex_unlock(&p->lock);
}

/* ---- options ---- */

static int check_options(const struct pool_options *o)
{
    if (o->workers < 1 || o->workers > MOST_WORKERS)
        return pool_complain(-EINVAL, "workers is %d: a pool has 1 to %d", o->workers,
                             MOST_WORKERS);
    if (o->cpu_count < 0 || (o->cpu_count && !o->cpus))
        return pool_complain(-EINVAL, "cpu_count is %d, and cpus is %s", o->cpu_count,
                             o->cpus ? "there" : "NULL");
    for (int i = 0; i < o->cpu_count; i++)
        if (o->cpus[i] < 0)
            return pool_complain(-EINVAL, "cpus[%d] is %d: no CPU has that number", i, o->cpus[i]);
    if ((unsigned)o->start > POOL_THREAD || (unsigned)o->transport > POOL_PIPE ||
        (unsigned)o->wait > POOL_SPIN_THEN_SLEEP)
        return pool_complain(-EINVAL,
                             "start, transport or wait is none of its enumeration's values");
    if (o->max_tasks < 0 || o->max_rss_kib < 0)
        return pool_complain(-EINVAL,
                             "max_tasks (%d) and max_rss_kib (%ld) are 1 or more, or 0 for "
                             "no limit",
                             o->max_tasks, o->max_rss_kib);
    if (o->max_deaths < -1)
        return pool_complain(-EINVAL,
                             "max_deaths is %d: it may be 1 or more, 0 for the default, or -1 for "
                             "no limit",
                             o->max_deaths);
    if (o->idle_timeout_ms < 0 || o->close_timeout_ms < 0)
        return pool_complain(-EINVAL, "a timeout is negative: 0 means none");
    if ((unsigned)o->caller_works > 1 || (unsigned)o->strict > 1)
        return pool_complain(-EINVAL, "caller_works and strict are 0 or 1");
    if (o->caller_works && o->transport == POOL_PIPE)
        return pool_complain(-EINVAL, "caller_works needs POOL_SHM: nobody would tend the pipes");
    if (o->max_depth < 0 || o->max_depth > 10)
        return pool_complain(-EINVAL, "max_depth is %d: it may be 0 to 10", o->max_depth);
    if (o->arena < 0 || o->region_count < 0 || (o->region_count && !o->regions))
        return pool_complain(-EINVAL, "arena or regions make no sense");
    for (int i = 0; i < o->region_count; i++)
        if (o->regions[i].fd < 0 || !o->regions[i].base || !o->regions[i].size)
            return pool_complain(-EINVAL, "regions[%d] has no descriptor, address or size", i);
    if (o->initializer_arg_size && !o->initializer_arg)
        return pool_complain(-EINVAL, "initializer_arg is NULL but has a size");
    return 0;
}

static void free_options(struct pool *p)
{
    struct pool_options *o = &p->options;
    for (int i = 0; o->env && o->env[i]; i++)
        free((char *)o->env[i]);
    free((void *)o->env);
    free((int *)o->cpus);
    free((struct pool_region *)o->regions);
}

static void *copy_of(const void *from, size_t size, int *failed)
{
    void *to = size ? malloc(size) : NULL;
    *failed |= size && !to;
    if (to)
        memcpy(to, from, size);
    return to;
}

/* Replacements are born long after pool_open: what they need is kept. */
static int keep_options(struct pool *p, const struct pool_options *o)
{
    int failed = 0, count = 0;
    p->options = *o;
    p->options.cpus = copy_of(o->cpus, (size_t)o->cpu_count * sizeof *o->cpus, &failed);
    p->options.regions = copy_of(o->regions, (size_t)o->region_count * sizeof *o->regions, &failed);
    while (o->env && o->env[count])
        count++;
    char **env = calloc((size_t)count + 1, sizeof *env);
    for (int i = 0; env && i < count; i++)
        failed |= !(env[i] = strdup(o->env[i]));
    p->options.env = (const char *const *)env;
    return failed || !env ? pool_complain(-ENOMEM, "no memory for the options") : 0;
}

/* ---- shared memory ---- */

static size_t aligned(size_t size)
{
    return (size + PAGE - 1) / PAGE * PAGE;
}

static int make_shared(struct pool *p, int capacity, int depth)
{
    const struct pool_options *o = &p->options;
    size_t lines = aligned(sizeof(struct control));
    size_t slots = lines + aligned((size_t)capacity * sizeof(struct line));
    size_t heads = slots + aligned(SLOTS * sizeof(struct slot));
    size_t logs = heads + aligned((size_t)SLOTS * (size_t)capacity * sizeof(struct head));
    size_t end = logs + (size_t)SLOTS * (size_t)capacity * RUNS * 8;
    int error = arena_open_shared(p, end);
    if (error)
        return error;
    if (p->memory_fd >= 0 &&
        fallocate(p->memory_fd, 0, 0, (off_t)(lines + (size_t)p->workers * sizeof(struct line))) &&
        errno != EOPNOTSUPP)
        return pool_complain(-errno, "no shared memory for %d workers: %s", p->workers,
                             strerror(errno));
    char *base = (char *)p->control;
    *p->control = (struct control){
        .magic = POOL_MAGIC,
        .size = p->reserved,
        .guard = p->arena_from - (size_t)sysconf(_SC_PAGESIZE),
        .capacity = capacity,
        .depth = depth,
        .max_depth = o->max_depth,
        .transport = p->transport,
        .start = p->start,
        .max_tasks = o->max_tasks,
        .max_rss_kib = o->max_rss_kib,
        .idle_timeout_ms = o->idle_timeout_ms,
        .region_count = o->region_count,
        .init_fn = o->initializer,
        .init_arg = (void *)o->initializer_arg,
        .init_arg_size = o->initializer_arg_size,
        .heads = (struct head *)(base + heads),
        .logs = (_Atomic uint64_t *)(base + logs),
        .lines = (struct line *)(base + lines),
        .slots = (struct slot *)(base + slots),
        .spins = p->spins,
    };
    if (o->initializer_arg_size) {
        void *arg = arena_get(p, o->initializer_arg_size);
        if (!arg)
            return pool_complain(-ENOMEM, "no shared memory for the initializer's argument");
        memcpy(arg, o->initializer_arg, o->initializer_arg_size);
        p->control->init_arg = arg;
    }
    char text[400];
    if (o->initializer && p->start == POOL_SPAWN &&
        pool_fn_refer(&p->control->init_ref, (void (*)(void))o->initializer, text, sizeof text))
        return pool_complain(-ENOTSUP, "the initializer: %s", text);
    return 0;
}

/* ---- waiting policy ---- */

static int allowed_cpus(void)
{
    for (int cpus = 1024; cpus <= 1 << 20; cpus *= 2) {
        cpu_set_t *set = CPU_ALLOC((size_t)cpus);
        if (!set)
            return 1;
        int got = sched_getaffinity(0, CPU_ALLOC_SIZE(cpus), set) == 0;
        int count = got ? CPU_COUNT_S(CPU_ALLOC_SIZE(cpus), set) : 0;
        CPU_FREE(set);
        if (got)
            return count;
    }
    return 1;
}

/* How many CPUs the workers sit on. */
static int used_cpus(const struct pool_options *o, int allowed)
{
    int most = o->workers < allowed ? o->workers : allowed;
    if (!o->cpu_count)
        return most;
    int used = 0;
    for (int i = 0; i < o->cpu_count && i < o->workers; i++) {
        int before = 0;
        while (before < i && o->cpus[before] != o->cpus[i])
            before++;
        used += before == i;
    }
    return used;
}

/* Spin where nobody is kept from a CPU by it: a worker if it has one to itself, the caller if one
 * is left over.  Elsewhere active waiting is cut short, as OpenMP runtimes cut it. */
static void set_spins(struct pool *p)
{
    const struct pool_options *o = &p->options;
    if (o->wait == POOL_PASSIVE)
        return;
    int allowed = allowed_cpus(), used = used_cpus(o, allowed);
    p->spins = o->wait == POOL_SPIN_THEN_SLEEP || o->workers > used ? FEW_SPINS : INT_MAX;
    p->caller_spins = allowed > used || o->caller_works;
}

/* ---- open ---- */

static void free_pool(struct pool *p)
{
    for (int i = 0; i < 2; i++)
        if (p->life[i] >= 0)
            close(p->life[i]);
    if (p->null_fd >= 0)
        close(p->null_fd);
    if (p->epoll >= 0)
        close(p->epoll);
    arena_close_shared(p);
    free_options(p);
    while (p->callbacks) {
        struct callback *c = p->callbacks;
        p->callbacks = c->next;
        free(c);
    }
    free(p->own);
    free(p->caller);
    if (p->owner)
        munmap(p->owner, PAGE);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

static int make_own(struct pool *p, int capacity)
{
    void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    p->owner = page == MAP_FAILED ? NULL : page;
    p->own = calloc((size_t)capacity, sizeof *p->own);
    if (!p->owner || !p->own)
        return pool_complain(-ENOMEM, "no memory for %d workers", p->workers);
    madvise(p->owner, PAGE, MADV_WIPEONFORK);
    p->owner[0] = 1;
    birth_watch();
    p->forks = birth_forks;
    for (int w = 0; w < capacity; w++) {
        p->own[w].pidfd = -1;
        for (int i = 0; i < 2; i++)
            p->own[w].task_fd[i] = p->own[w].result_fd[i] = -1;
    }
    if (p->options.caller_works && !(p->caller = calloc(1, sizeof *p->caller)))
        return pool_complain(-ENOMEM, "no memory for the caller as a worker");
    if (p->start == POOL_THREAD)
        return 0;
    if (pipe2(p->life, O_CLOEXEC) || (p->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC)) < 0 ||
        (p->epoll = epoll_create1(EPOLL_CLOEXEC)) < 0)
        return pool_complain(-errno, "no file descriptor for the pool: %s", strerror(errno));
    return 0;
}

static void be_worker(struct pool *p)
{
    if (!p->caller)
        return;
    *p->caller = (struct self){ .control = p->control, .line = &p->control->lines[0] };
    p->caller->line->state = WORKER_READY;
}

static void kill_all(struct pool *p);

/* A pool in a task has no workers of its own unless it was asked for. */
static int nest(struct pool_options *o, int *depth)
{
    *depth = birth_self && birth_self->control->depth >= birth_depth
                 ? birth_self->control->depth + 1
                 : birth_depth;
    if (!*depth)
        return 0;
    if (o->max_depth && *depth > o->max_depth)
        return pool_complain(-ELOOP, "a pool in a pool, %d deep: max_depth is %d", *depth,
                             o->max_depth);
    if (!o->max_depth) {
        o->workers = 1;
        o->caller_works = 1;
        o->start = POOL_THREAD;
        o->transport = POOL_SHM;
        o->cpu_count = 0;
        o->max_tasks = 0;
        o->max_rss_kib = 0;
    }
    return 0;
}

static int open_pool(struct pool *p, const struct pool_options *given)
{
    struct pool_options o = *given;
    int depth, error = check_options(&o);
    if (error || (error = nest(&o, &depth)) || (error = keep_options(p, &o)))
        return error;
    p->workers = o.workers;
    p->start = o.start;
    p->transport = o.transport;
    if ((error = birth_choose(&p->start, &o)))
        return error;
    int capacity = 2 * o.workers > LEAST_CAPACITY ? 2 * o.workers : LEAST_CAPACITY;
    set_spins(p);
    if ((error = make_own(p, capacity)) || (error = make_shared(p, capacity, depth)))
        return error;
    be_worker(p);
    for (int w = p->caller ? 1 : 0; w < p->workers && !error; w++)
        error = birth_start(p, w);
    if (!error)
        error = watch_start(p);
    if (!error && p->caller && o.initializer) {
        struct pool_task t = { .worker = 0 };
        birth_self = p->caller;
        int code = o.initializer(p->control->init_arg, 0, &t);
        birth_self = NULL;
        if (code)
            error = pool_complain(code < 0 ? code : -ECHILD,
                                  "the initializer returned %d in the caller", code);
    }
    return error;
}

int pool_open(struct pool **out, const struct pool_options *options, char *text, size_t text_size)
{
    struct pool *p = calloc(1, sizeof *p);
    int error = -ENOMEM;
    *out = NULL;
    message[0] = 0;
    if (!p) {
        pool_complain(-ENOMEM, "no memory for a pool");
    } else {
        pthread_mutex_init(&p->lock, NULL);
        p->callbacks_end = &p->callbacks;
        p->memory_fd = p->epoll = p->null_fd = p->life[0] = p->life[1] = -1;
        error = open_pool(p, options);
    }
    if (text && text_size)
        snprintf(text, text_size, "%s", error ? message : "");
    if (error && p) {
        if (p->own && p->control)
            kill_all(p);
        free_pool(p);
        return error;
    }
    if (error)
        return error;
    *out = p;
    return 0;
}

/* ---- close ---- */

static int living(const struct pool *p)
{
    int count = 0;
    for (int w = 0; p->control && w < p->control->capacity; w++)
        count += p->own[w].alive;
    return count;
}

static void nap(void)
{
    const struct timespec t = { 0, 100000 };
    nanosleep(&t, NULL);
}

static void send_home(struct pool *p)
{
    p->closed = 2;
    atomic_store(&p->control->stop, 1);
    atomic_fetch_add(&p->control->generation, 1);
    futex_wake(&p->control->generation, INT_MAX);
    for (int w = 0; w < p->control->capacity && p->transport == POOL_PIPE; w++)
        pipe_hang_up(p, w);
}

/* Workers are gone when it returns; threads finish the task in hand. */
static void kill_all(struct pool *p)
{
    p->terminated = 1;
    for (struct pool_ticket *t = p->tickets; t; t = t->next)
        ticket_cancel(p, t, -ECANCELED, 0);
    send_home(p);
    for (int w = 0; w < p->control->capacity; w++)
        watch_kill(p, w, SIGKILL);
    while (living(p)) {
        watch(p, 1);
        if (living(p))
            nap();
    }
    ticket_progress(p);
}

int pool_close(struct pool *p)
{
    int error = pool_enter(p);
    if (error)
        return error;
    if (!p->closed)
        p->closed = 1;
    pool_leave(p);
    return 0;
}

int pool_terminate(struct pool *p)
{
    int error = pool_enter(p);
    if (error)
        return error;
    if (!p->closed)
        p->closed = 1;
    if (!p->joined)
        kill_all(p);
    p->joined = 1;
    pool_leave(p);
    return 0;
}

/* Wait for the work that was submitted, then for the workers. */
static void finish(struct pool *p)
{
    int64_t limit = p->options.close_timeout_ms * INT64_C(1000000);
    int64_t until = limit ? pool_now_ns() + limit : INT64_MAX;
    while (p->tickets && !p->broken && pool_now_ns() < until) {
        if (p->transport == POOL_PIPE)
            pipe_pump(p, 5);
        watch(p, 0);
        ticket_progress(p);
        if (p->caller && p->tickets && !p->caller_busy) {
            p->caller_busy = 1;
            worker_look(p->caller);
            p->caller_busy = 0;
        } else if (p->tickets) {
            ticket_nap(p, p->tickets, 0);
        }
    }
    send_home(p);
    if (until == INT64_MAX)
        until = pool_now_ns() + TERMINATE_NS;
    while (living(p) && pool_now_ns() < until) {
        watch(p, 1);
        if (living(p))
            nap();
    }
    kill_all(p);
}

int pool_join(struct pool *p)
{
    int error = pool_enter(p);
    if (error)
        return error;
    if (!p->closed) {
        pthread_mutex_unlock(&p->lock);
        return pool_complain(-EINVAL,
                             "the pool is still running: pool_close or pool_terminate it first");
    }
    if (!p->joined)
        finish(p);
    p->joined = 1;
    pool_leave(p);
    return 0;
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    if (is_owner(p)) {
        pool_close(p);
        pool_join(p);
    } else {
        for (int w = 0; w < p->control->capacity; w++)
            if (p->own[w].pidfd >= 0)
                close(p->own[w].pidfd);
    }
    free_pool(p);
}

int pool_resize(struct pool *p, int workers)
{
    int error = pool_enter(p);
    if (error)
        return error;
    if (workers < 1 || workers > p->control->capacity)
        error = pool_complain(-EINVAL, "workers is %d: this pool can have 1 to %d", workers,
                              p->control->capacity);
    else if (p->closed)
        error = pool_complain(-ESHUTDOWN, "the pool is closed");
    if (!error) {
        p->workers = workers;
        for (int w = 0; w < p->control->capacity; w++)
            if (p->own[w].alive && w >= workers)
                atomic_store(&p->control->lines[w].retire, 1);
        atomic_fetch_add(&p->control->generation, 1);
        futex_wake(&p->control->generation, INT_MAX);
        for (int w = 0; w < workers; w++) /* those on their way out are waited for, then replaced */
            while (p->own[w].alive && atomic_load(&p->control->lines[w].retire)) {
                watch(p, 1);
                ticket_progress(p);
                pthread_mutex_unlock(&p->lock);
                nap();
                pthread_mutex_lock(&p->lock);
            }
        error = watch_fill(p);
    }
    if (!error)
        error = watch_start(p);
    pool_leave(p);
    return error;
}

void pool_interrupt(struct pool *p)
{
    atomic_fetch_add(&p->interrupts, 1);
}

/* ---- memory ---- */

void *pool_alloc(struct pool *p, size_t size)
{
    if (pool_enter(p))
        return NULL;
    void *memory = size ? arena_get(p, size) : NULL;
    if (!memory)
        pool_complain(-ENOMEM, "the arena has no room for %zu bytes: raise pool_options.arena",
                      size);
    pool_leave(p);
    return memory;
}

void pool_give(struct pool *p, void *memory)
{
    if (!memory || pool_enter(p))
        return;
    arena_put(p, memory);
    pool_leave(p);
}

/* ---- what happened ---- */

int pool_statistics(struct pool *p, struct pool_statistics *s)
{
    int error = pool_enter(p);
    if (error)
        return error;
    *s = (struct pool_statistics){ .restarts = p->restarts,
                                   .callbacks_failed = p->callbacks_failed };
    for (int w = 0; w < p->control->capacity; w++) {
        const struct line *line = &p->control->lines[w];
        s->tasks += line->tasks;
        s->failed += line->failed;
        s->chunks += line->chunks;
        s->steals += line->steals;
        s->sleeps += line->sleeps;
        s->workers += p->own[w].alive || (w == 0 && p->caller);
    }
    pool_leave(p);
    return 0;
}

long pool_worker_tasks(struct pool *p, int worker)
{
    long tasks = pool_enter(p);
    if (tasks)
        return tasks;
    tasks = worker < 0 || worker >= p->workers
                ? pool_complain(-EINVAL, "there is no worker %d: this pool has 0 to %d", worker,
                                p->workers - 1)
                : p->control->lines[worker].tasks;
    pool_leave(p);
    return tasks;
}

int pool_pid(struct pool *p, int worker)
{
    int error = pool_enter(p);
    if (error)
        return error;
    int pid = pool_complain(-EINVAL, "there is no worker %d: this pool has 0 to %d", worker,
                            p->workers - 1);
    if (worker >= 0 && worker < p->workers) {
        const struct worker_own *own = &p->own[worker];
        pid = !own->alive ? 0 : own->pid ? (int)own->pid : (int)p->control->lines[worker].tid;
    }
    pool_leave(p);
    return pid;
}

enum pool_start pool_started(const struct pool *p)
{
    return p->start;
}
