/* SPDX-License-Identifier: MIT
 *
 * doctor: what would bias a run here and now, and what to do about it.  It looks, takes half a
 * second's probe, and changes nothing; what it cannot see is a note, "not known here", and never a
 * guess.  doctor.c gathers, diagnosis.c judges: a function of what was gathered and of the files
 * below a root, so that tests can invent any machine.
 */
#ifndef BENCH_DOCTOR_H
#define BENCH_DOCTOR_H

#include "../core/topology.h"
#include "batch.h"
#include "checks.h"
#include "plan.h"
#include "probe.h"
#include "room.h"

/* What a plan will ask of the machine. */
struct needs {
    double room[ROOM_KINDS];   /* the most of each that a cell of the plan takes */
    double wanted[ROOM_KINDS]; /* the same with what was left out for want of room */
    int siblings;              /* 1: somewhere two workers sit on hardware threads of one core */
    double disk_kib;           /* of the record and what is made of it, roughly */
};

/* What the kernel says of this process, and what is there besides.  NAN: not known. */
struct standing {
    double tasks_most;               /* RLIMIT_NPROC; INFINITY: none, or it does not bind us */
    double files_most;               /* RLIMIT_NOFILE; INFINITY: none */
    double slack_ns;                 /* of timers */
    double shm_kib;                  /* size of /dev/shm */
    double disk_kib;                 /* free where the results go */
    int fixed_layout;                /* 1: this process was started without random addresses */
    char openmp[240];                /* variables of OpenMP runtimes in the environment, by name */
    char gnuplot[32];                /* version; "": not there */
    char build_type[32], flags[256]; /* of the cell program */
};

struct doctor {
    const char *root; /* stands before the files of /proc and /sys; NULL: this system */
    const struct topology *topology;
    struct needs needs;
    struct standing standing;
    struct batch batch;
    struct probe probe;
};

/* What BLOCKS blocks of the plan need on the machine T. */
void doctor_needs(struct needs *out, const struct plan *p, int blocks, const struct topology *t);

/* Judge all that was gathered.  Reads files below the root; starts nothing. */
void doctor_judge(const struct doctor *d, struct checks *out);

/* The whole examination for a plan with these NEEDS whose results go into FOLDER (or what there is
 * of it), by a cell program of BUILD_TYPE and FLAGS.  Takes half a second.  Runs in: caller. */
void doctor_examine(struct checks *out, const struct needs *needs, const struct topology *t,
                    const char *root, const char *folder, const char *build_type,
                    const char *flags);

/* Write LIST to FILE whole, as CSV.  Returns 0 or -errno with WHY. */
int doctor_write(const struct checks *list, const char *file, struct why *w);

#endif
