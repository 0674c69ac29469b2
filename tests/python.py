#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""python.py TEAMPOOL PEERS_FOLDER: the Python runners, by hand and in runs: right results under every
start, the same words and defaults as the cell program, refusals, what is missing and why, runners
and Pythons that crash, lie or hang; then the workloads that embed Python, under every backend.
Runners whose package is missing here are skipped with the reason."""
import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile

TEAMPOOL, PEERS = (os.path.abspath(path) for path in sys.argv[1:3])
CELL = os.path.join(os.path.dirname(TEAMPOOL), "teampool-cell")
PYTHON = sys.executable
passed = failed = 0


def check(condition, text):
    global passed, failed
    passed += bool(condition)
    failed += not condition
    if not condition:
        print("FAILED:", text)


def call(*words, **environment):
    return subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=100,
                          env=dict(os.environ, TEAMPOOL_PYTHON=PYTHON, **environment))


def rows(text):
    return list(csv.DictReader(text.splitlines()))


def table(folder, name):
    with open(os.path.join(folder, name), newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


def peer(name, *words):
    return call(PYTHON, "-B", os.path.join(PEERS, name + ".py"), *words)


def cell(*words):
    return call(CELL, *words)


def script(name, text):
    with open(name, "w") as f:
        f.write("#!/bin/sh\n" + text)
    os.chmod(name, 0o755)
    return os.path.abspath(name)


def another_python(name, text):
    """One in which TEXT ran before the script."""
    return script(name, "shift\nexec %s -c 'import os, runpy, sys, sysconfig\n%s\nsys.argv = sys.argv[1:]\n"
                  "sys.path.insert(0, os.path.dirname(sys.argv[0]))\n"
                  "runpy.run_path(sys.argv[0], run_name=\"__main__\")' \"$@\"\n" % (PYTHON, text))


def old_python():
    return another_python("old-python", "sys.version_info = (3, 8, 0)")


# Only --force measures with a slow build.
about = cell("--about").stdout
FORCE = ["--force"] if "build_type,Debug" in about or "fsanitize" in about else []


def run(plan, out, blocks="1"):
    with open(out + ".plan", "w") as f:
        f.write("\n".join(plan) + "\n")
    return call(TEAMPOOL, "run", *FORCE, "--plan", out + ".plan", "--blocks", blocks, "--out", out,
                "--quiet")


# ---- runners by hand ----

def right_results(listed):
    name = listed["name"]
    serial = name == "py-serial"
    for start in listed["start"].split():
        for workload in listed["forms"].split():
            words = ["workload=" + workload, "task_ns=20000", "tasks=23", "samples=2",
                     "steps_per_ms=10000"]
            own = ["start=" + start, "chunk=3"] + ([] if serial else ["workers=3"])
            what = " ".join([name, workload, start])
            result = peer(name, *words, *own)
            got = rows(result.stdout)
            if result.returncode == 1 and "fork_exec" in result.stderr:
                print("skipped: %s: its package does not fit this Python" % what)
                return
            check(result.returncode == 0 and len(got) == 3, what + ": " + result.stderr[:300])
            if len(got) != 3:
                continue
            like = rows(cell("backend=serial", *words).stdout)[0]
            for k, row in enumerate(got):
                check(row["checksum"] == like["checksum"], what + ": the cell program's checksum")
                check(row["status"] == "ok" and int(row["wall_ns"]) > 0, what + ": a good sample")
                check((row["sample"], row["warmup"]) == (str(k), "01"[k == 0]), what + ": in order")
                check((row["runner"], row["start"], row["chunk"], row["workload"]) ==
                      (name, start, "3", workload), what + ": of this cell")
                check(int(row["open_ns"]) > 0 and bool(row["close_ns"]) == (k == 2),
                      what + ": opened and closed")
            check(set(got[0]) <= set(like), what + ": the cell program's columns")
            if workload == "sleep" and serial:
                check(all(int(row["wall_ns"]) >= 23 * 20000 for row in got), what + ": it slept")
            if workload == "convoy":
                took = [[int(row["answer_%s_ns" % part]) for part in ("p50", "p90", "p99", "max")]
                        for row in got]
                check(all(int(row["answers"]) >= 1 for row in got) and all(sorted(t) == t for t in took),
                      what + ": it answered: " + str(took))


def convoys():
    """A thread that answers waits for the interval, whatever else the machine does; the interval is
    recorded as the cell program has it."""
    words = ["workload=convoy", "task_ns=400000000", "tasks=2", "workers=2", "chunk=1", "samples=1",
             "warmup_samples=0", "steps_per_ms=40000"]
    for interval, recorded, least in (("100000", "switch_us:100000", 90e6), ("0500", "switch_us:500", 0),
                                      ("5000", "", 0)):
        got = rows(peer("py-threads", "options=switch_us:" + interval, *words).stdout)
        check(len(got) == 1 and got[0]["options"] == recorded, "the interval %s in the record" % interval)
        check(got and int(got[0]["answer_p50_ns"]) >= least and int(got[0]["beside_ns"]) > 0,
              "an interval of %s us is waited for: %s" % (interval, got))


def refusals(names):
    for name, words, said in (
            ("py-pool", ["tasks=3"], "workload= is missing"),
            ("py-pool", ["workload=cup"], "workload=cup: here it is empty or sleep or cpu"),
            ("py-pool", ["workload=cpu", "chunk=0"], "chunk=0"),
            ("py-pool", ["workload=cpu", "tasks=many"], "tasks=many"),
            ("py-pool", ["workload=cpu", "wrokers=2"], "unknown field 'wrokers'"),
            ("py-pool", ["workload=cpu", "workers"], "not of the form"),
            ("py-pool", ["workload=cpu", "schedule=static"], "schedule=static"),
            ("py-pool", ["workload=cpu", "backend=omp"], "backend=omp"),
            ("py-pool", ["workload=cpu", "start=thread"], "start=thread"),
            ("py-pool", ["workload=cpu", "payload_bytes=8"], "payload_bytes=8"),
            ("py-pool", ["workload=cpu", "work_version=7"], "work_version=7"),
            ("py-pool", ["workload=cpu", "cpus=99999"], "CPU 99999"),
            ("py-pool", ["workload=cpu", "options=switch_us:500"], "py-pool takes none"),
            ("py-threads", ["workload=cpu", "options=held:50"], "here it is switch_us:N"),
            ("py-threads", ["workload=cpu", "options=switch_us"], "options=switch_us= is not"),
            ("py-threads", ["workload=cpu", "options=switch_us:0"], "options=switch_us=0"),
            ("py-threads", ["workload=cpu", "options=switch_us:10000001"], "10000000 at most"),
            ("py-serial", ["workload=cpu", "workers=2"], "one worker"),
            ("py-loky", ["workload=cpu", "chunk=auto"], "chunk=auto")):
        if name in names:
            result = peer(name, *words)
            check(result.returncode == 2 and said in result.stderr and
                  result.stderr.count("\n") == 1, "'%s' refused: %s" % (said, result.stderr))


def same_defaults():
    """The words of a line mean the same, also where they are left out."""
    def defaults(text):
        return dict(re.findall(r"^  ([a-z_]+)(?:=(\S*))?(?:\s|$)", text, re.M))
    ours, theirs = defaults(peer("py-pool", "--help").stdout), defaults(cell("--help").stdout)
    check(len(ours) > 10 and set(ours) <= set(theirs), "only words that the cell program has")
    for name, value in ours.items():
        if name not in ("runner", "backend", "workload"):
            check(value == theirs[name], "%s=%s is the default, not '%s'" % (name, theirs[name], value))


# ---- what is there ----

def lists():
    def runners(**environment):
        text = call(TEAMPOOL, "list", **environment).stdout
        return text[text.index("\nrunners"):text.index("\nschedules")]
    check("py-pool" in runners() and "cell " in runners(), "list: the runners")
    check("  py-threads switch_us " in call(TEAMPOOL, "list").stdout, "list: what a runner can be told")
    for python, said in (
            (script("bare-python", "exec %s -S -E \"$@\"\n" % PYTHON), "has no package 'mpi4py'"),
            (old_python(), "Python 3.9 or later is needed, this is 3.8.0"),
            (script("hurt-python", "echo 'it hurts' >&2\nexit 3\n"), "ended with code 3: it hurts"),
            (script("odd-python", "echo hello, world\n"), "")):
        result = subprocess.run([TEAMPOOL, "list"], capture_output=True, text=True,
                                env=dict(os.environ, TEAMPOOL_PYTHON=python))
        check(result.returncode == 0 and said in result.stdout and "profiles" in result.stdout,
              "list: '%s'; %s" % (said, result.stderr))
    result = subprocess.run([TEAMPOOL, "list"], capture_output=True, text=True,
                            env=dict(os.environ, TEAMPOOL_PYTHON="no-python-of-this-name"))
    check("there is no no-python-of-this-name" in result.stdout, "list: no Python")
    result = call(TEAMPOOL, "plan", "backend=auto", "workload=cpu", "runner=py-pol")
    check(result.returncode == 2 and "no runner 'py-pol'" in result.stderr, "plan: no such runner")


# ---- runs ----

def a_run(names):
    plan = ["runner=%s backend=%s workload=empty tasks=40 samples=2 %s"
            % (name, name[3:], "chunk=40" if name == "py-serial" else "chunk=4 workers=2")
            for name in names]
    plan += ["backend=serial workload=empty tasks=40 chunk=40 samples=2",
             "backend=pool workload=empty tasks=40 chunk=4 workers=2 samples=2"]
    result = run(plan, "good", "2")
    check(result.returncode == 0, "a run: " + result.stderr)
    status, samples = table("good", "status.csv"), table("good", "samples.csv")
    check(len(status) == 2 * len(plan) and all(r["status"] == "ok" for r in status), "a run: all ok")
    check(len(samples) == 6 * len(plan), "a run: two samples and a warm-up each")
    check(all(r["work_version"] == "1" and r["schedule"] and r["start"] for r in samples),
          "a run: the cells have names")
    facts = {r["key"]: r["value"] for r in table("good", "machine.csv")}
    check(facts["python"] == "%d.%d.%d" % sys.version_info[:3], "machine.csv: Python's version")
    check(all(name in facts for name in names), "machine.csv: what each runner stands on")
    check(facts["python_lock"] in ("on", "off"), "machine.csv: Python's lock")
    cells = {(r["runner"], r["backend"]): r for r in table("good", "cells.csv")}
    serial = {family: cells[key]["per_task_ns"]
              for family, key in (("py", ("py-serial", "serial")), ("cell", ("cell", "serial")))}
    check(serial["py"] != serial["cell"], "a run: two serial references")
    for (runner, backend), row in cells.items():
        check(row["serial_task_ns"] == serial[runner[:2] if runner != "cell" else runner],
              "%s %s: held against its own family's serial runner" % (runner, backend))
    sides = {(r["a_runner"], r["b_runner"]) for r in table("good", "pairs.csv")}
    check(any("cell" in pair and "py-pool" in pair for pair in sides), "a run: pairs of both kinds")


def free_threaded():
    """There is no such Python here: one that says it were, in the words that PEP 703 gave it."""
    python = another_python(
        "free-python", "var = sysconfig.get_config_var\n"
        "sysconfig.get_config_var = lambda name: 1 if name == \"Py_GIL_DISABLED\" else var(name)\n"
        "sys._is_gil_enabled = lambda: False")
    about = {r["key"]: r for r in rows(call(python, "-B", os.path.join(PEERS, "peers.py"), "--about").stdout)}
    check(about["python_lock"]["value"] == "off" and "free-threaded" in about["python_lock"]["note"] and
          about["py-threads"]["value"].endswith("free-threaded"), "--about: a free-threaded Python")
    got = rows(call(python, "-B", os.path.join(PEERS, "py-threads.py"), "workload=empty", "samples=1").stdout)
    check([r["note"] for r in got] == ["lock off"] * 2, "a free-threaded Python: noted in each row")


PSUTILS = {"there": "def cpu_count(logical=True):\n    return 6 if logical else 3\n",
           "silent": "def cpu_count(logical=True):\n    return 6 if logical else None\n",
           "missing": "raise ImportError(\"No module named 'psutil'\")\n"}


def psutil_path(kind):
    folder = os.path.abspath("psutil-" + kind)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "psutil.py"), "w") as f:
        f.write(PSUTILS[kind])
    return folder


def cores_of_psutil():
    for kind, value, said in (("there", "3", "psutil.cpu_count(logical=False)"), ("silent", "", "cpu_count"),
                              ("missing", "", "pip install psutil")):
        result = call(PYTHON, "-B", os.path.join(PEERS, "peers.py"), "--about", PYTHONPATH=psutil_path(kind))
        cores = [(r["value"], r["note"]) for r in rows(result.stdout) if r["key"] == "psutil_cores"]
        check(len(cores) == 1 and cores[0][0] == value and said in cores[0][1],
              "--about: psutil %s: %s" % (kind, cores))


def cores_in_a_lab():
    """The lab `cores`, but for its times."""
    shutil.copytree(os.path.dirname(TEAMPOOL), "house", symlinks=False, ignore=lambda folder, names: [
        n for n in names if folder == os.path.dirname(TEAMPOOL) and n not in ("teampool", "teampool-cell")])
    os.makedirs("house/docs/labs")
    shutil.copytree(os.path.join(PEERS, "..", "..", "labs"), "house/labs")
    with open(os.path.join(PEERS, "..", "..", "docs", "labs", "cores.md"), encoding="utf-8") as f:
        text = f.read()
    short = [line for line in text.splitlines() if re.match(r"\? |show |  \| (By hwloc|Python)", line)]
    with open("house/docs/labs/short.md", "w", encoding="utf-8") as f:
        f.write("# short: who counts what\n\n```plan blocks=1\nbackend=serial workload=empty samples=1 sweep=one\n%s\n"
                "```\n\n```checks\nalways one: least(one) >= 0\n  | There\n%s\n```\n"
                % ("\n".join(line for line in short if line[0] == "?"),
                   "\n".join(line for line in short if line[0] != "?")))
    for kind, python, said, told in (
            ("there", PYTHON, r"psutil counts 3 cores, 6 hardware threads, [0-9]+ of them", ""),
            ("silent", PYTHON, r"psutil counts no cores, 6 hardware threads", ""),
            ("missing", PYTHON, r"absent +psutil", "left out.*pip install psutil"),
            ("nowhere", "/nowhere", r"absent +psutil", "left out.*there is no /nowhere")):
        result = subprocess.run(
            ["house/teampool", "lab", "short", "--out", "short-" + kind, *FORCE], capture_output=True, text=True,
            timeout=60, env=dict(os.environ, TEAMPOOL_PYTHON=python,
                                 PYTHONPATH=psutil_path("missing" if kind == "nowhere" else kind)))
        out = " ".join(result.stdout.split())
        check(result.returncode == 0 and re.search(r"By hwloc this machine has [0-9]+ cores", out) and
              re.search(said, out) and re.search(told, result.stderr),
              "a lab where psutil is %s: %d %s %s" % (kind, result.returncode, result.stdout, result.stderr))


def on_the_page():
    plan = ["%s tasks=8 samples=1 warmup_samples=0 %s" % (who, what)
            for who, workers in (("runner=py-pool backend=pool", " workers=2"),
                                 ("backend=pipe", " workers=2"), ("backend=serial", ""))
            for what in ("workload=sleep task_ns=1000000 chunk=1 sweep=lesson" + workers,
                         "workload=empty chunk=1 sweep=peers" + workers)]
    result = run(plan, "page")
    check(result.returncode == 0, "a run for the page: " + result.stderr)
    result = call(TEAMPOOL, "report", "page")
    check(result.returncode == 0, "report: " + result.stderr)
    row = table("page/plots", "peers.csv")[0]
    check(row["py_pool_ns"] and row["pipes_ns"] and not row["py_mpi_ns"], "peers.csv has who took part")
    check("py-pool" in [r["name"] for r in table("page/plots", "lesson.csv")], "py-pool in the lesson")
    with open("page/report.html", encoding="utf-8") as f:
        check('id="fig-peers"' in f.read(), "the page has the figure")


def bad_runners():
    shutil.copytree(PEERS, "peers", ignore=shutil.ignore_patterns("__pycache__"))
    with open("peers/py-pool.py") as f:
        text = f.read()
    plan = ["backend=serial workload=empty tasks=9 samples=2"]
    for number, (name, old, new) in enumerate((
            ("lossy", "return self.pool.map(function, items, chunk)",
             "return self.pool.map(function, items, chunk)[:-1]"),
            ("liar", "return self.pool.map(function, items, chunk)",
             "return [i and i + 1 for i in self.pool.map(function, items, chunk)]"),
            ("raises", "self.pool.close()", "raise KeyError('lost')"),
            ("dies", "self.pool.close()", "__import__('os').kill(__import__('os').getpid(), 11)"),
            ("garbled", "return self.pool.map(function, items, chunk)",
             "return [0] + self.pool.map(function, items, chunk)[1:]"),
            ("broken", "import peers", "import peers, no_such_module"))):
        check(old in text, name + ": what is to be broken")
        with open("peers/%s.py" % name, "w") as f:
            f.write(text.replace(old, new))
        os.chmod("peers/%s.py" % name, 0o755)
        plan.append("runner=%s backend=pool workload=%s task_ns=1000 tasks=%d chunk=2 workers=2 samples=2"
                    % (os.path.abspath("peers/%s.py" % name), "convoy" if name == "garbled" else "empty",
                       10 + number))
    result = run(plan, "bad")
    check(result.returncode == 1, "bad runners: exit code 1")
    status = {r["line"].split(" ")[0].split("/")[-1]: r for r in table("bad", "status.csv")}
    for name, said in (("lossy.py", "9 results of 10 tasks"), ("liar.py", "task 1 gave 2 instead of 1"),
                       ("raises.py", "KeyError: 'lost'"), ("dies.py", "SIGSEGV"), ("broken.py", "code 1"),
                       ("garbled.py", "TypeError: ")):
        check(status[name]["status"] == "failed" and said in status[name]["reason"],
              "%s: '%s' in: %s" % (name, said, status[name]["reason"]))
    check(any(r["status"] == "ok" for r in status.values()), "bad runners: the run goes on")


def bad_pythons():
    for name, text, status, said in (
            ("crash", "kill -SEGV $$\n", "failed", "SIGSEGV"),
            ("garbage", "head -c 3000 /dev/urandom\n", "failed", ""),
            ("greets", "echo hello, world\n", "failed", "no column 'backend'"),
            ("says nothing", ":\n", "failed", ""),
            ("floods", "exec yes\n", "failed", "wrote more than 64 MiB"),
            ("stays", "trap '' TERM\nwhile :; do sleep 1; done\n", "timeout", "did not end within"),
            ("is old", "exec %s \"$@\"\n" % old_python(), "failed",
             "Python 3.9 or later is needed, this is 3.8.0"),
            ("columns", "printf 'a,b\\n1,2\\n'\n", "failed", "no column 'backend'"),
            ("hang", "exec sleep 1000\n", "timeout", "did not end within")):
        python = script("python-" + name, "case $* in *--about*) exit 1 ;; esac\n" + text)
        result = subprocess.run(
            [TEAMPOOL, "run", *FORCE, "--plan", "-", "--blocks", "1", "--out", name, "--quiet",
             "--budget", "3s", "--seed", "1"], capture_output=True, text=True, timeout=60,
            input="runner=py-pool backend=pool workload=empty samples=2\n"
                  "backend=serial workload=empty samples=2\n",
            env=dict(os.environ, TEAMPOOL_PYTHON=python))
        got = {r["line"].split(" ")[0]: r for r in table(name, "status.csv")}
        mine = got["runner=py-pool"]
        check(result.returncode == 1 and mine["status"] == status and said in mine["reason"] and
              mine["reason"], "Python that %s: %s: %s" % (name, mine["status"], mine["reason"]))
        check(got["backend=serial"]["status"] == "ok", name + ": the run goes on")
    # no Python, and packages that nobody has: what may be missing is no failure
    plan = ["backend=serial workload=empty samples=2 tasks=9",
            "runner=py-pool backend=pool workload=empty samples=2",
            "runner=py-mpi backend=mpi workload=empty samples=2"]
    for out, python, marks in (("no python", "/nowhere", ("", "", "")), ("may be none", "/nowhere", ("", "? ", "?")),
                               ("no package", os.path.abspath("bare-python"), ("", "", "?"))):
        with open("missing.plan", "w") as f:
            f.write("\n".join(mark + line for mark, line in zip(marks, plan)) + "\n")
        result = subprocess.run([TEAMPOOL, "run", *FORCE, "--plan", "missing.plan", "--blocks", "1", "--out", out,
                                 "--quiet"], capture_output=True, text=True, timeout=60,
                                env=dict(os.environ, TEAMPOOL_PYTHON=python))
        got = {r["line"].split(" ")[0]: r for r in table(out, "status.csv")}
        pool, mpi = got["runner=py-pool"], got["runner=py-mpi"]
        check(got["backend=serial"]["status"] == "ok" and mpi["status"] == "skipped" and
              ("there is no /nowhere" if python == "/nowhere" else "has no package 'mpi4py'") in mpi["reason"] and
              pool["status"] == ("ok" if out == "no package" else "skipped"), out + ": who is left out: " + str(got))
        check(result.returncode == (1 if out == "no python" else 0), out + ": exit code %d" % result.returncode)
    result = run(["runner=py-pool backend=pool workload=empty samples=2",
                  "runner=py-pol backend=pool workload=empty samples=2"], "none")
    check([r["status"] for r in sorted(table("none", "status.csv"), key=lambda r: int(r["cell"]))] ==
          ["ok", "skipped"], "a runner that is not there is skipped")


def plans():
    counts = {}
    for profile in ("smoke", "quick", "default", "full"):
        lines = call(TEAMPOOL, "plan", "--profile", profile).stdout.splitlines()
        peers = [line for line in lines if "runner=py-" in line]
        counts[profile] = len(peers)
        check(all("blocks=" in line and "twin=" not in line for line in peers),
              profile + ": in few blocks, without twins")
        if peers:
            convoys = [line for line in peers if "runner=py-threads" in line and "workload=convoy" in line]
            check(any("tasks=2 " in line and "options" not in line for line in convoys), "the convoy")
            check(profile == "default" or any("options=switch_us:50 " in line for line in convoys), "intervals")
            check(any("sweep=lesson" in line and "tasks=24" in line for line in peers), "the lesson")
            check(any("sweep=peers" in line and "chunk=1 " in line for line in peers), "chunks")
    check(counts["smoke"] == counts["quick"] == 0, "short profiles have no Python runners")
    check(counts["full"] >= counts["default"] > 3, "long profiles have some")


# ---- Python inside the cell program ----

def embedded():
    listed = rows(cell("--list").stdout)
    # those that a launcher starts are tried by mpi.sh
    backends = [r for r in listed if r["kind"] == "backend" and not r["unavailable"] and r["start"] != "mpirun"]
    for workload in (r for r in listed if r["name"] in ("python_cpu", "python_sleep")):
        name = workload["name"]
        if workload["unavailable"]:
            result = cell("backend=serial", "workload=" + name)
            check(result.returncode == 2 and workload["unavailable"] in result.stderr, name + ": why not")
            print("skipped: %s: %s" % (name, workload["unavailable"]))
            continue
        sums = set()
        for form in workload["forms"].split():
            for backend in backends:
                for start in backend["start"].split():
                    workers = "1" if start == "none" else "3"
                    result = cell("backend=" + backend["name"], "start=" + start, "variant=" + form,
                                  "workload=" + name, "task_ns=20000", "tasks=31", "chunk=2",
                                  "workers=" + workers, "samples=2")
                    got = rows(result.stdout)
                    check(result.returncode == 0 and [r["status"] for r in got] == ["ok"] * 3,
                          " ".join([name, form, backend["name"], start, result.stderr[:300]]))
                    sums |= {r["checksum"] for r in got}
        check(len(sums) == 1, name + ": one checksum, whoever does it")
    if any(r["name"] == "python_sleep" and not r["unavailable"] for r in listed):
        walls = [min(int(r["wall_ns"]) for r in rows(cell(
            "workload=python_sleep", "task_ns=20000000", "tasks=16", "chunk=1", "samples=2",
            *words).stdout)) for words in (["backend=serial"], ["backend=omp", "workers=8"])]
        check(walls[1] * 2 < walls[0], "threads sleep side by side: the lock is given away")
        got = rows(cell("backend=omp", "workload=python_cpu", "task_ns=1000000", "tasks=100", "chunk=5",
                        "workers=2", "samples=3").stdout)
        used = sum(int(r["user_ns"]) + int(r["sys_ns"]) for r in got)
        wall = sum(int(r["wall_ns"]) for r in got)
        check(used < 1.25 * wall, "threads share one lock: %.2f CPUs in use" % (used / wall))
        check("embedded_python," in cell("--about").stdout, "--about: which Python is inside")


def main():
    listed = [row for row in rows(call(PYTHON, "-B", os.path.join(PEERS, "peers.py"), "--list").stdout)
              if row["kind"] == "runner"]
    check(len(listed) >= 7, "seven runners at least are known")
    names = []
    for row in listed:
        if row["unavailable"]:
            print("skipped: %s: %s" % (row["name"], row["unavailable"]))
            result = peer(row["name"], "workload=empty")
            check(result.returncode == 2 and row["unavailable"] in result.stderr, row["name"] + ": why")
        else:
            names.append(row["name"])
            right_results(row)
    print("runners measured:", " ".join(names))
    refusals(names)
    same_defaults()
    lists()
    a_run(names)
    free_threaded()
    convoys()
    cores_of_psutil()
    cores_in_a_lab()
    on_the_page()
    bad_runners()
    bad_pythons()
    plans()
    embedded()


with tempfile.TemporaryDirectory() as scratch:
    os.chdir(scratch)
    main()
    os.chdir("/")
print("%d passed, %d failed" % (passed, failed))
sys.exit(1 if failed else 0)
