/* SPDX-License-Identifier: MIT */
#include "mend.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../core/csv.h"
#include "../core/stats.h"
#include "record.h"
#include "whole.h"

enum { NAME = 4200 };

static char *name_file(char file[NAME], const char *dir, const char *name)
{
    snprintf(file, NAME, "%s/%s", dir, name);
    return file;
}

/* A row's (block, seq) as one number; -1: it has none. */
static double pair_of(const struct csv *c, long row)
{
    double block = 0, seq = 0;
    if (!csv_number(c, row, csv_column(c, "block"), &block) ||
        !csv_number(c, row, csv_column(c, "seq"), &seq))
        return -1;
    return block * 1e9 + seq;
}

/* Pairs, in ascending order. */
struct pairs {
    double *pair;
    long count;
};

static long count_of(const struct pairs *p, double pair)
{
    long low = 0, high = p->count;
    while (low < high) {
        long middle = low + (high - low) / 2;
        if (p->pair[middle] < pair)
            low = middle + 1;
        else
            high = middle;
    }
    while (high < p->count && p->pair[high] == pair)
        high++;
    return high - low;
}

/* The pair of each timed row of SAMPLES.  Returns 0 or -ENOMEM. */
static int list_timed(struct pairs *p, const struct csv *samples)
{
    int warmup = csv_column(samples, "warmup");
    *p = (struct pairs){ .pair = malloc(((size_t)samples->rows + 1) * sizeof *p->pair) };
    for (long row = 0; p->pair && row < samples->rows; row++)
        if (strcmp(csv_cell(samples, row, warmup), "1") != 0)
            p->pair[p->count++] = pair_of(samples, row);
    if (p->pair)
        stats_sort(p->pair, p->count);
    return p->pair ? 0 : -ENOMEM;
}

/* Was the cell of this row of STATUS measured, but not all of its samples are there, as after a
 * power cut, which need not keep the order of writes? */
static int lacks_samples(const struct csv *status, long row, const struct pairs *timed)
{
    struct record record;
    char *line = strdup(csv_cell(status, row, csv_column(status, "line")));
    int lacks = !strcmp(csv_cell(status, row, csv_column(status, "status")), "ok") && line &&
                !record_line(&record, line, NULL) &&
                count_of(timed, pair_of(status, row)) < record.samples;
    free(line);
    return lacks;
}

/* What of the status is to stay: KEEP, a char a row, and the pairs of these rows.  Returns 0 or
 * -ENOMEM. */
static int choose_status(char **keep, struct pairs *kept, const struct csv *status,
                         const struct csv *samples)
{
    struct pairs timed;
    int error = list_timed(&timed, samples);
    *keep = malloc((size_t)status->rows + 1);
    *kept = (struct pairs){ .pair = malloc(((size_t)status->rows + 1) * sizeof *kept->pair) };
    if (!*keep || !kept->pair)
        error = -ENOMEM;
    for (long row = 0; !error && row < status->rows; row++)
        if (((*keep)[row] = !lacks_samples(status, row, &timed)))
            kept->pair[kept->count++] = pair_of(status, row);
    if (!error)
        stats_sort(kept->pair, kept->count);
    free(timed.pair);
    return error;
}

/* What of TABLE has a status: a char a row; NULL: no memory. */
static char *choose_rows(const struct csv *table, const struct pairs *kept)
{
    char *keep = malloc((size_t)table->rows + 1);
    for (long row = 0; keep && row < table->rows; row++)
        keep[row] = pair_of(table, row) >= 0 && count_of(kept, pair_of(table, row)) > 0;
    return keep;
}

/* Rows of a table. */
struct choice {
    const struct csv *table;
    const char *keep;
};

static void put_choice(const void *what, FILE *f)
{
    const struct choice *c = what;
    for (long row = -1; row < c->table->rows; row++)
        for (int column = 0; (row < 0 || c->keep[row]) && column < c->table->columns; column++) {
            csv_put(f, csv_cell(c->table, row, column));
            fputc(column + 1 < c->table->columns ? ',' : '\n', f);
        }
}

/* Write FILE again, with the rows of TABLE that KEEP has. */
static int rewrite(const char *file, const struct csv *table, const char *keep, struct why *w)
{
    const struct choice c = { table, keep };
    return keep ? whole_write(file, put_choice, &c, w) : why(w, -ENOMEM, "no memory for %s", file);
}

static int rewrite_kept(const char *file, const struct csv *table, const struct pairs *kept,
                        struct why *w)
{
    char *keep = choose_rows(table, kept);
    int error = rewrite(file, table, keep, w);
    free(keep);
    return error;
}

/* Of the trace, too, keep what has a status; a file that is empty is as good as none. */
static int rewrite_trace(const char *dir, const struct pairs *kept, struct why *w)
{
    char file[NAME];
    struct csv *trace;
    struct stat s;
    if (stat(name_file(file, dir, "trace.csv"), &s) || !s.st_size)
        return 0;
    int error = csv_read(&trace, file, w);
    if (error)
        return error;
    error = rewrite_kept(file, trace, kept, w);
    csv_free(trace);
    return error;
}

int mend_tables(const char *dir, const struct csv *status, const struct csv *samples, struct why *w)
{
    char file[NAME], *keep;
    struct pairs kept;
    int error = choose_status(&keep, &kept, status, samples);
    if (error)
        why(w, error, "no memory for %s", dir);
    if (!error)
        error = rewrite(name_file(file, dir, "status.csv"), status, keep, w);
    if (!error)
        error = rewrite_kept(name_file(file, dir, "samples.csv"), samples, &kept, w);
    if (!error)
        error = rewrite_trace(dir, &kept, w);
    free(keep);
    free(kept.pair);
    return error;
}
