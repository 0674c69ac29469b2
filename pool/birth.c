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
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "inside.h"

#define STAGE     "POOL_WORKER"
#define FORK_MOST (INT64_C(20) << 20) /* resident bytes of a caller that fork is quicker from */
enum {
    PAUSE_HARD = 2,
    MOST_REGIONS = 8,
    MOST_FDS = 5 + MOST_REGIONS,
    MOST_NOTED = 1 << 16,
    MORE_OOM = 100,
    MOST_OOM = 1000
};

extern char **environ;

int birth_depth, birth_forks;
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

/* ---- descriptors ---- */

/* Away from 0 to 2, which mean something to everybody: the caller may have closed its own. */
static void lift(int *fd)
{
    if (*fd < 0 || *fd > STDERR_FILENO)
        return;
    int above = fcntl(*fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (above < 0)
        return;
    close(*fd);
    *fd = above;
}

/* The pipes of all pools here, by descriptor: their inode numbers.  Neither a worker forked for one
 * pool nor a child that the program forks may hold the ends of another's: that one's workers would
 * not see them closed.  Numbers that have become something else are told by the inode, so nothing
 * has to be taken out. */
static _Atomic uint32_t noted[MOST_NOTED];
static _Atomic int noted_end;

static uint32_t pipe_number(int fd)
{
    struct stat s;
    return fd >= 0 && fstat(fd, &s) == 0 && S_ISFIFO(s.st_mode) ? (uint32_t)s.st_ino : 0;
}

static void note(int fd)
{
    if (fd < 0 || fd >= MOST_NOTED)
        return;
    atomic_store(&noted[fd], pipe_number(fd));
    int end = atomic_load(&noted_end);
    while (end <= fd && !atomic_compare_exchange_weak(&noted_end, &end, fd + 1)) {
    }
}

/* No fork may come between a pipe and its note.  The lock is the process's number, so that a child
 * made without fork() does not wait for a thread that it does not have; and a thread may take it
 * twice, for a signal handler may fork. */
static _Atomic int forking;
static _Thread_local int fork_locks;

static void fork_lock(void)
{
    const struct timespec nap = { 0, 20000 };
    int me = (int)getpid(), holder = 0;
    if (fork_locks++)
        return;
    while (!atomic_compare_exchange_strong(&forking, &holder, me)) {
        if (holder != me && atomic_compare_exchange_strong(&forking, &holder, me))
            return;
        nanosleep(&nap, NULL);
        holder = 0;
    }
}

static void fork_unlock(void)
{
    if (--fork_locks == 0)
        atomic_store(&forking, 0);
}

static _Thread_local const struct newborn *bearing; /* this thread forks it; NULL: the program's */

/* In the child: let go of what is not its own.  Pools there still have the numbers, and may be
 * freed: so the numbers stay taken. */
static void let_go(void)
{
    const struct newborn *b = bearing;
    int end = atomic_exchange(&noted_end, 0), nothing = -1;
    birth_forks++;
    for (int fd = 0; fd < end; fd++) {
        uint32_t number = atomic_exchange(&noted[fd], 0);
        int own = b && (fd == b->life_fd || fd == b->task_fd || fd == b->result_fd);
        if (!number || own || pipe_number(fd) != number)
            continue;
        if (nothing < 0)
            nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
        dup3(nothing, fd, O_CLOEXEC);
    }
    if (nothing >= 0)
        close(nothing);
    fork_unlock();
}

static void watch_forks(void)
{
    pthread_atfork(fork_lock, fork_unlock, let_go);
}

void birth_watch(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch_forks);
}

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

#ifdef POOL_WITHOUT_ON_EXIT /* then nobody tells with which code */
static void leave_untold(void)
{
    leave(EXIT_UNTOLD, NULL);
}
#define ON_EXIT() atexit(leave_untold)
#else
#define ON_EXIT() on_exit(leave, NULL)
#endif

/* From now on this process ends when the caller does, with all it has started. */
static void tie_to_life(const struct newborn *b)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", b->life_fd);
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* an open file of our own, to own */
    lift(&fd);
    if (fd >= 0) {
        fcntl(fd, F_SETOWN, -getpid());
        fcntl(fd, F_SETSIG, SIGKILL);
        fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK);
    }
    close(b->life_fd);
    if (b->parent_is_main || fd < 0) /* it fires when the thread ends that forked us */
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

/* Where memory is short, a worker is rather killed than the caller. */
static void go_first(void)
{
    char text[16];
    int fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC), score;
    if (fd < 0)
        return;
    ssize_t got = read(fd, text, sizeof text - 1);
    text[got > 0 ? got : 0] = 0;
    if (sscanf(text, "%d", &score) == 1) {
        score = score > MOST_OOM - MORE_OOM ? MOST_OOM : score + MORE_OOM;
        int length = snprintf(text, sizeof text, "%d", score);
        if (write(fd, text, (size_t)length) < 0)
            score = 0; /* then it is as the caller */
    }
    close(fd);
}

