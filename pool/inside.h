/* SPDX-License-Identifier: MIT
 *
 * inside: what the files behind pool.h share.
 *
 * Two worlds on purpose.  `struct pool` and `struct pool_ticket` are the caller's own memory, under
 * one mutex that no worker ever sees.  `struct control` and what follows it are shared, in one
 * memory file that everybody maps at one address; each field is written by one side, or atomic.  A
 * worker may stop for ever between any two instructions: nothing here depends on its going on.
 *
 * A job lies in a slot.  A worker that wants in writes the slot's number into its line, looks
 * whether the slot is still published, and only then reads it; the caller takes a slot back when it
 * is not published and stands in no living worker's line.
 *
 * Tasks are counted in positions: 0 .. tasks-1 of the slot.  In a repair round the slot's positions
 * are what an earlier slot left undone, and `pieces` says which tasks they are.
 */
#ifndef POOL_INSIDE_H
#define POOL_INSIDE_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "pool.h"
#include "units.h"

enum {
    POOL_LINE = 128,    /* two cache lines: the neighbour line is often fetched along */
    SLOTS = 64,         /* jobs at once: bits of a word */
    SPARE_SLOTS = 8,    /* kept back for repair rounds */
    RUNS = 1024,        /* in a worker's log of a job before it is emptied into the bitmap */
    PIECES = 128,       /* of a repair round */
    TEXTS = 64,         /* failures of a round that are kept with their words */
    FRAMES = 12,        /* of a crash */
    FEW_SPINS = 1000,   /* how long to spin where spinning may keep another worker from its CPU */
    WATCH_NS = 5000000, /* how often who waits looks for deaths */
    START_FAILURES = 3, /* in a row: then the pool is broken */
    DEATHS_A_WORKER = 128, /* pool_options.max_deaths by default: more than a task may be tried */
    EXIT_COLLISION =
        121,            /* of a spawned worker whose address space has no room where the pool is */
    EXIT_NO_PIPE = 122, /* of a worker whose task has closed its pipe */
#ifdef POOL_WITHOUT_ON_EXIT
    EXIT_UNTOLD = 120, /* of a worker whose task called exit(); with which code is not known */
#else
    EXIT_UNTOLD = -1,        /* none */
#endif
};

/* ---- shared: a worker's lines ---- */

enum worker_state { WORKER_NONE, WORKER_STARTING, WORKER_READY, WORKER_RETIRED };

/* What a worker knew of its own end. */
struct crash {
    _Atomic int signal; /* 0: nothing written; the rest is then void */
    void *address;
    _Atomic int frames;
    uintptr_t frame[FRAMES]; /* return addresses; frame[0]: where it happened */
    char where[200];         /* frames in words, as far as they could be had */
};

struct line {
    /* written by its worker */
    _Alignas(POOL_LINE) _Atomic uint32_t slot; /* the job in hand: number + 1; 0: none */
    _Atomic uint32_t state;
    _Atomic uint32_t asleep;
    _Atomic int start_error; /* why it could not start */
    _Atomic int64_t
        started_ns; /* of the task in hand, if the job has a time limit; 0: between tasks */
    _Atomic long tasks, failed, chunks, steals, sleeps; /* all births together */
    _Atomic uint32_t tid;
    /* written by the caller */
    _Alignas(POOL_LINE) _Atomic uint32_t retire; /* go when the chunk in hand is done */
    /* written by its worker, when it fails */
    _Alignas(POOL_LINE) struct crash crash;
    char text[sizeof((struct pool_failure *)0)->text]; /* of pool_fail, or of a start that failed */
};

/* A worker's part of a job.  All its own, but for `range`, from whose end others steal. */
struct head {
    _Alignas(POOL_LINE) _Atomic uint64_t range; /* POOL_STEAL: next unit | end unit */
    _Alignas(POOL_LINE) _Atomic uint64_t seq;   /* of the job that the rest is about */
    _Atomic long at; /* positions of the last run below it are done; it is in hand */
};

/* ---- shared: jobs ---- */

