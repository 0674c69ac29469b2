#!/bin/sh
# SPDX-License-Identifier: MIT
#
# clocks.sh TEAMPOOL SHIM: a wall clock that jumps by hours changes no time that is measured, and
# nothing but names and dates; a machine that was suspended says so, beside the samples that do not
# count.
set -u
. "$(dirname -- "$0")/expect.sh"
[ $# -eq 2 ] && [ -x "$1" ] || { echo "usage: clocks.sh TEAMPOOL SHIM" >&2; exit 2; }
case $1 in
/*) teampool=$1 ;;
*) teampool=$PWD/$1 ;;
esac
case $2 in
/*) shim=$2 ;;
*) shim=$PWD/$2 ;;
esac
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 2

force=
"${teampool%/*}/teampool-cell" --about >about
if grep -q '^build_type,Debug' about; then force=--force; fi

run() { # ENVIRONMENT WORDS...
    environment=$1
    shift
    # shellcheck disable=SC2086
    timeout 60 env LD_PRELOAD="$shim" $environment "$teampool" run $force --quiet "$@" >out 2>err </dev/null
    code=$?
}
fact() { sed -n "s/^$2,\([^,]*\),.*/\1/p" "$1/machine.csv"; }
below() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a != "" && a >= 0 && a < b) }'; }
# The largest of COLUMN of TABLE, or of those rows whose KEY is VALUE.
largest() {
    awk -F, -v name="$2" -v key="${3-}" -v value="${4-}" '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        key == "" || $at[key] == value { if ($at[name] + 0 > most) most = $at[name] + 0 }
        END { print most + 0 }' "$1"
}
rows_of() { # TABLE COLUMN VALUE
    awk -F, -v name="$2" -v value="$3" '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } $at[name] == value' "$1" | wc -l
}

cat >plan <<'LINES'
backend=serial workload=sleep task_ns=1000000 tasks=2 samples=2
backend=pool workload=sleep task_ns=1000000 tasks=2 workers=2 samples=2 trace=1
backend=omp workload=sleep task_ns=1000000 tasks=2 workers=2 samples=2
LINES

run CLOCKS_JUMP=7200 --plan plan --blocks 3 --budget 30s --out jumps
expect "exit code 0, not $code" is $code 0
expect "nine launches that went well" is "$(rows_of jumps/status.csv status ok)" 9
for column in wall_ns start_ns open_ns busy_sum_ns first_ns last_ns; do
    expect "$column below 20 s" below "$(largest jumps/samples.csv $column)" 2e10
done
expect "wall_ms below 20 s" below "$(largest jumps/status.csv wall_ms)" 20000
expect "end_ns of the trace below 20 s" below "$(largest jumps/trace.csv end_ns)" 2e10
expect "elapsed_s below 30" below "$(fact jumps elapsed_s)" 30
expect "no suspend" is "$(fact jumps suspended_s)" 0.00
expect "no sample left out" is "$(rows_of jumps/samples.csv suspended_ns 0)" 27
run CLOCKS_JUMP=-86400 --resume jumps --blocks 4
expect "going on: exit code 0, not $code" is $code 0
expect "twelve launches" is "$(rows_of jumps/status.csv status ok)" 12
echo "a wall clock that jumps changes names and dates alone"

# Three looks each time: one before the first cell, one after each.
run CLOCKS_SUSPEND=16:3600 --plan plan --blocks 8 --seed 1 --budget 60s --out slept
expect "exit code 0, not $code" is $code 0
expect "all 24 launches, in a budget that the suspend is not part of" \
    is "$(rows_of slept/status.csv status ok)" 24
expect "one of them beside a suspend" is "$(grep -c 'the machine was suspended for 3600 s' slept/status.csv)" 1
expect "it is the fifth" is "$(grep 'was suspended' slept/status.csv | cut -d, -f3)" 5
expect "its three samples, no others" is "$(rows_of slept/samples.csv suspended_ns 0)" 69
expect "an hour" below 3.59e12 "$(largest slept/samples.csv suspended_ns seq 5)"
expect "suspended_s" is "$(fact slept suspended_s | cut -d. -f1)" 3600
expect "7 blocks of that cell count" is "$(rows_of slept/cells.csv blocks 7)" 1
expect "8 of the others" is "$(rows_of slept/cells.csv blocks 8)" 2
expect "a pair of the 7 others" [ "$(rows_of slept/pairs.csv blocks 7)" -ge 1 ]
expect "a check" says slept/checks.csv 'suspended,note,3600'
cp slept/cells.csv kept
run CLOCKS_JUMP=0 --resume slept
expect "nothing left to do: exit code 0, not $code" is $code 0
expect "the same cells" cmp -s kept slept/cells.csv
echo "a suspend is said, and its samples do not count"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
