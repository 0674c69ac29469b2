/* SPDX-License-Identifier: MIT
 *
 * inside: what the files behind pool.h share.  Two structs on purpose: `struct pool` is the
 * caller's own memory, `struct control` is shared, its fields grouped by who writes them.
 */
#ifndef POOL_INSIDE_H
#define POOL_INSIDE_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "pool.h"

enum {
    POOL_LINE = 128, /* two cache lines: the neighbour line is often fetched along */
    FEW_SPINS = 1000 /* how long to spin where spinning may keep another worker from its CPU */
};

/* One worker's line.  `range` is written by its worker and by thieves, the rest by its worker
 * alone. */
struct line {
    _Alignas(
        POOL_LINE) _Atomic uint64_t range;  /* POOL_STEAL: next chunk | end chunk, 32 bits each */
    _Alignas(POOL_LINE) _Atomic long claim; /* first task of the chunk in hand; -1: none */
};

struct control {
    /* written by the caller between jobs */
    _Alignas(POOL_LINE) _Atomic uint32_t generation; /* a new job; futex of idle workers */
    _Atomic uint32_t stop;
    struct pool_job job;
    /* written by workers: the next task nobody has claimed */
    _Alignas(POOL_LINE) _Atomic long next;
    /* written by workers: who sleeps on `generation` */
    _Alignas(POOL_LINE) _Atomic uint32_t sleepers;
    /* written by all: workers not done with the job (or the start); futex of the caller */
    _Alignas(POOL_LINE) _Atomic uint32_t left;
    _Atomic uint32_t caller_sleeps;
    _Atomic int start_error; /* the first initializer's or binding's error */
    struct line lines[];
};

/* On a worker's stack while it is in a job: what never changes while tasks run is copied here. */
struct pool_claims {
    long tasks, chunk;
    struct line *line;        /* the worker's */
    _Atomic long *next;       /* POOL_DYNAMIC, POOL_GUIDED */
    struct line *lines;       /* POOL_STEAL: all workers' */
    long at;                  /* POOL_STATIC: first task of the next chunk */
    struct pool_range single; /* POOL_PIPE: the one range; then empty */
    int worker, workers;
    enum pool_schedule schedule;
    enum pool_transport transport;
};

struct pool {
    struct control *control; /* shared */
    size_t control_size;
    int workers;
    int spins;        /* of an idle worker before it sleeps */
    int caller_spins; /* 1: the caller spins while a job runs, for it has a CPU to itself */
    int broken;       /* -errno once a worker has died */
    enum pool_transport transport;
    int tasks_pipe[2], results_pipe[2]; /* read end, write end; -1: none */
    char message[200];
    pid_t *pids; /* 0: reaped */
};

static inline void relax(void)
{
#if defined __x86_64__ || defined __i386__
    __builtin_ia32_pause();
#elif defined __aarch64__ || defined __arm__
    __asm__ volatile("yield");
#endif
}

/* CLOCK_MONOTONIC, in ns. */
int64_t pool_now_ns(void);

/* Keep the sentence for pool_message.  Returns ERROR. */
int pool_complain(struct pool *p, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Sleep while *WORD == VALUE, at most NS nanoseconds (0: for ever); wakes early now and then. */
void futex_wait(_Atomic uint32_t *word, uint32_t value, long ns);
void futex_wake(_Atomic uint32_t *word, int count);

/* Has a worker died?  Then the pool is broken and says how.  Returns 0 or -EOWNERDEAD. */
int pool_check_deaths(struct pool *p);

/* The same, but only every few milliseconds; NEXT_CHECK, at first 0, is when. */
int pool_check_now_and_then(struct pool *p, int64_t *next_check);

/* Wait until `left` is 0.  Returns 0 or -EOWNERDEAD. */
int pool_wait_left(struct pool *p);

/* A worker is done: one less in `left`; the last one wakes the caller. */
void worker_done(struct control *c);

/* The two transports: a worker's life, and the caller's side of a job. */
void shm_work(struct pool *p, int worker);
int shm_run(struct pool *p, const struct pool_job *job);
void shm_stop(struct pool *p);
void pipe_work(struct pool *p, int worker);
int pipe_run(struct pool *p, const struct pool_job *job);
void pipe_stop(struct pool *p);

#endif
