/* SPDX-License-Identifier: MIT */
#include "derive.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "sweep.h"

static const char *const series_names[] = { "runner",  "backend", "start", "schedule", "wait",
                                            "workers", "place",   "cpus",  NULL };
static const char *const work_names[] = { "workload", "work_version", "variant", "payload_bytes",
                                          NULL };
static const char *const place_names[] = { "wait", "workers", "place", "cpus", NULL };
static const char *const team_names[] = { "workers", "cpus", NULL };

/* Cells and blocks ------------------------------------------------------------------------- */

int derive_is(const struct derivation *d, const struct cell *c, const char *name, const char *text)
{
    return !strcmp(key_text(c, blocks_key_column(d->record, name)), text);
}

int derive_is_locked(const struct cell *c)
{
    for (long i = 0; i < c->blocks; i++)
        if (!isnan(c->block[i].value[LOCK]))
            return 1;
    return 0;
}

double derive_value(const struct derivation *d, const struct cell *c, enum metric m, int64_t number)
{
    long low = 0, high = c->blocks;
    while (low < high) {
        long middle = low + (high - low) / 2;
        if (c->block[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == c->blocks || c->block[low].number != number || (d->quiet && c->block[low].disturbed))
        return NAN;
    return c->block[low].value[m];
}

double derive_task(const struct derivation *d, const struct cell *c, int64_t number)
{
    return derive_value(d, c, WALL, number) / c->tasks;
}

static int compare_numbers(double a, double b)
{
    return (a > b) - (a < b);
}

static int by_series(const void *left, const void *right, void *derivation)
{
    const struct cell *a = *(struct cell *const *)left, *b = *(struct cell *const *)right;
    const struct derivation *d = derivation;
    int order = view_compare(&d->series, a, b);
    order = order ? order : view_compare(&d->work, a, b);
    order = order ? order : compare_numbers(a->task_ns, b->task_ns);
    order = order ? order : compare_numbers(a->chunk, b->chunk);
    order = order ? order : compare_numbers(a->tasks, b->tasks);
    return order ? order : (a > b) - (a < b);
}

/* A team's cell that all its numbers are known of.  What a caller's ballast does to it is another
 * question, workers under one lock are no team of so many, and settings of a backend's own are
 * outside of a series: they would be mixed. */
static int is_wanted(const struct derivation *d, const struct cell *c)
{
    const char *ballast = key_text(c, blocks_key_column(d->record, "ballast_mib"));
    return c->blocks && !c->twin && (!*ballast || !strcmp(ballast, "0")) &&
           !derive_is(d, c, "backend", "serial") && !derive_is_locked(c) &&
           derive_is(d, c, "options", "") && c->tasks >= 1 && c->chunk >= 1 &&
           c->task_workers >= 1 && c->task_ns >= 0;
}

static int by_number(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static int list_blocks(struct derivation *d)
{
    const struct measured *r = d->record;
    long all = 0;
    for (long i = 0; i < r->cell_count; i++)
        all += r->cells[i].blocks;
    d->number = malloc(((size_t)all + 1) * sizeof *d->number);
    d->value = malloc(((size_t)all + 1) * sizeof *d->value);
    if (!d->number || !d->value)
        return -ENOMEM;
    all = 0;
    for (long i = 0; i < r->cell_count; i++)
        for (long k = 0; k < r->cells[i].blocks; k++)
            d->number[all++] = r->cells[i].block[k].number;
    qsort(d->number, (size_t)all, sizeof *d->number, by_number);
    for (long i = 0; i < all; i++)
        if (!d->blocks || d->number[i] != d->number[d->blocks - 1])
            d->number[d->blocks++] = d->number[i];
    return 0;
}

/* What a task takes ------------------------------------------------------------------------ */

/* Does C hand nothing out, and tell how long its workers were at work? */
static int is_corun(const struct derivation *d, const struct cell *c)
{
    if (c->twin || !derive_is(d, c, "backend", "omp") || !derive_is(d, c, "schedule", "static") ||
        !(c->chunk * c->task_workers >= c->tasks))
        return 0;
    for (long i = 0; i < c->blocks; i++)
        if (c->block[i].value[WORK] > 0)
            return 1;
    return 0;
}

/* Is X the better co-run reference?  In a longer job starting and ending count for less. */
static int better_corun(const struct cell *x, const struct cell *y)
{
    if (!y || x->tasks != y->tasks)
        return !y || x->tasks > y->tasks;
    return x->blocks > y->blocks;
}

/* The best co-run cell of C's work and team, or NULL. */
static const struct cell *find_corun(const struct derivation *d, const struct cell *c,
                                     const struct view *team)
{
    const struct cell *best = NULL;
    for (long i = 0; i < d->record->cell_count; i++) {
        const struct cell *o = &d->record->cells[i];
        if (o->task_ns == c->task_ns && !view_compare(team, o, c) &&
            !view_compare(&d->work, o, c) && is_corun(d, o) && better_corun(o, best))
            best = o;
    }
    return best;
}

const struct cell *derive_corun(const struct derivation *d, const struct cell *c)
{
    return d->corun[c - d->record->cells];
}

double derive_work(const struct derivation *d, const struct cell *c, int64_t number)
{
    const struct cell *corun = derive_corun(d, c);
    if (corun)
        return derive_value(d, corun, WORK, number) / corun->tasks;
    return c->serial ? derive_task(d, c->serial, number) : NAN;
}

double derive_efficiency(const struct derivation *d, const void *self, long block)
{
    const struct cell *c = self;
    int64_t number = d->number[block];
    return derive_work(d, c, number) / (derive_task(d, c, number) * c->task_workers);
}

const char *derive_reference(const struct derivation *d, const struct cell *c)
{
    return derive_corun(d, c) ? "co-run" : c->serial ? "serial" : "none";
}

const char *derive_references(const struct derivation *d, struct cell *const *cells, long count)
{
    const char *word = count ? derive_reference(d, cells[0]) : "none";
    for (long i = 1; i < count; i++)
        if (strcmp(word, derive_reference(d, cells[i])) != 0)
            return "mixed";
    return word;
}

/* Is the number of X's tasks nearer to C's than Y's is?  In a short job, starting it counts. */
static int nearer_size(const struct cell *x, const struct cell *y, const struct cell *c)
{
    return !y || fabs(log(x->tasks / c->tasks)) < fabs(log(y->tasks / c->tasks));
}

const struct cell *derive_mate(const struct derivation *d, const struct cell *c,
                               const char *backend, const char *schedule, double chunk)
{
    const char *runner = key_text(c, blocks_key_column(d->record, "runner"));
    const struct cell *best = NULL;
    for (long i = 0; i < d->count; i++) {
        const struct cell *o = d->sorted[i];
        if (o->task_ns == c->task_ns && o->chunk == chunk && derive_is(d, o, "backend", backend) &&
            derive_is(d, o, "schedule", schedule) && derive_is(d, o, "runner", runner) &&
            !view_compare(&d->work, o, c) && !view_compare(&d->place, o, c) &&
            nearer_size(o, best, c))
            best = o;
    }
    return best;
}

/* Groups ----------------------------------------------------------------------------------- */

long derive_end(const struct derivation *d, long first, const struct view *v)
{
    long end = first + 1;
    while (end < d->count && !view_compare(v, d->sorted[first], d->sorted[end]))
        end++;
    return end;
}

long derive_pick(struct derivation *d, long first, long end, const char *workload,
                 const char *sweep)
{
    long count = 0;
    for (long i = first; i < end; i++)
        if ((!workload || derive_is(d, d->sorted[i], "workload", workload)) &&
            (!sweep || sweep_has(d->sorted[i]->sweep, sweep)))
            d->pick[count++] = d->sorted[i];
    return count;
}

long derive_one_a_length(struct derivation *d, long count)
{
    long kept = 0;
    for (long i = 0; i < count; i++)
        if (d->pick[i]->task_ns > 0 && (!kept || d->pick[i]->task_ns != d->pick[kept - 1]->task_ns))
            d->pick[kept++] = d->pick[i];
    return kept;
}

/* Of quiet blocks, or of all. */
static struct center center_of(struct derivation *d, int quiet, derive_figure *f, const void *self)
{
    d->quiet = quiet;
    for (long b = 0; b < d->blocks; b++)
        d->value[b] = f(d, self, b);
    d->quiet = 0;
    return stats_center(d->value, d->blocks, DERIVE_ALPHA);
}

struct center derive_center(struct derivation *d, derive_figure *f, const void *self)
{
    struct center quiet = center_of(d, 1, f, self);
    return quiet.has_interval ? quiet : center_of(d, 0, f, self);
}

static double wall_in(const struct derivation *d, const void *self, long block)
{
    return derive_value(d, self, WALL, d->number[block]);
}

static double work_in(const struct derivation *d, const void *self, long block)
{
    return derive_work(d, self, d->number[block]);
}

struct middle derive_middle(struct derivation *d, const struct cell *c)
{
    struct center wall = { 0 }, work = { 0 };
    for (int quiet = 1; quiet >= 0 && !(wall.has_interval && work.has_interval); quiet--) {
        wall = center_of(d, quiet, wall_in, c);
        work = center_of(d, quiet, work_in, c);
    }
    return (struct middle){ wall.mid, work.mid };
}

/* Writing ---------------------------------------------------------------------------------- */

void derive_put_series_names(FILE *f)
{
    for (const char *const *name = series_names; *name; name++)
        fprintf(f, "%s%s", name == series_names ? "" : ",", *name);
}

void derive_put_team(const struct derivation *d, const struct cell *c, double workers, FILE *f)
{
    for (int i = 0; i < d->series.count; i++) {
        if (i)
            fputc(',', f);
        if (workers > 0 && !strcmp(series_names[i], "workers"))
            fprintf(f, "%.0f", workers);
        else if (!(workers > 0 && !strcmp(series_names[i], "cpus")))
            csv_put(f, key_text(c, d->series.columns[i]));
    }
}

void derive_put_series(const struct derivation *d, const struct cell *c, FILE *f)
{
    derive_put_team(d, c, 0, f);
}

void derive_put(FILE *f, double value)
{
    fputc(',', f);
    if (isfinite(value))
        fprintf(f, fabs(value) < 1e5 ? "%.6g" : "%.0f", value);
}

void derive_put_center(FILE *f, const struct center *c)
{
    derive_put(f, c->mid);
    derive_put(f, c->has_interval ? c->low : NAN);
    derive_put(f, c->has_interval ? c->high : NAN);
}

const char *derive_status(const struct center *c)
{
    if (!c->n)
        return "unknown";
    if (isnan(c->mid))
        return "unclear"; /* half of the blocks below, half not reached */
    return isfinite(c->mid) ? "at" : c->mid < 0 ? "below" : "not_reached";
}

/* The whole -------------------------------------------------------------------------------- */

static int sort_teams(struct derivation *d)
{
    const struct measured *r = d->record;
    size_t room = (size_t)r->cell_count + 1;
    d->series = view_of(r, series_names);
    d->work = view_of(r, work_names);
    d->place = view_of(r, place_names);
    d->sorted = malloc(room * sizeof(struct cell *));
    d->pick = malloc(room * sizeof(struct cell *));
    d->corun = calloc(room, sizeof *d->corun);
    if (!d->sorted || !d->pick || !d->corun)
        return -ENOMEM;
    const struct view team = view_of(r, team_names);
    for (long i = 0; i < r->cell_count; i++) {
        if (!is_wanted(d, &r->cells[i]))
            continue;
        d->sorted[d->count++] = &r->cells[i];
        d->corun[i] = find_corun(d, &r->cells[i], &team);
    }
    if (d->count)
        qsort_r(d->sorted, (size_t)d->count, sizeof *d->sorted, by_series, d);
    return 0;
}

int derive_open(struct derivation *d, const struct measured *r, double margin)
{
    *d = (struct derivation){ .record = r, .margin = margin };
    int error = list_blocks(d);
    if (!error)
        error = sort_teams(d);
    return error ? error : models_open(d);
}

void derive_close(struct derivation *d)
{
    models_close(d);
    free(d->number);
    free(d->value);
    free(d->sorted);
    free(d->pick);
    free(d->corun);
    *d = (struct derivation){ 0 };
}
