/* SPDX-License-Identifier: MIT
 *
 * shares.csv: where the workers' time goes, a row per CPU-bound cell of a team.  In every block P
 * T, the time of all workers, is taken apart: work, n w with w as derive.h has it; handing out,
 * what is left of the time between a worker's first request and its finding no more; waiting, the
 * rest of P T.  Beside it what starting and ending the team would be of a job that needs its own.
 */
#include "derive.h"

static double handout(const struct derivation *d, const void *self, long block)
{
    return derive_value(d, self, BUSY, d->number[block]) - derive_efficiency(d, self, block);
}

static double waiting(const struct derivation *d, const void *self, long block)
{
    return 1 - derive_value(d, self, BUSY, d->number[block]);
}

static double startup(const struct derivation *d, const void *self, long block)
{
    int64_t number = d->number[block];
    double team = derive_value(d, self, OPEN, number) + derive_value(d, self, CLOSE, number);
    return team / (team + derive_value(d, self, WALL, number));
}

static double work_ns(const struct derivation *d, const void *self, long block)
{
    return derive_work(d, self, d->number[block]);
}

static const struct {
    const char *name, *unit;
    derive_figure *figure;
} columns[] = {
    { "work", "_ns", work_ns }, { "efficiency", "", derive_efficiency },
    { "handout", "", handout }, { "waiting", "", waiting },
    { "startup", "", startup },
};
enum { COLUMNS = sizeof columns / sizeof *columns };

/* Has every worker a CPU of its own?  Else they wait for each other, and that is no hand-out. */
static int has_cpus(const struct derivation *d, const struct cell *c)
{
    const char *cpus = key_text(c, d->record->cpus);
    return !noise_share_cpus(c->task_workers, cpus);
}

static void put_cell(struct derivation *d, struct cell *c, FILE *f)
{
    derive_put_series(d, c, f);
    derive_put(f, c->task_ns);
    derive_put(f, c->tasks);
    derive_put(f, c->chunk);
    fputc(',', f);
    csv_put(f, c->sweep);
    fprintf(f, ",%s", derive_reference(d, c));
    for (int i = 0; i < COLUMNS; i++) {
        struct center center = derive_center(d, columns[i].figure, c);
        if (i == 0)
            fprintf(f, ",%ld", center.n);
        derive_put_center(f, &center);
    }
    fputc('\n', f);
}

int shares_put(struct derivation *d, FILE *f)
{
    derive_put_series_names(f);
    fputs(",task_ns,tasks,chunk,sweep,reference,blocks", f);
    for (int i = 0; i < COLUMNS; i++)
        fprintf(f, ",%s%s,%s_low%s,%s_high%s", columns[i].name, columns[i].unit, columns[i].name,
                columns[i].unit, columns[i].name, columns[i].unit);
    fputc('\n', f);
    long n = derive_pick(d, 0, d->count, "cpu", NULL);
    for (long i = 0; i < n; i++)
        if (d->pick[i]->task_ns > 0 && has_cpus(d, d->pick[i]))
            put_cell(d, d->pick[i], f);
    return 0;
}
