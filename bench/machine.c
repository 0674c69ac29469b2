/* SPDX-License-Identifier: MIT */
#include "machine.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../core/csv.h"
#include "../core/text.h"
#include "command.h"
#include "whole.h"

static char *copy(const char *text)
{
    char *p = strdup(text);
    if (!p)
        die(EXIT_FAILED, "machine: no memory");
    return p;
}

static struct fact *find(const struct machine *m, const char *key)
{
    for (int i = 0; i < m->count; i++)
        if (!strcmp(m->facts[i].key, key))
            return &m->facts[i];
    return NULL;
}

void machine_set(struct machine *m, const char *key, const char *note, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    char *value = text_of_list(format, ap);
    va_end(ap);
    struct fact *f = find(m, key);
    if (value && !f) {
        if (m->count == m->room) {
            m->room = m->room ? m->room * 2 : 64;
            m->facts = realloc(m->facts, (size_t)m->room * sizeof *m->facts);
        }
        if (m->facts) {
            f = &m->facts[m->count++];
            *f = (struct fact){ .key = copy(key) };
        }
    }
    if (!value || !f)
        die(EXIT_FAILED, "machine: no memory");
    free(f->value);
    free(f->note);
    f->value = value;
    f->note = copy(note);
}

const char *machine_get(const struct machine *m, const char *key)
{
    const struct fact *f = find(m, key);
    return f ? f->value : "";
}

void machine_free(struct machine *m)
{
    for (int i = 0; i < m->count; i++) {
        free(m->facts[i].key);
        free(m->facts[i].value);
        free(m->facts[i].note);
    }
    free(m->facts);
    *m = (struct machine){ 0 };
}

static void put_facts(const void *machine, FILE *f)
{
    const struct machine *m = machine;
    fputs("key,value,note\n", f);
    for (int i = 0; i < m->count; i++) {
        const char *fields[] = { m->facts[i].key, m->facts[i].value, m->facts[i].note };
        for (int k = 0; k < 3; k++) {
            csv_put(f, fields[k]);
            fputc(k < 2 ? ',' : '\n', f);
        }
    }
}

int machine_write(const struct machine *m, const char *file, struct why *w)
{
    return whole_write(file, put_facts, m, w);
}

int machine_read(struct machine *m, const char *file, struct why *w)
{
    struct csv *c;
    int error = csv_read(&c, file, w);
    if (error)
        return error;
    if (csv_column(c, "key") < 0 || csv_column(c, "value") < 0)
        error = why(w, -EBADMSG, "%s has no columns 'key' and 'value': teampool did not write it",
                    file);
    for (long row = 0; !error && row < c->rows; row++)
        machine_set(m, csv_cell(c, row, csv_column(c, "key")),
                    csv_cell(c, row, csv_column(c, "note")), "%s",
                    csv_cell(c, row, csv_column(c, "value")));
    csv_free(c);
    return error;
}
