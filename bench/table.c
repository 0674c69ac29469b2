/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "layout.h"

const char *const table_forms[] = { "text", "csv", "markdown", NULL };

/* Room for one cell more. */
static char **next_cell(struct table *t)
{
    if (t->cells == t->room) {
        t->room = t->room ? 2 * t->room : 256;
        t->cell = realloc(t->cell, (size_t)t->room * sizeof *t->cell);
        if (!t->cell)
            die(EXIT_FAILED, "no memory for a table");
    }
    return &t->cell[t->cells++];
}

void table_add(struct table *t, const char *text)
{
    char *copy = strdup(text), **cell = next_cell(t);
    if (!copy)
        die(EXIT_FAILED, "no memory for a table");
    layout_clean(copy);
    *cell = copy;
}

static int width_of(const struct table *t, int column)
{
    int most = layout_width(t->name[column]);
    for (long i = column; i < t->cells; i += t->columns)
        if (layout_width(t->cell[i]) > most)
            most = layout_width(t->cell[i]);
    return most;
}

/* ROW: the texts of a row.  The last column is not filled up. */
static void put_text_row(const struct table *t, const char *const *row, const int *width, FILE *f)
{
    for (int i = 0; i < t->columns; i++) {
        if (t->right[i])
            layout_right(f, row[i], width[i]);
        else
            fprintf(f, "%s%*s", row[i], i + 1 < t->columns ? width[i] - layout_width(row[i]) : 0,
                    "");
        fputs(i + 1 < t->columns ? "  " : "\n", f);
    }
}

static void put_markdown_row(const struct table *t, const char *const *row, FILE *f)
{
    fputs("|", f);
    for (int i = 0; i < t->columns; i++) {
        fputc(' ', f);
        layout_escaped(f, row[i]);
        fputs(" |", f);
    }
    fputc('\n', f);
}

void table_show(const struct table *t, int form, FILE *f)
{
    int width[TABLE_COLUMNS];
    for (int i = 0; i < t->columns; i++)
        width[i] = width_of(t, i);
    for (long i = -t->columns; i < t->cells && t->cells; i += t->columns) {
        const char *const *row = i < 0 ? t->name : (const char *const *)&t->cell[i];
        if (form == TABLE_TEXT)
            put_text_row(t, row, width, f);
        else
            put_markdown_row(t, row, f);
        for (int k = 0; i < 0 && form == TABLE_MARKDOWN && k < t->columns; k++)
            fprintf(f, "|---%s%s", t->right[k] ? ":" : "", k + 1 < t->columns ? "" : "|\n");
    }
}

void table_free(struct table *t)
{
    for (long i = 0; i < t->cells; i++)
        free(t->cell[i]);
    free(t->cell);
}
