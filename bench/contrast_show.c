/* SPDX-License-Identifier: MIT */
#include "contrast_show.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "../core/csv.h"
#include "command.h"
#include "noise.h"
#include "words.h"

enum { LABEL = 320, LISTED = 20, LISTED_ASIDE = 8 };

/* Words ----------------------------------------------------------------------------------- */

/* Columns of a text on a terminal: characters, not bytes. */
static int width_of(const char *text)
{
    int width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
}

static void put_right(FILE *f, const char *text, int width)
{
    fprintf(f, "%*s%s", width > width_of(text) ? width - width_of(text) : 0, "", text);
}

static const char *percent(char buffer[WORD], double share)
{
    snprintf(buffer, WORD, "%.*f%%",
             share < 0.0995 && fabs(100 * share - round(100 * share)) > 0.01, 100 * share);
    return buffer;
}

/* "+6.3%", "x2.4": what became of it. */
static const char *change(char buffer[WORD], double ratio)
{
    char factor[WORD];
    if (!isfinite(ratio))
        snprintf(buffer, WORD, "-");
    else if (ratio > 0.5 && ratio < 2)
        snprintf(buffer, WORD, "%+.1f%%", 100 * (ratio - 1));
    else
        snprintf(buffer, WORD, "x%.32s", words_factor(factor, ratio));
    return buffer;
}

static const char *changes(char buffer[WORD], double low, double high)
{
    char a[WORD], b[WORD];
    if (isnan(low))
        snprintf(buffer, WORD, "no interval");
    else
        snprintf(buffer, WORD, "%.24s to %.24s", change(a, low), change(b, high));
    return buffer;
}

static int column_called(const struct comparison *c, const char *name)
{
    for (int i = 0; i < c->column_count; i++)
        if (!strcmp(c->columns[i].name, name))
            return i;
    return -1;
}

static const char *text_called(const struct comparison *c, const struct contrast *row,
                               const char *name)
{
    int column = column_called(c, name);
    return column < 0 ? "" : contrast_text(c, row, column);
}

/* Labels ---------------------------------------------------------------------------------- */

/* What every label says.  cpus follow from the other columns. */
static const char *const always_said[] = { "backend", "schedule", "workers",      "workload",
                                           "variant", "task_ns",  "tasks",        "chunk",
                                           "cpus",    "runner",   "work_version", NULL };

/* Do rows of one backend differ in COLUMN? */
static int varies(const struct comparison *c, int column)
{
    const char *backend = "", *first = "";
    for (long i = 0; i < c->count; i++) { /* rows stand in order: backends come together */
        const char *b = text_called(c, &c->rows[i], "backend");
        const char *text = contrast_text(c, &c->rows[i], column);
        if (!i || strcmp(b, backend) != 0) {
            backend = b;
            first = text;
        } else if (strcmp(text, first) != 0) {
            return 1;
        }
    }
    return 0;
}

/* How the cells are called: which of the other columns have to be named to tell them apart. */
struct labels {
    const struct comparison *c;
    char *said; /* per column */
};

static void labels_begin(struct labels *l, const struct comparison *c)
{
    l->c = c;
    l->said = calloc((size_t)c->column_count + 1, 1);
    for (int i = 0; l->said && i < c->column_count; i++) {
        const char *const *word = always_said;
        while (*word && strcmp(*word, c->columns[i].name) != 0)
            word++;
        l->said[i] = !*word && varies(c, i);
    }
}

__attribute__((format(printf, 3, 4))) static void append(char *label, size_t *used,
                                                         const char *format, ...)
{
    va_list ap;
    if (*used >= LABEL - 1)
        return;
    va_start(ap, format);
    *used += (size_t)vsnprintf(label + *used, LABEL - *used, format, ap);
    va_end(ap);
}

