/* SPDX-License-Identifier: MIT
 *
 * figures_team: what isolation costs and what it spares: threads and processes over shared memory
 * and pipes, tasks that fight for something, tasks with a payload.
 */
#include "sketch.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "words.h"

static const struct estimate unknown = { NAN, NAN, NAN };

/* ---- threads and processes, shared memory and pipes ------------------------------------------ */

static const struct way {
    struct figure_series series;
    const char *backend;
} ways[] = {
    { { "threads", "threads, memory" }, "pthread" },
    { { "processes", "processes, memory" }, "pool" },
    { { "tpipes", "threads, pipes" }, "pthread_pipe" },
    { { "pipes", "processes, pipes" }, "pipe" },
};
enum { WAYS = sizeof ways / sizeof *ways, MATRIX_LENGTHS = 3 };

/* Was there anything to compare with?  (The cell of pipes may be in another sweep as well, and be
 * there where the others were left out.) */
static int has_threads(const struct reading *r, double task_ns)
{
    struct want want = { .sweep = "matrix", .backend = ways[0].backend, .task_ns = task_ns };
    return sketch_first(r, want) != NULL;
}

/* A row for each way at the I-th length: its time is in its own column, for its look. */
static int gather_way(struct figure *f, const struct reading *r, int i, double task_ns, int way)
{
    struct want want = { .sweep = "matrix", .backend = ways[way].backend, .task_ns = task_ns };
    const struct cell_row *c = sketch_first(r, want);
    char time[WORD];
    if (!c)
        return 0;
    struct figure_row *row = figure_row(f, (double)(i * WAYS + way));
    if (!row)
        return -ENOMEM;
    snprintf(row->group, sizeof row->group, "tasks of %.20s", words_time(time, task_ns, 2));
    snprintf(row->name, sizeof row->name, "%s", ways[way].series.label);
    row->y[way] = per_task(c);
    return 0;
}

/* The time of WAY in the group that row FIRST begins. */
static struct estimate way_at(const struct figure *f, long first, int way)
{
    for (long i = first; i < f->rows && !strcmp(f->row[i].group, f->row[first].group); i++)
        if (!isnan(f->row[i].y[way].mid))
            return f->row[i].y[way];
    return unknown;
}

/* "takes 2.9 times as long", "makes no clear difference". */
static void say_change(char out[WORD], const struct estimate *from, const struct estimate *to)
{
    char word[WORD];
    if (isnan(from->low) || isnan(to->low))
        snprintf(out, WORD, "seem %s", words_slower(word, to->mid / from->mid));
    else if (!sketch_apart(from, to))
        snprintf(out, WORD, "make no clear difference");
    else
        snprintf(out, WORD, "are %s", words_slower(word, to->mid / from->mid));
}

static void say_matrix(struct figure *f)
{
    struct estimate memory = way_at(f, 0, 0), isolated = way_at(f, 0, 1), piped = way_at(f, 0, 2);
    char pipes[WORD], processes[WORD];
    if (isnan(memory.mid) || isnan(isolated.mid) || isnan(piped.mid))
        return;
    say_change(pipes, &memory, &piped);
    say_change(processes, &memory, &isolated);
    snprintf(f->title, sizeof f->title, "With %.30s pipes %.40s, processes %.40s", f->row[0].group,
             pipes, processes);
}

int matrix_figure(struct figure *f, const struct reading *r)
{
    double length[MATRIX_LENGTHS], low, high;
    int n = sketch_lengths(r, "matrix", length, MATRIX_LENGTHS);
    struct want want = { .sweep = "matrix" };
    const struct cell_row *like = sketch_first(r, want);
    *f = (struct figure){ .name = "matrix",
                          .script = "matrix",
                          .title = "Threads or processes, memory or pipes",
                          .x_column = "row",
                          .x_head = "workers",
                          .y_unit = UNIT_TIME };
    for (int k = 0; k < WAYS; k++)
        sketch_series(f, &ways[k].series);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < WAYS && has_threads(r, length[i]); k++)
            if (gather_way(f, r, i, length[i], k))
                return -ENOMEM;
    if (!f->rows || !like || !figure_extent(f, &low, &high)) {
        sketch_absent(f, r, "matrix");
        return 0;
    }
    sketch_close_up(f);
    char workers[WORD];
    snprintf(f->subtitle, sizeof f->subtitle,
             "Time per task with the same hand-out four times: what isolation costs, and what "
             "pipes. %s, chunk 1; further left is better.",
             words_plural(workers, like->workers, "worker"));
    sketch_end_subtitle(f, "Bars");
    sketch_rows_frame(f, 146, f->row[f->rows - 1].x);
    double grow = fmax(1.15, sqrt(5 * low / high));
    f->frame.x0 = low / grow;
    f->frame.x1 = high * grow;
    say_matrix(f);
    sketch_label_rows(f);
    return 0;
}

