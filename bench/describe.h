/* SPDX-License-Identifier: MIT
 *
 * describe: what this machine says of itself, as facts of a run.
 */
#ifndef BENCH_DESCRIBE_H
#define BENCH_DESCRIBE_H

#include "../core/topology.h"
#include "machine.h"

/* All that can be said before the first sample. */
void describe_machine(struct machine *m, const struct topology *t);

/* Is this a virtual machine?  VENDOR gets the name that the firmware gives, or "".  ROOT stands
 * before /proc and /sys, or NULL.  Returns 1 or 0, or -1: the CPU does not say. */
int describe_is_virtual(const char *root, char vendor[128]);

/* The load average of the last minute, as text; "" if the system does not tell. */
void describe_load(char *text, long room);

#endif
