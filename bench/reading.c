/* SPDX-License-Identifier: MIT */
#include "reading.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where a column goes in its struct; one table per file, ended by a NULL name. */
struct target {
    const char *column;
    enum { TEXT, NUMBER } type;
    size_t offset;
};

#define TEXT_OF(type, name)                                                                        \
    {                                                                                              \
#name, TEXT, offsetof(struct type, name)                                                   \
    }
#define NUMBER_OF(type, name)                                                                      \
    {                                                                                              \
#name, NUMBER, offsetof(struct type, name)                                                 \
    }
#define AS(type, column, member)                                                                   \
    {                                                                                              \
        column, NUMBER, offsetof(struct type, member)                                              \
    }

static const struct target cell_targets[] = {
    TEXT_OF(cell_row, runner),
    TEXT_OF(cell_row, backend),
    TEXT_OF(cell_row, schedule),
    TEXT_OF(cell_row, workload),
    TEXT_OF(cell_row, variant),
    TEXT_OF(cell_row, sweep),
    TEXT_OF(cell_row, status),
    TEXT_OF(cell_row, note),
    TEXT_OF(cell_row, start),
    TEXT_OF(cell_row, wait),
    TEXT_OF(cell_row, cpus),
    NUMBER_OF(cell_row, task_ns),
    NUMBER_OF(cell_row, payload_bytes),
    NUMBER_OF(cell_row, tasks),
    NUMBER_OF(cell_row, chunk),
    NUMBER_OF(cell_row, workers),
    NUMBER_OF(cell_row, ballast_mib),
    NUMBER_OF(cell_row, blocks),
    NUMBER_OF(cell_row, samples),
    NUMBER_OF(cell_row, void_samples),
    NUMBER_OF(cell_row, failed_blocks),
    NUMBER_OF(cell_row, odd_rows),
    NUMBER_OF(cell_row, cut_rows),
    NUMBER_OF(cell_row, disturbed_share),
    TEXT_OF(cell_row, cause),
    NUMBER_OF(cell_row, twin),
    NUMBER_OF(cell_row, serial_task_ns),
    AS(cell_row, "median_ns", time.mid),
    AS(cell_row, "low_ns", time.low),
    AS(cell_row, "high_ns", time.high),
    AS(cell_row, "speedup", speedup.mid),
    AS(cell_row, "speedup_low", speedup.low),
    AS(cell_row, "speedup_high", speedup.high),
    AS(cell_row, "efficiency", efficiency.mid),
    AS(cell_row, "efficiency_low", efficiency.low),
    AS(cell_row, "efficiency_high", efficiency.high),
    AS(cell_row, "open_ns", open.mid),
    AS(cell_row, "open_low_ns", open.low),
    AS(cell_row, "open_high_ns", open.high),
    { 0 },
};

static const struct target pair_targets[] = {
    TEXT_OF(pair, a_runner),
    TEXT_OF(pair, a_backend),
    TEXT_OF(pair, a_schedule),
    TEXT_OF(pair, b_runner),
    TEXT_OF(pair, b_backend),
    TEXT_OF(pair, b_schedule),
    TEXT_OF(pair, workload),
    TEXT_OF(pair, variant),
    TEXT_OF(pair, wait),
    TEXT_OF(pair, cpus),
    TEXT_OF(pair, verdict),
    NUMBER_OF(pair, task_ns),
    NUMBER_OF(pair, payload_bytes),
    NUMBER_OF(pair, tasks),
    NUMBER_OF(pair, chunk),
    NUMBER_OF(pair, workers),
    NUMBER_OF(pair, blocks),
    NUMBER_OF(pair, margin),
    NUMBER_OF(pair, blocks_needed),
    AS(pair, "ratio", ratio.mid),
    AS(pair, "ratio_low", ratio.low),
    AS(pair, "ratio_high", ratio.high),
    { 0 },
};

static void take_row(const struct csv *table, long row, const struct target *targets, void *out)
{
    for (const struct target *t = targets; t->column; t++) {
        int column = csv_column(table, t->column);
        char *place = (char *)out + t->offset;
        double number = NAN;
        if (t->type == TEXT) {
            const char *text = csv_cell(table, row, column);
            memcpy(place, &text, sizeof text);
        } else {
            csv_number(table, row, column, &number);
            memcpy(place, &number, sizeof number);
        }
    }
}

/* Half an interval is none. */
static void pair_up(struct estimate *e)
{
    if (isnan(e->low) || isnan(e->high))
        e->low = e->high = NAN;
}

static int take_cells(struct reading *r)
{
    r->cell = calloc((size_t)r->cells_table->rows + 1, sizeof *r->cell);
    if (!r->cell)
        return -ENOMEM;
    r->cells = r->cells_table->rows;
    for (long i = 0; i < r->cells; i++) {
        struct cell_row *c = &r->cell[i];
        take_row(r->cells_table, i, cell_targets, c);
        pair_up(&c->time);
        pair_up(&c->speedup);
        pair_up(&c->efficiency);
        pair_up(&c->open);
    }
    return 0;
}

static int take_pairs(struct reading *r)
{
    long rows = r->pairs_table ? r->pairs_table->rows : 0;
    r->pair = calloc((size_t)rows + 1, sizeof *r->pair);
    if (!r->pair)
        return -ENOMEM;
    r->pairs = rows;
    for (long i = 0; i < rows; i++) {
        take_row(r->pairs_table, i, pair_targets, &r->pair[i]);
        pair_up(&r->pair[i].ratio);
    }
    return 0;
}

