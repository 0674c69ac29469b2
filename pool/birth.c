/* SPDX-License-Identifier: MIT
 *
 * birth: how workers come to be, by fork, by spawn, or as threads, and what they do before their
 * first look for work.
 *
 * A spawned worker is the caller's program started anew, so that every function is where a
 * reference says; but its main() never runs.  In the static library a constructor takes over.  The
 * shared library's constructor would run before the program's own; there __libc_start_main is ours,
 * and hands the real one another main.
 *
 * Every worker process leads a process group.  The caller's end is a pipe's end: the kernel then
 * kills the group of each worker, wherever it is and whatever it does (F_SETOWN, F_SETSIG,
 * O_ASYNC).
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "inside.h"

#define STAGE     "POOL_WORKER"
#define FORK_MOST (INT64_C(20) << 20) /* resident bytes of a caller that fork is quicker from */
enum { PAUSE_HARD = 2, MOST_REGIONS = 8, MOST_FDS = 5 + MOST_REGIONS };

extern char **environ;

int birth_depth;
_Thread_local struct self *birth_self;

static int can_take_over; /* this program's start is ours: it can be spawned as a worker */

/* What a newborn needs to know. */
struct newborn {
    struct control *control;
    int worker, cpu; /* cpu -1: anywhere */
    int bound;
    int life_fd, null_fd, task_fd, result_fd;
    int parent, parent_is_main;
    const char *const *env;
    int is_process;
};

/* ---- what every worker does first ---- */

static int bind_to(int cpu)
{
    cpu_set_t *set = CPU_ALLOC((size_t)cpu + 1);
    size_t size = CPU_ALLOC_SIZE((size_t)cpu + 1);
    if (!set)
        return -ENOMEM;
    CPU_ZERO_S(size, set);
    CPU_SET_S((size_t)cpu, size, set);
    int error = sched_setaffinity(0, size, set) ? -errno : 0;
    CPU_FREE(set);
    return error;
}

/* exit() in a task: what it printed goes out, but the handlers of the program that forked us don't
 * run. */
static void leave(int code, void *unused)
{
    (void)unused;
    fflush(stdout);
    fflush(stderr);
    _exit(code);
}

/* From now on this process ends when the caller does, with all it has started. */
static void tie_to_life(const struct newborn *b)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", b->life_fd);
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* an open file of our own, to own */
    if (fd >= 0) {
        fcntl(fd, F_SETOWN, -getpid());
        fcntl(fd, F_SETSIG, SIGKILL);
        fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK);
    }
    close(b->life_fd);
    if (b->parent_is_main) /* it fires when the thread ends that forked us */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct pollfd life = { .fd = fd };
    if (getppid() != b->parent || (fd >= 0 && poll(&life, 1, 0) > 0))
        _exit(1);
}

static void limit_openmp(int threads)
{
    void (*set)(int) = (void (*)(int))dlsym(RTLD_DEFAULT, "omp_set_num_threads");
    if (set)
        set(threads);
}

static void settle_process(const struct newborn *b)
{
    struct rlimit core;
    setpgid(0, 0);
    tie_to_life(b);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_DFL);
    if (getrlimit(RLIMIT_CORE, &core) == 0) {
        core.rlim_cur = 0;
        setrlimit(RLIMIT_CORE, &core); /* a death is seen when the dump is written */
    }
    if (b->null_fd >= 0)
        dup2(b->null_fd, STDIN_FILENO);
    for (int i = 0; b->env && b->env[i]; i++)
        putenv((char *)b->env[i]);
    on_exit(leave, NULL);
    if (b->cpu >= 0)
        limit_openmp(1);
}

static void tell(struct control *c)
{
    atomic_fetch_add(&c->ready, 1);
    futex_wake(&c->ready, INT32_MAX);
}

