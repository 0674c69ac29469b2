/* SPDX-License-Identifier: MIT */
#include "noise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../core/csv.h"
#include "../core/stats.h"

/* A short sample consists of little but waking up, which is a wait for a CPU, too. */
#define WAKE_UP_NS 50000

enum measure {
    SHARE, /* of the workers' time */
    ANY,   /* one is too many */
    LONGER /* than the reference */
};

static const struct {
    const char *column, *word;
    enum measure measure;
    double bad;   /* from here on */
    double least; /* ... and from here on for each worker, ns */
} signals[NOISES] = {
    [NOISE_QUOTA] = { "throttled_ns", "CPU quota", ANY, 0, 0 },
    [NOISE_STEAL] = { "steal_ns", "stolen by the hypervisor", SHARE, 0.01, 0 },
    [NOISE_WAITING] = { "runq_ns", "waited for a CPU", SHARE, 0.03, WAKE_UP_NS },
    [NOISE_CANARY] = { "canary_ns", "slower CPU", LONGER, 0.05, 0 },
    [NOISE_MOVED] = { "migrations", "moved although bound", ANY, 0, 0 },
    [NOISE_DISK] = { "majflt", "page faults from disk", ANY, 0, 0 },
};

void noise_open(struct noise_ledger *n, const struct csv *samples, double *scratch)
{
    long known = 0;
    *n = (struct noise_ledger){ .samples = samples, .wall = csv_column(samples, "wall_ns") };
    for (int i = 0; i < NOISES; i++)
        n->column[i] = csv_column(samples, signals[i].column);
    for (long row = 0; row < samples->rows; row++)
        if (csv_number(samples, row, n->column[NOISE_CANARY], &scratch[known]) &&
            scratch[known] > 0)
            known++;
    n->canary = stats_quiet_reference(scratch, known, scratch + known);
}

int noise_share_cpus(double workers, const char *cpus)
{
    long seen[256];
    int count = 0;
    if (!*cpus)
        return 0;
    for (const char *at = cpus; at && count < 256; at = strchr(at, '+'), at = at ? at + 1 : at) {
        long cpu = strtol(at, NULL, 10);
        for (int i = 0; i < count; i++)
            if (seen[i] == cpu)
                return 1;
        seen[count++] = cpu;
    }
    return count < workers && count < 256;
}

static int is_bad(const struct noise_ledger *n, enum noise signal, long row, double workers,
                  const char *cpus)
{
    double value, wall;
    if (!csv_number(n->samples, row, n->column[signal], &value) ||
        !csv_number(n->samples, row, n->wall, &wall) || !(wall > 0) || !(workers >= 1))
        return 0;
    if ((signal == NOISE_WAITING && noise_share_cpus(workers, cpus)) || (signal == NOISE_MOVED && !*cpus))
        return 0;
    switch (signals[signal].measure) {
    case SHARE:
        return value / (workers * wall) >= signals[signal].bad &&
               value / workers >= signals[signal].least;
    case ANY:
        return value > 0;
    case LONGER:
        return stats_excess(&value, 1, n->canary) >= signals[signal].bad;
    }
    return 0;
}

enum noise noise_of(const struct noise_ledger *n, long row, double workers, const char *cpus)
{
    int signal = 0;
    while (signal < NOISES && !is_bad(n, (enum noise)signal, row, workers, cpus))
        signal++;
    return (enum noise)signal;
}

const char *noise_word(enum noise n)
{
    return n < NOISES ? signals[n].word : "";
}