/* "pool steal 2w, cpu 10 us x2000, chunk 16".  Returns LABEL. */
static const char *label_of(const struct labels *l, const struct contrast *row, char label[LABEL])
{
    const struct comparison *c = l->c;
    const char *backend = text_called(c, row, "backend"), *runner = text_called(c, row, "runner");
    const char *schedule = text_called(c, row, "schedule"), *chunk = text_called(c, row, "chunk");
    const char *variant = text_called(c, row, "variant"), *tasks = text_called(c, row, "tasks");
    const char *length = text_called(c, row, "task_ns");
    int serial = !strcmp(backend, "serial");
    char word[WORD];
    size_t used = 0;

    if (*runner && strcmp(runner, "cell") != 0)
        append(label, &used, "%.60s: ", runner);
    append(label, &used, "%.40s", backend);
    if (!serial)
        append(label, &used, "%s%.20s %.12sw", *schedule ? " " : "", schedule,
               text_called(c, row, "workers"));
    append(label, &used, ", %.40s", text_called(c, row, "workload"));
    append(label, &used, "%s%.40s", *variant ? " " : "", variant);
    if (atof(length) > 0)
        append(label, &used, " %s", words_time(word, atof(length), 2));
    append(label, &used, "%s%.16s", *tasks ? " x" : "", tasks);
    if (!serial && *chunk)
        append(label, &used, ", chunk %.16s", chunk);
    for (int i = 0; l->said && i < c->column_count; i++)
        if (l->said[i] && *contrast_text(c, row, i))
            append(label, &used, ", %.40s=%.60s", c->columns[i].name, contrast_text(c, row, i));
    for (char *s = label; *s; s++) /* what stands in a file must not move a cursor */
        if ((unsigned char)*s < 0x20 || *s == 0x7F)
            *s = ' ';
    return label;
}

/* Lists ----------------------------------------------------------------------------------- */

/* Rows of one kind, the biggest change first. */
struct list {
    const struct contrast **rows;
    long count;
};

static int by_change(const void *left, const void *right)
{
    const struct contrast *a = *(const struct contrast *const *)left,
                          *b = *(const struct contrast *const *)right;
    double x = fabs(log(a->ratio)), y = fabs(log(b->ratio));
    return x != y ? (x < y) - (x > y) : (a > b) - (a < b);
}

static int by_shape(const void *left, const void *right)
{
    const struct contrast *a = *(const struct contrast *const *)left,
                          *b = *(const struct contrast *const *)right;
    double x = fabs(log(a->shape)), y = fabs(log(b->shape));
    return x != y ? (x < y) - (x > y) : (a > b) - (a < b);
}

static struct list list_begin(const struct comparison *c)
{
    struct list l = { malloc(((size_t)c->count + 1) * sizeof(struct contrast *)), 0 };
    if (!l.rows)
        die(EXIT_FAILED, "compare: no memory");
    return l;
}

static struct list list_verdict(const struct comparison *c, enum verdict v)
{
    struct list l = list_begin(c);
    for (long i = 0; i < c->count; i++)
        if (c->rows[i].fate == COMPARED && c->rows[i].verdict == v)
            l.rows[l.count++] = &c->rows[i];
    qsort(l.rows, (size_t)l.count, sizeof(struct contrast *), by_change);
    return l;
}

static struct list list_shape(const struct comparison *c, enum verdict v)
{
    struct list l = list_begin(c);
    for (long i = 0; i < c->count; i++)
        if (c->rows[i].fate == COMPARED && c->rows[i].has_shape && c->rows[i].shape_verdict == v)
            l.rows[l.count++] = &c->rows[i];
    qsort(l.rows, (size_t)l.count, sizeof(struct contrast *), by_shape);
    return l;
}

static struct list list_missing(const struct comparison *c)
{
    struct list l = list_begin(c);
    for (long i = 0; i < c->count; i++)
        if (c->rows[i].fate != COMPARED)
            l.rows[l.count++] = &c->rows[i];
    return l;
}

static long doubtful(const struct list *l)
{
    long count = 0;
    for (long i = 0; i < l->count; i++)
        count += !l->rows[i]->counts;
    return count;
}

/* The summary ----------------------------------------------------------------------------- */

static const char *cells(char buffer[WORD], long count)
{
    return words_plural(buffer, (double)count, "cell");
}