/* Returns 0, or the error that kept it from starting, with the line's text. */
static int prepare(struct self *self, const struct newborn *b)
{
    struct control *c = self->control;
    struct line *line = self->line;
    int error = b->cpu >= 0 ? bind_to(b->cpu) : 0;
    if (error) {
        snprintf(line->text, sizeof line->text, "cannot bind to CPU %d: %s", b->cpu,
                 strerror(-error));
        return error;
    }
    if (!c->init_fn)
        return 0;
    pool_fn *init = c->init_fn;
    if (c->start == POOL_SPAWN)
        init = (pool_fn *)pool_fn_resolve(&c->init_ref, line->text, sizeof line->text);
    if (!init)
        return -ENOENT;
    struct pool_task t = { .worker = self->index };
    int code = init(c->init_arg, self->index, &t);
    if (code && !line->text[0])
        snprintf(line->text, sizeof line->text, "the initializer returned %d%s%s", code,
                 code < 0 ? ": " : "", code < 0 ? strerror(-code) : "");
    return code < 0 ? code : code ? -ECHILD : 0;
}

/* A worker, from its set-up to its end. */
static void live(const struct newborn *b)
{
    struct control *c = b->control;
    struct line *line = &c->lines[b->worker];
    struct self self = { .control = c,
                         .line = line,
                         .index = b->worker,
                         .task_fd = b->task_fd,
                         .result_fd = b->result_fd,
                         .is_process = b->is_process };
    birth_self = &self;
    atomic_store(&line->tid, (uint32_t)syscall(SYS_gettid));
    if (b->is_process) {
        birth_depth = c->depth + 1;
        settle_process(b);
        crash_watch(line);
    }
    fault(c, FAULT_INIT);
    int error = prepare(&self, b);
    atomic_store(&line->start_error, error);
    atomic_store(&line->state, error ? WORKER_RETIRED : WORKER_READY);
    tell(c);
    if (!error) {
        line->text[0] = 0;
        fault(c, FAULT_READY);
        if (c->transport == POOL_PIPE)
            pipe_live(&self);
        else
            worker_live(&self);
    }
    if (b->is_process) {
        fflush(stdout);
        fflush(stderr);
        _exit(error != 0);
    }
    birth_self = NULL;
}

/* ---- threads ---- */

static void *thread_main(void *arg)
{
    struct newborn b = *(struct newborn *)arg;
    free(arg);
    live(&b);
    return NULL;
}

static int start_thread(struct worker_own *own, const struct newborn *b)
{
    struct newborn *copy = malloc(sizeof *copy);
    sigset_t block, before;
    if (!copy)
        return pool_complain(-ENOMEM, "no memory for worker %d", b->worker);
    *copy = *b;
    sigfillset(&block); /* signals to the process are its other threads' */
    sigdelset(&block, SIGSEGV);
    sigdelset(&block, SIGBUS);
    sigdelset(&block, SIGFPE);
    sigdelset(&block, SIGILL);
    pthread_sigmask(SIG_SETMASK, &block, &before);
    int error = pthread_create(&own->thread, NULL, thread_main, copy);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error) {
        free(copy);
        return pool_complain(-error, "cannot start the thread of worker %d: %s", b->worker,
                             strerror(error));
    }
    return 0;
}

/* ---- fork ---- */

static void close_others(struct pool *p, int worker)
{
    close(p->life[1]);
    close(p->epoll);
    for (int w = 0; w < p->control->capacity; w++) {
        struct worker_own *own = &p->own[w];
        if (own->pidfd >= 0)
            close(own->pidfd);
        for (int i = 0; i < 2; i++) {
            if (own->task_fd[i] >= 0 && (w != worker || i == 1))
                close(own->task_fd[i]);
            if (own->result_fd[i] >= 0 && (w != worker || i == 0))
                close(own->result_fd[i]);
        }
    }
}

