/* SPDX-License-Identifier: MIT */
#include "judge.h"

#include <errno.h>
#include <stdlib.h>

#include "../core/text.h"
#include "verdict.h"
#include "whole.h"

struct findings {
    struct reading reading;
    struct checks checks;
    struct answer answer;
};

static void put_checks(const void *what, FILE *f)
{
    const struct findings *x = what;
    checks_write(&x->checks, f);
}

static void put_verdict(const void *what, FILE *f)
{
    const struct findings *x = what;
    verdict_write(&x->reading, &x->checks, &x->answer, f);
}

static int put(const struct findings *x, const char *dir, const char *name,
               void (*write)(const void *, FILE *), struct why *w)
{
    char *path = text_of("%s/%s", dir, name);
    if (!path)
        return why(w, -ENOMEM, "%s: no memory for the name of a file", dir);
    int error = whole_write(path, write, x, w);
    free(path);
    return error;
}

int judge(const char *dir, struct why *w)
{
    struct findings x;
    int error = reading_open(&x.reading, dir, w);
    if (error)
        return error;
    checks_compute(&x.reading, &x.checks);
    verdict_compute(&x.reading, &x.checks, &x.answer);
    error = put(&x, dir, "checks.csv", put_checks, w);
    if (!error)
        error = put(&x, dir, "verdict.csv", put_verdict, w);
    reading_close(&x.reading);
    return error;
}

void judge_hints(const char *dir, FILE *f)
{
    struct reading reading;
    struct checks found;
    struct why w;
    if (reading_open(&reading, dir, &w))
        return;
    checks_results(&reading, &found);
    checks_print(&found, MARK_NOTE, dir, f);
    reading_close(&reading);
}
