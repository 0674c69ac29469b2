/* SPDX-License-Identifier: MIT */
#include "larger.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../core/place.h"
#include "../core/scaling.h"

const char *const bound_words[] = { "work", "counter", "caller" };

static int by_number(const void *left, const void *right)
{
    const int *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

/* Have all workers of M a CPU of their own, as far as the record says? */
static int has_cpus(const struct derivation *d, const struct model *m)
{
    const char *text = key_text(m->cell[0], blocks_key_column(d->record, "cpus"));
    long most = (long)m->workers, distinct = 0;
    int *cpus = *text ? calloc((size_t)most, sizeof *cpus) : NULL;
    if (!cpus)
        return !*text;
    int count = place_parse(text, cpus, (int)most, NULL);
    if (count > 0)
        qsort(cpus, (size_t)count, sizeof *cpus, by_number);
    for (int i = 0; i < count; i++)
        distinct += !i || cpus[i] != cpus[i - 1];
    free(cpus);
    return distinct == most;
}

int larger_can(const struct derivation *d, const struct model *m)
{
    return m->middle.known && has_cpus(d, m) && derive_is(d, m->cell[0], "runner", "cell") &&
           !derive_is(d, m->cell[0], "schedule", "guided");
}

int larger_alike(const struct derivation *d, const struct model *a, const struct model *b)
{
    static const char *const names[] = { "runner", "backend", "start", "schedule",
                                         "wait",   "place",   NULL };
    struct view v = view_of(d->record, names);
    return !view_compare(&v, a->cell[0], b->cell[0]);
}

int larger_pair(const struct derivation *d, const struct model *from, const struct model *to)
{
    return from->workers < to->workers && larger_alike(d, from, to) && larger_can(d, from) &&
           has_cpus(d, to);
}

/* The shortest time in which the team was ever seen to hand out a chunk, ns. */
static double fastest_claim(struct derivation *d, const struct model *m)
{
    double fastest = INFINITY;
    for (long i = 0; i < m->cells; i++) {
        const struct cell *c = m->cell[i];
        double spent = derive_middle(d, c).wall - m->middle.fix;
        if (model_covers(d, m, i) && spent > 0)
            fastest = fmin(fastest, spent / ceil(c->tasks / c->chunk));
    }
    return isfinite(fastest) ? fastest : 0;
}

struct larger larger_of(struct derivation *d, const struct model *m, double workers)
{
    struct larger t = { .from = m, .workers = workers };
    if (strstr(key_text(m->cell[0], blocks_key_column(d->record, "backend")), "pipe"))
        t.serial = BOUND_CALLER;
    else if (derive_is(d, m->cell[0], "schedule", "dynamic"))
        t.serial = BOUND_COUNTER;
    if (t.serial != BOUND_WORK)
        t.claim = fastest_claim(d, m);
    return t;
}

/* A chunk of LOOP: a worker's own time for it, and how long it is served. */
struct turn {
    double own, served;
};

static struct turn turn_of(const struct larger *t, const struct loop *l)
{
    const struct costs *c = &t->from->middle;
    double cost = t->from->hands_out ? model_chunk_cost(c, l->chunk * l->work) : 0;
    struct turn turn = { .served = t->claim };
    if (t->serial == BOUND_COUNTER) /* a worker waits while it is served; the caller's does not */
        turn.served = fmin(t->claim, cost);
    else if (t->serial == BOUND_CALLER)
        turn.served += l->chunk * t->bytes;
    turn.own = l->chunk * (l->work + c->item) + fmax(cost - turn.served, 0);
    return turn;
}

double larger_wall(const struct larger *t, const struct loop *l, enum bound *bound)
{
    double fix = t->from->middle.fix * t->workers / t->from->workers;
    struct turn turn = turn_of(t, l);
    *bound = t->workers * turn.served > turn.own + turn.served ? t->serial : BOUND_WORK;
    return fix + scaling_claims(ceil(l->tasks / l->chunk), t->workers, turn.own, turn.served);
}

double larger_prediction(struct derivation *d, const struct model *from, const struct model *to,
                         long i)
{
    const struct cell *c = to->cell[i];
    struct larger team = larger_of(d, from, to->workers);
    struct loop loop = { c->tasks, c->chunk, NAN };
    enum bound bound;
    if (!model_covers(d, to, i))
        return NAN;
    for (long k = 0; isnan(loop.work) && k < from->cells; k++)
        if (from->cell[k]->task_ns == c->task_ns && model_covers(d, from, k))
            loop.work = derive_middle(d, from->cell[k]).work;
    return isfinite(loop.work) ? larger_wall(&team, &loop, &bound) : NAN;
}

struct larger_test larger_test(struct derivation *d)
{
    double *errors = malloc(((size_t)d->count * (size_t)d->model_count + 1) * sizeof *errors);
    struct larger_test test = { { NAN, NAN, 0 }, INFINITY, 0 };
    long n = 0;
    for (long k = 0; errors && k < d->model_count * d->model_count; k++) {
        const struct model *from = &d->models[k / d->model_count];
        const struct model *to = &d->models[k % d->model_count];
        if (!larger_pair(d, from, to))
            continue;
        test.smallest = fmin(test.smallest, from->workers);
        test.largest = fmax(test.largest, to->workers);
        for (long i = 0; i < to->cells; i++) {
            double error = larger_prediction(d, from, to, i) / derive_middle(d, to->cell[i]).wall;
            if (isfinite(error))
                errors[n++] = fabs(error - 1);
        }
    }
    if (n)
        test.errors = model_spread(errors, n);
    free(errors);
    return test;
}
