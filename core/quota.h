/* SPDX-License-Identifier: MIT
 *
 * quota: how many CPUs' worth of time our control group may use.  The kernel stops every thread of
 * a group that has used up its share of a period, so workers beyond the quota only take turns being
 * stopped.  A limit set on any ancestor binds us too: the answer is the smallest along the way up,
 * as far as this mount namespace lets us see, in version 2, version 1, and both side by side.  The
 * limits of memory and of tasks are found the same way.  Knows nothing of CPUs, masks or
 * topologies.
 */
#ifndef CORE_QUOTA_H
#define CORE_QUOTA_H

struct quota {
    double cpus;     /* CPUs' worth of time, such as 1.5; INFINITY: no limit that we can see */
    char file[4096]; /* the file that says so, as named below ROOT; "" without a limit */
};

/* Find the smallest CPU limit over our control group and its visible ancestors.  ROOT stands before
 * every path that is opened ("" or NULL: the real system; a test passes a folder with proc/ and
 * sys/ of its own).  It cannot fail: what is missing, unreadable or malformed sets no limit.
 *
 * Sets all of OUT.  Units: CPUs.  Owns: nothing.  Runs in: either.
 *
 * Source: Linux Documentation/admin-guide/cgroup-v2.rst (cpu.max), scheduler/sched-bwc.rst
 * (cpu.cfs_quota_us, cpu.cfs_period_us), filesystems/proc.rst (mountinfo). */
void quota_read(struct quota *out, const char *root);

enum quota_kind {
    QUOTA_MEMORY, /* bytes */
    QUOTA_TASKS   /* processes and threads */
};

struct quota_limit {
    double most;     /* INFINITY: no limit that we can see */
    double used;     /* of it, now, by the group that has it; NAN: not known */
    char file[4096]; /* as in struct quota */
};

/* The same walk for another limit: the one that leaves the least room.  ROOT as above. */
void quota_limit_read(struct quota_limit *out, enum quota_kind kind, const char *root);

/* How often the kernel stopped our group or an ancestor because its CPU time was used up, and for
 * how long.  All of them count, not only the one with the smallest limit: what else is in an
 * ancestor may use up its share first. */
struct quota_throttling {
    int known;                    /* 0: no group here counts it */
    long long periods, throttled; /* since the groups began, summed */
    long long ns;                 /* the same, over all CPUs */
};

void quota_throttling_read(struct quota_throttling *out, const char *root);

#endif
