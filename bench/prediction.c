/* SPDX-License-Identifier: MIT
 *
 * prediction.csv: the model put to the test.  A row for every cell that was held out of the fit;
 * one for every cell of a larger team that a smaller one predicts; then a row per series, one for
 * larger teams and one for all with the median of their errors without signs.
 */
#include "derive.h"

#include <math.h>

#include "larger.h"

/* FROM: the workers whose costs predict it. */
static void put_cell(struct derivation *d, const char *row, const struct cell *c, double predicted,
                     double from, FILE *f)
{
    double measured = derive_middle(d, c).wall;
    fprintf(f, "%s,", row);
    derive_put_series(d, c, f);
    derive_put(f, c->task_ns);
    derive_put(f, c->tasks);
    derive_put(f, c->chunk);
    derive_put(f, predicted);
    derive_put(f, measured);
    derive_put(f, predicted / measured - 1);
    fputs(",1", f);
    derive_put(f, from);
    fputc('\n', f);
}

/* The cells of larger teams, as each smaller one like them predicts them. */
static void put_larger(struct derivation *d, FILE *f)
{
    for (long k = 0; k < d->model_count * d->model_count; k++) {
        const struct model *from = &d->models[k / d->model_count];
        const struct model *to = &d->models[k % d->model_count];
        for (long i = 0; larger_pair(d, from, to) && i < to->cells; i++) {
            double predicted = larger_prediction(d, from, to, i);
            if (isfinite(predicted))
                put_cell(d, "larger_team", to->cell[i], predicted, from->workers, f);
        }
    }
}

static void put_errors(struct errors errors, FILE *f)
{
    fputs(",,,,,", f);
    derive_put(f, errors.half);
    fprintf(f, ",%ld,\n", errors.count);
}

static void put_all(const struct derivation *d, const char *row, struct errors errors, FILE *f)
{
    fputs(row, f);
    for (int i = 0; i < d->series.count; i++)
        fputc(',', f);
    put_errors(errors, f);
}

int prediction_put(struct derivation *d, FILE *f)
{
    fputs("row,", f);
    derive_put_series_names(f);
    fputs(",task_ns,tasks,chunk,predicted_ns,measured_ns,error,"
          "cells,from_workers\n",
          f);
    for (long k = 0; k < d->model_count; k++)
        for (long i = 0; i < d->models[k].cells; i++)
            if (d->models[k].held_out[i])
                put_cell(d, "cell", d->models[k].cell[i], model_prediction(d, &d->models[k], i),
                         d->models[k].workers, f);
    put_larger(d, f);
    for (long k = 0; k < d->model_count; k++) {
        if (!d->models[k].errors.count)
            continue;
        fputs("median_of_series,", f);
        derive_put_series(d, d->models[k].cell[0], f);
        put_errors(d->models[k].errors, f);
    }
    struct larger_test larger = larger_test(d);
    if (larger.errors.count)
        put_all(d, "median_of_larger_teams", larger.errors, f);
    put_all(d, "median_of_all", models_errors(d), f);
    return 0;
}
