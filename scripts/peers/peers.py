#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""peers: what all runners of this folder share.  A runner, py-NAME.py, is a pool of Python's that
takes the words of a plan line and prints a CSV header and a row per sample, as the cell program
does; it prints the columns that it knows, and `teampool run` finds them by name.

    peers.py --list     the runners of this folder; those that cannot run here, with the reason
    peers.py --about    versions, as key,value,note

A runner is a class of its own, derived from Team, in a file of its own: it opens its workers, maps a
function over a range, and closes them.  Everything is timed here, on both sides of these calls.
"""
import collections
import csv
import glob
import importlib.util
import mmap
import os
import sys
import sysconfig
import tempfile
import threading
import time

START_NS = time.perf_counter_ns()
OLDEST = (3, 9)
MASK = (1 << 64) - 1
# A CPU-bound task does the steps of the cell program's, from the same start: their checksums agree.
MULTIPLY, ADD, SEED = 6364136223846793005, 1442695040888963407, 0xD1342543DE82EF95
GOLDEN = 0x9E3779B97F4A7C15
# Of a convoy: from an answer to the next request, and how finely computing is told.
THINK_NS, THINK_SPREAD_NS, PIECE_NS = 1000000, 2000000, 50000
SWITCH_US, MOST_SWITCH_US = 5000, 10000000  # the switch interval that Python begins with, us

# The words a runner takes, with their defaults, as `teampool-cell --help` has them.
WORDS = {
    "runner": "", "backend": "auto", "start": "auto", "schedule": "auto", "wait": "passive",
    "workload": None, "work_version": "", "task_ns": "1000", "payload_bytes": "0", "tasks": "1000",
    "chunk": "auto", "workers": "1", "cpus": "", "variant": "", "options": "",
    "ballast_mib": "0", "samples": "5",
    "warmup_samples": "1", "warmup_ms": "0", "steps_per_ms": "",
}
# Words that only name the cell or its place in a run; nothing is traced here.
LABELS = ("place", "twin", "block", "seq", "sweep", "blocks", "drop", "trace")
NUMBERS = {"task_ns": 0, "tasks": 1, "workers": 1, "samples": 1, "warmup_samples": 0, "warmup_ms": 0}


class Refused(Exception):
    """The line cannot be meant, or not here."""


# ---- tasks: in whichever worker ----------------------------------------------------------------

setup = None  # of this process: what arrive() was told
board = None  # of this process, seen by all: how many steps each worker of a convoy has done
arrived = threading.local()  # of this worker: `at`, the meeting where it has been counted; `index`


def seed(i):
    return (i * SEED + 1) & MASK


def advance(x, steps):
    for _ in range(steps):
        x = (x * MULTIPLY + ADD) & MASK
    return x


def empty(i):
    return i


def sleep(i):
    time.sleep(setup.seconds)
    return i


def cpu(i):
    return advance(seed(i), setup.steps)


def convoy(i):
    return serve() if i == 0 else compute(i)


def serve():
    """Sleep until a timer goes off, answer as soon as this thread may go on, again and again.
    Returns what each answer took, and the steps that were done beside it."""
    before, took = sum(board), []
    now = time.perf_counter_ns()
    end = now + setup.seconds * 1e9
    while not took or now < end:
        think = THINK_NS + (seed(len(took)) >> 40) % THINK_SPREAD_NS
        due = time.perf_counter_ns() + think
        time.sleep(think / 1e9)
        now = time.perf_counter_ns()
        took.append(now - due)
    return took, sum(board) - before


def compute(i):
    """As `cpu`, in pieces.  Telling them takes no call that would give the lock away."""
    x, left = seed(i), setup.steps
    while left:
        steps = min(left, setup.piece)
        x = advance(x, steps)
        board[arrived.index] += steps
        left -= steps
    return x


WORKLOADS = {"empty": empty, "sleep": sleep, "cpu": cpu, "convoy": convoy}

# What a worker is told before the first sample.
Setup = collections.namedtuple("Setup", "meeting board workers cpus seconds steps piece")


def arrive(told):
    """Be counted and bound, and wait a little for the others, so that they take the other calls.
    A byte in a file is an arrival; its place is the worker's number."""
    global setup, board
    setup = told
    fd = os.open(told.meeting, os.O_WRONLY | os.O_APPEND)
    try:
        if getattr(arrived, "at", None) != told.meeting:
            os.write(fd, b".")
            arrived.at = told.meeting
            arrived.index = os.lseek(fd, 0, os.SEEK_CUR) - 1
            with open(told.board, "r+b") as f:
                board = memoryview(mmap.mmap(f.fileno(), 0)).cast("q")
            if told.cpus:
                os.sched_setaffinity(0, {told.cpus[arrived.index % len(told.cpus)]})
        until = time.monotonic() + 0.02
        while os.fstat(fd).st_size < told.workers and time.monotonic() < until:
            time.sleep(0.0005)
    finally:
        os.close(fd)


