/* SPDX-License-Identifier: MIT */
#include "contrast_show.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../core/csv.h"
#include "command.h"
#include "contrast_words.h"
#include "layout.h"

enum { LISTED = 20, LISTED_ASIDE = 8 };

/* What PUT writes, in lines of 80. */
static void put_wrapped(const struct comparison *c,
                        void (*put)(const struct comparison *c, FILE *f), FILE *f)
{
    char *text = NULL;
    size_t length = 0;
    FILE *all = open_memstream(&text, &length);
    if (!all)
        die(EXIT_FAILED, "compare: no memory");
    put(c, all);
    if (fclose(all))
        die(EXIT_FAILED, "compare: no memory");
    layout_wrap(f, text, 0, 0);
    free(text);
}

void contrast_show_machines(const struct comparison *c, FILE *f)
{
    const char *key, *old_value, *new_value;
    for (int n = 0; contrast_difference(c, n, &key, &old_value, &new_value); n++)
        fprintf(f, "%s  %-18s %s -> %s\n", n ? "" : "What differs between the runs:\n", key,
                contrast_or_dash(old_value), contrast_or_dash(new_value));
}

/* On a terminal --------------------------------------------------------------------------- */

static void put_row(const struct labels *l, const struct contrast *row, int marked, FILE *f)
{
    char word[WORD], label[LABEL];
    layout_right(f, words_change(word, row->ratio), 8);
    fputs(marked && !row->counts ? "? " : "  ", f);
    layout_right(f, contrast_changes(word, row->low, row->high), 17);
    layout_right(f, words_time(word, row->time_ns[OLD], 3), 9);
    layout_right(f, words_time(word, row->time_ns[NEW], 3), 9);
    fprintf(f, "  %s\n", label_of(l, row, label));
    if (*row->note)
        fprintf(f, "%47s  (%s)\n", "", row->note);
}

static void put_more(long hidden, FILE *f)
{
    if (hidden > 0)
        fprintf(f, "          and %ld more; --format csv has them all\n", hidden);
}

static void put_section(const struct labels *l, enum verdict v, const char *title, FILE *f)
{
    struct contrast_list list = contrast_list_verdicts(l->c, VERDICT_BIT(v));
    long most = v == VERDICT_UNCLEAR ? LISTED_ASIDE : LISTED;
    if (list.count) {
        fprintf(f, "\n%s: %ld", title, list.count);
        if (v != VERDICT_UNCLEAR && contrast_list_doubtful(&list))
            fprintf(f, ", %ld of them may be chance (?)", contrast_list_doubtful(&list));
        fprintf(f, "\n  change      95%% interval      OLD      NEW  cell\n");
        for (long i = 0; i < list.count && i < most; i++)
            put_row(l, list.rows[i], v != VERDICT_UNCLEAR, f);
        put_more(list.count - most, f);
    }
    free(list.rows);
}

static void put_missing(const struct labels *l, FILE *f)
{
    struct contrast_list list = contrast_list_missing(l->c);
    char label[LABEL];
    if (list.count)
        fprintf(f, "\nmissing: %ld\n", list.count);
    for (long i = 0; i < list.count && i < LISTED_ASIDE; i++)
        fprintf(f, "  %s: %s\n", label_of(l, list.rows[i], label), list.rows[i]->note);
    put_more(list.count - LISTED_ASIDE, f);
    free(list.rows);
}

static void put_shape_section(const struct labels *l, enum verdict v, const char *title, FILE *f)
{
    struct contrast_list list = contrast_list_shapes(l->c, VERDICT_BIT(v));
    char word[WORD], label[LABEL];
    fprintf(f, "  %s: %ld\n", title, list.count);
    for (long i = 0; i < list.count && i < LISTED_ASIDE && v != VERDICT_SAME; i++) {
        const struct contrast *row = list.rows[i];
        layout_right(f, words_change(word, row->shape), 8);
        fputs("  ", f);
        layout_right(f, contrast_changes(word, row->shape_low, row->shape_high), 17);
        layout_right(f, words_factor(word, row->speedup[OLD]), 9);
        layout_right(f, words_factor(word, row->speedup[NEW]), 9);
        fprintf(f, "  %s\n", label_of(l, row, label));
    }
    if (v != VERDICT_SAME)
        put_more(list.count - LISTED_ASIDE, f);
    free(list.rows);
}

static void put_shapes(const struct labels *l, FILE *f)
{
    if (l->c->host != HOST_OTHER)
        return;
    fputc('\n', f);
    put_wrapped(l->c, contrast_put_shape_meaning, f);
    put_shape_section(l, VERDICT_SLOWER, "scales worse", f);
    put_shape_section(l, VERDICT_FASTER, "scales better", f);
    put_shape_section(l, VERDICT_SAME, "the same", f);
    put_shape_section(l, VERDICT_UNCLEAR, "unclear", f);
}

