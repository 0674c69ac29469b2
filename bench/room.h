/* SPDX-License-Identifier: MIT
 *
 * room: what a cell takes of what this process may have only so much of (processes and threads,
 * open files, memory), and what is left of it.  What cannot be started is not planned, and the plan
 * says why.  It changes no limit but its own process's of open files, which is there to be raised.
 * A plan that a person wrote is none of its business.
 */
#ifndef BENCH_ROOM_H
#define BENCH_ROOM_H

#include "../core/topology.h"
#include "batch.h"
#include "plan.h"

enum room_kind {
    ROOM_TASKS,  /* processes and threads */
    ROOM_FILES,  /* open at a time in one process */
    ROOM_MEMORY, /* KiB */
    ROOM_KINDS
};

struct room {
    double left[ROOM_KINDS];     /* INFINITY: no limit; NAN: not known, and so none for a plan */
    char file[ROOM_KINDS][4096]; /* the control group's file that sets it, or the variable of a
                                    batch system; "": something else */
};

/* From how much on room for NEED counts as enough, and not as tight. */
#define ROOM_SPARE 1.25

/* RLIMIT_NPROC, and what RLIMIT_NOFILE can be raised to; INFINITY: none, or it does not bind us. */
double room_tasks_most(void);
double room_files_most(void);

/* Let this process and its children open NEED files, or as many as they may. */
void room_raise_files(double need);

/* Put together what the two limits above leave (NAN: not known), what the control groups leave,
 * what memory is free, and what a batch system gives.  ROOT stands before the files of /proc and
 * /sys, or NULL. */
void room_read(struct room *out, double tasks_left, double files_left, const struct batch *b,
               const char *root);

/* Is LEFT of KIND too little for NEED?  Memory is everybody's: there must be some to spare. */
int room_lacks(enum room_kind kind, double left, double need);

/* What a cell of WORKERS workers and nothing else takes; what CELL takes.  On the high side. */
void room_bare(long workers, double need[ROOM_KINDS]);
void room_cell(const struct record *cell, double need[ROOM_KINDS]);

enum { ROOM_WHY = 320 };

/* Let T have no more effective workers than there is room for; where T is another machine, ROOT's
 * limits count and not ours.  Returns 1 and says WHY there are fewer workers than CPUs, which may
 * be a batch system's doing, or 0: there is room for all. */
int room_limit(struct topology *t, const char *root, char why[ROOM_WHY]);

/* Drop the cells of a plan for T that there is no room for, each with its reason; ROOT as above.
 * Returns how many. */
int room_fit(struct plan *p, const struct topology *t, const char *root);

/* Say on stderr what was left out for want of room, a line a limit.  WHO: "plan". */
void room_tell(const struct plan *p, const char *who, const char *why);

/* Die with the first reason if no cell is left. */
void room_insist(const struct plan *p, const char *who);

#endif
