/* SPDX-License-Identifier: MIT */
#include "csv.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MARK "\xEF\xBB\xBF" /* a byte order mark: skipped before a table, text within one */

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

enum row_end { ROW_ENDED, ROW_TORN, ROW_OPEN_QUOTE, ROW_AFTER_QUOTE, ROW_NO_MEMORY };

static const char *const row_faults[] = {
    [ROW_TORN] = "the header row is cut off",
    [ROW_OPEN_QUOTE] = "a quote is not closed on its line",
    [ROW_AFTER_QUOTE] = "there is text after a closing quote",
};

/* Copy what stands between quotes; the opening one has been read. */
static enum row_end read_quoted(struct reader *r)
{
    for (; r->in < r->end && *r->in != '\n'; *r->out++ = *r->in++) {
        if (*r->in != '"')
            continue;
        if (r->in + 1 < r->end && r->in[1] == '"') {
            r->in++;
            continue;
        }
        r->in++;
        if (r->in + 1 < r->end && r->in[0] == '\r' && r->in[1] == '\n')
            r->in++;
        return r->in < r->end && *r->in != ',' && *r->in != '\n' ? ROW_AFTER_QUOTE : ROW_ENDED;
    }
    return r->in < r->end ? ROW_OPEN_QUOTE : ROW_TORN;
}

static void read_plain(struct reader *r)
{
    const char *start = r->out;
    while (r->in < r->end && *r->in != ',' && *r->in != '\n')
        *r->out++ = *r->in++;
    if (r->in < r->end && *r->in == '\n' && r->out > start && r->out[-1] == '\r')
        r->out--;
}

/* Read one row; FIELDS gets how many it had. */
static enum row_end read_row(struct reader *r, int *fields)
{
    for (*fields = 0;;) {
        const char *cell = r->out;
        if (r->in < r->end && *r->in == '"') {
            r->in++;
            enum row_end quoted = read_quoted(r);
            if (quoted != ROW_ENDED)
                return quoted;
        } else {
            read_plain(r);
        }
        char stop = r->in < r->end ? *r->in++ : 0;
        *r->out++ = 0;
        ++*fields;
        if (push(r, cell))
            return ROW_NO_MEMORY;
        if (stop == '\n')
            r->line++;
        if (stop != ',')
            return stop ? ROW_ENDED : ROW_TORN;
    }
}

int csv_parse(struct csv **out, const char *text, long length, const char *name, struct why *w)
{
    struct csv *c = calloc(1, sizeof *c);
    struct reader r = { .line = 1 };
    int error = why(w, -ENOMEM, "%s: no memory for %ld bytes", name, length);

    *out = NULL;
    if (!c || !(c->text = malloc((size_t)length + 2)))
        goto fail;
    memcpy(c->text, text, (size_t)length);
    r.in = r.out = c->text;
    r.end = c->text + length;
    if (length >= 3 && !memcmp(text, MARK, strlen(MARK)))
        r.in += strlen(MARK);
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
        enum row_end end = read_row(&r, &fields);
        if (end == ROW_NO_MEMORY)
            goto fail;
        if (end == ROW_TORN && c->columns) {
            c->torn = 1;
            r.used = before;
            break;
        }
        if (end != ROW_ENDED) {
            error = why(w, -EBADMSG, "%s: line %ld: %s", name, line, row_faults[end]);
            goto fail;
        }
        if (!c->columns)
            c->columns = fields;
        if (fields != c->columns) {
            error = why(w, -EBADMSG, "%s: line %ld has %d fields where the header has %d", name,
                        line, fields, c->columns);
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
                error = why(w, -ENOMEM, "%s: no memory for %ld bytes", file, room);
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
    /* strtod alone would also take blanks, hexadecimal, infinities and NaN. */
    if (!*text || text[strspn(text, "0123456789+-.eE")])
        return 0;
    double value = strtod(text, &end);
    if (*end || !isfinite(value))
        return 0;
    *out = value;
    return 1;
}

int utf8_length(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
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
        return s[1] >= low && s[1] <= high && (s[2] & 0xC0) == 0x80 && (s[3] & 0xC0) == 0x80 ? 4
                                                                                             : 0;
    }
    return 0;
}

void csv_put(FILE *f, const char *text)
{
    int quote = strpbrk(text, ",\"") || !strncmp(text, MARK, strlen(MARK));
    if (quote)
        fputc('"', f);
    for (const char *s = text; *s;) {
        int length = utf8_length(s);
        if (!length) {
            fputc('?', f);
            s++;
            continue;
        }
        if (length == 1 && ((unsigned char)*s < 0x20 || *s == 0x7F)) {
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
