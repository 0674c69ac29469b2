/* SPDX-License-Identifier: MIT */
#include "order.h"

#include <stdlib.h>

#include "command.h"

/* SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static void shuffle(int *values, int count, uint64_t *state)
{
    for (int i = count - 1; i > 0; i--) {
        int k = (int)(next_random(state) % (uint64_t)(i + 1)); /* the bias is below 2^-50 */
        int value = values[i];
        values[i] = values[k];
        values[k] = value;
    }
}

/* The cells of GROUP, the K-th of the plan, shuffled once for the run and turned by one place each
 * block: every cell comes first equally often. */
static int group_cells(const struct plan *p, int group, int k, uint64_t seed, int block, int *out)
{
    uint64_t state = seed ^ ((uint64_t)k + 1) * UINT64_C(0xD1342543DE82EF95);
    int count = 0, size = 0;
    int *all = calloc((size_t)p->count, sizeof *all);
    if (!all)
        die(EXIT_FAILED, "run: no memory");
    for (int i = 0; i < p->count; i++)
        if (p->cells[i].group == group && !p->cells[i].dropped)
            all[size++] = i;
    shuffle(all, size, &state);
    for (int i = 0; i < size; i++) {
        int cell = all[(i + block) % size];
        int64_t blocks = p->cells[cell].record.blocks;
        if (!blocks || block <= blocks)
            out[count++] = cell;
    }
    free(all);
    return count;
}

/* Groups in the plan's order; the order of a plan that was printed and read again is the same. */
static int list_groups(const struct plan *p, int *out)
{
    int count = 0;
    for (int i = 0; i < p->count; i++) {
        int known = p->cells[i].dropped;
        for (int k = 0; k < count && !known; k++)
            known = out[k] == p->cells[i].group;
        if (!known)
            out[count++] = p->cells[i].group;
    }
    return count;
}

int order_block(const struct plan *p, uint64_t seed, int block, int *out)
{
    uint64_t state = seed + (uint64_t)block * UINT64_C(0xA0761D6478BD642F);
    int count = 0;
    int *groups = calloc((size_t)p->count * 2, sizeof *groups);
    if (!groups)
        die(EXIT_FAILED, "run: no memory");
    int *order = groups + p->count, group_count = list_groups(p, groups);
    for (int k = 0; k < group_count; k++)
        order[k] = k;
    shuffle(order, group_count, &state);
    for (int i = 0; i < group_count; i++)
        count += group_cells(p, groups[order[i]], order[i], seed, block, out + count);
    free(groups);
    return count;
}
