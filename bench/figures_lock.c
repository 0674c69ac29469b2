/* SPDX-License-Identifier: MIT
 *
 * figures_lock: workers under one lock, from lock.csv: how they scale, what computing does to one
 * who answers, what the switch interval does to that, and how much of a task may need the lock.
 */
#include "sketch.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../core/backend.h"
#include "words.h"

static const struct estimate unknown = { NAN, NAN, NAN };

/* A column, and whose rows of lock.csv are in it; NULL: any. */
struct team {
    struct figure_series series;
    const char *backend, *runner, *lock;
};

/* Which rows; NULL and NAN: any.  A row that leaves a field empty has no such thing, and fits. */
struct look {
    const char *figure, *workload;
    double task_ns, switch_us, held, computing, workers;
};

static const struct look anything = { NULL, NULL, NAN, NAN, NAN, NAN, NAN };

/* ---- rows of lock.csv ------------------------------------------------------------------------ */

static int number_fits(const struct csv *t, long row, const char *name, double wanted)
{
    double value = reading_value(t, row, name);
    return isnan(wanted) || isnan(value) || value == wanted;
}

static int text_fits(const struct csv *t, long row, const char *name, const char *wanted)
{
    return !wanted || !strcmp(reading_text(t, row, name), wanted);
}

static int row_fits(const struct csv *t, long i, const struct team *who, const struct look *l)
{
    return text_fits(t, i, "figure", l->figure) && text_fits(t, i, "workload", l->workload) &&
           text_fits(t, i, "backend", who->backend) && text_fits(t, i, "runner", who->runner) &&
           text_fits(t, i, "lock", who->lock) && number_fits(t, i, "task_ns", l->task_ns) &&
           number_fits(t, i, "switch_us", l->switch_us) && number_fits(t, i, "held", l->held) &&
           number_fits(t, i, "computing", l->computing) && number_fits(t, i, "workers", l->workers);
}

/* The first row from FROM on that fits; -1: none. */
static long find(const struct reading *r, long from, const struct team *who, const struct look *l)
{
    for (long i = from; r->lock && i < r->lock->rows; i++)
        if (row_fits(r->lock, i, who, l))
            return i;
    return -1;
}

static struct estimate value_of(const struct csv *t, long row)
{
    struct estimate e = { reading_value(t, row, "value"), reading_value(t, row, "low"),
                          reading_value(t, row, "high") };
    if (isnan(e.low) || isnan(e.high))
        e.low = e.high = NAN;
    return e;
}

static struct estimate look_up(const struct reading *r, const struct team *who,
                               const struct look *l)
{
    long i = find(r, 0, who, l);
    return i < 0 ? unknown : value_of(r->lock, i);
}

/* A column for WHO: the rows that fit, each at what its column X says, times SCALE. */
static int gather(struct figure *f, const struct reading *r, const struct team *who,
                  const struct look *l, const char *x, double scale)
{
    int s = sketch_series(f, &who->series);
    for (long i = -1; (i = find(r, i + 1, who, l)) >= 0;) {
        double at = reading_value(r->lock, i, x) * scale;
        struct figure_row *row = isnan(at) ? NULL : figure_row(f, at);
        if (!row)
            return -ENOMEM;
        if (isnan(row->y[s].mid))
            row->y[s] = value_of(r->lock, i);
    }
    return 0;
}

/* ---- how threads under a lock scale ---------------------------------------------------------- */

enum { LOCKED, OLD, FREE, PROCESSES, PY_THREADS, PY_POOL, INSIDE_OMP, INSIDE_POOL, TEAMS };

static const struct team teams[TEAMS] = {
    [LOCKED] = { { "lock", "one lock" }, "gil", "cell", "new" },
    [OLD] = { { "lock_old", "old lock" }, "gil", "cell", "old" },
    [FREE] = { { "threads", "no lock" }, "omp", "cell", NULL },
    [PROCESSES] = { { "processes", "processes" }, "pool", "cell", NULL },
    [PY_THREADS] = { { "py_threads", "py-threads" }, NULL, "py-threads", NULL },
    [PY_POOL] = { { "py_pool", "py-pool" }, NULL, "py-pool", NULL },
    [INSIDE_OMP] = { { "py_inside", "py in omp" }, "omp", "cell", "python" },
    [INSIDE_POOL] = { { "py_inside_pool", "py in pool" }, "pool", "cell", NULL },
};

