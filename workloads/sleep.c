/* SPDX-License-Identifier: MIT
 *
 * sleep: a task that waits task_ns without using a CPU, as a request to a disk or a server does.
 * The kernel's timer slack is set to 1 ns before the workers exist (they inherit it): with the
 * usual 50 us every sleep would oversleep by as much.  How late the tasks woke is in the note.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <time.h>

#include "../core/tally.h"

struct sleepers {
    struct tally *tally;
    int64_t task_ns;
};

static int prepare(void **arg, struct arena *arena, const struct work_spec *spec, struct why *w)
{
    struct sleepers *s = arena_take(arena, 1, sizeof *s);
    if (!s)
        return why(w, -ENOMEM, "no memory for the workload");
    s->task_ns = spec->task_ns;
    *arg = s;
    if (prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL))
        return why(w, -errno, "sleep: cannot set the timer slack");
    int error = tally_prepare(&s->tally, arena, spec, w);
    for (long i = 0; !error && i < spec->tasks; i++)
        s->tally->expected += tally_number(i, 0);
    return error;
}

static void task(void *arg, long i, struct worker *self)
{
    struct sleepers *s = arg;
    struct tally_slot *slot = &s->tally->slots[self->index];
    int64_t until = clock_ns() + s->task_ns;
    struct timespec t = { .tv_sec = until / 1000000000, .tv_nsec = until % 1000000000 };

    self->block(self);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR) {
    }
    self->unblock(self);

    int64_t late = clock_ns() - until;
    slot->late_sum_ns += late;
    if (late > slot->late_max_ns)
        slot->late_max_ns = late;
    tally_add(slot, i, 0);
}

static int check(void *arg, struct outcome *outcome, struct why *w)
{
    struct sleepers *s = arg;
    int64_t sum = 0, most = 0;
    for (int k = 0; k < s->tally->workers; k++) {
        const struct tally_slot *slot = &s->tally->slots[k];
        sum += slot->late_sum_ns;
        if (slot->late_max_ns > most)
            most = slot->late_max_ns;
    }
    snprintf(outcome->note, sizeof outcome->note,
             "woke late by %.0f us on average; %.0f us at most",
             (double)sum / (double)s->tally->tasks / 1e3, (double)most / 1e3);
    return tally_check(s->tally, outcome, w);
}

const struct workload workload_sleep = {
    .name = "sleep",
    .summary = "waits task_ns without using a CPU",
    .idle = 1,
    .version = 1,
    .prepare = prepare,
    .task = task,
    .check = check,
};
