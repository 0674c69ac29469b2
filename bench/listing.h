/* SPDX-License-Identifier: MIT
 *
 * listing: what the programs that measure can do, asked from them: this one is linked with no
 * backend.
 */
#ifndef BENCH_LISTING_H
#define BENCH_LISTING_H

#include "../core/csv.h"
#include "record.h"

/* The CSV that WHO prints when asked QUESTION ("--list", "--about").  WHO: "cell", or "peers" for
 * all Python runners.  Returns 0 or -errno with WHY.  Owns: the caller, csv_free. */
int listing_ask(struct csv **out, const char *who, const char *question, struct why *w);

/* The list of the Python runners; NULL: there is no Python to ask.  Owns: the caller, csv_free. */
struct csv *listing_peers(void);

/* Does LIST ("--list") have NAME of KIND ("backend", "workload")?  If not, and WHY is given, it
 * says so and names the nearest. */
int listing_has(const struct csv *list, const char *kind, const char *name, struct why *w);

/* Does LIST have NAME of KIND, and can it be used on this machine? */
int listing_offers(const struct csv *list, const char *kind, const char *name);

/* Can this machine measure CELL, whatever its runner?  Returns 1; 0 with WHY if its runner, backend
 * or workload is known but not here (not built, not installed); -EINVAL with WHY if nobody knows
 * one of them, or it has a value that no machine would take.  The runners are asked once for all
 * cells. */
int listing_is_here(const struct record *cell, struct why *w);

/* What the cell program's list has of NAME in COLUMN; "": nothing, or it cannot be asked.  Column
 * `traits` is words: of a backend `messages` (each chunk is sent to a worker), `lock` (one worker
 * at a time gets on), `launched` (the cell is started anew by a launcher); of a workload `idle`
 * (tasks use no CPU), `data` (tasks have inputs or outputs).  The list is asked for once. */
const char *listing_of(const char *kind, const char *name, const char *column);

/* Is TRAIT one of them? */
int listing_is(const char *kind, const char *name, const char *trait);

/* Would the cell program measure this cell?  Cells of other runners are theirs to judge.  Returns
 * 1, or 0 with WHY: "schedule=static: pipe has none; it has dynamic guided". */
int listing_takes(const struct record *cell, struct why *w);

#endif