/* What the tasks do. */
static const struct act {
    const char *name, *title, *workload, *inside; /* of the figure; in C, and with Python inside */
    const char *words, *sweep;
} computing = { "lock",
                "Threads under one lock",
                "cpu",
                "python_cpu",
                "compute. One lock: as CPython's threads, who computes holds it.",
                "gil" },
  sleeping = { "lock_nap",
               "Threads under one lock that sleep",
               "sleep",
               "python_sleep",
               "sleep. One lock: as CPython's threads, who sleeps has given it away.",
               "gil_sleep" };

/* The widest team that has a CPU each and was measured under the lock and as COLUMN. */
static const struct figure_row *widest(const struct figure *f, double cpus, int column)
{
    const struct figure_row *best = NULL;
    for (long i = 0; i < f->rows; i++) {
        const struct figure_row *row = &f->row[i];
        if (row->x > 1 && !(row->x > cpus) && row->y[LOCKED].mid > 0 && row->y[column].mid > 0)
            best = row;
    }
    return best;
}

static void say_lock(struct figure *f, double cpus)
{
    const double nothing = 1.15;
    int column = PROCESSES;
    const struct figure_row *row = widest(f, cpus, column);
    char under[WORD], other[WORD];
    if (!row)
        row = widest(f, cpus, column = FREE);
    if (!row)
        return;
    const struct estimate *lock = &row->y[LOCKED], *rival = &row->y[column];
    const char *seem = isnan(lock->low) ? "seem to " : "";
    words_factor(under, lock->mid);
    words_factor(other, rival->mid);
    if (!isnan(lock->low) && !isnan(rival->low) && !sketch_apart(lock, rival))
        snprintf(f->title, sizeof f->title,
                 "%.0f threads under the lock and %.0f %s: this run cannot tell them apart", row->x,
                 row->x, column == FREE ? "free ones" : "processes");
    else if (lock->mid >= nothing)
        snprintf(f->title, sizeof f->title,
                 "Under the lock %.0f threads %sreach %.20s times serial speed, %s %.20s", row->x,
                 seem, under, column == FREE ? "free ones" : "processes", other);
    else
        snprintf(f->title, sizeof f->title,
                 "Under the lock %s nothing; %.0f %s %sreach %.20s times serial speed",
                 row->x > 2 ? *seem ? "more threads seem to add" : "more threads add"
                 : *seem    ? "a second thread seems to add"
                            : "a second thread adds",
                 row->x, column == FREE ? "free threads" : "processes", seem, other);
}

/* How many were inside a task at once: it needs no clock, and no quiet machine. */
static void note_inside(struct figure *f, const struct reading *r)
{
    struct look l = anything;
    char workers[WORD];
    l.figure = "inside";
    long locked = find(r, 0, &teams[LOCKED], &l);
    if (locked < 0)
        return;
    double count = reading_value(r->lock, locked, "workers");
    l.workers = count;
    struct estimate with = value_of(r->lock, locked), without = look_up(r, &teams[FREE], &l);
    sketch_note(f, "%sOf %s, so many were inside a task at once: %.0f under the lock",
                *f->note ? " " : "", words_plural(workers, count, "thread"), with.mid);
    if (!isnan(without.mid))
        sketch_note(f, ", %.0f without", without.mid);
    sketch_note(f, ".");
}

/* The widest team that slept under the lock. */
static void say_nap(struct figure *f)
{
    char factor[WORD];
    for (long i = f->rows - 1; i >= 0; i--) {
        const struct figure_row *row = &f->row[i];
        if (isnan(row->y[LOCKED].mid) || row->x < 2)
            continue;
        snprintf(f->title, sizeof f->title,
                 "Asleep, %.0f threads under the lock %s %.20s times serial speed", row->x,
                 isnan(row->y[LOCKED].low) ? "seem to reach" : "reach",
                 words_factor(factor, row->y[LOCKED].mid));
        return;
    }
}

