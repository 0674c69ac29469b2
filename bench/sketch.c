/* SPDX-License-Identifier: MIT */
#include "sketch.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "words.h"

/* ---- gathering ------------------------------------------------------------------------------- */

const struct who who_threads = { { "threads", "threads" }, "omp", "dynamic", NULL };
const struct who who_processes = { { "processes", "processes" }, "pool", "dynamic", NULL };
const struct who who_stealing = { { "steal", "stealing" }, "pool", "steal", NULL };
const struct who who_pipes = { { "pipes", "pipes" }, "pipe", "dynamic", NULL };

double by_workers(const struct cell_row *c)
{
    return c->workers;
}

double by_chunk(const struct cell_row *c)
{
    return c->chunk;
}

double by_payload(const struct cell_row *c)
{
    return c->payload_bytes;
}

double by_ballast(const struct cell_row *c)
{
    return c->ballast_mib;
}

struct estimate the_speedup(const struct cell_row *c)
{
    return c->speedup;
}

struct estimate the_opening(const struct cell_row *c)
{
    return c->open;
}

struct estimate per_task(const struct cell_row *c)
{
    return (struct estimate){ c->time.mid / c->tasks, c->time.low / c->tasks,
                              c->time.high / c->tasks };
}

int sketch_series(struct figure *f, const struct figure_series *series)
{
    f->series[f->series_count] = *series;
    return f->series_count++;
}

int sketch_gather(struct figure *f, const struct reading *r, const struct who *who,
                  struct want want, sketch_x *x_of, sketch_y *y_of)
{
    int s = sketch_series(f, &who->series);
    want.backend = who->backend;
    want.schedule = who->schedule;
    want.start = who->start;
    for (long i = 0; i < r->cells; i++) {
        const struct cell_row *c = &r->cell[i];
        if (!cell_fits(c, &want) || !(x_of(c) >= 0) || !(y_of(c).mid > 0))
            continue;
        struct figure_row *row = figure_row(f, x_of(c));
        if (!row)
            return -ENOMEM;
        if (isnan(row->y[s].mid))
            row->y[s] = y_of(c);
    }
    return 0;
}

