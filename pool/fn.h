/* SPDX-License-Identifier: MIT
 *
 * fn: code addresses in words.  What the pool's other parts need besides pool_fn_*.
 */
#ifndef POOL_FN_H
#define POOL_FN_H

#include <stddef.h>
#include <stdint.h>

/* "exe+0x1319 (square)" for an address in an object of this process, "plugin.so+0x1319" where the
 * symbol is not known, "0x7f12..." for all others.  The number is what addr2line takes.  For a
 * return address give address - 1, or a call at a function's end is named after the next one.
 * Reads the object's file: some 100 us.  Allocates nothing, and takes the loader's lock only where
 * that file is gone or was replaced.  Not async-signal-safe.  Runs in: either. */
void fn_name(uintptr_t address, char *text, size_t size);

#endif