/* ---- what tasks may fight for ---------------------------------------------------------------- */

static const struct fight {
    const char *workload, *name, *in_title;
} fights[] = {
    { "memory", "memory bandwidth", "memory bandwidth" },
    { "alloc", "malloc and free", "the heap" },
    { "fault", "mapping memory", "the address space" },
    { "counter", "one counter", "one counter" },
};
enum { FIGHTS = sizeof fights / sizeof *fights };
enum { THREADS_FASTER, PROCESSES_FASTER, NEITHER };

static int column_of(const struct pair *p)
{
    return !strcmp(p->verdict, "slower")   ? THREADS_FASTER
           : !strcmp(p->verdict, "faster") ? PROCESSES_FASTER
                                           : NEITHER;
}

static int is_fight(const struct pair *p, const struct fight *fight)
{
    return !strcmp(p->workload, fight->workload) && !strcmp(p->a_backend, "omp") &&
           !strcmp(p->b_backend, "pool") && !strcmp(p->a_schedule, p->b_schedule) &&
           p->ratio.mid > 0;
}

/* "memory bandwidth, 64 KiB": what tells the pairs of a workload apart. */
static void name_fight(char out[32], const struct fight *fight, const struct pair *p)
{
    char bytes[WORD];
    if (*p->variant)
        snprintf(out, 32, "%.20s (%.8s)", fight->name, p->variant);
    else if (p->payload_bytes > 0)
        snprintf(out, 32, "%.20s (%.8s)", fight->name, words_size(bytes, p->payload_bytes));
    else
        snprintf(out, 32, "%s", fight->name);
}

static int gather_fights(struct figure *f, const struct reading *r, double *margin)
{
    for (int k = 0; k < FIGHTS; k++)
        for (long i = 0; i < r->pairs; i++) {
            const struct pair *p = &r->pair[i];
            if (!is_fight(p, &fights[k]))
                continue;
            struct figure_row *row = figure_row(f, (double)f->rows + 1);
            if (!row)
                return -ENOMEM;
            name_fight(row->name, &fights[k], p);
            row->y[column_of(p)] = p->ratio;
            *margin = fmax(*margin, p->margin > 0 ? p->margin : 0);
        }
    return 0;
}

static double far(const struct estimate *e)
{
    return isnan(e->mid) ? 0 : fabs(log(e->mid));
}

static const char *fight_of(const struct figure_row *row)
{
    int k = 0;
    while (strncmp(row->name, fights[k].name, strlen(fights[k].name)) && k < FIGHTS - 1)
        k++;
    return fights[k].in_title;
}

/* The widest difference that is one. */
static void say_contention(struct figure *f)
{
    const struct figure_row *most = NULL;
    char word[WORD];
    int side = NEITHER;
    for (long i = 0; i < f->rows; i++)
        for (int s = 0; s < NEITHER; s++)
            if (far(&f->row[i].y[s]) > (most ? far(&most->y[side]) : 0)) {
                most = &f->row[i];
                side = s;
            }
    if (!most && !sketch_has_intervals(f))
        snprintf(f->title, sizeof f->title, "Tasks that fight: too few blocks to tell who suffers");
    else if (!most)
        snprintf(f->title, sizeof f->title,
                 "Nothing that tasks may fight for separates threads from processes here");
    else
        snprintf(f->title, sizeof f->title, "Fighting for %s, processes are %s", fight_of(most),
                 words_slower(word, most->y[side].mid));
}

