#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Read a run folder back as a stranger would, with the standard csv module, and check what every run
must fulfil.  Usage: check_run.py DIR"""
import csv
import os
import sys

FOLDER = sys.argv[1]
PROBLEMS = []
CHECKS = 0


def check(condition, text):
    global CHECKS
    CHECKS += 1
    if not condition:
        PROBLEMS.append(text)


def table(name):
    path = os.path.join(FOLDER, name)
    with open(path, newline="", encoding="utf-8") as f:
        text = f.read()
    check(text.endswith("\n") and "\r" not in text, f"{name}: LF line ends, also the last")
    rows = list(csv.DictReader(text.splitlines()))
    check(all(None not in r and None not in r.values() for r in rows), f"{name}: all rows have all fields")
    return rows


samples, status, cells = table("samples.csv"), table("status.csv"), table("cells.csv")
pairs, machine = table("pairs.csv"), table("machine.csv")
facts = {r["key"]: r["value"] for r in machine}
columns = list(samples[0])
key = columns[: columns.index("block")]

check(samples, "there are samples")
check(all(r["status"] == "ok" for r in samples), "every sample's result is right")
check(all(int(r["wall_ns"]) > 0 for r in samples), "every time is above zero")
check(all(r["status"] in ("ok", "skipped") for r in status), "no cell failed")

seen = {}
for r in samples:
    seen.setdefault((r["block"], r["seq"]), []).append(r)
ok = [r for r in status if r["status"] == "ok"]
check(len(ok) == len(seen), "each measured cell has its status row, each ok row its samples")
for rows in seen.values():
    check(len({tuple(r[k] for k in key) for r in rows}) == 1, "rows of one launch are one cell's")

work = {}
for r in samples:
    name = tuple(r[k] for k in ("workload", "work_version", "variant", "task_ns", "tasks"))
    work.setdefault((name, r["steps_per_ms"]), set()).add(r["checksum"])
check(all(len(sums) == 1 for sums in work.values()), "backends agree on every checksum")

names = {tuple(r[k] for k in key) for r in samples}
check({tuple(r[k] for k in key) for r in cells} == names, "cells.csv has a row per cell")
check(all(float(r["median_ns"]) > 0 for r in cells), "every cell has its median")
check(all(float(r["ratio"]) > 0 for r in pairs), "every pair has its ratio")
for sweep in ("lesson", "workers", "chunk", "length", "schedules", "startup"):
    check(any(sweep in r["sweep"].split("+") for r in cells), f"the sweep '{sweep}' was measured")
for name in ("serial", "omp", "pool", "pipe"):
    check(any(r["backend"] == name for r in cells), f"the backend '{name}' was measured")
for name in ("hostname", "kernel", "compiler", "flags", "seed", "effective_workers", "command"):
    check(facts.get(name), f"machine.csv: {name}")
check(float(facts["elapsed_s"]) <= float(facts["budget_s"]) * 1.1, "the budget was kept")

checks, doctor, verdict = table("checks.csv"), table("doctor.csv"), table("verdict.csv")
check(all(r["mark"] in ("good", "note", "warn", "bad") for r in checks), "checks have known marks")
check(len({r["check"] for r in checks}) == len(checks), "checks have names of their own")
check([r for r in checks if r in doctor] == doctor, "checks.csv holds what doctor.csv found")
check({"results", "blocks", "failures"} <= {r["check"] for r in checks}, "results were checked")
check([r["question"] for r in verdict].count("headline") == 1, "verdict.csv has one headline")
check(all(r["confidence"] in ("high", "medium", "low") for r in verdict), "every answer says how sure")
if facts["profile"] == "smoke":
    check(len(verdict) == 1 and verdict[0]["choice"] == "none", "a smoke run gives no verdict")

report = os.path.join(FOLDER, "report.html")
if os.path.exists(report):
    with open(report, encoding="utf-8") as f:
        page = f.read()
    check("<script" not in page, "the page has no scripts")
    check("Content-Security-Policy" in page, "the page forbids them, too")

for problem in PROBLEMS:
    print(f"{FOLDER}: not so: {problem}", file=sys.stderr)
print(f"{CHECKS - len(PROBLEMS)} passed, {len(PROBLEMS)} failed")
sys.exit(1 if PROBLEMS else 0)
