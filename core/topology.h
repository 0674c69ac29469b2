/* SPDX-License-Identifier: MIT
 *
 * topology: the machine as the planner needs it: what is there, what this process may use of it
 * (affinity mask, cpuset, cgroup quota), which worker counts are worth a measurement, and which
 * CPUs stand behind a placement's name.  Loaded once (hwloc takes 8-10 ms) and then only read.  It
 * is the only room that knows hwloc, and it binds nothing.
 */
#ifndef CORE_TOPOLOGY_H
#define CORE_TOPOLOGY_H

#include "place.h"
#include "why.h"

struct hwloc_topology;

/* Where to look, other than the environment (see topology_load).  The texts outlive what is loaded.
 */
struct topology_spec {
    const char *root; /* stands before the cgroup files' paths, as in quota_read; NULL: as it is */
    const char *described; /* another machine, instead of the environment's: a file as for
                              HWLOC_XMLFILE, or words as for HWLOC_SYNTHETIC; NULL: none */
    const char *source;    /* who described it, for messages, such as "--topology" */
    long granted; /* CPUs that a batch system gives us, however wide our mask; 0: no limit */
};

/* What DESCRIBED may be, in an option's help. */
#define TOPOLOGY_HELP "another machine: an hwloc XML file, or words: 'package:2 core:8 pu:2'"
enum { TOPOLOGY_LEVELS = 5 };

/* One hardware thread.  They are sorted in hwloc's order: the threads of a core, the cores of a
 * NUMA node and the nodes of a package stand together. */
struct topology_pu {
    int cpu;     /* the system's number, the one that affinity masks use */
    int core;    /* 0 .. cores-1; where the machine tells of no cores, each PU is one */
    int package; /* 0 .. packages-1 */
    int node;    /* 0 .. numa_nodes-1: the smallest node that it is local to */
    int kind;    /* 0 .. core_kinds-1 */
    int rank;    /* its place within its core: 0 is the first hardware thread */
    int allowed; /* 1: we may run here */
    int turn;    /* its place among the allowed threads of its core; -1 if it is not allowed */
    int cache[TOPOLOGY_LEVELS]; /* of level 1 (data), 2, ...: which of its level; -1: it has none */
    long cache_kib[TOPOLOGY_LEVELS]; /* 0: not known */
};

/* Cores of one sort, such as P and E.  Kind 0 is the slowest.  Sorts whose capacity (or, where that
 * is not known, top frequency) differs by less than 10 % count as one. */
struct topology_kind {
    char name[32];   /* the vendor's word, such as "IntelAtom"; "" if it has none */
    long mhz;        /* the highest frequency among them; 0: not known */
    long cores, pus; /* of the machine */
    long allowed_cores;
};

/* Data and unified caches of one level and size. */
struct topology_cache {
    int level;
    long kib; /* of one of them; 0: not known */
    long count;
    long sharing; /* hardware threads that share one */
};

enum { TOPOLOGY_KINDS = 8, TOPOLOGY_CACHES = 16, TOPOLOGY_POINTS = 16, TOPOLOGY_STEPS = 1024 };

struct topology {
    /* the machine */
    long packages, numa_nodes, cores, pus; /* at least 1 each */
    long cpuless_nodes;                    /* NUMA nodes of memory alone, counted in numa_nodes */
    long core_kinds;                       /* 1 where all are alike or cannot be compared */
    long smt;               /* the most hardware threads that a core we may use has, ours or not */
    long memory_kib;        /* 0: not known */
    char cpu_model[96];     /* as the vendor writes it, without (R) and (TM); "": not known */
    struct topology_pu *pu; /* pus of them */
    struct topology_kind kind[TOPOLOGY_KINDS];
    struct topology_cache cache[TOPOLOGY_CACHES]; /* by level, larger ones first */
    long caches;

