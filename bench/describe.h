/* SPDX-License-Identifier: MIT
 *
 * describe: what this machine says of itself, as facts of a run.
 */
#ifndef BENCH_DESCRIBE_H
#define BENCH_DESCRIBE_H

#include "../core/topology.h"
#include "machine.h"

/* Into M: all that can be said before the first sample.  Ends the program where the cell program
 * cannot be asked. */
void describe_machine(struct machine *m, const struct topology *t);

/* Is this a virtual machine?  VENDOR gets the name that the firmware gives, or "".  ROOT stands
 * before /proc and /sys, or NULL.  Returns 1 or 0, or -1: the CPU does not say. */
int describe_is_virtual(const char *root, char vendor[128]);

/* Into TEXT (room for ROOM bytes): the load average of the last minute; "": the system does not
 * tell. */
void describe_load(char *text, long room);

#endif
