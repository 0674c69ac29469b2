/* SPDX-License-Identifier: MIT */
#include "contrast_words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "label.h"
#include "noise.h"

#define COARSE 0.5 /* a margin beyond it says nothing of what lies within */

/* Numbers --------------------------------------------------------------------------------- */

const char *contrast_percent(char buffer[WORD], double share)
{
    snprintf(buffer, WORD, "%.*f%%",
             share < 0.0995 && fabs(100 * share - round(100 * share)) > 0.01, 100 * share);
    return buffer;
}

int contrast_is_coarse(const struct comparison *c)
{
    return c->margin > COARSE;
}

const char *contrast_changes(char buffer[WORD], double low, double high)
{
    char a[WORD], b[WORD];
    if (isnan(low))
        snprintf(buffer, WORD, "no interval");
    else
        snprintf(buffer, WORD, "%.24s to %.24s", words_change(a, low), words_change(b, high));
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

/* Has any of the rows FIRST to LAST-1 another text in COLUMN than the first? */
static int varies(const struct comparison *c, long first, long last, int column)
{
    const char *text = contrast_text(c, &c->rows[first], column);
    for (long i = first + 1; i < last; i++)
        if (strcmp(contrast_text(c, &c->rows[i], column), text) != 0)
            return 1;
    return 0;
}

static int is_always_said(const char *name)
{
    const char *const *word = always_said;
    while (*word && strcmp(*word, name) != 0)
        word++;
    return *word != NULL;
}

/* Rows stand in order: those of one backend come together. */
void labels_begin(struct labels *l, const struct comparison *c)
{
    int columns = c->column_count;
    l->c = c;
    l->said = calloc((size_t)c->count + 1, (size_t)columns + 1);
    for (long first = 0, last; l->said && first < c->count; first = last) {
        const char *backend = text_called(c, &c->rows[first], "backend");
        for (last = first + 1; last < c->count; last++)
            if (strcmp(text_called(c, &c->rows[last], "backend"), backend) != 0)
                break;
        for (int k = 0; k < columns; k++)
            if (!is_always_said(c->columns[k].name) && varies(c, first, last, k))
                for (long i = first; i < last; i++)
                    l->said[i * columns + k] =
                        strcmp(contrast_text(c, &c->rows[i], k), c->columns[k].fallback) != 0;
    }
}

void labels_end(struct labels *l)
{
    free(l->said);
}

struct called {
    const struct comparison *c;
    const struct contrast *row;
};

static const char *text_of(const void *self, const char *name)
{
    const struct called *called = self;
    return text_called(called->c, called->row, name);
}

const char *label_of(const struct labels *l, const struct contrast *row, char label[LABEL])
{
    const struct comparison *c = l->c;
    const char *said = l->said ? l->said + (row - c->rows) * c->column_count : NULL;
    label_cell(label, text_of, &(struct called){ c, row });
    for (int i = 0; said && i < c->column_count; i++)
        if (said[i] && *contrast_text(c, row, i))
            label_add(label, ", %.40s=%.60s", c->columns[i].name, contrast_text(c, row, i));
    return label;
}

/* Lists ----------------------------------------------------------------------------------- */

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

static struct contrast_list list_begin(const struct comparison *c)
{
    struct contrast_list l = { malloc(((size_t)c->count + 1) * sizeof(struct contrast *)), 0 };
    if (!l.rows)
        die(EXIT_FAILED, "no memory to list what changed");
    return l;
}

struct contrast_list contrast_list_verdicts(const struct comparison *c, unsigned verdicts)
{
    struct contrast_list l = list_begin(c);
    for (long i = 0; i < c->count; i++)
        if (c->rows[i].fate == COMPARED && verdicts & VERDICT_BIT(c->rows[i].verdict))
            l.rows[l.count++] = &c->rows[i];
    qsort(l.rows, (size_t)l.count, sizeof(struct contrast *), by_change);
    return l;
}

struct contrast_list contrast_list_shapes(const struct comparison *c, unsigned verdicts)
{
    struct contrast_list l = list_begin(c);
    for (long i = 0; i < c->count; i++)
        if (c->rows[i].fate == COMPARED && c->rows[i].has_shape &&
            verdicts & VERDICT_BIT(c->rows[i].shape_verdict))
            l.rows[l.count++] = &c->rows[i];
    qsort(l.rows, (size_t)l.count, sizeof(struct contrast *), by_shape);
    return l;
}

struct contrast_list contrast_list_missing(const struct comparison *c)
{
    struct contrast_list l = list_begin(c);
    for (long i = 0; i < c->count; i++)
        if (c->rows[i].fate != COMPARED)
            l.rows[l.count++] = &c->rows[i];
    return l;
}

long contrast_list_doubtful(const struct contrast_list *l)
{
    long count = 0;
    for (long i = 0; i < l->count; i++)
        count += !l->rows[i]->counts;
    return count;
}

/* The summary ----------------------------------------------------------------------------- */

void contrast_put_counts(const struct comparison *c, FILE *f)
{
    char all[WORD], margin[WORD];
    fprintf(f, "%ld of %s slower, %ld faster, ", c->slower,
            words_plural(all, (double)c->compared, "cell"), c->faster);
    fprintf(f,
            contrast_is_coarse(c) ? "%ld within %s, too wide to call them the same"
                                  : "%ld same within %s",
            c->verdicts[VERDICT_SAME], contrast_percent(margin, c->margin));
}

static void put_unclear(const struct comparison *c, FILE *f)
{
    long unclear = c->verdicts[VERDICT_UNCLEAR], others = unclear - c->disturbed - c->too_few;
    char word[WORD];
    fprintf(f, "%ld unclear", unclear);
    if (c->disturbed)
        fprintf(f, ": %ld of them because other programs ran", c->disturbed);
    if (c->too_few)
        fprintf(f, "%s %ld %swith fewer than %d blocks", c->disturbed ? "," : ":", c->too_few,
                c->disturbed ? "" : "of them ", BLOCKS_FOR_INTERVAL);
    if (others)
        fprintf(f, "%s about %s times as many blocks in each run would settle %s",
                others < unclear ? ", and" : ":", words_factor(word, c->blocks_factor),
                others == 1        ? others < unclear ? "the other" : "it"
                : others < unclear ? "half of the others"
                                   : "half of them");
}

void contrast_put_others(const struct comparison *c, FILE *f)
{
    long unclear = c->verdicts[VERDICT_UNCLEAR], missing = c->missing[OLD] + c->missing[NEW];
    if (unclear)
        put_unclear(c, f);
    if (missing)
        fprintf(f, "%s%ld missing (%ld in NEW, %ld in OLD)", unclear ? "; " : "", missing,
                c->missing[NEW], c->missing[OLD]);
    if (c->other_work)
        fprintf(f, "%s%ld of another work_version, not compared", unclear || missing ? "; " : "",
                c->other_work);
}

void contrast_put_correction(const struct comparison *c, FILE *f)
{
    long seen = c->verdicts[VERDICT_SLOWER] + c->verdicts[VERDICT_FASTER];
    if (seen > c->slower + c->faster)
        fprintf(f,
                "Before the correction for so many comparisons: %ld slower, %ld faster; the others "
                "(marked ?) may be chance.\n",
                c->verdicts[VERDICT_SLOWER], c->verdicts[VERDICT_FASTER]);
    else if (seen)
        fprintf(f, "The correction for so many comparisons changes none of these counts.\n");
}

void contrast_put_summary(const struct comparison *c, FILE *f)
{
    contrast_put_counts(c, f);
    if (c->verdicts[VERDICT_UNCLEAR] + c->missing[OLD] + c->missing[NEW] + c->other_work)
        fputs("; ", f);
    contrast_put_others(c, f);
    fputs(".\n", f);
    contrast_put_correction(c, f);
}

/* What must be known before the numbers are read. */
void contrast_put_conditions(const struct comparison *c, FILE *f)
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
                    s == OLD ? "OLD" : "NEW", contrast_percent(word, c->run[s].foreign));
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
        fprintf(f, "OLD against itself differs by %s.\n",
                contrast_percent(word, c->run[OLD].noise_floor));
    if (c->margin > 0 && c->run[NEW].noise_floor > 0)
        fprintf(f, "NEW against itself differs by %s.\n",
                contrast_percent(word, c->run[NEW].noise_floor));
}

