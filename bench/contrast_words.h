/* SPDX-License-Identifier: MIT
 *
 * contrast_words: how a comparison of two runs is said, wherever it is said: what a cell is called,
 * a change in words, which rows of what kind, the summary.  Judges nothing.
 */
#ifndef BENCH_CONTRAST_WORDS_H
#define BENCH_CONTRAST_WORDS_H

#include <stdio.h>

#include "contrast.h"
#include "label.h"
#include "words.h"

/* "10.3%": a share, with a decimal where it is small and has one.  Returns BUFFER. */
const char *contrast_percent(char buffer[WORD], double share);

/* "+5.1% to +7.4%": what became of it, as an interval. */
const char *contrast_changes(char buffer[WORD], double low, double high);

/* How the cells are called: which of the columns have to be named to tell those of one backend
 * apart.  A column at its default is not. */
struct labels {
    const struct comparison *c;
    char *said; /* per row and column; NULL: no memory, labels are shorter */
};

void labels_begin(struct labels *l, const struct comparison *c);
void labels_end(struct labels *l);

/* "pool steal 2w, cpu 10 us x2000, chunk 16".  Returns LABEL. */
const char *label_of(const struct labels *l, const struct contrast *row, char label[LABEL]);

/* Rows of one kind.  Owns: the caller, free(rows). */
struct contrast_list {
    const struct contrast **rows;
    long count;
};

#define VERDICT_BIT(verdict) (1u << (verdict))
#define VERDICTS_CHANGED     (VERDICT_BIT(VERDICT_SLOWER) | VERDICT_BIT(VERDICT_FASTER))

/* Compared rows that have one of VERDICTS, the biggest change first; the same by how they scale;
 * what is missing or other work, by name.  Without memory the program ends. */
struct contrast_list contrast_list_verdicts(const struct comparison *c, unsigned verdicts);
struct contrast_list contrast_list_shapes(const struct comparison *c, unsigned verdicts);
struct contrast_list contrast_list_missing(const struct comparison *c);

/* How many of them may be chance. */
long contrast_list_doubtful(const struct contrast_list *l);

/* Is C's margin so wide that what lies within it cannot be called the same? */
int contrast_is_coarse(const struct comparison *c);

/* "3 of 7 cells slower, 3 faster, 1 same within 3%". */
void contrast_put_counts(const struct comparison *c, FILE *f);

/* What else was not the same: unclear, missing, other work, parted by "; ".  May be nothing. */
void contrast_put_others(const struct comparison *c, FILE *f);

/* What the correction for many comparisons did, a line.  May be nothing. */
void contrast_put_correction(const struct comparison *c, FILE *f);

/* These three together: how many of each verdict. */
void contrast_put_summary(const struct comparison *c, FILE *f);

/* What must be known before the numbers are read, a line each.  May be nothing. */
void contrast_put_conditions(const struct comparison *c, FILE *f);

/* "11% faster in OLD, 9.1% slower in NEW": the winner against the loser.  Returns BUFFER. */
const char *contrast_flip_words(char buffer[2 * WORD], const struct flip *flip);

/* What the shape of a cell is, a line. */
void contrast_put_shape_meaning(const struct comparison *c, FILE *f);

/* Why the two runs cannot be compared at all, or too few blocks tell no verdict: a sentence.
 * Returns 1, or 0: they can, and TEXT is "". */
int contrast_nothing_shared(const struct comparison *c, char text[512]);
int contrast_too_few_blocks(const struct comparison *c, char text[512]);

/* TEXT, or "-" where there is none. */
const char *contrast_or_dash(const char *text);

#endif
