/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "command.h"
#include "summarize.h"

enum { DRAWING_SECONDS = 120 };

/* DIR/NAME; the caller frees. */
static char *join(const char *dir, const char *name)
{
    char *path;
    if (asprintf(&path, "%s/%s", dir, name) < 0)
        die(EXIT_FAILED, "report: no memory");
    return path;
}

/* When DIR/NAME was changed, in seconds; -1: it is not there. */
static double changed_at(const char *dir, const char *name)
{
    char *path = join(dir, name);
    struct stat s;
    double when = stat(path, &s) ? -1 : (double)s.st_mtim.tv_sec + 1e-9 * (double)s.st_mtim.tv_nsec;
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

static int write_page(const struct report *r, const char *path, struct why *w)
{
    FILE *f = fopen(path, "wb");
    if (!f)
        return why(w, -errno, "%s: cannot write the page: %s", path, strerror(errno));
    errno = 0;
    report_page(f, r);
    int failed = fflush(f) || ferror(f);
    failed |= fclose(f) != 0;
    return failed ? why(w, -EIO, "%s: cannot write the page: %s", path,
                        errno ? strerror(errno) : "the write failed")
                  : 0;
}

/* Write the page beside its place and move it there, so that a failure leaves the old one.  What is
 * no file, as a pipe or a device, is written to as it is. */
static int put_page(const struct report *r, const char *path, struct why *w)
{
    struct stat s;
    char *part;
    if (!stat(path, &s) && !S_ISREG(s.st_mode))
        return write_page(r, path, w);
    if (asprintf(&part, "%s.part-%ld", path, (long)getpid()) < 0)
        return why(w, -ENOMEM, "no memory");
    int error = write_page(r, part, w);
    if (!error && rename(part, path))
        error = why(w, -errno, "%s: cannot put the page there: %s", path, strerror(errno));
    if (error)
        unlink(part);
    free(part);
    return error;
}

/* The figures' tables, in DIR/plots. */
static int put_figures(const struct figures *figures, const char *dir, struct why *w)
{
    char *plots = join(dir, "plots");
    int error = mkdir(plots, 0777) && errno != EEXIST
                    ? why(w, -errno, "%s: cannot make the folder: %s", plots, strerror(errno))
                    : figures_write(figures, plots, w);
    free(plots);
    return error;
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
    error = put_figures(&figures, dir, w);
    if (!error) {
        r.undrawn = draw(dir);
        error = put_page(&r, path, w);
    }
    figures_free(&figures);
    return error;
}

static int report_main(const struct command *self, int argc, char **argv)
{
    const char *out = NULL;
    const struct option options[] = {
        { "--out", "FILE", OPTION_TEXT, &out, "where to write the page; DIR/report.html" },
        { 0 },
    };
    struct reading reading;
    struct checks checks;
    struct answer answer;
    struct why w = { "" };

    int operands = options_take(self, options, argc, argv);
    if (operands > 1)
        die(EXIT_USAGE, "report: one folder at a time: teampool report DIR");
    char *dir = operands ? clean_path(argv[0]) : newest_run();
    char *path = out ? strdup(out) : join(dir, "report.html");
    int error = derive(dir, &w);
    if (!error)
        error = reading_open(&reading, dir, &w);
    if (!error) {
        error = make(dir, path, &reading, &checks, &answer, &w);
        if (!error) {
            verdict_print(&answer, stderr);
            if (checks.bad || checks.warnings)
                fputs("checks that warn:\n", stderr);
            checks_print(&checks, MARK_WARN, stderr);
            printf("%s\n", path);
        }
        reading_close(&reading);
    }
    if (error)
        warn("report: %s", *w.text ? w.text : strerror(-error));
    free(path);
    free(dir);
    return error ? EXIT_FAILED : EXIT_OK;
}

const struct command command_report = {
    .name = "report",
    .operands = "[DIR]",
    .summary = "figures and one page from a run's record",
    .about =
        "Writes DIR/plots/*.csv, has them drawn where gnuplot is, and writes DIR/report.html: one\n"
        "file without scripts.  DIR left out: the newest run under results/.  The page's path "
        "goes\n"
        "to stdout, the verdict to stderr.",
    .main = report_main,
};
