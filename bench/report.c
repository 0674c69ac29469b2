/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../core/text.h"
#include "child.h"
#include "command.h"
#include "report_many.h"
#include "summarize.h"
#include "whole.h"

enum { DRAWING_SECONDS = 120 };

/* DIR/NAME; the caller frees. */
static char *join(const char *dir, const char *name)
{
    char *path = text_of("%s/%s", dir, name);
    if (!path)
        die(EXIT_FAILED, "report: no memory");
    return path;
}

/* When DIR/NAME was changed, in seconds; -1: it is not there. */
static double changed_at(const char *dir, const char *name)
{
    char *path = join(dir, name);
    struct stat s;
    double when = stat(path, &s) ? -1 : (double)s.st_mtime;
#ifdef HAS_ST_MTIM
    when += when < 0 ? 0 : 1e-9 * (double)s.st_mtim.tv_nsec;
#endif
    free(path);
    return when;
}

/* ---- which run ------------------------------------------------------------------------------- */

/* The newest folder under results/ that holds a record; the caller frees. */
static char *newest_run(void)
{
    DIR *d = opendir("results");
    char *best = NULL;
    double best_time = -1;
    if (!d)
        die(EXIT_USAGE, "report: no folder given and no results/ here: teampool report DIR");
    for (struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.')
            continue;
        char *dir = join("results", e->d_name);
        double when = changed_at(dir, "samples.csv");
        if (when > best_time || (when >= 0 && best && when == best_time && strcmp(dir, best) > 0)) {
            free(best);
            best = dir;
            best_time = when;
        } else {
            free(dir);
        }
    }
    closedir(d);
    if (!best)
        die(EXIT_USAGE, "report: results/ holds no run yet: teampool run");
    return best;
}

/* Slashes at the end hide the folder's name. */
static char *clean_path(const char *dir)
{
    char *path = strdup(dir);
    if (!path)
        die(EXIT_FAILED, "report: no memory");
    for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
        path[n - 1] = 0;
    return path;
}

/* Make the derived tables where one is missing or older than the record. */
static int derive(const char *dir, struct why *w)
{
    double samples = changed_at(dir, "samples.csv"), status = changed_at(dir, "status.csv");
    double cells = changed_at(dir, "cells.csv"), derived = changed_at(dir, "verdict.csv");
    double record = samples > status ? samples : status;
    for (int i = 0; summarize_table(i); i++)
        derived = fmin(derived, changed_at(dir, summarize_table(i)));
    if (samples < 0 && cells < 0)
        return why(w, -ENOENT, "%s is no run's folder: it has neither samples.csv nor cells.csv",
                   dir);
    return samples < 0 || derived > record ? 0 : summarize(dir, w);
}

/* ---- drawing --------------------------------------------------------------------------------- */

/* Have the figures drawn; returns the sentence that stands where a drawing is missing. */
static const char *draw(const char *dir)
{
    char script[PATH_MAX], reason[400];
    char *argv[] = { script, "--if-available", "--", (char *)dir, NULL };
    struct child c;
    if (!child_find("scripts/plot.sh", script, sizeof script)) {
        warn("report: scripts/plot.sh is not where this program looks for it: the page has tables "
             "but no drawings");
        return "Not drawn: the drawing script was not found. These are its numbers.";
    }
    int error = child_run(&c, argv, DRAWING_SECONDS, NULL);
    if (error) {
        warn("report: cannot start %s: %s", script, strerror(-error));
        return "Not drawn: the drawing script did not start. These are its numbers.";
    }
    child_reason(&c, DRAWING_SECONDS, reason, sizeof reason);
    fputs(c.err, stderr);
    child_free(&c);
    if (*reason) {
        warn("report: some figures are tables only: plot.sh %s", reason);
        return "Not drawn: gnuplot did not take it. These are its numbers.";
    }
    return "Not drawn: gnuplot 5.4 or later was not there. These are its numbers.";
}

/* ---- the page -------------------------------------------------------------------------------- */

/* DIR/plots, made if need be; the caller frees.  Returns NULL with WHY. */
static char *plots_of(const char *dir, struct why *w)
{
    char *plots = join(dir, "plots");
    if (!mkdir(plots, 0777) || errno == EEXIST) {
        whole_tidy(plots);
        return plots;
    }
    why(w, -errno, "%s: cannot make the folder: %s", plots, strerror(errno));
    free(plots);
    return NULL;
}

