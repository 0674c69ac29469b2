/* SPDX-License-Identifier: MIT
 *
 * figures_timeline: who worked when, in one traced sample each of a job dealt in advance and of one
 * whose chunks are taken on demand.  A lane per worker; above a number that can be told apart,
 * neighbours share one, and its height is the share of them at work.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "figures.h"
#include "record.h"
#include "words.h"

enum { MOST_LANES = 32, MOST_BOXES = 2500, BINS = 160, MOST_NAMES = 8, MOST_WORKERS = 4096 };
#define UNLIKE 1.25 /* so many times the median, or so much less: not like most samples */

enum { WIDTH = 480, LEFT = 88, RIGHT = 454, BOTTOM = 53, HEADING = 24 }; /* pixels */

/* A row of trace.csv. */
struct span {
    int worker;
    double begin, end, tasks;
};

/* What a lane, or a worker, did.  Times in ns; NAN: nothing. */
struct share {
    double busy, tasks, first, last;
};

struct timeline {
    struct record record;
    char *line; /* what its texts point into */
    struct span *span;
    long spans;
    double end, missing; /* of the job, ns; tasks that the log had no room for */
    double over_median;  /* how long it took, over the median of its cell's samples */
    struct share *worker;
};

/* The two, as the figure has them from above. */
static const struct way {
    const char *schedule, *group, *heading;
} ways[] = {
    { "static", "dealt in advance", "dealt in advance (static)" },
    { "dynamic", "taken on demand", "taken on demand (dynamic)" },
};
enum { WAYS = 2 };

/* ---- reading --------------------------------------------------------------------------------- */

static int same_launch(const struct csv *a, long i, const struct csv *b, long k)
{
    return reading_value(a, i, "block") == reading_value(b, k, "block") &&
           reading_value(a, i, "seq") == reading_value(b, k, "seq");
}

/* The plan's line of the cell that row FIRST of the trace belongs to.  Returns 1, or 0: there is
 * none. */
static int take_line(struct timeline *t, const struct reading *r, long first)
{
    for (long i = 0; r->status && i < r->status->rows; i++) {
        if (!same_launch(r->trace, first, r->status, i))
            continue;
        t->line = strdup(csv_cell(r->status, i, csv_column(r->status, "line")));
        return t->line && !record_line(&t->record, t->line, NULL);
    }
    return 0;
}

static int is_like(const struct record *a, const struct record *b)
{
    return !strcmp(a->workload, b->workload) && !strcmp(a->variant, b->variant) &&
           a->tasks == b->tasks && a->task_ns == b->task_ns && a->workers == b->workers;
}

static void close_timeline(struct timeline *t)
{
    free(t->line);
    free(t->span);
    free(t->worker);
    *t = (struct timeline){ 0 };
}

/* Rows FIRST to LAST of the trace; what is no span of a worker of this cell is left out. */
static int take_spans(struct timeline *t, const struct csv *trace, long first, long last)
{
    t->span = calloc((size_t)(last - first), sizeof *t->span);
    t->worker = calloc((size_t)t->record.workers, sizeof *t->worker);
    if (!t->span || !t->worker)
        return -ENOMEM;
    for (int64_t w = 0; w < t->record.workers; w++)
        t->worker[w] = (struct share){ .first = NAN, .last = NAN };
    for (long i = first; i < last; i++) {
        double worker = reading_value(trace, i, "worker"), tasks = reading_value(trace, i, "tasks");
        double begin = reading_value(trace, i, "begin_ns"), end = reading_value(trace, i, "end_ns");
        if (!(worker >= 0 && worker < (double)t->record.workers && tasks > 0))
            continue;
        if (!(begin >= 0 && end >= begin)) {
            t->missing += tasks;
            continue;
        }
        struct share *s = &t->worker[(int)worker];
        t->span[t->spans++] = (struct span){ (int)worker, begin, end, tasks };
        t->end = fmax(t->end, end);
        s->busy += end - begin;
        s->tasks += tasks;
        s->first = fmin(s->first, begin);
        s->last = fmax(s->last, end);
    }
    return 0;
}

/* How long T took over the median of its cell; NAN: that is not known. */
static double over_median(const struct timeline *t, const struct reading *r)
{
    const struct record *a = &t->record;
    const struct want want = { .backend = a->backend,
                               .schedule = a->schedule,
                               .workload = a->workload,
                               .variant = a->variant,
                               .task_ns = (double)a->task_ns };
    for (long i = 0; i < r->cells; i++) {
        const struct cell_row *c = &r->cell[i];
        if (cell_fits(c, &want) && c->tasks == (double)a->tasks &&
            c->workers == (double)a->workers && c->chunk == (double)a->chunk)
            return t->end / c->time.mid;
    }
    return NAN;
}

