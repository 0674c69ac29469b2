/* SPDX-License-Identifier: MIT */
#include "model.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HELD_OUT = 5 }; /* one in so many */

/* Predicting -------------------------------------------------------------------------------- */

/* A cost that is not known is in what remains per task. */
static double known(double cost)
{
    return isnan(cost) ? 0 : cost;
}

/* Chunks alike, dealt to whoever is free: the worker with the most has HIS tasks. */
static double most_tasks(const struct loop *l, double workers)
{
    double chunks = ceil(l->tasks / l->chunk), rounds = ceil(chunks / workers);
    double last = l->tasks - (chunks - 1) * l->chunk;
    double in_last_round = chunks - (rounds - 1) * workers;
    double chunk_of_all = in_last_round > 1 ? l->chunk : last; /* the largest of the last round */
    return (rounds - 1) * l->chunk + chunk_of_all;
}

double model_wall(const struct model *m, const struct overheads *o, const struct loop *l)
{
    double rounds = ceil(ceil(l->tasks / l->chunk) / m->workers);
    double handing_out = m->hands_out ? rounds * known(o->chunk) : 0;
    return known(o->fix) + most_tasks(l, m->workers) * (l->work + o->rest) + handing_out;
}

/* Can the model say anything of its cell I?  Not of what its own work is measured by. */
static int covers(const struct derivation *d, const struct model *m, long i)
{
    const struct cell *c = m->cell[i];
    return derive_is(d, c, "workload", "cpu") && !derive_is(d, c, "schedule", "guided") &&
           (derive_corun(d, c) || c->serial) && derive_corun(d, c) != c && c->task_ns > 0;
}

/* Fitting ----------------------------------------------------------------------------------- */

/* Does the cell tell what handing out costs?  Not if its tasks are so long that their noise hides
 * it, nor if workers idle at its end. */
static int tells_costs(const struct derivation *d, const struct model *m, long i)
{
    const struct cell *c = m->cell[i];
    double chunks = ceil(c->tasks / c->chunk);
    int no_idle_end = chunks >= 10 * m->workers || fmod(chunks, m->workers) == 0;
    return derive_is(d, c, "workload", "cpu") && !derive_is(d, c, "schedule", "guided") &&
           c->task_ns > 0 && c->task_ns <= MODEL_LONGEST_NS && no_idle_end;
}

/* One cell of a fit, in BLOCK, or in the middle of all of them. */
enum { MIDDLE = -1 };
static struct load load_of(const struct derivation *d, const struct model *m, long i, long block)
{
    const struct cell *c = m->cell[i];
    struct load l = { .tasks = c->tasks, .chunk = c->chunk };
    if (!m->hands_out)
        l.chunk = 1; /* then the chunks are a constant per task, and FIX can be told */
    l.wall = block == MIDDLE ? c->median_ns : derive_value(c, WALL, d->number[block]);
    l.task = block == MIDDLE ? derive_work_middle(d, c) : derive_work(d, c, d->number[block]);
    return l;
}

/* The costs in BLOCK or in the MIDDLE; without the held-out cells if TEST. */
static struct overheads fit_costs(const struct derivation *d, const struct model *m, long block,
                                  int test, struct load *loads, double *scratch)
{
    long n = 0;
    for (long i = 0; i < m->cells; i++) {
        if (!tells_costs(d, m, i) || (test && m->held_out[i]))
            continue;
        loads[n] = load_of(d, m, i, block);
        n += isfinite(loads[n].wall) && isfinite(loads[n].task);
    }
    if (n < MODEL_FEWEST)
        return (struct overheads){ NAN, NAN, NAN, NAN };
    return fit_overheads(loads, n, m->workers, scratch);
}

/* Per task, what is left for the bytes of payload cell C. */
static double payload_rest(const struct derivation *d, const struct model *m, const struct cell *c,
                           long block)
{
    struct loop l = { c->tasks, c->chunk, 0 };
    struct overheads o = m->block[block];
    double wall = derive_value(c, WALL, d->number[block]);
    double work = derive_work(d, c, d->number[block]);
    for (long i = 0; isnan(work) && i < m->cells; i++)
        if (m->cell[i]->task_ns == c->task_ns && derive_is(d, m->cell[i], "workload", "cpu"))
            work = derive_work(d, m->cell[i], d->number[block]);
    o.rest = 0;
    return (wall - model_wall(m, &o, &l)) * m->workers / c->tasks - work;
}

/* What a byte costs in BLOCK: the slope of that over the bytes. */
static double fit_byte(const struct derivation *d, const struct model *m, long block, double *room)
{
    double *x = room, *y = room + m->cells;
    long n = 0;
    for (long i = 0; i < m->cells; i++) {
        if (!derive_is(d, m->cell[i], "workload", "payload"))
            continue;
        x[n] = m->cell[i]->payload_bytes;
        y[n] = payload_rest(d, m, m->cell[i], block);
        n += isfinite(x[n]) && isfinite(y[n]);
    }
    return n < 2 ? NAN : fit_line(x, y, n, DERIVE_ALPHA, room + 2 * m->cells).slope;
}

/* Holding out ------------------------------------------------------------------------------- */

struct ticket {
    uint64_t hash;
    long cell;
};

static int by_hash(const void *left, const void *right)
{
    const struct ticket *a = left, *b = right;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return (a->cell > b->cell) - (a->cell < b->cell);
}

