/* SPDX-License-Identifier: MIT
 *
 * grade: a hand-in against the sheet of its lab.  What is expected is computed from the hand-in's
 * own machine and record; where others took too much of the CPU a claim that does not hold is
 * unclear, not wrong.
 */
#ifndef BENCH_GRADE_H
#define BENCH_GRADE_H

#include "sheet.h"

/* Beyond this share of the machine's CPU time taken by others, times tell little. */
#define GRADE_FOREIGN 0.08

enum grade { GRADE_PASS, GRADE_FAIL, GRADE_UNCLEAR, GRADE_ABSENT, GRADE_SHOWN, GRADES };

struct graded {
    enum grade grade;
    char text[600]; /* what came out, a sentence; or why there is nothing to judge */
};

enum verdict_of_lab { LAB_PASS, LAB_FAIL, LAB_UNCLEAR, LAB_FOREIGN, LAB_REFUSED };

struct marks {
    enum verdict_of_lab verdict;
    int counts[GRADES];
    char reason[400];      /* of the last two verdicts, and of unclear ones for want of quiet */
    struct graded *graded; /* one for each check of the sheet; NULL with the last two verdicts */
};

/* "pass", "fail", "unclear", "absent", "shown"; "pass", "fail", "unclear", "another lab",
 * "refused". */
extern const char *const grade_words[], *const verdict_words[];

/* Returns 0, or -errno with WHY: the sheet is wrong, or no memory.  A hand-in that is of another
 * lab, or cannot be a run, is a verdict.  Either way marks_free frees. */
int grade(struct marks *m, const struct sheet *s, const struct hand_in *h, struct why *w);

/* The same of a hand-in that is known to be this lab's and a run. */
int grade_checks(struct marks *m, const struct sheet *s, const struct hand_in *h, struct why *w);

/* A hand-in that cannot be graded, for this reason. */
void grade_refuse(struct marks *m, const char *format, ...) __attribute__((format(printf, 2, 3)));

void marks_free(struct marks *m);

#endif