/* A column for each team that did what ACT says, for tasks as long as those under the lock. */
static int gather_act(struct figure *f, const struct reading *r, const struct act *act)
{
    struct look l = anything;
    char time[WORD];
    l.figure = "speedup";
    l.workload = act->workload;
    l.held = 1;
    long like = find(r, 0, &teams[LOCKED], &l);
    if (like < 0) {
        sketch_absent(f, r, act->sweep);
        return 0;
    }
    l.task_ns = reading_value(r->lock, like, "task_ns");
    l.switch_us = reading_value(r->lock, like, "switch_us");
    for (int k = 0; k < TEAMS; k++) {
        l.workload = k < INSIDE_OMP ? act->workload : act->inside;
        if (gather(f, r, &teams[k], &l, "workers", 1))
            return -ENOMEM;
    }
    snprintf(f->subtitle, sizeof f->subtitle, "Speed-up over serial code of tasks of %s that %s",
             words_time(time, l.task_ns, 2), act->words);
    return 0;
}

static int act_figure(struct figure *f, const struct reading *r, const struct act *act)
{
    double low, high;
    *f = (struct figure){
        .script = "lock", .x_column = "workers", .x_head = "workers", .y_unit = UNIT_FACTOR
    };
    snprintf(f->name, sizeof f->name, "%s", act->name);
    snprintf(f->title, sizeof f->title, "%s", act->title);
    int error = gather_act(f, r, act);
    if (error || *f->absent)
        return error;
    sketch_end_subtitle(f, "Bands");
    figure_extent(f, &low, &high);
    sketch_frame(f, 0, 0);
    sketch_name_y(f, "speed-up over serial");
    sketch_x_range(f, fmax(0.3, f->row[f->rows - 1].x * 0.04));
    f->frame.x0 = fmin(f->frame.x0, 0.7);
    f->frame.y1 = fmax(high, 2) * 1.12;
    if (figure_has(f, INSIDE_OMP) || figure_has(f, INSIDE_POOL))
        sketch_note(f, "py in omp, py in pool: Python that threads and processes in C call.");
    figure_label_ends(f);
    return 0;
}

int lock_figure(struct figure *f, const struct reading *r)
{
    int error = act_figure(f, r, &computing);
    if (error || *f->absent)
        return error;
    say_lock(f, reading_number(r, "effective_workers"));
    note_inside(f, r);
    sketch_shade_siblings(f, r, 1);
    return 0;
}

int nap_figure(struct figure *f, const struct reading *r)
{
    int error = act_figure(f, r, &sleeping);
    if (!error && !*f->absent)
        say_nap(f);
    return error;
}

/* ---- an answer beside others that compute ---------------------------------------------------- */

enum { ANSWER_PYTHON = PY_THREADS + 1 }; /* its column: there is one more before it */

/* What an answer took: the middle, and what one in a hundred exceeds. */
static const struct team late = { { "lock_late", "99 of 100" }, "gil", "cell", "new" };

/* Is it about one interval? */
static int is_about(double value, double interval)
{
    return value >= 0.8 * interval && value <= 1.6 * interval;
}

static void say_answer(struct figure *f, double interval)
{
    const struct figure_row *alone = figure_find(f, 0), *one = figure_find(f, 1);
    char time[WORD], quiet[WORD];
    if (!one || isnan(one->y[LOCKED].mid))
        return;
    words_time(time, one->y[LOCKED].mid, 2);
    int few = isnan(one->y[LOCKED].low), about = is_about(one->y[LOCKED].mid, interval);
    const char *word = few ? about ? "seems to wait" : "seems to take" : about ? "waits" : "takes";
    int n = snprintf(f->title, sizeof f->title, "Beside one thread that computes, an answer %s %s",
                     word, about ? "one switch interval, " : "");
    n += snprintf(f->title + n, sizeof f->title - (size_t)n, "%.30s", time);
    if (alone && alone->y[LOCKED].mid > 0)
        snprintf(f->title + n, sizeof f->title - (size_t)n, "; alone %.30s",
                 words_time(quiet, alone->y[LOCKED].mid, 2));
}

