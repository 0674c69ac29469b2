/* SPDX-License-Identifier: MIT
 *
 * batch: what a batch system (Slurm, PBS, LSF) gave the job that this process is in, as its
 * variables say.  They are read and believed; nobody is asked, and whether the affinity mask agrees
 * is for others to find out.
 */
#ifndef BENCH_BATCH_H
#define BENCH_BATCH_H

#include <stddef.h>

/* How one asks a batch system for something, for advice. */
struct batch_words {
    const char *name;      /* "Slurm" */
    const char *more_cpus; /* "sbatch --cpus-per-task=": the number follows */
    const char *alone;     /* all CPUs of the node */
};

struct batch {
    const struct batch_words *system; /* NULL: this is no batch job, or of a system unknown here */
    char job[64], queue[64], nodes[128]; /* "": not told */
    long cpus;                           /* on this node, for this step of the job; 0: not told */
    const char *cpus_from;               /* the variable that tells; NULL: none */
    long job_cpus;                       /* on this node, for the whole job; 0: not known */
    long cpus_per_task;                  /* as it was asked for; 0: nobody did */
    double memory_kib;                   /* on this node; INFINITY: not told (Slurm alone does) */
    const char *memory_from;             /* the variable that tells; NULL: none */
    int one_thread;                      /* 1: Slurm was told to use one hardware thread a core */

    /* also outside of batch jobs: how often a launcher started this program here, at once */
    long copies, copy;    /* 1 or more; which of them this one is, from 0 */
    const char *launcher; /* "srun"; NULL: none */
};

/* Look at the environment.  Owns: nothing; the texts are copied.  Runs in: caller. */
void batch_read(struct batch *b);

/* CPUs that we may use on this node because a batch system says so, or 0: none does. */
long batch_cpus(void);

enum { BATCH_SAID = 160 };

/* "Slurm job 123 gives 8 of 64 CPUs", as far as these are known ("" and 0 are not); "" if it is no
 * job.  ALL: the machine's.  Returns BUFFER. */
const char *batch_say(char buffer[BATCH_SAID], const char *system, const char *job, long cpus,
                      long all);

/* The same of B. */
const char *batch_say_of(char buffer[BATCH_SAID], const struct batch *b, long all);

/* Into FIX (room for ROOM bytes): how to start one copy only, where B has several. */
void batch_say_copies(const struct batch *b, char *fix, size_t room);

#endif
