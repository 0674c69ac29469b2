/* SPDX-License-Identifier: MIT
 *
 * backend: who does the tasks.  One file backend_NAME.c defines one `const struct backend
 * backend_NAME`; the build finds it by its name.  A backend never times itself and never prints.
 */
#ifndef CORE_BACKEND_H
#define CORE_BACKEND_H

#include "arena.h"
#include "job.h"
#include "why.h"

struct team; /* each backend's own */

/* A setting that only one backend has: `options=name:value+name:value` on a plan line. */
struct backend_option {
    const char *name;
    const char
        *words; /* "new old": a value is one of them, its number their place; NULL: a number */
    int64_t least, most; /* a number's range */
    int64_t fallback;    /* where the line has nothing */
    const char *help;
};

/* The options of a lock where a line says nothing of them: who reads a record must know them, too.
 */
enum { LOCK_SWITCH_US = 5000, LOCK_HELD = 100 };

/* What the lock counted that a team works under, since `open`. */
struct lock_counts {
    int64_t requests; /* one who waited asked the holder to give it up */
    int64_t switches; /* it was taken by another worker than the one before */
    int64_t forced;   /* a holder who was asked waited until another had taken it */
};

struct team_spec {
    int workers;
    const int *cpus; /* OS numbers; worker k is bound to cpus[k % cpu_count] */
    int cpu_count;   /* 0: workers are not bound */
    enum wait_policy wait;
    const char *start;      /* one of the backend's ways; NULL: its own choice */
    const int64_t *options; /* a value for each of the backend's own; NULL: all at their fallback */
    struct arena *arena;    /* that every worker sees at the same address, however it is started */
    int (*enter)(void *arg,
                 int worker); /* once in each worker before `open` returns; 0 or -errno */
    void *enter_arg;          /* start "spawn": in the arena */
};

struct backend {
    const char *name, *summary;
    const char *unavailable;              /* NULL, or why it cannot run on this machine */
    const char *start;                    /* how its workers come to be: "none", "thread", "fork" */
    const char *starts;                   /* all its ways, "fork spawn"; NULL: that one */
    const struct backend_option *options; /* ends with a NULL name; NULL: it has none */
    int messages;                         /* 1: each chunk is sent to a worker by the caller; 0:
                                             workers claim chunks, or none is handed out */
    unsigned schedules;                   /* set of 1 << enum schedule */
    enum schedule schedule;               /* its own choice, for schedule=auto */

    /* NULL, or the cell program that this backend lives in; elsewhere it has no `open`.  A launcher
     * starts that program, once for the caller and as often as workers need it, on whatever
     * machines. Each makes the same arena, in memory of its own, and calls `open`, which does not
     * return in a worker.  Of what workers write, their slots and the job's outputs come to the
     * caller. */
    const char *program;
    const char *launcher; /* the command that starts it, if nobody wants another */
    /* How many of its processes such a team has; -errno with WHY if there can be none.  NULL:
     * without a program. */
    int (*processes)(const struct team_spec *spec, struct why *w);

    /* Its own chunk for chunk=auto.  0 is allowed with SCHEDULE_STATIC: a block per worker. */
    long (*chunk)(long tasks, int workers, enum schedule schedule);

    /* What must stand in the environment when the program starts; SET is called for each variable.
     * May be NULL.  In the program that has no `open`: what the launcher is to find there.  (Some
     * runtimes read their variables before main.) */
    void (*environment)(const struct team_spec *spec,
                        void (*set)(void *to, const char *name, const char *value), void *to);

    /* Start the workers and wait until each has run `enter`.  On failure nothing is left behind.
     * Returns 0 or -errno with WHY.  Owns: the caller, close.  Runs in: caller. */
    int (*open)(struct team **team, const struct team_spec *spec, struct why *w);

    /* Do the job; return when its last task is done.  A worker's death is an error, never a hang;
     * after an error the team is good for close only.  Runs in: caller. */
    int (*run)(struct team *team, const struct job *job, struct why *w);

    /* Send the workers home; every one is gone when it returns.  Runs in: caller. */
    void (*close)(struct team *team);

    /* What its lock counted; NULL: its workers need none.  Runs in: caller, between jobs. */
    void (*counts)(const struct team *team, struct lock_counts *counts);
};

/* Written by the build from the files' names; ends with NULL. */
extern const struct backend *const backends[];

#endif
