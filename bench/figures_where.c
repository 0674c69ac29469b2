/* SPDX-License-Identifier: MIT
 *
 * figures_where: where the workers' time goes, as shares.csv has it, and every sample of two key
 * cells over the run, as strip.csv has them.
 */
#include "sketch.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../core/stats.h"
#include "words.h"

/* ---- work, handing out, waiting, start-up ---------------------------------------------------- */

static const struct who *const teams[] = { &who_threads, &who_processes, &who_stealing,
                                           &who_pipes };
static const double wanted[] = { 100, 1000, 10000 }; /* ns: the lengths nearest to these */
enum { TEAMS = 4, WANTED = 3 };
enum { WORK, HANDOUT, WAITING, STARTUP, SHARES };

static int is_single(const struct csv *t, long row)
{
    return sweep_has(reading_text(t, row, "sweep"), "length") &&
           reading_value(t, row, "chunk") == 1;
}

/* The lengths that are drawn, ascending: of those measured the nearest to each wanted one, where it
 * is within a factor of four. */
static int drawn_lengths(const struct csv *t, double out[WANTED])
{
    int n = 0;
    for (int k = 0; k < WANTED; k++) {
        double best = NAN;
        for (long i = 0; t && i < t->rows; i++) {
            double length = reading_value(t, i, "task_ns");
            if (is_single(t, i) &&
                (isnan(best) || fabs(log(length / wanted[k])) < fabs(log(best / wanted[k]))))
                best = length;
        }
        if (fabs(log(best / wanted[k])) < log(4) && (n == 0 || out[n - 1] != best))
            out[n++] = best;
    }
    return n;
}

/* Shares of all that a job takes with a team of its own: those of the job are smaller by what
 * starting the team takes. */
static void take_shares(struct figure_row *row, const struct csv *t, long i)
{
    static const char *const name[SHARES] = { "efficiency", "handout", "waiting", "startup" };
    double startup = reading_value(t, i, "startup"), job = isnan(startup) ? 1 : 1 - startup;
    for (int s = 0; s < SHARES; s++) {
        double scale = s == STARTUP ? 1 : job;
        struct estimate e = reading_estimate(t, i, name[s], "");
        row->y[s] = (struct estimate){ scale * e.mid, scale * e.low, scale * e.high };
    }
}

static long find_share(const struct csv *t, const struct who *who, double task_ns)
{
    for (long i = -1; (i = reading_find(t, i + 1, who->backend, who->schedule)) >= 0;)
        if (is_single(t, i) && reading_value(t, i, "task_ns") == task_ns &&
            reading_value(t, i, "efficiency") > 0)
            return i;
    return -1;
}

static int gather_where(struct figure *f, const struct reading *r)
{
    double length[WANTED];
    int n = drawn_lengths(r->shares, length);
    for (int k = 0; k < n; k++)
        for (int s = 0; s < TEAMS; s++) {
            long i = find_share(r->shares, teams[s], length[k]);
            char time[WORD];
            if (i < 0)
                continue;
            struct figure_row *row = figure_row(f, (double)(k * TEAMS + s));
            if (!row)
                return -ENOMEM;
            snprintf(row->group, sizeof row->group, "tasks of %.20s",
                     words_time(time, length[k], 2));
            snprintf(row->name, sizeof row->name, "%s", teams[s]->series.label);
            take_shares(row, r->shares, i);
        }
    return 0;
}

/* The row that wastes most, and on what. */
static void say_where(struct figure *f)
{
    static const char *const on[SHARES] = { "", "handing out", "waiting", "starting the team" };
    const struct figure_row *worst = &f->row[0];
    int what = HANDOUT;
    for (long i = 1; i < f->rows; i++)
        if (f->row[i].y[WORK].mid < worst->y[WORK].mid)
            worst = &f->row[i];
    for (int s = WAITING; s < SHARES; s++)
        if (worst->y[s].mid > worst->y[what].mid)
            what = s;
    if (worst->y[WORK].mid >= 0.9)
        snprintf(f->title, sizeof f->title,
                 "Nine tenths of the time or more is work, whoever hands it out");
    else
        snprintf(f->title, sizeof f->title, "With %s, %s %s %.0f%% of the time on %s", worst->group,
                 worst->name, sketch_has_intervals(f) ? "spend" : "seem to spend",
                 100 * worst->y[what].mid, on[what]);
}

/* All that is drawn of a row. */
static double whole_of(const struct figure_row *row)
{
    double sum = 0;
    for (int s = 0; s < SHARES; s++)
        sum += fmax(0, row->y[s].mid);
    return sum;
}

