/* SPDX-License-Identifier: MIT */
#include "kernel.h"

#include "clock.h"

/* Multiplier and increment of Knuth's MMIX generator (TAOCP 2, 3.3.4): full period. */
#define MULTIPLY UINT64_C(6364136223846793005)
#define ADD      UINT64_C(1442695040888963407)

static inline uint64_t run(uint64_t x, int64_t steps)
{
    for (int64_t k = 0; k < steps; k++) {
        x = x * MULTIPLY + ADD;
        __asm__ volatile("" : "+r"(x)); /* a step that the compiler can neither fold nor skip */
    }
    return x;
}

uint64_t kernel_run(uint64_t x, int64_t steps)
{
    return run(x, steps);
}

uint64_t kernel_work(uint64_t x, int64_t steps, struct worker *self)
{
    int64_t outside = self->held == 100 ? 0 : steps * (100 - self->held) / 100;
    for (steps -= outside; steps > KERNEL_TICK; steps -= KERNEL_TICK) {
        x = run(x, KERNEL_TICK);
        worker_check(self);
    }
    x = run(x, steps);
    if (outside) {
        self->block(self);
        x = run(x, outside);
        self->unblock(self);
    }
    return x;
}

struct kernel_jump kernel_jump(int64_t steps)
{
    struct kernel_jump all = { 1, 0 }, power = { MULTIPLY, ADD };
    for (; steps > 0; steps >>= 1) {
        if (steps & 1) {
            all.add = all.add * power.multiply + power.add;
            all.multiply *= power.multiply;
        }
        power.add = power.add * power.multiply + power.add;
        power.multiply *= power.multiply;
    }
    return all;
}

double kernel_speed(int ms)
{
    enum { BURST = 50000, LEAST = 8 }; /* even if the first of them is kept waiting for long */
    int64_t start = clock_ns(), best = INT64_MAX;
    uint64_t x = 1;
    for (int i = 0; i < LEAST || clock_ns() - start < (int64_t)ms * 1000000; i++) {
        int64_t begin = clock_ns();
        x = kernel_run(x, BURST);
        int64_t took = clock_ns() - begin;
        if (took < best)
            best = took;
    }
    return (double)BURST / (double)best;
}
