/* SPDX-License-Identifier: MIT */
#include "runner.h"
#include "sketch.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "words.h"

enum { NAMES_LEFT = 96 }; /* pixels */

/* ---- schedules on uneven tasks --------------------------------------------------------------- */

static const struct variant {
    const char *name, *title, *in_sentence;
} variants[] = {
    { "uniform", "even tasks", "On even tasks" },
    { "heavy", "a few heavy tasks", "With a few heavy tasks" },
    { "ramp", "tasks that grow", "When tasks grow" },
};
static const char *const schedules[] = { "static", "dynamic", "guided", "steal" };
enum { VARIANTS = 3, SCHEDULES = 4, GROUP = SCHEDULES + 1 };

static double ideal_of(const struct cell_row *c)
{
    return ceil(c->tasks / c->workers) * c->task_ns;
}

/* What the same tasks took in a row, shared out evenly; without that, what they should take. */
static double even_share(const struct cell_row *c)
{
    return c->serial_task_ns > 0 ? c->tasks * c->serial_task_ns / c->workers : ideal_of(c);
}

/* Row v·5 is the group's heading, the schedules follow. */
static int gather_schedules(struct figure *f, const struct reading *r)
{
    static const char *const backend[] = { "omp", "pool" };
    for (int v = 0; v < VARIANTS; v++)
        for (int k = 0; k < SCHEDULES * 2; k++) {
            struct want want = { .sweep = "schedules",
                                 .backend = backend[k % 2],
                                 .schedule = schedules[k / 2],
                                 .variant = variants[v].name };
            const struct cell_row *c = sketch_first(r, want);
            if (!c)
                continue;
            struct figure_row *row = figure_row(f, (double)(v * GROUP + (k / 2) + 1));
            if (!row)
                return -ENOMEM;
            snprintf(row->group, sizeof row->group, "%s", variants[v].title);
            snprintf(row->name, sizeof row->name, "%s", schedules[k / 2]);
            row->y[k % 2] = c->time;
            row->y[2].mid = even_share(c);
        }
    return 0;
}

static const struct figure_row *find_row(const struct figure *f, const char *group,
                                         const char *name)
{
    for (long i = 0; i < f->rows; i++)
        if (!strcmp(f->row[i].group, group) && !strcmp(f->row[i].name, name))
            return &f->row[i];
    return NULL;
}

/* The longest of a variant's schedules over the shortest. */
static double spread(const struct figure *f, const struct variant *v, int side)
{
    double least = INFINITY, most = 0;
    for (int k = 0; k < SCHEDULES; k++) {
        const struct figure_row *row = find_row(f, v->title, schedules[k]);
        if (row && row->y[side].mid > 0) {
            least = fmin(least, row->y[side].mid);
            most = fmax(most, row->y[side].mid);
        }
    }
    return most / least;
}

/* The slower one of static and dynamic, A and B, on V. */
static void say_schedule(struct figure *f, const struct variant *v, int side,
                         const struct estimate *a, const struct estimate *b)
{
    const double little = 1.03;
    const char *slow = a->mid > b->mid ? "static" : "dynamic",
               *fast = a->mid > b->mid ? "dynamic" : "static";
    double factor = fmax(a->mid / b->mid, b->mid / a->mid);
    int few = isnan(a->low) || isnan(b->low);
    const char *takes = few ? "seems to take" : "takes";
    char *out = f->title, word[WORD];
    size_t room = sizeof f->title;
    if (!few && !sketch_apart(a, b))
        snprintf(out, room, "%s, static and dynamic cannot be told apart", v->in_sentence);
    else if (spread(f, v, side) < little)
        snprintf(out, room, "%s, the schedule %s little here", v->in_sentence,
                 few ? "seems to matter" : "matters");
    else if (factor < little)
        snprintf(out, room, "%s, static %s about as long as dynamic", v->in_sentence, takes);
    else if (factor < 2)
        snprintf(out, room, "%s, %s %s %.0f%% longer than %s", v->in_sentence, slow, takes,
                 100 * (factor - 1), fast);
    else
        snprintf(out, room, "%s, %s %s %s times as long as %s", v->in_sentence, slow, takes,
                 words_factor(word, factor), fast);
}

