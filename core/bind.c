/* SPDX-License-Identifier: MIT */
#include "bind.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "place.h"

static int save(struct bind_mask *m, int pid)
{
    for (int cpus = 1024; cpus <= PLACE_MOST_CPUS; cpus *= 2) {
        cpu_set_t *set = CPU_ALLOC((size_t)cpus);
        if (!set)
            return -ENOMEM;
        if (sched_getaffinity(pid, CPU_ALLOC_SIZE(cpus), set) == 0) {
            *m = (struct bind_mask){ set, CPU_ALLOC_SIZE(cpus) };
            return 0;
        }
        CPU_FREE(set);
        if (errno != EINVAL)
            return -errno;
    }
    return -EOVERFLOW;
}

int bind_save(struct bind_mask *m)
{
    return save(m, 0);
}

static void drop(struct bind_mask *m)
{
    CPU_FREE((cpu_set_t *)m->set);
    *m = (struct bind_mask){ 0 };
}

void bind_restore(struct bind_mask *m)
{
    if (!m->set)
        return;
    sched_setaffinity(0, m->size, m->set);
    drop(m);
}

int bind_as(int pid)
{
    struct bind_mask m = { 0 };
    int error = save(&m, pid);
    if (!error)
        bind_restore(&m);
    return error;
}

static int has(const struct bind_mask *m, int cpu)
{
    return CPU_ISSET_S((size_t)cpu, m->size, (cpu_set_t *)m->set);
}

/* "0-3+8" from the mask, cut to the room there is. */
static void print_mask(const struct bind_mask *m, char *out, size_t room)
{
    int most = (int)(m->size * 8);
    size_t used = 0;
    out[0] = 0;
    for (int cpu = 0; cpu < most && used + 32 < room; cpu++) {
        if (!has(m, cpu))
            continue;
        int last = cpu;
        while (last + 1 < most && has(m, last + 1))
            last++;
        used += (size_t)snprintf(out + used, room - used, last > cpu ? "%s%d-%d" : "%s%d",
                                 used ? "," : "", cpu, last);
        cpu = last;
    }
}

int bind_check(const int *cpus, int count, struct why *w)
{
    struct bind_mask m = { 0 };
    int error = bind_save(&m);
    if (error)
        return why(w, error, "cpus: cannot read the affinity mask: %s", strerror(-error));
    for (int i = 0; i < count && !error; i++) {
        if (has(&m, cpus[i]))
            continue;
        char allowed[200];
        print_mask(&m, allowed, sizeof allowed);
        error = why(w, -EINVAL, "cpus: CPU %d is not among those that this process may use (%s)",
                    cpus[i], allowed);
    }
    drop(&m);
    return error;
}

int bind_is(int cpu)
{
    struct bind_mask m = { 0 };
    if (bind_save(&m))
        return 0;
    int yes = CPU_COUNT_S(m.size, (cpu_set_t *)m.set) == 1 && has(&m, cpu);
    drop(&m);
    return yes;
}

int bind_self(int cpu)
{
    cpu_set_t *set = CPU_ALLOC((size_t)cpu + 1);
    size_t size = CPU_ALLOC_SIZE(cpu + 1);
    int error = 0;
    if (!set)
        return -ENOMEM;
    CPU_ZERO_S(size, set);
    CPU_SET_S((size_t)cpu, size, set);
    if (sched_setaffinity(0, size, set))
        error = -errno;
    else if (!bind_is(cpu))
        error = -ENODEV;
    CPU_FREE(set);
    return error;
}
