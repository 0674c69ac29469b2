/* SPDX-License-Identifier: MIT
 *
 * lock.csv: workers under one lock beside those without: how speed grows with workers, how many are
 * inside a task at once, how long an answer takes beside others that compute, and from which share
 * of a task under the lock on processes win.  A row per figure, as in costs.csv.
 */
#include "derive.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../core/backend.h"
#include "../core/fit.h"
#include "runner.h"

/* What a cell's options say of its lock. */
struct lock {
    const char *kind;       /* "new", "old", "python": the interpreter's own; "": there is none */
    double switch_us, held; /* NAN: it has no such thing */
};

/* A cell and the processes that do the same. */
struct point {
    const struct cell *locked, *processes;
    double held;
};

/* Cells that differ in nothing but the share held, by that, and room for a block's values. */
struct ladder {
    const struct point *point;
    long count;
    double wanted; /* their time over the processes' */
    double *held, *ratio, *scratch;
};

/* ---- which cells ----------------------------------------------------------------------------- */

static const char *options_of(const struct derivation *d, const struct cell *c)
{
    return key_text(c, blocks_key_column(d->record, "options"));
}

/* The value of NAME in options, up to the next '+'; NULL: it is not there. */
static const char *option(const char *options, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = options; *at; at += strcspn(at, "+"), at += *at == '+')
        if (!strncmp(at, name, length) && at[length] == ':')
            return at + length + 1;
    return NULL;
}

static double option_number(const char *options, const char *name, double fallback)
{
    const char *value = option(options, name);
    return value ? strtod(value, NULL) : fallback;
}

static int is_locked(const struct cell *c)
{
    return !c->twin && derive_is_locked(c);
}

/* Does C run Python inside the cell program? */
static int is_inside(const struct derivation *d, const struct cell *c)
{
    return derive_is(d, c, "workload", "python_cpu") || derive_is(d, c, "workload", "python_sleep");
}

/* Python's threads, in its own pool or inside the cell program, that share an interpreter. */
static int is_python_threads(const struct derivation *d, const struct cell *c)
{
    return !c->twin && (derive_is(d, c, "runner", "py-threads") ||
                        (is_inside(d, c) && derive_is(d, c, "start", "thread") &&
                         !derive_is(d, c, "variant", "own")));
}

static struct lock lock_of(const struct derivation *d, const struct cell *c)
{
    const char *options = options_of(d, c), *kind = option(options, "lock");
    struct lock l = { "", NAN, NAN };
    if (is_python_threads(d, c))
        return (struct lock){ "python", option_number(options, "switch_us", LOCK_SWITCH_US), 1 };
    if (!is_locked(c))
        return l;
    l.held = option_number(options, "held", LOCK_HELD) / 100;
    if (!(l.held > 0))
        return l;
    l.kind = kind && !strncmp(kind, "old", 3) ? "old" : "new";
    if (!strcmp(l.kind, "new"))
        l.switch_us = option_number(options, "switch_us", LOCK_SWITCH_US);
    return l;
}

static int same_task(const struct derivation *d, const struct cell *a, const struct cell *b)
{
    return a->task_ns == b->task_ns && a->tasks == b->tasks && !view_compare(&d->work, a, b);
}

/* Is it to be looked at beside a team under a lock: one itself, or who did its work task by task as
 * threads, as processes, as one of Python's pools; or Python's threads and processes inside? */
static int is_beside(const struct derivation *d, const struct cell *c)
{
    const struct measured *r = d->record;
    int peer = runner_is_peer(key_text(c, blocks_key_column(r, "runner")));
    if (!c->blocks || c->twin || !c->serial || c->serial == c)
        return 0;
    if (!peer && !is_locked(c) &&
        (!derive_is(d, c, "schedule", "dynamic") ||
         (!derive_is(d, c, "backend", "omp") && !derive_is(d, c, "backend", "pool"))))
        return 0;
    if (is_inside(d, c))
        return 1;
    for (long i = 0; i < r->cell_count; i++)
        if (is_locked(&r->cells[i]) && r->cells[i].blocks && same_task(d, &r->cells[i], c))
            return 1;
    return 0;
}

/* ---- a row ----------------------------------------------------------------------------------- */

static void put_head(FILE *f)
{
    derive_put_series_names(f);
    fputs(",options,workload,task_ns,tasks,lock,switch_us,held,computing,figure,value,low,high,"
          "unit,blocks,status\n",
          f);
}

/* Of a crossing HELD stays empty: it is what is asked. */
static void put_row(const struct derivation *d, const struct cell *c, int with_held,
                    const char *figure, const struct center *value, const char *unit,
                    const char *status, FILE *f)
{
    struct lock l = lock_of(d, c);
    int convoy = derive_is(d, c, "workload", "convoy");
    derive_put_series(d, c, f);
    fputc(',', f);
    csv_put(f, options_of(d, c));
    fputc(',', f);
    csv_put(f, key_text(c, blocks_key_column(d->record, "workload")));
    derive_put(f, c->task_ns);
    derive_put(f, c->tasks);
    fprintf(f, ",%s", l.kind);
    derive_put(f, l.switch_us);
    derive_put(f, with_held ? l.held : NAN);
    derive_put(f, convoy ? c->tasks - 1 : NAN);
    fprintf(f, ",%s", figure);
    derive_put_center(f, value);
    fprintf(f, ",%s,%ld,%s\n", unit, value->n, status);
}

/* ---- figures of one cell --------------------------------------------------------------------- */

