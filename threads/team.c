/* SPDX-License-Identifier: MIT */
#include "team.h"

#include <errno.h>
#include <omp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../core/bind.h"

long team_chunk(long tasks, int workers, enum schedule schedule)
{
    (void)tasks;
    (void)workers;
    return schedule == SCHEDULE_STATIC ? 0 : 1; /* OpenMP 5.2, 11.5.3 */
}

/* One place a worker, in the order of the workers; `close` then gives worker k the k-th. */
static char *places(const struct team_spec *spec)
{
    size_t room = (size_t)spec->workers * 16 + 1, used = 0;
    char *text = malloc(room);
    for (int i = 0; text && i < spec->workers; i++)
        used += (size_t)snprintf(text + used, room - used, "%s{%d}", i ? "," : "",
                                 spec->cpus[i % spec->cpu_count]);
    return text;
}

void team_environment(const struct team_spec *spec,
                      void (*set)(void *to, const char *name, const char *value), void *to)
{
    char workers[16];
    snprintf(workers, sizeof workers, "%d", spec->workers);
    set(to, "OMP_NUM_THREADS", workers);
    set(to, "OMP_DYNAMIC", "false");
    if (spec->wait != WAIT_DEFAULT)
        set(to, "OMP_WAIT_POLICY", spec->wait == WAIT_ACTIVE ? "active" : "passive");
    if (getenv("TEAMPOOL_DISPLAY_ENV"))
        set(to, "OMP_DISPLAY_ENV", "verbose"); /* on stderr, from the runtime itself */
    char *list = spec->cpu_count ? places(spec) : NULL;
    set(to, "OMP_PROC_BIND", list ? "close" : "false");
    if (list)
        set(to, "OMP_PLACES", list);
    free(list);
}

/* In each thread: is it where it should be, and is its worker ready? */
static int enter(const struct team_spec *spec, int index)
{
    if (spec->cpu_count && !bind_is(spec->cpus[index % spec->cpu_count])) {
        int error = bind_self(spec->cpus[index % spec->cpu_count]);
        if (error)
            return error;
    }
    return spec->enter(spec->enter_arg, index);
}

int team_open(struct team **out, const struct team_spec *spec, struct why *w)
{
    struct team *t = calloc(1, sizeof *t + (size_t)spec->workers * sizeof t->worker[0]);
    _Atomic int error = 0, threads = 0;
    *out = NULL;
    if (!t)
        return why(w, -ENOMEM, "no memory for the team");
    t->workers = spec->workers;
#pragma omp parallel num_threads(spec->workers)
    {
        int index = omp_get_thread_num(), none = 0;
        t->worker[index] = worker_plain(index);
        atomic_fetch_add(&threads, 1);
        int mine = enter(spec, index);
        if (mine)
            atomic_compare_exchange_strong(&error, &none, mine);
    }
    if (!error && threads != spec->workers) {
        error =
            why(w, -EAGAIN, "OpenMP gave %d threads of the %d asked for", threads, spec->workers);
    } else if (error) {
        why(w, error, "a thread could not start: %s", strerror(-error));
    }
    if (error) {
        free(t);
        return error;
    }
    *out = t;
    return 0;
}

void team_set_schedule(const struct job *job)
{
    static const omp_sched_t kinds[SCHEDULES] = {
        [SCHEDULE_STATIC] = omp_sched_static,
        [SCHEDULE_DYNAMIC] = omp_sched_dynamic,
        [SCHEDULE_GUIDED] = omp_sched_guided,
    };
    omp_set_schedule(kinds[job->schedule], (int)job->chunk);
}

void team_close(struct team *t)
{
    omp_pause_resource_all(omp_pause_hard); /* ends the threads: closing is part of the price */
    free(t);
}