static int start_fork(struct pool *p, struct worker_own *own, const struct newborn *b)
{
    sigset_t all, before;
    fflush(stdout); /* what is buffered now is the caller's to print, once */
    fflush(stderr);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* no handler of the caller runs in a newborn */
    pid_t pid = fork();
    if (pid == 0) {
        close_others(p, b->worker);
        sigdelset(&before, SIGTERM);
        signal(SIGTERM, SIG_DFL);
        signal(SIGINT, SIG_IGN);
        sigprocmask(SIG_SETMASK, &before, NULL);
        live(b);
    }
    int error = pid < 0 ? -errno : 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error)
        return pool_complain(error, "cannot fork worker %d of %d: %s", b->worker, p->workers,
                             strerror(-error));
    own->pid = pid;
    return 0;
}

/* ---- spawn ---- */

/* The environment with OPTIONS' variables and, at its end, STAGE. */
static char **environment(const char *const *extra, char *stage)
{
    int count = 0, more = 0, used = 0;
    while (environ[count])
        count++;
    while (extra && extra[more])
        more++;
    char **env = malloc((size_t)(count + more + 2) * sizeof *env);
    for (int i = 0; env && i < count; i++) {
        int replaced = 0;
        for (int k = 0; k < more; k++) {
            size_t length = strcspn(extra[k], "=") + 1;
            replaced |= !strncmp(environ[i], extra[k], length);
        }
        if (!replaced)
            env[used++] = environ[i];
    }
    for (int k = 0; env && k < more; k++)
        env[used++] = (char *)extra[k];
    if (env) {
        env[used++] = stage;
        env[used] = NULL;
    }
    return env;
}

static int describe(const struct pool *p, const struct newborn *b, char *text, size_t size)
{
    int length =
        snprintf(text, size, STAGE "=%lx %lx %d %d %d %d %d %d %d %d", (unsigned long)p->control,
                 (unsigned long)p->reserved, p->memory_fd, b->life_fd, b->task_fd, b->result_fd,
                 b->worker, b->cpu, b->parent, b->parent_is_main);
    for (int i = 0; i < p->options.region_count; i++) {
        const struct pool_region *r = &p->options.regions[i];
        length += snprintf(text + length, size - (size_t)length, " %d %lx %lx", r->fd,
                           (unsigned long)r->base, (unsigned long)r->size);
    }
    return length < (int)size ? 0 : -E2BIG;
}

static int actions_of(posix_spawn_file_actions_t *actions, const struct pool *p,
                      const struct newborn *b)
{
    int fds[MOST_FDS] = { p->memory_fd, b->life_fd, b->task_fd, b->result_fd }, count = 4;
    for (int i = 0; i < p->options.region_count; i++)
        fds[count++] = p->options.regions[i].fd;
    int error = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    for (int i = 0; i < count && !error; i++)
        if (fds[i] >= 0) /* onto itself: it is then not closed by exec */
            error = posix_spawn_file_actions_adddup2(actions, fds[i], fds[i]);
    return error;
}

static int attributes_of(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setpgroup(attributes, 0);
    return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                    POSIX_SPAWN_SETPGROUP);
}

