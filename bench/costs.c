/* SPDX-License-Identifier: MIT
 *
 * costs.csv: what a team costs and where its speed goes.  A row a figure: the model's costs,
 * starting and ending the team, the overhead of a loop as EPCC's schedbench prints it, from how
 * many tasks on starting a team pays, and a speed-up taken apart into hardware and hand-out.
 */
#include "derive.h"

#include <math.h>

#include "model.h"

/* What a row is about; NAN: about no cell in particular. */
struct about {
    double task_ns, tasks, chunk;
};

static const struct about team = { NAN, NAN, NAN };

static struct about about(const struct cell *c)
{
    return (struct about){ c->task_ns, c->tasks, c->chunk };
}

static void put_row(const struct derivation *d, const struct model *m, const char *cost,
                    const struct about *a, const struct center *c, const char *unit, FILE *f)
{
    if (!c->n)
        return;
    derive_put_series(d, m->cell[0], f);
    fprintf(f, ",%s", cost);
    derive_put(f, a->task_ns);
    derive_put(f, a->tasks);
    derive_put(f, a->chunk);
    derive_put_center(f, c);
    fprintf(f, ",%s,%ld,%s\n", unit, c->n, c->mid == INFINITY ? "parallel saves nothing here" : "");
}

/* Starting and ending ----------------------------------------------------------------------- */

/* Tasks from which on starting a team, using it once and ending it is no slower than a loop. */
static double break_even(const struct derivation *d, const void *self, long block)
{
    const struct cell *c = self;
    int64_t number = d->number[block];
    double serial = c->serial ? derive_task(d, c->serial, number) : NAN;
    double saved = serial - derive_task(d, c, number);
    double spent = derive_value(d, c, OPEN, number) + derive_value(d, c, CLOSE, number);
    if (!isfinite(saved) || !isfinite(spent))
        return NAN;
    return saved > 0 ? spent / saved : INFINITY;
}

/* One loop, and where its speed goes --------------------------------------------------------- */

/* As EPCC has it: the loop's time less that of a serial loop of a worker's share. */
static double epcc(const struct derivation *d, const void *self, long block)
{
    const struct cell *c = self;
    int64_t number = d->number[block];
    double serial = c->serial ? derive_task(d, c->serial, number) : NAN;
    return derive_value(d, c, WALL, number) - serial * c->tasks / c->task_workers;
}

static double speedup(const struct derivation *d, const void *self, long block)
{
    const struct cell *c = self;
    int64_t number = d->number[block];
    return c->serial ? derive_task(d, c->serial, number) / derive_task(d, c, number) : NAN;
}

/* How fast a core is when all are busy, against one alone. */
static double hardware(const struct derivation *d, const void *self, long block)
{
    const struct cell *c = self;
    int64_t number = d->number[block];
    return c->serial ? derive_task(d, c->serial, number) / derive_work(d, c, number) : NAN;
}

static void put_cell(struct derivation *d, const struct model *m, const char *cost,
                     const struct cell *c, derive_figure *f, const char *unit, FILE *out)
{
    struct about a = about(c);
    struct center center = derive_center(d, f, c);
    put_row(d, m, cost, &a, &center, unit, out);
}

/* The whole --------------------------------------------------------------------------------- */

static void put_costs(struct derivation *d, const struct model *m, FILE *f)
{
    static const struct {
        const char *name;
        enum cost cost;
    } costs[] = { { "t_fix", COST_FIX }, { "o_chunk", COST_CHUNK }, { "o_item", COST_ITEM } };
    for (int i = 0; i < 3; i++) {
        struct center c = model_cost(d, m, costs[i].cost);
        put_row(d, m, costs[i].name, &team, &c, "ns", f);
    }
    put_row(d, m, "o_byte", &team, &m->byte, "ns/byte", f);
    struct center open = model_team(d, m, OPEN);
    put_row(d, m, "open", &team, &open, "ns", f);
    struct center close = model_team(d, m, CLOSE);
    put_row(d, m, "close", &team, &close, "ns", f);
}

/* A speed-up and its factors; not where the cores' loss cannot be told from the team's. */
static void put_parts(struct derivation *d, const struct model *m, const struct cell *c, FILE *f)
{
    if (!derive_corun(d, c))
        return;
    put_cell(d, m, "speedup", c, speedup, "ratio", f);
    put_cell(d, m, "hardware", c, hardware, "ratio", f);
    put_cell(d, m, "efficiency", c, derive_efficiency, "ratio", f);
}

static void put_lengths(struct derivation *d, const struct model *m, FILE *f)
{
    long n = derive_one_a_length(d, derive_pick(d, m->first, m->first + m->cells, "cpu", "length"));
    for (long i = 0; i < n; i++)
        put_cell(d, m, "break_even", d->pick[i], break_even, "tasks", f);
    if (n)
        put_parts(d, m, d->pick[n / 2], f);
    if (n > 2)
        put_parts(d, m, d->pick[n - 1], f);
}

int costs_put(struct derivation *d, FILE *f)
{
    derive_put_series_names(f);
    fputs(",cost,task_ns,tasks,chunk,value,low,high,unit,blocks,note\n", f);
    for (long k = 0; k < d->model_count; k++) {
        const struct model *m = &d->models[k];
        put_costs(d, m, f);
        long n = derive_pick(d, m->first, m->first + m->cells, "cpu", "chunk");
        for (long i = 0; i < n; i++)
            put_cell(d, m, "epcc_overhead", d->pick[i], epcc, "ns", f);
        put_lengths(d, m, f);
    }
    return 0;
}
