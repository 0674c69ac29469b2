/* SPDX-License-Identifier: MIT */
#include "contrast_figure.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "contrast_words.h"

/* Pixels: narrower than other figures, as every cell has its name above its line. */
enum { WIDTH = 470, LEFT = 12, RIGHT = 458, BOTTOM = 53, HEAD = 46, ROW = 37, UP = 15 };

enum {
    ROWS = 14,
    LETTERS = 51,     /* of a name above its line; the change stands right of it */
    BAND_CAPTION = 46 /* half of its width, in pixels */
};

/* A line at either end of the axis that is longer than this factor is cut there. */
#define CUT 1.5

/* What is worth drawing first: what changed beyond doubt, what may be chance, the rest. */
static int rank(const struct contrast *row)
{
    int changed = (VERDICT_BIT(row->verdict) & VERDICTS_CHANGED) != 0;
    return row->counts ? 0 : changed ? 1 : 2;
}

static int by_rank(const void *left, const void *right)
{
    const struct contrast *a = *(const struct contrast *const *)left,
                          *b = *(const struct contrast *const *)right;
    double x = fabs(log(a->ratio)), y = fabs(log(b->ratio));
    if (rank(a) != rank(b))
        return rank(a) - rank(b);
    return x != y ? (x < y) - (x > y) : (a > b) - (a < b);
}

static int by_ratio(const void *left, const void *right)
{
    const struct contrast *a = *(const struct contrast *const *)left,
                          *b = *(const struct contrast *const *)right;
    return a->ratio != b->ratio ? (a->ratio < b->ratio) - (a->ratio > b->ratio) : (a > b) - (a < b);
}

static void add_row(struct figure *f, const struct labels *l, const struct contrast *row)
{
    char label[LABEL];
    struct figure_row *r = figure_row(f, (double)f->rows + 1);
    if (!r)
        return;
    snprintf(r->group, sizeof r->group, "%s%s", contrast_verdict(row), rank(row) == 1 ? "?" : "");
    words_cut(r->name, sizeof r->name, label_of(l, row, label), (int)sizeof r->name);
    r->y[0] = (struct estimate){ row->ratio, row->low, row->high };
}

static void set_frame(struct figure *f, double margin)
{
    double least = 1 / (1 + 2 * margin), most = 1 + 2 * margin;
    double low, high, low_mid = least, high_mid = most;
    for (long i = 0; i < f->rows; i++) {
        low_mid = fmin(low_mid, f->row[i].y[0].mid);
        high_mid = fmax(high_mid, f->row[i].y[0].mid);
    }
    figure_extent(f, &low, &high);
    low = fmin(least, fmax(low, low_mid / CUT));
    high = fmax(most, fmin(high, high_mid * CUT));
    double height = BOTTOM + ROW * (double)f->rows + HEAD, room = pow(high / low, 0.04);
    f->frame = (struct frame){ WIDTH,      height,      LEFT,
                               RIGHT,      BOTTOM,      height - HEAD,
                               low / room, high * room, (double)f->rows + 0.5,
                               0.5,        1,           0 };
}

static const char *look_of(const struct figure_row *row)
{
    return !strcmp(row->group, "slower")   ? "slower"
           : !strcmp(row->group, "faster") ? "good"
                                           : "serial";
}

static void label_rows(struct figure *f)
{
    char name[96], word[WORD];
    for (long i = 0; i < f->rows; i++) {
        const struct figure_row *row = &f->row[i];
        double y = frame_y(&f->frame, row->x) + UP;
        figure_mark(f, "start", LEFT, y, "ink", words_cut(name, sizeof name, row->name, LETTERS));
        figure_mark(f, "end", RIGHT, y, look_of(row), words_change(word, row->y[0].mid));
    }
}

