#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""py-serial: a loop in one process; what the other runners are held against."""
import sys

import peers


class Team(peers.Team):
    backend = "serial"
    summary = "a Python loop, which the other Python runners are held against"
    starts = ("none",)
    schedule = "static"

    def default_chunk(self, tasks, workers):
        return tasks

    def open(self, workers, start):
        if workers != 1:
            raise peers.Refused("serial has one worker, not %d" % workers)

    def map(self, function, items, chunk):
        return [function(item) for item in items]


if __name__ == "__main__":
    sys.exit(peers.main(Team))
