/* SPDX-License-Identifier: MIT
 *
 * figures_length: efficiency against the length of a task, as shares.csv has it, and where half and
 * nine tenths of the time are work, as metg.csv has it.
 */
#include "sketch.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "words.h"

static const struct who *const sides[] = { &who_threads, &who_processes, &who_stealing,
                                           &who_pipes };
enum { SIDES = sizeof sides / sizeof *sides };
static const int levels[] = { 50, 90 }; /* per cent */

/* ---- what it says ---------------------------------------------------------------------------- */

static void say_shortest(char out[96], const struct shortest *s)
{
    char time[WORD];
    switch (s->kind) {
    case SHORTEST_AT:
        snprintf(out, 96, "from %.32s on", words_time(time, s->ns, 2));
        break;
    case SHORTEST_BELOW:
        snprintf(out, 96, "below %.32s already", words_time(time, s->ns, 2));
        break;
    case SHORTEST_NEVER:
        snprintf(out, 96, "nowhere (at most %.0f%% useful)", 100 * s->efficiency);
        break;
    default:
        snprintf(out, 96, "from a length on that is not known");
    }
}

/* Stealing is another schedule than the two above have: it stands apart. */
static void say_stealing(struct figure *f, const struct shortest *s)
{
    char how[96];
    size_t used = strlen(f->title);
    if (!shortest_is_known(s))
        return;
    say_shortest(how, s);
    snprintf(f->title + used, sizeof f->title - used, "; stealing %.60s", how);
}

static void say_lengths(struct figure *f, const struct answer *v, double workers)
{
    const struct shortest *t = &v->threads.shortest, *p = &v->processes.shortest;
    char a[96], b[96];
    /* One word for all of them; the tiles say which is in doubt, and why. */
    const char *hedge = t->doubt || p->doubt || v->stealing.doubt ? "seem to pay off" : "pay off";
    say_shortest(a, t);
    say_shortest(b, p);
    if (workers <= 1)
        snprintf(f->title, sizeof f->title,
                 "One worker gains nothing: this is what handing out costs");
    else if (!shortest_is_known(t) && !shortest_is_known(p))
        snprintf(f->title, sizeof f->title, "Efficiency by task length");
    else if (!shortest_is_known(t) || !shortest_is_known(p))
        snprintf(f->title, sizeof f->title, "%s %s %s",
                 shortest_is_known(t) ? "Threads" : "Processes", hedge,
                 shortest_is_known(t) ? a : b);
    else if (t->kind == p->kind && t->kind != SHORTEST_AT)
        snprintf(f->title, sizeof f->title, "Both %s %s", hedge, a);
    else {
        snprintf(f->title, sizeof f->title, "Threads %s %.60s, processes %.60s", hedge, a, b);
        say_stealing(f, &v->stealing);
    }
}

/* "threads 50 ns (41 to 208), pipes 15 µs": METG as the literature counts it. */
static void note_metg(struct figure *f, const struct reading *r)
{
    const char *comma = " Half of the time is work at METG(50%), the CPU time of a task with all "
                        "that was spent on it, twice its work: ";
    for (int k = 0; k < SIDES; k++) {
        struct estimate e = worthwhile_of(r, sides[k]->backend, sides[k]->schedule, 50);
        char mid[WORD], low[WORD], high[WORD];
        if (!(e.mid > 0))
            continue;
        sketch_note(f, "%s%s %s", comma, sides[k]->series.label, words_time(mid, 2 * e.mid, 2));
        if (!isnan(e.low))
            sketch_note(f, " (%s to %s)", words_time(low, 2 * e.low, 2),
                        words_time(high, 2 * e.high, 2));
        comma = ", ";
    }
    if (*comma == ',')
        sketch_note(f, ".");
}

/* ---- the curve ------------------------------------------------------------------------------- */

/* Add a series: of every length the smallest chunk, which shares.csv has first. */
static int gather_shares(struct figure *f, const struct reading *r, const struct who *who,
                         double workers)
{
    const struct csv *t = r->shares;
    int s = sketch_series(f, &who->series);
    for (long i = -1; (i = reading_find(t, i + 1, who->backend, who->schedule)) >= 0;) {
        struct estimate e = reading_estimate(t, i, "efficiency", "");
        if (!sweep_has(reading_text(t, i, "sweep"), "length") || isnan(e.mid) ||
            reading_value(t, i, "workers") != workers)
            continue;
        struct figure_row *row = figure_row(f, reading_work(r, reading_value(t, i, "task_ns")));
        if (!row)
            return -ENOMEM;
        if (isnan(row->y[s].mid))
            row->y[s] = e;
    }
    return 0;
}

static struct estimate between(const struct estimate *a, const struct estimate *b, double share)
{
    return (struct estimate){ a->mid + share * (b->mid - a->mid),
                              a->low + share * (b->low - a->low),
                              a->high + share * (b->high - a->high) };
}

/* Between two points the fit of METG is linear in one over the CPU time of a task, so that
 * efficiency is no straight line over its work: the way between them in steps, in a column of its
 * own. */
static int add_curve(struct figure *f, int side, int column)
{
    enum { STEPS = 6 };
    struct {
        double work;
        struct estimate e;
    } point[64];
    int n = 0;
    for (long i = 0; i < f->rows && n < 64; i++)
        if (f->row[i].y[side].mid > 0) {
            point[n].work = f->row[i].x;
            point[n++].e = f->row[i].y[side];
        }
    for (int i = 0; i < n; i++)
        for (int k = 0; k < (i + 1 < n ? STEPS : 1); k++) {
            const struct estimate *a = &point[i].e, *b = &point[i + (k > 0)].e;
            double share = (double)k / STEPS, from = a->mid / point[i].work;
            double to = b->mid / point[i + (k > 0)].work;
            struct estimate e = between(a, b, share);
            struct figure_row *row =
                figure_row(f, k ? e.mid / (from + share * (to - from)) : point[i].work);
            if (!row)
                return -ENOMEM;
            row->y[column] = e;
        }
    return 0;
}