def gather(team, told):
    """Returns when every worker has arrived: pools start them late, or hand out few calls at first."""
    until = time.monotonic() + 60
    while os.stat(told.meeting).st_size < told.workers:
        if time.monotonic() > until:
            raise TimeoutError("%d of %d workers were ready within a minute"
                               % (os.stat(told.meeting).st_size, told.workers))
        team.map(arrive, [told] * told.workers, 1)


# ---- results -----------------------------------------------------------------------------------

def jump(steps):
    """STEPS steps are one affine map, found by repeated squaring."""
    multiply, add, m, a = 1, 0, MULTIPLY, ADD
    while steps:
        if steps & 1:
            multiply, add = multiply * m & MASK, (add * m + a) & MASK
        m, a = m * m & MASK, (a * m + a) & MASK
        steps >>= 1
    return multiply, add


COMPUTING = ("cpu", "convoy")  # whose tasks' results are of computing


def expected_results(workload, tasks, steps):
    if workload not in COMPUTING:
        return list(range(tasks))
    multiply, add = jump(steps)
    results = [(seed(i) * multiply + add) & MASK for i in range(tasks)]
    if workload == "convoy":
        results[0] = 0
    return results


def checksum(workload, results):
    """The cell program's, task by task; the tasks that compute nothing have the value 0 there."""
    total = 0
    for i, value in enumerate(results):
        t = ((value if workload in COMPUTING else 0) + i * GOLDEN) & MASK
        total += t * (t >> 32 | 1)
    return total & MASK


