/* SPDX-License-Identifier: MIT */
#include "sketch.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "words.h"

/* ---- speed-up -------------------------------------------------------------------------------- */

/* The finding for one side: how far it is worth going, and whether it gets its money's worth. */
static void say_scaling(struct figure *f, const struct answer *v, double most)
{
    const struct cell_row *t = v->threads.cell, *p = v->processes.cell;
    char *out = f->title, a[WORD], b[WORD], workers[WORD];
    size_t room = sizeof f->title;
    const char *seem = sketch_has_intervals(f) ? "" : " seem to";
    const char *not = *seem ? "seem not to help" : "do not help";
    if (!t && !p) {
        snprintf(out, room, "How far it scales");
    } else if (f->rows == 1) {
        snprintf(out, room, "With %.30s%s: threads %.20s, processes %.20s times serial speed",
                 words_plural(workers, f->row[0].x, "worker"), *seem ? ", so far" : "",
                 t ? words_factor(a, t->speedup.mid) : "?",
                 p ? words_factor(b, p->speedup.mid) : "?");
    } else if (!t || !p) {
        const struct cell_row *c = t ? t : p;
        snprintf(out, room, "%s%s reach %s times serial speed with %s", t ? "Threads" : "Processes",
                 seem, words_factor(a, c->speedup.mid), words_plural(b, c->workers, "worker"));
    } else if (t->workers == p->workers && t->workers == 1) {
        snprintf(out, room, "More workers %s here", not );
    } else if (t->workers == p->workers &&
               fmin(t->speedup.mid, p->speedup.mid) > 0.7 * t->workers) {
        snprintf(out, room, "Both%s scale to %.0f workers%s", seem, t->workers,
                 t->workers < most ? ", then gain little" : "");
    } else if (t->workers == p->workers) {
        snprintf(out, room, "With %.0f workers threads%s reach %s times serial speed, processes %s",
                 t->workers, seem, words_factor(a, t->speedup.mid),
                 words_factor(b, p->speedup.mid));
    } else if (fmin(t->workers, p->workers) == 1) {
        snprintf(out, room, "Only %s%s gain from more workers: up to %.0f",
                 t->workers > 1 ? "threads" : "processes", seem, fmax(t->workers, p->workers));
    } else {
        snprintf(out, room, "Threads%s gain up to %s, processes up to %.0f", seem,
                 words_plural(a, t->workers, "worker"), p->workers);
    }
}

/* ---- laws ------------------------------------------------------------------------------------ */

enum { COUNTS_FOR_A_CURVE = 3 }; /* through two points a law of one parameter always goes */

/* The row of scaling.csv for the cells of WHO that are like LIKE; -1: none. */
static long law_row(const struct reading *r, const struct who *who, const struct cell_row *like)
{
    const struct csv *t = r->scaling;
    for (long i = -1; (i = reading_find(t, i + 1, who->backend, who->schedule)) >= 0;)
        if (reading_value(t, i, "task_ns") == like->task_ns &&
            reading_value(t, i, "chunk") == like->chunk &&
            !strcmp(reading_text(t, i, "workload"), like->workload))
            return i;
    return -1;
}

/* A curve through the speed-ups, in a column of its own: the Universal Scalability Law where there
 * were counts enough for it, else Amdahl's, which is the same with a kappa of 0.  It ends where the
 * cores do that are alike. */
static int add_law(struct figure *f, const struct csv *t, long i, int column, double most)
{
    enum { STEPS = 24 };
    double sigma = reading_value(t, i, "sigma"), kappa = reading_value(t, i, "kappa");
    if (isnan(sigma) || isnan(kappa)) {
        sigma = reading_value(t, i, "amdahl");
        kappa = 0;
    }
    if (isnan(sigma) || !(reading_value(t, i, "counts") >= COUNTS_FOR_A_CURVE))
        return 0;
    most = fmin(most, reading_value(t, i, "law_workers"));
    for (int k = 0; k <= STEPS; k++) {
        double share = (double)k / STEPS;
        double p = f->frame.log_x ? pow(most, share) : 1 + (most - 1) * share;
        struct figure_row *row = figure_row(f, p);
        if (!row)
            return -ENOMEM;
        row->y[column].mid = p / (1 + sigma * (p - 1) + kappa * p * (p - 1));
    }
    return 0;
}

