/* SPDX-License-Identifier: MIT
 *
 * checks: may the numbers of a run be trusted?  Each check is one sentence with its mark and, where
 * something can be done about it, the fix.  Computed from what the run wrote, never from this
 * machine.
 */
#ifndef BENCH_CHECKS_H
#define BENCH_CHECKS_H

#include "reading.h"

enum mark {
    MARK_GOOD,
    MARK_NOTE, /* not applicable or not known: nothing against the numbers */
    MARK_WARN, /* the numbers may be off, or weaker than they could be */
    MARK_BAD   /* don't use the numbers */
};

struct check {
    enum mark mark;
    char text[320];
    const char *fix; /* a constant, or NULL */
};

struct checks {
    int count, warnings, bad;
    struct check check[16];
};

void checks_compute(const struct reading *r, struct checks *out);

#endif
