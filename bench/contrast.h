/* SPDX-License-Identifier: MIT
 *
 * contrast: two runs against each other.  Their cells are matched by what names them; a matched
 * pair gets the ratio of its times with an interval for blocks that have nothing in common, a
 * verdict, and its speed-up against the other's.  Computed from samples.csv, status.csv and
 * machine.csv of the two folders; prints nothing but warnings, starts nothing.
 */
#ifndef BENCH_CONTRAST_H
#define BENCH_CONTRAST_H

#include "../core/stats.h"
#include "blocks.h"
#include "machine.h"

enum side { OLD, NEW, SIDES };

enum { MOST_BLOCKS_NEEDED = 10000 };

/* What counts as the same where nobody says otherwise and the runs are quiet: 3 %. */
#define CONTRAST_MARGIN 0.03

/* A run as it was read. */
struct folder_read {
    const char *dir;
    struct measured record;
    struct machine machine; /* empty where machine.csv is missing */
    int has_machine;
    double *steps;      /* per cell: the CPU kernel's steps per ms; NAN: not known */
    double foreign;     /* share of the machine that other programs or its host took */
    double noise_floor; /* what A against A shows in this run; NAN: not measured */
};

/* A column of either run that names cells. */
struct key_column {
    const char *name;
    int at[SIDES];        /* in the run's key, or -1: the run has no such column */
    const char *fallback; /* what a run without the column means */
    int matches;          /* 0: cells that differ in it are still looked at together */
};

enum fate {
    COMPARED,
    MISSING,   /* only one of the runs has it, or a time for it */
    OTHER_WORK /* the workload's version differs: another work under the same name */
};

/* NAN stands for what is not known in all numbers. */
struct contrast {
    const struct cell *cell[SIDES]; /* NULL: not in this run */
    enum fate fate;
    long blocks[SIDES];
    double time_ns[SIDES];   /* geometric means over blocks, as measured: RATIO is of these */
    double work_ratio;       /* steps of a task in NEW over those in OLD; 1: the same work */
    double ratio, low, high; /* time in NEW over time in OLD, for the same work */
    double p, p_adjusted;    /* of "nothing changed"; with the correction for many cells */
    enum verdict verdict;
    double waited[SIDES]; /* share of the workers' time in which they had no CPU */
    int disturbed;        /* would be faster or slower, but for other programs: unclear */
    int counts;           /* faster or slower, and still so after the correction */
    double blocks_needed; /* in each run, where the verdict is unclear */
    double speedup[SIDES], shape, shape_low, shape_high; /* shape: speed-up NEW over OLD */
    int has_shape;
    enum verdict shape_verdict; /* FASTER: scales better */
    char note[256];
};

/* Two cells of the same work whose order is turned round. */
struct flip {
    const struct contrast *winner, *loser; /* in OLD; in NEW it is the other way round */
    double old_ratio, new_ratio;           /* loser's time over winner's */
};

enum same_host { HOST_SAME, HOST_OTHER, HOST_UNKNOWN };

struct comparison {
    struct folder_read run[SIDES];
    enum same_host host;
    int same_record; /* both folders hold the same samples */
    double margin;
    struct key_column *columns;
    int column_count;
    struct contrast *rows; /* in the order of their names */
    long count;
    struct flip *flips;
    long flip_count;
    /* How many rows there are of each kind. */
    long compared, missing[SIDES], other_work, verdicts[VERDICT_UNCLEAR + 1], faster, slower;
    long disturbed;
    long most_blocks; /* the most that a compared cell has in both runs */
    /* Of the unclear ones that nothing disturbed: those with too few blocks for an interval, and
     * how many times the blocks they have would settle half of the others. */
    long too_few;
    double blocks_factor;
    double *scratch;
    long room;
};

/* Read the two folders and compare them.  LEAST_MARGIN: 0.03 for 3 %.  FORCE: also builds of
 * different types.  Returns 0, or -errno with WHY; either way contrast_free frees. */
int contrast_runs(struct comparison *c, const char *old_dir, const char *new_dir,
                  double least_margin, int force, struct why *w);
void contrast_free(struct comparison *c);

/* The text that ROW has in COLUMN, from the run that has the cell.  Owns: the comparison. */
const char *contrast_text(const struct comparison *c, const struct contrast *row, int column);

/* "faster", "slower", "same", "unclear" or "missing". */
const char *contrast_verdict(const struct contrast *row);

/* The Nth fact that differs between the machines and matters.  Returns 1 and sets the texts, or 0:
 * there are no more.  Owns: the comparison. */
int contrast_difference(const struct comparison *c, int n, const char **key, const char **old_value,
                        const char **new_value);

#endif
