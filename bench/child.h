/* SPDX-License-Identifier: MIT
 *
 * child: run another program to its end, or to a deadline, and keep what it printed.  It gets a
 * process group of its own, dies with us, and leaves nothing behind: neither in its group nor, for
 * this process adopts what loses its parent, outside of it.  So no other children may be about.
 */
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include <signal.h>
#include <stdint.h>

struct child {
    char *out, *err; /* what it wrote, NUL-terminated; ours, child_free */
    long out_length, err_length;
    int status;      /* as waitpid gave it */
    int timed_out;   /* 1: killed at the deadline */
    int interrupted; /* 1: killed because *STOP became true */
    int overran;     /* 1: killed because it wrote more than anyone reads */
    int left_behind; /* 1: it had ended, and what it had started was still there, and was killed */
    int64_t wall_ns;
};

/* Run ARGV[0] (a path) with ARGV; its standard input is empty.  SECONDS: the deadline.  STOP may be
 * NULL; else the child is killed once it is not 0 (a signal handler sets it).
 * Returns 0, also if the child failed, or -errno: it could not be started.  Owns: the caller.
 * Runs in: caller; blocks. */
int child_run(struct child *c, char *const argv[], double seconds,
              const volatile sig_atomic_t *stop);

void child_free(struct child *c);

/* Why it did not end well, in words: "was killed by SIGSEGV (11)", "ended with code 1: <the first
 * line it wrote to stderr>", "did not end within 5 s"; "" if it ended well. */
void child_reason(const struct child *c, double seconds, char *text, long room);

/* The program called NAME: in PATH, or, with a / in it, at that path.  Returns 1 and fills FILE, or
 * 0. */
int child_in_path(const char *name, char *file, long room);

/* A program or folder that belongs to us, found relative to this program, links followed: beside
 * it, where a build has links to the source tree, or where an installation has it.  NAME:
 * "teampool-cell", "scripts/plot.sh".  Returns 1 and fills PATH, or 0. */
int child_find(const char *name, char *path, long room);

#endif