/* "Threads: by Amdahl's law the serial fraction is 0.4% (0.0% to 1.1%)." */
static void note_law(struct figure *f, const struct csv *t, long i, const char *who)
{
    struct estimate s = reading_estimate(t, i, "sigma", "");
    double peak = reading_value(t, i, "peak_workers");
    const char *name = "by the Universal Scalability Law contention is";
    if (isnan(s.mid)) {
        s = reading_estimate(t, i, "amdahl", "");
        name = "by Amdahl's law the serial fraction is";
    }
    if (isnan(s.mid))
        return;
    sketch_note(f, "%s%s", *f->note ? " " : "", who);
    if (reading_value(t, i, "law_workers") < reading_value(t, i, "workers"))
        sketch_note(f, " on up to %.0f cores alike", reading_value(t, i, "law_workers"));
    sketch_note(f, ": %s %.1f%%", name, 100 * s.mid);
    if (!isnan(s.low))
        sketch_note(f, " (%.1f%% to %.1f%%)", 100 * s.low, 100 * s.high);
    if (peak > 0)
        sketch_note(f, ", and speed is highest with %.0f workers", peak);
    sketch_note(f, ".");
}

static int add_laws(struct figure *f, const struct reading *r, const struct cell_row *like,
                    double most)
{
    static const struct figure_series fits[] = { { "threads_fit", "" }, { "processes_fit", "" } };
    const struct who *const who[] = { &who_threads, &who_processes };
    const char *reason = "";
    for (int k = 0; k < 2; k++) {
        long i = law_row(r, who[k], like);
        int column = sketch_series(f, &fits[k]);
        if (i < 0)
            continue;
        if (add_law(f, r->scaling, i, column, most))
            return -ENOMEM;
        note_law(f, r->scaling, i, k ? "Processes" : "Threads");
        reason = reading_text(r->scaling, i, "note");
    }
    if (*f->note && *reason)
        sketch_note(f, " The Universal Scalability Law (USL): %s.", reason);
    return 0;
}

/* ---- the machine's steps --------------------------------------------------------------------- */

/* A number of workers at which a part of the machine is full, as machine.csv has it. */
struct step {
    double workers;
    char name[40];
};

enum { STEPS_MOST = 12 };

/* Those between one worker and MOST.  Returns how many. */
static int take_steps(const struct reading *r, double most, struct step *out)
{
    const char *at = reading_machine(r, "steps");
    int n = 0;
    while (n < STEPS_MOST && sscanf(at, "%lf: %39[^;]", &out[n].workers, out[n].name) == 2) {
        n += out[n].workers > 1 && out[n].workers < most;
        at += strcspn(at, ";");
        at += strspn(at, "; ");
    }
    return n;
}

/* A flag at each: the leftmost is the highest, so that no pole stands in a name.  The curves rise
 * to the right, away from them. */
static void raise_flags(struct figure *f, const struct step *step, int n)
{
    enum { LOWEST = 12, APART = 15 };
    for (int i = 0; i < n; i++) {
        double y = f->frame.bottom + LOWEST + APART * (n - 1 - i);
        figure_mark(f, "flag", step[i].workers, y, "serial", NULL);
        figure_mark(f, "start", frame_x(&f->frame, step[i].workers) + 4, y, "serial", step[i].name);
    }
}

/* ---- the figure ------------------------------------------------------------------------------ */

enum { LINEAR_MOST = 32 }; /* with more workers the steps of a machine are factors */

/* Ranges around all points; WIDEST is the largest number of workers. */
static void frame_speedup(struct figure *f, double widest)
{
    double low, high;
    int is_log = widest > LINEAR_MOST;
    figure_extent(f, &low, &high);
    sketch_frame(f, is_log, is_log);
    if (is_log) {
        figure_mark(f, "log", 2, 2, "", NULL);
        sketch_x_range(f, 1.08);
        f->frame.y0 = fmin(low, 1) / 1.3;
        f->frame.y1 = fmax(fmin(widest, high * 2), high) * 1.15;
        return;
    }
    sketch_x_range(f, fmax(0.3, widest * 0.04));
    f->frame.x0 = fmin(f->frame.x0, 0.7);
    f->frame.y1 = fmax(fmin(widest, high * 1.35), high) * 1.06;
}

/* Left of the line, near its end or further down. */
static void label_ideal(struct figure *f, double widest)
{
    const struct frame *fr = &f->frame;
    double ideal = fmin(widest, fr->y1 / 1.03);
    struct place places[3];
    for (int i = 0; i < 3; i++) {
        double at = fr->log_x ? ideal * pow(0.5, i) : ideal * (1 - 0.2 * i);
        places[i] = (struct place){ "end", frame_x(fr, at) - (fr->log_x ? 22 : 14),
                                    frame_y(fr, at) - 4 + 6 * (i > 0) };
    }
    figure_place(f, places, 3, "serial", "ideal");
}

