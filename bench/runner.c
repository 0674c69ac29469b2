/* SPDX-License-Identifier: MIT */
#include "runner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"

static int find_cell(struct runner *r, struct why *w)
{
    if (!child_find("teampool-cell", r->program, sizeof r->program))
        return why(w, -ENOENT,
                   "cannot find teampool-cell beside this program; build or install both");
    return 0;
}

static int find_python(struct runner *r, struct why *w)
{
    const char *wanted = getenv("TEAMPOOL_PYTHON");
    if (!wanted || !*wanted)
        wanted = "python3";
    snprintf(r->program, sizeof r->program, "%s", wanted);
    if (strchr(wanted, '/') ? !access(wanted, X_OK)
                            : child_in_path(wanted, r->program, sizeof r->program))
        return 0;
    return why(w, -ENOENT, "there is no %s; install Python 3.9 or later, or set TEAMPOOL_PYTHON",
               wanted);
}

static int find_peer(struct runner *r, const char *name, struct why *w)
{
    char file[300];
    snprintf(file, sizeof file, "scripts/peers/%s.py", name);
    if (!child_find(file, r->script, sizeof r->script))
        return why(w, -ENOENT, "there is no runner '%s'; 'teampool list' shows them", name);
    return find_python(r, w);
}

int runner_find(struct runner *r, const char *name, struct why *w)
{
    int error = 0;
    *r = (struct runner){ .words = { r->program } };
    if (!strcmp(name, "cell"))
        error = find_cell(r, w);
    else if (runner_is_peer(name))
        error = find_peer(r, name, w);
    else if (access(name, X_OK))
        error = why(w, -ENOENT, "no runner '%s' on this machine", name);
    else
        snprintf(r->program, sizeof r->program, "%s", name);
    r->count = 1;
    if (*r->script) {
        runner_add(r, "-B"); /* leave no compiled files beside the scripts */
        runner_add(r, r->script);
    }
    return error;
}

void runner_add(struct runner *r, const char *word)
{
    if (r->count < RUNNER_WORDS - 1)
        r->words[r->count++] = (char *)word;
}

int runner_add_cell(struct runner *r, const struct record *cell, struct why *w)
{
    size_t length;
    FILE *f = open_memstream(&r->line, &length);
    if (f)
        record_print_line(cell, f);
    if (!f || fclose(f)) {
        runner_free(r);
        return why(w, -ENOMEM, "no memory for a plan line");
    }
    record_words(r->line, r->words + r->count, RUNNER_WORDS - r->count);
    while (r->words[r->count])
        r->count++;
    return 0;
}

void runner_free(struct runner *r)
{
    free(r->line);
    r->line = NULL;
}

int runner_is_peer(const char *name)
{
    return *name && strcmp(name, "cell") != 0 && !strchr(name, '/');
}

int runner_compare(const char *a, const char *b)
{
    int length = runner_family(a), other = runner_family(b);
    return length != other ? length - other : strncmp(a, b, (size_t)length);
}

int runner_family(const char *name)
{
    return (int)(strchr(name, '/') ? strlen(name) : strcspn(name, "-"));
}
