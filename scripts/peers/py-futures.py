#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""py-futures: concurrent.futures.ProcessPoolExecutor; a future for every chunk."""
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor

import peers


class Team(peers.Team):
    backend = "futures"
    summary = "ProcessPoolExecutor: processes, a future for every chunk"
    starts = ("fork", "spawn", "forkserver")

    def default_start(self):
        return multiprocessing.get_start_method()

    def open(self, workers, start):
        self.pool = ProcessPoolExecutor(workers, multiprocessing.get_context(start))

    def map(self, function, items, chunk):
        return list(self.pool.map(function, items, chunksize=chunk))

    def close(self):
        self.pool.shutdown()


if __name__ == "__main__":
    sys.exit(peers.main(Team))
