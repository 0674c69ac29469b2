/* SPDX-License-Identifier: MIT
 *
 * workload: what a task does.  One file of workloads/ defines one `const struct workload
 * workload_NAME`; the build finds it by its name.  A workload knows jobs and its own arena, and
 * cannot tell whether its workers are threads or processes.
 */
#ifndef CORE_WORKLOAD_H
#define CORE_WORKLOAD_H

#include <stdint.h>

#include "arena.h"
#include "job.h"
#include "why.h"

struct work_spec {
    const char *variant;   /* one of the workload's forms; never NULL */
    int64_t task_ns;       /* length of a task, ns; uneven tasks: the mean */
    int64_t payload_bytes; /* per task: in and out, or what the workload makes of it */
    long tasks;
    int workers;
    double steps_per_ns; /* speed of the CPU kernel (kernel.h) */
};

/* What check found.  Of the numbers, 0 stands for "not counted here". */
struct outcome {
    uint64_t checksum;   /* of all results: the same for every backend, schedule and chunk */
    char note[120];      /* "" or what else is worth a person's eye */
    int64_t inside_most; /* workers that were inside the task at once */
    int64_t answers;     /* requests answered; how long they took, and what was computed beside */
    int64_t answer_p50_ns, answer_p90_ns, answer_p99_ns, answer_max_ns, beside_ns;
};

struct workload {
    const char *name, *summary;
    const char *variants;    /* "uniform heavy", the first one the default; NULL: it has one form */
    const char *unavailable; /* NULL, or why it cannot run on this machine */
    int shares;      /* 1: tasks write to memory that all workers must see, beyond slots and data */
    int idle;        /* 1: a task waits and uses no CPU, so that workers can share one */
    int timeless;    /* 1: a task has no length; task_ns is ignored and recorded as 0 */
    int64_t payload; /* bytes per task that payload_bytes=0 stands for; 0: it takes none */
    int version;     /* rises when the meaning of the work changes: old times don't compare */

    /* Make the tasks' memory, before any worker exists, in shared memory.
     * Returns 0 or -errno with WHY.  Owns: the arena owns all.  Runs in: caller. */
    int (*prepare)(void **arg, struct arena *arena, const struct work_spec *spec, struct why *w);

    /* Once in each worker, before its first task.  May be NULL.  Runs in: worker. */
    int (*enter)(void *arg, int worker);

    task_fn *task;

    /* What goes in and comes out of the tasks.  May be NULL: nothing.  Runs in: caller. */
    void (*data)(void *arg, struct job_data *data);

    /* Was every task done exactly once, and rightly?  And make ready for the next sample.
     * Returns 0, or -EBADMSG with WHY.  Runs in: caller, while no worker has work. */
    int (*check)(void *arg, struct outcome *outcome, struct why *w);
};

/* Written by the build from the files of workloads/; ends with NULL. */
extern const struct workload *const workloads[];

#endif
