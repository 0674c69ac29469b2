/* SPDX-License-Identifier: MIT */
#include "figure.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../core/csv.h"
#include "../core/text.h"
#include "whole.h"

#define LINE  17.0 /* pixels that a line of text takes, */
#define GLYPH 7.3  /* and one letter of it */

/* ---- the table ------------------------------------------------------------------------------- */

/* The first row that is not before X. */
static long place_of(const struct figure *f, double x)
{
    long low = 0, high = f->rows;
    while (low < high) {
        long middle = low + (high - low) / 2;
        if (f->row[middle].x < x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct figure_row *figure_find(const struct figure *f, double x)
{
    long at = place_of(f, x);
    return at < f->rows && f->row[at].x == x ? &f->row[at] : NULL;
}

struct figure_row *figure_row(struct figure *f, double x)
{
    long at = place_of(f, x);
    if (at < f->rows && f->row[at].x == x)
        return &f->row[at];
    if (f->rows == f->room) {
        long room = f->room ? f->room * 2 : 16;
        struct figure_row *row = realloc(f->row, (size_t)room * sizeof *row);
        if (!row)
            return NULL;
        f->row = row;
        f->room = room;
    }
    memmove(&f->row[at + 1], &f->row[at], (size_t)(f->rows - at) * sizeof *f->row);
    f->rows++;
    f->row[at] = (struct figure_row){ .x = x };
    for (int s = 0; s < FIGURE_SERIES; s++)
        f->row[at].y[s] = (struct estimate){ NAN, NAN, NAN };
    return &f->row[at];
}

int figure_box(struct figure *f, struct figure_box box)
{
    if (f->boxes == f->box_room) {
        long room = f->box_room ? f->box_room * 2 : 64;
        struct figure_box *grown = realloc(f->box, (size_t)room * sizeof *grown);
        if (!grown)
            return -ENOMEM;
        f->box = grown;
        f->box_room = room;
    }
    f->box[f->boxes++] = box;
    return 0;
}

enum unit figure_unit(const struct figure *f, int s)
{
    return f->units ? f->units[s] : f->y_unit;
}

int figure_has(const struct figure *f, int s)
{
    for (long i = 0; i < f->rows; i++)
        if (!isnan(f->row[i].y[s].mid))
            return 1;
    return 0;
}

int figure_extent(const struct figure *f, double *low, double *high)
{
    *low = *high = NAN;
    for (long i = 0; i < f->rows; i++)
        for (int s = 0; s < f->series_count; s++) {
            const struct estimate *e = &f->row[i].y[s];
            *low = fmin(fmin(*low, e->mid), e->low);
            *high = fmax(fmax(*high, e->mid), e->high);
        }
    return !isnan(*low);
}

void figure_free(struct figure *f)
{
    free(f->row);
    free(f->box);
    f->row = NULL;
    f->box = NULL;
    f->rows = f->room = f->boxes = f->box_room = 0;
}

/* ---- labels ---------------------------------------------------------------------------------- */

static double within(double v, double v0, double v1, int is_log, double p0, double p1)
{
    double share = is_log ? log(v / v0) / log(v1 / v0) : (v - v0) / (v1 - v0);
    return p0 + share * (p1 - p0);
}

double frame_x(const struct frame *f, double x)
{
    return within(x, f->x0, f->x1, f->log_x, f->left, f->right);
}

double frame_y(const struct frame *f, double y)
{
    return within(y, f->y0, f->y1, f->log_y, f->bottom, f->top);
}

void figure_mark(struct figure *f, const char *role, double x, double y, const char *series,
                 const char *text)
{
    if (f->marks == FIGURE_MARKS)
        return;
    struct figure_mark *m = &f->mark[f->marks++];
    *m = (struct figure_mark){ .role = role, .series = series, .x = x, .y = y };
    snprintf(m->text, sizeof m->text, "%s", text ? text : "");
}

/* Move N ascending positions apart by GAP at least, each as little as can be (least squares: pool
 * neighbours that touch and set each pool around its mean), and keep all between LOW and HIGH. */
static void spread(double *at, int n, double gap, double low, double high)
{
    double mean[FIGURE_SERIES];
    int size[FIGURE_SERIES], pools = 0, k = 0;
    for (int i = 0; i < n; i++) {
        mean[pools] = at[i] - i * gap;
        size[pools++] = 1;
        while (pools > 1 && mean[pools - 2] > mean[pools - 1]) {
            int a = size[pools - 2], b = size[pools - 1];
            mean[pools - 2] = (mean[pools - 2] * a + mean[pools - 1] * b) / (a + b);
            size[pools - 2] = a + b;
            pools--;
        }
    }
    for (int p = 0; p < pools; p++)
        for (int j = 0; j < size[p]; j++, k++)
            at[k] = fmax(low, fmin(high - (n - 1) * gap, mean[p])) + k * gap;
}

void figure_label_ends(struct figure *f)
{
    double at[FIGURE_SERIES];
    int who[FIGURE_SERIES], n = 0;
    for (int s = 0; s < f->series_count; s++) {
        double last = NAN;
        for (long i = 0; i < f->rows && *f->series[s].label; i++)
            if (!isnan(f->row[i].y[s].mid))
                last = f->row[i].y[s].mid;
        if (isnan(last))
            continue;
        double y = fmin(fmax(frame_y(&f->frame, last), f->frame.bottom), f->frame.top);
        int i = n++;
        for (; i > 0 && at[i - 1] >= y; i--) {
            at[i] = at[i - 1];
            who[i] = who[i - 1];
        }
        at[i] = y;
        who[i] = s;
    }
    spread(at, n, LINE, f->frame.bottom + LINE / 2, f->frame.top);
    for (int i = 0; i < n; i++)
        figure_mark(f, "start", f->frame.right + 8, at[i], f->series[who[i]].key,
                    f->series[who[i]].label);
}

struct box {
    double left, right, bottom, top;
};

/* Letters, not bytes. */
static int letters(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += (*text & 0xC0) != 0x80;
    return n;
}

static struct box box_of(const char *role, double x, double y, const char *text)
{
    double width = letters(text) * GLYPH;
    double left = !strcmp(role, "end") ? x - width : !strcmp(role, "middle") ? x - width / 2 : x;
    return (struct box){ left, left + width, y - LINE / 2, y + LINE / 2 };
}

static int is_text(const struct figure_mark *m)
{
    return *m->text &&
           (!strcmp(m->role, "start") || !strcmp(m->role, "middle") || !strcmp(m->role, "end"));
}

/* Does the line from one point to the next run through the box?  Clipped to it (Liang and Barsky,
 * 1984), something is left. */
static int crosses(const struct box *b, double x0, double y0, double x1, double y1)
{
    const double start[2] = { x0, y0 }, way[2] = { x1 - x0, y1 - y0 };
    const double low[2] = { b->left - 3, b->bottom }, high[2] = { b->right + 3, b->top };
    double from = 0, to = 1;
    for (int k = 0; k < 2; k++) {
        if (way[k] == 0 && !(start[k] > low[k] && start[k] < high[k]))
            return 0;
        if (way[k] == 0)
            continue;
        double one = (low[k] - start[k]) / way[k], other = (high[k] - start[k]) / way[k];
        from = fmax(from, fmin(one, other));
        to = fmin(to, fmax(one, other));
    }
    return from < to;
}

static int hides_a_line(const struct figure *f, const struct box *b)
{
    for (int s = 0; s < f->series_count; s++) {
        double x = NAN, y = NAN;
        for (long i = 0; i < f->rows; i++) {
            if (isnan(f->row[i].y[s].mid))
                continue;
            double to_x = frame_x(&f->frame, f->row[i].x);
            double to_y = frame_y(&f->frame, f->row[i].y[s].mid);
            if (crosses(b, isnan(x) ? to_x : x, isnan(y) ? to_y : y, to_x, to_y))
                return 1;
            x = to_x;
            y = to_y;
        }
    }
    return 0;
}

static int hides_a_mark(const struct figure *f, const struct box *b)
{
    const struct frame *fr = &f->frame;
    for (int i = 0; i < f->marks; i++) {
        const struct figure_mark *m = &f->mark[i];
        if (is_text(m)) {
            struct box o = box_of(m->role, m->x, m->y, m->text);
            if (o.left < b->right && b->left < o.right && o.bottom < b->top && b->bottom < o.top)
                return 1;
        } else if (!strcmp(m->role, "drop")) {
            double x = frame_x(fr, m->x);
            if (crosses(b, x, frame_y(fr, m->y), x, fr->bottom))
                return 1;
        }
    }
    return 0;
}

int figure_place(struct figure *f, const struct place *places, int n, const char *series,
                 const char *text)
{
    for (int i = 0; i < n; i++) {
        struct box b = box_of(places[i].role, places[i].x, places[i].y, text);
        if (b.left < f->frame.left || b.right > f->frame.right + 4 || hides_a_line(f, &b) ||
            hides_a_mark(f, &b))
            continue;
        figure_mark(f, places[i].role, places[i].x, places[i].y, series, text);
        return 1;
    }
    return 0;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void put_number(FILE *out, double value, int first)
{
    if (!first)
        fputc(',', out);
    if (!isnan(value))
        fprintf(out, "%.10g", value);
}

static int has_names(const struct figure *f)
{
    return f->rows && *f->row[0].name;
}

/* gnuplot 5.4 cuts a quoted field at a comma or a doubled quote: what it is to read has neither,
 * but signs that look the same. */
static void put_text(FILE *out, const char *text)
{
    char plain[640];
    size_t n = 0;
    for (; *text && n + 4 < sizeof plain; text++)
        if (*text == ',')
            n += (size_t)sprintf(plain + n, "\xE2\x80\x9A"); /* U+201A */
        else
            plain[n++] = *text == '"' ? '\'' : *text;
    plain[n] = 0;
    csv_put(out, plain);
}

static void write_table(const struct figure *f, FILE *out)
{
    fprintf(out, "%s%s", f->x_column, has_names(f) ? ",group,name" : "");
    for (int s = 0; s < f->series_count; s++) {
        const char *key = f->series[s].key, *unit = figure_unit(f, s) == UNIT_TIME ? "_ns" : "";
        fprintf(out, ",%s%s,%s_low%s,%s_high%s", key, unit, key, unit, key, unit);
    }
    fputc('\n', out);
    for (long i = 0; i < f->rows; i++) {
        put_number(out, f->row[i].x, 1);
        if (has_names(f)) {
            fputc(',', out);
            put_text(out, f->row[i].group);
            fputc(',', out);
            put_text(out, f->row[i].name);
        }
        for (int s = 0; s < f->series_count; s++) {
            put_number(out, f->row[i].y[s].mid, 0);
            put_number(out, f->row[i].y[s].low, 0);
            put_number(out, f->row[i].y[s].high, 0);
        }
        fputc('\n', out);
    }
}

static void write_mark(FILE *out, const char *role, double x, double y, const char *series,
                       const char *text)
{
    fprintf(out, "%s", role);
    put_number(out, x, 0);
    put_number(out, y, 0);
    fprintf(out, ",%s,", series);
    put_text(out, text);
    fputc('\n', out);
}

static void write_labels(const struct figure *f, FILE *out)
{
    const struct frame *fr = &f->frame;
    fputs("role,x,y,series,text\n", out);
    write_mark(out, "title", 0, 0, "", f->title);
    write_mark(out, "canvas", fr->width, fr->height, "", "");
    write_mark(out, "horizontal", fr->left, fr->right, "", "");
    write_mark(out, "vertical", fr->bottom, fr->top, "", "");
    write_mark(out, "x", fr->x0, fr->x1, "", "");
    write_mark(out, "y", fr->y0, fr->y1, "", "");
    for (int i = 0; i < f->marks; i++)
        write_mark(out, f->mark[i].role, f->mark[i].x, f->mark[i].y, f->mark[i].series,
                   f->mark[i].text);
}

static void write_boxes(const struct figure *f, FILE *out)
{
    fputs("row,from_ns,to_ns,height,shade\n", out);
    for (long i = 0; i < f->boxes; i++) {
        const struct figure_box *b = &f->box[i];
        fprintf(out, "%.10g,%.0f,%.0f,%.3g,%d\n", b->row, b->from_ns, b->to_ns, b->height,
                b->shade);
    }
}

/* Is the file's text TEXT already? */
static int already(const char *path, const char *text, size_t length)
{
    FILE *in = fopen(path, "rb");
    size_t at = 0;
    int c = 0;
    if (!in)
        return 0;
    while ((c = fgetc(in)) != EOF && at < length && c == (unsigned char)text[at])
        at++;
    fclose(in);
    return c == EOF && at == length;
}

static void put_whole(const void *text, FILE *f)
{
    fputs(text, f);
}

/* Write one of the files.  CHANGED is set where it was another before. */
static int write_part(const struct figure *f, const char *dir, const char *ending,
                      void write(const struct figure *, FILE *), int *changed, struct why *w)
{
    char *path = NULL, *text = NULL;
    size_t length = 0;
    int error = -ENOMEM;
    FILE *out = open_memstream(&text, &length);
    if (!out)
        return error;
    write(f, out);
    if (!fclose(out) && (path = text_of("%s/%s%s", dir, f->name, ending))) {
        error = 0;
        if (!already(path, text, length)) {
            *changed = 1;
            error = whole_write(path, put_whole, text, w);
        }
        free(path);
    }
    free(text);
    return error;
}

static void remove_part(const char *dir, const char *name, const char *ending)
{
    char *path = text_of("%s/%s%s", dir, name, ending);
    if (path)
        unlink(path);
    free(path);
}

int figure_write(const struct figure *f, const char *dir, struct why *w)
{
    int changed = 0, error;
    if (*f->absent) {
        remove_part(dir, f->name, ".csv");
        remove_part(dir, f->name, "-labels.csv");
        remove_part(dir, f->name, "-boxes.csv");
        remove_part(dir, f->name, ".svg");
        return 0;
    }
    if ((error = write_part(f, dir, ".csv", write_table, &changed, w)) ||
        (error = write_part(f, dir, "-labels.csv", write_labels, &changed, w)) ||
        (f->boxes && (error = write_part(f, dir, "-boxes.csv", write_boxes, &changed, w))))
        return error;
    if (changed)
        remove_part(dir, f->name, ".svg");
    return 0;
}
