/* SPDX-License-Identifier: MIT
 *
 * price: about how long a cell takes, before anybody has measured one: rough, on the high side.
 * They only size a plan; what is reported is measured.
 */
#ifndef BENCH_PRICE_H
#define BENCH_PRICE_H

#include "record.h"

enum { PRICE_MESSAGE_NS = 7000 }; /* a chunk through a pipe and back */

/* What handing out a chunk takes on BACKEND; those of all workers go one by one.  Units: ns. */
double price_handout(const char *backend);

/* One sample of R; one block of it, launch and all.  Units: seconds. */
double price_sample(const struct record *r);
double price_cell(const struct record *r);

#endif
