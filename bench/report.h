/* SPDX-License-Identifier: MIT
 *
 * report: the page of a run.  report.c finds the run, has its figures drawn and puts the page in
 * its place; report_page.c writes it, report_topology.c the drawing of the machine, report_lesson.c
 * the steps of the lesson, report_measured.c what no figure is about; report_style.c holds its
 * style sheet.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdio.h>

#include "checks.h"
#include "figures.h"
#include "reading.h"
#include "verdict.h"

/* All that a page is made of.  Nothing is owned. */
struct report {
    const char *dir; /* the run's folder */
    const struct reading *reading;
    const struct checks *checks;
    const struct answer *answer;
    const struct figures *figures;
    const char *undrawn; /* why a figure may have no drawing, a sentence */
};

/* Write the whole page: one file, no script, nothing fetched.  The same run gives the same bytes.
 * Write errors are left in F for the caller to see. */
void report_page(FILE *f, const struct report *r);

/* The machine and who sat where, a figure of its own. */
void report_topology(FILE *f, const struct report *r);

/* What was measured, pair by pair and cell by cell, where cells belong to no sweep and so to no
 * figure; else nothing. */
void report_measured(FILE *f, const struct report *r);

/* The steps of the lesson, a table of its own. */
void report_lesson(FILE *f, const struct report *r);

#endif