/* Rows FIRST to LAST, which one launch of a cell left, if they are of the threads under SCHEDULE
 * and of the same work as LIKE (NULL: any).  Else T has no spans.  Returns 0 or -ENOMEM. */
static int take_launch(struct timeline *t, const struct reading *r, long first, long last,
                       const char *schedule, const struct record *like)
{
    *t = (struct timeline){ 0 };
    if (!take_line(t, r, first) || strcmp(t->record.backend, "omp") != 0 ||
        strcmp(t->record.schedule, schedule) != 0 || t->record.workers > MOST_WORKERS ||
        (like && !is_like(&t->record, like)))
        return 0;
    int error = take_spans(t, r->trace, first, last);
    t->over_median = error ? NAN : over_median(t, r);
    return error;
}

/* Of the traces of the threads under SCHEDULE, and of the work of the first or of LIKE, the one
 * that took about as long as most samples did.  Where there is none, T has no spans.  Returns 0 or
 * -ENOMEM. */
static int open_timeline(struct timeline *t, const struct reading *r, const char *schedule,
                         const struct record *like)
{
    const struct csv *trace = r->trace;
    int error = 0;
    for (long first = 0, last; trace && first < trace->rows && !error; first = last) {
        struct timeline other;
        for (last = first + 1; last < trace->rows; last++)
            if (!same_launch(trace, first, trace, last))
                break;
        error = take_launch(&other, r, first, last, schedule, t->spans ? &t->record : like);
        if (other.end > 0 &&
            (!t->spans || fabs(log(other.over_median)) < fabs(log(t->over_median)))) {
            struct timeline worse = *t;
            *t = other;
            other = worse;
        }
        close_timeline(&other);
    }
    return error;
}

/* ---- lanes ----------------------------------------------------------------------------------- */

/* Where the lanes of one of the two stand: the first row's y, in lanes, which grows downwards. */
struct lanes {
    int count, fold; /* lanes; workers in each */
    double first, end_ns;
};

static int lane_workers(const struct timeline *t, const struct lanes *l, int lane)
{
    int left = (int)t->record.workers - lane * l->fold;
    return left < l->fold ? left : l->fold;
}

static int add_row(struct figure *f, const struct timeline *t, const struct lanes *l, int lane,
                   const char *group)
{
    struct figure_row *row = figure_row(f, l->first + lane);
    struct share sum = { .first = NAN, .last = NAN };
    int count = lane_workers(t, l, lane), from = lane * l->fold;
    if (!row)
        return -ENOMEM;
    for (int w = from; w < from + count; w++) {
        sum.busy += t->worker[w].busy;
        sum.tasks += t->worker[w].tasks;
        sum.first = fmin(sum.first, t->worker[w].first);
        sum.last = fmax(sum.last, t->worker[w].last);
    }
    snprintf(row->group, sizeof row->group, "%s", group);
    if (count == 1)
        snprintf(row->name, sizeof row->name, "worker %d", from);
    else
        snprintf(row->name, sizeof row->name, "workers %d to %d", from, from + count - 1);
    row->y[0].mid = sum.busy / (count * t->end);
    row->y[1].mid = sum.tasks;
    row->y[2].mid = sum.first;
    row->y[3].mid = sum.last;
    return 0;
}

/* One worker's chunks, a box each.  What is too narrow to be seen joins its neighbour: LEAST is the
 * least width of a box, and a quarter of it the least gap. */
static int add_chunks(struct figure *f, const struct timeline *t, int worker, double row,
                      double least)
{
    struct figure_box box = { .row = row, .height = 1 };
    int open = 0, error = 0;
    for (long i = 0; i < t->spans && !error; i++) {
        const struct span *s = &t->span[i];
        if (s->worker != worker)
            continue;
        if (open && box.to_ns - box.from_ns < least && s->begin - box.to_ns < least / 4) {
            box.to_ns = s->end;
            continue;
        }
        if (open)
            error = figure_box(f, box);
        box.from_ns = s->begin;
        box.to_ns = s->end;
        box.shade = open && !box.shade;
        open = 1;
    }
    return error || !open ? error : figure_box(f, box);
}

