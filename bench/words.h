/* SPDX-License-Identifier: MIT
 *
 * words: numbers as people read them, the same on the terminal, in a figure's title and on the
 * page.  Every function that has a BUFFER writes into it, which the caller owns, and returns it.
 */
#ifndef BENCH_WORDS_H
#define BENCH_WORDS_H

#include <stddef.h>

enum { WORD = 64 };

/* "100 ns", "3.1 µs", "302 ms", "2.40 s": DIGITS significant ones, and no trailing
 * zeros below 3.  No line breaks between number and unit. */
const char *words_time(char buffer[WORD], double ns, int digits);

/* "256 B", "1.25 MiB", "24 GiB": three significant digits below ten, else whole.  No line break
 * between number and unit. */
const char *words_size(char buffer[WORD], double bytes);

/* "12,345" */
const char *words_count(char buffer[WORD], double count);

/* VALUE, above 0, with no more than DIGITS significant digits: 928 with two is 930. */
double words_round(double value, int digits);

/* "7.4", "0.97", "24": a factor. */
const char *words_factor(char buffer[WORD], double factor);

/* "5.2% slower", "7.8 times slower": what a ratio of times, theirs over ours, says about them. */
const char *words_slower(char buffer[WORD], double ratio);

/* "1.2% to 3.4% slower", "0.3% faster to 1.1% slower": the same of an interval. */
const char *words_slower_range(char buffer[WORD], double low, double high);

/* "+6.3%", "x2.4": what a ratio of new over old says became of it; "-": not known. */
const char *words_change(char buffer[WORD], double ratio);

/* "1 block", "2 blocks": COUNT and its noun. */
const char *words_plural(char buffer[WORD], double count, const char *noun);

/* Is WORD, LENGTH bytes long, one of LIST, which are parted by spaces? */
int words_has(const char *list, const char *word, size_t length);

/* TEXT, and no more than its first LETTERS letters and the ROOM of BUFFER, with three dots where
 * something is left out.  ROOM is 4 at least. */
const char *words_cut(char *buffer, size_t room, const char *text, int letters);

/* "2026-01-02 03:04 UTC" of "2026-01-02T03:04:05Z"; any other TEXT as it is.  Returns BUFFER or
 * TEXT. */
const char *words_date(char buffer[WORD], const char *text);

#endif
