/* SPDX-License-Identifier: MIT
 *
 * sysfile: the short files of /proc and /sys, below a root that tests choose.  What is missing,
 * empty or no number is not known; nothing here is an error, and nothing is guessed.
 */
#ifndef BENCH_SYSFILE_H
#define BENCH_SYSFILE_H

/* The first line of FILE below ROOT ("" or NULL: the real system), without its end.
 * Returns 1, or 0 with TEXT empty: there is none, or it is empty. */
int sysfile_line(const char *root, const char *file, char *text, long room);

/* The number that FILE starts with, or NAN. */
double sysfile_number(const char *root, const char *file);

/* The number on the line of FILE that starts with KEY ("MemAvailable:"), or NAN. */
double sysfile_entry(const char *root, const char *file, const char *key);

/* The word in brackets of "always [madvise] never"; TEXT is cut down to it.  Returns TEXT. */
char *sysfile_chosen(char *text);

#endif
