/* SPDX-License-Identifier: MIT */
#include "noise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../core/csv.h"
#include "../core/stats.h"

/* A short sample consists of little but waking up, which is a wait for a CPU, too. */
#define WAKE_UP_NS 50000

/* A worker that lost its CPU a few times in a sample of 20 ms met the kernel's own housekeeping. */
#define SWITCHES 5

enum measure {
    SHARE,  /* of the workers' time, more than usual */
    ANY,    /* one is too many */
    LONGER, /* than the reference, by this share */
    OFTENER /* than usual, by this factor */
};

static const struct {
    const char *column, *word;
    enum measure measure;
    double warn, bad; /* from here on */
    double least;     /* ... and from here on for each worker, ns or times */
} signals[NOISES] = {
    [NOISE_SUSPEND] = { "suspended_ns", "suspend", ANY, 0, 0, 0 },
    [NOISE_QUOTA] = { "throttled_ns", "CPU quota", ANY, 0, 0, 0 },
    [NOISE_STEAL] = { "steal_ns", "stolen by the hypervisor", SHARE, 0.002, 0.01, 0 },
    [NOISE_WAITING] = { "runq_ns", "waited for a CPU", SHARE, 0.005, 0.03, WAKE_UP_NS },
    [NOISE_CANARY] = { "canary_ns", "slower CPU", LONGER, 0.02, 0.05, 0 },
    [NOISE_MOVED] = { "migrations", "moved although bound", ANY, 0, 0, 0 },
    [NOISE_SWITCHED] = { "nivcsw", "CPU taken away", OFTENER, 3, 10, SWITCHES },
    [NOISE_DISK] = { "majflt", "page faults from disk", ANY, 0, 0, 0 },
};

void noise_open(struct noise_ledger *n, const struct csv *samples, double foreign, double *scratch)
{
    long known = 0;
    *n = (struct noise_ledger){ .samples = samples,
                                .wall = csv_column(samples, "wall_ns"),
                                .alone = foreign < NOISE_FOREIGN };
    for (int i = 0; i < NOISES; i++)
        n->column[i] = csv_column(samples, signals[i].column);
    for (long row = 0; row < samples->rows; row++)
        if (csv_number(samples, row, n->column[NOISE_CANARY], &scratch[known]) &&
            scratch[known] > 0)
            known++;
    n->canary = stats_quiet_reference(scratch, known, scratch + known);
}

/* A signal's value in ROW over that of one second or, in SHARE, over all time, for each worker;
 * NAN: not known. */
static double rate_of(const struct noise_ledger *n, enum noise signal, long row, double workers)
{
    double value, wall;
    if (!csv_number(n->samples, row, n->column[signal], &value) ||
        !csv_number(n->samples, row, n->wall, &wall) || !(wall > 0) || !(workers >= 1))
        return NAN;
    value /= workers * wall;
    return signals[signal].measure == SHARE ? value : 1e9 * value;
}

static long rates_of(const struct noise_ledger *n, enum noise signal, const long *row, long stride,
                     long count, double workers, double *out)
{
    long known = 0;
    for (long i = 0; i < count; i++) {
        double rate = rate_of(n, signal, *row, workers);
        if (rate >= 0)
            out[known++] = rate;
        row = (const long *)((const char *)row + stride);
    }
    return known;
}

struct noise_usual noise_usual(const struct noise_ledger *n, const long *row, long stride,
                               long count, double workers, const char *cpus, double *scratch)
{
    struct noise_usual u = { .workers = workers, .cpus = cpus };
    long known = rates_of(n, NOISE_SWITCHED, row, stride, count, workers, scratch);
    stats_sort(scratch, known);
    if (known)
        u.switch_rate = stats_median(scratch, known);
    known = n->alone ? rates_of(n, NOISE_WAITING, row, stride, count, workers, scratch) : 0;
    stats_sort(scratch, known);
    if (known)
        u.wait_share = stats_quantile(scratch, known, 0.75);
    return u;
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

/* Can SIGNAL tell nothing about such a cell? */
static int is_mute(enum noise signal, const struct noise_usual *u)
{
    if (signal == NOISE_MOVED)
        return !*u->cpus;
    return (signal == NOISE_WAITING || signal == NOISE_SWITCHED) &&
           noise_share_cpus(u->workers, u->cpus);
}

static int reaches(const struct noise_ledger *n, enum noise signal, double limit, long row,
                   const struct noise_usual *u)
{
    double value, rate = rate_of(n, signal, row, u->workers);
    if (isnan(rate) || is_mute(signal, u))
        return 0;
    csv_number(n->samples, row, n->column[signal], &value);
    switch (signals[signal].measure) {
    case SHARE:
        if (signal == NOISE_WAITING)
            rate -= u->wait_share;
        return rate >= limit && value / u->workers >= signals[signal].least;
    case ANY:
        return value > 0;
    case LONGER:
        return stats_excess(&value, 1, n->canary) >= limit;
    case OFTENER:
        return rate >= limit * u->switch_rate && value / u->workers >= signals[signal].least;
    }
    return 0;
}

enum noise noise_of(const struct noise_ledger *n, long row, const struct noise_usual *usual)
{
    int signal = 0;
    while (signal < NOISES && !reaches(n, (enum noise)signal, signals[signal].bad, row, usual))
        signal++;
    return (enum noise)signal;
}

int noise_warns(const struct noise_ledger *n, long row, const struct noise_usual *usual)
{
    for (int i = 0; i < NOISES; i++)
        if (reaches(n, (enum noise)i, signals[i].warn, row, usual))
            return 1;
    return 0;
}

const char *noise_word(enum noise n)
{
    return n < NOISES ? signals[n].word : "";
}