static void write_one(const void *report, FILE *f)
{
    report_page(f, report);
}

/* From tables to page.  ANSWER's texts live as long as READING. */
static int make(const char *dir, const char *path, const struct reading *reading,
                struct checks *checks, struct answer *answer, struct why *w)
{
    struct figures figures;
    checks_compute(reading, checks);
    verdict_compute(reading, checks, answer);
    int error = figures_compute(reading, answer, &figures);
    if (error)
        return why(w, error, "no memory for the figures");
    struct report r = {
        .dir = dir, .reading = reading, .checks = checks, .answer = answer, .figures = &figures
    };
    char *plots = plots_of(dir, w);
    error = plots ? figures_write(&figures, plots, w) : -EIO;
    free(plots);
    if (!error) {
        r.undrawn = draw(dir);
        error = whole_write(path, write_one, &r, w);
    }
    figures_free(&figures);
    return error;
}

/* ---- one run, or many ------------------------------------------------------------------------ */

static int report_one(const char *dir, const char *path, struct why *w)
{
    struct reading reading;
    struct checks checks;
    struct answer answer;
    int error = derive(dir, w);
    if (error || (error = reading_open(&reading, dir, w)))
        return error;
    error = make(dir, path, &reading, &checks, &answer, w);
    if (!error) {
        verdict_print(&answer, stderr);
        if (checks.bad || checks.warnings)
            fputs("checks that warn:\n", stderr);
        checks_print(&checks, MARK_WARN, dir, stderr);
    }
    reading_close(&reading);
    return error;
}

struct runs {
    const struct many *many;
    const char *dir, *undrawn; /* where the figures are */
};

static void write_many(const void *what, FILE *f)
{
    const struct runs *r = what;
    many_page(f, r->many, r->dir, r->undrawn);
}

/* The figures go to the last run's folder. */
static int report_many(char *const *dirs, int count, const char *path, int force, struct why *w)
{
    struct runs r = { .dir = dirs[count - 1] };
    struct many *many;
    int error = 0;
    for (int i = 0; !error && i < count; i++)
        error = derive(dirs[i], w);
    if (error || (error = many_open(&many, dirs, count, force, w)))
        return error;
    r.many = many;
    char *plots = plots_of(r.dir, w);
    error = plots ? many_figures(many, plots, w) : -EIO;
    free(plots);
    if (!error) {
        r.undrawn = draw(r.dir);
        error = whole_write(path, write_many, &r, w);
    }
    if (!error)
        many_print(many, stderr);
    many_close(many);
    return error;
}

static const char *out;
static int force;

static const struct option options[] = {
    { "--out", "FILE", OPTION_TEXT, &out, "where to write the page" },
    { "--force", NULL, OPTION_FLAG, &force, "compare builds of different types, too" },
    { 0 },
};

static int report_main(const struct command *self, int argc, char **argv)
{
    struct why w = { "" };
    char *dirs[MANY_RUNS] = { NULL };

    int count = options_take(self, argc, argv);
    if (count > MANY_RUNS)
        die(EXIT_USAGE, "report: at most %d runs fit on a page; there are %d", MANY_RUNS, count);
    for (int i = 0; i < count; i++)
        dirs[i] = clean_path(argv[i]);
    if (!count)
        dirs[count++] = newest_run();
    char *path =
        out ? strdup(out) : join(dirs[count - 1], count > 1 ? "against.html" : "report.html");
    int error =
        count > 1 ? report_many(dirs, count, path, force, &w) : report_one(dirs[0], path, &w);
    if (error)
        warn("report: %s", *w.text ? w.text : strerror(-error));
    else
        printf("%s\n", path);
    free(path);
    while (count)
        free(dirs[--count]);
    return error ? EXIT_FAILED : EXIT_OK;
}

const struct command command_report = {
    .name = "report",
    .operands = "[DIR | OLD NEW ...]",
    .summary = "figures and one page from a run's record, or from several runs",
    .about =
        "Writes DIR/plots/*.csv, has them drawn where gnuplot is, and writes DIR/report.html: one\n"
        "file without scripts.  DIR left out: the newest run under results/.  Of two runs or "
        "more:\n"
        "NEW/against.html, in the last one's folder: each run against the first, as 'teampool\n"
        "compare' has it, and all side by side; its figures are NEW/plots/compare*.  The page's\n"
        "path goes to stdout, the verdict to stderr.",
    .main = report_main,
    .options = options,
};
