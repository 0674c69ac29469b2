/* SPDX-License-Identifier: MIT */
#include "model.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    HELD_OUT = 5, /* one in so many */
    MANY = 100,
    SOME = 10 /* chunks a worker */
};

#define ABOUT 10.0 /* a chunk is about as long as another within this factor */

/* Predicting -------------------------------------------------------------------------------- */

/* Chunks alike, dealt to whoever is free: the worker with the most has HIS tasks. */
static double most_tasks(const struct loop *l, double workers)
{
    double chunks = ceil(l->tasks / l->chunk), rounds = ceil(chunks / workers);
    double last = l->tasks - (chunks - 1) * l->chunk;
    double in_last_round = chunks - (rounds - 1) * workers;
    double chunk_of_all = in_last_round > 1 ? l->chunk : last; /* the largest of the last round */
    return (rounds - 1) * l->chunk + chunk_of_all;
}

static double rounds_of(const struct loop *l, double workers)
{
    return ceil(ceil(l->tasks / l->chunk) / workers);
}

/* What a chunk of WORK costs: as in the cells whose chunks were about as long, nearer ones and
 * longer jobs weighing more; in the nearest one if there are none. */
double model_chunk_cost(const struct costs *c, double work)
{
    double nearest = INFINITY, found = 0;
    long n = 0;
    for (long i = 0; i < c->cells; i++) {
        double distance = fabs(log(c->length[i] / work)) / log(ABOUT);
        if (distance < nearest) {
            nearest = distance;
            found = c->chunk[i];
        }
        if (distance >= 1)
            continue;
        c->pairs[2 * n] = c->chunk[i];
        c->pairs[2 * n++ + 1] = (1 - distance) * c->weight[i];
    }
    return fmax(0, n ? fit_weighted_median(c->pairs, n) : found);
}

double model_wall(const struct model *m, const struct costs *c, const struct loop *l)
{
    double handing_out = rounds_of(l, m->workers) * model_chunk_cost(c, l->chunk * l->work);
    return c->fix + most_tasks(l, m->workers) * (l->work + c->item) + handing_out;
}

int model_covers(const struct derivation *d, const struct model *m, long i)
{
    const struct cell *c = m->cell[i];
    return derive_is(d, c, "workload", "cpu") && !derive_is(d, c, "schedule", "guided") &&
           (derive_corun(d, c) || c->serial) && derive_corun(d, c) != c && c->task_ns > 0;
}

/* Fitting ----------------------------------------------------------------------------------- */

/* Does the cell tell what handing out costs?  Not if its tasks are so long that their noise hides
 * it, nor if workers idle at its end: they do for half a chunk or so, also where chunks come out
 * even, which in the costs of a task is more than those of a chunk until chunks are many. */
static int tells_costs(const struct derivation *d, const struct model *m, long i)
{
    const struct cell *c = m->cell[i];
    double chunks = ceil(c->tasks / c->chunk);
    int no_idle_end = chunks == m->workers || chunks >= MANY * m->workers ||
                      (c->chunk == 1 && chunks >= SOME * m->workers);
    return derive_is(d, c, "workload", "cpu") && !derive_is(d, c, "schedule", "guided") &&
           c->task_ns > 0 && c->task_ns <= MODEL_LONGEST_NS && no_idle_end;
}

/* One cell of a fit, in BLOCK, or in the middle of all of them. */
enum { MIDDLE = -1 };
static struct load load_of(struct derivation *d, const struct model *m, long i, long block)
{
    const struct cell *c = m->cell[i];
    struct load l = { .tasks = c->tasks, .chunk = c->chunk };
    if (!m->hands_out)
        l.chunk = 1; /* then the chunks are a constant per task, and FIX can be told */
    if (block == MIDDLE) {
        struct middle middle = derive_middle(d, c);
        l.wall = middle.wall;
        l.task = middle.work;
    } else {
        l.wall = derive_value(d, c, WALL, d->number[block]);
        l.task = derive_work(d, c, d->number[block]);
    }
    return l;
}

/* The cells to fit in BLOCK or in the MIDDLE; without the held-out ones if TEST.  Returns how many.
 */
static long take_loads(struct derivation *d, const struct model *m, long block, int test,
                       struct load *loads)
{
    long n = 0;
    for (long i = 0; i < m->cells; i++) {
        if (!tells_costs(d, m, i) || (test && m->held_out[i]))
            continue;
        loads[n] = load_of(d, m, i, block);
        n += isfinite(loads[n].wall) && isfinite(loads[n].task);
    }
    return n;
}

static struct overheads fit_loads(const struct model *m, const struct load *loads, long n,
                                  double *scratch)
{
    if (n < MODEL_FEWEST || 2 * n < m->fitted)
        return (struct overheads){ NAN, NAN, NAN, NAN };
    return fit_overheads(loads, n, m->workers, scratch);
}

/* What is left per task beside FIX and CHUNK. */
static double rest_beside(const struct model *m, const struct load *loads, long n, double fix,
                          double chunk, double *scratch)
{
    for (long i = 0; i < n; i++) {
        const struct load *l = &loads[i];
        double spent = m->workers * (l->wall - fix) - ceil(l->tasks / l->chunk) * chunk;
        scratch[i] = spent / l->tasks - l->task;
    }
    stats_sort(scratch, n);
    return stats_median(scratch, n);
}

