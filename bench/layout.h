/* SPDX-License-Identifier: MIT
 *
 * layout: how texts stand on a terminal and in Markdown.  Knows nothing of what they say.
 */
#ifndef BENCH_LAYOUT_H
#define BENCH_LAYOUT_H

#include <stdio.h>

/* Is F a terminal on which lines can be written anew? */
int layout_is_terminal(FILE *f);

/* What to write before a text of this colour, and LAYOUT_PLAIN behind it; "" where F is no such
 * terminal, or NO_COLOR is set. */
enum layout_colour { LAYOUT_PLAIN, LAYOUT_RED, LAYOUT_GREEN, LAYOUT_YELLOW };
const char *layout_colour(FILE *f, enum layout_colour colour);

/* Columns that TEXT takes on a terminal. */
int layout_width(const char *text);

/* TEXT behind as many spaces as make it WIDTH columns wide. */
void layout_right(FILE *f, const char *text, int width);

/* TEXT in lines of at most 80 columns, broken at spaces, each behind INDENT spaces; a line that
 * ends in TEXT ends.  AT columns of the first line are written already.  Ends the last line. */
void layout_wrap(FILE *f, const char *text, int indent, int at);

/* Make control bytes spaces: what stands in a file, or is a process's name, must not move a cursor.
 */
void layout_clean(char *text);

/* TEXT as what stands in a Markdown table: no bar ends it, no tag begins in it. */
void layout_escaped(FILE *f, const char *text);

#endif
