/* SPDX-License-Identifier: MIT
 *
 * folder: the files of one run while it is being measured.  Rows are appended whole, a cell at a
 * time: first its samples, then its trace, then its status.  A cell that has no status row was cut
 * off, and its samples do not count.  A full disk leaves the files as they were before the write
 * that failed.  A run has begun when machine.csv is there: whoever writes it does so last.
 */
#ifndef BENCH_FOLDER_H
#define BENCH_FOLDER_H

#include <stdint.h>

#include "../core/csv.h"
#include "plan.h"

struct folder {
    char path[4096];
    int samples, status; /* descriptors */
    int trace;           /* the same; -1: nothing was traced yet */
    int made_plan;       /* 1: this process wrote plan.txt */
};

enum cell_status { CELL_OK, CELL_SKIPPED, CELL_FAILED, CELL_TIMEOUT };
extern const char *const cell_status_words[]; /* "ok", ... */

/* Make a run folder: PATH, or results/<host>-<UTC> if PATH is NULL; a folder that holds a run is
 * refused.  Writes plan.txt and the headers.  Returns 0 or -errno with WHY. */
int folder_create(struct folder *f, const char *path, const char *host, const struct plan *p,
                  struct why *w);

/* Open the run in PATH to go on with it: rows of cells that were cut off are taken out, and cells
 * that have lost samples count as not measured.  Returns 0, or -errno with WHY (-ENODATA: it was
 * stopped before it began to measure). */
int folder_reopen(struct folder *f, const char *path, struct why *w);

/* Name of a file in the folder.  Returns BUFFER. */
char *folder_file(const struct folder *f, const char *name, char *buffer, long room);

/* Append the rows of OUTPUT (what a runner printed) as samples of CELL, beside which the machine
 * was suspended for SUSPENDED_NS.  Returns 0 or -errno. */
int folder_add_samples(struct folder *f, const struct csv *output, const struct record *cell,
                       int64_t block, int64_t seq, int64_t suspended_ns, struct why *w);

/* Append the rows of TRACE (what a traced cell printed).  NUMBER: the plan's line, from 1. */
int folder_add_trace(struct folder *f, const struct csv *trace, int number, int64_t block,
                     int64_t seq, struct why *w);

/* Append a status row.  NUMBER: the plan's line, from 1, or 0; BLOCK 0: none. */
int folder_add_status(struct folder *f, const struct record *cell, int number, int64_t block,
                      int64_t seq, enum cell_status status, const char *reason, double wall_ms,
                      struct why *w);

void folder_close(struct folder *f);

/* Nothing was measured: close it and remove the files that a run begins with, so that another try
 * is not taken for a run; machine.csv, which is written last, is not there. */
void folder_take_back(struct folder *f);

#endif
