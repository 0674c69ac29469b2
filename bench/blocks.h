/* SPDX-License-Identifier: MIT
 *
 * blocks: the record of a run, read and sorted.  Rows of samples.csv are sorted into cells by the
 * text left of `block`; those that count are gathered by cell and block; a block becomes one number
 * per metric, the median of its good samples.  What becomes of the blocks is summarize.c's
 * business.
 */
#ifndef BENCH_BLOCKS_H
#define BENCH_BLOCKS_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "../core/csv.h"
#include "noise.h"

/* What is measured per row and kept per block.  BUSY is a share of the workers' time, WORK the same
 * as a time.  ANSWER to BESIDE are a convoy's: how long answers took, what was computed beside;
 * INSIDE is how many workers were in a task at once; LOCK counts requests for the lock that a team
 * works under, and is not known of any other. */
enum metric {
    WALL,
    OPEN,
    CLOSE,
    FIRST,
    BUSY,
    RUNQ,
    FOREIGN,
    WORK,
    ANSWER,
    LATE_ANSWER,
    BESIDE,
    INSIDE,
    LOCK,
    METRICS
};

/* One block of one cell: the medians of its good samples; NAN: not known. */
struct block {
    int64_t number;
    int disturbed; /* 1: more than half of its samples were */
    double value[METRICS];
};

struct cell {
    const char *const *key; /* the texts left of `block`, as the header has them; of a table */
    const char *sweep;
    double tasks, task_workers, task_ns, chunk, payload_bytes; /* as numbers; NAN: not known */
    const struct cell *serial; /* the same work on the serial backend, or NULL */
    struct block *block;       /* the good blocks, ascending */
    const struct sample *good; /* the good samples, by block and row: SAMPLES of them */
    const char *reason;        /* of the first failure, or NULL */
    int64_t last_failed;       /* while failures are counted */
    int twin;                  /* 1: there to be compared with another just like it */
    long noise[NOISES];        /* samples disturbed by each cause */
    long suspect;              /* samples above a warning level */
    long odd_rows, cut_rows;   /* rows left out: impossible values; of a process that was cut off */
    /* As cells.csv has them. */
    long blocks, samples, void_samples, failed_blocks;
    double median_ns, low_ns, high_ns, q1_ns, q3_ns, mad_ns, min_ns, max_ns;
    double per_task_ns, serial_task_ns;
    double speedup, speedup_low, speedup_high, efficiency, efficiency_low, efficiency_high;
    double open_ns, open_low_ns, open_high_ns, close_ns, first_ns;
    double busy_share, runq_share, foreign_share;
    double answer_p50_ns, answer_p99_ns, beside_ns;
    const char *status;
    double disturbed_share, suspect_share; /* of its samples */
    const char *cause;                     /* of most of them */
};

/* A row of samples.csv that counts. */
struct sample {
    long cell; /* blocks.c only: users sort the cells */
    int64_t block;
    long row;
    enum noise cause; /* what disturbed it */
};

/* A row of status.csv: one process that was to measure one cell. */
struct process {
    int64_t block, seq; /* UNKNOWN: empty */
    long row;
    const char *plan; /* which line of the plan it was */
    double wall_ns;   /* how long it lived, INFINITY: not known */
    int ok, failed;
    long cell;   /* -1: not known */
    long rescue; /* its row among the cells that only their plan line tells of, or -1 */
};

struct measured {
    struct csv *samples, *status; /* status: NULL where the file is missing */
    struct csv *rescued;          /* failed cells without a sample, read from their plan lines */
    int keys;                     /* columns left of `block` */
    int metric[METRICS], block, seq, warmup, verdict, sweep, suspended;
    int backend, tasks, workers, task_ns, chunk, payload, cpus, twin;
    double foreign_share; /* what others took of the machine; NAN: nobody says */
    double alike_cores;   /* cores of the fastest kind that we may use; NAN: nobody says */
    struct noise_ledger noise;
    struct process *processes; /* a row of status.csv each */
    long process_count;
    struct cell *cells;
    long cell_count, cell_room;
    long *slots; /* hash table: index of a cell, or -1 */
    size_t slot_count;
    struct sample *good;
    long good_count;
    struct block *blocks;
    double *scratch; /* room for 3 values a good sample */
};

/* The text of a column of the cell's key; "" for column -1. */
static inline const char *key_text(const struct cell *c, int column)
{
    return column < 0 ? "" : c->key[column];
}

/* The column of the key called NAME, or -1. */
int blocks_key_column(const struct measured *r, const char *name);

/* A number that is the same for the same texts, on every machine. */
uint64_t blocks_key_hash(const char *const *key, int keys);

/* DIR/FILE and END, in PATH.  Returns 0, or -ENAMETOOLONG with WHY. */
int blocks_path(char path[PATH_MAX], const char *dir, const char *file, const char *end,
                struct why *w);

/* Read DIR/samples.csv and DIR/status.csv and sort them into cells and blocks.  A missing
 * status.csv, rows that were left out and a run without samples are warnings on stderr. Returns 0,
 * or -errno with WHY (-EBADMSG: rows of two hosts or runs); either way blocks_free frees.  Runs in:
 * caller. */
int blocks_read(struct measured *r, const char *dir, struct why *w);

void blocks_free(struct measured *r);

/* Give each cell its serial reference: of the same work, with as many tasks if there is one.  A
 * serial cell is its own.  Returns 0 or -ENOMEM. */
int blocks_find_serial(struct measured *r);

/* wall_ns of the blocks that both have (QUIET_ONLY: and that nothing disturbed), in pairs, to
 * WALL_A and WALL_B, which have room for as many as the cell with fewer has.  Returns how many
 * pairs. */
long blocks_pair(const struct cell *a, const struct cell *b, int quiet_only, double *wall_a,
                 double *wall_b);

#endif
