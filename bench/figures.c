/* SPDX-License-Identifier: MIT */
#include "figures.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "words.h"

enum { CHUNK_FIGURES = 4 };

/* Pixels.  The right margin holds the labels at the lines' ends. */
enum { WIDTH = 480, HEIGHT = 330, LEFT = 68, RIGHT = 396, BOTTOM = 53, TOP = 300, NAMES_LEFT = 96 };

/* ---- gathering ------------------------------------------------------------------------------- */

struct who {
    struct figure_series series;
    const char *backend, *schedule;
};

static const struct who threads = { { "threads", "threads" }, "omp", "dynamic" };
static const struct who processes = { { "processes", "processes" }, "pool", "dynamic" };
static const struct who stealing = { { "steal", "stealing" }, "pool", "steal" };
static const struct who pipes = { { "pipes", "pipes" }, "pipe", "dynamic" };

static double by_workers(const struct cell *c)
{
    return c->workers;
}

static double by_chunk(const struct cell *c)
{
    return c->chunk;
}

static double by_length(const struct cell *c)
{
    return c->task_ns;
}

static struct estimate the_speedup(const struct cell *c)
{
    return c->speedup;
}

static struct estimate the_efficiency(const struct cell *c)
{
    return c->efficiency;
}

static struct estimate the_opening(const struct cell *c)
{
    return c->open;
}

static struct estimate per_task(const struct cell *c)
{
    return (struct estimate){ c->time.mid / c->tasks, c->time.low / c->tasks,
                              c->time.high / c->tasks };
}

static int add_series(struct figure *f, const struct figure_series *series)
{
    f->series[f->series_count] = *series;
    return f->series_count++;
}

/* A column for WHO with what Y says of the cells of SWEEP at X; the first cell at an x counts. */
static int gather(struct figure *f, const struct reading *r, const struct who *who,
                  struct want want, double x_of(const struct cell *),
                  struct estimate y_of(const struct cell *))
{
    int s = add_series(f, &who->series);
    want.backend = who->backend;
    want.schedule = who->schedule;
    for (long i = 0; i < r->cells; i++) {
        const struct cell *c = &r->cell[i];
        if (!cell_fits(c, &want) || !(x_of(c) > 0) || !(y_of(c).mid > 0))
            continue;
        struct figure_row *row = figure_row(f, x_of(c));
        if (!row)
            return -ENOMEM;
        if (isnan(row->y[s].mid))
            row->y[s] = y_of(c);
    }
    return 0;
}

/* A cell of a sweep to tell the conditions by: of the threads, or else of the first who took part.
 * (Pipes may have been given fewer tasks than the others.) */
static const struct cell *first_of(const struct reading *r, struct want want)
{
    const struct cell *first = NULL;
    for (long i = 0; i < r->cells; i++) {
        const struct cell *c = &r->cell[i];
        if (!cell_fits(c, &want) || !strcmp(c->backend, "serial"))
            continue;
        if (!strcmp(c->backend, "omp"))
            return c;
        if (!first || (!strcmp(first->backend, "pipe") && strcmp(c->backend, "pipe")))
            first = c;
    }
    return first;
}

/* ---- words that all figures share ------------------------------------------------------------ */

/* Why a sweep gave nothing: not planned, or failed, and then the cells' own reason. */
static void say_absent(struct figure *f, const struct reading *r, const char *sweep)
{
    for (long i = 0; i < r->cells; i++)
        if (cell_in(&r->cell[i], sweep) && !strcmp(r->cell[i].status, "failed")) {
            const char *reason = r->cell[i].note;
            snprintf(f->absent, sizeof f->absent, "Not drawn: every cell of it failed%s%.120s.",
                     *reason ? "; the first one said: " : "", reason);
            return;
        }
    snprintf(f->absent, sizeof f->absent, "Not drawn: the sweep '%s' is not part of this run.",
             sweep);
}