/* What Python's own threads take, of which the lock is an image. */
static void note_python(struct figure *f)
{
    const struct figure_row *one = figure_find(f, 1);
    char time[WORD], lock[WORD];
    if (one && !isnan(one->y[ANSWER_PYTHON].mid) && !isnan(one->y[LOCKED].mid))
        sketch_note(f, "Beside one thread, Python's own take %s, ours under the lock %s.",
                    words_time(time, one->y[ANSWER_PYTHON].mid, 2),
                    words_time(lock, one->y[LOCKED].mid, 2));
}

/* A level line needs a name where nothing else is. */
static void label_level(struct figure *f, double level, const char *text)
{
    const struct frame *fr = &f->frame;
    double y = frame_y(fr, level);
    struct place places[] = { { "start", fr->left + 8, y + 11 },
                              { "start", fr->left + 8, y - 11 },
                              { "end", fr->right - 6, y - 11 },
                              { "end", fr->right - 6, y + 11 } };
    figure_mark(f, "level", 0, level, "", NULL);
    figure_place(f, places, 4, "serial", text);
}

int answer_figure(struct figure *f, const struct reading *r)
{
    struct look l = anything;
    char interval[WORD];
    *f = (struct figure){ .name = "answer",
                          .script = "answer",
                          .title = "An answer beside threads that compute",
                          .x_column = "computing",
                          .x_head = "computing beside it",
                          .y_unit = UNIT_TIME };
    l.figure = "answer_p50";
    l.switch_us = LOCK_SWITCH_US;
    if (find(r, 0, &teams[LOCKED], &l) < 0)
        l.switch_us = NAN; /* another one, or none: what there is */
    long like = find(r, 0, &teams[LOCKED], &l);
    if (like < 0) {
        sketch_absent(f, r, "gil_convoy");
        return 0;
    }
    l.switch_us = reading_value(r->lock, like, "switch_us");
    struct look l99 = l;
    l99.figure = "answer_p99";
    if (gather(f, r, &teams[LOCKED], &l, "computing", 1) ||
        gather(f, r, &late, &l99, "computing", 1))
        return -ENOMEM;
    for (int k = OLD; k <= PY_POOL; k++)
        if (gather(f, r, &teams[k], &l, "computing", 1))
            return -ENOMEM;
    snprintf(f->subtitle, sizeof f->subtitle,
             "From a timer's tick to the answer, median and the 99th of 100, beside so many that "
             "compute. The switch interval is %s.",
             words_time(interval, l.switch_us * 1e3, 2));
    sketch_end_subtitle(f, "Bands");
    sketch_frame(f, 0, 1);
    sketch_name_y(f, "time to answer");
    sketch_x_range(f, 0.3);
    sketch_log_y_range(f);
    f->frame.y1 = fmax(f->frame.y1, l.switch_us * 2e3);
    say_answer(f, l.switch_us * 1e3);
    note_python(f);
    figure_label_ends(f);
    label_level(f, l.switch_us * 1e3, "one interval");
    return 0;
}

/* ---- the switch interval --------------------------------------------------------------------- */

enum { INTERVAL_PYTHON = 2 }; /* its column, behind the lock's two */

static void say_interval(struct figure *f)
{
    const struct figure_row *first = &f->row[0], *last = &f->row[f->rows - 1];
    char from[WORD], to[WORD], quick[WORD], slow[WORD];
    if (isnan(first->y[LOCKED].mid) || isnan(last->y[LOCKED].mid))
        return;
    snprintf(f->title, sizeof f->title,
             "An answer %s %.20s with an interval of %.20s, and %.20s with %.20s",
             isnan(first->y[LOCKED].low) || isnan(last->y[LOCKED].low) ? "seems to take" : "takes",
             words_time(quick, first->y[LOCKED].mid, 2), words_time(from, first->x, 2),
             words_time(slow, last->y[LOCKED].mid, 2), words_time(to, last->x, 2));
}

