/* SPDX-License-Identifier: MIT
 *
 * figures_map: where a team is as good as threads, over task length and payload: a square for each
 * point of map.csv, and for each payload the length from which on it is, as crossover.csv has it.
 */
#include "sketch.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "words.h"

enum { THREADS, PROCESSES, PIPES, SAME, UNCLEAR, LENGTH, PAYLOAD, COLUMNS };
enum { PAYLOADS = 8, ROW_HEIGHT = 34 };
enum { NARROW = 16 };    /* pixels: an interval that its own mark would hide */
#define MOST_MARGIN 0.25 /* a wider one would call too much the same */

/* The payloads of the team, ascending. */
struct payloads {
    double bytes[PAYLOADS];
    int count;
};

static void add_payload(struct payloads *p, double bytes)
{
    int k = 0;
    while (k < p->count && p->bytes[k] < bytes)
        k++;
    if ((k < p->count && p->bytes[k] == bytes) || p->count == PAYLOADS || isnan(bytes))
        return;
    memmove(&p->bytes[k + 1], &p->bytes[k], (size_t)(p->count - k) * sizeof *p->bytes);
    p->bytes[k] = bytes;
    p->count++;
}

static int level_of(const struct payloads *p, double bytes)
{
    for (int k = 0; k < p->count; k++)
        if (p->bytes[k] == bytes)
            return k;
    return -1;
}

static const char *name_payload(char out[WORD], double bytes)
{
    if (bytes > 0)
        return words_size(out, bytes);
    snprintf(out, WORD, "no payload");
    return out;
}

/* Whose colour the square has. */
static int column_of(const char *verdict, const struct who *who)
{
    if (!strcmp(verdict, "slower"))
        return THREADS;
    if (!strcmp(verdict, "faster"))
        return who == &who_pipes ? PIPES : PROCESSES;
    return !strcmp(verdict, "same") ? SAME : UNCLEAR;
}

/* A row for each point of the map, by payload, then length. */
static int gather_map(struct figure *f, const struct csv *t, const struct who *who,
                      struct payloads *p)
{
    for (long i = -1; (i = reading_find(t, i + 1, who->backend, who->schedule)) >= 0;)
        add_payload(p, reading_value(t, i, "payload_bytes"));
    for (long i = -1; (i = reading_find(t, i + 1, who->backend, who->schedule)) >= 0;) {
        struct estimate ratio = reading_estimate(t, i, "ratio", "");
        double length = reading_value(t, i, "task_ns"),
               bytes = reading_value(t, i, "payload_bytes");
        int level = level_of(p, bytes);
        char name[WORD], time[WORD];
        if (!(ratio.mid > 0) || !(length > 0) || level < 0 || reading_value(t, i, "chunk") != 1)
            continue;
        struct figure_row *row = figure_row(f, level * 1e12 + length);
        if (!row)
            return -ENOMEM;
        snprintf(row->group, sizeof row->group, "%.30s", name_payload(name, bytes));
        snprintf(row->name, sizeof row->name, "%.30s", words_time(time, length, 2));
        row->y[column_of(reading_text(t, i, "verdict"), who)] = ratio;
        row->y[LENGTH].mid = length;
        row->y[PAYLOAD].mid = level;
    }
    return 0;
}

/* ---- from what length on --------------------------------------------------------------------- */

static long crossover_row(const struct csv *t, const struct who *who, double bytes)
{
    for (long i = -1; (i = reading_find(t, i + 1, who->backend, who->schedule)) >= 0;)
        if (reading_value(t, i, "payload_bytes") == bytes)
            return i;
    return -1;
}

/* What the squares of one payload say, by length; NAN: none. */
struct squares {
    double longest, other, from; /* of all; of those that don't match; the first behind these */
    int matched, unclear;        /* is there one? */
};

static struct squares squares_of(const struct figure *f, int level)
{
    struct squares q = { .longest = NAN, .other = NAN, .from = NAN };
    for (long i = 0; i < f->rows; i++) {
        const struct estimate *y = f->row[i].y;
        int unclear = !isnan(y[UNCLEAR].mid);
        if (y[PAYLOAD].mid != level)
            continue;
        q.longest = y[LENGTH].mid;
        if (unclear || !isnan(y[THREADS].mid)) {
            q.unclear |= unclear;
            q.other = q.longest;
            q.from = NAN;
        } else {
            q.matched = 1;
            q.from = isnan(q.from) ? q.longest : q.from;
        }
    }
    return q;
}

/* From what length on a payload's team matches threads, no more than its squares and the interval
 * of its crossover bear out.  Returns 0 where that can't be told. */
static int say_crossover(char out[WORD], const struct figure *f, int level, const struct csv *t,
                         long row)
{
    struct squares q = squares_of(f, level);
    double high = row < 0 ? NAN : reading_value(t, row, "from_high_ns");
    char time[WORD];
    if (isnan(q.from)) {
        snprintf(out, WORD, "at no length up to %.30s", words_time(time, q.longest, 2));
        return !q.unclear && !q.matched;
    }
    if (isnan(q.other))
        snprintf(out, WORD, "at every length tried");
    else
        snprintf(out, WORD, "from %.30s on", words_time(time, high > q.other ? high : q.from, 2));
    return 1;
}