static int start_spawn(struct pool *p, struct worker_own *own, const struct newborn *b)
{
    char stage[800], name[64];
    char *argv[] = { name, NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    snprintf(name, sizeof name, "%.30s: worker %d", program_invocation_short_name, b->worker);
    if (describe(p, b, stage, sizeof stage))
        return pool_complain(-E2BIG, "too many regions for spawned workers");
    char **env = environment(p->options.env, stage);
    if (!env)
        return pool_complain(-ENOMEM, "no memory for worker %d", b->worker);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    int error = actions_of(&actions, p, b);
    if (!error)
        error = attributes_of(&attributes);
    if (!error) /* the file that runs, even if its name is another's by now */
        error = posix_spawn(&own->pid, "/proc/self/exe", &actions, &attributes, argv, env);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    free(env);
    if (error) {
        own->pid = 0;
        return pool_complain(-error, "cannot spawn worker %d of %d: %s", b->worker, p->workers,
                             strerror(error));
    }
    return 0;
}

/* Descriptors that are not ours are closed: a spawned worker has only its own. */
static void close_strangers(const int *ours, int count)
{
    unsigned next = 3;
    for (;;) {
        unsigned nearest = UINT32_MAX;
        for (int i = 0; i < count; i++)
            if (ours[i] >= (int)next && (unsigned)ours[i] < nearest)
                nearest = (unsigned)ours[i];
        if (nearest > next)
            syscall(SYS_close_range, next, nearest - 1, 0);
        if (nearest == UINT32_MAX)
            return;
        next = nearest + 1;
    }
}

static void map_at(unsigned long base, unsigned long size, int fd)
{
    void *got = mmap((void *)base, size, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE, fd, 0);
    if (got != (void *)base)
        _exit(EXIT_COLLISION); /* the next one has another layout */
    madvise(got, size, MADV_DONTDUMP);
}

/* Be a worker. */
static void take_over(const char *stage)
{
    struct newborn b = { .null_fd = -1, .is_process = 1 };
    unsigned long base, size;
    int fds[MOST_FDS], count = 4, at = 0, region_fd;
    if (sscanf(stage, "%lx %lx %d %d %d %d %d %d %d %d%n", &base, &size, &fds[0], &b.life_fd,
               &b.task_fd, &b.result_fd, &b.worker, &b.cpu, &b.parent, &b.parent_is_main,
               &at) != 10)
        _exit(1);
    unsetenv(STAGE); /* STAGE lies in it no more */
    map_at(base, size, fds[0]);
    fds[1] = b.life_fd;
    fds[2] = b.task_fd;
    fds[3] = b.result_fd;
    for (int more = 0; count < MOST_FDS &&
                       sscanf(stage + at, " %d %lx %lx%n", &region_fd, &base, &size, &more) == 3;
         at += more) {
        map_at(base, size, region_fd);
        fds[count++] = region_fd;
    }
    sscanf(stage, "%lx", &base);
    b.control = (struct control *)base;
    if (b.control->magic != POOL_MAGIC)
        _exit(1);
    close_strangers(fds, count);
    for (int i = 4; i < count; i++)
        close(fds[i]);
    for (int i = 1; i < 4; i++)
        if (fds[i] >= 0)
            fcntl(fds[i], F_SETFD, FD_CLOEXEC);
    close(fds[0]);
    live(&b);
    _exit(0);
}

static int stage_of(char *stage, size_t size)
{
    const char *text = getenv(STAGE);
    return text && snprintf(stage, size, "%s", text) < (int)size;
}

#ifdef POOL_SHARED_LIBRARY

static int worker_main(int argc, char **argv, char **env)
{
    char stage[800];
    (void)argc;
    (void)argv;
    (void)env;
    if (stage_of(stage, sizeof stage))
        take_over(stage);
    return 1;
}

typedef int main_fn(int argc, char **argv, char **env);
typedef int start_fn(main_fn *main, int argc, char **argv, void (*init)(void), void (*fini)(void),
                     void (*rtld_fini)(void), void *stack_end);
start_fn __libc_start_main;

/* NOLINTNEXTLINE(bugprone-reserved-identifier): it is the C library's, on purpose */
int __libc_start_main(main_fn *main, int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*rtld_fini)(void), void *stack_end)
{
    start_fn *real = (start_fn *)dlsym(RTLD_NEXT, "__libc_start_main");
    can_take_over = 1;
    return real(getenv(STAGE) ? worker_main : main, argc, argv, init, fini, rtld_fini, stack_end);
}

#else

__attribute__((constructor)) static void begin(void)
{
    char stage[800];
    can_take_over = 1;
    if (stage_of(stage, sizeof stage))
        take_over(stage);
}

#endif

/* ---- choosing ---- */

static int threads(void)
{
    char text[2048];
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC), count = 1;
    ssize_t got = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;
    if (fd >= 0)
        close(fd);
    text[got > 0 ? got : 0] = 0;
    const char *at = strstr(text, "\nThreads:");
    if (at)
        sscanf(at, " Threads: %d", &count);
    return count;
}

static int64_t resident(void)
{
    long all, pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f && fscanf(f, "%ld %ld", &all, &pages) != 2)
        pages = 0;
    if (f)
        fclose(f);
    return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