static int has_intervals(const struct figure *f)
{
    for (long i = 0; i < f->rows; i++)
        for (int s = 0; s < f->series_count; s++)
            if (!isnan(f->row[i].y[s].low))
                return 1;
    return 0;
}

static void end_subtitle(struct figure *f, const char *shape)
{
    size_t used = strlen(f->subtitle);
    if (has_intervals(f))
        snprintf(f->subtitle + used, sizeof f->subtitle - used, " %s are 95%% intervals.", shape);
    else
        snprintf(f->subtitle + used, sizeof f->subtitle - used,
                 " Too few blocks for intervals: a first look.");
}

/* The y axis has its name above it, where nobody needs to turn the head. */
static void name_y(struct figure *f, const char *name)
{
    figure_mark(f, "start", 1, f->frame.height - 11, "serial", name);
}

static void use_frame(struct figure *f, int log_x, int log_y)
{
    f->frame = (struct frame){ WIDTH, HEIGHT, LEFT, RIGHT, BOTTOM, TOP, 0, 1, 0, 1, log_x, log_y };
}

/* A range around all x, in steps where LOG is 0 and in factors where it is 1. */
static void x_range(struct figure *f, double room)
{
    double x0 = f->row[0].x, x1 = f->row[f->rows - 1].x;
    f->frame.x0 = f->frame.log_x ? x0 / room : x0 - room;
    f->frame.x1 = f->frame.log_x ? x1 * room : x1 + room;
}

/* A logarithmic range around all values, never less than a factor of five high. */
static void log_y_range(struct figure *f)
{
    double low, high;
    if (!figure_extent(f, &low, &high))
        return;
    double grow = fmax(1.25, sqrt(5 * low / high));
    f->frame.y0 = low / grow;
    f->frame.y1 = high * grow;
}

/* ---- speed-up -------------------------------------------------------------------------------- */

/* The finding for one side: how far it is worth going, and whether it gets its money's worth. */
static void say_scaling(struct figure *f, const struct answer *v, double most)
{
    const struct cell *t = v->threads.cell, *p = v->processes.cell;
    char *out = f->title, a[WORD], b[WORD];
    size_t room = sizeof f->title;
    const char *seem = has_intervals(f) ? "" : " seem to";
    if (!t && !p) {
        snprintf(out, room, "How far it scales");
    } else if (f->rows == 1) {
        snprintf(out, room, "With %.0f worker%s: threads %s, processes %s times serial speed",
                 f->row[0].x, f->row[0].x == 1 ? "" : "s",
                 t ? words_factor(a, t->speedup.mid) : "?",
                 p ? words_factor(b, p->speedup.mid) : "?");
    } else if (!t || !p) {
        const struct cell *c = t ? t : p;
        snprintf(out, room, "%s reach %s times serial speed with %s", t ? "Threads" : "Processes",
                 words_factor(a, c->speedup.mid), words_plural(b, c->workers, "worker"));
    } else if (t->workers == p->workers && t->workers == 1) {
        snprintf(out, room, "More workers do not help here");
    } else if (t->workers == p->workers &&
               fmin(t->speedup.mid, p->speedup.mid) > 0.7 * t->workers) {
        snprintf(out, room, "Both%s scale to %.0f workers%s", seem, t->workers,
                 t->workers < most ? ", then gain little" : "");
    } else if (t->workers == p->workers) {
        snprintf(out, room, "With %.0f workers threads reach %s times serial speed, processes %s",
                 t->workers, words_factor(a, t->speedup.mid), words_factor(b, p->speedup.mid));
    } else {
        snprintf(out, room, "Threads%s gain up to %s, processes up to %.0f", seem,
                 words_plural(a, t->workers, "worker"), p->workers);
    }
}