int speedup_figure(struct figure *f, const struct reading *r, const struct answer *v)
{
    struct want want = { .sweep = "workers" };
    const struct cell_row *like = sketch_first(r, want);
    *f = (struct figure){ .name = "speedup",
                          .script = "speedup",
                          .title = "How far it scales",
                          .x_column = "workers",
                          .x_head = "workers",
                          .y_unit = UNIT_FACTOR };
    if (!like) {
        sketch_absent(f, r, "workers");
        return 0;
    }
    want.task_ns = like->task_ns;
    want.workload = like->workload;
    if (sketch_gather(f, r, &who_threads, want, by_workers, the_speedup) ||
        sketch_gather(f, r, &who_processes, want, by_workers, the_speedup) ||
        sketch_gather(f, r, &who_pipes, want, by_workers, the_speedup))
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
    double most = f->row[f->rows - 1].x;
    struct step step[STEPS_MOST];
    int steps = take_steps(r, most, step);
    if (steps)
        snprintf(f->subtitle + strlen(f->subtitle), sizeof f->subtitle - strlen(f->subtitle),
                 " Flags: a part of the machine is full.");
    sketch_end_subtitle(f, "Bands");
    frame_speedup(f, most);
    sketch_name_y(f, "speed-up over serial");
    say_scaling(f, v, most);
    if (add_laws(f, r, like, most))
        return -ENOMEM;
    figure_label_ends(f);
    sketch_shade_siblings(f, r, !steps);
    raise_flags(f, step, steps);
    label_ideal(f, most);
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
    const char *hedge = sketch_has_intervals(f) ? "is" : "looks";
    if (!(one->low > 0))
        snprintf(f->title, sizeof f->title, "Time per task by chunk size");
    else if ((!both || same) && one->low == one->high)
        snprintf(f->title, sizeof f->title, "Chunks of %s %s best", a, both ? "are" : "look");
    else if (!both || same)
        snprintf(f->title, sizeof f->title, "Any chunk from %s %s as good as the best", a, hedge);
    else
        snprintf(f->title, sizeof f->title, "Chunks that %s good: threads %s, processes %s",
                 sketch_has_intervals(f) ? "are" : "look", a, b);
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
    const char *text = both ? "good for threads and processes" : "good";
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
    int s = sketch_series(f, &serial);
    for (long i = 0; i < f->rows; i++)
        f->row[i].y[s].mid = task_time > 0 ? task_time : NAN;
}

int chunk_figure(struct figure *f, const struct reading *r, double task_ns)
{
    struct want want = { .sweep = "chunk", .task_ns = task_ns };
    const struct cell_row *like = sketch_first(r, want);
    char length[WORD], tasks[WORD], workers[WORD];
    words_time(length, task_ns, 2);
    *f = (struct figure){
        .script = "chunk", .x_column = "chunk", .x_head = "tasks per chunk", .y_unit = UNIT_TIME
    };
    if (!like) {
        snprintf(f->name, sizeof f->name, "chunk");
        snprintf(f->title, sizeof f->title, "Which chunk size");
        sketch_absent(f, r, "chunk");
        return 0;
    }
    sketch_name(f, "chunk", task_ns);
    if (sketch_gather(f, r, &who_threads, want, by_chunk, per_task) ||
        sketch_gather(f, r, &who_processes, want, by_chunk, per_task) ||
        sketch_gather(f, r, &who_stealing, want, by_chunk, per_task) ||
        sketch_gather(f, r, &who_pipes, want, by_chunk, per_task))
        return -ENOMEM;
    if (!f->rows) {
        snprintf(f->title, sizeof f->title, "Which chunk size for tasks of %s", length);
        sketch_absent(f, r, "chunk");
        return 0;
    }
    add_serial(f, like->serial_task_ns);
    snprintf(f->subtitle, sizeof f->subtitle,
             "%s tasks of %s on %s. Too small, and handing out costs more than the "
             "work; too large, and workers sit idle.",
             words_count(tasks, like->tasks), length,
             words_plural(workers, like->workers, "worker"));
    sketch_end_subtitle(f, "Bands");
    sketch_frame(f, 1, 1);
    sketch_name_y(f, "time per task");
    sketch_x_range(f, 1.3);
    sketch_log_y_range(f);
    struct chunk_range t = chunk_range_of(r, "omp", "dynamic", task_ns);
    struct chunk_range p = chunk_range_of(r, "pool", "dynamic", task_ns);
    say_chunks(f, &t, &p);
    figure_label_ends(f);
    shade_chunks(f, &t, &p);
    return 0;
}
