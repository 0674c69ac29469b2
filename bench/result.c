/* SPDX-License-Identifier: MIT */
#include "result.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../core/stats.h"
#include "trace.h"

/* Are these the rows of this cell?  Returns 1, or 0 with the reason. */
static int rows_fit(const struct csv *rows, const struct record *cell, struct why *w)
{
    static const char *const needed[] = { "backend", "workload", "sample",
                                          "warmup",  "wall_ns",  "status" };
    long timed = 0;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (csv_column(rows, needed[i]) < 0)
            return why(w, 0, "its output has no column '%s'", needed[i]);
    for (long row = 0; row < rows->rows; row++) {
        double wall;
        if (!csv_number(rows, row, csv_column(rows, "wall_ns"), &wall) || wall <= 0)
            return why(w, 0, "row %ld of its output: wall_ns is no time", row + 1);
        const char *other = record_other_field(cell, rows, row);
        if (other)
            return why(w, 0, "row %ld of its output is of another cell: its %s is not the plan's",
                       row + 1, other);
        timed += strcmp(csv_cell(rows, row, csv_column(rows, "warmup")), "1") != 0;
    }
    if (timed != cell->samples || rows->torn)
        return why(w, 0, "its output has %ld samples of the %lld asked for", timed,
                   (long long)cell->samples);
    return 1;
}

/* The note of the first void row, or NULL. */
static const char *void_note(const struct csv *rows)
{
    for (long row = 0; row < rows->rows; row++)
        if (!strcmp(csv_cell(rows, row, csv_column(rows, "status")), "void"))
            return csv_cell(rows, row, csv_column(rows, "note"));
    return NULL;
}

double result_time(const struct csv *rows, long first, long end, double *sampled_s)
{
    double *timed = malloc(((size_t)(end - first) + 1) * sizeof *timed), median = NAN;
    long count = 0;
    for (long row = first; row < end; row++) {
        double wall;
        if (!csv_number(rows, row, csv_column(rows, "wall_ns"), &wall))
            continue;
        *sampled_s += wall / 1e9;
        if (timed && strcmp(csv_cell(rows, row, csv_column(rows, "warmup")), "1") != 0)
            timed[count++] = wall;
    }
    if (timed) {
        stats_sort(timed, count);
        median = stats_median(timed, count);
    }
    free(timed);
    return median;
}

/* What to say of the child: its own reason, or WORDS where it gave none. */
static void fill_reason(char *reason, size_t room, const char *words)
{
    if (!*reason)
        snprintf(reason, room, "%s", words);
}

/* Are these samples, and right ones?  A void sample is kept, and makes the cell a failed one. */
static enum cell_status judge_rows(const struct child *c, const struct record *cell,
                                   const struct csv *rows, char *reason, size_t room)
{
    struct why w = { "" };
    if (!rows_fit(rows, cell, &w)) {
        fill_reason(reason, room, w.text);
        return CELL_FAILED;
    }
    if (void_note(rows)) {
        snprintf(reason, room, "wrong result: %s", void_note(rows));
        return CELL_FAILED;
    }
    if (*reason)
        return CELL_FAILED;
    if (c->left_behind)
        fill_reason(reason, room, "left processes behind; killed");
    return CELL_OK;
}

/* Take apart what the child printed: samples and, below an empty line, the trace.  A runner that
 * knows no trace prints none, and TRACE stays NULL.  Returns 0 or -errno with WHY. */
static int read_output(const struct child *c, int traced, struct csv **rows, struct csv **trace,
                       struct why *w)
{
    const char *gap = traced ? strstr(c->out, "\n\n") : NULL;
    long length = gap ? gap + 1 - c->out : c->out_length;
    int error = csv_parse(rows, c->out, length, "its output", w);
    if (error || !gap)
        return error;
    error = csv_parse(trace, gap + 2, c->out_length - length - 1, "its trace", w);
    for (int i = 0; !error && trace_columns[i]; i++)
        if (csv_column(*trace, trace_columns[i]) < 0)
            error = why(w, -EBADMSG, "its trace has no column '%s'", trace_columns[i]);
    if (!error && (*trace)->torn)
        error = why(w, -EBADMSG, "its trace ends within a row");
    return error;
}

void result_judge(struct result *out, const struct child *c, const struct record *cell, int traced,
                  double seconds, int64_t suspended_ns)
{
    struct why w = { "" };
    char *reason = out->reason;
    *out = (struct result){ .status = c->timed_out ? CELL_TIMEOUT : CELL_FAILED,
                            .median_ns = NAN,
                            .suspended_ns = suspended_ns };
    child_reason(c, seconds, reason, sizeof out->reason);
    if (!c->out_length)
        fill_reason(reason, sizeof out->reason, "it printed nothing");
    else if (!c->timed_out && read_output(c, traced, &out->rows, &out->trace, &w))
        fill_reason(reason, sizeof out->reason, w.text);
    else if (out->rows)
        out->status = judge_rows(c, cell, out->rows, reason, sizeof out->reason);
    if (out->status != CELL_OK) {
        csv_free(out->trace);
        out->trace = NULL;
    }
    if (out->status != CELL_OK && !(out->rows && void_note(out->rows))) {
        csv_free(out->rows);
        out->rows = NULL;
    }
    if (out->rows)
        out->median_ns = result_time(out->rows, 0, out->rows->rows, &out->sampled_s);
    if (suspended_ns > 0 && !*reason)
        snprintf(reason, sizeof out->reason, "the machine was suspended for %.0f s: does not count",
                 ceil((double)suspended_ns / 1e9));
}

void result_free(struct result *r)
{
    csv_free(r->rows);
    csv_free(r->trace);
}