static void shade_siblings(struct figure *f, const struct reading *r)
{
    double cores = reading_number(r, "allowed_cores"), most = f->row[f->rows - 1].x;
    double pus = reading_number(r, "allowed_pus");
    if (!(cores >= 1) || most <= cores)
        return;
    figure_mark(f, "shade", cores + 0.5, f->frame.x1, "", NULL);
    const char *text = pus > cores ? "more workers than cores" : "more workers than CPUs";
    double middle = (frame_x(&f->frame, cores + 0.5) + f->frame.right) / 2;
    struct place places[] = { { "middle", middle, f->frame.bottom + 12 },
                              { "end", f->frame.right - 4, f->frame.bottom + 12 } };
    figure_place(f, places, 2, "serial", text);
}

static int make_speedup(struct figure *f, const struct reading *r, const struct answer *v)
{
    struct want want = { .sweep = "workers" };
    const struct cell *like = first_of(r, want);
    *f = (struct figure){ .name = "speedup",
                          .script = "speedup",
                          .title = "How far it scales",
                          .x_column = "workers",
                          .x_head = "workers",
                          .y_unit = UNIT_FACTOR };
    if (!like) {
        say_absent(f, r, "workers");
        return 0;
    }
    want.task_ns = like->task_ns;
    want.workload = like->workload;
    if (gather(f, r, &threads, want, by_workers, the_speedup) ||
        gather(f, r, &processes, want, by_workers, the_speedup) ||
        gather(f, r, &pipes, want, by_workers, the_speedup))
        return -ENOMEM;
    if (!f->rows) {
        snprintf(f->absent, sizeof f->absent,
                 "Not drawn: without a good serial cell of the same work there is no speed-up.");
        return 0;
    }
    char time[WORD], chunk[WORD];
    snprintf(f->subtitle, sizeof f->subtitle,
             "Speed-up over serial code. CPU-bound tasks of %s, chunk %s.",
             words_time(time, like->task_ns, 2), words_count(chunk, like->chunk));
    end_subtitle(f, "Bands");
    double low, high, most = f->row[f->rows - 1].x;
    figure_extent(f, &low, &high);
    use_frame(f, 0, 0);
    name_y(f, "speed-up over serial");
    x_range(f, fmax(0.3, most * 0.04));
    f->frame.x0 = fmin(f->frame.x0, 0.7);
    f->frame.y1 = fmax(fmin(most, high * 1.35), high) * 1.06;
    say_scaling(f, v, most);
    figure_label_ends(f);
    shade_siblings(f, r);
    double ideal = fmin(most, f->frame.y1 / 1.03);
    struct place places[] = {
        { "end", frame_x(&f->frame, ideal) - 14, frame_y(&f->frame, ideal) - 4 },
        { "end", frame_x(&f->frame, ideal * 0.8) - 12, frame_y(&f->frame, ideal * 0.8) + 6 },
        { "end", frame_x(&f->frame, ideal * 0.6) - 12, frame_y(&f->frame, ideal * 0.6) + 6 },
    };
    figure_place(f, places, 3, "serial", "ideal");
    return 0;
}

/* ---- time per task against chunk ------------------------------------------------------------- */

static void say_range(char out[64], const struct chunk_range *c)
{
    char low[WORD], high[WORD];
    if (c->low == c->high)
        snprintf(out, 64, "%.30s", words_count(low, c->low));
    else
        snprintf(out, 64, "%.28s to %.28s", words_count(low, c->low), words_count(high, c->high));
}

static void say_chunks(struct figure *f, const struct chunk_range *t, const struct chunk_range *p)
{
    char a[64], b[64];
    const struct chunk_range *one = t->low > 0 ? t : p;
    int both = t->low > 0 && p->low > 0, same = t->low == p->low && t->high == p->high;
    say_range(a, one);
    say_range(b, p);
    const char *hedge = has_intervals(f) ? "is" : "looks";
    if (!(one->low > 0))
        snprintf(f->title, sizeof f->title, "Time per task by chunk size");
    else if ((!both || same) && one->low == one->high)
        snprintf(f->title, sizeof f->title, "Chunks of %s %s best", a, both ? "are" : "look");
    else if (!both || same)
        snprintf(f->title, sizeof f->title, "Any chunk from %s %s as good as the best", a, hedge);
    else
        snprintf(f->title, sizeof f->title, "Good chunks: threads %s, processes %s", a, b);
}

