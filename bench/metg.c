/* SPDX-License-Identifier: MIT
 *
 * metg.csv: from what task length on a team is efficient.  In every block the efficiency of a task
 * is w / (P T / n), w being the work of a task as derive.h has it; where it reaches 50, 90 and 95 %
 * is that block's answer.
 */
#include "derive.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "../core/fit.h"

static const double levels[] = { 0.50, 0.90, 0.95 };
enum { LEVELS = sizeof levels / sizeof *levels };

/* One series, and room for a block's points. */
struct curve {
    struct cell *const *cell;
    long count;
    double *granularity, *efficiency, *scratch;
    double wanted;
};

/* Fill in the points of BLOCK.  A block without one of them would move the crossing to its
 * neighbours: it has no answer, 0. */
static int take_points(const struct derivation *d, const struct curve *c, long block)
{
    for (long i = 0; i < c->count; i++) {
        int64_t number = d->number[block];
        c->granularity[i] = c->cell[i]->task_workers * derive_task(d, c->cell[i], number);
        c->efficiency[i] = derive_work(d, c->cell[i], number) / c->granularity[i];
        if (!isfinite(c->efficiency[i]))
            return 0;
    }
    return c->count > 0;
}

static struct metg fit_block(const struct derivation *d, const struct curve *c, long block,
                             double wanted)
{
    if (!take_points(d, c, block))
        return (struct metg){ NAN, NAN };
    return fit_metg(c->granularity, c->efficiency, c->count, wanted, c->scratch);
}

static double granularity(const struct derivation *d, const void *self, long block)
{
    const struct curve *c = self;
    return fit_block(d, c, block, c->wanted).granularity;
}

static double max_efficiency(const struct derivation *d, const void *self, long block)
{
    return fit_block(d, self, block, levels[0]).max_efficiency;
}

static double spread(const struct derivation *d, const void *self, long block)
{
    return fit_metg_spread(fit_block(d, self, block, 0.90).granularity,
                           fit_block(d, self, block, 0.50).granularity);
}

/* What a spread of METG says, five being that of a constant cost per task.  Whatever every block
 * shows is the team's, what they disagree about is the machine's. */
static const char *diagnosis_of(const struct center *s)
{
    const double constant = 5, about = 1.25;
    if (!s->has_interval)
        return "";
    if (s->low >= constant / about && s->high <= constant * about)
        return "constant";
    if (s->low > constant)
        return "imbalance";
    return s->high < constant ? "contention" : "noise";
}

static void put_curve(struct derivation *d, struct curve *c, FILE *f)
{
    struct center most = derive_center(d, max_efficiency, c);
    derive_put_series(d, c->cell[0], f);
    fprintf(f, ",%ld", c->count);
    derive_put(f, c->cell[0]->task_ns);
    derive_put(f, c->cell[c->count - 1]->task_ns);
    fprintf(f, ",%s,%ld", derive_references(d, c->cell, c->count), most.n);
    for (int i = 0; i < LEVELS; i++) {
        c->wanted = levels[i];
        struct center m = derive_center(d, granularity, c);
        derive_put_center(f, &m);
        fprintf(f, ",%s", derive_status(&m));
    }
    derive_put_center(f, &most);
    struct center s = derive_center(d, spread, c);
    derive_put_center(f, &s);
    fprintf(f, ",%s\n", diagnosis_of(&s));
}

int metg_put(struct derivation *d, FILE *f)
{
    double *room = malloc(5 * ((size_t)d->count + 1) * sizeof *room);
    if (!room)
        return -ENOMEM;
    derive_put_series_names(f);
    fputs(",lengths,shortest_ns,longest_ns,reference,blocks", f);
    for (int i = 0; i < LEVELS; i++) {
        int e = (int)(100 * levels[i] + 0.5);
        fprintf(f, ",metg%d_ns,metg%d_low_ns,metg%d_high_ns,metg%d_status", e, e, e, e);
    }
    fputs(",max_efficiency,max_efficiency_low,max_efficiency_high,spread,spread_low,spread_high,"
          "diagnosis\n",
          f);
    for (long first = 0, end; first < d->count; first = end) {
        end = derive_end(d, first, &d->series);
        long count = derive_one_a_length(d, derive_pick(d, first, end, "cpu", "length"));
        struct curve c = { d->pick, count, room, room + count, room + 2 * count, 0 };
        if (count > 1)
            put_curve(d, &c, f);
    }
    free(room);
    return 0;
}