/* A line on which the answer takes as long as the interval. */
static void add_interval(struct figure *f)
{
    static const struct figure_series same = { "ideal", "interval" };
    int s = sketch_series(f, &same);
    for (long i = 0; i < f->rows; i++)
        f->row[i].y[s].mid = f->row[i].x;
}

int interval_figure(struct figure *f, const struct reading *r)
{
    struct look l = anything, l99;
    *f = (struct figure){ .name = "interval",
                          .script = "interval",
                          .title = "What the switch interval does to an answer",
                          .x_column = "interval",
                          .x_head = "switch interval",
                          .x_unit = UNIT_TIME,
                          .y_unit = UNIT_TIME };
    l.figure = "answer_p50";
    l.computing = 1;
    l99 = l;
    l99.figure = "answer_p99";
    if (gather(f, r, &teams[LOCKED], &l, "switch_us", 1e3) ||
        gather(f, r, &late, &l99, "switch_us", 1e3) ||
        gather(f, r, &teams[PY_THREADS], &l, "switch_us", 1e3))
        return -ENOMEM;
    if (f->rows < 2) {
        sketch_absent(f, r, "gil_convoy");
        return 0;
    }
    add_interval(f);
    snprintf(f->subtitle, sizeof f->subtitle,
             "One that answers beside one that computes: who waits asks for the lock after the "
             "interval, and has it then.");
    sketch_end_subtitle(f, "Bands");
    sketch_frame(f, 1, 1);
    sketch_name_y(f, "time to answer");
    sketch_x_range(f, 1.3);
    sketch_log_y_range(f);
    say_interval(f);
    if (figure_has(f, INTERVAL_PYTHON))
        sketch_note(f, "Python leaves the timer slack at the system's 50 µs: its alarm and its "
                       "waiter's time-out both come by so much later.");
    figure_label_ends(f);
    return 0;
}

/* ---- how much of a task needs the lock ------------------------------------------------------- */

enum { HELD_LOCKED, HELD_PROCESSES, HELD_MOST, HELD_AMDAHL };

/* Into L a team under a lock of which several shares were measured: the widest that has a CPU for
 * each, else the smallest.  Returns 1, or 0: there is none. */
static int choose_team(const struct reading *r, double cpus, struct look *l)
{
    struct look any = *l;
    any.figure = "crossing";
    for (long i = -1; (i = find(r, i + 1, &teams[LOCKED], &any)) >= 0;) {
        double workers = reading_value(r->lock, i, "workers");
        int better = isnan(l->workers) || (workers <= cpus) > (l->workers <= cpus) ||
                     ((workers <= cpus) == (l->workers <= cpus) &&
                      (workers <= cpus ? workers > l->workers : workers < l->workers));
        if (!better)
            continue;
        l->workers = workers;
        l->task_ns = reading_value(r->lock, i, "task_ns");
        l->workload = reading_text(r->lock, i, "workload");
        l->switch_us = reading_value(r->lock, i, "switch_us");
    }
    return !isnan(l->workers);
}

/* What threads can reach at most, and what they do if their parts do not overlap: a share g of the
 * work under the lock, P at once.  The processes' line runs as far as the threads'. */
static int add_bounds(struct figure *f, double most, const struct estimate *processes)
{
    static const struct figure_series bounds[] = { { "most", "" }, { "amdahl", "" } };
    enum { STEPS = 20 };
    sketch_series(f, &bounds[0]);
    sketch_series(f, &bounds[1]);
    for (int i = 0; i <= STEPS; i++)
        if (!figure_row(f, (double)i / STEPS))
            return -ENOMEM;
    for (long i = 0; i < f->rows; i++) {
        struct figure_row *row = &f->row[i];
        if (row->y[HELD_LOCKED].mid > 0)
            row->y[HELD_PROCESSES] = *processes;
        row->y[HELD_MOST].mid = fmin(most, 1 / row->x);
        row->y[HELD_AMDAHL].mid = 1 / (row->x + (1 - row->x) / most);
    }
    return 0;
}

