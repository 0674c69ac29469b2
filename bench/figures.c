/* SPDX-License-Identifier: MIT */
#include "figures.h"

#include <errno.h>

#include "sketch.h"

enum { LENGTHS = 4 }; /* figures of one kind, a task length each */

/* One figure of MAKE for each task length of SWEEP; one that says why where there is none. */
static int each_length(struct figures *fs, const struct reading *r, const char *sweep,
                       int make(struct figure *, const struct reading *, double))
{
    double length[LENGTHS] = { 0 };
    int n = sketch_lengths(r, sweep, length, LENGTHS), error = 0;
    for (int i = 0; i < (n ? n : 1); i++)
        error |= make(&fs->figure[fs->count++], r, length[i]);
    return error;
}

int figures_compute(const struct reading *r, const struct answer *v, struct figures *fs)
{
    int error = 0;
    *fs = (struct figures){ 0 };
    error |= speedup_figure(&fs->figure[fs->count++], r, v);
    error |= length_figure(&fs->figure[fs->count++], r, v);
    error |= each_length(fs, r, "chunk", chunk_figure);
    error |= startup_figure(&fs->figure[fs->count++], r, v);
    error |= launch_figure(&fs->figure[fs->count++], r);
    error |= where_figure(&fs->figure[fs->count++], r);
    error |= samples_figure(&fs->figure[fs->count++], r, v);
    error |= timeline_figure(&fs->figure[fs->count++], r);
    error |= matrix_figure(&fs->figure[fs->count++], r);
    error |= contention_figure(&fs->figure[fs->count++], r);
    error |= each_length(fs, r, "payload", payload_figure);
    error |= map_figure(&fs->figure[fs->count++], r, &who_processes);
    error |= map_figure(&fs->figure[fs->count++], r, &who_pipes);
    error |= schedules_figure(&fs->figure[fs->count++], r);
    error |= lock_figure(&fs->figure[fs->count++], r);
    error |= nap_figure(&fs->figure[fs->count++], r);
    error |= answer_figure(&fs->figure[fs->count++], r);
    error |= interval_figure(&fs->figure[fs->count++], r);
    error |= held_figure(&fs->figure[fs->count++], r);
    error |= lesson_figure(&fs->figure[fs->count++], r);
    error |= peers_figure(&fs->figure[fs->count++], r);
    if (error)
        figures_free(fs);
    return error ? -ENOMEM : 0;
}

void figures_free(struct figures *fs)
{
    for (int i = 0; i < fs->count; i++)
        figure_free(&fs->figure[i]);
    fs->count = 0;
}

int figures_write(const struct figures *fs, const char *dir, struct why *w)
{
    for (int i = 0; i < fs->count; i++) {
        int error = figure_write(&fs->figure[i], dir, w);
        if (error)
            return error;
    }
    return 0;
}