/* What dynamic gains over static on the variant that static suits least. */
static void say_schedules(struct figure *f)
{
    double most = 0;
    int side = figure_has(f, 0) ? 0 : 1;
    for (int v = VARIANTS - 1; v > 0; v--) {
        const struct figure_row *fixed = find_row(f, variants[v].title, "static");
        const struct figure_row *dynamic = find_row(f, variants[v].title, "dynamic");
        if (!fixed || !dynamic)
            continue;
        const struct estimate *a = &fixed->y[side], *b = &dynamic->y[side];
        if (!(b->mid > 0) || !(a->mid / b->mid > most))
            continue;
        most = a->mid / b->mid;
        say_schedule(f, &variants[v], side, a, b);
    }
}

/* What the two marks mean. */
static void label_schedules(struct figure *f)
{
    const struct frame *fr = &f->frame;
    sketch_label_rows(f);
    double x = fr->right, y = fr->top + 12;
    figure_mark(f, "end", x, y, "serial", "| ideal");
    if (figure_has(f, 1))
        figure_mark(f, "end", x - 64, y, "processes", "■ processes");
    if (figure_has(f, 0))
        figure_mark(f, "end", x - 170, y, "threads", "● threads");
}

int schedules_figure(struct figure *f, const struct reading *r)
{
    static const struct figure_series ideal = { "ideal", "ideal" };
    *f = (struct figure){ .name = "schedules",
                          .script = "schedules",
                          .title = "Schedules on uneven tasks",
                          .x_column = "row",
                          .x_head = "schedule",
                          .y_unit = UNIT_TIME };
    struct want want = { .sweep = "schedules" };
    const struct cell_row *like = sketch_first(r, want);
    sketch_series(f, &who_threads.series);
    sketch_series(f, &who_processes.series);
    sketch_series(f, &ideal);
    if (gather_schedules(f, r))
        return -ENOMEM;
    if (!f->rows || !like) {
        sketch_absent(f, r, "schedules");
        return 0;
    }
    sketch_close_up(f);
    char tasks[WORD], time[WORD], workers[WORD];
    snprintf(f->subtitle, sizeof f->subtitle,
             "Time for %s tasks of %s on average, %s; further left is better. Ideal: %s over the "
             "workers.",
             words_count(tasks, like->tasks), words_time(time, like->task_ns, 2),
             words_plural(workers, like->workers, "worker"),
             like->serial_task_ns > 0 ? "the time of serial code" : "the tasks' nominal time");
    sketch_end_subtitle(f, "Bars");
    double low, high;
    figure_extent(f, &low, &high);
    sketch_rows_frame(f, NAMES_LEFT, f->row[f->rows - 1].x);
    f->frame.x1 = high * 1.06; /* time runs along x here */
    say_schedules(f);
    label_schedules(f);
    return 0;
}

/* ---- the lesson ------------------------------------------------------------------------------ */

static int gather_lesson(struct figure *f, const struct reading *r)
{
    static const char *const backend[] = { "serial", "omp", "pool", "pipe" };
    static const char *const name[] = { "serial", "threads", "processes", "pipes" };
    for (int k = 0; k < 4; k++) {
        struct want want = { .sweep = "lesson", .backend = backend[k] };
        for (long i = 0; i < r->cells; i++) {
            const struct cell_row *c = &r->cell[i];
            if (!cell_fits(c, &want))
                continue;
            struct figure_row *row = figure_row(f, k + 1);
            if (!row)
                return -ENOMEM;
            snprintf(row->name, sizeof row->name, "%s", name[k]);
            row->y[0] = c->time;
            row->y[1].mid = ideal_of(c);
            break;
        }
    }
    return 0;
}