static void put_unclear(const struct comparison *c, FILE *f)
{
    long unclear = c->verdicts[VERDICT_UNCLEAR];
    long open = unclear - c->disturbed; /* more blocks would help */
    if (unclear)
        fprintf(f, "; %ld unclear", unclear);
    if (c->disturbed)
        fprintf(f, "%s%ld of them because other programs ran", open ? ", " : ": ", c->disturbed);
    if (open)
        fprintf(f, "%s about %.0f%s blocks in each run would settle %s",
                c->disturbed ? ", and" : ":", c->blocks_needed,
                c->blocks_needed >= MOST_BLOCKS_NEEDED ? " or more" : "",
                open > 1       ? c->disturbed ? "half of the others" : "half of them"
                : c->disturbed ? "the other"
                               : "it");
}

void contrast_show_summary(const struct comparison *c, FILE *f)
{
    char all[WORD], margin[WORD];
    long seen = c->verdicts[VERDICT_SLOWER] + c->verdicts[VERDICT_FASTER];
    long missing = c->missing[OLD] + c->missing[NEW];
    fprintf(f, "%ld of %s slower, %ld faster, %ld same within %s", c->slower,
            cells(all, c->compared), c->faster, c->verdicts[VERDICT_SAME],
            percent(margin, c->margin));
    put_unclear(c, f);
    if (missing)
        fprintf(f, "; %ld missing (%ld in NEW, %ld in OLD)", missing, c->missing[NEW],
                c->missing[OLD]);
    if (c->other_work)
        fprintf(f, "; %ld of another work_version, not compared", c->other_work);
    fprintf(f, ".\n");
    if (seen > c->slower + c->faster)
        fprintf(f,
                "Before the correction for so many comparisons: %ld slower, %ld faster; the others "
                "(marked ?) may be chance.\n",
                c->verdicts[VERDICT_SLOWER], c->verdicts[VERDICT_FASTER]);
    else if (seen)
        fprintf(f, "The correction for so many comparisons changes none of these counts.\n");
}

/* What must be known before the numbers are read. */
static void put_conditions(const struct comparison *c, FILE *f)
{
    const struct machine *a = &c->run[OLD].machine, *b = &c->run[NEW].machine;
    double old_steps = atof(machine_get(a, "steps_per_ms"));
    double new_steps = atof(machine_get(b, "steps_per_ms"));
    char word[WORD];
    if (c->same_record)
        fprintf(f, "Both folders hold the same record: of course all is the same.\n");
    for (int s = 0; s < SIDES; s++)
        if (c->run[s].foreign > NOISE_FOREIGN)
            fprintf(f,
                    "%s was disturbed: other programs took %s of the machine. Measure again on a "
                    "quiet one before you believe a difference.\n",
                    s == OLD ? "OLD" : "NEW", percent(word, c->run[s].foreign));
    if (c->host == HOST_UNKNOWN)
        fprintf(f, "Not known whether this is one host: compared as if it were.\n");
    if (c->host == HOST_OTHER)
        fprintf(f, "Two hosts, or one with another kernel: cells are matched by all but their CPU "
                   "numbers.\n");
    if (old_steps > 0 && new_steps > 0 && fabs(new_steps / old_steps - 1) >= 0.001)
        fprintf(f,
                "A computing task of NEW has %.4g times the steps of one of OLD (each run measures "
                "the speed that a task's length is made of): times are compared for equal work.\n",
                new_steps / old_steps);
    if (c->margin > 0 && c->run[OLD].noise_floor > 0)
        fprintf(f, "OLD against itself differs by %s.\n", percent(word, c->run[OLD].noise_floor));
    if (c->margin > 0 && c->run[NEW].noise_floor > 0)
        fprintf(f, "NEW against itself differs by %s.\n", percent(word, c->run[NEW].noise_floor));
}

/* What PUT writes, in lines of 80. */
static void put_wrapped(const struct comparison *c,
                        void (*put)(const struct comparison *c, FILE *f), FILE *f)
{
    char *text = NULL, *s;
    size_t length = 0;
    FILE *all = open_memstream(&text, &length);
    int column = 0;
    if (!all)
        die(EXIT_FAILED, "compare: no memory");
    put(c, all);
    if (fclose(all))
        die(EXIT_FAILED, "compare: no memory");
    for (s = text; *s;) {
        int word = (int)strcspn(s, " \n");
        if (column && column + 1 + word > 80)
            column = 0, fputc('\n', f);
        column += fprintf(f, "%s%.*s", column ? " " : "", word, s);
        s += word;
        if (*s == '\n')
            column = 0, fputc('\n', f);
        s += *s != 0;
    }
    free(text);
}

