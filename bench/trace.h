/* SPDX-License-Identifier: MIT
 *
 * trace: who did which tasks, when and on which CPU, in one sample that counts for nothing else.  A
 * job is wrapped: the clock is read around each of its tasks, and neighbours become one row.  No
 * backend knows of it, and a sample that is not traced pays nothing.  The log has a fixed room;
 * what does not fit is counted.
 */
#ifndef BENCH_TRACE_H
#define BENCH_TRACE_H

#include <stdint.h>
#include <stdio.h>

#include "../core/arena.h"
#include "../core/job.h"

/* Rows that all logs of a team have together, about. */
enum { TRACE_ROWS = 1 << 16 };

struct trace;

/* Room for the logs of a job of TASKS tasks; no memory is taken before trace_wrap.
 * Returns NULL where the arena has none.  Owns: the arena.  Runs in: caller, before any worker
 * exists. */
struct trace *trace_reserve(struct arena *arena, int workers, long tasks);

/* WORKER will do tasks by FN, which may have an address of its own in each process.
 * Runs in: worker, once, before its first task. */
void trace_enter(struct trace *t, int worker, task_fn *fn);

/* Empty the logs.  Returns JOB, whose tasks will now be logged.  Runs in: caller, while no worker
 * has work. */
struct job trace_wrap(struct trace *t, const struct job *job);

/* The columns of the table, which ends with NULL: worker, cpu (where its first task ended),
 * first_task, tasks, begin_ns, end_ns. */
extern const char *const trace_columns[];

/* Write the table: a row per chunk, by workers, in the order of time, counted from START_NS.  Where
 * the schedule does not cut at fixed places (guided; static without a chunk) a row is a run of
 * consecutive tasks.  A worker whose log was full has one more row, of which only `tasks` is known:
 * how many are missing.  Runs in: caller, while no worker has work. */
void trace_print(const struct trace *t, int64_t start_ns, FILE *f);

#endif
