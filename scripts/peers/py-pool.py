#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""py-pool: multiprocessing.Pool, the standard library's process pool."""
import multiprocessing
import sys

import peers


class Team(peers.Team):
    backend = "pool"
    summary = "multiprocessing.Pool: processes, chunks through one pipe"
    starts = ("fork", "spawn", "forkserver")

    def default_start(self):
        return multiprocessing.get_start_method()

    def default_chunk(self, tasks, workers):
        return peers.pool_chunk(tasks, workers)

    def open(self, workers, start):
        self.pool = multiprocessing.get_context(start).Pool(workers)

    def map(self, function, items, chunk):
        return self.pool.map(function, items, chunk)

    def close(self):
        self.pool.close()
        self.pool.join()


if __name__ == "__main__":
    sys.exit(peers.main(Team))
