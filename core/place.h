/* SPDX-License-Identifier: MIT
 *
 * place: where workers sit, as plan lines say it: lists of CPUs ("0+2+4") and the words for
 * placements.  Knows no machine.
 */
#ifndef CORE_PLACE_H
#define CORE_PLACE_H

#include "why.h"

/* Read "0+2+4" into CPUS (room for MOST).  "" is an empty list.
 * Returns how many, or -EINVAL with WHY.  Runs in: either. */
int place_parse(const char *text, int *cpus, int most, struct why *w);

/* More CPUs than any system has. */
enum { PLACE_MOST_CPUS = 1 << 20 };

/* The placements that topology_place knows, ended by NULL:
 * close   first hardware threads before second ones, fast kinds before slow ones, and then one NUMA
 *         node and package after the other
 * spread  the same, but in turn over the packages, and within each over its NUMA nodes
 * smt     all hardware threads of a core before the next core
 * none    not bound */
extern const char *const place_words[];

#endif
