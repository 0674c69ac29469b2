/* SPDX-License-Identifier: MIT
 *
 * clock: the one watch.  CLOCK_MONOTONIC in nanoseconds: it never steps back, is the same in every
 * process of the machine, and is read without entering the kernel where the hardware allows.
 */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Now.  Units: ns since some fixed moment before the program started.  Runs in: either. */
static inline int64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* How long the machine has been suspended since it started: the watch stands still meanwhile.  Only
 * differences tell, of which those below a millisecond are the cost of looking.  Units: ns.
 * Runs in: either. */
int64_t clock_suspended_ns(void);

/* The cost of one reading: the smallest mean over several bursts.  Units: ns. */
double clock_cost_ns(void);

#endif