/* Of workers FROM and on, COUNT of them, the share at work in each of BINS times. */
static int add_crowd(struct figure *f, const struct timeline *t, int from, int count, double row)
{
    double busy[BINS] = { 0 }, width = t->end / BINS;
    int error = 0;
    for (long i = 0; i < t->spans; i++) {
        const struct span *s = &t->span[i];
        if (s->worker < from || s->worker >= from + count)
            continue;
        for (int b = (int)(s->begin / width); b < BINS && b * width < s->end; b++)
            busy[b] += fmin(s->end, (b + 1) * width) - fmax(s->begin, b * width);
    }
    for (int b = 0, next; b < BINS && !error; b = next) {
        double height = round(busy[b] / (count * width) * 20) / 20;
        for (next = b + 1; next < BINS; next++)
            if (round(busy[next] / (count * width) * 20) / 20 != height)
                break;
        if (height > 0)
            error = figure_box(f, (struct figure_box){ row, b * width, next * width, height, 0 });
    }
    return error;
}

static int add_lanes(struct figure *f, const struct timeline *t, const struct lanes *l,
                     const char *group)
{
    double least = l->end_ns * fmax(2.0 / (RIGHT - LEFT), 2.0 * l->count / MOST_BOXES);
    int error = 0;
    for (int i = 0; i < l->count && !error; i++) {
        double row = l->first + i;
        error = add_row(f, t, l, i, group);
        if (!error)
            error = l->fold == 1 ? add_chunks(f, t, i, row, least)
                                 : add_crowd(f, t, i * l->fold, lane_workers(t, l, i), row);
    }
    return error;
}

/* ---- words ----------------------------------------------------------------------------------- */

/* The share of its time that the worker who waits most is without work. */
static double most_waiting(const struct timeline *t, int *who)
{
    double most = -1;
    for (int w = 0; w < t->record.workers; w++) {
        double waits = 1 - t->worker[w].busy / t->end;
        if (waits > most) {
            most = waits;
            *who = w;
        }
    }
    return most;
}

/* The one to tell by what was done: the upper. */
static const struct timeline *shown(const struct timeline *t)
{
    return t[0].spans ? &t[0] : &t[1];
}

static int is_unlike(const struct timeline *t)
{
    return t->spans && fabs(log(t->over_median)) > log(UNLIKE);
}

static void say_waiting(struct figure *f, const struct timeline *t)
{
    int who[WAYS] = { 0 };
    double waits[WAYS];
    for (int k = 0; k < WAYS; k++)
        waits[k] = t[k].spans ? 100 * most_waiting(&t[k], &who[k]) : NAN;
    if (t[0].missing + t[1].missing > 0 || is_unlike(&t[0]) || is_unlike(&t[1]))
        return; /* who waits, or waits as a rule, is not known */
    if (shown(t)->record.workers == 1)
        snprintf(f->title, sizeof f->title, "One worker has nobody to wait for");
    else if (isnan(waits[1]))
        snprintf(f->title, sizeof f->title, "Dealt in advance, worker %d waits %.0f%% of the time",
                 who[0], waits[0]);
    else if (isnan(waits[0]))
        snprintf(f->title, sizeof f->title, "Taken on demand, worker %d waits %.0f%% of the time",
                 who[1], waits[1]);
    else if (waits[0] > waits[1] + 2)
        snprintf(f->title, sizeof f->title,
                 "Dealt in advance, worker %d waits %.0f%% of the time; taken on demand, nobody "
                 "more than %.0f%%",
                 who[0], waits[0], ceil(waits[1]));
    else
        snprintf(f->title, sizeof f->title,
                 "Workers wait up to %.0f%% of the time when tasks are dealt in advance, %.0f%% "
                 "when taken on demand",
                 ceil(waits[0]), ceil(waits[1]));
}

static void say_conditions(struct figure *f, const struct timeline *t, int fold)
{
    const struct record *r = &shown(t)->record;
    char tasks[WORD], time[WORD], missing[WORD];
    double lost = t[0].missing + t[1].missing;
    int used = snprintf(
        f->subtitle, sizeof f->subtitle,
        "%s tasks of %s on average%s%.20s, threads: one more sample, traced, in no "
        "statistics. %s; empty: waiting.",
        words_count(tasks, (double)r->tasks), words_time(time, (double)r->task_ns, 2),
        *r->variant ? ", " : "", r->variant,
        fold > 1 ? "Height: the share at work" : "Light and dark blue in turn: chunks at work");
    for (int k = 0; k < WAYS; k++)
        if (is_unlike(&t[k])) {
            snprintf(f->subtitle + used, sizeof f->subtitle - (size_t)used,
                     " This %s sample took %s times its median: something disturbed it, or its "
                     "tasks are too short to be timed.",
                     ways[k].schedule, words_factor(time, t[k].over_median));
            return;
        }
    if (lost > 0)
        snprintf(f->subtitle + used, sizeof f->subtitle - (size_t)used,
                 " The log was full: %s tasks are missing.", words_count(missing, lost));
}

