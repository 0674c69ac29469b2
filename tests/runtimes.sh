#!/bin/sh
# SPDX-License-Identifier: MIT
#
# runtimes.sh TEAMPOOL: two OpenMP runtimes are two rows of one run, are held against each other, and
# each says itself how it waits.
set -u
. "$(dirname -- "$0")/expect.sh"
if [ $# -ne 1 ] || [ ! -x "$1" ]; then
    echo "usage: runtimes.sh TEAMPOOL" >&2
    exit 2
fi
folder=$(cd "$(dirname "$1")" && pwd)
[ -x "$folder/teampool-cell-llvm" ] || { echo "skipped: there is no teampool-cell-llvm"; exit 77; }
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT

for runner in cell cell-llvm; do
    for wait in active passive default; do
        echo "runner=$runner backend=omp wait=$wait workload=empty tasks=100 chunk=10 workers=2 samples=1"
    done
done >"$scratch/plan"
"$1" run --plan "$scratch/plan" --out "$scratch/run" --blocks 6 --quiet --force >"$scratch/out" 2>"$scratch/err"
expect "the run to end well; $(cat "$scratch/err")" [ $? -eq 0 ]
machine=$scratch/run/machine.csv
for runner in cell cell-llvm; do
    expect "$runner active" grep -Eiq "^omp_env:$runner:active,.*OMP_WAIT_POLICY=ACTIVE" "$machine"
    expect "$runner passive" grep -Eiq "^omp_env:$runner:passive,.*OMP_WAIT_POLICY=PASSIVE" "$machine"
    expect "$runner default" grep -Eiq "^omp_env:$runner:default,.*OMP_NUM_THREADS=.?2" "$machine"
done
expect "LLVM's runtime in the second" grep -q '^omp_env:cell-llvm:.*KMP_BLOCKTIME=' "$machine"
expect "GNU's in the first" grep -q '^omp_env:cell:.*GOMP_SPINCOUNT=' "$machine"
expect "three pairs of runtimes" [ "$(grep -c 'cell,.*cell-llvm,' "$scratch/run/pairs.csv")" -eq 3 ]
"$folder/teampool-cell-llvm" --about >"$scratch/about"
expect "the program to know its runtime" grep -qx 'openmp,LLVM libomp' "$scratch/about"
expect "a full run to have both" [ "$("$1" plan --profile full | grep -c 'runner=cell-llvm.*sweep=runtimes')" -ge 6 ]

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
