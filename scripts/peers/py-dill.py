#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""py-dill: multiprocess.Pool, which pickles with dill and so can map a lambda, as it does here."""
import sys

import peers


class Team(peers.Team):
    backend = "dill"
    summary = "multiprocess.Pool: as multiprocessing.Pool, but it maps a lambda, pickled by dill"
    package = "multiprocess"
    starts = ("fork", "spawn", "forkserver")

    def default_start(self):
        import multiprocess
        return multiprocess.get_start_method()

    def default_chunk(self, tasks, workers):
        return peers.pool_chunk(tasks, workers)

    def open(self, workers, start):
        import multiprocess
        self.pool = multiprocess.get_context(start).Pool(workers)

    def map(self, function, items, chunk):
        return self.pool.map(lambda item: function(item), items, chunk)

    def close(self):
        self.pool.close()
        self.pool.join()


if __name__ == "__main__":
    sys.exit(peers.main(Team))
