/* SPDX-License-Identifier: MIT
 *
 * prediction.csv: the model put to the test.  A row for every cell that was held out of the fit;
 * then a row per series and one for all with the median of their errors without signs.
 */
#include "derive.h"

#include <math.h>

#include "model.h"

static void put_held(struct derivation *d, const struct model *m, long i, FILE *f)
{
    const struct cell *c = m->cell[i];
    double predicted = model_prediction(d, m, i), measured = derive_middle(d, c).wall;
    fputs("cell,", f);
    derive_put_series(d, c, f);
    derive_put(f, c->task_ns);
    derive_put(f, c->tasks);
    derive_put(f, c->chunk);
    derive_put(f, predicted);
    derive_put(f, measured);
    derive_put(f, predicted / measured - 1);
    fputs(",1\n", f);
}

static void put_errors(struct errors errors, FILE *f)
{
    fputs(",,,,,", f);
    derive_put(f, errors.half);
    fprintf(f, ",%ld\n", errors.count);
}

int prediction_put(struct derivation *d, FILE *f)
{
    fputs("row,", f);
    derive_put_series_names(f);
    fputs(",task_ns,tasks,chunk,predicted_ns,measured_ns,error,"
          "cells\n",
          f);
    for (long k = 0; k < d->model_count; k++)
        for (long i = 0; i < d->models[k].cells; i++)
            if (d->models[k].held_out[i])
                put_held(d, &d->models[k], i, f);
    for (long k = 0; k < d->model_count; k++) {
        if (!d->models[k].errors.count)
            continue;
        fputs("median_of_series,", f);
        derive_put_series(d, d->models[k].cell[0], f);
        put_errors(d->models[k].errors, f);
    }
    fputs("median_of_all", f);
    for (int i = 0; i < d->series.count; i++)
        fputc(',', f);
    put_errors(models_errors(d), f);
    return 0;
}
