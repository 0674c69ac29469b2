/* SPDX-License-Identifier: MIT */
#include "summarize_show.h"

#include <math.h>
#include <string.h>

#include "label.h"
#include "reading.h"
#include "table.h"
#include "words.h"

/* A row of one of the tables, and what stands before its columns' names: "a_" for a pair's side. */
struct called {
    const struct csv *table;
    long row;
    const char *side;
};

static const char *text_of(const void *self, const char *name)
{
    const struct called *c = self;
    char sided[40];
    snprintf(sided, sizeof sided, "%s%s", c->side, name);
    int column = csv_column(c->table, sided);
    return csv_cell(c->table, c->row, column < 0 ? csv_column(c->table, name) : column);
}

/* "12.3 ms", or "-". */
static const char *time_word(char buffer[WORD], double ns)
{
    return isnan(ns) ? "-" : words_time(buffer, ns, 3);
}

static void add_interval(struct table *t, const struct estimate *e,
                         const char *(*word)(char buffer[WORD], double value))
{
    char low[WORD], high[WORD], both[2 * WORD + 8];
    snprintf(both, sizeof both, "%s to %s", word(low, e->low), word(high, e->high));
    table_add(t, isnan(e->low) ? "-" : both);
}

static const char *factor_word(char buffer[WORD], double factor)
{
    return isnan(factor) ? "-" : words_factor(buffer, factor);
}

static const char *ratio_word(char buffer[WORD], double ratio)
{
    snprintf(buffer, WORD, "%.3f", ratio);
    return isnan(ratio) ? "-" : buffer;
}

static const char *chunk_word(char buffer[WORD], double chunk)
{
    return isnan(chunk) ? "-" : words_count(buffer, chunk);
}

/* The answer about a backend that the run has not measured: for programs alone. */
#define NOT_MEASURED "unknown"

/* What all three forms say of a row. */
struct line {
    const char *table, *unit, *verdict;
    char cell[LABEL], against[LABEL];
    struct estimate e;
    double blocks, speedup;
};

static void read_cell(struct line *l, const struct called *c)
{
    *l = (struct line){ .table = "cell", .unit = "ns", .verdict = text_of(c, "status") };
    l->e = reading_interval(c->table, c->row, "median_ns", "low_ns", "high_ns");
    l->blocks = reading_value(c->table, c->row, "blocks");
    l->speedup = reading_value(c->table, c->row, "speedup");
    label_cell(l->cell, text_of, c);
    if (reading_value(c->table, c->row, "twin") > 0)
        label_add(l->cell, ", once more");
}

static void read_pair(struct line *l, const struct called *c)
{
    struct called other = { c->table, c->row, "a_" };
    *l = (struct line){ .table = "pair", .unit = "ratio", .verdict = text_of(c, "verdict") };
    l->e = reading_interval(c->table, c->row, "ratio", "ratio_low", "ratio_high");
    l->blocks = reading_value(c->table, c->row, "blocks");
    label_cell(l->cell, text_of, c);
    label_team(l->against, text_of, &other);
}

static void read_answer(struct line *l, const struct called *c)
{
    *l = (struct line){ .table = text_of(c, "question"), .unit = "ns", .blocks = NAN };
    l->verdict = text_of(c, "choice");
    if (!strcmp(l->table, "chunk")) {
        l->unit = "tasks";
        l->e = reading_interval(c->table, c->row, "chunk", "chunk_low", "chunk_high");
    } else if (!strcmp(l->table, "shortest")) {
        l->e = (struct estimate){ reading_value(c->table, c->row, "task_ns"), NAN, NAN };
    } else {
        l->e = reading_interval(c->table, c->row, "time_ns", "time_low_ns", "time_high_ns");
    }
    if (*text_of(c, "backend"))
        label_cell(l->cell, text_of, c);
    snprintf(l->against, sizeof l->against, "%s", text_of(c, "confidence"));
}

/* ---- the forms ---- */

static void add_cell(struct table *t, const struct line *line)
{
    char word[WORD];
    table_add(t, time_word(word, line->e.mid));
    add_interval(t, &line->e, time_word);
    table_add(t, factor_word(word, line->speedup));
    snprintf(word, sizeof word, "%.0f", line->blocks);
    table_add(t, isnan(line->blocks) ? "-" : word);
    table_add(t, line->verdict);
    table_add(t, line->cell);
}