const struct cell_row *sketch_first(const struct reading *r, struct want want)
{
    const struct cell_row *first = NULL;
    for (long i = 0; i < r->cells; i++) {
        const struct cell_row *c = &r->cell[i];
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

int sketch_was_dropped(const struct reading *r, const char *sweep)
{
    for (long i = 0; r->status && i < r->status->rows; i++) {
        if (strcmp(reading_text(r->status, i, "status"), "skipped"))
            continue;
        const char *label = strstr(reading_text(r->status, i, "line"), " sweep=");
        if (label && sweep_has(label + strlen(" sweep="), sweep))
            return 1;
    }
    return 0;
}

void sketch_absent(struct figure *f, const struct reading *r, const char *sweep)
{
    for (long i = 0; i < r->cells; i++)
        if (cell_in(&r->cell[i], sweep) && !strcmp(r->cell[i].status, "failed")) {
            const char *reason = r->cell[i].note;
            snprintf(f->absent, sizeof f->absent, "Not drawn: every cell of it failed%s%.120s.",
                     *reason ? "; the first one said: " : "", reason);
            return;
        }
    if (sketch_was_dropped(r, sweep))
        snprintf(f->absent, sizeof f->absent,
                 "Not drawn: the time budget left out the sweep '%s'. A larger --budget keeps it.",
                 sweep);
    else
        snprintf(f->absent, sizeof f->absent, "Not drawn: the sweep '%s' is not part of this run.",
                 sweep);
}

int sketch_apart(const struct estimate *a, const struct estimate *b)
{
    return a->low > b->high || b->low > a->high;
}

int sketch_has_intervals(const struct figure *f)
{
    for (long i = 0; i < f->rows; i++)
        for (int s = 0; s < f->series_count; s++)
            if (!isnan(f->row[i].y[s].low))
                return 1;
    return 0;
}

void sketch_end_subtitle(struct figure *f, const char *shape)
{
    size_t used = strlen(f->subtitle);
    if (sketch_has_intervals(f))
        snprintf(f->subtitle + used, sizeof f->subtitle - used, " %s are 95%% intervals.", shape);
    else
        snprintf(f->subtitle + used, sizeof f->subtitle - used,
                 " Too few blocks for intervals: a first look.");
}

void sketch_note(struct figure *f, const char *format, ...)
{
    size_t used = strlen(f->note);
    va_list ap;
    va_start(ap, format);
    vsnprintf(f->note + used, sizeof f->note - used, format, ap);
    va_end(ap);
}

void sketch_name_y(struct figure *f, const char *name)
{
    figure_mark(f, "start", 1, f->frame.height - 11, "serial", name);
}

void sketch_frame(struct figure *f, int log_x, int log_y)
{
    f->frame = (struct frame){ SKETCH_WIDTH,
                               SKETCH_HEIGHT,
                               SKETCH_LEFT,
                               SKETCH_RIGHT,
                               SKETCH_BOTTOM,
                               SKETCH_TOP,
                               0,
                               1,
                               0,
                               1,
                               log_x,
                               log_y };
}

void sketch_x_range(struct figure *f, double room)
{
    double x0 = f->row[0].x, x1 = f->row[f->rows - 1].x;
    f->frame.x0 = f->frame.log_x ? x0 / room : x0 - room;
    f->frame.x1 = f->frame.log_x ? x1 * room : x1 + room;
}

void sketch_log_y_range(struct figure *f)
{
    double low, high;
    if (!figure_extent(f, &low, &high))
        return;
    double grow = fmax(1.25, sqrt(5 * low / high));
    f->frame.y0 = low / grow;
    f->frame.y1 = high * grow;
}

void sketch_shade_siblings(struct figure *f, const struct reading *r, int named)
{
    double cores = reading_number(r, "allowed_cores"), most = f->row[f->rows - 1].x;
    double pus = reading_number(r, "allowed_pus");
    if (!(cores >= 1) || most <= cores)
        return;
    figure_mark(f, "shade", cores + 0.5, f->frame.x1, "", NULL);
    if (!named)
        return;
    const char *text = pus > cores ? "more workers than cores" : "more workers than CPUs";
    double middle = (frame_x(&f->frame, cores + 0.5) + f->frame.right) / 2;
    struct place places[] = { { "middle", middle, f->frame.bottom + 12 },
                              { "end", f->frame.right - 4, f->frame.bottom + 12 } };
    figure_place(f, places, 2, "serial", text);
}

/* ---- rows with names ------------------------------------------------------------------------- */

void sketch_rows_frame(struct figure *f, double left, double last_row)
{
    sketch_frame(f, 0, 0);
    f->frame.left = left;
    f->frame.right = SKETCH_WIDTH - 26;
    f->frame.height = SKETCH_BOTTOM + 30 + 19 * (last_row + 1.4);
    f->frame.top = f->frame.height - 30;
    f->frame.y0 = last_row + 0.8; /* the rows go down */
    f->frame.y1 = -0.6;
}

void sketch_close_up(struct figure *f)
{
    double at = 0;
    for (long i = 0; i < f->rows; i++) {
        if (i == 0 || strcmp(f->row[i].group, f->row[i - 1].group))
            at += *f->row[i].group != 0;
        f->row[i].x = at++;
    }
}

void sketch_label_rows(struct figure *f)
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
}

/* ---- task lengths ---------------------------------------------------------------------------- */

int sketch_lengths(const struct reading *r, const char *sweep, double *out, int most)
{
    struct want want = { .sweep = sweep };
    int n = 0;
    for (long i = 0; i < r->cells; i++) {
        double length = r->cell[i].task_ns;
        int k = 0;
        if (!cell_fits(&r->cell[i], &want) || !(length > 0))
            continue;
        while (k < n && out[k] < length)
            k++;
        if ((k < n && out[k] == length) || k == most)
            continue;
        n -= n == most; /* the longest gives way */
        memmove(&out[k + 1], &out[k], (size_t)(n - k) * sizeof *out);
        out[k] = length;
        n++;
    }
    return n;
}

void sketch_name(struct figure *f, const char *name, double task_ns)
{
    char length[WORD];
    char *out = f->name + snprintf(f->name, sizeof f->name, "%s_", name);
    words_time(length, task_ns, 2);
    for (const char *s = length; *s && out < f->name + sizeof f->name - 1; s++)
        if (!(*s & 0x80))
            *out++ = *s;
        else if (*s == '\xB5') /* the µ of µs; else it is the space that does not break */
            *out++ = 'u';
    *out = 0;
}
