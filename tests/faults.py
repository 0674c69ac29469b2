#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""faults.py TEAMPOOL SHIM [--seconds S | --all] [--only PART] [--seed N]: teampool on disks that fail, and killed.

A small run is measured again and again, each time with one call of it failing (the disk is full for
once, or for good; an error; a short write) or with a SIGKILL before a call, in the middle of a write, or
at a random moment.  What must hold: it says what and where and exits with 1; no table is torn; no
process is left; --resume completes the run, with each cell in each block exactly once.  The same, as far
as it applies, for summarize, report, compare and lab.

--seconds: places are drawn at random until the time is over; --all: every place (the soak test).
Prints how many faults were tried and how many samples were lost; exit code 1 if anything failed.
"""
import argparse
import csv
import errno
import glob
import mmap
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

CELLS, BLOCKS, ROWS = 3, 2, 3  # rows: two samples and one to warm up
MARK = f"faults-{os.getpid()}"
PLAN = f"""backend=serial workload=empty tasks=10 samples=2 sweep={MARK}
backend=pool workload=empty tasks=10 workers=2 chunk=2 samples=2 trace=1 sweep={MARK}
runner=RUNNER backend=mine workload=cpu tasks=7 workers=2 samples=2 sweep={MARK}
"""
RUNNER = """#!/bin/sh
echo 'backend,workload,sample,warmup,wall_ns,status'
for i in 0 1 2; do echo "mine,cpu,$i,$((i == 0)),12345,ok"; done
"""
ERRORS = {"full": f"{errno.ENOSPC}", "broken": f"{errno.EIO}"}
WORDS = {"full": "No space left", "broken": "Input/output error"}


class Count:
    """What the shim counts: a page that it shares with us."""

    def __init__(self, path):
        with open(path, "wb") as f:
            f.write(bytes(4096))
        self.file = open(path, "r+b")
        self.page = mmap.mmap(self.file.fileno(), 4096)
        self.path = path

    def clear(self):
        self.page[:32] = bytes(32)

    def calls(self):
        return int.from_bytes(self.page[:8], sys.byteorder)

    def failed(self):
        return self.page[8:32].split(b"\0")[0].decode()


class Test:
    def __init__(self, words):
        self.words, self.random = words, random.Random(words.seed)
        self.dir = tempfile.mkdtemp(prefix="faults-")
        self.count = Count(self.path("count"))
        self.tried = self.killed = self.lost = self.failures = 0
        with open(self.path("runner"), "w") as f:
            f.write(RUNNER)
        os.chmod(self.path("runner"), 0o755)
        with open(self.path("plan"), "w") as f:
            f.write(PLAN.replace("RUNNER", self.path("runner")))

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def fail(self, what, said):
        print(f"FAILED: {self.where}: {what}; stderr: {said[-300:]!r}", flush=True)
        self.failures += 1

    def call(self, arguments, plan=None, kill_after=None):
        """Run teampool with the fault PLAN; returns its exit code, what it printed, what it said."""
        env = dict(os.environ)
        if plan:
            self.count.clear()
            env.update(LD_PRELOAD=self.words.shim, FAIL_DISK=plan, FAIL_COUNT=self.count.path)
        p = subprocess.Popen([self.words.teampool, *arguments], env=env, cwd=self.dir, text=True,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if kill_after is not None:
            time.sleep(kill_after)
            p.kill()
        try:
            out, said = p.communicate(timeout=60)
        finally:
            p.kill()  # only if it hangs is there anybody
        return p.returncode, out, said

    # ---- what must hold

    def left_processes(self):
        found = []
        for entry in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                with open(entry, "rb") as f:
                    words = f.read()
            except OSError:
                continue
            if f"sweep={MARK}".encode() in words:
                found.append(entry)
        return found

    def expect_no_process(self, said):
        for _ in range(100):
            if not self.left_processes():
                return
            time.sleep(0.02)
        self.fail(f"processes are left: {self.left_processes()}", said)

    def expect_whole(self, folder, said, killed=False):
        """No table is torn.  The three that grow may be, after a kill, in their last row."""
        for path in sorted(glob.glob(f"{folder}/*.csv") + glob.glob(f"{folder}/plots/*.csv")):
            with open(path, newline="") as f:
                text = f.read()
            if killed and os.path.basename(path) in ("samples.csv", "status.csv", "trace.csv"):
                continue
            rows = list(csv.reader(text.splitlines()))
            if not text.endswith("\n") or any(len(row) != len(rows[0]) for row in rows):
                self.fail(f"{path} is torn", said)
        if not killed:
            self.expect_tidy(folder, said)

    def expect_tidy(self, folder, said):
        for path in glob.glob(f"{folder}/**/*.part*", recursive=True) + glob.glob(f"{folder}/*.new"):
            self.fail(f"{path} is left", said)

    def samples(self, folder):
        """The rows that a status row vouches for, as text by (block, seq, sample)."""
        try:
            with open(f"{folder}/status.csv", newline="") as f:
                done = {(r["block"], r["seq"]) for r in whole_rows(f) if r["status"] == "ok"}
            with open(f"{folder}/samples.csv", newline="") as f:
                rows = [r for r in whole_rows(f) if (r["block"], r["seq"]) in done]
        except FileNotFoundError:
            return {}
        return {(r["block"], r["seq"], r["sample"]): tuple(r.values()) for r in rows}

    def expect_complete(self, folder, said, blocks=BLOCKS):
        with open(f"{folder}/status.csv", newline="") as f:
            status = list(csv.DictReader(f))
        with open(f"{folder}/samples.csv", newline="") as f:
            samples = list(csv.DictReader(f))
        visits = sorted((int(r["cell"]), int(r["block"])) for r in status)
        wanted = [(c + 1, b + 1) for c in range(CELLS) for b in range(blocks)]
        if visits != wanted or any(r["status"] != "ok" for r in status):
            self.fail(f"not each cell once a block: {visits}", said)
        named = sorted((r["block"], r["seq"], r["sample"]) for r in samples)
        wanted = sorted((r["block"], r["seq"], str(i)) for r in status for i in range(ROWS))
        self.lost += len(set(wanted) - set(named))
        if named != wanted:
            self.fail(f"samples: {len(named)} rows, not {len(wanted)}", said)
        facts = self.facts(folder)
        for key, value in (("interrupted", "no"), ("blocks", str(blocks))):
            if facts.get(key) != value:
                self.fail(f"machine.csv: {key} is {facts.get(key)}, not {value}", said)
        if not facts.get("elapsed_s"):
            self.fail("machine.csv: no elapsed_s", said)
        for name in ("cells", "pairs", "strip", "checks", "verdict", "doctor", "topology"):
            if not os.path.exists(f"{folder}/{name}.csv"):
                self.fail(f"no {name}.csv", said)
        self.expect_whole(folder, said)

    def facts(self, folder):
        with open(f"{folder}/machine.csv", newline="") as f:
            return {r["key"]: r["value"] for r in csv.DictReader(f)}

    # ---- places

    def places(self, calls, seconds):
        """Numbers from 1 to CALLS: all, or drawn until SECONDS are over."""
        numbers = list(range(1, calls + 1))
        if self.words.all:
            yield from numbers
            return
        self.random.shuffle(numbers)
        until = time.monotonic() + seconds
        for n in numbers:
            if time.monotonic() > until:
                return
            yield n

    def calls_of(self, arguments, mode):
        """How many calls of this kind there are when nothing fails."""
        code, _, said = self.call(arguments, f"1000000000:{mode}")
        if code:
            self.fail(f"exit code {code} without a fault", said)
        return self.count.calls()

    # ---- run

    def run_words(self, folder):
        return ["run", "--plan", self.path("plan"), "--blocks", str(BLOCKS), "--seed", "1", "--quiet",
                *self.words.force, "--out", folder]

    def go_on(self, folder, said, before):
        """--resume; where nothing had begun, the same command once more."""
        begun = os.path.exists(f"{folder}/machine.csv")
        words = ["run", "--resume", folder, "--quiet", *self.words.force] if begun else None
        if not begun and os.path.exists(f"{folder}/samples.csv"):
            code, _, said = self.call(["run", "--resume", folder, "--quiet", *self.words.force])
            if code != 1 or "before it measured anything" not in said:
                self.fail(f"going on with nothing: exit code {code}", said)
            shutil.rmtree(folder)
        code, _, said = self.call(words or self.run_words(folder))
        if code:
            self.fail(f"going on: exit code {code}", said)
            return
        after = self.samples(folder)
        gone = [k for k, row in before.items() if after.get(k) != row]
        self.lost += len(gone)
        if gone:
            self.fail(f"{len(gone)} samples are gone or changed", said)
        self.expect_complete(folder, said)

    def faulty_run(self, n, name, plan, where=""):
        folder = self.path("run")
        shutil.rmtree(folder, ignore_errors=True)
        code, _, said = self.call(self.run_words(folder), plan)
        self.tried += 1
        self.where = f"run{where}, {name}, call {n} ({self.count.failed()})"
        self.expect_no_process(said)
        if code == 0:
            if self.count.failed() and name != "short":
                self.fail("exit code 0", said)
            self.expect_complete(folder, said)
            return
        if code != 1 or said.count("\n") < 1 or not any(w in said for w in WORDS.values()):
            self.fail(f"exit code {code}", said)
        self.expect_whole(folder, said)
        self.go_on(folder, said, self.samples(folder))

    def disk(self, seconds):
        kinds = [(name, f":{e}") for name, e in ERRORS.items()]
        kinds += [("full for good", f"+:{errno.ENOSPC}"), ("short", ":short")]
        for name, mode in kinds:
            calls = self.calls_of(["run", "--plan", self.path("plan"), "--blocks", str(BLOCKS), "--quiet",
                                   *self.words.force, "--out", self.fresh("counted")],
                                  mode.lstrip("+:"))
            for n in self.places(calls, seconds / len(kinds)):
                self.faulty_run(n, name, f"{n}{mode}")

    def fresh(self, name):
        shutil.rmtree(self.path(name), ignore_errors=True)
        return self.path(name)

    def killed_run(self, where, plan=None, kill_after=None):
        folder = self.fresh("run")
        code, _, said = self.call(self.run_words(folder), plan, kill_after)
        self.killed += 1
        self.where = where if not plan else f"{where} ({self.count.failed()})"
        if code not in (0, -signal.SIGKILL):
            self.fail(f"exit code {code}", said)
        self.expect_no_process(said)
        if os.path.isdir(folder):
            self.expect_whole(folder, said, killed=True)
        before = self.samples(folder)
        # A second death, while it goes on, at a place of its own.
        if plan and os.path.exists(f"{folder}/machine.csv"):
            n = self.random.randrange(1, 60)
            self.call(["run", "--resume", folder, "--quiet", *self.words.force], f"{n}:kill")
            self.where += f", then again at call {n} ({self.count.failed()})"
            self.killed += 1
            self.expect_no_process(said)
        self.go_on(folder, said, before)

    def kill(self, seconds):
        begin = time.monotonic()
        for mode in "kill", "torn":
            words = self.run_words(self.fresh("counted"))
            calls = self.calls_of(words, mode)
            if mode == "kill":
                whole = time.monotonic() - begin
            for n in self.places(calls, seconds / 3):
                self.killed_run(f"run, {mode} at call {n}", f"{n}:{mode}")
        until = time.monotonic() + seconds / 3
        shots = 0
        while shots < 100 if self.words.all else time.monotonic() < until:
            after = self.random.uniform(0, 1.1 * whole)
            self.killed_run(f"run, killed after {after:.4f} s", kill_after=after)
            shots += 1

    # ---- the others

    def texts(self, folder):
        found = {}
        for pattern in ("*.csv", "plots/*.csv", "*.html"):
            for path in glob.glob(f"{folder}/{pattern}"):
                with open(path, "rb") as f:
                    found[os.path.relpath(path, folder)] = f.read()
        return found

    def rewrites(self, name, seconds):
        """summarize or report, in a folder whose tables are those of a shorter run."""
        old = self.fresh("old")
        shutil.copytree(self.path("whole"), old)
        with open(f"{old}/status.csv") as f:
            rows = f.readlines()
        with open(f"{old}/status.csv", "w") as f:
            f.writelines(rows[: 1 + CELLS])
        self.where = name
        code, _, said = self.call([name, old])
        if code:
            self.fail(f"exit code {code} without a fault", said)
        with open(f"{old}/status.csv", "w") as f:
            f.writelines(rows)
        new = self.fresh("new")
        shutil.copytree(old, new)
        self.call([name, new])
        wanted, was = self.texts(new), self.texts(old)
        for kind, mode in (("full", ERRORS["full"]), ("broken", ERRORS["broken"]), ("short", "short"),
                           ("kill", "kill"), ("torn", "torn")):
            shutil.rmtree(new)
            shutil.copytree(old, new)
            calls = self.calls_of([name, new], mode)
            for n in self.places(calls, seconds / 5):
                shutil.rmtree(new)
                shutil.copytree(old, new)
                code, _, said = self.call([name, new], f"{n}:{mode}")
                self.where = f"{name}, {kind}, call {n} ({self.count.failed()})"
                dead = kind in ("kill", "torn")
                self.tried += not dead
                self.killed += dead
                good = {"short": (0,), "kill": (-9,), "torn": (-9,)}.get(kind, (1,))
                if code not in good or (code == 1 and WORDS[kind] not in said):
                    self.fail(f"exit code {code}", said)
                for path, text in self.texts(new).items():
                    if text not in (wanted.get(path), was.get(path)):
                        self.fail(f"{path} is neither as it was nor as it is to be", said)
                if not dead:
                    self.expect_tidy(new, said)
                code, _, said = self.call([name, new])
                if code or self.texts(new) != wanted:
                    self.fail(f"once more: exit code {code}, or other tables", said)

    def prints(self, arguments, seconds):
        """A command that only prints: it says so, or prints the same."""
        self.where = " ".join(arguments[:1])
        _, wanted, _ = self.call(arguments)
        for kind, mode in ("full", ERRORS["full"]), ("broken", ERRORS["broken"]), ("short", "short"):
            for n in self.places(self.calls_of(arguments, mode), seconds / 3):
                code, out, said = self.call(arguments, f"{n}:{mode}")
                self.tried += 1
                self.where = f"{arguments[0]}, {kind}, call {n} ({self.count.failed()})"
                if kind == "short" and (code or out != wanted):
                    self.fail(f"exit code {code}, or something else printed", said)
                if kind != "short" and (code != 1 or WORDS[kind] not in said):
                    self.fail(f"exit code {code}", said)

    def lab(self, seconds):
        words = ["lab", "fork", *self.words.force, "--out", self.path("lab")]
        self.where = "lab"
        shutil.rmtree(self.path("lab"), ignore_errors=True)
        code, _, said = self.call(words, f"1000000000:{errno.ENOSPC}")
        calls = self.count.calls()
        if code:
            self.fail(f"exit code {code} without a fault", said)
        self.prints(["lab", "fork", "--check", self.path("lab"), "--format", "csv"], seconds / 4)
        for n in self.places(calls, seconds):
            shutil.rmtree(self.path("lab"), ignore_errors=True)
            code, _, said = self.call(words, f"{n}:{errno.ENOSPC}")
            self.tried += 1
            self.where = f"lab, full, call {n} ({self.count.failed()})"
            if code != 1 or WORDS["full"] not in said or "--resume" in said:
                self.fail(f"exit code {code}", said)
            if os.path.isdir(self.path("lab")):
                self.expect_whole(self.path("lab"), said)

    def small_disk(self):
        """A file system of 64 KiB; only root can make one."""
        disk = self.path("disk")
        os.mkdir(disk)
        mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", disk]
        if os.geteuid() or subprocess.run(mount, stderr=subprocess.DEVNULL).returncode:
            print("no file system of 64 KiB: only root can mount one")
            return
        try:
            self.fill(disk)
        finally:
            subprocess.run(["umount", disk], check=False)

    def fill(self, disk):
        blocks = 40
        words = self.run_words(f"{disk}/run")
        words[words.index("--blocks") + 1] = str(blocks)
        code, _, said = self.call(words)
        self.tried += 1
        self.where = "a disk of 64 KiB"
        if code != 1 or WORDS["full"] not in said or "--resume" not in said:
            self.fail(f"exit code {code}", said)
        self.expect_whole(f"{disk}/run", said)
        subprocess.run(["mount", "-o", "remount,size=16m", disk], check=True)
        before = self.samples(f"{disk}/run")
        if not before:
            self.fail("nothing was measured before it was full", said)
        code, _, said = self.call(["run", "--resume", f"{disk}/run", "--quiet", *self.words.force])
        if code or any(self.samples(f"{disk}/run").get(k) != row for k, row in before.items()):
            self.fail(f"going on: exit code {code}, or samples are gone", said)
        self.expect_complete(f"{disk}/run", said, blocks)

    def all(self):
        part = self.words.seconds / 10
        self.where = "a whole run"
        self.call(self.run_words(self.path("whole")))
        self.expect_complete(self.path("whole"), "")
        for name, blocks in ("six", "6"), ("seven", "7"):  # below 6 there is nothing to compare
            shutil.copytree(self.path("whole"), self.path(name))
            self.call(["run", "--resume", self.path(name), "--blocks", blocks, "--quiet", *self.words.force])
        steps = {
            "small": self.small_disk,
            "disk": lambda: self.disk(3 * part),
            "kill": lambda: self.kill(3 * part),
            "summarize": lambda: self.rewrites("summarize", part),
            "report": lambda: self.rewrites("report", part),
            "compare": lambda: self.prints(["compare", self.path("six"), self.path("seven")], part / 4),
            "show": lambda: self.prints(["summarize", self.path("whole"), "--format", "text"], part / 4),
            "lab": lambda: self.lab(part),
        }
        for name, step in steps.items():
            if self.words.only in (None, name):
                step()
                print(f"{name}: {self.tried} faults and {self.killed} kills so far", flush=True)

    def end(self):
        shutil.rmtree(self.dir, ignore_errors=True)


def whole_rows(f):
    """Rows of a table whose last line may be torn."""
    lines = f.readlines()
    if lines and not lines[-1].endswith("\n"):
        lines.pop()
    return list(csv.DictReader(lines))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("teampool", type=os.path.abspath)
    parser.add_argument("shim", type=os.path.abspath)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1000000)
    words = parser.parse_args()
    words.force = []
    about = subprocess.run([f"{os.path.dirname(words.teampool)}/teampool-cell", "--about"], text=True,
                           stdout=subprocess.PIPE, check=True).stdout
    if "build_type,Debug" in about:
        words.force = ["--force"]
    for name in ("HWLOC_SYNTHETIC", "HWLOC_XMLFILE", "HWLOC_THISSYSTEM", "TEAMPOOL_ROOT"):
        os.environ.pop(name, None)
    print(f"seed {words.seed}", flush=True)
    test = Test(words)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        test.all()
    finally:
        test.end()
        print(f"{test.tried} faults and {test.killed} kills tried, {test.lost} samples lost, "
              f"{test.failures} expectations failed")
    return 1 if test.failures or test.lost else 0


if __name__ == "__main__":
    sys.exit(main())
