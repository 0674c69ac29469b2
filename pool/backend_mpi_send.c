/* SPDX-License-Identifier: MIT
 *
 * mpi_send: worker processes started by an MPI launcher.  The caller sends a chunk and its data to
 * whoever asks, and gets the results with the next question.
 */
#include "ranks.h"

const struct backend backend_mpi_send = {
    .name = "mpi_send",
    .summary = "MPI processes; the caller sends chunks to whoever asks",
    .unavailable = RANKS_UNAVAILABLE,
    .start = "mpirun",
    .program = RANKS_PROGRAM,
    .launcher = RANKS_LAUNCHER,
    .processes = ranks_processes,
    .messages = 1,
    .schedules = 1 << SCHEDULE_DYNAMIC | 1 << SCHEDULE_GUIDED,
    .schedule = SCHEDULE_DYNAMIC,
    .chunk = adapter_chunk,
    .environment = ranks_environment,
    .open = ranks_open,
    .run = ranks_deal,
    .close = ranks_close,
};