/* ---- the figure ------------------------------------------------------------------------------ */

/* When the job was done: beside the end of one of the two, where neither the heading nor the
 * other's line is in the way; in fewer words where that leaves no room. */
static void label_end(struct figure *f, const struct timeline *t, double y, double other)
{
    char text[WORD + 16], time[WORD];
    double own_x = frame_x(&f->frame, t->end), other_x = frame_x(&f->frame, other);
    struct place places[] = { { "end", fmax(own_x, other_x) - 6, y },
                              { "end", fmin(own_x, other_x) - 6, y },
                              { "start", own_x + 6, y } };
    words_time(time, t->end, 3);
    snprintf(text, sizeof text, "done after %s", time);
    if (!figure_place(f, places, 3, "ink", text))
        figure_place(f, places, 3, "ink", time);
}

/* The heading, the names of some lanes, the line at the job's end and what it says.  OTHER: when
 * the other job was done. */
static void label(struct figure *f, const struct timeline *t, const struct lanes *l,
                  const char *heading, double heading_rows, double other)
{
    const struct frame *fr = &f->frame;
    char text[WORD + 16];
    int step = (l->count + MOST_NAMES - 1) / MOST_NAMES;
    double y = frame_y(fr, l->first - 0.5 - heading_rows / 2);
    figure_mark(f, "start", LEFT, y, "ink", heading);
    figure_mark(f, "drop", t->end, l->first - 0.5, "ink", NULL);
    label_end(f, t, y, other);
    for (int i = 0; i < l->count; i += step) {
        snprintf(text, sizeof text, "worker %d", i * l->fold);
        figure_mark(f, "end", LEFT - 8, frame_y(fr, l->first + i), "serial", text);
    }
}

/* Both one above the other, on one axis of time. */
static int draw(struct figure *f, const struct timeline *t)
{
    int workers = (int)shown(t)->record.workers, error = 0;
    struct lanes l[WAYS] = { { 0 } };
    int fold = (workers + MOST_LANES - 1) / MOST_LANES, count = (workers + fold - 1) / fold;
    double pixels = count <= 4 ? 22 : count <= 8 ? 16 : count <= 16 ? 11 : 7; /* a lane */
    double heading = HEADING / pixels, at = 0, end = fmax(t[0].end, t[1].end);
    for (int k = 0; k < WAYS && !error; k++) {
        if (!t[k].spans)
            continue;
        l[k] = (struct lanes){ count, fold, at + heading + 0.5, end };
        at += heading + count + 0.3;
        error = add_lanes(f, &t[k], &l[k], ways[k].group);
    }
    double height = at * pixels;
    f->frame = (struct frame){ WIDTH, BOTTOM + height + 6, LEFT, RIGHT, BOTTOM, BOTTOM + height,
                               0,     end * 1.01,          at,   0,     0,      0 };
    for (int k = 0; k < WAYS; k++)
        if (t[k].spans)
            label(f, &t[k], &l[k], ways[k].heading, heading,
                  t[1 - k].spans ? t[1 - k].end : t[k].end);
    say_conditions(f, t, fold);
    return error;
}

int timeline_figure(struct figure *f, const struct reading *r)
{
    static const enum unit units[] = { UNIT_SHARE, UNIT_COUNT, UNIT_TIME, UNIT_TIME };
    struct timeline t[WAYS] = { { .line = NULL } };
    *f = (struct figure){ .name = "timeline",
                          .script = "timeline",
                          .title = "Who worked when",
                          .x_column = "row",
                          .x_head = "who",
                          .units = units,
                          .series_count = 4,
                          .series = { { "busy", "at work" },
                                      { "tasks", "tasks" },
                                      { "first", "first began" },
                                      { "last", "last ended" } } };
    int error = open_timeline(&t[0], r, ways[0].schedule, NULL);
    if (!error)
        error = open_timeline(&t[1], r, ways[1].schedule, t[0].spans ? &t[0].record : NULL);
    if (!error && !t[0].spans && !t[1].spans)
        snprintf(f->absent, sizeof f->absent,
                 "Not drawn: this run traced no job of the threads (trace=1 in a plan line).");
    else if (!error && !(error = draw(f, t)))
        say_waiting(f, t);
    close_timeline(&t[0]);
    close_timeline(&t[1]);
    return error;
}
