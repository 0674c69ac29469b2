/* SPDX-License-Identifier: MIT
 *
 * sheet: a lab, which is one file, docs/labs/NAME.md: a page for who does it, with two blocks of
 * code that this program reads, too.  ```plan blocks=N has plan lines, in which $(FORMULA) stands
 * for a number of this machine; "? " before a line: only where its runner and workload are there.
 * ```checks has the checks of the results, one from each line that is not indented:
 *
 *     CLASS NAME [if CONDITION [as WORDS]]: CLAIM | what a pass means | what to look for otherwise
 *
 * CLASS is `always` (of structure: right beside any load), `timing` (a ratio with a wide margin;
 * beside a load outside of it is unclear), `quiet` (of scaling: judged only without a load) or
 * `show` (a value, not judged).  A CLAIM is FORMULA >= FORMULA, <=, =, FORMULA in FORMULA ..
 * FORMULA, or LABEL.COLUMN says WORD.  A CONDITION is a claim, or NAME passes, which is a check
 * before it; WORDS say what it takes where it does not hold.  In the sentences {FORMULA} stands for
 * its value, {FORMULA t} for a time, {FORMULA %} for a share, {LABEL.COLUMN w} for a word.
 */
#ifndef BENCH_SHEET_H
#define BENCH_SHEET_H

#include "formula.h"

enum check_class { CLASS_ALWAYS, CLASS_TIMING, CLASS_QUIET, CLASS_SHOW, CLASSES };

struct sheet_check {
    enum check_class class;
    char *name, *condition, *takes; /* condition, and it in words; NULL: none */
    char *claim, *text, *hint;
};

struct sheet {
    char name[32];
    char file[4096];
    char *text; /* all of it */
    char *title;
    long blocks;
    char **lines; /* of the plan, with $(FORMULA) in them */
    struct sheet_check *checks;
    int line_count, check_count;
};

/* The names of all labs, sorted, ended by NULL; NULL: they are not where this program looks.  Owns:
 * the caller, each and the list. */
char **sheet_names(void);

/* Read the sheet of the lab NAME.  Returns 0, or -errno with WHY; either way sheet_close frees. */
int sheet_open(struct sheet *s, const char *name, struct why *w);
void sheet_close(struct sheet *s);

/* The lab's plan for a machine of these facts, with all optional cells.  Returns 0 or -errno with
 * WHY.  Owns: the caller, plan_free. */
int sheet_plan(const struct sheet *s, const struct machine *facts, struct plan *p, struct why *w);

#endif