/* Every fifth cell, in the order of a hash of its name: the same ones in every run of a plan. */
static int hold_out(const struct derivation *d, struct model *m)
{
    struct ticket *tickets = malloc(((size_t)m->cells + 1) * sizeof *tickets);
    long n = 0;
    if (!tickets)
        return -ENOMEM;
    for (long i = 0; i < m->cells; i++)
        if (covers(d, m, i))
            tickets[n++] =
                (struct ticket){ blocks_key_hash(m->cell[i]->key, d->record->keys), i };
    qsort(tickets, (size_t)n, sizeof *tickets, by_hash);
    for (long i = HELD_OUT - 1; i < n; i += HELD_OUT)
        m->held_out[tickets[i].cell] = 1;
    free(tickets);
    return 0;
}

double model_prediction(const struct derivation *d, const struct model *m, long i)
{
    const struct cell *c = m->cell[i];
    struct loop l = { c->tasks, c->chunk, derive_work_middle(d, c) };
    return model_wall(m, &m->tested, &l);
}

/* By what share the prediction for held-out cell I is off; NAN: none. */
static double error_of(const struct derivation *d, const struct model *m, long i)
{
    return model_prediction(d, m, i) / m->cell[i]->median_ns - 1;
}

static long gather_errors(const struct derivation *d, const struct model *m, double *errors)
{
    long n = 0;
    for (long i = 0; i < m->cells; i++) {
        double error = m->held_out[i] ? fabs(error_of(d, m, i)) : NAN;
        if (isfinite(error))
            errors[n++] = error;
    }
    return n;
}

static void judge(const struct derivation *d, struct model *m, double *errors)
{
    m->error_count = gather_errors(d, m, errors);
    stats_sort(errors, m->error_count);
    m->error_median = stats_median(errors, m->error_count);
    m->error_high = stats_quantile(errors, m->error_count, 0.9);
}

double models_error(const struct derivation *d, long *count)
{
    double *errors = malloc(((size_t)d->count + 1) * sizeof *errors), median;
    *count = 0;
    if (!errors)
        return NAN;
    for (long i = 0; i < d->model_count; i++)
        *count += gather_errors(d, &d->models[i], errors + *count);
    stats_sort(errors, *count);
    median = stats_median(errors, *count);
    free(errors);
    return median;
}

/* The whole --------------------------------------------------------------------------------- */

static double cost_in(const struct model *m, enum cost cost, long block)
{
    const struct overheads *o = &m->block[block];
    switch (cost) {
    case COST_FIX:
        return o->fix;
    case COST_CHUNK:
        return m->hands_out ? o->chunk : NAN;
    case COST_ITEM:
        return m->hands_out ? o->item : o->rest;
    case COST_BYTE:
        break;
    }
    return m->byte[block];
}

struct center model_cost(const struct derivation *d, const struct model *m, enum cost cost)
{
    for (long b = 0; b < d->blocks; b++)
        d->value[b] = cost_in(m, cost, b);
    return stats_center(d->value, d->blocks, DERIVE_ALPHA);
}

static void find_range(const struct derivation *d, struct model *m)
{
    m->shortest = m->fewest = m->smallest = INFINITY;
    m->longest = m->most = m->largest = -INFINITY;
    m->least_bytes = m->most_bytes = NAN;
    for (long i = 0; i < m->cells; i++) {
        const struct cell *c = m->cell[i];
        if (derive_is(d, c, "workload", "payload")) {
            m->least_bytes = fmin(m->least_bytes, c->payload_bytes);
            m->most_bytes = fmax(m->most_bytes, c->payload_bytes);
        }
        if (!derive_is(d, c, "workload", "cpu") || !(c->task_ns > 0))
            continue;
        m->shortest = fmin(m->shortest, c->task_ns);
        m->longest = fmax(m->longest, c->task_ns);
        m->fewest = fmin(m->fewest, c->tasks);
        m->most = fmax(m->most, c->tasks);
        m->smallest = fmin(m->smallest, c->chunk);
        m->largest = fmax(m->largest, c->chunk);
        m->fitted += tells_costs(d, m, i);
    }
}

static int fit_model(const struct derivation *d, struct model *m)
{
    size_t blocks = (size_t)d->blocks + 1, cells = (size_t)m->cells + 1;
    m->block = malloc(blocks * sizeof *m->block);
    m->byte = malloc(blocks * sizeof *m->byte);
    m->held_out = calloc(cells, 1);
    struct load *loads = malloc(cells * sizeof *loads);
    double *scratch = malloc((cells * cells + 2 * cells) * sizeof *scratch);
    int error = m->block && m->byte && m->held_out && loads && scratch ? 0 : -ENOMEM;
    if (!error && !(error = hold_out(d, m))) {
        find_range(d, m);
        m->middle = fit_costs(d, m, MIDDLE, 0, loads, scratch);
        m->tested = fit_costs(d, m, MIDDLE, 1, loads, scratch);
        for (long b = 0; b < d->blocks; b++) {
            m->block[b] = fit_costs(d, m, b, 0, loads, scratch);
            m->byte[b] = fit_byte(d, m, b, scratch);
        }
        judge(d, m, scratch);
    }
    free(loads);
    free(scratch);
    return error;
}

int models_open(struct derivation *d)
{
    int error = 0;
    d->models = calloc((size_t)d->count + 1, sizeof *d->models);
    if (!d->models)
        return -ENOMEM;
    for (long first = 0, end; !error && first < d->count; first = end) {
        struct model *m = &d->models[d->model_count++];
        end = derive_end(d, first, &d->series);
        m->cell = d->sorted + first;
        m->cells = end - first;
        m->first = first;
        m->workers = m->cell[0]->task_workers;
        m->hands_out = !derive_is(d, m->cell[0], "schedule", "static");
        error = fit_model(d, m);
    }
    return error;
}

void models_close(struct derivation *d)
{
    for (long i = 0; i < d->model_count; i++) {
        free(d->models[i].block);
        free(d->models[i].byte);
        free(d->models[i].held_out);
    }
    free(d->models);
    d->models = NULL;
    d->model_count = 0;
}
