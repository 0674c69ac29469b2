/* SPDX-License-Identifier: MIT */
#include "sort.h"

struct heap {
    char *base;
    size_t count, size;
    int (*order)(const void *a, const void *b, void *with);
    void *with;
};

static int is_before(const struct heap *h, size_t a, size_t b)
{
    return h->order(h->base + a * h->size, h->base + b * h->size, h->with) < 0;
}

static void swap(const struct heap *h, size_t a, size_t b)
{
    char *x = h->base + a * h->size, *y = h->base + b * h->size;
    for (size_t i = 0; i < h->size; i++) {
        char byte = x[i];
        x[i] = y[i];
        y[i] = byte;
    }
}

/* Let element AT sink to where both below it come before it. */
static void sink(const struct heap *h, size_t at)
{
    for (size_t below; (below = 2 * at + 1) < h->count; at = below) {
        if (below + 1 < h->count && is_before(h, below, below + 1))
            below++;
        if (!is_before(h, at, below))
            return;
        swap(h, at, below);
    }
}

/* Heapsort: in place, and never slow. */
void sort(void *base, size_t count, size_t size,
          int (*order)(const void *a, const void *b, void *with), void *with)
{
    struct heap h = { base, count, size, order, with };
    for (size_t at = count / 2; at-- > 0;)
        sink(&h, at);
    while (h.count > 1) {
        swap(&h, 0, --h.count);
        sink(&h, 0);
    }
}
