/* SPDX-License-Identifier: MIT
 *
 * probe: half a second of this machine: who else is at work, and how steady one CPU is.  For most
 * of that time it keeps the first CPU busy itself, because throttling, theft by a hypervisor and
 * heat only show under load.  Judges nothing and changes nothing.
 */
#ifndef BENCH_PROBE_H
#define BENCH_PROBE_H

enum { PROBE_TOPS = 3 };

/* Another process that was at work. */
struct probe_process {
    int pid;
    char name[32];
    double cpus; /* CPU time over wall time: 1 is one CPU */
};

/* What is not known is NAN. */
struct probe {
    double seconds;
    double others; /* CPUs' worth of time that all other processes used */
    struct probe_process top[PROBE_TOPS];
    int tops;
    double tasks;     /* processes and threads of this user, when it began */
    double throttled; /* periods in which the quota stopped us, during the probe */
    double stolen;    /* share of the machine's CPU time that a hypervisor took */
    double heat;      /* times that a CPU slowed down for being hot, during the probe */
    double spread;    /* of many equal pieces of work: the 95th percentile over the fastest */
    double clock_cost_ns, clock_step_ns;
};

/* One look at all processes: their CPU time so far. */
struct probe_seen {
    struct probe_one *one;
    long count;
};

/* Look at the processes in ROOT's /proc.  Owns: the caller, probe_forget. */
void probe_look(struct probe_seen *seen, const char *root);
void probe_forget(struct probe_seen *seen);

/* Processes and threads of this user in ROOT's /proc, as far as we can see; NAN: not known. */
double probe_tasks(const char *root);

/* Fill in `top` from two looks SECONDS apart; the process SELF does not count. */
void probe_busiest(struct probe *p, const struct probe_seen *before, const struct probe_seen *after,
                   double seconds, int self);

/* Slowdowns for heat so far, over the CPUs 0 .. PUS-1; NAN: none counts them. */
double probe_heat(const char *root, long pus);

/* Take the probe on CPU (below 0: wherever we are) of a machine with PUS hardware threads.  ROOT
 * stands before the files of /proc and /sys, NULL or "" for the real ones.  Runs in: caller;
 * blocks. */
void probe_take(struct probe *p, const char *root, int cpu, long pus);

#endif