struct piece {
    long position, task; /* positions from here on are tasks from there on */
};

struct failure_text {
    _Atomic uint32_t ready;
    struct pool_failure failure;
};

/* How a task ended, in one word: outcome | tries << 8 | worker << 16 | code << 32.  0: nothing
 * noteworthy. */
typedef _Atomic uint64_t code_word;

struct slot {
    /* written by the caller before it is published */
    _Alignas(POOL_LINE) _Atomic uint64_t seq;
    long tasks, chunk, units; /* `units` chunks of `chunk` tasks, the last one may be shorter */
    long base;                /* number of the first task */
    int workers;              /* at the time of publishing: shares for so many are dealt */
    int block;                /* POOL_STATIC: one block a worker */
    enum pool_schedule schedule;
    int timed, retries;
    long halt_at;       /* so many failures cancel the job; 0: none do */
    pool_work *work;    /* a loop of the user's; or ... */
    pool_fn *fn;        /* ... a task function: addresses in the caller */
    uint64_t fn_serial; /* tells functions apart; 0: the address is good everywhere */
    struct pool_fn_ref ref;
    void *arg;
    struct pool_task task; /* but for `worker` */
    code_word *codes;      /* one a task; NULL: too many tasks for that */
    _Atomic uint64_t
        *bitmap;     /* one bit a unit: done, emptied from logs; NULL: logs are long enough */
    int piece_count; /* 0: positions are tasks */
    struct piece pieces[PIECES];
    /* written by the caller, and by workers when halt_at is reached */
    _Alignas(POOL_LINE) _Atomic uint32_t cancelled;
    /* written by workers */
    _Alignas(POOL_LINE) _Atomic long next; /* POOL_DYNAMIC, POOL_GUIDED: unit nobody has claimed */
    _Alignas(POOL_LINE) _Atomic long remaining; /* tasks not counted as done */
    _Atomic uint32_t bell;                      /* 1: all are; futex of who waits */
    _Atomic uint32_t waiters;                   /* written by callers */
    _Atomic uint32_t bitmap_used;
    _Atomic uint32_t one_by_one; /* POOL_PIPE: a task closes its worker's pipe: which one? */
    _Atomic long failed;
    _Atomic uint32_t text_count;
    struct failure_text texts[TEXTS];
};

struct control {
    /* written once by the caller */
    uint64_t magic;
    size_t size;          /* of all shared memory: control, arena */
    size_t guard;         /* offset of the page between them that nobody may touch */
    int capacity;         /* lines */
    int depth, max_depth; /* of pools in pools */
    enum pool_transport transport;
    enum pool_start start;
    int max_tasks;
    long max_rss_kib;
    int idle_timeout_ms;
    int region_count;
    struct pool_fn_ref init_ref;
    pool_fn *init_fn;
    void *init_arg;
    size_t init_arg_size;
    struct head *heads; /* [SLOTS][capacity] */
    /* [SLOTS][capacity][RUNS]: first unit | end unit of every run that a worker claimed, in that
     * order, up to the first zero */
    _Atomic uint64_t *logs;
    struct line *lines; /* [capacity] */
    struct slot *slots; /* [SLOTS] */
    /* written by the caller */
    _Atomic int spins; /* of an idle worker before it sleeps */
    _Alignas(POOL_LINE) _Atomic uint32_t
        generation; /* a new job, or another reason to look; futex */
    _Atomic uint32_t stop;
    _Atomic uint64_t published; /* bit s: slot s has a job that may be entered */
    /* written by workers: who sleeps on `generation` */
    _Alignas(POOL_LINE) _Atomic uint32_t sleepers;
    /* written by workers: how many are ready, ever; futex of pool_open */
    _Alignas(POOL_LINE) _Atomic uint32_t ready;
    _Atomic uint32_t births; /* of them, well started */
#ifdef POOL_FAULTS
    _Atomic long arrivals[16]; /* at each fault point */
#endif
};

#define POOL_MAGIC UINT64_C(0x706f6f6c2d310a00)

/* ---- a worker's own ---- */

