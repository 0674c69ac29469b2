/* SPDX-License-Identifier: MIT
 *
 * why: the sentence that goes with an error code.  Code below the roof prints nothing; it returns
 * -errno and, where a code alone would leave a person guessing, writes here what failed, why, and
 * what to do about it.
 */
#ifndef CORE_WHY_H
#define CORE_WHY_H

struct why {
    char text[512];
};

/* Write the sentence (cut at the buffer's end) and hand ERROR back, so that a failing function can
 * end in `return why(w, -EINVAL, "...")`.  W may be NULL: then only the code is passed on.
 * Returns ERROR.  Runs in: either. */
int why(struct why *w, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
