/* SPDX-License-Identifier: MIT
 *
 * machine: the facts of a run that are not times: where, with what, under which limits.  They
 * become machine.csv (key,value,note).  What is not known is empty with a note, never guessed.
 */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include "../core/topology.h"

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

/* All that can be said before the first sample. */
void machine_describe(struct machine *m, const struct topology *t);

/* Is this a virtual machine?  VENDOR gets the name that the firmware gives, or "".  ROOT stands
 * before /proc and /sys, or NULL.  Returns 1 or 0, or -1: the CPU does not say. */
int machine_is_virtual(const char *root, char vendor[128]);

/* The load average of the last minute, as text; "" if the system does not tell. */
void machine_load(char *text, long room);

/* Write FILE whole: under another name first, then renamed.  Returns 0 or -errno with WHY. */
int machine_write(const struct machine *m, const char *file, struct why *w);
int machine_read(struct machine *m, const char *file, struct why *w);

void machine_free(struct machine *m);

#endif
