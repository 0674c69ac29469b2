#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""cross.py: the same cases as cross.c with a Pool of Python's, whose functions travel by pickle
(backend=pickle, multiprocessing) or by dill (backend=dill, multiprocess).  Takes the words of a plan
line; prints a CSV header and a row, in which `outcome` says what came of the case.

    cross.py --list    what is here
"""
import csv
import functools
import importlib
import os
import sys
import tempfile
import time

BORN_NS = time.perf_counter_ns()
TASKS, OLD, NEW = 4, 3, 5
LIMIT_S = 30  # for a call that never comes back
factor = OLD  # of the program; becomes NEW after the workers were born
at_call = None  # what a pool that is forked at the call finds here


def square(i):
    return i * i


def times(number, i):
    return number * i


def times_global(i):
    return factor * i


def call_it(i):
    return at_call(i)


def nested():
    captured = NEW
    return lambda i: captured * i


def write_plugin(folder):
    with open(os.path.join(folder, "plugin_square.py"), "w") as f:
        f.write("def square(i):\n    return i * i\n")


def open_plugin():
    importlib.invalidate_caches()
    return importlib.import_module("plugin_square").square


def case(context, variant):
    """A pool and the function to map over it; the workers are born first, but for a snapshot."""
    global factor, at_call
    if variant == "snapshot":
        at_call = nested()
        return context.Pool(2), call_it, NEW
    pool = context.Pool(2)
    factor = NEW
    if variant == "plugin":
        return pool, open_plugin(), 0
    return (pool,) + {"function": (square, 0), "nested": (nested(), NEW),
                      "struct": (functools.partial(times, NEW), NEW),
                      "global": (times_global, NEW)}[variant]


def judge(results, of):
    if results == [(of or i) * i for i in range(TASKS)]:
        return "crosses"
    return "stale" if results == [OLD * i for i in range(TASKS)] else "wrong"


def try_case(multiprocessing, variant):
    """The outcome, and why."""
    with tempfile.TemporaryDirectory() as folder:
        write_plugin(folder)
        sys.path.append(folder)
        pool, function, of = case(multiprocessing.get_context("fork"), variant)
        with pool:
            try:
                return judge(pool.map_async(function, range(TASKS)).get(LIMIT_S), of), ""
            except multiprocessing.TimeoutError:
                return "hangs", "no result within %d s" % LIMIT_S
            except Exception as failure:  # which one it is, is up to pickle
                return "refused", "%s: %s" % (type(failure).__name__, failure)


PACKAGES = {"pickle": "multiprocessing", "dill": "multiprocess"}
VARIANTS = ("function", "plugin", "nested", "struct", "global", "snapshot")


def find(backend):
    """The package, and "" or why there is none."""
    try:
        return importlib.import_module(PACKAGES[backend]), ""
    except ImportError as failure:
        return None, str(failure)


def put_list():
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(("kind", "name", "unavailable"))
    for backend in PACKAGES:
        out.writerow(("runner", backend, find(backend)[1]))


def main():
    if sys.argv[1:] == ["--list"]:
        return put_list()
    words = dict(word.split("=", 1) for word in sys.argv[1:])
    backend, variant = words.get("backend"), words.get("variant")
    if backend not in PACKAGES or variant not in VARIANTS:
        sys.exit("cross.py: backend is %s; variant is %s"
                 % (" or ".join(PACKAGES), ", ".join(VARIANTS)))
    package, missing = find(backend)
    if missing:
        sys.exit("cross.py: not on this machine: " + missing)
    begin = time.perf_counter_ns()
    outcome, note = try_case(package, variant)
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow("runner backend workload variant outcome note sample warmup start_ns wall_ns "
                 "status".split())
    out.writerow(("lab-cross.py", backend, "cross", variant, outcome, note, 0, 0, begin - BORN_NS,
                  time.perf_counter_ns() - begin, "ok"))


if __name__ == "__main__":
    main()
