/* SPDX-License-Identifier: MIT
 *
 * gil: a lock as CPython's interpreters have one: a thread holds it while it computes, gives it up
 * around calls that block, and is asked to give it up when another has waited for too long.  Two
 * ways of asking: since Python 3.2 (GIL_NEW) and before (GIL_OLD).  It knows threads by a number
 * and nothing of teams or tasks.  docs/gil.md says what is like CPython and what is not.
 */
#ifndef THREADS_GIL_H
#define THREADS_GIL_H

#include <stdint.h>

#include "../core/backend.h"

/* NEW: a waiter sleeps for the switch interval at most; if nobody switched meanwhile, it asks.  The
 * holder sees that at its next check, gives the lock up, and goes on only when another thread has
 * had it.  OLD: the holder gives the lock up at every 100th check and takes it again at once, if it
 * can: nobody asks, and nobody is waited for. */
enum gil_kind { GIL_NEW, GIL_OLD };

enum { GIL_OLD_CHECKS = 100 };

struct gil;

/* Returns 0 or -errno.  Owns: the caller, gil_close.  INTERVAL_US: the switch interval, at least 1;
 * an old lock has none.  Runs in: caller. */
int gil_open(struct gil **out, enum gil_kind kind, int64_t interval_us);
void gil_close(struct gil *g);

/* THREAD (0 and up) waits until it has the lock; gives it up.  Runs in: worker. */
void gil_take(struct gil *g, int thread);
void gil_drop(struct gil *g, int thread);

/* Not 0: the holder should call gil_check.  To be looked at without the lock. */
const _Atomic int *gil_wanted(const struct gil *g);

/* Between two instructions of THREAD, who has the lock and has it again afterwards: give it to
 * others, if that is due.  Runs in: worker. */
void gil_check(struct gil *g, int thread);

/* Runs in: either, while no thread holds or waits. */
struct lock_counts gil_counts(const struct gil *g);

#endif
