/* SPDX-License-Identifier: MIT */
#include "settle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../core/stats.h"

#define ALPHA 0.01 /* wider than the 95 % that are reported: see stats_enough */

struct settle {
    int cells, blocks;
    double width;
    double *log_ns; /* [cell][block - 1]; NAN: not measured */
    double *values; /* two times room for a number a block */
    int *last;
};

struct settle *settle_new(const struct plan *p, int blocks, double width)
{
    struct settle *s = calloc(1, sizeof *s);
    size_t all = (size_t)p->count * (size_t)blocks;
    if (!s)
        return NULL;
    *s = (struct settle){ .cells = p->count, .blocks = blocks, .width = width };
    s->log_ns = malloc((all + 1) * sizeof *s->log_ns);
    s->values = malloc(2 * (size_t)blocks * sizeof *s->values);
    s->last = calloc((size_t)p->count + 1, sizeof *s->last);
    if (!s->log_ns || !s->values || !s->last) {
        settle_free(s);
        return NULL;
    }
    for (size_t i = 0; i < all; i++)
        s->log_ns[i] = NAN;
    return s;
}

void settle_free(struct settle *s)
{
    if (!s)
        return;
    free(s->log_ns);
    free(s->values);
    free(s->last);
    free(s);
}

static double *at(const struct settle *s, int cell, int block)
{
    return &s->log_ns[(long)cell * s->blocks + block - 1];
}

void settle_note(struct settle *s, int cell, int block, double ns)
{
    if (ns > 0)
        *at(s, cell, block) = log(ns);
}

/* Is the median of A, or with B >= 0 that of B's ratio to A, narrow after BLOCK? */
static int is_narrow(struct settle *s, int a, int b, int block)
{
    long n = 0;
    for (int k = 1; k <= block; k++) {
        double value = b < 0 ? *at(s, a, k) : *at(s, b, k) - *at(s, a, k);
        if (!isnan(value))
            s->values[n++] = value;
    }
    double half = stats_half_width(s->values, n, ALPHA, s->values + s->blocks);
    return n == block ? stats_enough(block, half, s->width) : half <= s->width;
}

/* All cells of the group, and all pairs.  The serial reference is a pair's side, too. */
static int group_is_narrow(struct settle *s, const struct plan *p, int group, int block)
{
    for (int a = 0; a < p->count; a++) {
        if (p->cells[a].group != group)
            continue;
        if (!is_narrow(s, a, -1, block))
            return 0;
        for (int b = a + 1; b < p->count; b++)
            if (p->cells[b].group == group && !is_narrow(s, a, b, block))
                return 0;
    }
    return 1;
}

int settle_look(struct settle *s, struct plan *p, int block)
{
    int count = 0;
    if (!(s->width > 0) || block < 6 || block % 2)
        return 0;
    for (int i = 0; i < p->count; i++) {
        if (p->cells[i].dropped || !group_is_narrow(s, p, p->cells[i].group, block))
            continue;
        for (int k = i; k < p->count; k++)
            if (p->cells[k].group == p->cells[i].group && !p->cells[k].dropped) {
                p->cells[k].dropped = 1;
                s->last[k] = block;
                count++;
            }
    }
    return count;
}

int settle_last(const struct settle *s, int cell)
{
    return s->last[cell];
}