/* What a worker is, in its own memory. */
struct self {
    struct control *control;
    struct line *line;
    int index;
    int task_fd, result_fd; /* POOL_PIPE */
    int is_process;
    long done;               /* tasks since birth */
    uint64_t visited[SLOTS]; /* seq of the last job found without more work for us */
    uint64_t fn_serial;      /* the function last resolved, */
    void (*fn)(void);        /* ... and its address here */
    char *buffer;            /* POOL_PIPE: inputs and results of a chunk */
    size_t buffer_size;
};

/* On a worker's stack while it is in a job: what never changes while tasks run is copied here. */
struct pool_claims {
    long tasks, chunk, units;
    struct head *head;  /* the worker's */
    _Atomic long *next; /* POOL_DYNAMIC, POOL_GUIDED */
    struct head *heads; /* POOL_STEAL: all workers' */
    _Atomic uint64_t *log;
    _Atomic uint64_t *last; /* in the log: its last run; zero: it has none yet */
    long at;                /* POOL_STATIC: the next unit */
    long emptied;           /* units that were in the log when it was full */
    long inherited;         /* units that a predecessor left in it */
    long missing;           /* tasks that the last unit of the job is short of a chunk */
    long joined;            /* units that came along with another: units less chunks */
    struct slot *slot;
    struct self *self;
    _Atomic uint32_t *cancelled;
    struct pool_range single; /* POOL_PIPE: the one range; then empty */
    long steals;
    int worker, workers;
    enum pool_schedule schedule;
    enum pool_transport transport;
};

/* ---- the caller's own ---- */

struct worker_own {
    int alive;  /* a process or thread that has not been buried */
    int unborn; /* it, or the one before, has not been seen to be ready */
    long done;  /* cover_done when the last worker died, or at its birth */
    pid_t pid;
    int pidfd; /* -1: none */
    pthread_t thread;
    int64_t term_ns, kill_ns; /* when it was told to go; when it will be made to; 0: not */
    int timed_out;            /* it is killed for the task at `victim` of slot `victim_slot` */
    int victim_slot;
    long victim;
    int killed_for; /* number + 1 of the slot whose call is ended by force; 0: none */
    /* POOL_PIPE */
    int task_fd[2], result_fd[2]; /* read end, write end */
    struct pipe_end *pipe;
};

/* A task that took its worker along. */
struct victim {
    long position;
    struct pool_failure failure;
};

struct pool_ticket {
    struct pool *pool;
    struct pool_ticket *next; /* of all that are not complete */
    struct pool_call call;
    const struct pool_job *job; /* of pool_run; then `call` has only n, chunk, schedule */
    int slot;                   /* -1: none any more */
    int disturbed;              /* a worker died in it, or went before its static share was done */
    int cancelling;             /* -errno: why no more tasks are started */
    int kill;                   /* ... and those that run are ended */
    int complete;
    long result;
    char message[560]; /* what the call came to, in words */
    long base;         /* number of the first task */
    long halt_at;
    int halt_now;
    int64_t deadline_ns;  /* 0: none */
    void *arg, *in, *out; /* copies in the arena; NULL: none */
    int fault;            /* -errno of a job of pool_run whose worker died */
    struct victim *victims;
    int victim_count;
    struct pool_failure *failures; /* with words */
    int failure_count;
    struct piece_list {
        struct pool_range *range;
        int count, room;
    } todo; /* tasks, counted from base, that nobody has: left by the dead; POOL_PIPE: not sent yet
             */
    struct piece_list kept; /* positions of this round that were done by who is dead now */
    int unsure;     /* no memory for `todo`: what is not known to be done counts as not run */
    long pipe_left; /* POOL_PIPE: tasks whose results have not come */
};

/* What the caller keeps for a slot between jobs. */
struct slot_own {
    struct pool_ticket *ticket; /* NULL: free */
    code_word *codes;           /* all zero while the slot is free */
    long codes_room;
    _Atomic uint64_t *bitmap; /* likewise */
    long bitmap_words;
};