static void put_flips(const struct labels *l, FILE *f)
{
    const struct comparison *c = l->c;
    char winner[LABEL], loser[LABEL], words[2 * WORD];
    if (c->flip_count)
        fprintf(f, "\nTurned round: faster in OLD, slower in NEW: %ld\n", c->flip_count);
    for (long i = 0; i < c->flip_count && i < LISTED; i++) {
        const struct flip *flip = &c->flips[i];
        fprintf(f, "  %s\n    against %s: %s\n", label_of(l, flip->winner, winner),
                label_of(l, flip->loser, loser), contrast_flip_words(words, flip));
    }
    put_more(c->flip_count - LISTED, f);
}

void contrast_show_text(const struct comparison *c, FILE *f)
{
    struct labels l;
    labels_begin(&l, c);
    put_wrapped(c, contrast_put_summary, f);
    put_wrapped(c, contrast_put_conditions, f);
    contrast_show_machines(c, f);
    put_section(&l, VERDICT_SLOWER, "slower", f);
    put_section(&l, VERDICT_FASTER, "faster", f);
    put_section(&l, VERDICT_UNCLEAR, "unclear", f);
    put_missing(&l, f);
    put_shapes(&l, f);
    put_flips(&l, f);
    labels_end(&l);
}

/* In a pull request ----------------------------------------------------------------------- */

static void put_cell(FILE *f, const char *text)
{
    layout_escaped(f, text);
    fputs(" | ", f);
}

static void put_markdown_row(const struct labels *l, const struct contrast *row, FILE *f)
{
    char word[WORD], label[LABEL];
    int doubt = row->verdict != VERDICT_UNCLEAR && !row->counts;
    fprintf(f, "| %s%s | ", contrast_verdict(row), doubt ? "?" : "");
    put_cell(f, words_change(word, row->ratio));
    put_cell(f, contrast_changes(word, row->low, row->high));
    put_cell(f, words_time(word, row->time_ns[OLD], 3));
    put_cell(f, words_time(word, row->time_ns[NEW], 3));
    layout_escaped(f, label_of(l, row, label));
    if (*row->note) {
        fputs(" (", f);
        layout_escaped(f, row->note);
        fputc(')', f);
    }
    fputs(" |\n", f);
}

static void put_markdown_head(FILE *f)
{
    fputs("\n| verdict | change | 95% interval | OLD | NEW | cell |\n"
          "|---|---:|---:|---:|---:|---|\n",
          f);
}

/* Slower and faster ones together, the biggest change first. */
static void put_markdown_changes(const struct labels *l, FILE *f)
{
    struct contrast_list list = contrast_list_verdicts(l->c, VERDICTS_CHANGED);
    if (list.count)
        put_markdown_head(f);
    for (long i = 0; i < list.count && i < LISTED; i++)
        put_markdown_row(l, list.rows[i], f);
    if (list.count > LISTED)
        fprintf(f, "\n%ld more changed less.\n", list.count - LISTED);
    free(list.rows);
}

static void put_markdown_unclear(const struct labels *l, FILE *f)
{
    struct contrast_list list = contrast_list_verdicts(l->c, VERDICT_BIT(VERDICT_UNCLEAR));
    if (list.count) {
        fprintf(f, "\n<details><summary>%ld unclear</summary>\n", list.count);
        put_markdown_head(f);
        for (long i = 0; i < list.count && i < LISTED; i++)
            put_markdown_row(l, list.rows[i], f);
        if (list.count > LISTED)
            fprintf(f, "\n%ld more.\n", list.count - LISTED);
        fputs("\n</details>\n", f);
    }
    free(list.rows);
}

static void put_markdown_missing(const struct labels *l, FILE *f)
{
    struct contrast_list list = contrast_list_missing(l->c);
    char label[LABEL];
    if (list.count)
        fprintf(f, "\n<details><summary>%ld missing</summary>\n\n", list.count);
    for (long i = 0; i < list.count && i < LISTED; i++) {
        fputs("- ", f);
        layout_escaped(f, label_of(l, list.rows[i], label));
        fputs(": ", f);
        layout_escaped(f, list.rows[i]->note);
        fputc('\n', f);
    }
    if (list.count > LISTED)
        fprintf(f, "- %ld more\n", list.count - LISTED);
    if (list.count)
        fputs("\n</details>\n", f);
    free(list.rows);
}

static void put_markdown_machines(const struct comparison *c, FILE *f)
{
    const char *key, *old_value, *new_value;
    for (int n = 0; contrast_difference(c, n, &key, &old_value, &new_value); n++) {
        if (!n)
            fputs("\n| what differs | OLD | NEW |\n|---|---|---|\n", f);
        fputs("| ", f);
        put_cell(f, key);
        put_cell(f, contrast_or_dash(old_value));
        layout_escaped(f, contrast_or_dash(new_value));
        fputs(" |\n", f);
    }
}

