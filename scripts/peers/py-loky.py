#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""py-loky: joblib.Parallel with its loky backend; processes started anew, batches for chunks."""
import sys

import peers


class Team(peers.Team):
    backend = "loky"
    summary = "joblib.Parallel (loky): processes, chunks are its batches"
    package = "joblib"
    starts = ("spawn",)

    def default_chunk(self, tasks, workers):
        raise peers.Refused("chunk=auto: joblib changes its batches as it goes; give a number")

    def open(self, workers, start):
        import joblib
        self.call = joblib.delayed
        self.parallel = joblib.Parallel(n_jobs=workers, backend="loky").__enter__()

    def map(self, function, items, chunk):
        self.parallel.batch_size = chunk
        call = self.call(function)
        return self.parallel(call(item) for item in items)

    def close(self):
        self.parallel.__exit__(None, None, None)
        from joblib.externals.loky import get_reusable_executor
        get_reusable_executor().shutdown(wait=True)


if __name__ == "__main__":
    sys.exit(peers.main(Team))