/* A call's `done` that waits to be called, without the lock. */
struct callback {
    struct callback *next;
    int (*done)(void *done_arg, long result);
    void *done_arg;
    long result;
};

struct block { /* of the arena */
    size_t offset, size;
};

struct pool {
    struct control *control;
    pthread_mutex_t lock;
    int *owner; /* in a page that is wiped in forked children: 1 here, 0 there */
    int forks;  /* birth_forks when it was opened: kernels before 4.14 and emulators wipe nothing */
    int memory_fd;
    size_t reserved;   /* address space */
    size_t arena_from; /* offset of the arena */
    size_t arena_end;  /* offset: so far blocks were taken */
    size_t file_size;
    struct block *blocks_free, *blocks_used;
    int free_count, free_room, used_count, used_room;
    int workers; /* as asked */
    enum pool_start start;
    enum pool_transport transport;
    struct pool_options options; /* pointers in it are ours */
    int caller_spins; /* 1: the caller spins while a job runs, for it has a CPU to itself */
    int spins;
    struct worker_own *own; /* [capacity] */
    int epoll;              /* all pidfds; -1: none */
    int null_fd, life[2];   /* life: the read end is the workers', its closing is their end */
    int closed, terminated, joined;
    int broken;         /* -errno: the workers cannot be kept alive */
    int start_failures; /* in a row, weighed, */
    uint32_t births;    /* ... without a birth since: then it was so many */
    int deaths;         /* in a row, without a task done in between */
    int64_t alone_ns;   /* since then nobody lives, nor can be started; 0: no */
    int caller_busy;    /* somebody is worker 0 */
    _Atomic int interrupts;
    int64_t next_watch_ns;
    uint64_t last_seq, last_serial;
    void (*serial_fn)(void); /* the function that last_serial stands for */
    struct pool_fn_ref serial_ref;
    struct slot_own slots[SLOTS];
    struct pool_ticket *tickets; /* not complete */
    long restarts, callbacks_failed;
    int trusted;         /* workers were born at this call: functions need no check */
    struct self *caller; /* caller_works */
    struct callback *callbacks, **callbacks_end;
    int joiners;
};

/* ---- small things ---- */

static inline void relax(void)
{
#if defined __x86_64__ || defined __i386__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("isb"); /* some tens of ns, as x86's pause; yield takes none on most cores */
#elif defined __arm__
    __asm__ volatile("yield");
#endif
}

static inline struct head *head_of(struct control *c, int slot, int worker)
{
    return &c->heads[(long)slot * c->capacity + worker];
}

static inline _Atomic uint64_t *log_of(struct control *c, int slot, int worker)
{
    return c->logs + ((long)slot * c->capacity + worker) * RUNS;
}

/* A worker's last run; 0: it has none. */
static inline uint64_t log_last(struct control *c, int slot, int worker)
{
    _Atomic uint64_t *log = log_of(c, slot, worker);
    uint64_t last = 0;
    for (long i = 0; i < RUNS && log[i]; i++)
        last = log[i];
    return last;
}

/* Position after the last of unit UNIT - 1: its first position, at most TASKS. */
static inline long unit_position(long unit, long units, long chunk, long tasks)
{
    return unit >= units ? tasks : unit * chunk;
}

/* The task at POSITION. */
long slot_task(const struct slot *s, long position);

/* CLOCK_MONOTONIC, in ns. */
int64_t pool_now_ns(void);

/* Sleep while *WORD == VALUE, at most NS nanoseconds (0: for ever); may wake early. */
void futex_wait(_Atomic uint32_t *word, uint32_t value, int64_t ns);
void futex_wake(_Atomic uint32_t *word, int count);

