/* SPDX-License-Identifier: MIT
 *
 * pool: the life of the workers, from birth to burial.  How chunks reach them is in shm.c and
 * pipe.c; waiting for them, and seeing one die meanwhile, in watch.c.
 */
#include "pool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "inside.h"

enum { CLOSE_NS = 1000000000 };

/* ---- a worker's side ---- */

static int bind_to(int cpu)
{
    cpu_set_t *set = CPU_ALLOC((size_t)cpu + 1);
    size_t size = CPU_ALLOC_SIZE(cpu + 1);
    if (!set)
        return -ENOMEM;
    CPU_ZERO_S(size, set);
    CPU_SET_S((size_t)cpu, size, set);
    int error = sched_setaffinity(0, size, set) ? -errno : 0;
    CPU_FREE(set);
    return error;
}

_Noreturn static void worker_main(struct pool *p, const struct pool_options *o, int worker,
                                  pid_t caller, const sigset_t *mask)
{
    /* Dies with the thread that opened the pool; Ctrl-C is the caller's business. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != caller)
        _exit(1);
    signal(SIGINT, SIG_IGN);
    sigprocmask(SIG_SETMASK, mask, NULL);

    int error = o->cpu_count ? bind_to(o->cpus[worker % o->cpu_count]) : 0;
    if (!error && o->initializer)
        error = o->initializer(o->initializer_arg, worker);
    if (error) {
        int none = 0;
        atomic_compare_exchange_strong(&p->control->start_error, &none, error);
        worker_done(p->control);
        _exit(1);
    }
    if (p->transport == POOL_PIPE)
        pipe_work(p, worker);
    else
        shm_work(p, worker);
    _exit(0);
}

/* ---- the caller's side ---- */

static void free_pool(struct pool *p)
{
    for (int i = 0; i < 2; i++) {
        if (p->tasks_pipe[i] >= 0)
            close(p->tasks_pipe[i]);
        if (p->results_pipe[i] >= 0)
            close(p->results_pipe[i]);
    }
    if (p->control)
        munmap(p->control, p->control_size);
    free(p->pids);
    free(p);
}

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
static void set_spins(struct pool *p, const struct pool_options *o)
{
    int allowed = allowed_cpus();
    int used = used_cpus(o, allowed);
    if (o->wait == POOL_PASSIVE)
        return;
    p->spins = o->workers > used ? FEW_SPINS : INT_MAX;
    p->caller_spins = allowed > used;
}

static int make_shared(struct pool *p)
{
    p->control_size = sizeof *p->control + (size_t)p->workers * sizeof(struct line);
    void *m =
        mmap(NULL, p->control_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (m == MAP_FAILED)
        return pool_complain(p, -errno, "no shared memory for %d workers: %s", p->workers,
                             strerror(errno));
    p->control = m;
    for (int i = 0; i < p->workers; i++)
        atomic_store(&p->control->lines[i].claim, -1);
    atomic_store(&p->control->left, (uint32_t)p->workers);
    if (p->transport != POOL_PIPE)
        return 0;
    if (pipe2(p->tasks_pipe, O_CLOEXEC) || pipe2(p->results_pipe, O_CLOEXEC))
        return pool_complain(p, -errno, "no pipe: %s", strerror(errno));
    return 0;
}

static int fork_workers(struct pool *p, const struct pool_options *o)
{
    pid_t caller = getpid();
    sigset_t all, mask;
    int error = 0;
    fflush(NULL); /* what is buffered now is the caller's to print, once */
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &mask); /* no handler of the caller runs in a newborn worker */
    for (int i = 0; i < p->workers && !error; i++) {
        pid_t pid = fork();
        if (pid == 0)
            worker_main(p, o, i, caller, &mask);
        if (pid < 0)
            error = pool_complain(p, -errno, "cannot fork worker %d of %d: %s", i, p->workers,
                                  strerror(errno));
        else
            p->pids[i] = pid;
    }
    sigprocmask(SIG_SETMASK, &mask, NULL);
    return error;
}

static int start(struct pool *p, const struct pool_options *o)
{
    int error = make_shared(p);
    if (!error)
        error = fork_workers(p, o);
    if (!error)
        error = pool_wait_left(p);
    int start_error = p->control ? atomic_load(&p->control->start_error) : 0;
    if (start_error) /* the reason for a death that was seen as well */
        error =
            pool_complain(p, start_error, "a worker could not start: %s", strerror(-start_error));
    if (!error && p->transport == POOL_PIPE) {
        /* The workers' ends belong to the workers; but the caller keeps the reading end of the
         * tasks, so that writing to dead workers is an error that it sees, not a SIGPIPE. */
        close(p->results_pipe[1]);
        p->results_pipe[1] = -1;
    }
    return error;
}

/* Give the workers until DEADLINE, then kill them; reap all. */
static void reap_all(struct pool *p, int64_t deadline)
{
    for (int i = 0; i < p->workers; i++) {
        if (!p->pids[i])
            continue;
        const struct timespec nap = { 0, 200000 };
        while (waitpid(p->pids[i], NULL, WNOHANG) == 0) {
            if (pool_now_ns() < deadline) {
                nanosleep(&nap, NULL);
                continue;
            }
            kill(p->pids[i], SIGKILL);
            while (waitpid(p->pids[i], NULL, 0) < 0 && errno == EINTR) {
            }
            break;
        }
        p->pids[i] = 0;
    }
}

int pool_open(struct pool **out, const struct pool_options *o, char *message, int message_size)
{
    struct pool *p = calloc(1, sizeof *p);
    int error = -EINVAL;
    *out = NULL;
    if (!p || o->workers < 1 || o->cpu_count < 0 ||
        !(p->pids = calloc((size_t)o->workers, sizeof *p->pids))) {
        error = p && o->workers >= 1 && o->cpu_count >= 0 ? -ENOMEM : -EINVAL;
        if (message)
            snprintf(message, (size_t)message_size, "%s",
                     error == -EINVAL ? "a pool has 1 worker or more" : "no memory");
        free(p);
        return error;
    }
    *p = (struct pool){ .workers = o->workers,
                        .transport = o->transport,
                        .tasks_pipe = { -1, -1 },
                        .results_pipe = { -1, -1 },
                        .pids = p->pids };
    set_spins(p, o);
    if ((error = start(p, o))) {
        if (message)
            snprintf(message, (size_t)message_size, "%s", p->message);
        reap_all(p, 0);
        free_pool(p);
        return error;
    }
    *out = p;
    return 0;
}

int pool_run(struct pool *p, const struct pool_job *job)
{
    int pipes = p->transport == POOL_PIPE;
    if (p->broken)
        return p->broken;
    if (job->tasks < 0 || job->tasks > INT_MAX || job->chunk < 0 || job->chunk > INT_MAX)
        return pool_complain(p, -EINVAL, "tasks and chunk must be 0 to %d", INT_MAX);
    if (job->chunk == 0 && job->schedule != POOL_STATIC)
        return pool_complain(p, -EINVAL, "a chunk of 0 (a block per worker) is for static only");
    if (pipes && job->schedule != POOL_DYNAMIC && job->schedule != POOL_GUIDED)
        return pool_complain(p, -EINVAL,
                             "through pipes chunks are handed out dynamic or guided only");
    if (job->tasks == 0)
        return 0;
    return pipes ? pipe_run(p, job) : shm_run(p, job);
}

const char *pool_message(const struct pool *p)
{
    return p->message;
}

int pool_pid(const struct pool *p, int worker)
{
    return (int)p->pids[worker];
}

void pool_close(struct pool *p)
{
    if (!p)
        return;
    if (p->transport == POOL_PIPE)
        pipe_stop(p);
    else
        shm_stop(p);
    reap_all(p, p->broken ? 0 : pool_now_ns() + CLOSE_NS);
    free_pool(p);
}