static const char *or_nothing(const char *text)
{
    return *text ? text : "-";
}

void contrast_show_machines(const struct comparison *c, FILE *f)
{
    const char *key, *old_value, *new_value;
    for (int n = 0; contrast_difference(c, n, &key, &old_value, &new_value); n++)
        fprintf(f, "%s  %-18s %s -> %s\n", n ? "" : "What differs between the runs:\n", key,
                or_nothing(old_value), or_nothing(new_value));
}

/* On a terminal --------------------------------------------------------------------------- */

static void put_row(const struct labels *l, const struct contrast *row, int marked, FILE *f)
{
    char word[WORD], label[LABEL];
    put_right(f, change(word, row->ratio), 8);
    fputs(marked && !row->counts ? "? " : "  ", f);
    put_right(f, changes(word, row->low, row->high), 17);
    put_right(f, words_time(word, row->time_ns[OLD], 3), 9);
    put_right(f, words_time(word, row->time_ns[NEW], 3), 9);
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
    struct list list = list_verdict(l->c, v);
    long most = v == VERDICT_UNCLEAR ? LISTED_ASIDE : LISTED;
    if (list.count) {
        fprintf(f, "\n%s: %ld", title, list.count);
        if (v != VERDICT_UNCLEAR && doubtful(&list))
            fprintf(f, ", %ld of them may be chance (?)", doubtful(&list));
        fprintf(f, "\n  change      95%% interval      OLD      NEW  cell\n");
        for (long i = 0; i < list.count && i < most; i++)
            put_row(l, list.rows[i], v != VERDICT_UNCLEAR, f);
        put_more(list.count - most, f);
    }
    free(list.rows);
}