/* Keep the sentence for pool_message, of this thread.  Returns ERROR. */
int pool_complain(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- faults, for tests: at the k-th arrival at a point, do as POOL_FAULT="point:k:action" says
 * ---- */

enum fault_point {
    FAULT_INIT,     /* before the initializer */
    FAULT_READY,    /* ready, before the first look for work */
    FAULT_WAIT,     /* before the sleep */
    FAULT_LOOK,     /* a job was seen, before it is entered */
    FAULT_CLAIM,    /* before a claim */
    FAULT_CLAIMED,  /* after it, before it is recorded */
    FAULT_RECORDED, /* after that, before the task */
    FAULT_DONE,     /* after the task, before that is recorded */
    FAULT_COUNT,    /* after the last task, before they are counted */
    FAULT_COUNTED,  /* after that, before the caller is woken */
    FAULT_LEAVE,    /* after the job */
    FAULT_RETIRE,   /* before going home */
    FAULT_EMPTY,    /* half of a full log is zeros again */
    FAULT_CLEAR,    /* half of a job's log before is */
    FAULT_POINTS
};
#ifdef POOL_FAULTS
void fault(struct control *c, enum fault_point point);
#else
#define fault(c, point) ((void)0)
#endif

/* ---- worker.c: a worker's life after its birth ---- */

/* Do jobs until told to go.  Runs in: worker. */
void worker_live(struct self *self);

/* One look for work by the caller as worker 0.  Returns 1 if there was some.  Runs in: caller. */
int worker_look(struct self *self);

/* The address of a function here.  NULL: it cannot be had; then the line's text says why. */
void (*worker_function(struct self *self, const struct pool_fn_ref *ref, uint64_t serial,
                       void (*raw)(void)))(void);

int worker_cannot(const void *arg, long i, struct pool_task *t);

/* Should it go after this chunk? */
int worker_should_retire(const struct self *self, long done_in_job);

/* Write down that the task at POSITION failed with CODE. */
void worker_failed(struct self *self, struct slot *s, long position, int code, int tries);

/* Run task TASK up to retries + 1 times.  Returns the last code; *TRIES. */
int worker_try(struct self *self, const struct slot *s, pool_fn *fn, long task, struct pool_task *t,
               int *tries);

/* shm.c: a worker's share of a job in SLOT, by claims in shared memory.
 * Returns 1 if it has to retire. */
int shm_work(struct self *self, int slot);
/* The caller's side: deal a job's units before it is published. */
void shm_deal(struct control *c, int slot);

/* ---- pipe.c ---- */

/* A worker's life with POOL_PIPE.  Runs in: worker. */
void pipe_live(struct self *self);

/* The rest runs in: caller, under the lock. */
int pipe_open(struct pool *p, int worker); /* a worker's pipes, before it is started; 0 or -errno */
void pipe_started(struct pool *p, int worker); /* it has its ends now */
void pipe_hang_up(struct pool *p, int worker); /* no more chunks for it */
void pipe_close(struct pool *p, int worker);
/* It is dead, of FAILURE, or gone (NULL): what it had in hand is to be done again. */
void pipe_lost(struct pool *p, int worker, struct pool_failure *failure);
int pipe_submit(struct pool *p, struct pool_ticket *t);
/* Send and receive; wait TIMEOUT_MS for something to receive.  Drops the lock meanwhile. */
void pipe_pump(struct pool *p, int timeout_ms);
int pipe_busy(const struct pool *p, int slot); /* does a worker have chunks of it? */

/* ---- birth.c: how workers come to be ---- */

/* Start worker W.  Returns 0 or -errno with a message. */
int birth_start(struct pool *p, int worker);

/* Which way AUTO means; -errno if the way asked for cannot be had, with a message. */
int birth_choose(enum pool_start *start, const struct pool_options *o);

/* From now on forks are counted, and descriptors are kept from children.  More than once: nothing.
 */
void birth_watch(void);

/* Is this process a worker?  How deep? */
extern int birth_depth;
extern int birth_forks; /* how many forks lie between it and the first process with a pool */
extern _Thread_local struct self *birth_self; /* of this thread; NULL: it is no worker */

/* crash.c: what allocates is done now, once a process: before a fork it is done for all children.
 * Runs in: either. */
void crash_prepare(void);
/* Write into LINE what this process dies of, from now on.  Runs in: worker. */
void crash_watch(struct line *line);
/* The record in words.  Runs in: caller. */
void crash_describe(const struct line *line, int signal, char *text, size_t size);

/* ---- watch.c: deaths and time limits.  All under the lock. ---- */

/* Look for deaths and overdue tasks if it is time to (FORCE: in any case); replace the dead. */
void watch(struct pool *p, int force);

/* Kill worker W and its process group. */
void watch_kill(struct pool *p, int worker, int signal);

/* Kill worker W to end the call in SLOT: it has no other task to blame for that. */
void watch_kill_for(struct pool *p, int worker, int slot);

/* Wait until every worker is ready.  Returns 0 or -errno with a message. */
int watch_start(struct pool *p);

/* Start workers that are missing.  Returns 0 or -errno. */
int watch_fill(struct pool *p);

/* ---- ticket.c: calls.  All under the lock. ---- */

/* Make T a call under way.  May drop the lock while it waits for a slot.  Returns 0 or -errno. */
int ticket_submit(struct pool *p, struct pool_ticket *t);

/* pool_map_async with tasks numbered from FIRST; the call's arrays begin with its element.  Takes
 * the lock. */
int ticket_map_from(struct pool *p, const struct pool_call *call, long first,
                    struct pool_ticket **ticket);

/* A worker died in T's slot with the task at POSITION in hand (-1: none). */
void ticket_victim(struct pool *p, struct pool_ticket *t, long position,
                   const struct pool_failure *failure);

/* The task at POSITION took its worker along: it failed (returns 1), or may be tried again (0). */
int ticket_blame(struct pool *p, struct pool_ticket *t, long position,
                 const struct pool_failure *why);

/* Complete every ticket that can be; start repair rounds; see deadlines. */
void ticket_progress(struct pool *p);

/* A call of this process, not of a child or a task?  Takes the lock.  Returns 0 or -errno, without
 * it. */
int pool_enter(struct pool *p);
void pool_leave(struct pool *p); /* gives the lock back, and calls what waits to be called */

/* Wait a little for T, or for a free slot (NULL), without the lock. */
void ticket_nap(struct pool *p, struct pool_ticket *t, int64_t until_ns);

/* End T: results are copied out, memory is given back.  It is complete then. */
void ticket_complete(struct pool *p, struct pool_ticket *t);

/* Have T's `done` called when the lock is given back. */
void ticket_call_back(struct pool *p, struct pool_ticket *t);

/* Start no more of its tasks; KILL: end those that run. */
void ticket_cancel(struct pool *p, struct pool_ticket *t, int error, int kill);

/* There is no memory for what T has left to do: it ends with ERROR, and claims nothing. */
void ticket_lose(struct pool *p, struct pool_ticket *t, int error);

int slot_take(struct pool *p); /* a free slot, or -1 */
void slot_free(struct pool *p, int slot);
int slot_inside(const struct pool *p, int slot); /* is a living worker in it? */

/* cover.c.  WORKER has died in T's slot: what it has done there is kept with T, and its log is for
 * its successor.  Returns 0, or -ENOMEM: then nobody may go on with that log. */
int cover_keep(struct pool *p, struct pool_ticket *t, int worker);
/* Tasks that WORKER and its predecessors have done, in the job in hand, too: as good for seeing
 * whether any were, not for counting.  POOL_PIPE: whole chunks. */
long cover_done(const struct pool *p, int worker);
/* Nobody is in T's slot.  Writes the positions that are not done into LIST, in order; what was kept
 * is used up.  Returns 0 or -ENOMEM. */
int cover_missing(struct pool *p, struct pool_ticket *t, struct piece_list *list);
int piece_add(struct piece_list *list, long first, long end);

/* arena.c.  Under the lock. */
int arena_open_shared(struct pool *p, size_t front);
void *arena_get(struct pool *p, size_t size);
void arena_put(struct pool *p, void *memory);
int arena_owns(const struct pool *p, const void *memory, size_t size);
void arena_clear(struct pool *p, void *memory, size_t size); /* zeros again, without memory */
void arena_close_shared(struct pool *p);

#endif
