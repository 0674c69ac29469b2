/* SPDX-License-Identifier: MIT
 *
 * combine: plans made of words on a machine.
 */
#ifndef BENCH_COMBINE_H
#define BENCH_COMBINE_H

#include "../core/topology.h"
#include "plan.h"

/* The CPUs of WORKERS workers at PLACE, as a line has them; the plan keeps OUT.  Returns 0, or
 * -EINVAL with WHY. */
int plan_place(struct plan *p, const struct topology *t, const char *place, long workers,
               const char **out, struct why *w);

/* Every combination of WORDS, "field=v1,v2,...", the other fields at their defaults; `cpus` by
 * `place` (close, if not given).  Returns 0 or -EINVAL with WHY. */
int plan_product(struct plan *p, char **words, int count, const struct topology *t, struct why *w);

#endif
