#!/bin/sh
# SPDX-License-Identifier: MIT
#
# lab.sh TEAMPOOL: the labs are there, each with a whole sheet; a short one is measured; made-up hand-ins
# are graded: passing, failing, unclear beside a load, tampered with, of another lab, copied.
set -eu
[ $# -eq 1 ] || { echo "usage: lab.sh TEAMPOOL" >&2; exit 2; }
. "$(dirname -- "$0")/expect.sh"
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
teampool=$(CDPATH='' cd -- "$(dirname -- "$1")" && pwd)/$(basename -- "$1")
command -v python3 >/dev/null || { echo 'no python3 to make hand-ins with'; exit 77; }
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
trap 'exit 130' INT TERM
cd -- "$work"
TEAMPOOL_PYTHON=/nowhere # labs do without Python
export TEAMPOOL_PYTHON

# lab CODE WORD...: the command ends with CODE; what it says goes to out and err.
lab() {
    wanted=$1
    shift
    code=0
    "$teampool" lab "$@" >out 2>err || code=$?
    [ "$code" -eq "$wanted" ] || fail "lab $*: exit $code, not $wanted: $(cat out err)"
}

# says FILE PATTERN: a line matches.
says() {
    grep -q -- "$2" "$1" || fail "'$2' is not in: $(cat "$1")"
}

# reads PATTERN: the same of out, however its lines are broken.
reads() {
    tr -s ' \n' '  ' <out | grep -q -- "$1" || fail "'$1' is not in: $(cat out)"
}

# made NAME EDIT...: a hand-in from the measured one.
made() {
    name=$1
    shift
    rm -rf "$name"
    cp -R run "$name"
    python3 "$here/hand_in.py" "$name" "$@"
}

# ---- the list and the sheets
lab 0
labs=$(sed 's/ .*//' out)
for name in chunk convoy cores fork gil pickle sleep; do says out "^$name  *[a-z]"; done
for name in $labs; do
    lab 0 "$name" --sheet
    says out "^# $name: "
    for part in 'Goal\.' 'The one idea\.'; do says out "^\*\*$part\*\*"; done
    for part in Steps Questions 'What you should see' 'Now break it' 'The plan and the checks'; do
        says out "^## $part$"
    done
    says out '^1\. \*\(Predict\|Look\)'
    awk '/^## / { part = $2 } part == "Questions" && /^[0-9]\. / { n++ } END { exit n != 3 }' out ||
        fail "$name: not three questions"
    grep -q "^| \`$name\`" "$here/../docs/labs/INSTRUCTOR.md" || fail "INSTRUCTOR.md: nothing of $name"
done

# ---- what cannot be meant
lab 2 slep
says err "did you mean 'sleep'"
lab 2 sleep somewhere
says err 'add --check'
lab 2 sleep --check
lab 2 sleep --sheet --check x
lab 1 sleep --check nowhere
says out '^refused; .*nowhere'

# ---- one is measured: no timing in it, so it passes on any machine
lab 0 pickle --force --out pickle
says out '^pickle: what crosses'
says out '^  pass  *struct '
says out '^  absent  *dill_nested  *Not here: .*there is no'
says out '^pass: '
says err 'left out, the first: .*there is no /nowhere'
says pickle/machine.csv '^lab,pickle,'
lab 1 pickle --force --out pickle
says err 'needs a folder of its own'
lab 0 pickle --check pickle
find pickle -newer out | grep -q . && fail 'grading wrote into the hand-in'

# ---- another is: whatever comes out beside the load of the tests, it is not a fail, and what is made of
# it is known
code=0
"$teampool" lab gil --force --out run >out 2>err || code=$?
case $code in 0 | 4) ;; *) fail "lab gil: exit $code: $(cat out err)" ;; esac
even='locked.wall_ns=120000000 serial.wall_ns=120000000 free.wall_ns=61000000
    processes.wall_ns=62000000 quarter.wall_ns=75000000 half.wall_ns=90000000
    nap_one.wall_ns=321000000 nap_eight.wall_ns=41000000 fact.effective_workers=2
    serial.runq_ns=0 free.runq_ns=0 processes.runq_ns=0 quarter.runq_ns=0 locked.runq_ns=0
    inside_locked.inside_most=1 inside_free.inside_most=2 locked.lock_requests=20
    fact.foreign_share=0.01 fact.steal_share=0'
