/* SPDX-License-Identifier: MIT
 *
 * report_measured: the pairs and the cells of a run as tables.  A plan of one's own names no
 * sweeps, and then no figure has its numbers.
 */
#include "report.h"

#include "page.h"
#include "summarize_show.h"
#include "table.h"

static void put_row(FILE *f, const struct table *t, const char *const *row, const char *tag)
{
    fputs("<tr>", f);
    for (int i = 0; i < t->columns; i++)
        page_put(f, t->right[i] ? "<%s class=n>%s</%s>" : "<%s>%s</%s>", tag, row[i], tag);
    fputs("</tr>\n", f);
}

static void put_table(FILE *f, const struct csv *table, const char *file)
{
    struct table t;
    const char *title = table && table->rows ? summarize_lay_out(&t, table, file) : NULL;
    if (!title)
        return;
    page_put(f, "<h3>%s</h3>\n<div class=wide><table><thead>\n", title);
    put_row(f, &t, t.name, "th");
    fputs("</thead><tbody>\n", f);
    for (long i = 0; i < t.cells; i += t.columns)
        put_row(f, &t, (const char *const *)&t.cell[i], "td");
    fputs("</tbody></table></div>\n", f);
    table_free(&t);
}

static int has_cells_of_no_sweep(const struct reading *r)
{
    for (long i = 0; i < r->cells; i++)
        if (!*r->cell[i].sweep)
            return 1;
    return 0;
}

void report_measured(FILE *f, const struct report *r)
{
    if (!has_cells_of_no_sweep(r->reading))
        return;
    fputs("<h2 id=measured>What was measured</h2>\n<p>Medians over blocks. Cells of this plan "
          "belong to no sweep (<code>sweep=</code> in the plan's line), and figures are drawn of "
          "sweeps; so here are the numbers.</p>\n<section class=card>\n",
          f);
    put_table(f, r->reading->pairs_table, "pairs.csv");
    put_table(f, r->reading->cells_table, "cells.csv");
    fputs("</section>\n", f);
}