static void put_missing(const struct labels *l, FILE *f)
{
    struct list list = list_missing(l->c);
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
    struct list list = list_shape(l->c, v);
    char word[WORD], label[LABEL];
    fprintf(f, "  %s: %ld\n", title, list.count);
    for (long i = 0; i < list.count && i < LISTED_ASIDE && v != VERDICT_SAME; i++) {
        const struct contrast *row = list.rows[i];
        put_right(f, change(word, row->shape), 8);
        fputs("  ", f);
        put_right(f, changes(word, row->shape_low, row->shape_high), 17);
        put_right(f, words_factor(word, row->speedup[OLD]), 9);
        put_right(f, words_factor(word, row->speedup[NEW]), 9);
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
    fprintf(f, "\nShape: speed-up over the run's own serial time, NEW against OLD: what is left\n"
               "when a faster clock is taken out\n");
    put_shape_section(l, VERDICT_SLOWER, "scales worse", f);
    put_shape_section(l, VERDICT_FASTER, "scales better", f);
    put_shape_section(l, VERDICT_SAME, "the same", f);
    put_shape_section(l, VERDICT_UNCLEAR, "unclear", f);
}

static void put_flips(const struct labels *l, FILE *f)
{
    const struct comparison *c = l->c;
    char winner[LABEL], loser[LABEL], a[WORD], b[WORD];
    if (c->flip_count)
        fprintf(f, "\nTurned round: faster in OLD, slower in NEW: %ld\n", c->flip_count);
    for (long i = 0; i < c->flip_count && i < LISTED; i++) {
        const struct flip *flip = &c->flips[i];
        fprintf(f, "  %s\n    against %s: %s in OLD, %s in NEW\n",
                label_of(l, flip->winner, winner), label_of(l, flip->loser, loser),
                words_slower(a, 1 / flip->old_ratio), words_slower(b, 1 / flip->new_ratio));
    }
    put_more(c->flip_count - LISTED, f);
}

void contrast_show_text(const struct comparison *c, FILE *f)
{
    struct labels l;
    labels_begin(&l, c);
    put_wrapped(c, contrast_show_summary, f);
    put_wrapped(c, put_conditions, f);
    contrast_show_machines(c, f);
    put_section(&l, VERDICT_SLOWER, "slower", f);
    put_section(&l, VERDICT_FASTER, "faster", f);
    put_section(&l, VERDICT_UNCLEAR, "unclear", f);
    put_missing(&l, f);
    put_shapes(&l, f);
    put_flips(&l, f);
    free(l.said);
}

/* In a pull request ----------------------------------------------------------------------- */

/* A cell of a Markdown table: no bar ends it, no tag begins in it. */
static void put_escaped(FILE *f, const char *text)
{
    for (; *text; text++) {
        if (strchr("|\\`*_[]", *text))
            fputc('\\', f);
        if (*text == '<')
            fputs("&lt;", f);
        else
            fputc((unsigned char)*text < 0x20 || *text == 0x7F ? ' ' : *text, f);
    }
}

static void put_cell(FILE *f, const char *text)
{
    put_escaped(f, text);
    fputs(" | ", f);
}

static void put_markdown_row(const struct labels *l, const struct contrast *row, FILE *f)
{
    char word[WORD], label[LABEL];
    int doubt = row->verdict != VERDICT_UNCLEAR && !row->counts;
    fprintf(f, "| %s%s | ", contrast_verdict(row), doubt ? "?" : "");
    put_cell(f, change(word, row->ratio));
    put_cell(f, changes(word, row->low, row->high));
    put_cell(f, words_time(word, row->time_ns[OLD], 3));
    put_cell(f, words_time(word, row->time_ns[NEW], 3));
    put_escaped(f, label_of(l, row, label));
    if (*row->note) {
        fputs(" (", f);
        put_escaped(f, row->note);
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
    struct list list = list_begin(l->c);
    for (long i = 0; i < l->c->count; i++) {
        const struct contrast *row = &l->c->rows[i];
        if (row->fate == COMPARED &&
            (row->verdict == VERDICT_SLOWER || row->verdict == VERDICT_FASTER))
            list.rows[list.count++] = row;
    }
    qsort(list.rows, (size_t)list.count, sizeof(struct contrast *), by_change);
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
    struct list list = list_verdict(l->c, VERDICT_UNCLEAR);
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
    struct list list = list_missing(l->c);
    char label[LABEL];
    if (list.count)
        fprintf(f, "\n<details><summary>%ld missing</summary>\n\n", list.count);
    for (long i = 0; i < list.count && i < LISTED; i++) {
        fputs("- ", f);
        put_escaped(f, label_of(l, list.rows[i], label));
        fputs(": ", f);
        put_escaped(f, list.rows[i]->note);
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
        put_cell(f, or_nothing(old_value));
        put_escaped(f, or_nothing(new_value));
        fputs(" |\n", f);
    }
}

static void put_markdown_shapes(const struct labels *l, FILE *f)
{
    struct list list = list_begin(l->c);
    char word[WORD], label[LABEL];
    for (long i = 0; i < l->c->count && l->c->host == HOST_OTHER; i++) {
        const struct contrast *row = &l->c->rows[i];
        if (row->fate == COMPARED && row->has_shape &&
            (row->shape_verdict == VERDICT_SLOWER || row->shape_verdict == VERDICT_FASTER))
            list.rows[list.count++] = row;
    }
    qsort(list.rows, (size_t)list.count, sizeof(struct contrast *), by_shape);
    if (list.count)
        fputs("\nSpeed-up over each host's own serial time:\n\n"
              "| scales | change | 95% interval | OLD | NEW | cell |\n"
              "|---|---:|---:|---:|---:|---|\n",
              f);
    for (long i = 0; i < list.count && i < LISTED; i++) {
        const struct contrast *row = list.rows[i];
        fprintf(f, "| %s | ", row->shape_verdict == VERDICT_FASTER ? "better" : "worse");
        put_cell(f, change(word, row->shape));
        put_cell(f, changes(word, row->shape_low, row->shape_high));
        put_cell(f, words_factor(word, row->speedup[OLD]));
        put_cell(f, words_factor(word, row->speedup[NEW]));
        put_escaped(f, label_of(l, row, label));
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
    contrast_show_summary(c, f);
    fputc('\n', f);
    put_conditions(c, f);
    put_markdown_machines(c, f);
    put_markdown_changes(&l, f);
    put_markdown_shapes(&l, f);
    put_markdown_unclear(&l, f);
    put_markdown_missing(&l, f);
    free(l.said);
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
