/* SPDX-License-Identifier: MIT */
#include "runner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LAB "lab-"

static int is_lab(const char *name)
{
    return !strncmp(name, LAB, strlen(LAB));
}

static int unknown(const char *name, struct why *w)
{
    return why(w, -EINVAL, "there is no runner '%s'; 'teampool list' shows them", name);
}

static int find_cell(struct runner *r, const char *name, struct why *w)
{
    char file[300];
    snprintf(file, sizeof file, "teampool-%s", name);
    if (access("/proc/self/exe", F_OK))
        return why(
            w, -ENOENT,
            "there is no /proc here, and without it a cell program cannot start its workers; "
            "what to do: mount -t proc proc /proc");
    if (child_find(file, r->program, sizeof r->program))
        return 0;
    if (strcmp(name, "cell") != 0 && strcmp(name, RUNNER_LLVM) != 0)
        return unknown(name, w);
    return why(w, -ENOENT, "cannot find %s beside this program; build or install both", file);
}

static int find_python(struct runner *r, struct why *w)
{
    const char *wanted = getenv("TEAMPOOL_PYTHON");
    if (!wanted || !*wanted)
        wanted = "python3";
    if (child_in_path(wanted, r->program, sizeof r->program))
        return 0;
    return why(w, -ENOENT, "there is no %s; install Python 3.9 or later, or set TEAMPOOL_PYTHON",
               wanted);
}

static int find_peer(struct runner *r, const char *name, struct why *w)
{
    char file[300];
    snprintf(file, sizeof file, "scripts/peers/%s.py", name);
    if (!child_find(file, r->script, sizeof r->script)) {
        if (child_find("scripts/peers", r->script, sizeof r->script))
            return unknown(name, w);
        return why(w, -ENOENT, "the Python runners are not installed, and so not '%s'", name);
    }
    return find_python(r, w);
}

/* A program of labs/, or a script there, whose name says so. */
static int find_lab(struct runner *r, const char *name, struct why *w)
{
    char file[300];
    int is_script = strlen(name) > 3 && !strcmp(name + strlen(name) - 3, ".py");
    snprintf(file, sizeof file, "labs/%s", name + strlen(LAB));
    if (!child_find(file, is_script ? r->script : r->program, sizeof r->program))
        return child_find("labs", r->program, sizeof r->program)
                   ? unknown(name, w)
                   : why(w, -ENOENT, "the labs' runners are not installed, and so not '%s'", name);
    return is_script ? find_python(r, w) : 0;
}

int runner_find(struct runner *r, const char *name, struct why *w)
{
    int error = 0;
    *r = (struct runner){ .words = { r->program } };
    if (runner_is_cell(name))
        error = find_cell(r, name, w);
    else if (is_lab(name))
        error = find_lab(r, name, w);
    else if (runner_is_peer(name))
        error = find_peer(r, name, w);
    else if (access(name, X_OK))
        error = why(w, -ENOENT, "no runner '%s' on this machine", name);
    else
        snprintf(r->program, sizeof r->program, "%s", name);
    r->count = 1;
    if (*r->script) {
        r->words[r->count++] = (char *)"-B"; /* leave no compiled files beside the scripts */
        r->words[r->count++] = r->script;
    }
    return error;
}

int runner_run(struct child *c, const struct runner *r, const struct record *cell, double seconds,
               const volatile sig_atomic_t *stop, struct why *w)
{
    enum { WORDS_MOST = 96 };
    char *argv[WORDS_MOST + 1], *line = record_say_line(cell);
    if (!line)
        return why(w, -ENOMEM, "no memory");
    memcpy(argv, r->words, (size_t)r->count * sizeof *argv);
    record_words(line, argv + r->count, WORDS_MOST - r->count);
    int error = child_run(c, argv, seconds, stop);
    free(line);
    return error ? why(w, error, "cannot start %s: %s", r->program, strerror(-error)) : 0;
}

int runner_is_cell(const char *name)
{
    return !runner_compare(name, "cell");
}

int runner_is_peer(const char *name)
{
    return *name && !runner_is_cell(name) && !strchr(name, '/') && !is_lab(name);
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
