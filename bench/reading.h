/* SPDX-License-Identifier: MIT
 *
 * reading: a run's folder, read.  What `summarize` and the run itself left is parsed once, here,
 * into plain rows; verdict, checks, figures and page look at nothing else.  Judges nothing.
 */
#ifndef BENCH_READING_H
#define BENCH_READING_H

#include "../core/csv.h"
#include "estimate.h"
#include "sweep.h"

/* One row of cells.csv.  Texts point into the table; numbers that are not known are NAN. */
struct cell_row {
    const char *runner, *backend, *schedule, *workload, *variant, *sweep, *status, *note;
    const char *start, *wait, *cpus;
    const char *cause; /* of most of the disturbed samples */
    double task_ns, payload_bytes, tasks, chunk, workers, ballast_mib;
    double blocks, samples, void_samples, failed_blocks, odd_rows, cut_rows;
    double serial_task_ns, twin, disturbed_share;
    struct estimate time, speedup, efficiency, open; /* time and open in ns */
};

/* One row of pairs.csv: how long b takes, over how long a takes. */
struct pair {
    const char *a_runner, *a_backend, *a_schedule, *b_runner, *b_backend, *b_schedule;
    const char *workload, *variant, *wait, *cpus, *verdict;
    double task_ns, payload_bytes, tasks, chunk, workers;
    double blocks, margin, blocks_needed;
    struct estimate ratio;
};

struct reading {
    long cells, pairs;
    struct cell_row *cell;
    struct pair *pair;
    /* The tables behind the texts, and others as they are; all but cells may be NULL: the run left
     * none. */
    struct csv *cells_table, *pairs_table, *machine, *status, *doctor;
    struct csv *metg, *costs, *scaling, *shares, *strip, *lock, *map, *crossover, *topology, *trace;
};

/* Read the folder DIR.  cells.csv must be there; the others may be missing.
 * Returns 0, or -errno with WHY, and then nothing is left.  Owns: the caller, reading_close. */
int reading_open(struct reading *r, const char *dir, struct why *w);
void reading_close(struct reading *r);

/* One of its tables alone, DIR/NAME.  One that is missing and not REQUIRED is no error: OUT is
 * NULL. Returns 0, or -errno with WHY.  Owns: the caller, csv_free. */
int reading_table(struct csv **out, const char *dir, const char *name, int required, struct why *w);

/* The value of KEY in machine.csv, "" where it is missing.  Owns: the reading. */
const char *reading_machine(const struct reading *r, const char *key);

/* What is noted beside it, "" where nothing is.  Owns: the reading. */
const char *reading_remark(const struct reading *r, const char *key);

/* The value as a number; NAN where it is none. */
double reading_number(const struct reading *r, const char *key);

/* The estimate in three columns of a row; where only the middle is known, or not even that, the
 * rest is NAN. */
struct estimate reading_interval(const struct csv *table, long row, const char *mid,
                                 const char *low, const char *high);

/* The same in NAME, NAME_low and NAME_high, each with END ("_ns"). */
struct estimate reading_estimate(const struct csv *table, long row, const char *name,
                                 const char *end);

/* The field NAME of a row, "" where there is none; and as a number, else NAN. */
const char *reading_text(const struct csv *table, long row, const char *name);
double reading_value(const struct csv *table, long row, const char *name);

/* The first row from FROM on whose backend and schedule are these (NULL: any); -1: none.  TABLE may
 * be NULL. */
long reading_find(const struct csv *table, long from, const char *backend, const char *schedule);

/* What a cell must be to be looked at; NULL and 0 stand for anything. */
struct want {
    const char *sweep, *backend, *start, *schedule, *workload, *variant;
    double task_ns;
    const char *runner; /* NULL: our own cell program */
};

/* Is this cell wanted, no other's twin, and did it give a time? */
int cell_fits(const struct cell_row *c, const struct want *want);

/* What a CPU-bound task of TASK_NS really took while all workers were busy, ns; TASK_NS itself
 * where that is not known. */
double reading_work(const struct reading *r, double task_ns);

/* Is LABEL one of the labels of the cell's sweep? */
int cell_in(const struct cell_row *c, const char *label);

/* Time per task, in ns. */
double cell_task_time(const struct cell_row *c);

/* A smoke run proves that everything works and nothing else. */
int reading_is_smoke(const struct reading *r);

#endif
