#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""hand_in.py DIR EDIT...: changes the record of a lab's run, for tests of who grades it.

    LABEL.COLUMN=VALUE   in all rows of samples.csv whose sweep is LABEL; VALUE may be x1.5: so many
                         times what stands there
    fact.KEY=VALUE       in machine.csv
    drop=LABEL           takes the first row of LABEL out of samples.csv
    launch=N             takes launch N out of status.csv
    plan=OLD=>NEW        replaces a text in plan.txt
    fit                  times of launches and of the run as the samples' are now
    seal                 the seal as if the program had left the files so; it is no secret
"""
import csv
import os
import sys

FILES = ("plan.txt", "samples.csv", "status.csv", "trace.csv")


class Table:
    def __init__(self, path):
        self.path = path
        with open(path, newline="", encoding="utf-8") as f:
            reader = csv.DictReader(f)
            self.rows, self.names = list(reader), reader.fieldnames

    def write(self):
        with open(self.path, "w", newline="", encoding="utf-8") as f:
            out = csv.DictWriter(f, self.names, lineterminator="\n")
            out.writeheader()
            out.writerows(self.rows)


def fit(samples, status, facts):
    total = lived = 0
    for launch in [row for row in status.rows if row["seq"]]:  # not of what was left out
        now = 0
        for row in samples.rows:
            if row["seq"] == launch["seq"]:
                now = max(now, int(row["start_ns"] or 0))
                row["start_ns"] = str(now)
                now += int(row["wall_ns"])
                total += int(row["wall_ns"])
        launch["wall_ms"] = "%.1f" % (now / 1e6 + 3)
        lived += now / 1e9 + 0.003
    facts["sampled_s"], facts["elapsed_s"] = "%.2f" % (total / 1e9), "%.2f" % (lived + 1)


def seal(folder, machine):
    total = 0xCBF29CE484222325

    def add(data):
        nonlocal total
        for byte in data:
            total = ((total ^ byte) * 0x100000001B3) & (1 << 64) - 1
    for name in FILES:
        add(name.encode() + b"\0")
        path = os.path.join(folder, name)
        if os.path.exists(path):
            with open(path, "rb") as f:
                add(f.read())
    for row in machine.rows:
        if row["key"] != "lab_seal":
            for name in ("key", "value", "note"):
                add(row[name].encode() + b"\0")
    for row in machine.rows:
        if row["key"] == "lab_seal":
            row["value"] = "%016x" % total


def edit(folder, words):
    samples, status, machine = (Table(os.path.join(folder, name))
                                for name in ("samples.csv", "status.csv", "machine.csv"))
    for word in words:
        name, _, value = word.partition("=")
        label, _, column = name.partition(".")
        facts = {row["key"]: row["value"] for row in machine.rows}
        if word == "fit":
            fit(samples, status, facts)
        elif label == "fact":
            facts[column] = value
        elif name == "drop":
            samples.rows.remove(next(r for r in samples.rows if r["sweep"] == value))
        elif name == "launch":
            status.rows = [row for row in status.rows if row["seq"] != value]
        elif name == "plan":
            old, new = value.split("=>")
            with open(os.path.join(folder, "plan.txt"), encoding="utf-8") as f:
                text = f.read()
            assert old in text
            with open(os.path.join(folder, "plan.txt"), "w", encoding="utf-8") as f:
                f.write(text.replace(old, new))
        elif word != "seal":
            of_label = [r for r in samples.rows if r["sweep"] == label]
            assert of_label, label
            for row in of_label:
                row[column] = str(round(int(row[column]) * float(value[1:]))) \
                    if value.startswith("x") else value
        for row in machine.rows:
            row["value"] = facts[row["key"]]
        for table in samples, status, machine:
            table.write()
        if word == "seal":
            seal(folder, machine)
            machine.write()


if __name__ == "__main__":
    edit(sys.argv[1], sys.argv[2:])
