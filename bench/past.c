/* SPDX-License-Identifier: MIT */
#include "past.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "result.h"

enum { MOST_SEQ = 1 << 28 }; /* of a record that can be gone on with */

/* The row's place in the order; 0: it has none. */
static long seq_of(const struct csv *table, long row)
{
    double seq;
    return csv_number(table, row, csv_column(table, "seq"), &seq) && seq > 0 && seq <= MOST_SEQ
               ? (long)seq
               : 0;
}

/* Returns 1, or 0: the row is of no cell in these blocks. */
static int read_visit(struct visit *v, const struct csv *status, long row, int cells, int blocks)
{
    const char *word = csv_cell(status, row, csv_column(status, "status"));
    double cell, block, wall_ms;
    if (!csv_number(status, row, csv_column(status, "cell"), &cell) ||
        !csv_number(status, row, csv_column(status, "block"), &block) ||
        !(cell >= 1 && cell <= cells && block >= 1 && block <= blocks))
        return 0;
    *v = (struct visit){ (int)cell - 1, (int)block, !strcmp(word, "skipped"), NAN, NAN };
    if (!strcmp(word, "ok") && csv_number(status, row, csv_column(status, "wall_ms"), &wall_ms))
        v->seconds = wall_ms / 1e3;
    return 1;
}

/* The visits; into BY_SEQ, which has room for all, which of them has which place in the order. */
static void take_status(struct past *p, const struct csv *status, int cells, int blocks,
                        struct visit **by_seq)
{
    double wall_ms;
    for (long row = 0; row < status->rows; row++) {
        struct visit *v = &p->visit[p->visits];
        if (csv_number(status, row, csv_column(status, "wall_ms"), &wall_ms))
            p->used_s += wall_ms / 1e3;
        if (!read_visit(v, status, row, cells, blocks))
            continue;
        p->visits++;
        if (!isnan(v->seconds))
            by_seq[seq_of(status, row)] = v;
    }
}

static void take_times(struct past *p, const struct csv *samples, struct visit *const *by_seq)
{
    int suspended = csv_column(samples, "suspended_ns");
    for (long row = 0, end; row < samples->rows; row = end) {
        double suspended_ns = 0;
        long seq = seq_of(samples, row);
        csv_number(samples, row, suspended, &suspended_ns);
        for (end = row + 1; end < samples->rows && seq_of(samples, end) == seq;)
            end++;
        double median_ns = result_time(samples, row, end, &p->sampled_s);
        if (seq <= p->seq && by_seq[seq] && suspended_ns <= 0)
            by_seq[seq]->median_ns = median_ns;
    }
}

int past_read(struct past *p, const struct folder *folder, int cells, int blocks, struct why *w)
{
    char file[4200];
    struct csv *status = NULL, *samples = NULL;
    struct visit **by_seq = NULL;
    *p = (struct past){ 0 };
    int error = csv_read(&status, folder_file(folder, "status.csv", file, sizeof file), w);
    if (!error)
        error = csv_read(&samples, folder_file(folder, "samples.csv", file, sizeof file), w);
    if (error)
        goto done;
    for (long row = 0; row < status->rows; row++)
        p->seq = seq_of(status, row) > p->seq ? seq_of(status, row) : p->seq;
    p->visit = malloc(((size_t)status->rows + 1) * sizeof *p->visit);
    by_seq = calloc((size_t)p->seq + 1, sizeof(struct visit *));
    if (!p->visit || !by_seq) {
        past_free(p);
        error = why(w, -ENOMEM, "no memory");
        goto done;
    }
    take_status(p, status, cells, blocks, by_seq);
    take_times(p, samples, by_seq);
done:
    free(by_seq);
    csv_free(status);
    csv_free(samples);
    return error;
}

void past_free(struct past *p)
{
    free(p->visit);
    *p = (struct past){ 0 };
}