static void label_where(struct figure *f)
{
    static const struct {
        const char *role, *text;
        double left;
    } key[SHARES] = { { "good", "■ work", 0 },
                      { "handout", "■ handing out", 62 },
                      { "waiting", "■ waiting", 175 },
                      { "startup", "■ start-up", 257 } };
    const struct frame *fr = &f->frame;
    char text[WORD];
    sketch_label_rows(f);
    for (int s = 0; s < SHARES; s++)
        if (figure_has(f, s))
            figure_mark(f, "start", fr->left + key[s].left, fr->top + 14, key[s].role, key[s].text);
    for (long i = 0; i < f->rows; i++) {
        snprintf(text, sizeof text, "%.0f%%", 100 * f->row[i].y[WORK].mid);
        figure_mark(f, "start", fr->right + 6, frame_y(fr, f->row[i].x), "good", text);
    }
}

int where_figure(struct figure *f, const struct reading *r)
{
    static const struct figure_series parts[SHARES] = { { "work", "work" },
                                                        { "handout", "handing out" },
                                                        { "waiting", "waiting" },
                                                        { "startup", "start-up" } };
    struct want want = { .sweep = "length" };
    const struct cell_row *like = sketch_first(r, want);
    *f = (struct figure){ .name = "where",
                          .script = "where",
                          .title = "Where the time goes",
                          .x_column = "row",
                          .x_head = "tasks",
                          .y_unit = UNIT_SHARE };
    for (int s = 0; s < SHARES; s++)
        sketch_series(f, &parts[s]);
    if (gather_where(f, r))
        return -ENOMEM;
    if (!like) {
        sketch_absent(f, r, "length");
        return 0;
    }
    if (!f->rows) {
        snprintf(f->absent, sizeof f->absent,
                 "Not drawn: no cell with chunk 1 has its work and its workers' busy time known.");
        return 0;
    }
    sketch_close_up(f);
    char workers[WORD], job[WORD];
    snprintf(f->subtitle, sizeof f->subtitle,
             "Of the time of %s, one task at a time, with a team started for one job of about %s. "
             "The number is the share of work.",
             words_plural(workers, like->workers, "worker"), words_time(job, like->time.mid, 1));
    sketch_note(
        f, "Work: what the tasks take while all workers are busy and nothing is handed out. "
           "Handing out: the rest of the time between a worker's first request and its last, for "
           "pipes also the wait for an answer. Waiting: being woken, and being done before the "
           "others. Start-up: opening and closing the team; a team that is kept pays it once.");
    sketch_rows_frame(f, 96, f->row[f->rows - 1].x);
    f->frame.right = SKETCH_WIDTH - 48;
    for (long i = 0; i < f->rows; i++)
        f->frame.x1 = fmax(f->frame.x1, whole_of(&f->row[i]));
    say_where(f);
    label_where(f);
    return 0;
}

/* ---- every sample ---------------------------------------------------------------------------- */

enum { THREADS, PROCESSES, ODD, THREADS_BLOCK, PROCESSES_BLOCK, STRIPS };
enum { CAUSES = 4, MOST_SAMPLES = 64 /* of a block */ };

/* What disturbed samples, and how many. */
struct causes {
    const char *word[CAUSES];
    long count[CAUSES], samples, odd;
};

static void count_cause(struct causes *c, const char *word)
{
    c->samples++;
    c->odd += *word != 0;
    for (int i = 0; i < CAUSES && *word; i++) {
        if (!c->word[i])
            c->word[i] = word;
        if (strcmp(c->word[i], word))
            continue;
        c->count[i]++;
        return;
    }
}

static int is_of(const struct csv *t, long i, const struct cell_row *c)
{
    return c && !strcmp(reading_text(t, i, "backend"), c->backend) &&
           !strcmp(reading_text(t, i, "schedule"), c->schedule) &&
           !strcmp(reading_text(t, i, "cpus"), c->cpus) &&
           reading_value(t, i, "workers") == c->workers &&
           reading_value(t, i, "task_ns") == c->task_ns &&
           reading_value(t, i, "chunk") == c->chunk && reading_value(t, i, "tasks") == c->tasks;
}

/* Where a sample stands: seconds into the run where the run's clock is known, else its block. */
static double when_of(const struct csv *t, long i, int by_clock)
{
    return by_clock ? reading_value(t, i, "begun_s") : reading_value(t, i, "block");
}

static int add_sample(struct figure *f, const struct csv *t, long i, int side, int by_clock,
                      struct causes *causes)
{
    double when = when_of(t, i, by_clock);
    double task = reading_value(t, i, "wall_ns") / reading_value(t, i, "tasks");
    const char *cause = reading_text(t, i, "cause");
    if (!(task > 0) || isnan(when))
        return 0;
    while (figure_find(f, when)) /* a row each, one after the other */
        when += by_clock ? 1e-6 : 0.05;
    struct figure_row *row = figure_row(f, when);
    if (!row)
        return -ENOMEM;
    row->y[side].mid = task;
    if (*cause)
        row->y[ODD].mid = task;
    snprintf(row->group, sizeof row->group, "block %s", reading_text(t, i, "block"));
    snprintf(row->name, sizeof row->name, "%s", *cause ? cause : "undisturbed");
    count_cause(causes, cause);
    return 0;
}