/* ---- where it crosses ------------------------------------------------------------------------ */

static void mark_crossings(struct figure *f, const struct reading *r)
{
    for (int k = 0; k < SIDES; k++)
        for (int i = 0; i < 2; i++) {
            const struct who *w = sides[k];
            struct estimate e = worthwhile_of(r, w->backend, w->schedule, levels[i]);
            char height[WORD];
            if (!(e.mid > 0))
                continue;
            snprintf(height, sizeof height, "%g", levels[i] / 100.0);
            figure_mark(f, "point", e.mid, levels[i] / 100.0, w->series.key, NULL);
            if (!isnan(e.low))
                figure_mark(f, "span", fmax(e.low, f->frame.x0), fmin(e.high, f->frame.x1),
                            w->series.key, height);
        }
}

/* Beside the dropped line or above its end: the nearest to its foot that is free. */
static int label_crossing(struct figure *f, const struct estimate *e, const char *series)
{
    enum { STEPS = 32 };
    struct place places[STEPS * 2];
    char text[WORD];
    int n = 0;
    double x = frame_x(&f->frame, e->mid), end = frame_y(&f->frame, 0.5) + 24;
    for (double y = f->frame.bottom + 11; y < end && n < STEPS * 2; y += 5) {
        places[n++] = (struct place){ "start", x + 5, y };
        places[n++] = (struct place){ "end", x - 5, y };
    }
    return figure_place(f, places, n, series, words_time(text, e->mid, 2));
}

/* A line down from each side's crossing of one half, and its length; of all lengths or of none: one
 * alone would look like the only one. */
static void drop_crossings(struct figure *f, const struct reading *r)
{
    struct estimate e[SIDES];
    int all = 1;
    for (int k = 0; k < SIDES; k++) {
        e[k] = worthwhile_of(r, sides[k]->backend, sides[k]->schedule, 50);
        if (e[k].mid > 0)
            figure_mark(f, "drop", e[k].mid, 0.5, sides[k]->series.key, NULL);
    }
    int before = f->marks;
    for (int k = SIDES - 1; k >= 0; k--)
        if (e[k].mid > 0 && !(k == 1 && e[0].mid > 0 && fabs(log(e[0].mid / e[1].mid)) < 0.1))
            all &= label_crossing(f, &e[k], sides[k]->series.key);
    if (!all)
        f->marks = before;
}

/* ---- the figure ------------------------------------------------------------------------------ */

/* Of the medians: what is drawn of a noisy run's bands may leave the figure, its curves may not. */
static double highest(const struct figure *f)
{
    double most = 0;
    for (long i = 0; i < f->rows; i++)
        for (int s = 0; s < f->series_count; s++)
            most = fmax(most, f->row[i].y[s].mid);
    return most;
}

int length_figure(struct figure *f, const struct reading *r, const struct answer *v)
{
    struct want want = { .sweep = "length" };
    const struct cell_row *like = sketch_first(r, want);
    *f = (struct figure){ .name = "length",
                          .script = "length",
                          .title = "From what task length",
                          .x_column = "work_ns",
                          .x_head = "work of one task",
                          .x_unit = UNIT_TIME,
                          .y_unit = UNIT_SHARE };
    if (!like) {
        sketch_absent(f, r, "length");
        return 0;
    }
    for (int k = 0; k < SIDES; k++)
        if (gather_shares(f, r, sides[k], like->workers))
            return -ENOMEM;
    static const struct figure_series curves[SIDES] = { { "threads_curve", "" },
                                                        { "processes_curve", "" },
                                                        { "steal_curve", "" },
                                                        { "pipes_curve", "" } };
    for (int k = 0; k < SIDES; k++)
        if (add_curve(f, k, sketch_series(f, &curves[k])))
            return -ENOMEM;
    if (!f->rows) {
        snprintf(f->absent, sizeof f->absent,
                 "Not drawn: what a task takes without hand-out was not measured.");
        return 0;
    }
    char workers[WORD];
    snprintf(f->subtitle, sizeof f->subtitle,
             "Share of the workers' time that is work, one task at a time, %s; the hollow marks at "
             "50%% and 90%% are where the blocks cross these, by their median.",
             words_plural(workers, like->workers, "worker"));
    sketch_end_subtitle(f, "Bands and bars");
    sketch_note(f, "Dots are measured; the line between them is computed, by the fit of METG.");
    double low, high;
    figure_extent(f, &low, &high);
    sketch_frame(f, 1, 0);
    sketch_name_y(f, "work");
    sketch_x_range(f, 1.25);
    f->frame.x0 /= 1.9; /* room for what is said of the shortest tasks */
    f->frame.y1 = fmax(fmin(fmax(1.06, high * 1.04), 1.25), 1.04 * highest(f));
    say_lengths(f, v, like->workers);
    note_metg(f, r);
    figure_label_ends(f);
    figure_mark(f, "level", 0, 0.5, "good", NULL);
    mark_crossings(f, r);
    drop_crossings(f, r);
    struct place places[] = { { "start", f->frame.left + 8, frame_y(&f->frame, 1) - 4 },
                              { "start", f->frame.left + 8, frame_y(&f->frame, 0.5) + 12 },
                              { "end", f->frame.right - 4, frame_y(&f->frame, 0.5) + 12 } };
    figure_place(f, places, 3, "good", "half or more is work");
    return 0;
}
