/* SPDX-License-Identifier: MIT
 *
 * arena: the pool's shared memory.  One file without a name, mapped whole at one address before any
 * worker exists: it grows by making the file longer, and is there for everybody at once.  The
 * address is one that programs leave free, so that a worker started anew can map it there, too.
 *
 * Pages are taken when they are first touched, not reserved: who touches first decides the NUMA
 * node.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "inside.h"

enum { STEP = 1 << 20, HOLE = 1 << 16 };

#define DEFAULT_ARENA (INT64_C(64) << 30)
#define LEAST_ARENA   (INT64_C(64) << 20)

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

#if defined __has_feature
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif

/* Where programs have nothing: places of 4 GiB.  The second for small address spaces, as many arm64
 * kernels give programs 39 bits; the thread sanitizer allows mappings in its ranges only. */
static const struct zone {
    uint64_t from;
    unsigned places;
    int tries;
} zones[] = {
#if defined __SANITIZE_THREAD__
    { 0, 1, 0 },
#else
    { UINT64_C(0x100000000000), 0x3fff, 8 },
#endif
#if !defined __SANITIZE_THREAD__ || defined __x86_64__
    { UINT64_C(0x1000000000), 0x30, 8 },
#endif
};

/* Not 4096 everywhere: some arm64 kernels have pages of 16 or 64 KiB, and mprotect protects whole
 * ones. */
static size_t pages(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (size + page - 1) / page * page;
}

/* Beyond RLIMIT_FSIZE the kernel would not only refuse, but kill the caller with SIGXFSZ. */
static int set_size(int fd, size_t size)
{
    struct rlimit limit;
    if (!getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_cur != RLIM_INFINITY &&
        size > limit.rlim_cur) {
        errno = EFBIG;
        return -1;
    }
    return ftruncate(fd, (off_t)size);
}

static void *map_in(const struct zone *z, int fd, size_t size, int flags)
{
    for (int i = 0; i < z->tries; i++) {
        uint64_t random = 0;
        if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
            break;
        void *hint = (void *)(uintptr_t)(z->from + (random % z->places << 32));
        void *got = mmap(hint, size, PROT_READ | PROT_WRITE, flags | MAP_FIXED_NOREPLACE, fd, 0);
        if (got == hint)
            return got;
        if (got != MAP_FAILED) /* a kernel that does not know the flag */
            munmap(got, size);
        else if (errno == ENOMEM) /* too big, or the zone is beyond a small address space */
            break;
    }
    return MAP_FAILED;
}

static void *map(int fd, size_t size)
{
    const int flags = MAP_SHARED | MAP_NORESERVE | (fd < 0 ? MAP_ANONYMOUS : 0);
    void *got = MAP_FAILED;
    for (size_t i = 0; sizeof(void *) == 8 && i < sizeof zones / sizeof *zones; i++)
        if (got == MAP_FAILED)
            got = map_in(&zones[i], fd, size, flags);
    return got != MAP_FAILED ? got : mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);
}

int arena_open_shared(struct pool *p, size_t front)
{
    size_t arena = p->options.arena ? (size_t)p->options.arena : (size_t)DEFAULT_ARENA;
    void *base = MAP_FAILED;
    size_t guard = pages(1); /* nobody may touch it */
    p->arena_from = pages(front) + guard;
    p->memory_fd = memfd_create("pool", MFD_CLOEXEC);
    if (p->memory_fd < 0 || set_size(p->memory_fd, p->arena_from)) {
        /* Nobody else has to open it, unless workers are spawned: then memory without a file will
         * do. */
        if (p->start == POOL_SPAWN)
            return pool_complain(-errno, "no memory file for the pool: %s", strerror(errno));
        if (p->memory_fd >= 0)
            close(p->memory_fd);
        p->memory_fd = -1;
    }
    for (;; arena /= 4) {
        p->reserved = p->arena_from + pages(arena);
        base = map(p->memory_fd, p->reserved);
        if (base != MAP_FAILED || p->options.arena || arena < (size_t)LEAST_ARENA)
            break;
    }
    if (base == MAP_FAILED)
        return pool_complain(-errno, "no address space for an arena of %zu bytes: %s", arena,
                             strerror(errno));
    p->control = base;
    p->arena_end = p->arena_from;
    p->file_size = p->memory_fd < 0 ? p->reserved : p->arena_from;
    mprotect((char *)base + p->arena_from - guard, guard, PROT_NONE);
    madvise(base, p->reserved, MADV_DONTDUMP);
    return 0;
}

