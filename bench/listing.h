/* SPDX-License-Identifier: MIT
 *
 * listing: what the cell program can do, asked from it: this program is linked with no backend.
 */
#ifndef BENCH_LISTING_H
#define BENCH_LISTING_H

#include "../core/csv.h"
#include "record.h"

/* Path of the cell program.  Returns 1 and fills PATH, or 0. */
int listing_cell_program(char *path, long room);

/* The CSV that `teampool-cell QUESTION` prints ("--list", "--about").  Returns 0 or -errno with
 * WHY. Owns: the caller, csv_free. */
int listing_ask(struct csv **out, const char *question, struct why *w);

/* Does LIST ("--list") have NAME of KIND ("backend", "workload")?  If not, and WHY is given, it
 * says so and names the nearest. */
int listing_has(const struct csv *list, const char *kind, const char *name, struct why *w);

/* Would the cell program measure this cell?  Cells of other runners are theirs to judge.  Returns
 * 1, or 0 with WHY: "schedule=static: pipe has none; it has dynamic guided". */
int listing_takes(const struct record *cell, struct why *w);

#endif
