/* SPDX-License-Identifier: MIT
 *
 * kernel: the CPU-bound work, a chain of dependent integer multiplications.  It touches no memory,
 * every step waits for the one before, and the compiler can neither fold nor skip it; so its length
 * is a number of steps, and its time is that number over the clock speed.
 *
 * A step is x -> x * M + A modulo 2^64, an affine map; k of them are an affine map too, found by
 * repeated squaring (Brown, "Random Number Generation with Arbitrary Strides", 1994).  That is how
 * a result is checked without doing the work again.
 */
#ifndef CORE_KERNEL_H
#define CORE_KERNEL_H

#include <stdint.h>

#include "job.h"

struct kernel_jump {
    uint64_t multiply, add;
};

/* STEPS steps from X, done one by one.  Runs in: worker. */
uint64_t kernel_run(uint64_t x, int64_t steps);

/* 0, but not before EARLIER is known: the processor has to wait for it.  Added to a task's start it
 * keeps a short task from overlapping with the one before, which would make 100 ns look like 75. */
static inline uint64_t kernel_after(uint64_t earlier)
{
    uint64_t zero = 0;
    __asm__ volatile("" : "+r"(zero)); /* the compiler must not see that it is 0 */
    return earlier & zero;
}

/* The same as a task does it: worker_check after every KERNEL_TICK steps (15 to 30 ns, about what
 * an interpreter takes for an instruction), and as much of it outside of the lock as SELF may. */
enum { KERNEL_TICK = 16 };
uint64_t kernel_work(uint64_t x, int64_t steps, struct worker *self);

/* The map that STEPS steps make; kernel_run(x, n) == x * multiply + add. */
struct kernel_jump kernel_jump(int64_t steps);

/* Measure the kernel's speed here and now for about MS milliseconds: the best of short bursts, so
 * that an interrupted burst does not count.  Units: steps per ns.  Runs in: caller. */
double kernel_speed(int ms);

#endif