static void add_pair(struct table *t, const struct line *line)
{
    char word[WORD];
    table_add(t, ratio_word(word, line->e.mid));
    add_interval(t, &line->e, ratio_word);
    snprintf(word, sizeof word, "%.0f", line->blocks);
    table_add(t, isnan(line->blocks) ? "-" : word);
    table_add(t, line->verdict);
    table_add(t, line->cell);
    table_add(t, line->against);
}

static void add_answer(struct table *t, const struct line *line)
{
    const char *(*words)(char *, double) = strcmp(line->unit, "ns") ? chunk_word : time_word;
    char word[WORD];
    table_add(t, line->table);
    table_add(t, line->verdict);
    table_add(t, words(word, line->e.mid));
    add_interval(t, &line->e, words);
    table_add(t, line->against);
    table_add(t, line->cell);
}

static const struct section {
    const char *file, *title, *side;
    void (*read)(struct line *line, const struct called *c);
    void (*add)(struct table *t, const struct line *line);
    struct table shown; /* its columns */
} sections[] = {
    { "verdict.csv",
      "answers; their value is the time of a task (headline, best), how many tasks to hand out at "
      "once (chunk), the shortest task that pays (shortest), the time to start workers (startup)",
      "",
      read_answer,
      add_answer,
      { .columns = 6,
        .name = { "question", "answer", "value", "from, to", "confidence", "cell" },
        .right = { 0, 0, 1, 1 } } },
    { "pairs.csv",
      "pairs: time of the cell over time of the other",
      "b_",
      read_pair,
      add_pair,
      { .columns = 6,
        .name = { "ratio", "95% interval", "blocks", "verdict", "cell", "against" },
        .right = { 1, 1, 1 } } },
    { "cells.csv",
      "cells: time of a job",
      "",
      read_cell,
      add_cell,
      { .columns = 6,
        .name = { "time", "95% interval", "speed-up", "blocks", "status", "cell" },
        .right = { 1, 1, 1, 1 } } },
};

static void put_number(FILE *f, double value)
{
    fputc(',', f);
    if (isfinite(value))
        fprintf(f, "%.6g", value);
}

static void put_csv_line(const struct line *line, FILE *f)
{
    fprintf(f, "%s,", line->table);
    csv_put(f, line->cell);
    fputc(',', f);
    csv_put(f, line->against);
    fprintf(f, ",%s", line->unit);
    put_number(f, line->e.mid);
    put_number(f, line->e.low);
    put_number(f, line->e.high);
    put_number(f, line->blocks);
    fprintf(f, ",%s\n", line->verdict);
}

/* The rows of TABLE into SHOWN. */
static void fill(struct table *shown, const struct section *s, const struct csv *table)
{
    struct line line;
    *shown = s->shown;
    for (long row = 0; row < table->rows; row++) {
        s->read(&line, &(struct called){ table, row, s->side });
        if (strcmp(line.verdict, NOT_MEASURED) != 0)
            s->add(shown, &line);
    }
}

static void show_csv(const struct section *s, const struct csv *table, FILE *f)
{
    struct line line;
    for (long row = 0; row < table->rows; row++) {
        s->read(&line, &(struct called){ table, row, s->side });
        put_csv_line(&line, f);
    }
}

static void show(const struct section *s, const struct csv *table, int form, FILE *f)
{
    struct table shown;
    fill(&shown, s, table);
    if (shown.cells)
        fprintf(f, form == TABLE_TEXT ? "%s%s:\n" : "%s### %s\n\n", s == sections ? "" : "\n",
                s->title);
    table_show(&shown, form, f);
    table_free(&shown);
}

int summarize_show(const char *dir, int form, FILE *f, struct why *w)
{
    if (form == TABLE_CSV)
        fputs("table,cell,against,unit,value,low,high,blocks,verdict\n", f);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        struct csv *table;
        int error = reading_table(&table, dir, sections[i].file, 1, w);
        if (error)
            return error;
        if (form == TABLE_CSV)
            show_csv(&sections[i], table, f);
        else
            show(&sections[i], table, form, f);
        csv_free(table);
    }
    return 0;
}

const char *summarize_lay_out(struct table *out, const struct csv *table, const char *file)
{
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        if (!strcmp(sections[i].file, file)) {
            fill(out, &sections[i], table);
            return sections[i].title;
        }
    return NULL;
}