static void label_contention(struct figure *f, double margin)
{
    const struct frame *fr = &f->frame;
    char text[WORD];
    figure_mark(f, "shade", 1 / (1 + margin), 1 + margin, "", NULL);
    sketch_label_rows(f);
    double y = fr->top + 12;
    snprintf(text, sizeof text, "grey: within %.0f%%", 100 * margin);
    figure_mark(f, "start", 1, y, "serial", text);
    figure_mark(f, "end", frame_x(fr, 1) - 14, y, "processes", "processes faster");
    figure_mark(f, "start", frame_x(fr, 1) + 14, y, "threads", "threads faster");
}

int contention_figure(struct figure *f, const struct reading *r)
{
    static const struct figure_series columns[] = { { "threads", "threads faster" },
                                                    { "processes", "processes faster" },
                                                    { "neither", "no clear difference" } };
    double margin = 0, low, high;
    *f = (struct figure){ .name = "contention",
                          .script = "contention",
                          .title = "Tasks that fight for something",
                          .x_column = "row",
                          .x_head = "what tasks fight for",
                          .y_unit = UNIT_FACTOR };
    for (int k = 0; k < 3; k++)
        sketch_series(f, &columns[k]);
    if (gather_fights(f, r, &margin))
        return -ENOMEM;
    if (!figure_extent(f, &low, &high)) {
        sketch_absent(f, r, "contention");
        return 0;
    }
    margin = margin > 0 ? margin : 0.03;
    snprintf(f->subtitle, sizeof f->subtitle,
             "Time of processes over time of threads, block by block, with all workers at it. "
             "Within the grey band this run cannot tell them apart.");
    sketch_end_subtitle(f, "Bars");
    sketch_rows_frame(f, 220, (double)f->rows);
    f->frame.log_x = 1;
    double reach = fmax(fmax(high, 1 / low), 1 + margin);
    f->frame.x1 = fmax(1.25, pow(reach, 1.15));
    f->frame.x0 = 1 / f->frame.x1;
    say_contention(f);
    label_contention(f, margin);
    return 0;
}

/* ---- payload --------------------------------------------------------------------------------- */

static void say_payload(struct figure *f)
{
    const struct figure_row *last = &f->row[f->rows - 1];
    const struct estimate *t = &last->y[0], *p = &last->y[1], *q = &last->y[2];
    char size[WORD], a[WORD], b[WORD];
    words_size(size, last->x);
    if (isnan(t->mid) || isnan(q->mid))
        return;
    say_change(a, t, q);
    say_change(b, t, p);
    if (isnan(p->mid))
        snprintf(f->title, sizeof f->title, "With %.16s in and out, pipes %.40s", size, a);
    else
        snprintf(f->title, sizeof f->title,
                 "With %.16s in and out, pipes %.40s; processes over memory %.40s", size, a, b);
}

int payload_figure(struct figure *f, const struct reading *r, double task_ns)
{
    struct want want = { .sweep = "payload", .task_ns = task_ns };
    const struct cell_row *like = sketch_first(r, want);
    char time[WORD], workers[WORD];
    *f = (struct figure){ .name = "payload",
                          .script = "payload",
                          .title = "Tasks with a payload",
                          .x_column = "payload_bytes",
                          .x_head = "bytes in and out",
                          .y_unit = UNIT_TIME };
    if (!like) {
        sketch_absent(f, r, "payload");
        return 0;
    }
    sketch_name(f, "payload", task_ns);
    if (sketch_gather(f, r, &who_threads, want, by_payload, per_task) ||
        sketch_gather(f, r, &who_processes, want, by_payload, per_task) ||
        sketch_gather(f, r, &who_pipes, want, by_payload, per_task))
        return -ENOMEM;
    if (!f->rows) {
        sketch_absent(f, r, "payload");
        return 0;
    }
    snprintf(f->subtitle, sizeof f->subtitle,
             "Time per task of %s, %s, chunk %.0f, by what it reads and writes: in place, or sent "
             "through pipes.",
             words_time(time, task_ns, 2), words_plural(workers, like->workers, "worker"),
             like->chunk);
    sketch_end_subtitle(f, "Bands");
    sketch_frame(f, 1, 1);
    sketch_name_y(f, "time per task");
    sketch_x_range(f, 1.3);
    sketch_log_y_range(f);
    say_payload(f);
    figure_label_ends(f);
    return 0;
}