/* Shade the sizes that suit both sides, or the one that was measured. */
static void shade_chunks(struct figure *f, const struct chunk_range *t, const struct chunk_range *p)
{
    int both = t->low > 0 && p->low > 0;
    double low = both ? fmax(t->low, p->low) : t->low > 0 ? t->low : p->low;
    double high = both ? fmin(t->high, p->high) : t->low > 0 ? t->high : p->high;
    if (!(low > 0) || low > high)
        return;
    low = fmax(low / M_SQRT2, f->frame.x0);
    high = fmin(high * M_SQRT2, f->frame.x1);
    figure_mark(f, "shade", low, high, "", NULL);
    double from = frame_x(&f->frame, low), to = frame_x(&f->frame, high);
    const char *text = both ? "good for both" : "good";
    double y = f->frame.top - 8;
    struct place places[] = { { "middle", (from + to) / 2, y },
                              { "end", to - 2, y },
                              { "start", from + 2, y },
                              { "middle", (from + to) / 2, f->frame.bottom + 10 } };
    figure_place(f, places, 4, "good", text);
}

/* The serial time per task is a level line: the same at every chunk. */
static void add_serial(struct figure *f, double task_time)
{
    static const struct figure_series serial = { "serial", "serial" };
    int s = add_series(f, &serial);
    for (long i = 0; i < f->rows; i++)
        f->row[i].y[s].mid = task_time > 0 ? task_time : NAN;
}

static int make_chunk(struct figure *f, const struct reading *r, double task_ns)
{
    struct want want = { .sweep = "chunk", .task_ns = task_ns };
    const struct cell *like = first_of(r, want);
    char length[WORD], tasks[WORD];
    words_time(length, task_ns, 2);
    *f = (struct figure){
        .script = "chunk", .x_column = "chunk", .x_head = "tasks per chunk", .y_unit = UNIT_TIME
    };
    if (!like) {
        snprintf(f->name, sizeof f->name, "chunk");
        snprintf(f->title, sizeof f->title, "Which chunk size");
        say_absent(f, r, "chunk");
        return 0;
    }
    char *name = f->name + snprintf(f->name, sizeof f->name, "chunk_");
    for (const char *s = length; *s && name < f->name + sizeof f->name - 1; s++)
        if (!(*s & 0x80))
            *name++ = *s;
        else if (*s == '\xB5')
            *name++ =
                'u'; /* the µ of µs; what else is not ASCII is the space that does not break */
    if (gather(f, r, &threads, want, by_chunk, per_task) ||
        gather(f, r, &processes, want, by_chunk, per_task) ||
        gather(f, r, &stealing, want, by_chunk, per_task) ||
        gather(f, r, &pipes, want, by_chunk, per_task))
        return -ENOMEM;
    if (!f->rows) {
        snprintf(f->title, sizeof f->title, "Which chunk size for tasks of %s", length);
        say_absent(f, r, "chunk");
        return 0;
    }
    add_serial(f, like->serial_task_ns);
    snprintf(f->subtitle, sizeof f->subtitle,
             "%s tasks of %s on %.0f worker%s. Too small, and handing out costs more than the "
             "work; too large, and workers sit idle.",
             words_count(tasks, like->tasks), length, like->workers, like->workers == 1 ? "" : "s");
    end_subtitle(f, "Bands");
    use_frame(f, 1, 1);
    name_y(f, "time per task");
    x_range(f, 1.3);
    log_y_range(f);
    struct chunk_range t = chunk_range_of(r, "omp", "dynamic", task_ns);
    struct chunk_range p = chunk_range_of(r, "pool", "dynamic", task_ns);
    say_chunks(f, &t, &p);
    figure_label_ends(f);
    shade_chunks(f, &t, &p);
    return 0;
}