/* Cell I as a loop, and its wall time.  Returns 1, or 0: nothing can be learnt from it. */
static int learn(struct derivation *d, const struct model *m, long i, int test, struct loop *l,
                 double *wall)
{
    const struct cell *c = m->cell[i];
    if (!model_covers(d, m, i) || (test && m->held_out[i]))
        return 0;
    struct middle middle = derive_middle(d, c);
    *l = (struct loop){ c->tasks, c->chunk, middle.work };
    *wall = middle.wall;
    return isfinite(middle.work) && isfinite(middle.wall);
}

/* What chunks cost, by their length: what is left of every cell's time. */
static void fit_chunks(struct derivation *d, const struct model *m, int test, struct costs *c)
{
    struct loop l;
    double wall;
    for (long i = 0; m->hands_out && i < m->cells; i++) {
        if (!learn(d, m, i, test, &l, &wall))
            continue;
        double work = most_tasks(&l, m->workers) * (l.work + c->item);
        c->length[c->cells] = l.chunk * l.work;
        c->weight[c->cells] = l.tasks * l.work;
        c->chunk[c->cells++] = (wall - c->fix - work) / rounds_of(&l, m->workers);
    }
}

/* What the model then misses is put right in FIX, short jobs weighing most: a pipe's first chunks,
 * say, cost more than the later ones.  PAIRS has room for 2 a cell. */
static void correct_fix(struct derivation *d, const struct model *m, int test, struct costs *c,
                        double *pairs)
{
    struct loop l;
    double wall;
    long n = 0;
    for (long i = 0; i < m->cells; i++) {
        if (!learn(d, m, i, test, &l, &wall))
            continue;
        pairs[2 * n] = wall - model_wall(m, c, &l);
        pairs[2 * n++ + 1] = 1 / wall;
    }
    if (n)
        c->fix = fmax(0, c->fix + fit_weighted_median(pairs, n));
}

/* Costs for predicting.  None is below 0, which would be noise and could make a job take less than
 * its work. */
static void fit_middle(struct derivation *d, const struct model *m, int test, struct costs *c,
                       struct load *loads, double *scratch)
{
    long n = take_loads(d, m, MIDDLE, test, loads);
    struct overheads o = fit_loads(m, loads, n, scratch);
    c->known = !isnan(o.rest);
    if (!c->known)
        return;
    c->fix = o.fix > 0 ? o.fix : 0;
    c->item = fmax(0, rest_beside(m, loads, n, c->fix, o.chunk > 0 ? o.chunk : 0, scratch));
    fit_chunks(d, m, test, c);
    correct_fix(d, m, test, c, scratch);
}

struct payloads {
    const struct model *m;
    double *room; /* for 2 N + N N values */
};

/* The work of the task of payload cell C, where its bytes cost nothing more: of the same bytes in
 * serial code, or of a task as long without any. */
static double payload_work(const struct derivation *d, const struct model *m, const struct cell *c,
                           int64_t number)
{
    double work = derive_work(d, c, number);
    for (long i = 0; isnan(work) && i < m->cells; i++)
        if (m->cell[i]->task_ns == c->task_ns && derive_is(d, m->cell[i], "workload", "cpu"))
            work = derive_work(d, m->cell[i], number);
    return work;
}

/* What a byte costs in BLOCK: the slope, over a task's bytes, of what neither its work nor its
 * share of the chunk explains. */
static double byte_in(const struct derivation *d, const void *self, long block)
{
    const struct payloads *p = self;
    const struct model *m = p->m;
    double *x = p->room, *y = x + m->cells;
    int64_t number = d->number[block];
    long n = 0;
    for (long i = 0; i < m->cells; i++) {
        const struct cell *c = m->cell[i];
        struct loop l = { c->tasks, c->chunk, payload_work(d, m, c, number) };
        if (!derive_is(d, c, "workload", "payload"))
            continue;
        x[n] = c->payload_bytes;
        y[n] = (derive_value(d, c, WALL, number) - model_wall(m, &m->middle, &l)) * m->workers /
               c->tasks;
        n += isfinite(x[n]) && isfinite(y[n]);
    }
    return n < 2 ? NAN : fit_line(x, y, n, DERIVE_ALPHA, y + m->cells).slope;
}

static struct center fit_byte(struct derivation *d, const struct model *m, double *room)
{
    struct payloads p = { m, room };
    if (!m->middle.known)
        return (struct center){ NAN, NAN, NAN, 0, 0 };
    return derive_center(d, byte_in, &p);
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
        if (model_covers(d, m, i))
            tickets[n++] = (struct ticket){ blocks_key_hash(m->cell[i]->key, d->record->keys), i };
    qsort(tickets, (size_t)n, sizeof *tickets, by_hash);
    for (long i = HELD_OUT - 1; i < n; i += HELD_OUT)
        m->held_out[tickets[i].cell] = 1;
    free(tickets);
    return 0;
}

