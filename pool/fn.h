/* SPDX-License-Identifier: MIT
 *
 * fn: where code is, in words.
 */
#ifndef POOL_FN_H
#define POOL_FN_H

#include <stddef.h>
#include <stdint.h>

/* "exe+0x1319 (square)", or "0x7f12..." if no object has that ADDRESS.  Runs in: either. */
void fn_name(uintptr_t address, char *text, size_t size);

#endif
