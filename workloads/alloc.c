/* SPDX-License-Identifier: MIT
 *
 * alloc: a storm of malloc and free.  Threads share one heap, with whatever locks or caches a
 * thread it has; every process has a heap of its own.  small: sizes that a thread's cache serves;
 * mixed: 64 bytes to 32 KiB, beyond it.  Every block is marked at both ends and looked at before it
 * is freed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../core/tally.h"

enum { BLOCKS = 64, SMALL = 512, LARGE = 32768 };

struct storm {
    struct tally *tally;
    uint32_t most;
};

/* Steele, Lea, Flood: SplitMix64's mixing. */
static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static size_t size_of(const struct storm *s, long i, int k)
{
    return 64 + mix((uint64_t)i * BLOCKS + (uint64_t)k) % (s->most - 64);
}

static uint64_t expected_of(const struct storm *s, long i)
{
    uint64_t sum = 0;
    for (int k = 0; k < BLOCKS; k++)
        sum += size_of(s, i, k) * (uint64_t)(k + 1);
    return sum;
}

static int prepare(void **arg, struct arena *arena, const struct work_spec *spec, struct why *w)
{
    struct storm *s = arena_take(arena, 1, sizeof *s);
    if (!s)
        return why(w, -ENOMEM, "no memory for the workload");
    s->most = !strcmp(spec->variant, "small") ? SMALL : LARGE;
    *arg = s;
    int error = tally_prepare(&s->tally, arena, spec, w);
    for (long i = 0; !error && i < spec->tasks; i++)
        s->tally->expected += tally_number(i, expected_of(s, i));
    return error;
}

/* The mark of a block is its size: whoever gave it out twice would overwrite one. */
static void task(void *arg, long i, struct worker *self)
{
    struct storm *s = arg;
    char *block[BLOCKS];
    uint64_t sum = 0;
    for (int k = 0; k < BLOCKS; k++) {
        size_t size = size_of(s, i, k);
        if ((block[k] = malloc(size))) {
            memcpy(block[k], &size, sizeof size);
            block[k][size - 1] = (char)k;
        }
    }
    for (int n = 0; n < BLOCKS; n++) {
        int k = (n * 37 + 11) % BLOCKS; /* not in the order of their birth */
        size_t size = 0, wanted = size_of(s, i, k);
        if (block[k])
            memcpy(&size, block[k], sizeof size);
        if (size == wanted && block[k][size - 1] == (char)k)
            sum += size * (uint64_t)(k + 1);
        free(block[k]);
    }
    tally_add(&s->tally->slots[self->index], i, sum);
}

static int check(void *arg, struct outcome *outcome, struct why *w)
{
    return tally_check(((struct storm *)arg)->tally, outcome, w);
}

const struct workload workload_alloc = {
    .name = "alloc",
    .summary = "64 malloc and free a task: one heap for all threads, or one a process",
    .variants = "small mixed",
    .timeless = 1,
    .version = 1,
    .prepare = prepare,
    .task = task,
    .check = check,
};
