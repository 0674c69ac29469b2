#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""py-threads: multiprocessing.pool.ThreadPool: Pool's interface, with threads under one lock."""
import sys
from multiprocessing.pool import ThreadPool

import peers


class Team(peers.Team):
    backend = "threads"
    summary = "ThreadPool: Python's threads, one interpreter lock"
    starts = ("thread",)
    switch_us = peers.SWITCH_US

    def default_chunk(self, tasks, workers):
        return peers.pool_chunk(tasks, workers)

    def open(self, workers, start):
        sys.setswitchinterval(self.switch_us / 1e6)
        self.pool = ThreadPool(workers)

    def map(self, function, items, chunk):
        return self.pool.map(function, items, chunk)

    def close(self):
        self.pool.close()
        self.pool.join()


if __name__ == "__main__":
    sys.exit(peers.main(Team))