/* ---- efficiency against task length ---------------------------------------------------------- */

static void say_shortest(char out[96], const struct shortest *s)
{
    char time[WORD];
    switch (s->kind) {
    case SHORTEST_AT:
        snprintf(out, 96, "at %.32s", words_time(time, s->ns, 2));
        break;
    case SHORTEST_BELOW:
        snprintf(out, 96, "below %.32s", words_time(time, s->ns, 2));
        break;
    case SHORTEST_NEVER:
        snprintf(out, 96, "nowhere (at most %.0f%% useful)", 100 * s->efficiency);
        break;
    default:
        snprintf(out, 96, "at a length not measured");
    }
}

static void say_lengths(struct figure *f, const struct shortest *t, const struct shortest *p,
                        double workers)
{
    char a[96], b[96];
    const char *hedge = has_intervals(f) ? "pay off" : "seem to pay off";
    say_shortest(a, t);
    say_shortest(b, p);
    if (workers <= 1)
        snprintf(f->title, sizeof f->title,
                 "One worker gains nothing: this is what handing out costs");
    else if (t->kind == SHORTEST_UNKNOWN && p->kind == SHORTEST_UNKNOWN)
        snprintf(f->title, sizeof f->title, "Efficiency by task length");
    else if (t->kind == SHORTEST_UNKNOWN || p->kind == SHORTEST_UNKNOWN)
        snprintf(f->title, sizeof f->title, "%s %s %s",
                 t->kind == SHORTEST_UNKNOWN ? "Processes" : "Threads", hedge,
                 t->kind == SHORTEST_UNKNOWN ? b : a);
    else if (t->kind == p->kind && t->kind != SHORTEST_AT)
        snprintf(f->title, sizeof f->title, "Both %s %s", hedge, a);
    else
        snprintf(f->title, sizeof f->title, "Threads %s %.60s, processes %.60s", hedge, a, b);
}

/* Beside the dropped line or above its end: the nearest to its foot that is free. */
static int label_crossing(struct figure *f, const struct shortest *s, const char *series)
{
    enum { STEPS = 32 };
    struct place places[STEPS * 2];
    char text[WORD];
    int n = 0;
    if (s->kind != SHORTEST_AT)
        return 1;
    double x = frame_x(&f->frame, s->ns), end = frame_y(&f->frame, 0.5) + 24;
    for (double y = f->frame.bottom + 11; y < end && n < STEPS * 2; y += 5) {
        places[n++] = (struct place){ "start", x + 5, y };
        places[n++] = (struct place){ "end", x - 5, y };
    }
    return figure_place(f, places, n, series, words_time(text, s->ns, 2));
}

/* The look of whoever reached one half first among the processes. */
static const char *look_of(const struct shortest *s)
{
    if (s->backend && !strcmp(s->backend, "pipe"))
        return "pipes";
    return s->schedule && !strcmp(s->schedule, "steal") ? "steal" : "processes";
}

static void mark_crossings(struct figure *f, const struct shortest *t, const struct shortest *p)
{
    if (t->kind == SHORTEST_AT)
        figure_mark(f, "drop", t->ns, 0.5, "threads", NULL);
    if (p->kind == SHORTEST_AT)
        figure_mark(f, "drop", p->ns, 0.5, look_of(p), NULL);
    /* both or none: one length alone would look like the only one */
    int before = f->marks;
    if (!label_crossing(f, p, look_of(p)) || !label_crossing(f, t, "threads"))
        f->marks = before;
}

