/* SPDX-License-Identifier: MIT */
#include "digest.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "verdict.h"
#include "words.h"

static int row_says(const struct csv *t, long row, const char *column, const char *text)
{
    return !strcmp(reading_text(t, row, column), text);
}

/* The row of BACKEND, dynamic, measured by our own program, about the team as such, for COST (or
 * any): with WORKERS, or with the most if that is NAN.  Returns -1: there is none. */
static long row_of(const struct csv *t, const char *backend, const char *cost, double workers)
{
    long best = -1;
    double most = 0;
    for (long i = 0; i < t->rows; i++) {
        double count = reading_value(t, i, "workers");
        if (!row_says(t, i, "runner", "cell") || !row_says(t, i, "backend", backend) ||
            !row_says(t, i, "schedule", "dynamic") || (*cost && !row_says(t, i, "cost", cost)) ||
            !row_says(t, i, "task_ns", "") || !(isnan(workers) ? count > most : count == workers))
            continue;
        best = i;
        most = count;
    }
    return best;
}

static void take_cost(struct digest_figure *f, const struct csv *costs, const char *backend,
                      const char *cost, double workers)
{
    long row = costs ? row_of(costs, backend, cost, workers) : -1;
    if (row < 0)
        return;
    f->value = reading_interval(costs, row, "value", "low", "high");
    f->workers = reading_value(costs, row, "workers");
}

static void take_metg(struct digest_figure *f, const struct csv *metg, const char *backend)
{
    char time[WORD];
    long row = metg ? row_of(metg, backend, "", NAN) : -1;
    if (row < 0)
        return;
    f->value = reading_estimate(metg, row, "metg50", "_ns");
    f->workers = reading_value(metg, row, "workers");
    if (row_says(metg, row, "metg50_status", "below"))
        snprintf(f->word, sizeof f->word, "below %.48s",
                 words_time(time, reading_value(metg, row, "shortest_ns"), 2));
    else if (row_says(metg, row, "metg50_status", "not_reached"))
        snprintf(f->word, sizeof f->word, "not reached");
    else if (!row_says(metg, row, "metg50_status", "at"))
        snprintf(f->word, sizeof f->word, "unclear");
}

static void take_side(struct digest_side *d, const struct side *s, const char *backend,
                      const struct reading *r)
{
    static const struct digest_figure unknown = { { NAN, NAN, NAN }, NAN, "" };
    *d = (struct digest_side){ NAN, unknown.value, unknown, unknown, unknown, unknown };
    if (s->cell) {
        d->workers = s->cell->workers;
        d->speedup = s->cell->speedup;
    }
    take_metg(&d->metg50, r->metg, backend);
    take_cost(&d->t_fix, r->costs, backend, "t_fix", NAN);
    take_cost(&d->o_chunk, r->costs, backend, "o_chunk", NAN);
    take_cost(&d->open, r->costs, backend, "open",
              isnan(d->t_fix.workers) ? d->workers : d->t_fix.workers);
}

int digest_of(struct digest *d, const char *dir, struct why *w)
{
    struct reading reading;
    struct checks checks;
    struct answer answer;
    int error = reading_open(&reading, dir, w);
    if (error)
        return error;
    checks_compute(&reading, &checks);
    verdict_compute(&reading, &checks, &answer);
    *d = (struct digest){ .workers = answer.workers,
                          .chunk_low = answer.chunk.low,
                          .chunk_high = answer.chunk.high,
                          .chunk_for = answer.chunk.task_ns };
    snprintf(d->headline, sizeof d->headline, "%s", answer.headline);
    snprintf(d->confidence, sizeof d->confidence, "%s", confidence_word(answer.confidence));
    take_side(&d->threads, &answer.threads, "omp", &reading);
    take_side(&d->processes, &answer.processes, "pool", &reading);
    reading_close(&reading);
    return 0;
}
