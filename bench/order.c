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

/* The cells of GROUP, shuffled once for the run and turned by one place each block: every cell
 * comes first equally often. */
static int group_cells(const struct plan *p, int group, uint64_t seed, int block, int *out)
{
    uint64_t state = seed ^ ((uint64_t)group + 1) * UINT64_C(0xD1342543DE82EF95);
    int count = 0, room = 0;
    int *all = calloc((size_t)p->count, sizeof *all);
    if (!all)
        die(EXIT_FAILED, "run: no memory");
    for (int i = 0; i < p->count; i++)
        if (p->cells[i].group == group)
            all[room++] = i;
    shuffle(all, room, &state);
    for (int i = 0; i < room; i++) {
        const struct plan_cell *c = &p->cells[all[(i + block) % room]];
        if (!c->dropped && (!c->record.blocks || block <= c->record.blocks))
            out[count++] = all[(i + block) % room];
    }
    free(all);
    return count;
}

int order_block(const struct plan *p, uint64_t seed, int block, int *out)
{
    uint64_t state = seed + (uint64_t)block * UINT64_C(0xA0761D6478BD642F);
    int groups = 0, count = 0;
    int *group = calloc((size_t)p->count, sizeof *group);
    if (!group)
        die(EXIT_FAILED, "run: no memory");
    for (int i = 0; i < p->count; i++) {
        int known = 0;
        for (int k = 0; k < groups && !known; k++)
            known = group[k] == p->cells[i].group;
        if (!known)
            group[groups++] = p->cells[i].group;
    }
    shuffle(group, groups, &state);
    for (int k = 0; k < groups; k++)
        count += group_cells(p, group[k], seed, block, out + count);
    free(group);
    return count;
}