def take_answers(results, steps_per_ms):
    """The columns of a convoy.  What task 0 returned gives way to the 0 that stands for it."""
    (took, beside), results[0] = results[0], 0
    took.sort()
    columns = {"answer_%s_ns" % name: took[(len(took) * percent + 99) // 100 - 1]
               for name, percent in (("p50", 50), ("p90", 90), ("p99", 99), ("max", 100))}
    return dict(columns, answers=len(took), beside_ns=round(beside * 1e6 / steps_per_ms))


def what_is_wrong(results, expected):
    if len(results) != len(expected):
        return "%d results of %d tasks" % (len(results), len(expected))
    i = next(i for i in range(len(results)) if results[i] != expected[i])
    return "task %d gave %r instead of %r" % (i, results[i], expected[i])


# ---- teams -------------------------------------------------------------------------------------

class Team:
    """What a runner is.  `backend`: its name, also that of its file without the `py-`.  `package`:
    what must be installed.  `starts`: how its workers come to be, the first by default."""
    backend = summary = package = None
    starts = ()
    schedule = "dynamic"
    switch_us = None  # the switch interval, of who takes one

    def default_start(self):
        return self.starts[0]

    def default_chunk(self, tasks, workers):
        return 1

    def open(self, workers, start):
        """Ask for the workers; they need not be ready when it returns."""

    def map(self, function, items, chunk):
        """The list of the function's results, in order."""
        raise NotImplementedError

    def close(self):
        """Returns when the workers are gone."""


def pool_chunk(tasks, workers):
    """As multiprocessing.Pool chooses it."""
    return -(-tasks // (workers * 4))


def why_not(team):
    """Why this runner cannot run here; "" if it can."""
    if sys.version_info < OLDEST:
        return "Python %d.%d or later is needed, this is %s" % (OLDEST + (python_version(),))
    if team.package and importlib.util.find_spec(team.package) is None:
        return lacks(team.package)
    return ""


def lacks(package):
    return "%s has no package '%s': pip install %s" % (sys.executable, package, package)


def python_version():
    return "%d.%d.%d" % sys.version_info[:3]


def package_version(name):
    from importlib import metadata
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "unknown"


def is_free_threaded():
    """Is it a build that can do without the interpreter's lock?"""
    return bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def lock_state():
    """Such a build may have it nevertheless: asked for, or for a package that needs it."""
    return "on" if getattr(sys, "_is_gil_enabled", lambda: True)() else "off"


def about(team):
    """What its times depend on."""
    python = "%s %s" % (sys.implementation.name, python_version())
    if is_free_threaded():
        python += " free-threaded"
    if not team.package:
        return python
    return "%s %s, %s" % (team.package, package_version(team.package), python)


# ---- the line ----------------------------------------------------------------------------------

def read_words(words):
    line = dict(WORDS)
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise Refused("'%s' is not of the form field=value" % word)
        if name in LABELS:
            continue
        if name not in line:
            raise Refused("unknown field '%s'; --help lists them" % name)
        line[name] = value
    if not line["workload"]:
        raise Refused("workload= is missing: %s" % ", ".join(WORKLOADS))
    for name, least in NUMBERS.items():
        line[name] = whole(name, line[name], least)
    return line


def whole(name, text, least):
    if not text.isdigit() or int(text) < least:
        raise Refused("%s=%s is not a whole number of %d or more" % (name, text, least))
    return int(text)


def choose(line, name, allowed, own):
    if line[name] == "auto":
        line[name] = own
    elif line[name] not in allowed:
        raise Refused("%s=%s: here it is %s" % (name, line[name], " or ".join(allowed)))


def read_options(team, text):
    """Into the team its switch interval.  Returns the one text for it, as the cell program has it."""
    name, _, value = text.partition(":")
    if not text:
        return ""
    if team.switch_us is None:
        raise Refused("options=%s: py-%s takes none" % (text, team.backend))
    if name != "switch_us":
        raise Refused("options=%s: here it is switch_us:N" % text)
    team.switch_us = whole("options=switch_us", value, 1)
    if team.switch_us > MOST_SWITCH_US:
        raise Refused("options=%s: %d at most" % (text, MOST_SWITCH_US))
    return "" if team.switch_us == SWITCH_US else "switch_us:%d" % team.switch_us


def resolve(team, line):
    """Turn defaults into what they become; refuse what cannot be meant."""
    choose(line, "backend", (team.backend,), team.backend)
    choose(line, "schedule", (team.schedule,), team.schedule)
    choose(line, "wait", ("passive",), "passive")
    choose(line, "start", team.starts, team.default_start())
    choose(line, "workload", tuple(WORKLOADS), "")
    line["options"] = read_options(team, line["options"])
    for name, only in (("work_version", ("", "1")), ("payload_bytes", ("0",)), ("variant", ("",)),
                       ("ballast_mib", ("0",))):
        if line[name] not in only:
            raise Refused("%s=%s: a runner of Python's has none" % (name, line[name]))
    line["work_version"] = 1
    line["runner"] = "py-" + team.backend
    if line["workload"] == "empty":
        line["task_ns"] = 0
    if line["chunk"] == "auto":
        line["chunk"] = team.default_chunk(line["tasks"], line["workers"])
    else:
        line["chunk"] = whole("chunk", line["chunk"], 1)
    if line["steps_per_ms"]:
        line["steps_per_ms"] = whole("steps_per_ms", line["steps_per_ms"], 1)
    return line


def read_cpus(text):
    cpus = [whole("cpus", cpu, 0) for cpu in text.split("+")] if text else []
    strange = set(cpus) - os.sched_getaffinity(0)
    if strange:
        raise Refused("cpus=%s: this process may not use CPU %d" % (text, min(strange)))
    return cpus


# ---- measuring ---------------------------------------------------------------------------------

def calibrate(cpus):
    """Steps of a CPU-bound task per millisecond, on the first worker's CPU: the best of short bursts,
    so that an interrupted one does not count; of several, even if the first is kept waiting for long."""
    global setup
    burst, took = 10000, []
    before = os.sched_getaffinity(0)
    if cpus:
        os.sched_setaffinity(0, {cpus[0]})
    setup = Setup("", "", 1, (), 0, burst, 0)
    until = time.perf_counter_ns() + 50000000
    while len(took) < 8 or time.perf_counter_ns() < until:
        begin = time.perf_counter_ns()
        cpu(1)
        took.append(time.perf_counter_ns() - begin)
    os.sched_setaffinity(0, before)
    return max(1, round(burst * 1e6 / min(took)))


def measure(team, line, put):
    """Open the team, take the samples, close it; PUT gets each row."""
    cpus = read_cpus(line["cpus"])
    steps = piece = 0
    if line["workload"] in COMPUTING:
        line["steps_per_ms"] = line["steps_per_ms"] or calibrate(cpus)
        steps = round(line["task_ns"] * line["steps_per_ms"] / 1e6)
        piece = PIECE_NS * line["steps_per_ms"] // 1000000 + 1
    task, items, chunk = WORKLOADS[line["workload"]], range(line["tasks"]), line["chunk"]
    expected = expected_results(line["workload"], line["tasks"], steps)
    right = checksum(line["workload"], expected)
    row = dict(line)
    with tempfile.NamedTemporaryFile(prefix="teampool-") as meeting, \
            tempfile.NamedTemporaryFile(prefix="teampool-") as shared:
        shared.truncate(8 * line["workers"])
        told = Setup(meeting.name, shared.name, line["workers"], tuple(cpus),
                     line["task_ns"] / 1e9, steps, piece)
        begin = time.perf_counter_ns()
        team.open(line["workers"], line["start"])
        gather(team, told)
        row["open_ns"] = time.perf_counter_ns() - begin
    warming = time.perf_counter_ns()
    row["sample"] = timed = void = 0
    remark = "lock " + lock_state() if is_free_threaded() else ""
    while True:
        warm = (row["sample"] < line["warmup_samples"] or
                time.perf_counter_ns() - warming < line["warmup_ms"] * 1000000)
        begin = time.perf_counter_ns()
        results = team.map(task, items, chunk)
        row["wall_ns"] = time.perf_counter_ns() - begin
        if line["workload"] == "convoy":
            row.update(take_answers(results, line["steps_per_ms"]))
        good = results == expected
        timed += not warm
        void += not good
        row.update(warmup=int(warm), start_ns=begin - START_NS, status="ok" if good else "void",
                   note=remark if good else what_is_wrong(results, expected),
                   checksum="%016x" % (right if good else checksum(line["workload"], results)))
        if timed >= line["samples"]:
            break
        put(row)
        row["sample"] += 1
    begin = time.perf_counter_ns()
    team.close()
    row["close_ns"] = time.perf_counter_ns() - begin
    put(row)
    return 1 if void else 0


# Columns that name the cell as it was measured, then what was measured.
COLUMNS = ("runner backend start schedule wait workload work_version task_ns tasks chunk workers cpus "
           "options sample warmup start_ns wall_ns open_ns close_ns checksum status note steps_per_ms "
           "answers answer_p50_ns answer_p90_ns answer_p99_ns answer_max_ns beside_ns").split()


def run(team, words):
    line = resolve(team, read_words(words))
    out = csv.DictWriter(sys.stdout, COLUMNS, extrasaction="ignore", lineterminator="\n")
    out.writeheader()

    def put(row):
        out.writerow(row)
        sys.stdout.flush()
    return measure(team, line, put)


# ---- programs ----------------------------------------------------------------------------------

def put_list(teams):
    """As `teampool-cell --list` has it."""
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow("kind name version start forms summary unavailable".split())
    for team in teams:
        out.writerow(("runner", "py-" + team.backend, "", " ".join(team.starts), " ".join(WORKLOADS),
                      team.summary, why_not(team)))
        if team.switch_us is not None:
            out.writerow(("option", "py-%s switch_us" % team.backend, "", "",
                          "1 to %d; %d" % (MOST_SWITCH_US, SWITCH_US),
                          "sys.setswitchinterval, in microseconds: who has waited for so long asks for it", ""))


def count_cores():
    """Number and note."""
    try:
        import psutil
    except ImportError:
        return "", lacks("psutil")
    return (psutil.cpu_count(logical=False) or "",
            "psutil.cpu_count(logical=False), psutil " + package_version("psutil"))


def put_about(teams):
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow("key value note".split())
    out.writerow(("python", python_version(), sys.executable))
    out.writerow(("python_lock", lock_state(),
                  "a free-threaded build" if is_free_threaded() else "the interpreter's lock"))
    out.writerow(("psutil_cores", *count_cores()))
    out.writerow(("python_steps_per_ms", calibrate(()), "speed of a CPU-bound task in Python"))
    for team in teams:
        if not why_not(team):
            out.writerow(("py-" + team.backend, about(team), "what the runner stands on"))


def print_help(team):
    print("usage: py-%s.py workload=W [field=value ...]\n"
          "       py-%s.py --list | --about | --help\n\n"
          "%s.  Measures one cell: prints CSV, a header and a\n"
          "row per sample.  Fields, with their defaults (teampool-cell --help says what they mean):\n"
          % (team.backend, team.backend, team.summary))
    for name, value in WORDS.items():
        print("  %s=%s" % (name, "" if value is None else value))
    print("\nworkloads: %s; start: %s" % (", ".join(WORKLOADS), ", ".join(team.starts)))


def every_team():
    """Those of this folder's files, by name."""
    teams = []
    for path in sorted(glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "py-*.py"))):
        spec = importlib.util.spec_from_file_location(os.path.basename(path)[:-3], path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        teams.append(module.Team())
    return teams


def main(team=None):
    """TEAM: a class; None: all of this folder."""
    name = "py-" + team.backend if team else "peers"
    words = sys.argv[1:]
    try:
        teams = [team()] if team else every_team()
        if words == ["--list"]:
            put_list(teams)
        elif words == ["--about"]:
            put_about(teams)
        elif words in (["--help"], ["-h"]) and team:
            print_help(team)
        elif not team:
            raise Refused("--list or --about")
        elif why_not(team):
            raise Refused("not on this machine: " + why_not(team))
        else:
            return run(teams[0], words)
    except Refused as refusal:
        sys.stderr.write("%s: %s\n" % (name, refusal))
        return 2
    except Exception as failure:  # a person reads the first line; the rest is for who mends it
        sys.stderr.write("%s: %s: %s\n" % (name, type(failure).__name__, failure))
        import traceback
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