static int make_length(struct figure *f, const struct reading *r, const struct answer *v)
{
    struct want want = { .sweep = "length" };
    const struct cell *like = first_of(r, want);
    *f = (struct figure){ .name = "length",
                          .script = "length",
                          .title = "From what task length",
                          .x_column = "task_ns",
                          .x_head = "length of one task",
                          .x_unit = UNIT_TIME,
                          .y_unit = UNIT_SHARE };
    if (!like) {
        say_absent(f, r, "length");
        return 0;
    }
    want.workload = like->workload;
    if (gather(f, r, &threads, want, by_length, the_efficiency) ||
        gather(f, r, &processes, want, by_length, the_efficiency) ||
        gather(f, r, &stealing, want, by_length, the_efficiency) ||
        gather(f, r, &pipes, want, by_length, the_efficiency))
        return -ENOMEM;
    if (!f->rows) {
        snprintf(f->absent, sizeof f->absent,
                 "Not drawn: without a serial cell of the same length there is no efficiency.");
        return 0;
    }
    snprintf(f->subtitle, sizeof f->subtitle,
             "Share of the workers' time that is useful work, one task at a time (chunk %.0f), "
             "%.0f worker%s.",
             like->chunk, like->workers, like->workers == 1 ? "" : "s");
    end_subtitle(f, "Bands");
    double low, high;
    figure_extent(f, &low, &high);
    use_frame(f, 1, 0);
    name_y(f, "useful work");
    x_range(f, 1.25);
    f->frame.x0 /= 1.9; /* room for what is said of the shortest tasks */
    f->frame.y1 = fmax(1.06, high * 1.04);
    say_lengths(f, &v->threads.shortest, &v->processes.shortest, like->workers);
    figure_label_ends(f);
    figure_mark(f, "level", 0, 0.5, "good", NULL);
    mark_crossings(f, &v->threads.shortest, &v->processes.shortest);
    struct place places[] = { { "start", f->frame.left + 8, frame_y(&f->frame, 1) - 4 },
                              { "start", f->frame.left + 8, frame_y(&f->frame, 0.5) + 12 },
                              { "end", f->frame.right - 4, frame_y(&f->frame, 0.5) + 12 } };
    figure_place(f, places, 3, "good", "half or more is useful");
    return 0;
}

/* ---- start-up -------------------------------------------------------------------------------- */

static void say_startup(struct figure *f, const struct answer *v)
{
    const struct figure_row *row = NULL;
    char t[WORD], p[WORD];
    for (long i = 0; i < f->rows; i++) {
        const struct figure_row *c = &f->row[i];
        if (isnan(c->y[0].mid) || isnan(c->y[1].mid))
            continue;
        if (!row || isnan(v->effective) || c->x <= v->effective)
            row = c;
    }
    if (row)
        snprintf(f->title, sizeof f->title, "Starting %.0f worker%s takes %s as %s, %s as %s",
                 row->x, row->x == 1 ? "" : "s", words_time(t, row->y[0].mid, 2),
                 row->x == 1 ? "a thread" : "threads", words_time(p, row->y[1].mid, 2),
                 row->x == 1 ? "a process" : "processes");
    else
        snprintf(f->title, sizeof f->title, "What starting a team takes");
}

static int make_startup(struct figure *f, const struct reading *r, const struct answer *v)
{
    struct want want = { .sweep = "startup" };
    *f = (struct figure){ .name = "startup",
                          .script = "startup",
                          .title = "What starting a team takes",
                          .x_column = "workers",
                          .x_head = "workers",
                          .y_unit = UNIT_TIME };
    if (gather(f, r, &threads, want, by_workers, the_opening) ||
        gather(f, r, &processes, want, by_workers, the_opening) ||
        gather(f, r, &pipes, want, by_workers, the_opening))
        return -ENOMEM;
    if (!f->rows) {
        say_absent(f, r, "startup");
        return 0;
    }
    snprintf(f->subtitle, sizeof f->subtitle,
             "From asking for a team until every worker is ready; a team that is kept pays once.");
    end_subtitle(f, "Bands");
    use_frame(f, 0, 1);
    name_y(f, "time until all are ready");
    x_range(f, fmax(0.3, f->row[f->rows - 1].x * 0.04));
    log_y_range(f);
    say_startup(f, v);
    figure_label_ends(f);
    return 0;
}

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

