#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""py-mpi: mpi4py.futures.MPIPoolExecutor; processes that the MPI library starts."""
import os
import sys

import peers


class Team(peers.Team):
    backend = "mpi"
    summary = "MPIPoolExecutor: processes and messages of an MPI library"
    package = "mpi4py"
    starts = ("spawn",)

    def open(self, workers, start):
        # Open MPI counts cores, and refuses to start more processes than it finds.
        os.environ.setdefault("OMPI_MCA_rmaps_base_oversubscribe", "1")
        from mpi4py.futures import MPIPoolExecutor
        self.pool = MPIPoolExecutor(workers)

    def map(self, function, items, chunk):
        return list(self.pool.map(function, items, chunksize=chunk))

    def close(self):
        self.pool.shutdown()


if __name__ == "__main__":
    sys.exit(peers.main(Team))