const char *contrast_flip_words(char buffer[2 * WORD], const struct flip *flip)
{
    char a[WORD], b[WORD];
    snprintf(buffer, (size_t)2 * WORD, "%.50s in OLD, %.50s in NEW",
             words_slower(a, 1 / flip->old_ratio), words_slower(b, 1 / flip->new_ratio));
    return buffer;
}

void contrast_put_shape_meaning(const struct comparison *c, FILE *f)
{
    (void)c;
    fprintf(f, "Shape: speed-up over the run's own serial time, NEW against OLD: what is left when "
               "a faster clock is taken out\n");
}

int contrast_nothing_shared(const struct comparison *c, char text[512])
{
    *text = 0;
    if (!c->compared)
        snprintf(text, 512,
                 "nothing can be compared: %ld cells only in %.150s, %ld only in %.150s, %ld of "
                 "another work_version",
                 c->missing[NEW], c->run[OLD].dir, c->missing[OLD], c->run[NEW].dir, c->other_work);
    return *text != 0;
}

int contrast_too_few_blocks(const struct comparison *c, char text[512])
{
    *text = 0;
    if (c->same_record || c->most_blocks >= BLOCKS_FOR_INTERVAL)
        return 0;
    if (c->most_blocks < 2)
        snprintf(text, 512,
                 "no cell has more than one block in both runs: nothing can be told from chance; "
                 "measure %d blocks or more, as 'teampool run --profile default' does",
                 BLOCKS_FOR_INTERVAL);
    else
        snprintf(text, 512,
                 "no cell has %d blocks in both runs: below that there is no interval, and no "
                 "verdict",
                 BLOCKS_FOR_INTERVAL);
    return 1;
}

const char *contrast_or_dash(const char *text)
{
    return *text ? text : "-";
}
