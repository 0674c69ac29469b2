/* SPDX-License-Identifier: MIT
 *
 * tally: proof that every task was done exactly once.  Each worker counts its tasks and adds up a
 * number per task in a slot of its own; the sums must come to what they would in a serial run.  The
 * number is not linear in the task's index, so that doing task 1 twice and task 2 never cannot be
 * balanced by an opposite slip elsewhere.
 */
#ifndef CORE_TALLY_H
#define CORE_TALLY_H

#include <stdint.h>

#include "workload.h"

/* Written by its worker alone while a job runs. */
struct tally_slot {
    _Alignas(128) int64_t count;
    uint64_t sum;
    int64_t late_sum_ns, late_max_ns; /* for workloads that wait: how much longer than asked */
};

struct tally {
    struct tally_slot *slots; /* one a worker */
    int workers;
    long tasks;
    uint64_t expected; /* of the sums */
};

/* The number for task I with result VALUE. */
static inline uint64_t tally_number(long i, uint64_t value)
{
    uint64_t t = value + (uint64_t)i * UINT64_C(0x9E3779B97F4A7C15);
    return t * (t >> 32 | 1);
}

static inline void tally_add(struct tally_slot *slot, long i, uint64_t value)
{
    slot->count++;
    slot->sum += tally_number(i, value);
}

/* A tally in the arena; the workload then fills in `expected`.
 * Returns 0 or -ENOMEM with WHY. */
int tally_prepare(struct tally **out, struct arena *arena, const struct work_spec *spec,
                  struct why *w);

/* Compare and clear.  Returns 0, or -EBADMSG with WHY; OUTCOME gets the checksum. */
int tally_check(struct tally *t, struct outcome *outcome, struct why *w);

#endif
