/* SPDX-License-Identifier: MIT
 *
 * handin: the folder of a lab's run, as somebody hands it in.  Reads its record, and says whether
 * it can be one: are its numbers those of its plan, in the order of its seed, within the time that
 * it took, and as the program left them?  It finds what was edited or copied, not who has measured:
 * the seal is no signature, and who has the program can make one.
 */
#ifndef BENCH_HANDIN_H
#define BENCH_HANDIN_H

#include "../core/csv.h"
#include "machine.h"
#include "plan.h"

struct hand_in {
    const char *dir;
    struct machine machine;
    struct plan plan;
    struct csv *samples, *status, *trace; /* trace: NULL where nothing was traced */
};

/* Read the run in DIR, which outlives it.  Returns 0, or -errno with WHY; either way handin_close
 * frees. */
int handin_open(struct hand_in *h, const char *dir, struct why *w);
void handin_close(struct hand_in *h);

/* A fact of machine.csv as a number; NAN: it is none. */
double handin_fact(const struct hand_in *h, const char *key);

/* The CPU time that others took of the machine, processes and hypervisor together, as a share; NAN:
 * not known. */
double handin_foreign(const struct hand_in *h);

/* Can these files be what a run left?  Returns 0, or -EBADMSG with WHY. */
int handin_check(const struct hand_in *h, struct why *w);

/* Do A and B hold the same measurements, some rows at least? */
int handin_shares_rows(const struct hand_in *a, const struct hand_in *b);

/* Into machine.csv of the run in DIR: it was measured for LAB; and a number over all of its
 * record.  Returns 0 or -errno with WHY. */
int handin_seal(const char *dir, const char *lab, struct why *w);

#endif
