/* SPDX-License-Identifier: MIT
 *
 * noise: which samples were disturbed, and by what, as far as the counters beside them tell.
 * No cell or pair leaves anything out because of it, but for samples beside which the machine was
 * suspended (blocks.c): a disturbed sample is told with its cause, and a verdict that stands and
 * falls with disturbed blocks is not given.  Only the fitted costs (derive.h) are taken from quiet
 * blocks, where there are enough of them.
 */
#ifndef BENCH_NOISE_H
#define BENCH_NOISE_H

struct csv;

/* From here on a cell whose samples were disturbed counts as noisy. */
#define NOISY_SHARE 0.2

/* Signals, worst first: of two in one sample the first is named as the cause. */
enum noise {
    NOISE_SUSPEND,
    NOISE_QUOTA,
    NOISE_STEAL,
    NOISE_WAITING,
    NOISE_CANARY,
    NOISE_MOVED,
    NOISE_SWITCHED,
    NOISE_DISK,
    NOISES
};

/* The share of the machine that other programs may take in a run that counts as undisturbed. */
#define NOISE_FOREIGN 0.01

struct noise_ledger {
    const struct csv *samples;
    int column[NOISES], wall; /* -1: the record does not have it */
    double canary; /* what the canary takes when nobody disturbs it, ns; NAN: not known */
    int alone;     /* 1: others took less than NOISE_FOREIGN of the machine in the whole run */
};

/* A cell, and what its samples show unless they are disturbed. */
struct noise_usual {
    double workers;
    const char *cpus;   /* where they are bound: "0+1"; "": nowhere */
    double wait_share;  /* of its workers' time that they waited for a CPU */
    double switch_rate; /* involuntary switches per second and worker */
};

/* SAMPLES outlives the ledger.  FOREIGN: what others took of the machine in this run, 0.01 for 1 %;
 * NAN: not known.  SCRATCH: room for two numbers a row.  The canary's reference is
 * stats_quiet_reference of the whole run. */
void noise_open(struct noise_ledger *n, const struct csv *samples, double foreign, double *scratch);

/* What is usual for the cell of WORKERS bound to CPUS whose samples are the COUNT rows that ROW
 * names, each STRIDE bytes after the other.  Where a backend's caller works, too, or its workers
 * wake each other, some wait for a CPU is the backend's own, and it varies: the upper quartile of
 * its samples, in a run that had the machine to itself; elsewhere nothing tells it from what others
 * did, and it is taken for 0.  Switches: the median.  SCRATCH: room for a number a row. */
struct noise_usual noise_usual(const struct noise_ledger *n, const long *row, long stride,
                               long count, double workers, const char *cpus, double *scratch);

/* Do WORKERS workers, bound to CPUS, share one?  Then they wait for each other. */
int noise_share_cpus(double workers, const char *cpus);

/* What disturbed the sample of ROW.  Returns NOISES: nothing that is known of. */
enum noise noise_of(const struct noise_ledger *n, long row, const struct noise_usual *usual);

/* Does a signal stand above its warning level?  1 for every disturbed sample. */
int noise_warns(const struct noise_ledger *n, long row, const struct noise_usual *usual);

/* "waited for a CPU", "CPU quota", ...; "" for NOISES. */
const char *noise_word(enum noise n);

#endif
