/* SPDX-License-Identifier: MIT
 *
 * team: what the OpenMP backends have in common: the threads, their binding, the schedule.  Binding
 * and wait policy are the runtime's own and are asked for in the environment, which it reads before
 * main; where each thread really sits is looked up, not believed.
 */
#ifndef THREADS_TEAM_H
#define THREADS_TEAM_H

#include "../core/backend.h"

struct gil;

struct team {
    int workers;
    struct gil *gil; /* of a team under a lock; NULL: there is none */
    struct worker worker[];
};

/* As struct backend has them. */
long team_chunk(long tasks, int workers, enum schedule schedule);
void team_environment(const struct team_spec *spec,
                      void (*set)(void *to, const char *name, const char *value), void *to);
int team_open(struct team **out, const struct team_spec *spec, struct why *w);
void team_close(struct team *t);

/* The schedules that OpenMP has, and what the next `for schedule(runtime)` is to have. */
#define TEAM_SCHEDULES (1 << SCHEDULE_STATIC | 1 << SCHEDULE_DYNAMIC | 1 << SCHEDULE_GUIDED)
void team_set_schedule(const struct job *job);

#endif
