#!/bin/sh
# SPDX-License-Identifier: MIT
#
# doctor.sh TEAMPOOL_BINARY MACHINES_DIR: `teampool doctor` on this machine and on machines made of
# files: both formats, what --strict makes of a bad check, what it refuses, and that it leaves
# nothing behind.
set -u
. "$(dirname -- "$0")/expect.sh"
if [ $# -ne 2 ] || [ ! -x "$1" ] || [ ! -d "$2" ]; then
    echo "usage: doctor.sh TEAMPOOL_BINARY MACHINES_DIR" >&2
    exit 2
fi
teampool=$(CDPATH='' cd -- "$(dirname -- "$1")" && pwd)/$(basename -- "$1")
machines=$(CDPATH='' cd -- "$2" && pwd)
unset HWLOC_SYNTHETIC HWLOC_XMLFILE HWLOC_THISSYSTEM TEAMPOOL_ROOT OMP_NUM_THREADS
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 2

matches() { grep -qE -- "$2" "$1"; }
is_not_there() { [ ! -e "$1" ]; }

doctor() {
    what="doctor $*"
    "$teampool" doctor "$@" >out 2>err
    code=$?
}

# ---- here

doctor
expect "exit code 0, not $code" is $code 0
expect "nothing on stderr" is_empty err
expect "how many there are" matches out '^[0-9]+ checks: [0-9]+ bad, [0-9]+ warn$'
doctor --format csv
expect "exit code 0, not $code" is $code 0
expect "nothing on stderr" is_empty err
expect "the header" is "$(head -n 1 out)" 'check,mark,value,text,fix'
for name in load stability governor boost power heat smt cpus quota throttling isolated virtual steal \
    hugepages numa_balancing aslr clocksource clock timer_slack memory shm tasks files disk openmp_env \
    build gnuplot; do
    expect "one check '$name' with a known mark" is \
        "$(grep -cE "^$name,(good|note|warn|bad)," out)" 1
done
if command -v python3 >/dev/null; then
    expect "a table that Python reads" python3 -c '
import csv, sys
rows = list(csv.DictReader(open("out", encoding="utf-8")))
assert len({r["check"] for r in rows}) == len(rows) >= 27
assert all(None not in r and None not in r.values() for r in rows)
assert all(r["text"] and r["value"] for r in rows)
assert all(r["fix"] for r in rows if r["mark"] in ("warn", "bad"))'
else
    echo "no python3: the table was not read back"
fi
what="variables of OpenMP"
OMP_NUM_THREADS=3 "$teampool" doctor --format csv >out 2>err
expect "the variable, and how to be rid of it" says out 'unset OMP_NUM_THREADS'
expect "no folder for results" is_not_there results

# ---- machines made of files

export TEAMPOOL_ROOT="$scratch/root" HWLOC_SYNTHETIC='core:4 pu:2'
mkdir -p root/proc root/sys/devices/system/cpu/cpu0/cpufreq root/proc/self
echo powersave >root/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor
printf 'MemAvailable: 90000000 kB\n' >root/proc/meminfo
doctor --format csv
expect "exit code 0, not $code" is $code 0
expect "powersave warns" matches out '^governor,warn,powersave \(1\),.*cpupower'
expect "two threads a core" matches out '^smt,note,"2 per core, used"'
expect "an unknown clock source is a note" matches out '^clocksource,note,not known here'
doctor --strict
expect "exit code 4, not $code" is $code 4

printf 'MemAvailable: 1000 kB\n' >root/proc/meminfo
echo performance >root/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor
doctor --format csv --strict
expect "exit code 4, not $code" is $code 4
expect "no memory is bad" matches out '^memory,bad,'
expect "performance is good" matches out '^governor,good,'
doctor
expect "exit code 0 without --strict" is $code 0
expect "the worst first" matches out '^bad   memory'

TEAMPOOL_ROOT=$machines/quota.root HWLOC_SYNTHETIC=$(cat "$machines/quota.synthetic")
doctor --format csv
expect "a quota warns" matches out '^quota,warn,[0-9.]+ CPUs,.*sudo tee /'

# ---- what it refuses

unset TEAMPOOL_ROOT
doctor
expect "exit code 2: another machine" is $code 2
expect "which" says err HWLOC_SYNTHETIC
unset HWLOC_SYNTHETIC
doctor --format cvs
expect "exit code 2" is $code 2
expect "the nearest format" says err "did you mean 'csv'"
doctor --profile huge
expect "exit code 2" is $code 2
doctor patient
expect "exit code 2" is $code 2
doctor --help
expect "exit code 0" is $code 0
for word in --format --strict 'changes nothing' TEAMPOOL_ROOT; do
    expect "'$word' in the help" says out "$word"
done
what="the list of checks in results/README.md"
here=$machines/../..
cat "$here/bench/checks.c" "$here/bench/diagnosis.c" | tr '\n' ' ' | grep -oE '(checks_add|unknown)\( *out, *"[a-z_]+"' |
    sed 's/.*"\(.*\)"/\1/' | sort -u >names
sed -n '/^## checks.csv/,/^## verdict.csv/p' "$here/results/README.md" | tr '\n' ' ' |
    grep -oE 'Of the (results|machine): `[^`]*`' | sed 's/.*: `//; s/`//' | tr ' ' '\n' | sort -u >listed
: >err
expect "every check by its name, and no other: $(comm -3 names listed | tr -d '\n\t')" cmp -s names listed

what="a full disk"
if [ -e /dev/full ]; then
    "$teampool" doctor >/dev/full 2>err
    expect "exit code 1" is $? 1
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
