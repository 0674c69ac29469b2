/* SPDX-License-Identifier: MIT
 *
 * csv: tables as RFC 4180 text: one header row, commas, LF, fields quoted where they must be; a
 * field does not span lines.  A table is read whole; columns are found by name, never by place.
 * Control bytes and invalid UTF-8 never leave through the writer.  Knows nothing of what the
 * columns mean.
 */
#ifndef CORE_CSV_H
#define CORE_CSV_H

#include <stdint.h>
#include <stdio.h>

#include "why.h"

struct csv {
    long rows; /* data rows, without the header */
    int columns;
    int torn;           /* 1: the last line had no end, and was left out */
    const char **cells; /* the header, then the rows, in one run; NUL-terminated strings */
    char *text;         /* what the cells point into */
};

/* Read FILE whole.  A last row that was cut off is dropped and noted in `torn`; any other row with
 * a wrong number of fields is an error that names its line.
 * Returns 0, or -errno (-EBADMSG: not such a table) with WHY.  Owns: the caller, csv_free. */
int csv_read(struct csv **out, const char *file, struct why *w);

/* The same from LENGTH bytes of TEXT, copied; NAME stands in messages. */
int csv_parse(struct csv **out, const char *text, long length, const char *name, struct why *w);

void csv_free(struct csv *c);

/* The column called NAME, or -1. */
int csv_column(const struct csv *c, const char *name);

/* Cell of ROW (0-based) and COLUMN; "" where COLUMN is -1.  Owns: the table. */
const char *csv_cell(const struct csv *c, long row, int column);

/* The cell as a number.  Returns 1 and sets OUT, or 0 where it is empty or no finite number. */
int csv_number(const struct csv *c, long row, int column, double *out);

/* How many bytes the well-formed UTF-8 sequence at S has; 0: there is none (Unicode 15, table 3-7).
 * S is not empty. */
int utf8_length(const char *s);

/* Write one field, quoted if it must be.  Control bytes become spaces and bytes that are not UTF-8
 * become '?', so that no reader, plot or page meets them. */
void csv_put(FILE *f, const char *text);

#endif
