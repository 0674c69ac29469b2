/* SPDX-License-Identifier: MIT
 *
 * pool: a team of workers, processes or threads, that do tasks for you.
 *
 *     static int square(const void *arg, long i, struct pool_task *t)
 *     {
 *         const double *x = pool_in(t, i);
 *         double *y = pool_out(t, i);
 *         *y = *x * *x;
 *         return 0;
 *     }
 *
 *     struct pool *p;
 *     pool_open(&p, &(struct pool_options){ .workers = 8 }, message, sizeof message);
 *     long failed = pool_map(p, &(struct pool_call){ .fn = square, .n = 1000,
 *                                .in = x, .in_size = sizeof *x, .out = y, .out_size = sizeof *y });
 *     pool_free(p);
 *
 * Three promises.  It never hangs: a worker takes no lock, so one that dies, wherever it is, holds
 * nobody up; whoever waits sees the death, and the worker is replaced.  It loses nothing: a task
 * that killed its worker is reported as failed, with the signal and the place, and every other task
 * is done.  It leaves nothing: no process, descriptor, name or mapping outlives the pool, not even
 * when the calling program is killed.
 *
 * Words as in Python's multiprocessing.Pool where it has them.  Functions return 0 or a count, or
 * -errno; pool_message has the sentence.  Times are in milliseconds, sizes in bytes.  "Runs in:
 * caller" means any thread of the process that opened the pool, several at once if it likes; in a
 * child that this process forked, every call returns -EPERM and touches nothing.
 *
 * The library needs Linux, C11 and nothing else of this project.
 */
#ifndef POOL_POOL_H
#define POOL_POOL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pool;

/* ---- tasks ---- */

/* What a task function gets besides its index.  Valid during the call. */
struct pool_task {
    const void *in; /* the call's inputs and outputs, as this worker sees them */
    void *out;
    size_t in_size, out_size; /* of one element */
    long first;               /* index of the element at `in` and `out` */
    int worker;               /* 0 .. workers-1 */
};

/* Do task I.  ARG is what the call was given.  Return 0, or any other number: the task then counts
 * as failed with that code, and its chunk's other tasks go on.  Runs in: worker. */
typedef int pool_fn(const void *arg, long i, struct pool_task *task);

/* Element I of the inputs, of the outputs.  Runs in: worker. */
static inline const void *pool_in(const struct pool_task *t, long i)
{
    return (const char *)t->in + (size_t)(i - t->first) * t->in_size;
}
static inline void *pool_out(const struct pool_task *t, long i)
{
    return (char *)t->out + (size_t)(i - t->first) * t->out_size;
}

/* Say why the task fails, printf-like; what does not fit is cut with "...".
 * Returns CODE, for `return pool_fail(t, 7, "no such row: %ld", row)`.  Runs in: worker. */