double model_prediction(struct derivation *d, const struct model *m, long i)
{
    const struct cell *c = m->cell[i];
    struct loop l = { c->tasks, c->chunk, derive_middle(d, c).work };
    return m->tested.known ? model_wall(m, &m->tested, &l) : NAN;
}

/* By what share the prediction for held-out cell I is off; NAN: none. */
static double error_of(struct derivation *d, const struct model *m, long i)
{
    return model_prediction(d, m, i) / derive_middle(d, m->cell[i]).wall - 1;
}

static long gather_errors(struct derivation *d, const struct model *m, double *errors)
{
    long n = 0;
    for (long i = 0; i < m->cells; i++) {
        double error = m->held_out[i] ? fabs(error_of(d, m, i)) : NAN;
        if (isfinite(error))
            errors[n++] = error;
    }
    return n;
}

struct errors model_spread(double *errors, long n)
{
    stats_sort(errors, n);
    return (struct errors){ stats_median(errors, n), stats_quantile(errors, n, 0.9), n };
}

struct metric_of {
    const struct model *m;
    enum metric metric;
    double *values; /* room for one a cell */
};

static double team_metric(const struct derivation *d, const void *self, long block)
{
    const struct metric_of *o = self;
    long n = 0;
    for (long i = 0; i < o->m->cells; i++) {
        o->values[n] = derive_value(d, o->m->cell[i], o->metric, d->number[block]);
        n += isfinite(o->values[n]);
    }
    stats_sort(o->values, n);
    return stats_median(o->values, n);
}

struct center model_team(struct derivation *d, const struct model *m, enum metric metric)
{
    struct metric_of o = { m, metric, malloc((size_t)m->cells * sizeof *o.values) };
    struct center c = { .mid = NAN };
    if (o.values)
        c = derive_center(d, team_metric, &o);
    free(o.values);
    return c;
}

struct errors models_errors(struct derivation *d)
{
    double *all = malloc(((size_t)d->count + 1) * sizeof *all);
    struct errors found = { NAN, NAN, 0 };
    long n = 0;
    for (long i = 0; all && i < d->model_count; i++)
        n += gather_errors(d, &d->models[i], all + n);
    if (all)
        found = model_spread(all, n);
    free(all);
    return found;
}

/* The whole --------------------------------------------------------------------------------- */

struct wanted {
    const struct model *m;
    enum cost cost;
};

static double cost_in(const struct derivation *d, const void *self, long block)
{
    const struct wanted *w = self;
    const struct overheads *o = &w->m->block[d->quiet][block];
    switch (w->cost) {
    case COST_FIX:
        return o->fix;
    case COST_CHUNK:
        return w->m->hands_out ? o->chunk : NAN;
    case COST_ITEM:
        break;
    }
    return w->m->hands_out ? o->item : o->rest;
}

struct center model_cost(struct derivation *d, const struct model *m, enum cost cost)
{
    struct wanted w = { m, cost };
    return derive_center(d, cost_in, &w);
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

/* Costs of every block, of all cells and of quiet ones, and in the middle. */
static void fit_all(struct derivation *d, struct model *m, struct load *loads, double *scratch)
{
    fit_middle(d, m, 0, &m->middle, loads, scratch);
    fit_middle(d, m, 1, &m->tested, loads, scratch);
    for (int quiet = 0; quiet < 2; quiet++) {
        d->quiet = quiet;
        for (long b = 0; b < d->blocks; b++)
            m->block[quiet][b] = fit_loads(m, loads, take_loads(d, m, b, 0, loads), scratch);
    }
    d->quiet = 0;
    m->byte = fit_byte(d, m, scratch);
    m->errors = model_spread(scratch, gather_errors(d, m, scratch));
}

/* Room for CELLS cells; 0: none. */
static int make_costs(struct costs *c, size_t cells)
{
    c->length = malloc(5 * cells * sizeof *c->length);
    c->chunk = c->length + cells;
    c->weight = c->chunk + cells;
    c->pairs = c->weight + cells;
    return c->length != NULL;
}

static int fit_model(struct derivation *d, struct model *m)
{
    size_t blocks = (size_t)d->blocks + 1, cells = (size_t)m->cells + 1;
    m->block[0] = malloc(blocks * sizeof *m->block[0]);
    m->block[1] = malloc(blocks * sizeof *m->block[1]);
    m->held_out = calloc(cells, 1);
    struct load *loads = malloc(cells * sizeof *loads);
    double *scratch = malloc((cells * cells + 2 * cells) * sizeof *scratch);
    int error = make_costs(&m->middle, cells) && make_costs(&m->tested, cells) && m->block[0] &&
                        m->block[1] && m->held_out && loads && scratch
                    ? 0
                    : -ENOMEM;
    if (!error)
        error = hold_out(d, m);
    if (!error) {
        find_range(d, m);
        fit_all(d, m, loads, scratch);
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
        free(d->models[i].middle.length);
        free(d->models[i].tested.length);
        free(d->models[i].block[0]);
        free(d->models[i].block[1]);
        free(d->models[i].held_out);
    }
    free(d->models);
    d->models = NULL;
    d->model_count = 0;
}