static void put_markdown_shapes(const struct labels *l, FILE *f)
{
    unsigned wanted = l->c->host == HOST_OTHER ? VERDICTS_CHANGED : 0;
    struct contrast_list list = contrast_list_shapes(l->c, wanted);
    char word[WORD], label[LABEL];
    if (list.count)
        fputs("\nSpeed-up over each host's own serial time:\n\n"
              "| scales | change | 95% interval | OLD | NEW | cell |\n"
              "|---|---:|---:|---:|---:|---|\n",
              f);
    for (long i = 0; i < list.count && i < LISTED; i++) {
        const struct contrast *row = list.rows[i];
        fprintf(f, "| %s | ", row->shape_verdict == VERDICT_FASTER ? "better" : "worse");
        put_cell(f, words_change(word, row->shape));
        put_cell(f, contrast_changes(word, row->shape_low, row->shape_high));
        put_cell(f, words_factor(word, row->speedup[OLD]));
        put_cell(f, words_factor(word, row->speedup[NEW]));
        layout_escaped(f, label_of(l, row, label));
        fputs(" |\n", f);
    }
    if (list.count > LISTED)
        fprintf(f, "\n%ld more.\n", list.count - LISTED);
    free(list.rows);
}

void contrast_show_markdown(const struct comparison *c, FILE *f)
{
    struct labels l;
    labels_begin(&l, c);
    fputs("### ", f);
    contrast_put_summary(c, f);
    fputc('\n', f);
    contrast_put_conditions(c, f);
    put_markdown_machines(c, f);
    put_markdown_changes(&l, f);
    put_markdown_shapes(&l, f);
    put_markdown_unclear(&l, f);
    put_markdown_missing(&l, f);
    labels_end(&l);
}

/* For programs ---------------------------------------------------------------------------- */

static void put_number(FILE *f, const char *format, double value)
{
    fputc(',', f);
    if (isfinite(value))
        fprintf(f, format, value);
}

static const char *shape_word(const struct contrast *row)
{
    static const char *const words[] = { [VERDICT_FASTER] = "better",
                                         [VERDICT_SLOWER] = "worse",
                                         [VERDICT_SAME] = "same",
                                         [VERDICT_UNCLEAR] = "unclear" };
    return row->has_shape ? words[row->shape_verdict] : "";
}

static void put_csv_row(const struct comparison *c, const struct contrast *row, FILE *f)
{
    const struct cell *cell = row->cell[row->cell[OLD] ? OLD : NEW];
    for (int i = 0; i < c->column_count; i++) {
        csv_put(f, contrast_text(c, row, i));
        fputc(',', f);
    }
    csv_put(f, cell->sweep);
    put_number(f, "%.6g", row->ratio);
    put_number(f, "%.6g", row->low);
    put_number(f, "%.6g", row->high);
    put_number(f, "%.6g", c->margin);
    fprintf(f, ",%s", contrast_verdict(row));
    put_number(f, "%.4g", row->p);
    put_number(f, "%.4g", row->p_adjusted);
    fprintf(f, ",%d", row->counts);
    put_number(f, "%.0f", row->blocks_needed);
    for (int s = 0; s < SIDES; s++)
        fprintf(f, ",%ld", row->cell[s] ? row->cell[s]->blocks : 0);
    put_number(f, "%.0f", row->time_ns[OLD]);
    put_number(f, "%.0f", row->time_ns[NEW]);
    put_number(f, "%.6g", row->work_ratio);
    put_number(f, "%.6g", row->speedup[OLD]);
    put_number(f, "%.6g", row->speedup[NEW]);
    put_number(f, "%.6g", row->shape);
    put_number(f, "%.6g", row->shape_low);
    put_number(f, "%.6g", row->shape_high);
    fprintf(f, ",%s", shape_word(row));
    put_number(f, "%.4g", row->waited[OLD]);
    put_number(f, "%.4g", row->waited[NEW]);
    fputc(',', f);
    csv_put(f, row->note);
    fputc('\n', f);
}

void contrast_show_csv(const struct comparison *c, FILE *f)
{
    for (int i = 0; i < c->column_count; i++) {
        csv_put(f, c->columns[i].name);
        fputc(',', f);
    }
    fputs("sweep,ratio,ratio_low,ratio_high,margin,verdict,p,p_adjusted,counts,blocks_needed,"
          "blocks_old,blocks_new,old_ns,new_ns,work_ratio,speedup_old,speedup_new,shape,shape_low,"
          "shape_high,shape_verdict,waited_old,waited_new,note\n",
          f);
    for (long i = 0; i < c->count; i++)
        put_csv_row(c, &c->rows[i], f);
}
