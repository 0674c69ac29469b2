/* SPDX-License-Identifier: MIT
 *
 * setting: the `options` of a plan line, "held:50+switch_us:500", as the backend that they are for
 * declares them (core/backend.h).
 */
#ifndef BENCH_SETTING_H
#define BENCH_SETTING_H

#include <stddef.h>

#include "../core/backend.h"

enum { MOST_SETTINGS = 16 };

/* Into VALUES, which has room for MOST_SETTINGS: a value for each of OPTIONS (NULL: there are
 * none), as TEXT says or at its fallback.  Returns 0, or -EINVAL with WHY. */
int setting_parse(const struct backend_option *options, const char *text, int64_t *values,
                  struct why *w);

/* The one text for VALUES: in the order of the table, those at their fallback left out. */
void setting_print(const struct backend_option *options, const int64_t *values, char *text,
                   size_t room);

/* What O can be: "new old", "1 to 10000000; 5000".  The first word or the last number is its
 * fallback. */
void setting_range(const struct backend_option *o, char *text, size_t room);

#endif
