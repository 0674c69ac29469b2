/* SPDX-License-Identifier: MIT
 *
 * arena: the shared memory of one cell.  Mapped before any worker exists, so threads and forked
 * processes see it at the same address, and others can map its file there; without a name, so
 * nothing can be left behind.  Memory is zeroed, aligned to 128 bytes, and given back all at once.
 */
#ifndef CORE_ARENA_H
#define CORE_ARENA_H

#include <stddef.h>

enum { ARENA_SLOTS = 8 };

struct arena {
    char *base;
    ptrdiff_t size, used;
    int fd; /* the memory's file; -1: it has none, only forked processes share it */
    struct {
        ptrdiff_t at, size; /* of the first worker's object */
    } slots[ARENA_SLOTS];
    int slot_count;
};

/* Reserve SIZE bytes of address space; memory is taken when it is first touched.
 * Returns 0 or -errno.  Runs in: caller. */
int arena_open(struct arena *a, ptrdiff_t size);

/* COUNT objects of SIZE bytes, zeroed and already in memory, or NULL if they do not fit.
 * Owns: the arena.  Runs in: caller, before any worker exists. */
void *arena_take(struct arena *a, ptrdiff_t count, ptrdiff_t size);

/* The same, but not yet in memory: who touches a page first decides on which node it lies. */
void *arena_reserve(struct arena *a, ptrdiff_t count, ptrdiff_t size);

/* An object of SIZE bytes a worker, as arena_take gives them: only worker k writes to the k-th, and
 * the caller reads all.  Where workers do not see this memory, these are brought to the caller.
 * NULL: they do not fit, or there are ARENA_SLOTS such arrays already. */
void *arena_slots(struct arena *a, ptrdiff_t workers, ptrdiff_t size);

void arena_close(struct arena *a);

#endif