static void label_head(struct figure *f, double margin)
{
    char text[WORD + 8], word[WORD];
    double low = 1 / (1 + margin), high = 1 + margin;
    double middle = (frame_x(&f->frame, low) + frame_x(&f->frame, high)) / 2;
    figure_mark(f, "shade", low, high, "", NULL);
    figure_mark(f, "start", LEFT, f->frame.height - 11, "good", "◂ faster");
    figure_mark(f, "end", RIGHT, f->frame.height - 11, "slower", "slower ▸");
    snprintf(text, sizeof text, "within %s", contrast_percent(word, margin));
    middle = fmin(fmax(middle, LEFT + BAND_CAPTION), RIGHT - BAND_CAPTION);
    figure_mark(f, "middle", middle, f->frame.height - 29, "serial", text);
}

/* Why every cell of C is unclear. */
static const char *why_unclear(const struct comparison *c)
{
    if (!c->compared)
        return "no cell is in both runs";
    if (c->too_few == c->compared)
        return "too few blocks";
    if (c->disturbed == c->compared)
        return "other programs ran";
    return contrast_is_coarse(c) ? "these runs vary too much" : "the intervals are too wide";
}

/* The finding: how far the changes go that are beyond doubt. */
static void say_changes(struct figure *f, const struct comparison *c, const char *about)
{
    double most = 1, least = 1;
    char up[WORD], down[WORD], *out = f->title;
    size_t room = sizeof f->title;
    for (long i = 0; i < c->count; i++)
        if (c->rows[i].counts) {
            most = fmax(most, c->rows[i].ratio);
            least = fmin(least, c->rows[i].ratio);
        }
    words_change(up, most);
    words_change(down, least);
    if (most > 1 && least < 1)
        snprintf(out, room, "%sTimes change by %s to %s", about, down, up);
    else if (most > 1 || least < 1)
        snprintf(out, room, "%sTimes change by up to %s", about, most > 1 ? up : down);
    else if (c->verdicts[VERDICT_UNCLEAR] == c->compared)
        snprintf(out, room, "%sNothing can be told: %s", about, why_unclear(c));
    else
        snprintf(out, room, "%sNo change beyond doubt", about);
}

static void say_conditions(struct figure *f, const struct comparison *c)
{
    char margin[WORD], rest[WORD * 2] = "", word[WORD];
    if (c->compared > f->rows)
        snprintf(rest, sizeof rest, " Not drawn: %s that changed less.",
                 words_plural(word, (double)(c->compared - f->rows), "cell"));
    snprintf(f->subtitle, sizeof f->subtitle,
             "Time of NEW against OLD for the same work. Grey: within %s, %s. %s%s",
             contrast_percent(margin, c->margin),
             contrast_is_coarse(c) ? "the margin, too wide to call that the same"
                                   : "which counts as the same",
             c->most_blocks < BLOCKS_FOR_INTERVAL && !c->same_record
                 ? "Too few blocks for intervals."
                 : "Bars are 95% intervals; hollow dots don't count as changed.",
             rest);
}

int contrast_figure(const struct comparison *c, const char *name, const char *about,
                    struct figure *f)
{
    struct contrast_list list = contrast_list_verdicts(
        c, VERDICTS_CHANGED | VERDICT_BIT(VERDICT_SAME) | VERDICT_BIT(VERDICT_UNCLEAR));
    struct labels l;
    *f = (struct figure){ .script = "compare",
                          .x_column = "row",
                          .x_head = "cell",
                          .y_unit = UNIT_CHANGE,
                          .series_count = 1,
                          .series = { { "ratio", "change" } } };
    snprintf(f->name, sizeof f->name, "%s", name);
    qsort(list.rows, (size_t)list.count, sizeof(struct contrast *), by_rank);
    long shown = list.count < ROWS ? list.count : ROWS;
    qsort(list.rows, (size_t)shown, sizeof(struct contrast *), by_ratio);
    labels_begin(&l, c);
    for (long i = 0; i < shown; i++)
        add_row(f, &l, list.rows[i]);
    labels_end(&l);
    free(list.rows);
    if (f->rows < shown) {
        figure_free(f);
        return -ENOMEM;
    }
    set_frame(f, c->margin);
    say_changes(f, c, about);
    say_conditions(f, c);
    label_head(f, c->margin);
    label_rows(f);
    return 0;
}
