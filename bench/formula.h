/* SPDX-License-Identifier: MIT
 *
 * formula: the arithmetic of a lab's sheet, over the run of whoever does the lab.
 *
 *     1.5        100ms       numbers; ns, us, ms, s make a time, in ns
 *     P                      how many CPUs that machine lets us use
 *     machine.cores          a fact of machine.csv
 *     threads                the time of the cells labelled `sweep=threads`: the median over blocks
 *     threads.answers        the same of another column of samples.csv
 *     least(threads.user_ns) the smallest of all samples; most(...) the largest
 *     cpus(threads)          on how many CPUs its workers were, in the traced sample with the most
 *     strays(threads)        how many rows of its trace are not on the worker's own CPU
 *     + - * /  ( )  min max(a, b)  ceil sqrt(a)
 */
#ifndef BENCH_FORMULA_H
#define BENCH_FORMULA_H

#include "handin.h"

struct formula_result {
    double value;
    double crowding; /* of the cells that it looked at: the largest share of their workers' time in
                        which those were ready to run and had no CPU (where they outnumber the CPUs
                        it does not count), or a quota stopped them */
};

/* The value of the first LENGTH bytes of TEXT; H may hold no samples, if TEXT asks for none.
 * Returns 0; -EINVAL: no formula; -ENODATA: the run has left it out; -EAGAIN: the run has tried it
 * and failed; with WHY. */
int formula_compute(const char *text, size_t length, const struct hand_in *h,
                    struct formula_result *out, struct why *w);

/* The text in LABEL.COLUMN or machine.KEY; owned by H.  Returns the same; -EAGAIN, too, where good
 * samples differ in it. */
int formula_text(const char *text, size_t length, const struct hand_in *h, const char **out,
                 struct why *w);

#endif
