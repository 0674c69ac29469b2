/* SPDX-License-Identifier: MIT
 *
 * units: a range of chunks in one word, so that one compare-and-swap takes from either end of it:
 * its owner from the front, a thief the later half.  Whoever succeeds knows that nobody else has
 * taken from it, for the word is all that there is.
 */
#ifndef POOL_UNITS_H
#define POOL_UNITS_H

#include <stdint.h>

#define MOST_UNITS ((long)INT32_MAX) /* so the word's highest bit is free */

#define UNIT_FIRST(word) ((long)(uint32_t)(word))
#define UNIT_END(word)   ((long)(uint32_t)((word) >> 32))

static inline uint64_t units_word(long first, long end)
{
    return (uint64_t)end << 32 | (uint32_t)first;
}

/* Where a thief cuts the range from FIRST to END, which is not empty: what follows is stolen. */
static inline long units_split(long first, long end)
{
    return end - (end - first + 1) / 2;
}

#endif
