/* SPDX-License-Identifier: MIT
 *
 * pool: a team of worker processes that do ranges of tasks.
 *
 * Workers are forked once, by pool_open, and see the caller's memory as it was then; what tasks
 * write reaches the caller only through memory that was mapped MAP_SHARED before.  A job is n
 * tasks; it is cut into chunks, and a schedule says which worker gets which.  No lock is taken by a
 * worker: a claim is one atomic operation, so a worker that dies holds nothing up.  A worker's
 * death ends the job with an error that names it.  Nothing outlives pool_close: no process, no
 * descriptor, no name.
 *
 * The library stands alone: it needs Linux, C11 and nothing else of this project.
 */
#ifndef POOL_POOL_H
#define POOL_POOL_H

struct pool;

enum pool_schedule {
    POOL_STATIC,  /* fixed in advance: chunk k to worker k % workers; chunk 0: one block a worker */
    POOL_DYNAMIC, /* the next chunk to whoever asks */
    POOL_GUIDED,  /* the same; a chunk is at least (what is left) / workers */
    POOL_STEAL /* a block a worker, taken chunk by chunk; who runs out takes half of another's rest
                */
};

enum pool_transport {
    POOL_SHM, /* chunks are claimed in shared memory */
    POOL_PIPE /* chunks go out and completions come back through pipes; POOL_DYNAMIC, POOL_GUIDED */
};

enum pool_wait {
    POOL_PASSIVE, /* an idle worker sleeps in the kernel: cheap for others, slow to wake */
    POOL_ACTIVE   /* an idle worker spins; with more workers than CPUs only briefly */
};

struct pool_options {
    int workers;
    const int *cpus; /* OS numbers; worker k is bound to cpus[k % cpu_count] */
    int cpu_count;   /* 0: workers may run where the caller may */
    enum pool_transport transport;
    enum pool_wait wait;
    int (*initializer)(void *arg, int worker); /* once in each worker; 0 or -errno; may be NULL */
    void *initializer_arg;
};

/* Tasks first .. end-1 that a worker has claimed. */
struct pool_range {
    long first, end;
};

/* A worker's hold on the job's tasks. */
struct pool_claims;

/* One job.  `work` must have existed when the pool was opened, and `arg` must mean the same in the
 * workers: memory shared before pool_open, or data that did not change since. */
struct pool_job {
    /* Runs in: worker.  Claims ranges with pool_next and does their tasks until there are no more.
     * Called once a job in each worker (POOL_PIPE: once a chunk). */
    void (*work)(void *arg, int worker, struct pool_claims *claims);
    void *arg;
    long tasks; /* 0 .. 2^31-1 */
    long chunk; /* 1 or more; 0 only with POOL_STATIC */
    enum pool_schedule schedule;
};

/* Claim the next chunk; the one claimed before counts as done.
 * Returns it; first == end: there is no more for this worker.  Runs in: worker. */
struct pool_range pool_next(struct pool_claims *claims);

/* Fork the workers and wait until each is bound and has run the initializer.
 * Returns 0, or -errno with a sentence in MESSAGE (if not NULL); then nothing is left behind.
 * Owns: the caller, pool_close.  Runs in: caller. */
int pool_open(struct pool **out, const struct pool_options *options, char *message,
              int message_size);

/* Do JOB; return when its last task is done.
 * Returns 0, or -errno: -EINVAL bad job; -EOWNERDEAD a worker died (pool_message says which and
 * how): the pool is then good for pool_close only.  Runs in: caller. */
int pool_run(struct pool *p, const struct pool_job *job);

/* What the last error was; "" if none.  Owns: the pool. */
const char *pool_message(const struct pool *p);

/* The process of WORKER.  Runs in: caller. */
int pool_pid(const struct pool *p, int worker);

/* Send the workers home, kill those that have not gone after a second, reap all, free all. */
void pool_close(struct pool *p);

#endif
