/* SPDX-License-Identifier: MIT */
#include "sketch.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "words.h"

/* ---- start-up -------------------------------------------------------------------------------- */

static void say_startup(struct figure *f, const struct answer *v)
{
    const struct figure_row *row = NULL;
    char t[WORD], p[WORD], workers[WORD];
    for (long i = 0; i < f->rows; i++) {
        const struct figure_row *c = &f->row[i];
        if (isnan(c->y[0].mid) || isnan(c->y[1].mid))
            continue;
        if (!row || isnan(v->effective) || c->x <= v->effective)
            row = c;
    }
    if (row)
        snprintf(f->title, sizeof f->title, "Starting %.30s %s %.20s as %s, %.20s as %s",
                 words_plural(workers, row->x, "worker"),
                 sketch_has_intervals(f) ? "takes" : "seems to take",
                 words_time(t, row->y[0].mid, 2), row->x == 1 ? "a thread" : "threads",
                 words_time(p, row->y[1].mid, 2), row->x == 1 ? "a process" : "processes");
    else
        snprintf(f->title, sizeof f->title, "What starting a team takes");
}

int startup_figure(struct figure *f, const struct reading *r, const struct answer *v)
{
    struct want want = { .sweep = "startup" };
    *f = (struct figure){ .name = "startup",
                          .script = "startup",
                          .title = "What starting a team takes",
                          .x_column = "workers",
                          .x_head = "workers",
                          .y_unit = UNIT_TIME };
    if (sketch_gather(f, r, &who_threads, want, by_workers, the_opening) ||
        sketch_gather(f, r, &who_processes, want, by_workers, the_opening) ||
        sketch_gather(f, r, &who_pipes, want, by_workers, the_opening))
        return -ENOMEM;
    if (!f->rows) {
        sketch_absent(f, r, "startup");
        return 0;
    }
    snprintf(f->subtitle, sizeof f->subtitle,
             "From asking for a team until every worker is ready; a team that is kept pays once.");
    sketch_end_subtitle(f, "Bands");
    sketch_frame(f, 0, 1);
    sketch_name_y(f, "time until all are ready");
    sketch_x_range(f, fmax(0.3, f->row[f->rows - 1].x * 0.04));
    sketch_log_y_range(f);
    say_startup(f, v);
    figure_label_ends(f);
    return 0;
}

/* ---- by thread, fork and spawn, from a caller of some size ----------------------------------- */

static const struct who launches[] = {
    { { "threads", "threads" }, "pthread", "dynamic", "thread" },
    { { "processes", "fork" }, "pool", "dynamic", "fork" },
    { { "spawn", "spawn" }, "pool", "dynamic", "spawn" },
};
enum { BY_THREAD, BY_FORK, BY_SPAWN, LAUNCHES };

static void say_launch(struct figure *f)
{
    const struct figure_row *first = &f->row[0], *last = &f->row[f->rows - 1];
    const struct estimate *small = &first->y[BY_FORK], *large = &last->y[BY_FORK];
    const struct estimate *spawn = &last->y[BY_SPAWN];
    char a[WORD], b[WORD], size[WORD];
    words_size(size, last->x * 1024 * 1024);
    if (isnan(large->mid))
        snprintf(f->title, sizeof f->title, "What the caller's memory does to starting workers");
    else if (isnan(large->low) || isnan(small->low) || f->rows == 1)
        snprintf(f->title, sizeof f->title, "From a caller of %s, fork %s %s", size,
                 isnan(large->low) ? "seems to take" : "takes", words_time(a, large->mid, 2));
    else if (!(large->low > small->high))
        snprintf(f->title, sizeof f->title,
                 "Up to %s in the caller, fork does not get slower for it", size);
    else if (sketch_apart(large, spawn))
        snprintf(f->title, sizeof f->title, "From a caller of %s, fork takes %s, spawn %s", size,
                 words_time(a, large->mid, 2), words_time(b, spawn->mid, 2));
    else
        snprintf(f->title, sizeof f->title, "With %s in the caller, fork takes %s times as long",
                 size, words_factor(a, large->mid / small->mid));
}

/* Is a point missing that others of the sweep have, or that was planned? */
static int has_gaps(const struct figure *f, const struct reading *r)
{
    for (long i = 0; i < f->rows; i++)
        for (int k = 0; k < LAUNCHES; k++)
            if (figure_has(f, k) && isnan(f->row[i].y[k].mid))
                return 1;
    return sketch_was_dropped(r, "launch");
}

int launch_figure(struct figure *f, const struct reading *r)
{
    struct want want = { .sweep = "launch" };
    const struct cell_row *like = sketch_first(r, want);
    *f = (struct figure){ .name = "launch",
                          .script = "launch",
                          .title = "Starting workers from a large caller",
                          .x_column = "ballast_mib",
                          .x_head = "memory, MiB",
                          .y_unit = UNIT_TIME };
    for (int k = 0; k < LAUNCHES; k++)
        if (sketch_gather(f, r, &launches[k], want, by_ballast, the_opening))
            return -ENOMEM;
    if (!f->rows || !like) {
        sketch_absent(f, r, "launch");
        return 0;
    }
    char workers[WORD];
    snprintf(f->subtitle, sizeof f->subtitle,
             "Time until %s are ready, by the memory that the caller had touched before. Fork "
             "copies its page tables; spawn starts a program afresh.%s",
             words_plural(workers, like->workers, "worker"),
             has_gaps(f, r) ? " A missing point was left out or failed." : "");
    sketch_end_subtitle(f, "Bands");
    sketch_frame(f, 0, 1);
    sketch_name_y(f, "time until all are ready");
    sketch_x_range(f, fmax(16, f->row[f->rows - 1].x * 0.04));
    sketch_log_y_range(f);
    say_launch(f);
    figure_label_ends(f);
    return 0;
}