static void settle_process(const struct newborn *b)
{
    struct rlimit core;
    setpgid(0, 0);
    if (b->null_fd >= 0)
        dup2(b->null_fd, STDIN_FILENO);
    tie_to_life(b);
    signal(SIGINT, SIG_IGN);
    if (getrlimit(RLIMIT_CORE, &core) == 0) {
        core.rlim_cur = 0;
        setrlimit(RLIMIT_CORE, &core); /* a death is seen when the dump is written */
    }
    go_first();
    for (int i = 0; b->env && b->env[i]; i++)
        putenv((char *)b->env[i]);
    ON_EXIT();
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
    if (!error)
        atomic_fetch_add(&c->births, 1);
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

static void drop(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* In the child: what is the caller's, or other workers', of this pool. */
static void close_others(struct pool *p, const struct newborn *b)
{
    p->life[0] = -1; /* the worker closes it, and gets another */
    drop(&p->life[1]);
    drop(&p->epoll);
    drop(&p->memory_fd);
    for (int w = 0; w < p->control->capacity; w++) {
        struct worker_own *own = &p->own[w];
        drop(&own->pidfd);
        for (int i = 0; i < 2; i++) {
            if (own->task_fd[i] != b->task_fd)
                drop(&own->task_fd[i]);
            if (own->result_fd[i] != b->result_fd)
                drop(&own->result_fd[i]);
        }
    }
}

/* The caller's handlers are not for a worker. */
static void reset_signals(void)
{
    for (int i = 1; i < NSIG; i++)
        signal(i, i == SIGINT ? SIG_IGN : SIG_DFL); /* the C library keeps its own */
}

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

static int in_openmp(void)
{
    int (*in_parallel)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "omp_in_parallel");
    return in_parallel && in_parallel();
}

/* After a parallel region a forked child's first one hangs in libgomp, unless its threads are sent
 * home before.  libomp looks after its children itself, but not when it is paused. */
static void quiet_openmp(void)
{
    int (*pause)(int) = (int (*)(int))dlsym(RTLD_DEFAULT, "omp_pause_resource_all");
    if (pause && !dlsym(RTLD_DEFAULT, "__kmpc_fork_call") && !in_openmp() && threads() > 1)
        pause(PAUSE_HARD);
}

static int start_fork(struct pool *p, struct worker_own *own, const struct newborn *b)
{
    sigset_t all, before;
    quiet_openmp();
    fflush(stdout); /* what is buffered now is the caller's to print, once */
    fflush(stderr);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* no handler of the caller runs in a newborn */
    bearing = b;
    pid_t pid = fork();
    bearing = NULL;
    if (pid == 0) {
        __fpurge(stdout); /* what another thread has printed since */
        close_others(p, b);
        reset_signals();
        sigdelset(&before, SIGTERM);
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
    if (got == MAP_FAILED && errno != EEXIST)
        _exit(1);
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
    mprotect((char *)base + b.control->guard, (size_t)sysconf(_SC_PAGESIZE), PROT_NONE);
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

/* Is the program what /proc/self/exe would start?  Not if somebody started ld.so to start it.
 * Returns 1, 0 or -errno. */
static int is_own_file(void)
{
    ElfW(Ehdr) head;
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : pread(fd, &head, sizeof head, 0);
    int error = got < 0 ? -errno : got == (ssize_t)sizeof head ? 0 : -ENOEXEC;
    if (fd >= 0)
        close(fd);
    if (error) /* /proc is not mounted, or there is no descriptor left */
        return error;
    return head.e_phnum == getauxval(AT_PHNUM) &&
           (getauxval(AT_ENTRY) - head.e_entry) % (unsigned long)sysconf(_SC_PAGESIZE) == 0;
}

static int can_spawn(char *text, size_t size)
{
    struct pool_fn_ref ref;
    int took = can_take_over;
#ifndef POOL_SHARED_LIBRARY /* in a plug-in the constructor runs when main() does, or never */
    if (pool_fn_refer(&ref, (void (*)(void))birth_choose, text, size))
        return 0;
    took = took && !*ref.path;
#endif
    if (!took) {
        snprintf(text, size,
                 "the pool was not there when the program started (was it loaded later?): link "
                 "the program with it, or use POOL_FORK");
        return 0;
    }
    int own = is_own_file();
    if (own < 0) {
        snprintf(text, size, "/proc/self/exe cannot be read: %s", strerror(-own));
        return 0;
    }
    if (!own) {
        snprintf(text, size,
                 "/proc/self/exe is not this program: start it by its own name, or use POOL_FORK");
        return 0;
    }
    return pool_fn_refer(&ref, (void (*)(void))getauxval(AT_ENTRY), text, size) == 0;
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
    if (*start == POOL_FORK && in_openmp())
        return pool_complain(-EBUSY,
                             "a pool cannot be forked inside an OpenMP parallel region: open it "
                             "before, or spawn");
    return 0;
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

/* The worker's pipes, and the pool's descriptors, in order. */
static int ready_descriptors(struct pool *p, struct worker_own *own, int worker)
{
    fork_lock();
    int error = p->transport == POOL_PIPE ? pipe_open(p, worker) : 0;
    lift(&p->memory_fd);
    lift(&p->null_fd);
    for (int i = 0; i < 2; i++) {
        lift(&p->life[i]);
        lift(&own->task_fd[i]);
        lift(&own->result_fd[i]);
        note(p->life[i]);
        note(own->task_fd[i]);
        note(own->result_fd[i]);
    }
    fork_unlock();
    return error;
}

int birth_start(struct pool *p, int worker)
{
    const struct pool_options *o = &p->options;
    struct worker_own *own = &p->own[worker];
    int error = ready_descriptors(p, own, worker);
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
    own->done = cover_done(p, worker); /* before it does anything */
    own->pid = 0;
    if (p->start == POOL_FORK)
        crash_prepare();
    error = p->start == POOL_THREAD  ? start_thread(own, &b)
            : p->start == POOL_SPAWN ? start_spawn(p, own, &b)
                                     : start_fork(p, own, &b);
    if (error) {
        if (p->transport == POOL_PIPE)
            pipe_close(p, worker);
        return error;
    }
    own->alive = own->unborn = 1;
    if (!b.is_process)
        return 0;
    watch_out_for(p, worker);
    if (p->transport == POOL_PIPE)
        pipe_started(p, worker);
    return 0;
}
