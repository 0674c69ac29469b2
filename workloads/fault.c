/* SPDX-License-Identifier: MIT
 *
 * fault: a task maps payload_bytes of memory, touches every page and gives it back.  Threads share
 * one address space, and the kernel's lock on it, and each giving back interrupts the CPUs of the
 * others; every process has its own.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../core/tally.h"

struct pages {
    struct tally *tally;
    size_t size, page;
};

static int prepare(void **arg, struct arena *arena, const struct work_spec *spec, struct why *w)
{
    struct pages *p = arena_take(arena, 1, sizeof *p);
    if (!p)
        return why(w, -ENOMEM, "no memory for the workload");
    p->page = (size_t)sysconf(_SC_PAGESIZE);
    p->size = ((size_t)spec->payload_bytes + p->page - 1) / p->page * p->page;
    *arg = p;
    int error = tally_prepare(&p->tally, arena, spec, w);
    for (long i = 0; !error && i < spec->tasks; i++)
        p->tally->expected += tally_number(i, p->size / p->page);
    return error;
}

/* A page that could not be had is missing from the sum. */
static void task(void *arg, long i, struct worker *self)
{
    struct pages *p = arg;
    uint64_t touched = 0;
    volatile char *at =
        mmap(NULL, p->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at != MAP_FAILED) {
        for (size_t k = 0; k < p->size; k += p->page) {
            at[k] = 1;
            touched += (uint64_t)at[k];
        }
        munmap((void *)at, p->size);
    }
    tally_add(&p->tally->slots[self->index], i, touched);
}

static int check(void *arg, struct outcome *outcome, struct why *w)
{
    return tally_check(((struct pages *)arg)->tally, outcome, w);
}

const struct workload workload_fault = {
    .name = "fault",
    .summary = "maps payload_bytes, touches the pages, unmaps: one address space, or one a process",
    .timeless = 1,
    .payload = 65536,
    .version = 1,
    .prepare = prepare,
    .task = task,
    .check = check,
};