static double ideal_of(const struct cell *c)
{
    return ceil(c->tasks / c->workers) * c->task_ns;
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
            const struct cell *c = first_of(r, want);
            if (!c)
                continue;
            struct figure_row *row = figure_row(f, (double)(v * GROUP + (k / 2) + 1));
            if (!row)
                return -ENOMEM;
            snprintf(row->group, sizeof row->group, "%s", variants[v].title);
            snprintf(row->name, sizeof row->name, "%s", schedules[k / 2]);
            row->y[k % 2] = c->time;
            row->y[2].mid = ideal_of(c);
        }
    return 0;
}

/* Close the gaps that groups or schedules leave which were not measured. */
static void close_up(struct figure *f)
{
    double at = 0;
    for (long i = 0; i < f->rows; i++) {
        if (i == 0 || strcmp(f->row[i].group, f->row[i - 1].group))
            at++;
        f->row[i].x = at++;
    }
}

static const struct figure_row *find_row(const struct figure *f, const char *group,
                                         const char *name)
{
    for (long i = 0; i < f->rows; i++)
        if (!strcmp(f->row[i].group, group) && !strcmp(f->row[i].name, name))
            return &f->row[i];
    return NULL;
}

/* What dynamic gains over static on the variant that static suits least. */
static void say_schedules(struct figure *f)
{
    double most = 0;
    char word[WORD];
    int side = figure_has(f, 0) ? 0 : 1;
    for (int v = VARIANTS - 1; v > 0; v--) {
        const struct figure_row *fixed = find_row(f, variants[v].title, "static");
        const struct figure_row *dynamic = find_row(f, variants[v].title, "dynamic");
        if (!fixed || !dynamic || !(dynamic->y[side].mid > 0))
            continue;
        const struct estimate *a = &fixed->y[side], *b = &dynamic->y[side];
        double gain = a->mid / b->mid;
        if (!(gain > most))
            continue;
        most = gain;
        if (!isnan(a->low) && b->high >= a->low && a->high >= b->low)
            snprintf(f->title, sizeof f->title, "%s, static and dynamic cannot be told apart",
                     variants[v].in_sentence);
        else if (gain < 1.03)
            snprintf(f->title, sizeof f->title, "%s, the schedule matters little here",
                     variants[v].in_sentence);
        else
            snprintf(f->title, sizeof f->title, "%s, static %s %s times as long as dynamic",
                     variants[v].in_sentence, isnan(a->low) ? "seems to take" : "takes",
                     words_factor(word, gain));
    }
}

/* Names left of the axis, a heading over each group, and what the two marks mean. */
static void label_schedules(struct figure *f)
{
    const struct frame *fr = &f->frame;
    const char *group = "";
    for (long i = 0; i < f->rows; i++) {
        const struct figure_row *row = &f->row[i];
        if (strcmp(group, row->group))
            figure_mark(f, "start", 1, frame_y(fr, row->x - 1), "ink", row->group);
        group = row->group;
        figure_mark(f, "end", fr->left - 8, frame_y(fr, row->x), "serial", row->name);
    }
    double x = fr->right, y = fr->top + 12;
    figure_mark(f, "end", x, y, "serial", "| ideal");
    if (figure_has(f, 1))
        figure_mark(f, "end", x - 64, y, "processes", "■ processes");
    if (figure_has(f, 0))
        figure_mark(f, "end", x - 170, y, "threads", "● threads");
}

