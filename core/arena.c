/* SPDX-License-Identifier: MIT */
#include "arena.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

enum { LINE = 128 };

/* Where programs, libraries, heaps and stacks do not lie on 64-bit machines: there a process
 * started anew can map it, too, whatever its layout.  SMALL: in an address space of 39 bits, which
 * many arm64 kernels have. */
static void *likely_address(int small)
{
    uint64_t random = 0;
    if (sizeof(void *) < 8 || getrandom(&random, sizeof random, 0) != sizeof random)
        return NULL;
    return (void *)(uintptr_t)(small ? UINT64_C(0x1000000000) + (random % 0x30 << 32)
                                     : UINT64_C(0x100000000000) + (random % 0x3000 << 32));
}

/* A file that others can map; -1: there is none, for files may not become as long (to try would be
 * the end of us, by SIGXFSZ). */
static int memory_file(ptrdiff_t size)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < (rlim_t)size)
        return -1;
    int fd = memfd_create("arena", MFD_CLOEXEC);
    if (fd >= 0 && ftruncate(fd, size)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

int arena_open(struct arena *a, ptrdiff_t size)
{
    int fd = memory_file(size);
    int flags = MAP_SHARED | MAP_NORESERVE | (fd < 0 ? MAP_ANONYMOUS : 0);
    void *base = MAP_FAILED;
    for (int tries = 0; tries < 5 && base == MAP_FAILED; tries++) {
        void *hint = tries < 4 ? likely_address(tries > 1) : NULL;
        base = mmap(hint, (size_t)size, PROT_READ | PROT_WRITE, flags, fd, 0);
        if (hint && base != hint && base != MAP_FAILED) { /* taken, or beyond the address space */
            munmap(base, (size_t)size);
            base = MAP_FAILED;
        }
    }
    if (base == MAP_FAILED) {
        int error = -errno;
        if (fd >= 0)
            close(fd);
        return error;
    }
    *a = (struct arena){ .base = base, .size = size, .fd = fd };
    return 0;
}

void *arena_reserve(struct arena *a, ptrdiff_t count, ptrdiff_t size)
{
    if (count < 0 || size <= 0 || count > (a->size - a->used) / size)
        return NULL;
    ptrdiff_t bytes = (count * size + LINE - 1) / LINE * LINE;
    if (bytes > a->size - a->used)
        return NULL;
    char *p = a->base + a->used;
    a->used += bytes;
    return p;
}

void *arena_take(struct arena *a, ptrdiff_t count, ptrdiff_t size)
{
    void *p = arena_reserve(a, count, size);
    if (p)
        memset(p, 0, (size_t)(count * size)); /* touches the pages now, not while the watch runs */
    return p;
}

void *arena_slots(struct arena *a, ptrdiff_t workers, ptrdiff_t size)
{
    char *p = a->slot_count < ARENA_SLOTS ? arena_take(a, workers, size) : NULL;
    if (p) {
        a->slots[a->slot_count].at = p - a->base;
        a->slots[a->slot_count++].size = size;
    }
    return p;
}

void arena_close(struct arena *a)
{
    if (a->base) {
        munmap(a->base, (size_t)a->size);
        if (a->fd >= 0)
            close(a->fd);
    }
    *a = (struct arena){ 0 };
}