/* Each block's median, at all of its samples: what the statistics are made of. */
static void add_medians(struct figure *f, int side, int column)
{
    for (long first = 0, end; first < f->rows; first = end) {
        double value[MOST_SAMPLES];
        int n = 0;
        for (end = first; end < f->rows && !strcmp(f->row[end].group, f->row[first].group); end++)
            if (!isnan(f->row[end].y[side].mid) && n < MOST_SAMPLES)
                value[n++] = f->row[end].y[side].mid;
        if (!n)
            continue;
        stats_sort(value, n);
        for (long i = first; i < end; i++)
            f->row[i].y[column].mid = stats_median(value, n);
    }
}

static void say_samples(struct figure *f, const struct causes *c)
{
    char all[WORD];
    words_plural(all, (double)c->samples, "sample");
    if (!c->odd)
        snprintf(f->title, sizeof f->title, "Nothing is known to have disturbed any of %s", all);
    else
        snprintf(f->title, sizeof f->title, "%ld of %s %s disturbed (%s%s)", c->odd, all,
                 c->odd == 1 ? "was" : "were", c->word[1] ? "mostly: " : "", c->word[0]);
    for (int i = 0; i < CAUSES && c->word[i]; i++)
        sketch_note(f, "%s%s: %ld", i ? ", " : "Disturbed: ", c->word[i], c->count[i]);
    if (*f->note)
        sketch_note(f, ".");
}

/* The commonest first. */
static void sort_causes(struct causes *c)
{
    for (int i = 1; i < CAUSES; i++)
        for (int k = i; k > 0 && c->count[k] > c->count[k - 1]; k--) {
            long count = c->count[k];
            const char *word = c->word[k];
            c->count[k] = c->count[k - 1];
            c->word[k] = c->word[k - 1];
            c->count[k - 1] = count;
            c->word[k - 1] = word;
        }
}

static void label_samples(struct figure *f)
{
    const struct frame *fr = &f->frame;
    double x = fr->right, y = fr->top + 14;
    if (figure_has(f, ODD))
        figure_mark(f, "end", x, y, "ink", "× disturbed");
    if (figure_has(f, PROCESSES))
        figure_mark(f, "end", x - 100, y, "processes", "■ processes");
    if (figure_has(f, THREADS))
        figure_mark(f, "end", x - 202, y, "threads", "● threads");
}

int samples_figure(struct figure *f, const struct reading *r, const struct answer *v)
{
    static const struct figure_series strips[STRIPS] = { { "threads", "threads" },
                                                         { "processes", "processes" },
                                                         { "odd", "disturbed" },
                                                         { "threads_block", "median" },
                                                         { "processes_block", "median" } };
    const struct cell_row *cell[] = { v->threads.cell, v->processes.cell };
    const struct cell_row *like = cell[0] ? cell[0] : cell[1];
    struct causes causes = { 0 };
    int by_clock = 1;
    double low, high;
    *f = (struct figure){ .name = "samples",
                          .script = "samples",
                          .title = "Every sample of the run",
                          .x_column = "when",
                          .x_head = "block",
                          .y_unit = UNIT_TIME };
    for (int s = 0; s < STRIPS; s++)
        sketch_series(f, &strips[s]);
    for (long i = 0; r->strip && i < r->strip->rows; i++)
        by_clock &= !isnan(reading_value(r->strip, i, "begun_s"));
    for (long i = 0; r->strip && i < r->strip->rows; i++)
        for (int side = 0; side < 2; side++)
            if (is_of(r->strip, i, cell[side]) &&
                add_sample(f, r->strip, i, side, by_clock, &causes))
                return -ENOMEM;
    if (!figure_extent(f, &low, &high)) {
        sketch_absent(f, r, "workers");
        return 0;
    }
    add_medians(f, THREADS, THREADS_BLOCK);
    add_medians(f, PROCESSES, PROCESSES_BLOCK);
    sort_causes(&causes);
    char time[WORD], workers[WORD];
    snprintf(f->subtitle, sizeof f->subtitle,
             "Time per task of %s with %s: a dot per sample, %s. Dashes are the blocks' medians, "
             "which all statistics stand on. The axis does not begin at zero.",
             words_time(time, like->task_ns, 2), words_plural(workers, like->workers, "worker"),
             by_clock ? "over the run" : "by block");
    sketch_frame(f, 0, 0);
    f->frame.left = 84; /* times that hardly differ have many digits */
    f->frame.right = SKETCH_WIDTH - 26;
    double room = fmax(high - low, 0.02 * high) * 0.08;
    f->frame.y0 = low - room;
    f->frame.y1 = high + room;
    double span = f->row[f->rows - 1].x - f->row[0].x;
    f->frame.x0 = f->row[0].x - fmax(0.02 * span, 0.5);
    f->frame.x1 = f->row[f->rows - 1].x + fmax(0.02 * span, 0.5);
    say_samples(f, &causes);
    sketch_name_y(f, "time per task");
    figure_mark(f, "middle", (f->frame.left + f->frame.right) / 2, 12, "ink",
                by_clock ? "time into the run, s" : "block");
    label_samples(f);
    return 0;
}
