/* SPDX-License-Identifier: MIT
 *
 * map.csv and crossover.csv: where a team is as good as threads, over task length and payload.  A
 * point of the map is a task of one length with so many bytes in and out: what the team takes over
 * what threads take, that is `omp dynamic` on the same CPUs, block by block.  A crossover is, for
 * one payload, the task length from which on the team takes at most the margin longer.
 */
#include "derive.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "../core/fit.h"

/* A team's cell and threads that do the same. */
struct point {
    const struct cell *team, *threads;
};

/* The points of one team and one kind of task, by length, and room for a block's. */
struct border {
    struct point *point;
    long count;
    double wanted; /* threads' time over the team's */
    double *granularity, *share, *scratch;
};

/* The points of the COUNT cells of pick that threads were measured beside. */
static long points_of(const struct derivation *d, long count, struct point *out)
{
    long points = 0;
    for (long i = 0; i < count; i++) {
        const struct cell *c = d->pick[i];
        out[points] = (struct point){ c, derive_mate(d, c, "omp", "dynamic", c->chunk) };
        points += out[points].threads && out[points].threads != c;
    }
    return points;
}

static double ratio_in(const struct derivation *d, const void *self, long block)
{
    const struct point *p = self;
    int64_t number = d->number[block];
    return derive_task(d, p->team, number) / derive_task(d, p->threads, number);
}

/* In threads' CPU time per task: the team's at the crossing, less what it takes longer. */
static double crossing_in(const struct derivation *d, const void *self, long block)
{
    const struct border *b = self;
    for (long i = 0; i < b->count; i++) {
        const struct cell *team = b->point[i].team;
        b->granularity[i] = team->task_workers * derive_task(d, team, d->number[block]);
        b->share[i] = 1 / ratio_in(d, &b->point[i], block);
        if (!isfinite(b->share[i]))
            return NAN; /* a missing point would move the crossing */
    }
    return b->wanted *
           fit_metg(b->granularity, b->share, b->count, b->wanted, b->scratch).granularity;
}

static void put_kind(const struct derivation *d, const struct cell *c, FILE *f)
{
    derive_put_series(d, c, f);
    for (int i = 0; i < d->work.count; i++) {
        fputc(',', f);
        csv_put(f, key_text(c, d->work.columns[i]));
    }
}

static void put_map(struct derivation *d, const struct border *b, FILE *f)
{
    for (long i = 0; i < b->count; i++) {
        const struct cell *c = b->point[i].team;
        struct center r = derive_center(d, ratio_in, &b->point[i]);
        put_kind(d, c, f);
        derive_put(f, c->task_ns);
        derive_put(f, c->chunk);
        fprintf(f, ",%ld", r.n);
        derive_put_center(f, &r);
        derive_put(f, d->margin);
        fprintf(f, ",%s\n",
                stats_verdict_name(r.has_interval ? stats_verdict(r.low, r.high, d->margin)
                                                  : VERDICT_UNCLEAR));
    }
}

static void put_crossover(struct derivation *d, const struct border *b, FILE *f)
{
    const struct cell *first = b->point[0].team, *last = b->point[b->count - 1].team;
    if (b->count < 2)
        return;
    struct center c = derive_center(d, crossing_in, b);
    put_kind(d, first, f);
    fprintf(f, ",%ld", b->count);
    derive_put(f, first->task_ns);
    derive_put(f, last->task_ns);
    fprintf(f, ",%ld", c.n);
    derive_put(f, d->margin);
    derive_put_center(f, &c);
    fprintf(f, ",%s\n", derive_status(&c));
}

/* Every team, every kind of task. */
static int each_border(struct derivation *d, const char *names,
                       void (*put)(struct derivation *, const struct border *, FILE *), FILE *f)
{
    size_t room = (size_t)d->count + 1;
    double *numbers = malloc(5 * room * sizeof *numbers);
    struct point *points = malloc(room * sizeof *points);
    struct border b = {
        points, 0, 1 / (1 + d->margin), numbers, numbers + room, numbers + 2 * room
    };
    int error = numbers && points ? 0 : -ENOMEM;
    derive_put_series_names(f);
    fprintf(f, ",workload,work_version,variant,payload_bytes,%s\n", names);
    for (long first = 0, end; !error && first < d->count; first = end) {
        long series = derive_end(d, first, &d->series);
        end = derive_end(d, first, &d->work);
        end = end < series ? end : series;
        long count = derive_pick(d, first, end, "payload", "payload");
        count = count ? count : derive_pick(d, first, end, "cpu", "length");
        b.count = points_of(d, derive_one_a_length(d, count), points);
        if (b.count)
            put(d, &b, f);
    }
    free(numbers);
    free(points);
    return error;
}

int map_put(struct derivation *d, FILE *f)
{
    return each_border(d, "task_ns,chunk,blocks,ratio,ratio_low,ratio_high,margin,verdict", put_map,
                       f);
}

int crossover_put(struct derivation *d, FILE *f)
{
    return each_border(d,
                       "lengths,shortest_ns,longest_ns,blocks,margin,from_ns,from_low_ns,"
                       "from_high_ns,status",
                       put_crossover, f);
}
