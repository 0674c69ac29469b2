/* SPDX-License-Identifier: MIT
 *
 * strip.csv: every good sample of the sweep over workers, threads and processes, when it was
 * measured, and what disturbed it.  It is there to be looked at: a median does not
 * tell whether the run was calm.
 */
#include "derive.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "sweep.h"

/* When each process of the run began, s: what those before it took, in the order of `seq`. */
struct calendar {
    long count;
    struct moment {
        int64_t block, seq;
        double length, begun;
    } * moment;
};

static int by_seq(const void *left, const void *right)
{
    const struct moment *a = left, *b = right;
    if (a->block != b->block)
        return a->block < b->block ? -1 : 1;
    return (a->seq > b->seq) - (a->seq < b->seq);
}

static int calendar_open(struct calendar *k, const struct measured *r)
{
    double at = 0;
    *k = (struct calendar){ .moment = calloc((size_t)r->process_count + 1, sizeof *k->moment) };
    if (!k->moment)
        return -ENOMEM;
    int wall = r->status ? csv_column(r->status, "wall_ms") : -1;
    for (long i = 0; i < r->process_count; i++) {
        const struct process *p = &r->processes[i];
        struct moment *m = &k->moment[k->count];
        if (p->block >= 0 && p->seq >= 0 && csv_number(r->status, p->row, wall, &m->length)) {
            m->block = p->block;
            m->seq = p->seq;
            k->count++;
        }
    }
    if (k->count)
        qsort(k->moment, (size_t)k->count, sizeof *k->moment, by_seq);
    for (long i = 0; i < k->count; at += k->moment[i++].length / 1000)
        k->moment[i].begun = at;
    return 0;
}

/* NAN: that process is not known. */
static double begun(const struct calendar *k, int64_t block, double seq)
{
    if (!(fabs(seq) < 0x1p53))
        return NAN;
    struct moment wanted = { .block = block, .seq = (int64_t)seq };
    const struct moment *m =
        k->count ? bsearch(&wanted, k->moment, (size_t)k->count, sizeof wanted, by_seq) : NULL;
    return m ? m->begun : NAN;
}

static int is_wanted(const struct derivation *d, const struct cell *c)
{
    return sweep_has(c->sweep, "workers") &&
           (derive_is(d, c, "backend", "omp") || derive_is(d, c, "backend", "pool"));
}

static void put_sample(const struct derivation *d, const struct calendar *k, const struct cell *c,
                       const struct sample *s, FILE *f)
{
    const struct measured *r = d->record;
    double wall = NAN, start = 0, seq = NAN;
    csv_number(r->samples, s->row, r->metric[WALL], &wall);
    csv_number(r->samples, s->row, csv_column(r->samples, "start_ns"), &start);
    csv_number(r->samples, s->row, r->seq, &seq);
    derive_put_series(d, c, f);
    derive_put(f, c->task_ns);
    derive_put(f, c->tasks);
    derive_put(f, c->chunk);
    fprintf(f, ",%lld", (long long)s->block);
    derive_put(f, seq);
    double at = begun(k, s->block, seq) + start / 1e9;
    fprintf(f, isnan(at) ? "," : ",%.6f", at);
    derive_put(f, wall);
    fputc(',', f);
    csv_put(f, noise_word(s->cause));
    fputc('\n', f);
}

int strip_put(struct derivation *d, FILE *f)
{
    struct calendar calendar;
    int error = calendar_open(&calendar, d->record);
    if (error)
        return error;
    derive_put_series_names(f);
    fputs(",task_ns,tasks,chunk,block,seq,begun_s,wall_ns,cause\n", f);
    for (long i = 0; i < d->count; i++)
        for (long k = 0; is_wanted(d, d->sorted[i]) && k < d->sorted[i]->samples; k++)
            put_sample(d, &calendar, d->sorted[i], &d->sorted[i]->good[k], f);
    free(calendar.moment);
    return 0;
}
