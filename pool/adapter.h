/* SPDX-License-Identifier: MIT
 *
 * adapter: the house's contract (core/backend.h) on top of the library (pool.h), for every backend
 * that is this pool with another kind of workers or another transport.
 */
#ifndef POOL_ADAPTER_H
#define POOL_ADAPTER_H

#include "../core/backend.h"
#include "pool.h"

/* As struct backend's open, run and close want them.  START: the backend's own choice. */
int adapter_open(struct team **out, const struct team_spec *spec, const char *start,
                 enum pool_transport transport, struct why *w);
int adapter_run(struct team *t, const struct job *job, struct why *w);
void adapter_close(struct team *t);

/* CPython's rule for Pool.map: about four chunks a worker (multiprocessing/pool.py, _map_async). */
long adapter_chunk(long tasks, int workers, enum schedule schedule);

#endif