/* The processes win from here on: a drop, and its interval above the axis. */
static void mark_crossing(struct figure *f, const struct estimate *at, double height)
{
    if (!isfinite(at->mid))
        return;
    figure_mark(f, "drop", at->mid, height, "processes", NULL);
    if (isfinite(at->low) && isfinite(at->high)) {
        char level[32];
        snprintf(level, sizeof level, "%.6g", f->frame.y1 * 0.03);
        figure_mark(f, "span", at->low, at->high, "processes", level);
    }
}

static void say_held(struct figure *f, const char *status, double at, int few)
{
    const char *seem = few ? " seem to" : "", *not = few ? "seem not to" : "do not";
    if (!strcmp(status, "at"))
        snprintf(f->title, sizeof f->title,
                 "Processes%s win once the lock is needed for more than %.0f%% of the work", seem,
                 100 * at);
    else if (!strcmp(status, "below"))
        snprintf(f->title, sizeof f->title, "Processes%s win, however little needs the lock", seem);
    else if (!strcmp(status, "not_reached"))
        snprintf(f->title, sizeof f->title, "Processes %s win, however much needs the lock", not );
    else
        snprintf(f->title, sizeof f->title,
                 "From which share under the lock on processes win, the blocks disagree");
}

/* What the lines are, and between which shares the crossing must lie if they hold. */
static void note_bounds(struct figure *f, double most, double processes)
{
    sketch_note(f,
                "Dotted: at most %.0f and 1/g; dashed: 1/(g + (1 - g)/%.0f), where the parts do "
                "not overlap.",
                most, most);
    if (most > 1 && processes > 1)
        sketch_note(f, " By these two, processes win from a share between %.0f%% and %.0f%% on.",
                    100 * fmax(0, (most / processes - 1) / (most - 1)), 100 / processes);
}

int held_figure(struct figure *f, const struct reading *r)
{
    static const struct team any_lock = { { "lock", "threads" }, "gil", "cell", NULL };
    struct look l = anything;
    double cpus = reading_number(r, "effective_workers"), low, high;
    char time[WORD], workers[WORD];
    *f = (struct figure){ .name = "held",
                          .script = "held",
                          .title = "How much of a task may need the lock",
                          .x_column = "held",
                          .x_head = "share under the lock",
                          .x_unit = UNIT_SHARE,
                          .y_unit = UNIT_FACTOR };
    if (!choose_team(r, cpus, &l)) {
        sketch_absent(f, r, "gil_held");
        return 0;
    }
    l.figure = "crossing";
    long crossing = find(r, 0, &teams[LOCKED], &l);
    struct estimate at = value_of(r->lock, crossing);
    l.figure = "speedup";
    struct estimate processes = look_up(r, &teams[PROCESSES], &l);
    if (gather(f, r, &any_lock, &l, "held", 1))
        return -ENOMEM;
    double most = cpus >= 1 ? fmin(l.workers, cpus) : l.workers;
    sketch_series(f, &teams[PROCESSES].series);
    if (add_bounds(f, most, &processes))
        return -ENOMEM;
    snprintf(f->subtitle, sizeof f->subtitle,
             "Speed-up over serial code of %s, tasks of %s, by the share g of each task that needs "
             "the lock.",
             words_plural(workers, l.workers, "thread"), words_time(time, l.task_ns, 2));
    sketch_end_subtitle(f, "Bands");
    figure_extent(f, &low, &high);
    sketch_frame(f, 0, 0);
    sketch_name_y(f, "speed-up over serial");
    f->frame.x0 = -0.03;
    f->frame.x1 = 1.03;
    f->frame.y1 = high * 1.12;
    say_held(f, reading_text(r->lock, crossing, "status"), at.mid, !sketch_has_intervals(f));
    mark_crossing(f, &at, processes.mid);
    note_bounds(f, most, processes.mid);
    figure_label_ends(f);
    return 0;
}