static int can_spawn(char *text, size_t size)
{
    struct pool_fn_ref ref;
    if (can_take_over)
        return pool_fn_refer(&ref, (void (*)(void))birth_choose, text, size) == 0;
    snprintf(text, size, "the pool was not there when the program started (was it loaded later?)");
    return 0;
}

/* After a parallel region a forked child's first one hangs in libgomp, unless its threads are sent
 * home before. */
static int quiet_openmp(void)
{
    int (*in_parallel)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "omp_in_parallel");
    int (*pause)(int) = (int (*)(int))dlsym(RTLD_DEFAULT, "omp_pause_resource_all");
    if (in_parallel && in_parallel())
        return pool_complain(-EBUSY,
                             "a pool cannot be forked inside an OpenMP parallel region: open it "
                             "before, or spawn");
    if (pause && threads() > 1)
        pause(PAUSE_HARD);
    return 0;
}

int birth_choose(enum pool_start *start, const struct pool_options *o)
{
    char text[400] = "";
    if (o->region_count > MOST_REGIONS)
        return pool_complain(-EINVAL, "region_count is %d: at most %d", o->region_count,
                             MOST_REGIONS);
    if (*start == POOL_AUTO) {
        int small = resident() <= FORK_MOST && threads() == 1;
        *start = small || !can_spawn(text, sizeof text) ? POOL_FORK : POOL_SPAWN;
    }
    if (*start == POOL_SPAWN && !can_spawn(text, sizeof text))
        return pool_complain(-ENOTSUP, "workers cannot be spawned: %s", text);
    return *start == POOL_FORK ? quiet_openmp() : 0;
}

/* ---- start ---- */

static void reset(struct line *line)
{
    atomic_store(&line->slot, 0);
    atomic_store(&line->asleep, 0);
    atomic_store(&line->retire, 0);
    atomic_store(&line->start_error, 0);
    atomic_store(&line->started_ns, 0);
    atomic_store(&line->crash.signal, 0);
    line->text[0] = 0;
    atomic_store(&line->state, WORKER_STARTING);
}

static void watch_out_for(struct pool *p, int worker)
{
    struct worker_own *own = &p->own[worker];
    struct epoll_event event = { .events = EPOLLIN, .data.u32 = (uint32_t)worker };
    setpgid(own->pid, own->pid); /* whoever is first, it or we */
    own->pidfd = (int)syscall(SYS_pidfd_open, own->pid, 0);
    if (own->pidfd >= 0 && epoll_ctl(p->epoll, EPOLL_CTL_ADD, own->pidfd, &event)) {
        close(own->pidfd);
        own->pidfd = -1;
    }
}

int birth_start(struct pool *p, int worker)
{
    const struct pool_options *o = &p->options;
    struct worker_own *own = &p->own[worker];
    int error = p->transport == POOL_PIPE ? pipe_open(p, worker) : 0;
    if (error)
        return error;
    const struct newborn b = { .control = p->control,
                               .worker = worker,
                               .cpu = o->cpu_count ? o->cpus[worker % o->cpu_count] : -1,
                               .life_fd = p->life[0],
                               .null_fd = p->null_fd,
                               .task_fd = own->task_fd[0],
                               .result_fd = own->result_fd[1],
                               .parent = (int)getpid(),
                               .parent_is_main = getpid() == (pid_t)syscall(SYS_gettid),
                               .env = o->env,
                               .is_process = p->start != POOL_THREAD };
    reset(&p->control->lines[worker]);
    own->pid = 0;
    error = p->start == POOL_THREAD  ? start_thread(own, &b)
            : p->start == POOL_SPAWN ? start_spawn(p, own, &b)
                                     : start_fork(p, own, &b);
    if (error) {
        if (p->transport == POOL_PIPE)
            pipe_close(p, worker);
        return error;
    }
    own->alive = 1;
    if (!b.is_process)
        return 0;
    watch_out_for(p, worker);
    if (p->transport == POOL_PIPE)
        pipe_started(p, worker);
    return 0;
}