int reading_table(struct csv **out, const char *dir, const char *name, int required, struct why *w)
{
    char *path;
    *out = NULL;
    if (asprintf(&path, "%s/%s", dir, name) < 0)
        return why(w, -ENOMEM, "%s: no memory for the name of a file", dir);
    int error = !required && access(path, F_OK) ? 0 : csv_read(out, path, w);
    free(path);
    return error;
}

/* The first must be there. */
static const struct {
    size_t place; /* in struct reading */
    const char *file;
} tables[] = {
#define TABLE(member, file)                                                                        \
    {                                                                                              \
        offsetof(struct reading, member), file                                                     \
    }
    TABLE(cells_table, "cells.csv"),   TABLE(pairs_table, "pairs.csv"),
    TABLE(machine, "machine.csv"),     TABLE(status, "status.csv"),
    TABLE(doctor, "doctor.csv"),       TABLE(metg, "metg.csv"),
    TABLE(costs, "costs.csv"),         TABLE(scaling, "scaling.csv"),
    TABLE(shares, "shares.csv"),       TABLE(strip, "strip.csv"),
    TABLE(lock, "lock.csv"),           TABLE(map, "map.csv"),
    TABLE(crossover, "crossover.csv"), TABLE(topology, "topology.csv"),
    TABLE(trace, "trace.csv"),
};
enum { TABLES = sizeof tables / sizeof *tables };

static struct csv **table_at(struct reading *r, int i)
{
    return (struct csv **)((char *)r + tables[i].place);
}

int reading_open(struct reading *r, const char *dir, struct why *w)
{
    int error = 0;
    *r = (struct reading){ 0 };
    for (int i = 0; !error && i < TABLES; i++)
        error = reading_table(table_at(r, i), dir, tables[i].file, i == 0, w);
    if (!error && ((error = take_cells(r)) || (error = take_pairs(r))))
        why(w, error, "%s: no memory for its tables", dir);
    if (error)
        reading_close(r);
    return error;
}

void reading_close(struct reading *r)
{
    free(r->cell);
    free(r->pair);
    for (int i = 0; i < TABLES; i++)
        csv_free(*table_at(r, i));
    *r = (struct reading){ 0 };
}

static long machine_row(const struct reading *r, const char *key)
{
    if (!r->machine)
        return -1;
    int column = csv_column(r->machine, "key");
    for (long i = 0; i < r->machine->rows; i++)
        if (!strcmp(csv_cell(r->machine, i, column), key))
            return i;
    return -1;
}

const char *reading_machine(const struct reading *r, const char *key)
{
    long row = machine_row(r, key);
    return row < 0 ? "" : csv_cell(r->machine, row, csv_column(r->machine, "value"));
}

const char *reading_remark(const struct reading *r, const char *key)
{
    long row = machine_row(r, key);
    return row < 0 ? "" : csv_cell(r->machine, row, csv_column(r->machine, "note"));
}

double reading_number(const struct reading *r, const char *key)
{
    double number = NAN;
    long row = machine_row(r, key);
    if (row >= 0)
        csv_number(r->machine, row, csv_column(r->machine, "value"), &number);
    return number;
}

static int matches(const char *wanted, const char *text)
{
    return !wanted || !strcmp(wanted, text);
}

const char *reading_text(const struct csv *table, long row, const char *name)
{
    return csv_cell(table, row, csv_column(table, name));
}

double reading_value(const struct csv *table, long row, const char *name)
{
    double number = NAN;
    csv_number(table, row, csv_column(table, name), &number);
    return number;
}

struct estimate reading_interval(const struct csv *table, long row, const char *mid,
                                 const char *low, const char *high)
{
    struct estimate e = { reading_value(table, row, mid), reading_value(table, row, low),
                          reading_value(table, row, high) };
    pair_up(&e);
    return e;
}

struct estimate reading_estimate(const struct csv *table, long row, const char *name,
                                 const char *end)
{
    static const char *const part[] = { "", "_low", "_high" };
    char column[3][64];
    for (int i = 0; i < 3; i++)
        snprintf(column[i], sizeof column[i], "%s%s%s", name, part[i], end);
    return reading_interval(table, row, column[0], column[1], column[2]);
}

long reading_find(const struct csv *table, long from, const char *backend, const char *schedule)
{
    for (long i = from; table && i < table->rows; i++)
        if (matches(backend, reading_text(table, i, "backend")) &&
            matches(schedule, reading_text(table, i, "schedule")))
            return i;
    return -1;
}

double reading_work(const struct reading *r, double task_ns)
{
    for (long i = 0; r->shares && i < r->shares->rows; i++) {
        double work = reading_value(r->shares, i, "work_ns");
        if (reading_value(r->shares, i, "task_ns") == task_ns && work > 0)
            return work;
    }
    return task_ns;
}

int reading_is_smoke(const struct reading *r)
{
    return !strcmp(reading_machine(r, "profile"), "smoke");
}

int cell_in(const struct cell_row *c, const char *label)
{
    return sweep_has(c->sweep, label);
}

/* Runs of old have no such column. */
static int runner_fits(const char *runner, const char *wanted)
{
    return !strcmp(*runner ? runner : "cell", wanted ? wanted : "cell");
}

int cell_fits(const struct cell_row *c, const struct want *want)
{
    return c->time.mid > 0 && !(c->twin > 0) && c->tasks > 0 && c->workers > 0 &&
           strcmp(c->status, "failed") && runner_fits(c->runner, want->runner) &&
           (!want->sweep || cell_in(c, want->sweep)) && matches(want->backend, c->backend) &&
           matches(want->start, c->start) && matches(want->schedule, c->schedule) &&
           matches(want->workload, c->workload) && matches(want->variant, c->variant) &&
           (want->task_ns == 0 || want->task_ns == c->task_ns);
}

double cell_task_time(const struct cell_row *c)
{
    return c->time.mid / c->tasks;
}