int pool_fail(struct pool_task *t, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- the pool ---- */

enum pool_start {
    POOL_AUTO,  /* fork from a small, single-threaded caller; else spawn if it can be had, else fork
                 */
    POOL_FORK,  /* workers see the caller's memory as of pool_open */
    POOL_SPAWN, /* workers are the caller's program started anew, but never its main(): as quick
                   from a caller of many GiB as from a small one */
    POOL_THREAD /* workers are threads: the same protocol without the isolation; a crash is a crash
                   of the program, and a task cannot be ended from outside */
};

enum pool_transport {
    POOL_SHM, /* chunks are claimed in shared memory: nanoseconds */
    POOL_PIPE /* chunks, inputs and results travel through pipes: microseconds, as in Python */
};

enum pool_wait {
    POOL_PASSIVE, /* who has nothing to do sleeps in the kernel: cheap for others, slow to wake */
    POOL_ACTIVE,  /* ... spins; with more workers than CPUs only briefly */
    POOL_SPIN_THEN_SLEEP /* ... spins for some 20 us, then sleeps */
};

enum pool_schedule {
    POOL_DYNAMIC, /* the next chunk to whoever asks */
    POOL_STATIC,  /* fixed in advance: chunk k to worker k % workers; chunk 0: one block a worker;
                     POOL_SHM only */
    POOL_GUIDED,  /* as dynamic; a chunk is at least (what is left) / workers */
    POOL_STEAL /* a block a worker, taken chunk by chunk; who runs out takes half of another's rest;
                  POOL_SHM only */
};

/* Memory that the caller shares with its workers besides the pool's own: a file (memfd_create)
 * mapped MAP_SHARED at BASE.  Forked workers see it anyway; spawned ones map it at the same
 * address. */
struct pool_region {
    int fd;
    void *base;
    size_t size;
};

struct pool_options {
    int workers;     /* 1 or more */
    const int *cpus; /* OS numbers; worker k is bound to cpus[k % cpu_count] */
    int cpu_count;   /* 0: workers may run where the caller may */
    enum pool_start start;
    enum pool_transport transport;
    enum pool_wait wait;
    /* Runs once at every worker's birth, replacements included, before any task; the worker's
     * `index` is I, the task's in and out are NULL.  Not 0: the worker cannot start, nor can the
     * pool. */
    pool_fn *initializer;
    const void *initializer_arg;
    size_t initializer_arg_size; /* copied; 0: the pointer itself is handed on, see pool_call */
    const char *const *env;      /* "NAME=VALUE" for the workers, ends with NULL; may be NULL */
    int max_tasks;    /* a worker is replaced after so many (and its chunk's rest); 0: never */
    long max_rss_kib; /* ... when it has more memory of its own than that; 0: never */
    /* So many workers that die one after the other, with no task done by anybody in between, end
     * the calls under way with -EOWNERDEAD; those ended for a time limit or a cancelled call do not
     * count.  0: 128 a worker; -1: they are replaced for ever. */
    int max_deaths;
    int idle_timeout_ms;  /* a worker without work for so long goes; back on demand; 0: it stays */
    int close_timeout_ms; /* how long pool_join lets workers finish before it kills; 0: for ever */
    int caller_works;     /* 1: the thread in pool_map does tasks too, as worker 0 of `workers` */
    int max_depth; /* pools in tasks of pools: so deep they have workers of their own, deeper is
                      -ELOOP. 0: a pool in a task does everything in the calling worker */
    int strict;    /* 1: pool_message warns of words in `arg` that look like private pointers */
    long arena;    /* address space for pool_alloc and copies; 0: 64 GiB, or what can be had */
    const struct pool_region *regions;
    int region_count;
};

/* Start the workers and wait until each is bound and has run the initializer.
 * Returns 0, or -errno with a sentence in MESSAGE (may be NULL); then nothing is left behind.
 * -EINVAL an option out of range, -EAGAIN no more processes, -ELOOP nested too deep, or what the
 * initializer returned (as -ECHILD if it was not an -errno).  Owns: the caller, pool_free.
 * Runs in: caller. */
int pool_open(struct pool **out, const struct pool_options *options, char *message,
              size_t message_size);

/* No more calls; what was submitted is still done.  Idempotent. */
int pool_close(struct pool *p);

/* No more calls, and no more work: workers are killed where they are (threads finish the task in
 * hand), what was submitted ends with -ECANCELED.  Back within a second.  Idempotent. */
int pool_terminate(struct pool *p);

/* After pool_close or pool_terminate: wait until all work is done and every worker is gone, but no
 * longer than close_timeout_ms, after which it kills.  Returns 0; -EINVAL: the pool is still open.
 */
int pool_join(struct pool *p);

/* pool_close, pool_join, and the memory.  Results in pool_alloc memory go with it.  NULL is
 * allowed. In a child of the caller it frees the child's copy and leaves the workers alone. */
void pool_free(struct pool *p);

/* From now on so many workers.  Running tasks end first.  Returns 0, -EINVAL, -errno of a start. */
int pool_resize(struct pool *p, int workers);

/* For a signal handler: the calls that wait now return -EINTR after cancelling their work; the
 * second time workers are killed at once.  Async-signal-safe. */
void pool_interrupt(struct pool *p);

/* What the last error or warning of this thread's calls was; "" if none.  Valid until the next. */
const char *pool_message(const struct pool *p);

/* ---- calls ---- */

enum pool_outcome {
    POOL_NOT_RUN, /* cancelled or halted before its turn, and every task before the call */
    POOL_OK,
    POOL_FAILED,   /* the function returned not 0: code */
    POOL_KILLED,   /* its worker was killed by signal `code` */
    POOL_EXITED,   /* its worker exited, with `code` */
    POOL_TIMED_OUT /* it took longer than timeout_ms */
};

/* How one task ended. */
struct pool_status {
    unsigned char outcome; /* enum pool_outcome */
    unsigned char tries;   /* 1: it did so at once */
    short worker;          /* of the last try; -1: not known */
    int code;
};

/* A task that failed, in words. */
struct pool_failure {
    long task;
    struct pool_status status;
    int pid;        /* of the worker */
    char text[480]; /* "killed by SIGSEGV (11) at address 0x8, in exe+0x1319 (square)" */
};

/* One call: n tasks.  Zero means the default everywhere. */
struct pool_call {
    pool_fn *fn;
    const void *arg; /* copied once for all workers as of the call, if arg_size > 0.  With arg_size
                        0 the pointer is handed on: NULL, memory of pool_alloc or of a region, or
                        (fork) what has not changed since pool_open */
    size_t arg_size;
    const void
        *in; /* n elements; copied unless they lie in pool_alloc memory or workers are threads */
    size_t in_size;
    void *out; /* n elements; likewise.  Those of tasks that did not succeed are as they were, or,
                  where nothing is copied, as the task left them */
    size_t out_size;
    long n;     /* 0 or more */
    long chunk; /* tasks handed out together; 0: ceil(n / (4 workers)), CPython's rule; with
                   POOL_STATIC 0 is one block a worker */
    enum pool_schedule schedule;
    int timeout_ms;   /* per task, from its start to its end; 0: none; not with POOL_THREAD */
    int deadline_ms;  /* for the whole call: -ETIMEDOUT, what is done is there; 0: none */
    int retries;      /* more tries for a task that fails, 0 .. 100 */
    const char *halt; /* as GNU parallel: "now,fail=1": kill what runs at the first failure;
                         "soon,fail=3%": finish what runs, start no more; NULL: do everything */
    struct pool_status *status;    /* n of them, or NULL */
    struct pool_failure *failures; /* room for the first failures by index, or NULL */
    int failure_room;
    /* Called once when the call is complete, by the thread that finds out (in pool_wait, pool_map,
     * pool_join, or another call's wait).  It may submit more.  Not 0: counted in the statistics.
     */
    int (*done)(void *done_arg, long result);
    void *done_arg;
};

/* Do a call's tasks and wait for them all: a task that fails does not stop the others.
 * Returns the number of tasks that failed, or -errno: -EINVAL bad call, -ENOTSUP a function that
 * cannot be sent (pool_fn_explain), -E2BIG more than 2^31-1 chunks, -ESHUTDOWN closed, -ENOMEM,
 * -ECANCELED terminated or halted, -ETIMEDOUT deadline_ms, -EINTR pool_interrupt, -EPERM not the
 * pool's owner, -EOWNERDEAD the workers cannot be kept alive.  pool_message says more: "3 of 20
 * tasks failed, the first is task 5: ...".  Runs in: caller; in a task of the same pool it returns
 * -EDEADLK. */
long pool_map(struct pool *p, const struct pool_call *call);

/* One task: task 0 of a call with n = 1 (n is ignored).  Returns 0, 1 (failed) or -errno. */
long pool_apply(struct pool *p, const struct pool_call *call);

/* A call under way. */
struct pool_ticket;

/* As pool_map, but without waiting.  in, out, status, failures stay the caller's and untouched by
 * it until the call is complete.  At most 56 calls run at once; the next waits for one to end.
 * Returns 0 or -errno.  Owns: the caller, pool_finish.  Runs in: caller. */
int pool_map_async(struct pool *p, const struct pool_call *call, struct pool_ticket **ticket);

/* Wait for a call, at most TIMEOUT_MS (0: only look; negative: for ever).
 * Returns what pool_map would, or -ETIMEDOUT: it goes on and can be waited for again. */
long pool_wait(struct pool_ticket *t, int timeout_ms);

/* Start no more of its tasks; those that run end.  A later pool_wait returns -ECANCELED. */
int pool_cancel(struct pool_ticket *t);

/* Wait for the call and free the ticket.  Returns what pool_map would.  NULL is allowed. */
long pool_finish(struct pool_ticket *t);

/* Fork workers for this one call: they have seen everything up to now, so that functions which
 * capture variables, code made at run time, and the whole heap work as they stand.  The price is a
 * fork a worker.  OPTIONS as in pool_open (start is fork); NULL in CALL->fn only is refused. */
long pool_map_snapshot(const struct pool_options *options, const struct pool_call *call,
                       char *message, size_t message_size);

/* ---- iterators ---- */

/* Results as they come, inputs as they are needed: nothing is taken more than `window` items ahead.
 */
struct pool_stream {
    pool_fn *fn; /* task i does item i */
    const void *arg;
    size_t arg_size;
    /* Write the next input to TO.  Returns 1, 0 at the end, or -errno.  Runs in: caller. */
    int (*next)(void *next_arg, void *to);
    void *next_arg;
    size_t in_size, out_size;
    int chunk;  /* 0: 1 */
    int window; /* items; 0: 4 chunks a worker; at most 40 chunks at once */
    int unordered;
    int timeout_ms, retries;
};

struct pool_iterator;

/* Returns 0 or -errno.  Owns: the caller, pool_imap_end.  Runs in: caller. */
int pool_imap(struct pool *p, const struct pool_stream *stream, struct pool_iterator **out);

/* The next result into OUT (out_size bytes), its item's number and fate into *FAILURE (may be
 * NULL). Returns 1; 0 at the end, and for ever after; -errno of `next`, after all results of items
 * before it, and again at every later call; a failed task is 1 with failure->status.outcome not
 * POOL_OK. */
int pool_imap_next(struct pool_iterator *it, void *out, struct pool_failure *failure);

/* Cancel what is left and free.  NULL is allowed. */
void pool_imap_end(struct pool_iterator *it);

/* ---- shared memory ---- */

/* SIZE bytes, zeroed, aligned to 128, that the caller and every worker see at the same address, now
 * and later; taken from memory when first touched.  NULL: does not fit in `arena`, or no memory.
 * Owns: the pool; pool_free takes it back, pool_give earlier.  Runs in: caller. */
void *pool_alloc(struct pool *p, size_t size);
void pool_give(struct pool *p, void *memory);

/* ---- functions ---- */

/* Where a function is, in words that mean the same in every process that has (or can open) the same
 * file.  Plain data: it may be put into shared memory. */
struct pool_fn_ref {
    void (*raw)(void);          /* in the process that made the reference */
    uint64_t offset;            /* from the object's load address */
    unsigned char build_id[32]; /* of the object, filled up with zeros; all zero: it has none */
    char path[200];             /* "": the program itself */
};

/* Make a reference.  Returns 0, or -ENOTSUP with a sentence in TEXT that says what FN is instead
 * and what to do: a nested function that captures variables, code made at run time, data, nothing,
 * a plug-in whose file has changed, an object without build-id.  Runs in: either. */
int pool_fn_refer(struct pool_fn_ref *ref, void (*fn)(void), char *text, size_t text_size);

/* The function in this process; opens the object if it is not there yet, after its build-id has
 * been compared.  Returns NULL with a sentence in TEXT.  Runs in: either. */
void (*pool_fn_resolve(const struct pool_fn_ref *ref, char *text, size_t text_size))(void);

/* "exe+0x1319 (sleeping), build-id 3f2a...", or why it cannot be sent to a worker.
 * Returns 0 or -ENOTSUP.  Runs in: either. */
int pool_fn_explain(void (*fn)(void), char *text, size_t text_size);

/* ---- what happened ---- */

struct pool_statistics {
    long tasks, failed;          /* done by workers; `failed` of them not successfully */
    long chunks, steals, sleeps; /* claims; successful steals; times a worker went to sleep */
    long restarts;               /* workers replaced, whatever for */
    long callbacks_failed;
    int workers; /* alive now */
};

/* Returns 0, or -EPERM.  Runs in: caller. */
int pool_statistics(struct pool *p, struct pool_statistics *s);

/* Tasks done by WORKER (0 .. workers-1), its predecessors included; -EINVAL: there is none. */
long pool_worker_tasks(struct pool *p, int worker);

/* The process (POOL_THREAD: the thread) of WORKER; 0: not alive now; -EINVAL: there is none. */
int pool_pid(struct pool *p, int worker);

/* How workers were started: POOL_FORK, POOL_SPAWN or POOL_THREAD. */
enum pool_start pool_started(const struct pool *p);

/* ---- the loop beneath ----
 *
 * For those who write the loop themselves: a function that is called once a job in each worker
 * (POOL_PIPE: once a chunk) and asks for ranges of tasks until there are no more.  A claim costs a
 * few nanoseconds and the loop keeps its registers.  A death ends the job. */

struct pool_claims; /* a worker's hold on the job */

struct pool_range {
    long first, end; /* first .. end-1; first == end: no more */
};

typedef void pool_work(void *arg, int worker, struct pool_claims *claims);

struct pool_job {
    pool_work *work;
    void *arg; /* handed on: see pool_call.arg with size 0 */
    long tasks, chunk;
    enum pool_schedule schedule;
};

/* Claim the next chunk; the one before counts as done.  Runs in: worker, within pool_work. */
struct pool_range pool_next(struct pool_claims *claims);

/* Returns 0, or -errno as pool_map; -EOWNERDEAD: a worker died, pool_message says which and how;
 * what it held is lost, the worker is replaced.  Runs in: caller. */
int pool_run(struct pool *p, const struct pool_job *job);

#ifdef __cplusplus
}
#endif

#endif
