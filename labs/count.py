#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""count.py: how many CPUs Python counts.  Takes the words of a plan line; prints a CSV header and a
row, in which `outcome` has the counts.

    count.py --list    is psutil here?
"""
import csv
import os
import sys
import time


def missing():
    try:
        import psutil  # noqa: F401
    except ImportError as failure:
        return "%s: %s: pip install psutil" % (sys.executable, failure)
    return ""


def main():
    out = csv.writer(sys.stdout, lineterminator="\n")
    if sys.argv[1:] == ["--list"]:
        out.writerow(("kind", "name", "unavailable"))
        out.writerow(("runner", "psutil", missing()))
        return
    begin = time.perf_counter_ns()
    import psutil
    counts = "%s cores, %s hardware threads, %d of them allowed" % (
        psutil.cpu_count(logical=False) or "no", psutil.cpu_count(), len(os.sched_getaffinity(0)))
    out.writerow("runner backend workload outcome sample warmup start_ns wall_ns status".split())
    out.writerow(("lab-count.py", "psutil", "count", counts, 0, 0, 0,
                  time.perf_counter_ns() - begin, "ok"))


if __name__ == "__main__":
    main()