/* The Python runners, below. */
static int gather_peers(struct figure *f, const struct reading *r)
{
    struct want want = { .sweep = "lesson" };
    double x = 4;
    for (long i = 0; i < r->cells; i++) {
        const struct cell_row *c = &r->cell[i];
        want.runner = c->runner;
        if (!runner_is_peer(c->runner) || !cell_fits(c, &want))
            continue;
        struct figure_row *row = figure_row(f, ++x);
        if (!row)
            return -ENOMEM;
        snprintf(row->name, sizeof row->name, "%.31s", c->runner);
        row->y[0] = c->time;
        row->y[1].mid = ideal_of(c);
    }
    return 0;
}

static void say_lesson(struct figure *f, const struct cell_row *like)
{
    const struct figure_row *serial = find_row(f, "", "serial");
    const struct figure_row *best = find_row(f, "", "threads");
    char task[WORD], row[WORD], team[WORD];
    best = best ? best : find_row(f, "", "processes");
    words_time(task, like->task_ns, 3);
    if (serial && best)
        snprintf(f->title, sizeof f->title, "%.0f naps of %s: %s in a row, %s with %.0f workers",
                 like->tasks, task, words_time(row, serial->y[0].mid, 3),
                 words_time(team, best->y[0].mid, 3), like->workers);
    else
        snprintf(f->title, sizeof f->title, "%.0f naps of %s with %.0f workers", like->tasks, task,
                 like->workers);
    snprintf(
        f->subtitle, sizeof f->subtitle,
        "The course's first example. %.0f workers need %.0f rounds, so %s is the least possible; "
        "sleeping takes no CPU, so this says nothing about cores.",
        like->workers, ceil(like->tasks / like->workers), words_time(row, ideal_of(like), 3));
}

static void label_lesson(struct figure *f)
{
    const struct frame *fr = &f->frame;
    char text[WORD];
    for (long i = 0; i < f->rows; i++) {
        const struct figure_row *row = &f->row[i];
        double y = frame_y(fr, row->x);
        double end = fmax(row->y[0].mid, isnan(row->y[0].high) ? 0 : row->y[0].high);
        double x = fr->left + (fmax(end, row->y[1].mid) / fr->x1) * (fr->right - fr->left);
        figure_mark(f, "end", fr->left - 8, y, row->name[0] == 's' ? "serial" : "ink", row->name);
        figure_mark(f, "start", x + 8, y, "ink", words_time(text, row->y[0].mid, 3));
    }
}

int lesson_figure(struct figure *f, const struct reading *r)
{
    static const struct figure_series time = { "time", "time" }, ideal = { "ideal", "ideal" };
    struct want want = { .sweep = "lesson" };
    const struct cell_row *like = sketch_first(r, want);
    *f = (struct figure){ .name = "lesson",
                          .script = "lesson",
                          .title = "The lesson: sleeping tasks",
                          .x_column = "row",
                          .x_head = "workers",
                          .y_unit = UNIT_TIME };
    sketch_series(f, &time);
    sketch_series(f, &ideal);
    if (!like) {
        sketch_absent(f, r, "lesson");
        return 0;
    }
    if (gather_lesson(f, r) || gather_peers(f, r))
        return -ENOMEM;
    double low, high;
    figure_extent(f, &low, &high);
    sketch_frame(f, 0, 0);
    f->frame.left = NAMES_LEFT;
    f->frame.right = SKETCH_WIDTH - 26;
    f->frame.height = 250 + 30 * fmax(f->row[f->rows - 1].x - 4, 0);
    f->frame.top = f->frame.height - 10;
    f->frame.x1 = high * 1.22;
    f->frame.y0 = f->row[f->rows - 1].x + 0.7;
    f->frame.y1 = 0.3;
    say_lesson(f, like);
    label_lesson(f);
    return 0;
}
