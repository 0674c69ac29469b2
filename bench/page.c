/* SPDX-License-Identifier: MIT */
#include "page.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "words.h"

void page_text(FILE *f, const char *text)
{
    for (const unsigned char *s = (const unsigned char *)text; *s; s++) {
        switch (*s) {
        case '&':
            fputs("&amp;", f);
            break;
        case '<':
            fputs("&lt;", f);
            break;
        case '>':
            fputs("&gt;", f);
            break;
        case '"':
            fputs("&quot;", f);
            break;
        case '\'':
            fputs("&#39;", f);
            break;
        default:
            fputc(*s < 0x20 || *s == 0x7F ? ' ' : *s, f);
        }
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

void page_figure_table(FILE *f, const struct figure *figure)
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