# shellcheck disable=SC2086
made good $even fit seal
lab 0 gil --check good
says out '^pass: 8 of 8'
says out 'Two free threads computed 2.0 times as fast'
says out '^  shown  *g_star  *Processes win from g\* = 3% on'
rm -r run && mv good run # from here on: made of the good one

made slow processes.wall_ns=110000000 fit seal
lab 1 gil --check slow
says out '^  absent  *g_star  *Not here: it takes processes that are'
reads ' fail processes Two [a-z ]*1.1 times as fast\. Expected: serial / processes >= 1.5'
made loaded processes.wall_ns=110000000 fact.foreign_share=0.3 fit seal
lab 4 gil --check loaded
says out '^  absent  *g_star'
reads ' unclear processes [^:]*: serial / processes >= 1.5, but the CPUs were not its own'
says out '^unclear: .*took 30% of the CPU time; run again when'
made crowded processes.wall_ns=110000000 processes.runq_ns=90000000 fit seal
lab 4 gil --check crowded
made throttled processes.wall_ns=110000000 processes.throttled_ns=50000000 fit seal
lab 4 gil --check throttled
made unknown fact.foreign_share= seal
lab 4 gil --check unknown
made two_inside inside_locked.inside_most=2 fact.foreign_share=0.9 seal
lab 1 gil --check two_inside
says out '^  fail  *one_inside '
made one_cpu processes.wall_ns=120000000 fact.effective_workers=1 fit seal
lab 0 gil --check one_cpu
says out '^  absent  *processes  *Not here: it takes P >= 2'

# ---- tampered with: each in a way of its own, and none is graded
# refused NAME REASON
refused() {
    lab 1 gil --check "$1"
    says out "^refused; .*$2"
    if grep -q '^  pass' out; then fail "$1: graded"; fi
}
made edited free.wall_ns=60999999 && refused edited 'as the program left them'
made longer inside_free.wall_ns=9000000000 seal && refused longer 'in a process that lived'
made overlap free.wall_ns=900000000 seal && refused overlap 'begins before the one before it ends'
made total free.wall_ns=30000000 seal && refused total 'its samples add up to'
made early nap_eight.wall_ns=30000000 fit seal && refused early 'asleep in'
made shorter fact.elapsed_s=1 seal && refused shorter 'in a run that took 1.00 s'
made dropped drop=serial seal && refused dropped 'sample 0 is missing'
made unlaunched launch=3 seal && refused unlaunched 'rows are missing'
made no_sum free.checksum= seal && refused no_sum 'no checksum'
made other_sum free.checksum=0123456789abcdef seal && refused other_sum 'with other results'
made reseeded fact.seed=1 seal && refused reseeded 'not in the order that seed 1 makes'
made other_cell free.workers=4 seal && refused other_cell 'its workers is .4., which the plan has not'
made void free.status=void seal && refused void "its status is .void."
made unended fact.elapsed_s= seal && refused unended 'it has not ended'
mkdir empty && refused empty 'machine.csv'

# ---- of another lab, or of none
lab 1 gil --check pickle
says out '^another lab; it is of the lab pickle'
made other_plan 'plan=tasks=120=>tasks=119' seal
lab 1 gil --check other_plan
says out '^another lab; its plan is not'
cp -R pickle unnamed
python3 "$here/hand_in.py" unnamed fact.lab= seal
lab 1 gil --check unnamed
says out '^another lab; its plan is not'

# ---- two with the same measurements: both, as the files don't tell who measured
cp -R run copy
lab 1 gil --check run copy slow
[ "$(grep -c '^refused; it has the same measurements' out)" -ge 2 ] || fail "copies: $(cat out)"

# ---- a marking table
lab 4 gil --check loaded --format csv
lab 1 gil --check slow pickle edited --format csv
awk -F, 'NR == 1 { n = NF; for (i = 1; i <= NF; i++) at[$i] = i }
    NR == 1 && !("verdict" in at && "reason" in at && "one_inside" in at) { exit 1 }
    NR == 1 && "g_star" in at { exit 1 }
    NR == 3 && $at["verdict"] != "another lab" { exit 1 }
    NR == 4 && ($at["verdict"] != "refused" || $at["one_inside"] != "") { exit 1 }
    END { exit NR != 4 }' out || fail "the table: $(cat out)"
python3 -c 'import csv, sys
rows = list(csv.reader(open("out")))
sys.exit(len({len(r) for r in rows}) != 1)' || fail "the table's rows differ in width: $(cat out)"

[ "$failed" -eq 0 ] || { echo "$failed failures"; exit 1; }
echo 'all well'
