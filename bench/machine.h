/* SPDX-License-Identifier: MIT
 *
 * machine: the facts of a run that are not times: where, with what, under which limits.  They
 * become machine.csv (key,value,note).  What is not known is empty with a note, never guessed.
 */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include "../core/why.h"

struct machine {
    struct fact {
        char *key, *value, *note;
    } * facts;
    int count, room;
};

/* Set KEY, new or again; NOTE may be "".  Owns: copies. */
void machine_set(struct machine *m, const char *key, const char *note, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The value of KEY, or "". */
const char *machine_get(const struct machine *m, const char *key);

/* Write FILE whole: under another name first, then renamed.  Returns 0 or -errno with WHY. */
int machine_write(const struct machine *m, const char *file, struct why *w);
int machine_read(struct machine *m, const char *file, struct why *w);

void machine_free(struct machine *m);

#endif
