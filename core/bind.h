/* SPDX-License-Identifier: MIT
 *
 * bind: CPUs by their OS numbers: what this process may use, and binding the calling thread.  Works
 * for any number of CPUs.
 */
#ifndef CORE_BIND_H
#define CORE_BIND_H

#include "why.h"

/* May this thread use every one of CPUS?  Returns 0 or -EINVAL with WHY, which names the first that
 * it may not use and those that it may. */
int bind_check(const int *cpus, int count, struct why *w);

/* Bind the calling thread to CPU alone, and see that the kernel did it.
 * Returns 0 or -errno.  Runs in: either. */
int bind_self(int cpu);

/* Is the calling thread bound to CPU alone? */
int bind_is(int cpu);

/* Let the calling thread use what process PID may use.  Returns 0 or -errno. */
int bind_as(int pid);

/* Remember what the calling thread may use, and put it back. */
struct bind_mask {
    void *set;
    unsigned long size;
};
int bind_save(struct bind_mask *m);
void bind_restore(struct bind_mask *m);

#endif