static int make_schedules(struct figure *f, const struct reading *r)
{
    static const struct figure_series ideal = { "ideal", "ideal" };
    *f = (struct figure){ .name = "schedules",
                          .script = "schedules",
                          .title = "Schedules on uneven tasks",
                          .x_column = "row",
                          .x_head = "schedule",
                          .y_unit = UNIT_TIME };
    struct want want = { .sweep = "schedules" };
    const struct cell *like = first_of(r, want);
    add_series(f, &threads.series);
    add_series(f, &processes.series);
    add_series(f, &ideal);
    if (gather_schedules(f, r))
        return -ENOMEM;
    if (!f->rows || !like) {
        say_absent(f, r, "schedules");
        return 0;
    }
    close_up(f);
    char tasks[WORD], time[WORD];
    snprintf(f->subtitle, sizeof f->subtitle,
             "Time for %s tasks of %s on average, %.0f worker%s; further left is better.",
             words_count(tasks, like->tasks), words_time(time, like->task_ns, 2), like->workers,
             like->workers == 1 ? "" : "s");
    end_subtitle(f, "Bars");
    double low, high;
    figure_extent(f, &low, &high);
    use_frame(f, 0, 0);
    f->frame.left = NAMES_LEFT;
    f->frame.right = WIDTH - 26;
    f->frame.height = BOTTOM + 30 + 19 * (f->row[f->rows - 1].x + 1.4); /* 19 pixels a row */
    f->frame.top = f->frame.height - 30;
    f->frame.x1 = high * 1.06; /* time runs along x here, and the rows go down */
    f->frame.y0 = f->row[f->rows - 1].x + 0.8;
    f->frame.y1 = -0.6;
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
            const struct cell *c = &r->cell[i];
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

static void say_lesson(struct figure *f, const struct cell *like)
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

static int make_lesson(struct figure *f, const struct reading *r)
{
    static const struct figure_series time = { "time", "time" }, ideal = { "ideal", "ideal" };
    struct want want = { .sweep = "lesson" };
    const struct cell *like = first_of(r, want);
    *f = (struct figure){ .name = "lesson",
                          .script = "lesson",
                          .title = "The lesson: sleeping tasks",
                          .x_column = "row",
                          .x_head = "workers",
                          .y_unit = UNIT_TIME };
    add_series(f, &time);
    add_series(f, &ideal);
    if (!like) {
        say_absent(f, r, "lesson");
        return 0;
    }
    if (gather_lesson(f, r))
        return -ENOMEM;
    double low, high;
    figure_extent(f, &low, &high);
    use_frame(f, 0, 0);
    f->frame.left = NAMES_LEFT;
    f->frame.right = WIDTH - 26;
    f->frame.height = 250;
    f->frame.top = 240;
    f->frame.x1 = high * 1.22;
    f->frame.y0 = f->row[f->rows - 1].x + 0.7;
    f->frame.y1 = 0.3;
    say_lesson(f, like);
    label_lesson(f);
    return 0;
}

/* ---- all ------------------------------------------------------------------------------------- */

/* The task lengths of the chunk sweep, ascending.  Returns how many. */
static int chunk_lengths(const struct reading *r, double out[CHUNK_FIGURES])
{
    struct want want = { .sweep = "chunk" };
    int n = 0;
    for (long i = 0; i < r->cells; i++) {
        double length = r->cell[i].task_ns;
        int k = 0;
        if (!cell_fits(&r->cell[i], &want) || !(length > 0))
            continue;
        while (k < n && out[k] < length)
            k++;
        if ((k < n && out[k] == length) || n == CHUNK_FIGURES)
            continue;
        memmove(&out[k + 1], &out[k], (size_t)(n - k) * sizeof *out);
        out[k] = length;
        n++;
    }
    return n;
}

int figures_compute(const struct reading *r, const struct answer *v, struct figures *fs)
{
    double length[CHUNK_FIGURES] = { 0 };
    int n = chunk_lengths(r, length), error = 0;
    *fs = (struct figures){ 0 };
    error |= make_speedup(&fs->figure[fs->count++], r, v);
    error |= make_length(&fs->figure[fs->count++], r, v);
    for (int i = 0; i < (n ? n : 1); i++)
        error |= make_chunk(&fs->figure[fs->count++], r, length[i]);
    error |= make_startup(&fs->figure[fs->count++], r, v);
    error |= make_schedules(&fs->figure[fs->count++], r);
    error |= make_lesson(&fs->figure[fs->count++], r);
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
