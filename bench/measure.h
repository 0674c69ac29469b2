/* SPDX-License-Identifier: MIT
 *
 * measure: what the kernel says about a sample besides its time: CPU use, switches, faults, waiting
 * for a CPU.  Read between samples, never during one; what a kernel does not tell stays unknown.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdint.h>
#include <sys/types.h>

#include "record.h"

/* Who a worker is; each worker writes its own, once.  In memory that workers share; all zero: it is
 * on another machine, and what counts for all workers together is not known. */
struct identity {
    pid_t pid, tid;
};

/* All that was used so far, by the kernel's counters; UNKNOWN where it does not tell. */
struct usage {
    int64_t throttled_ns; /* of our control group */
    int64_t user_ns, sys_ns, nvcsw, nivcsw, minflt, majflt, runq_ns, migrations;
    int64_t steal_ns, busy_ns; /* of the whole machine */
    int64_t max_rss_kib;
};

/* Look which control group's quota binds us; without it `throttled_ns` stays unknown where there is
 * one, and 0 where there is none.  Runs in: caller, once. */
void measure_begin(void);

/* The calling thread's identity. */
struct identity measure_self(void);

/* Read all counters of the caller and the WORKERS.  Runs in: caller, between samples. */
void measure_read(struct usage *r, const struct identity *workers, int count);

/* Into TO: the proportional memory (a page that k processes share counts 1/k) of caller and WORKERS
 * together; of the workers that are processes, on average, that, and what no other process shares.
 * UNKNOWN where there are none or the system does not tell. */
void measure_memory(struct record *to, const struct identity *workers, int count);

/* CPU time that everybody used since the machine started, and that the hypervisor took.  ROOT
 * stands before /proc; NULL: this system.  Returns 1, or 0 where the system does not tell. */
int measure_machine(const char *root, int64_t *busy_ns, int64_t *steal_ns);

/* CPU time, ns, that this process and those that it has waited for used. */
double measure_own(void);

/* Put the differences into the record. */
void measure_difference(struct record *to, const struct usage *before, const struct usage *after);

#endif
