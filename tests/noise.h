/* SPDX-License-Identifier: MIT
 *
 * noise: random numbers for simulations, the same on every machine.  A seed is any number but 0.
 */
#ifndef TESTS_NOISE_H
#define TESTS_NOISE_H

#include <math.h>
#include <stdint.h>

/* Within 0 and 1, without them: xorshift64* (Vigna 2016). */
static inline double uniform(uint64_t *seed)
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return ((double)((*seed * UINT64_C(0x2545F4914F6CDD1D)) >> 11) + 0.5) * 0x1p-53;
}

/* A normal deviate (Box and Muller 1958). */
static inline double normal(uint64_t *seed)
{
    double radius = sqrt(-2 * log(uniform(seed)));
    return radius * cos(6.283185307179586 * uniform(seed));
}

#endif
