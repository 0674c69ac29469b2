/* SPDX-License-Identifier: MIT
 *
 * verdict: the answer.  Threads or processes, how many workers, which chunk, from what task length?
 * One deterministic function from a run's derived tables to plain results and sentences; terminal,
 * page and verdict.csv say the same because all read this struct.  The rules:
 *
 *   workers   the fewest whose time is within 5 % of the best, never more than the effective CPUs
 *             where the work is CPU-bound
 *   chunk     the longest run of measured sizes within 2 % of the best is the range; recommended is
 *             the power of two nearest its geometric middle
 *   side      threads against processes, each at its best: paired block by block where both did the
 *             same work, else by their intervals; no clear difference is an answer, and so is none
 *   shortest  the work of a task of which half the workers' time is work: half of METG(50 %), which
 *             counts the work with all that was spent on it (metg.csv)
 */
#ifndef BENCH_VERDICT_H
#define BENCH_VERDICT_H

#include <stdio.h>

#include "../core/stats.h"
#include "checks.h"
#include "reading.h"

enum choice {
    CHOICE_NONE,   /* nothing to choose between; the headline says why */
    CHOICE_SERIAL, /* no number of workers was worth it */
    CHOICE_THREADS,
    CHOICE_PROCESSES,
    CHOICE_EITHER,
    CHOICE_UNCLEAR /* can't tell yet */
};

enum confidence { CONFIDENCE_LOW, CONFIDENCE_MEDIUM, CONFIDENCE_HIGH };

/* What an answer stands on. */
struct grounds {
    double width;  /* half of its interval, relative; of several, the widest.  NAN: there is none */
    double blocks; /* of several, the fewest */
    int one_sided; /* 1: threads and processes were asked for, and one of them is missing */
    int unclear;   /* 1: the two could not be told apart */
};

/* Where efficiency reaches one half. */
struct shortest {
    enum {
        SHORTEST_UNKNOWN, /* not measured */
        SHORTEST_AT,      /* at NS */
        SHORTEST_BELOW,   /* somewhere below NS, the shortest task measured */
        SHORTEST_NEVER,   /* not reached, up to NS */
        SHORTEST_UNCLEAR  /* the blocks disagree on which of these it is */
    } kind;
    double ns, efficiency;          /* the highest of the curve, which rises */
    double low, high;               /* of AT, the 95% interval in ns; NAN: there is none */
    const char *backend, *schedule; /* who did it; constants or texts of the reading */
    struct grounds grounds;
    const char *doubt; /* doubt_word of what is known; NULL: none, or nobody asked */
};

/* Threads or processes, each for itself.  CELL is NULL where the side has no good cell. */
struct side {
    const struct cell_row *cell; /* the recommended number of workers */
    struct shortest shortest;
};

/* Sizes of chunk that are as good as the best; low is 0 where none was measured. */
struct chunk_range {
    double low, high, recommended, task_ns;
    struct grounds grounds;
};

/* Side b's time over side a's. */
struct duel {
    enum verdict verdict;
    struct estimate ratio;
    double blocks_needed; /* NAN: not known */
    int paired;           /* 1: block by block; 0: two intervals held against each other */
};

/* Best choice for one workload. */
struct advice {
    char work[64];
    enum choice choice;
    const struct cell_row *cell; /* of the choice; threads' where it does not matter */
    struct duel duel;            /* processes' time over threads', of what stands for each here */
    struct grounds grounds;
    char other[96]; /* "processes 5% slower" */
    char sure[48];  /* "yes", or why not */
};

enum { ADVICE_ROWS = 12 };

struct answer {
    enum choice choice;
    int smoke, one_cpu;
    double effective; /* NAN: not known */
    struct side threads, processes;
    struct shortest stealing; /* of the same processes; theirs above is without stealing */
    double workers;           /* 0: no recommendation */
    struct chunk_range chunk;
    struct duel duel; /* processes' time over threads' */
    enum confidence confidence;
    struct grounds grounds; /* of the headline */
    char headline[160], evidence[640], reason[320];
    int advices;
    struct advice advice[ADVICE_ROWS];
};

/* Texts and cells in OUT point into R, which must outlive it. */
void verdict_compute(const struct reading *r, const struct checks *checks, struct answer *out);

/* A few plain lines for the terminal. */
void verdict_print(const struct answer *v, FILE *f);

/* Write every answer as a row of CSV: verdict.csv. */
void verdict_write(const struct reading *r, const struct checks *checks, const struct answer *v,
                   FILE *f);

/* High: all checks pass, the interval is within 2 %, and there is a clear answer of both sides.
 * Medium: at most one check warns, within 5 %, both sides.  Else low. */
enum confidence confidence_of(const struct checks *checks, const struct grounds *g);

/* "not enough blocks", "uncertain": why not to rely on an answer that stands on G; NULL: do. */
const char *doubt_word(const struct checks *checks, const struct grounds *g);

/* "threads", "processes", "either", "can't tell yet", "serial", "-". */
const char *choice_word(enum choice c);

/* "high", "medium", "low". */
const char *confidence_word(enum confidence c);

/* The range of good chunks of BACKEND with SCHEDULE for tasks of TASK_NS in the chunk sweep. */
struct chunk_range chunk_range_of(const struct reading *r, const char *backend,
                                  const char *schedule, double task_ns);

/* Where BACKEND with SCHEDULE reaches one half in the length sweep; `doubt` is for who has the
 * checks. */
struct shortest shortest_of(const struct reading *r, const char *backend, const char *schedule);

/* The work of a task of which PERCENT (50, 90, 95) of the workers' time is work; NAN: not known. */
struct estimate worthwhile_of(const struct reading *r, const char *backend, const char *schedule,
                              int percent);

/* Is there an answer, if only that there is no such length? */
int shortest_is_known(const struct shortest *s);

/* "3.1 µs", "below 100 ns", "not reached", "not measured". */
const char *shortest_word(char buffer[64], const struct shortest *s);

#endif