/* Of the smallest and the largest payload, each as far as it is known. */
static void say_map(struct figure *f, const struct csv *t, const struct who *who,
                    const struct payloads *p, double margin)
{
    char where[2][WORD], with[2][WORD];
    const char *team = who->series.label;
    int n = p->count > 1 ? 2 : 1, known[2] = { 0 };
    for (int k = 0; k < n; k++) {
        int level = k ? p->count - 1 : 0;
        known[k] = say_crossover(where[k], f, level, t, crossover_row(t, who, p->bytes[level]));
        name_payload(with[k], p->bytes[level]);
    }
    if (margin > MOST_MARGIN || !(known[0] || known[1])) {
        snprintf(f->title, sizeof f->title, "Where %s match threads: %s", team,
                 !sketch_has_intervals(f) ? "too few blocks to tell"
                 : margin > MOST_MARGIN   ? "too noisy to tell"
                                          : "can't tell yet");
        return;
    }
    int first = !known[0], used;
    used = snprintf(f->title, sizeof f->title, "%c%s match threads %.40s with %.12s",
                    *team - 'a' + 'A', team + 1, where[first], with[first]);
    if (n == 2 && known[1 - first])
        snprintf(f->title + used, sizeof f->title - (size_t)used, ", %.40s with %.12s", where[1],
                 with[1]);
    else if (n == 2)
        snprintf(f->title + used, sizeof f->title - (size_t)used, "; with %.12s, can't tell",
                 with[1 - first]);
}

static void mark_crossovers(struct figure *f, const struct csv *t, const struct who *who,
                            const struct payloads *p)
{
    for (int k = 0; k < p->count; k++) {
        long i = crossover_row(t, who, p->bytes[k]);
        char height[WORD];
        if (i < 0)
            continue;
        struct estimate e = reading_estimate(t, i, "from", "_ns");
        snprintf(height, sizeof height, "%g", k + 0.42);
        if (e.mid > 0)
            figure_mark(f, "point", e.mid, k + 0.42, "ink", NULL);
        double low = fmax(e.low, f->frame.x0), high = fmin(e.high, f->frame.x1);
        if (e.mid > 0 && !isnan(e.low) &&
            frame_x(&f->frame, high) - frame_x(&f->frame, low) > NARROW)
            figure_mark(f, "span", low, high, "ink", height);
    }
}

/* ---- the figure ------------------------------------------------------------------------------ */

static void label_map(struct figure *f, const struct who *who, const struct payloads *p)
{
    const struct frame *fr = &f->frame;
    char text[WORD];
    for (int k = 0; k < p->count; k++)
        figure_mark(f, "end", fr->left - 8, frame_y(fr, k), "serial",
                    name_payload(text, p->bytes[k]));
    double x = fr->left, y = fr->top + 14, team = who == &who_pipes ? 70 : 106;
    figure_mark(f, "start", x, y, "threads", "■ threads");
    snprintf(text, sizeof text, "■ %s", who->series.label);
    figure_mark(f, "start", x += 84, y, who->series.key, text);
    figure_mark(f, "start", x += team, y, "waiting", "■ the same");
    figure_mark(f, "start", x + 92, y, "waiting", "□ can't tell");
}

int map_figure(struct figure *f, const struct reading *r, const struct who *who)
{
    static const struct figure_series columns[COLUMNS] = { { "threads", "threads faster" },
                                                           { "processes", "processes faster" },
                                                           { "pipes", "pipes faster" },
                                                           { "same", "the same" },
                                                           { "unclear", "can't tell" },
                                                           { "length", "" },
                                                           { "payload", "" } };
    struct payloads p = { 0 };
    *f = (struct figure){
        .script = "map", .x_column = "row", .x_head = "payload, length", .y_unit = UNIT_FACTOR
    };
    snprintf(f->name, sizeof f->name, "map_%s", who->series.key);
    snprintf(f->title, sizeof f->title, "Where %s match threads", who->series.label);
    for (int k = 0; k < COLUMNS; k++)
        sketch_series(f, &columns[k]);
    if (gather_map(f, r->map, who, &p))
        return -ENOMEM;
    if (!f->rows) {
        snprintf(f->absent, sizeof f->absent,
                 "Not drawn: they did not do the same work as threads, chunk by chunk of one.");
        return 0;
    }
    double margin = reading_value(r->map, 0, "margin");
    snprintf(
        f->subtitle, sizeof f->subtitle,
        "Who is faster, one task at a time, by its length and the bytes in and out. Grey: within "
        "%.1f%% of threads; the mark above a row: from there on, by the median.",
        100 * margin);
    sketch_frame(f, 1, 0);
    f->frame.left = 92;
    f->frame.right = SKETCH_WIDTH - 26;
    f->frame.height = SKETCH_BOTTOM + 30 + ROW_HEIGHT * (p.count + 0.4);
    f->frame.top = f->frame.height - 30;
    double low = INFINITY, high = 0;
    for (long i = 0; i < f->rows; i++) {
        low = fmin(low, f->row[i].y[LENGTH].mid);
        high = fmax(high, f->row[i].y[LENGTH].mid);
    }
    f->frame.x0 = low / 2.5;
    f->frame.x1 = high * 2.5;
    f->frame.y0 = -0.6;
    f->frame.y1 = p.count - 0.3;
    say_map(f, r->crossover, who, &p, margin);
    mark_crossovers(f, r->crossover, who, &p);
    label_map(f, who, &p);
    return 0;
}