/* ---- blocks: both lists in the order of their offsets ---- */

static int insert(struct block **list, int *count, int *room, struct block b)
{
    int at = *count;
    if (*count == *room) {
        int more = *room ? 2 * *room : 32;
        struct block *grown = realloc(*list, (size_t)more * sizeof *grown);
        if (!grown)
            return -ENOMEM;
        *list = grown;
        *room = more;
    }
    while (at > 0 && (*list)[at - 1].offset > b.offset)
        at--;
    memmove(*list + at + 1, *list + at, (size_t)(*count - at) * sizeof b);
    (*list)[at] = b;
    ++*count;
    return 0;
}

static void drop(struct block *list, int *count, int at)
{
    --*count;
    memmove(list + at, list + at + 1, (size_t)(*count - at) * sizeof *list);
}

static int find(const struct block *list, int count, size_t offset)
{
    int low = 0, high = count - 1;
    while (low <= high) {
        int middle = (low + high) / 2;
        if (list[middle].offset == offset)
            return middle;
        if (list[middle].offset < offset)
            low = middle + 1;
        else
            high = middle - 1;
    }
    return -1;
}

void arena_clear(struct pool *p, void *memory, size_t size)
{
    char *from = memory, *end = from + size;
    size_t offset = (size_t)(from - (char *)p->control);
    size_t page = pages(1), first = pages(offset), last = (offset + size) / page * page;
    if (size < HOLE || last <= first || p->memory_fd < 0 ||
        fallocate(p->memory_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)first,
                  (off_t)(last - first))) {
        memset(from, 0, size);
        return;
    }
    memset(from, 0, first - offset);
    memset((char *)p->control + last, 0, (size_t)(end - ((char *)p->control + last)));
}

static size_t grow(struct pool *p, size_t size)
{
    size_t offset = p->arena_end, end = offset + size;
    if (end > p->reserved)
        return 0;
    if (end > p->file_size) {
        size_t want = end + STEP < p->reserved ? (end + STEP) / STEP * STEP : p->reserved;
        if (set_size(p->memory_fd, want))
            return 0;
        p->file_size = want;
    }
    p->arena_end = end;
    return offset;
}

void *arena_get(struct pool *p, size_t size)
{
    size_t offset = 0;
    if (size > p->reserved)
        return NULL;
    size = size ? (size + POOL_LINE - 1) / POOL_LINE * POOL_LINE : POOL_LINE;
    for (int i = 0; i < p->free_count && !offset; i++) {
        struct block *b = &p->blocks_free[i];
        if (b->size < size)
            continue;
        offset = b->offset;
        b->offset += size;
        b->size -= size;
        if (!b->size)
            drop(p->blocks_free, &p->free_count, i);
    }
    if (!offset && !(offset = grow(p, size)))
        return NULL;
    if (insert(&p->blocks_used, &p->used_count, &p->used_room, (struct block){ offset, size }))
        return NULL;
    return (char *)p->control + offset;
}

/* Free memory is zero. */
void arena_put(struct pool *p, void *memory)
{
    int at = find(p->blocks_used, p->used_count, (size_t)((char *)memory - (char *)p->control));
    if (at < 0)
        return; /* none of ours, or given back before */
    struct block b = p->blocks_used[at];
    arena_clear(p, memory, b.size);
    drop(p->blocks_used, &p->used_count, at);
    if (insert(&p->blocks_free, &p->free_count, &p->free_room, b))
        return; /* lost to later calls, not to the system */
    for (int i = p->free_count - 2; i >= 0; i--) {
        struct block *one = &p->blocks_free[i], *next = one + 1;
        if (one->offset + one->size != next->offset)
            continue;
        one->size += next->size;
        drop(p->blocks_free, &p->free_count, i + 1);
    }
}

int arena_owns(const struct pool *p, const void *memory, size_t size)
{
    const char *from = memory, *base = (const char *)p->control;
    return from >= base + p->arena_from && from < base + p->file_size &&
           size <= (size_t)(base + p->file_size - from);
}

void arena_close_shared(struct pool *p)
{
    if (p->control)
        munmap(p->control, p->reserved);
    if (p->memory_fd >= 0)
        close(p->memory_fd);
    free(p->blocks_free);
    free(p->blocks_used);
    p->control = NULL;
    p->memory_fd = -1;
}
