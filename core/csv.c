/* SPDX-License-Identifier: MIT */
#include "csv.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One pass over the text turns quotes, commas and line ends into NULs in place and collects the
 * starts of the fields; the text only ever shrinks, so reading and writing share one buffer. */
struct reader {
    char *in, *out, *end;
    const char **cells;
    long used, room;
    long line;
};

static int push(struct reader *r, const char *cell)
{
    if (r->used == r->room) {
        long room = r->room ? r->room * 2 : 1024;
        const char **cells = realloc(r->cells, (size_t)room * sizeof *cells);
        if (!cells)
            return -ENOMEM;
        r->cells = cells;
        r->room = room;
    }
    r->cells[r->used++] = cell;
    return 0;
}

enum row_end { ROW_ENDED, ROW_TORN, ROW_BAD };

/* Read one row; FIELDS gets how many it had. */
static enum row_end read_row(struct reader *r, int *fields, int *error)
{
    *fields = 0;
    *error = 0;
    for (;;) {
        const char *cell = r->out;
        char stop = 0;
        if (r->in < r->end && *r->in == '"') {
            r->in++;
            for (;; r->in++) {
                if (r->in == r->end)
                    return ROW_TORN;
                if (*r->in == '"' && (r->in + 1 == r->end || r->in[1] != '"'))
                    break;
                if (*r->in == '"')
                    r->in++;
                if (*r->in == '\n')
                    r->line++;
                *r->out++ = *r->in;
            }
            r->in++;
            if (r->in < r->end && *r->in == '\r')
                r->in++;
            if (r->in < r->end && *r->in != ',' && *r->in != '\n')
                return ROW_BAD;
        }
        while (r->in < r->end && *r->in != ',' && *r->in != '\n')
            *r->out++ = *r->in++;
        if (r->in < r->end)
            stop = *r->in++;
        if (stop != ',' && r->out > cell && r->out[-1] == '\r')
            r->out--;
        *r->out++ = 0;
        ++*fields;
        if ((*error = push(r, cell)))
            return ROW_BAD;
        if (stop == 0)
            return ROW_TORN;
        if (stop == '\n') {
            r->line++;
            return ROW_ENDED;
        }
    }
}

int csv_parse(struct csv **out, const char *text, long length, const char *name, struct why *w)
{
    struct csv *c = calloc(1, sizeof *c);
    struct reader r = { .line = 1 };
    int error = -ENOMEM;

    *out = NULL;
    if (!c || !(c->text = malloc((size_t)length + 2)))
        goto fail;
    memcpy(c->text, text, (size_t)length);
    r.in = r.out = c->text;
    r.end = c->text + length;
    if (length >= 3 && !memcmp(text, "\xEF\xBB\xBF", 3))
        r.in += 3;
    if (memchr(text, 0, (size_t)length)) {
        error = why(w, -EBADMSG, "%s: not a CSV file: it has NUL bytes", name);
        goto fail;
    }
    if (r.in == r.end) {
        error = why(w, -EBADMSG, "%s: empty: not even a header row", name);
        goto fail;
    }
    while (r.in < r.end) {
        int fields;
        long line = r.line, before = r.used;
        enum row_end end = read_row(&r, &fields, &error);
        if (error)
            goto fail;
        if (end == ROW_TORN && c->columns) {
            c->torn = 1;
            r.used = before;
            break;
        }
        if (end != ROW_ENDED) {
            error = why(w, -EBADMSG, "%s: line %ld: %s", name, line,
                        end == ROW_BAD ? "text after a closing quote" : "the header row is cut off");
            goto fail;
        }
        if (!c->columns)
            c->columns = fields;
        if (fields != c->columns) {
            error = why(w, -EBADMSG, "%s: line %ld has %d fields where the header has %d", name, line,
                        fields, c->columns);
            goto fail;
        }
    }
    c->cells = r.cells;
    c->rows = r.used / c->columns - 1;
    *out = c;
    return 0;
fail:
    free(r.cells);
    if (c)
        free(c->text);
    free(c);
    return error;
}

int csv_read(struct csv **out, const char *file, struct why *w)
{
    FILE *f = fopen(file, "rb");
    char *text = NULL;
    long length = 0, room = 0;
    int error = 0;

    *out = NULL;
    if (!f)
        return why(w, -errno, "%s: cannot open: %s", file, strerror(errno));
    for (;;) {
        if (length == room) {
            room = room ? room * 2 : 1 << 16;
            char *bigger = realloc(text, (size_t)room);
            if (!bigger) {
                error = -ENOMEM;
                break;
            }
            text = bigger;
        }
        size_t got = fread(text + length, 1, (size_t)(room - length), f);
        if (!got)
            break;
        length += (long)got;
    }
    if (!error && ferror(f))
        error = why(w, -EIO, "%s: cannot read: %s", file, strerror(errno));
    fclose(f);
    if (!error)
        error = csv_parse(out, text, length, file, w);
    free(text);
    return error;
}

void csv_free(struct csv *c)
{
    if (!c)
        return;
    free(c->cells);
    free(c->text);
    free(c);
}

int csv_column(const struct csv *c, const char *name)
{
    for (int i = 0; i < c->columns; i++)
        if (!strcmp(c->cells[i], name))
            return i;
    return -1;
}

const char *csv_cell(const struct csv *c, long row, int column)
{
    if (column < 0)
        return "";
    return c->cells[(row + 1) * c->columns + column];
}

int csv_number(const struct csv *c, long row, int column, double *out)
{
    const char *text = csv_cell(c, row, column);
    char *end;
    if (!*text)
        return 0;
    double value = strtod(text, &end);
    if (*end || !isfinite(value))
        return 0;
    *out = value;
    return 1;
}

/* Length of the well-formed UTF-8 sequence at S, or 0.  (Unicode 15, table 3-7.) */
static int utf8_length(const unsigned char *s)
{
    if (s[0] < 0x80)
        return 1;
    if (s[0] >= 0xC2 && s[0] <= 0xDF)
        return (s[1] & 0xC0) == 0x80 ? 2 : 0;
    if (s[0] >= 0xE0 && s[0] <= 0xEF) {
        unsigned char low = s[0] == 0xE0 ? 0xA0 : 0x80, high = s[0] == 0xED ? 0x9F : 0xBF;
        return s[1] >= low && s[1] <= high && (s[2] & 0xC0) == 0x80 ? 3 : 0;
    }
    if (s[0] >= 0xF0 && s[0] <= 0xF4) {
        unsigned char low = s[0] == 0xF0 ? 0x90 : 0x80, high = s[0] == 0xF4 ? 0x8F : 0xBF;
        return s[1] >= low && s[1] <= high && (s[2] & 0xC0) == 0x80 && (s[3] & 0xC0) == 0x80 ? 4 : 0;
    }
    return 0;
}

void csv_put(FILE *f, const char *text)
{
    int quote = strpbrk(text, ",\"") != NULL;
    if (quote)
        fputc('"', f);
    for (const unsigned char *s = (const unsigned char *)text; *s;) {
        int length = utf8_length(s);
        if (!length) {
            fputc('?', f);
            s++;
            continue;
        }
        if (length == 1 && (*s < 0x20 || *s == 0x7F)) {
            fputc(' ', f);
        } else {
            if (*s == '"')
                fputc('"', f);
            fwrite(s, 1, (size_t)length, f);
        }
        s += length;
    }
    if (quote)
        fputc('"', f);
}
