/* SPDX-License-Identifier: MIT */
#include "page.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../core/csv.h"
#include "drawing.h"
#include "words.h"

static const char *entity_of(char c)
{
    return c == '&'    ? "&amp;"
           : c == '<'  ? "&lt;"
           : c == '>'  ? "&gt;"
           : c == '"'  ? "&quot;"
           : c == '\'' ? "&#39;"
                       : NULL;
}

void page_text(FILE *f, const char *text)
{
    for (const char *s = text; *s;) {
        int length = utf8_length(s);
        const char *entity = entity_of(*s);
        if (!length)
            fputs("\xEF\xBF\xBD", f); /* U+FFFD, the replacement character */
        else if (entity)
            fputs(entity, f);
        else if ((unsigned char)*s < 0x20 || *s == 0x7F)
            fputc(' ', f);
        else
            fwrite(s, 1, (size_t)length, f);
        s += length ? length : 1;
    }
}

void page_put(FILE *f, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    for (const char *s = format; *s; s++) {
        if (*s != '%') {
            fputc(*s, f);
            continue;
        }
        if (*++s == 's')
            page_text(f, va_arg(ap, const char *));
        else
            fputc('%', f);
    }
    va_end(ap);
}

/* ---- tables ---------------------------------------------------------------------------------- */

static const char *in_unit(char out[WORD], enum unit unit, double value)
{
    switch (unit) {
    case UNIT_TIME:
        return words_time(out, value, 3);
    case UNIT_SHARE:
        snprintf(out, WORD, "%.1f%%", 100 * value);
        return out;
    case UNIT_FACTOR:
        snprintf(out, WORD, "%.2f", value);
        return out;
    case UNIT_CHANGE:
        return words_change(out, value);
    default:
        return words_count(out, value);
    }
}

/* Drop from LOW the unit that HIGH has too: "404 to 406 ns". */
static void share_unit(char *low, const char *high)
{
    char *end = low + strlen(low);
    const char *unit = high + strlen(high);
    while (end > low && !strchr("0123456789.", end[-1]))
        end--;
    while (unit > high && !strchr("0123456789.", unit[-1]))
        unit--;
    if (!strcmp(end, unit))
        *end = 0;
}

void page_estimate(FILE *f, enum unit unit, const struct estimate *e)
{
    char mid[WORD], low[WORD], high[WORD];
    if (isnan(e->mid))
        return;
    page_text(f, in_unit(mid, unit, e->mid));
    if (isnan(e->low))
        return;
    in_unit(low, unit, e->low);
    in_unit(high, unit, e->high);
    share_unit(low, high);
    page_put(f, " <span class=ci>%s to %s</span>", low, high);
}

/* Is series S of the figure for readers, too, and is there anything of it?  In ROW, or (NULL) at
 * all. */
static int shows(const struct figure *figure, int s, const struct figure_row *row)
{
    return *figure->series[s].label && (row ? !isnan(row->y[s].mid) : figure_has(figure, s));
}

static int shows_any(const struct figure *figure, const struct figure_row *row)
{
    for (int s = 0; s < figure->series_count; s++)
        if (shows(figure, s, row))
            return 1;
    return 0;
}

static void put_row(FILE *f, const struct figure *figure, const struct figure_row *row)
{
    char x[WORD];
    fputs("<tr><th scope=row>", f);
    if (*row->name)
        page_put(f, "%s%s%s", row->group, *row->group ? ", " : "", row->name);
    else
        page_text(f, in_unit(x, figure->x_unit, row->x));
    fputs("</th>", f);
    for (int s = 0; s < figure->series_count; s++)
        if (shows(figure, s, NULL)) {
            fputs("<td class=n>", f);
            page_estimate(f, figure_unit(figure, s), &row->y[s]);
            fputs("</td>", f);
        }
    fputs("</tr>\n", f);
}

/* The table behind a figure, for those who cannot or do not want to read the drawing. */
static void put_figure_table(FILE *f, const struct figure *figure)
{
    page_put(f, "<div class=wide><table><thead><tr><th scope=col>%s</th>", figure->x_head);
    for (int s = 0; s < figure->series_count; s++)
        if (shows(figure, s, NULL))
            page_put(f, "<th class=n scope=col>%s</th>", figure->series[s].label);
    fputs("</tr></thead><tbody>\n", f);
    for (long i = 0; i < figure->rows; i++)
        if (shows_any(figure, &figure->row[i]))
            put_row(f, figure, &figure->row[i]);
    fputs("</tbody></table></div>\n", f);
}

void page_words(FILE *f, const char *const words[][2], size_t count)
{
    fputs("<details><summary>Words used here</summary><div class=wide><table class=facts><tbody>\n",
          f);
    for (size_t i = 0; i < count; i++)
        page_put(f, "<tr><td>%s</td><td>%s</td></tr>\n", words[i][0], words[i][1]);
    fputs("</tbody></table></div></details>\n", f);
}

/* ---- figures --------------------------------------------------------------------------------- */

void page_figure(FILE *f, const struct figure *figure, const char *dir, const char *undrawn,
                 int open)
{
    int drawn = 0;
    struct why w = { "" };
    char *svg;
    page_put(f, "<figure class=fig id=\"fig-%s\"><h3>%s</h3>\n<p class=sub>%s</p>\n", figure->name,
             figure->title, figure->subtitle);
    if (asprintf(&svg, "%s/plots/%s.svg", dir, figure->name) >= 0) {
        drawn = !access(svg, R_OK) && !drawing_inline(f, svg, figure->name, figure->title, &w);
        free(svg);
    }
    if (!drawn)
        page_put(f, "<p class=absent>%s</p>\n", *w.text ? w.text : undrawn);
    if (*figure->note)
        page_put(f, "<p class=sub>%s</p>\n", figure->note);
    page_put(f, "<details%s><summary>Numbers</summary>\n", drawn && !open ? "" : " open");
    put_figure_table(f, figure);
    fputs("</details></figure>\n", f);
}

/* ---- first and last -------------------------------------------------------------------------- */

void page_begin(FILE *f, const char *title, const char *subject)
{
    fputs("<!doctype html>\n<html lang=en><head><meta charset=utf-8>\n"
          "<meta name=viewport content=\"width=device-width,initial-scale=1\">\n"
          "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src "
          "'unsafe-inline'; img-src data:\">\n"
          "<meta name=color-scheme content=\"light dark\">\n",
          f);
    page_put(f, "<title>%s %s</title>\n<style>\n", title, subject);
    fputs(report_style, f);
    fputs("</style></head>\n<body><header>", f);
}

void page_end(FILE *f, const char *from)
{
    page_put(f,
             "</main>\n<footer>One file: no scripts, nothing fetched. Written by teampool from "
             "%s.</footer>\n</body></html>\n",
             from);
}
