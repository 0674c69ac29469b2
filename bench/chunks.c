/* SPDX-License-Identifier: MIT
 *
 * chunks.csv: which chunk is best, and what the usual defaults cost more than it.  A row per series
 * and task length of the `chunk` sweep.
 */
#include "derive.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "../core/fit.h"
#include "model.h"

/* One series at one task length: its chunks, ascending. */
struct ladder {
    struct cell *const *cell;
    long count;
    double *chunk, *time;      /* room for COUNT each */
    double asked;              /* the chunk that a regret is wanted of */
    const struct cell *guided; /* the same with chunks that shrink, or NULL */
};

static double regret(const struct derivation *d, const void *self, long block)
{
    const struct ladder *l = self;
    for (long i = 0; i < l->count; i++)
        l->time[i] = derive_task(d, l->cell[i], d->number[block]);
    return fit_chunk_regret(l->chunk, l->time, l->count, l->asked);
}

/* Chunks that shrink are none of the ladder: they were measured by themselves. */
static double guided_regret(const struct derivation *d, const void *self, long block)
{
    const struct ladder *l = self;
    double best = INFINITY, time = derive_task(d, l->guided, d->number[block]);
    for (long i = 0; i < l->count; i++)
        best = fmin(best, derive_task(d, l->cell[i], d->number[block]));
    return time / best - 1;
}

static void put_guided(struct derivation *d, struct ladder *l, FILE *f)
{
    const char *backend = key_text(l->cell[0], blocks_key_column(d->record, "backend"));
    struct center c = { .mid = NAN };
    if (derive_is(d, l->cell[0], "schedule", "dynamic"))
        l->guided = derive_mate(d, l->cell[0], backend, "guided", 1);
    if (l->guided)
        c = derive_center(d, guided_regret, l);
    derive_put(f, l->guided ? 1 : NAN);
    derive_put_center(f, &c);
}

static void put_regret(struct derivation *d, struct ladder *l, double chunk, FILE *f)
{
    l->asked = chunk;
    struct center c = derive_center(d, regret, l);
    derive_put(f, chunk);
    derive_put_center(f, &c);
}

static void put_ladder(struct derivation *d, const struct model *m, struct ladder *l, FILE *f)
{
    const struct cell *c = l->cell[0];
    double tasks = 0, best = INFINITY, at = NAN;
    for (long i = 0; i < l->count; i++) {
        l->chunk[i] = l->cell[i]->chunk;
        l->time[i] = derive_middle(d, l->cell[i]).wall / l->cell[i]->tasks;
        tasks = fmax(tasks, l->cell[i]->tasks); /* pipes have fewer where chunks are small */
        if (l->time[i] < best) {
            best = l->time[i];
            at = l->chunk[i];
        }
    }
    struct chunk_span span = fit_chunk_span(l->chunk, l->time, l->count, CHUNK_WITHIN);
    struct center cost = model_cost(d, m, COST_CHUNK);
    double task = derive_middle(d, c).work;
    derive_put_series(d, c, f);
    derive_put(f, c->task_ns);
    derive_put(f, tasks);
    fprintf(f, ",%ld", l->count);
    derive_put(f, at);
    derive_put(f, span.low);
    derive_put(f, span.high);
    derive_put(f, span.recommended);
    derive_put(f, round(fit_best_chunk(tasks, m->workers, fmax(cost.mid, 0), task)));
    put_regret(d, l, (double)fit_cpython_chunk((long)tasks, (long)m->workers), f);
    put_regret(d, l, ceil(tasks / m->workers), f);
    put_regret(d, l, 1, f);
    put_guided(d, l, f);
    fputc('\n', f);
}

/* Of COUNT picked cells those of the task length of the first, one a chunk: that of the most tasks.
 * They stand in ascending order. */
static long one_a_chunk(struct cell **cell, long count, long *next)
{
    long end = 0, kept = 0;
    while (end < count && cell[end]->task_ns == cell[0]->task_ns)
        end++;
    for (long i = 0; i < end; i++) {
        kept -= kept && cell[kept - 1]->chunk == cell[i]->chunk;
        cell[kept++] = cell[i];
    }
    *next = end;
    return kept;
}

int chunks_put(struct derivation *d, FILE *f)
{
    double *room = malloc(2 * ((size_t)d->count + 1) * sizeof *room);
    if (!room)
        return -ENOMEM;
    derive_put_series_names(f);
    fputs(",task_ns,tasks,chunks,best_chunk,low_chunk,high_chunk,recommended_chunk,model_chunk", f);
    static const char *const defaults[] = { "cpython", "static", "dynamic", "guided" };
    for (int i = 0; i < 4; i++)
        fprintf(f, ",%s_chunk,%s_regret,%s_regret_low,%s_regret_high", defaults[i], defaults[i],
                defaults[i], defaults[i]);
    fputc('\n', f);
    for (long k = 0; k < d->model_count; k++) {
        const struct model *m = &d->models[k];
        long all = derive_pick(d, m->first, m->first + m->cells, "cpu", "chunk"), next;
        for (long first = 0; first < all; first += next) {
            long count = one_a_chunk(d->pick + first, all - first, &next);
            struct ladder l = { d->pick + first, count, room, room + count, 0, NULL };
            if (count > 1)
                put_ladder(d, m, &l, f);
        }
    }
    free(room);
    return 0;
}
