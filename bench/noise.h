/* SPDX-License-Identifier: MIT
 *
 * noise: which samples were disturbed, and by what, as far as the counters beside them tell.
 * No cell or pair leaves anything out because of it: a disturbed sample is told with its cause, and
 * a verdict that stands and falls with disturbed blocks is not given.  Only the fitted costs
 * (derive.h) are taken from quiet blocks, where there are enough of them.
 */
#ifndef BENCH_NOISE_H
#define BENCH_NOISE_H

struct csv;

/* Signals, worst first: of two in one sample the first is named as the cause. */
enum noise {
    NOISE_QUOTA,
    NOISE_STEAL,
    NOISE_WAITING,
    NOISE_CANARY,
    NOISE_MOVED,
    NOISE_DISK,
    NOISES
};

struct noise_ledger {
    const struct csv *samples;
    int column[NOISES], wall; /* -1: the record does not have it */
    double canary; /* what the canary takes when nobody disturbs it, ns; NAN: not known */
};

/* SAMPLES outlives the ledger.  SCRATCH: room for two numbers a row.  The canary's reference is
 * stats_quiet_reference of the whole run. */
void noise_open(struct noise_ledger *n, const struct csv *samples, double *scratch);

/* What disturbed the sample of ROW, which WORKERS workers did, bound to CPUS ("0+1"; "": not
 * bound).  Returns NOISES: nothing that is known of. */
enum noise noise_of(const struct noise_ledger *n, long row, double workers, const char *cpus);

/* Do WORKERS workers, bound to CPUS, share one?  Then they wait for each other. */
int noise_share_cpus(double workers, const char *cpus);

/* "run-queue wait", "CPU quota", ...; "" for NOISES. */
const char *noise_word(enum noise n);

#endif