static double speedup_in(const struct derivation *d, const void *self, long block)
{
    const struct cell *c = self;
    int64_t number = d->number[block];
    return derive_task(d, c->serial, number) / derive_task(d, c, number);
}

static double inside_in(const struct derivation *d, const void *self, long block)
{
    return derive_value(d, self, INSIDE, d->number[block]);
}

static double answer_in(const struct derivation *d, const void *self, long block)
{
    return derive_value(d, self, ANSWER, d->number[block]);
}

static double late_answer_in(const struct derivation *d, const void *self, long block)
{
    return derive_value(d, self, LATE_ANSWER, d->number[block]);
}

static void put_cell(struct derivation *d, const struct cell *c, FILE *f)
{
    static const struct {
        const char *name, *unit;
        derive_figure *in;
    } figures[] = { { "speedup", "ratio", speedup_in },
                    { "inside", "workers", inside_in },
                    { "answer_p50", "ns", answer_in },
                    { "answer_p99", "ns", late_answer_in } };
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        if (figures[i].in == speedup_in && !is_beside(d, c))
            continue;
        struct center value = derive_center(d, figures[i].in, c);
        if (value.n)
            put_row(d, c, 1, figures[i].name, &value, figures[i].unit, "", f);
    }
}

/* ---- against processes ----------------------------------------------------------------------- */

static double ratio_in(const struct derivation *d, const void *self, long block)
{
    const struct point *p = self;
    int64_t number = d->number[block];
    return derive_task(d, p->locked, number) / derive_task(d, p->processes, number);
}

/* The share held at which the ratio, which rises with it, crosses what is wanted.  Between two
 * shares it is linear, as the time itself is, and fit_metg is in 1 / granularity. */
static double crossing_in(const struct derivation *d, const void *self, long block)
{
    const struct ladder *l = self;
    for (long i = 0; i < l->count; i++) {
        l->held[i] = 1 / (2 - l->point[i].held);
        l->ratio[i] = ratio_in(d, &l->point[i], block);
        if (!isfinite(l->ratio[i]))
            return NAN; /* a missing point would move the crossing */
    }
    double at = fit_metg(l->held, l->ratio, l->count, l->wanted, l->scratch).granularity;
    return isfinite(at) ? 2 - 1 / at : at;
}

/* Do the options differ in the share held alone? */
static int same_but_held(const char *a, const char *b)
{
    while (*a || *b) {
        if (!strncmp(a, "held:", 5) || !strncmp(b, "held:", 5)) {
            const char **skip = !strncmp(a, "held:", 5) ? &a : &b;
            *skip += strcspn(*skip, "+");
            *skip += **skip == '+';
            continue;
        }
        size_t length = strcspn(a, "+");
        if (length != strcspn(b, "+") || strncmp(a, b, length) != 0)
            return 0;
        a += length + (a[length] == '+');
        b += length + (b[length] == '+');
    }
    return 1;
}

static int by_held(const void *left, const void *right)
{
    const struct point *a = left, *b = right;
    return (a->held > b->held) - (a->held < b->held);
}

/* Into OUT the cells under a lock that are like C but for the share held, each with the processes
 * beside it.  Returns how many; 0 where C is not the first of them. */
static long ladder_of(const struct derivation *d, const struct cell *c, struct point *out)
{
    const struct measured *r = d->record;
    long count = 0;
    for (const struct cell *o = r->cells; o < r->cells + r->cell_count; o++) {
        if (!o->blocks || !is_locked(o) || !same_task(d, o, c) || o->chunk != c->chunk ||
            view_compare(&d->series, o, c) || !same_but_held(options_of(d, o), options_of(d, c)))
            continue;
        if (o < c)
            return 0;
        out[count] = (struct point){ o, derive_mate(d, o, "pool", "dynamic", o->chunk),
                                     option_number(options_of(d, o), "held", LOCK_HELD) / 100 };
        count += out[count].processes && same_task(d, out[count].processes, o);
    }
    if (count)
        qsort(out, (size_t)count, sizeof *out, by_held);
    return count;
}

static void put_ladder(struct derivation *d, const struct ladder *l, FILE *f)
{
    for (long i = 0; i < l->count; i++) {
        struct center value = derive_center(d, ratio_in, &l->point[i]);
        put_row(d, l->point[i].locked, 1, "against", &value, "ratio", "", f);
    }
    if (l->count < 2)
        return;
    struct center value = derive_center(d, crossing_in, l);
    put_row(d, l->point[l->count - 1].locked, 0, "crossing", &value, "share", derive_status(&value),
            f);
}

int lock_put(struct derivation *d, FILE *f)
{
    const struct measured *r = d->record;
    size_t room = (size_t)r->cell_count + 1;
    struct point *points = malloc(room * sizeof *points);
    double *numbers = malloc(5 * room * sizeof *numbers);
    struct ladder l = { points, 0, 1 + d->margin, numbers, numbers + room, numbers + 2 * room };
    int error = points && numbers ? 0 : -ENOMEM;
    put_head(f);
    for (long i = 0; !error && i < r->cell_count; i++)
        if (r->cells[i].blocks && !r->cells[i].twin)
            put_cell(d, &r->cells[i], f);
    for (long i = 0; !error && i < r->cell_count; i++) {
        if (!r->cells[i].blocks || !is_locked(&r->cells[i]))
            continue;
        l.count = ladder_of(d, &r->cells[i], points);
        if (l.count)
            put_ladder(d, &l, f);
    }
    free(points);
    free(numbers);
    return error;
}