    /* what we may use of it */
    long allowed_cores, allowed_pus; /* affinity mask and cpuset; at least 1 each */
    double quota_cpus;               /* INFINITY: no quota */
    char quota_file[4096];           /* the file that sets it; "": none */
    long granted_cpus;               /* the spec's; 0: no limit */
    long placed_pus;                 /* placements use so many: min(allowed_pus, granted_cpus) */
    long cpu_workers;                /* min(placed_pus, quota rounded up), at least 1 */
    long effective_workers;          /* the same, or fewer by topology_limit */

    /* where all this comes from */
    int foreign;        /* 1: not this system: our mask and quota do not apply to it */
    const char *source; /* "HWLOC_XMLFILE", "HWLOC_SYNTHETIC", the spec's, or NULL: hwloc's own look
                           around */

    /* topology.c only */
    const char *described; /* what the source says */
    struct hwloc_topology *hwloc;
    int *order[3]; /* allowed CPUs in the order of each placement */
};

/* Look at the machine, or at the one that SPEC or the environment describes, as hwloc has it:
 * HWLOC_SYNTHETIC holds a description, else HWLOC_XMLFILE names a file ("-": standard input); empty
 * is unset.  Where hwloc would fall back to the real machine, print a page, or crash on a damaged
 * description, this is an error: a child process loads it first.  A described machine is `foreign`
 * (unless the environment does so and HWLOC_THISSYSTEM=1): all that the description allows is
 * allowed, and there is no quota and nothing granted unless SPEC names a root.  SPEC may be NULL.
 * Returns 0; or -errno with WHY (-EINVAL: no such machine; -ENODEV: no CPU of it is allowed), and
 * then OUT is NULL. Owns: the caller, topology_free.  Runs in: caller, before it has threads. */
int topology_load(struct topology **out, const struct topology_spec *spec, struct why *w);

void topology_free(struct topology *t);

/* Let no more than MOST (1 or more) workers be effective: a limit other than the CPUs'. */
void topology_limit(struct topology *t, long most);

/* A number of workers worth measuring. */
struct topology_rung {
    long workers;
    char step[32]; /* the part of the machine that is full with so many, where workers are placed by
                      "close": "one package", "all cores"; "": none, it is a power of two or all
                      that there is room for */
};

/* The rungs, ascending and distinct, from 1 to effective_workers: the powers of two, and the steps
 * of the machine: the allowed cores beside the largest cache, of the NUMA node and of the package
 * that "close" fills first, those of 2, 4, ... NUMA nodes (where all cores are of one kind), those
 * of the fastest kind (of the two fastest, ...), all allowed cores, 2, 4, ... hardware threads of
 * each, all of them, and as many as a CPU quota never stops (it rounded down).  What lies beyond
 * effective_workers is left out.  Of more than MAX (2 or more), powers of two go that are neither
 * an end nor a step: each time the one whose neighbours are closest in ratio, of equals the one
 * nearest the middle.
 *
 * Returns how many it wrote to OUT, at most MAX; TOPOLOGY_POINTS is usual.  Runs in: either. */
int topology_ladder(const struct topology *t, struct topology_rung *out, int max);

/* Write the ladder's steps to BUFFER: "6: fastest cores; 14: all cores; 20: all threads".  Returns
 * BUFFER, which has room for all that there can be.  Runs in: either. */
const char *topology_steps(const struct topology *t, char buffer[TOPOLOGY_STEPS]);

/* Write the OS numbers of the CPUs for WORKERS (1 or more) workers at PLACE to CPUS, starting over
 * where there are more workers than allowed (and granted) CPUs.
 *
 * Returns how many: WORKERS, or 0 for "none"; or -EINVAL with WHY.  Runs in: either. */
long topology_place(const struct topology *t, const char *place, long workers, int *cpus,
                    struct why *w);

/* Size of the largest data or unified cache of LEVEL.  Units: KiB; 0: none, or not known. */
long topology_cache_kib(const struct topology *t, int level);

/* Write the machine as hwloc XML to FILE, or to standard output for "-" (flush it before).  Read
 * back through HWLOC_XMLFILE it gives the same machine.  Returns 0, or -errno with WHY. */
int topology_export_xml(const struct topology *t, const char *file, struct why *w);

#endif
