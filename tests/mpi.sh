#!/bin/sh
# SPDX-License-Identifier: MIT
#
# mpi.sh TEAMPOOL: ranks keep the contract of backends, in the program that anyone would start; and
# whatever a launcher does, a run goes on and says what it was.
set -u
. "$(dirname -- "$0")/expect.sh"
if [ $# -ne 1 ] || [ ! -x "$1" ]; then
    echo "usage: mpi.sh TEAMPOOL" >&2
    exit 2
fi
teampool=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
cell=$(dirname "$teampool")/teampool-cell
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT

isnt() { [ "$1" != "$2" ]; }
says() { grep -q "$1" "$scratch/err"; }

# A column of the cell's last table.
column() {
    awk -F, -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i; next }
        { print $at }' "$scratch/out"
}

measure() { timeout 60 "$cell" "$@" samples=1 steps_per_ms=1000000 >"$scratch/out" 2>"$scratch/err"; }

# Open MPI wants to be told twice that root is meant.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
unset TEAMPOOL_MPIRUN
"$cell" --list >"$scratch/list"
launcher=$("$cell" --about | sed -n 's/^mpirun,//p')
reason=$(sed -n 's/^backend,mpi,.*one-sided",//p' "$scratch/list")
[ -z "$reason" ] || { echo "skipped: $reason"; exit 77; }
command -v "${launcher%% *}" >/dev/null || { echo "skipped: no $launcher"; exit 77; }

# Every workload that a backend without common memory can have, each against the serial loop.
"$cell" --list | awk -F, '$1 == "workload" && $NF == "" { print $2 " " $5 }' >"$scratch/workloads"
while read -r workload forms; do
    for form in ${forms:-""}; do
        line="workload=$workload variant=$form task_ns=1000 tasks=97"
        # shellcheck disable=SC2086
        measure backend=serial $line || fail "expected a serial $workload $form"
        right=$(column checksum | sort -u)
        for backend in mpi mpi_send mpi_omp; do
            # shellcheck disable=SC2086
            if ! measure backend=$backend $line workers=2 chunk=7; then
                expect "$backend $workload: done or refused for a reason; $(cat "$scratch/err")" \
                    says 'no memory to share'
                continue
            fi
            expect "$backend $line: ok" is "$(column status | sort -u)" ok
            expect "$backend $line: checksum" is "$(column checksum | sort -u)" "$right"
        done
    done
done <"$scratch/workloads"
expect "memory to be refused" grep -q '^memory' "$scratch/workloads"
measure backend=mpi workload=memory
expect "memory to be refused as a usage error" is $? 2
measure backend=mpi workload=empty trace=1
expect "a trace to be refused" is $? 2
echo "every workload"

# Schedules and chunks, with fewer and more tasks than workers; what MPI does unasked, and spinning.
for way in "mpi static passive 3" "mpi dynamic default 3" "mpi guided passive 3" "mpi dynamic active 1" \
    "mpi steal default 1" "mpi steal passive 3" "mpi steal active 4" \
    "mpi_send dynamic active 3" "mpi_send guided passive 3" "mpi_send dynamic default 1" \
    "mpi_omp static passive 4" "mpi_omp dynamic default 2" "mpi_omp guided passive 4" \
    "mpi_omp steal passive 6 threads:3"; do
    # shellcheck disable=SC2086
    set -- $way
    for size in "97 1" "97 7" "97 98" "2 1" "97 auto"; do
        line="backend=$1 schedule=$2 wait=$3 workers=$4 options=${5:-} tasks=${size% *} chunk=${size#* }"
        # shellcheck disable=SC2086
        measure $line workload=payload payload_bytes=100 task_ns=100
        expect "$line: exit code 0; $(cat "$scratch/err")" is $? 0
        expect "$line: ok" is "$(column status | sort -u)" ok
    done
done
measure backend=mpi_send schedule=steal workload=empty
expect "no stealing where the caller deals" is $? 2
# Many jobs by one team, whose ranges must be told apart; tasks so uneven that half of them move.
for workers in 2 3; do
    timeout 60 "$cell" backend=mpi schedule=steal workload=skew variant=ramp task_ns=2000 tasks=500 chunk=1 \
        workers=$workers samples=30 steps_per_ms=1000000 >"$scratch/out" 2>"$scratch/err"
    expect "30 jobs, stolen: exit code 0; $(cat "$scratch/err")" is $? 0
    expect "30 jobs, stolen: ok" is "$(column status | sort -u)" ok
done
echo "every schedule"

# What can go wrong.
TEAMPOOL_MPIRUN=/nowhere/mpirun measure backend=mpi workload=empty
expect "no launcher: exit code 1" is $? 1
expect "no launcher: the reason" says "cannot start '/nowhere/mpirun': No such file"
TEAMPOOL_MPIRUN="$launcher -n 2" measure backend=mpi workload=empty workers=3
expect "too few ranks: no success" isnt $? 0
reason="MPI started 2 ranks, not the caller's and 3 for workers" tries=1
until says "$reason" || [ $tries -eq 5 ]; do # a launcher may lose the last words of a rank
    TEAMPOOL_MPIRUN="$launcher -n 2" measure backend=mpi workload=empty workers=3
    tries=$((tries + 1))
done
expect "too few ranks: the reason" says "$reason"
measure backend=mpi workload=empty workers=2 cpus=0+999
expect "a CPU that is not there" is $? 2
measure backend=mpi_omp workload=empty workers=3
expect "threads that do not divide the workers" is $? 2
expect "threads that do not divide the workers: the reason" says 'workers=3 is no multiple of the 2 threads'

# The ranks with the word $1 on their command line.
ranks() {
    for folder in /proc/[0-9]*; do
        case $(readlink "$folder/exe") in
        */teampool-cell-mpi) tr '\0' '\n' <"$folder/cmdline" | grep -qx "$1" && echo "${folder#/proc/}" ;;
        esac
    done 2>/dev/null
}
# ... are gone within three seconds.
none_left() {
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
        [ -n "$(ranks "$1")" ] || return 0
        sleep 0.2
    done
    return 1
}
tag=sweep=mpi-test-$$
# $1 ranks, the caller's too, are there.
all_there() {
    for _ in $(seq 100); do
        [ "$(ranks "$tag" | wc -l)" -lt "$1" ] || break
        sleep 0.1
    done
    sleep 0.5
}

# Two ranks, two threads in each: every thread is where the line says.
allowed=$("$teampool" topology --format csv | sed -n 's/^allowed_pus,//p')
if [ "${allowed:-1}" -gt 1 ]; then
    cpus=$("$teampool" plan backend=omp workload=empty workers=2 | sed -n 's/.* cpus=\([0-9+]*\).*/\1/p' | tail -n 1)
    measure backend=mpi_omp workload=sleep task_ns=100000000 tasks=80 workers=4 cpus="$cpus" $tag &
    all_there 3
    for rank in $(ranks "$tag"); do
        sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/"$rank"/task/*/status | sort -u | grep -x '[0-9]*' |
            tr '\n' '+'
        echo
    done >"$scratch/places"
    wait $!
    expect "two ranks with threads on $cpus each: $(cat "$scratch/places")" is "$(grep -cx "$cpus+" "$scratch/places")" 2
fi

measure backend=mpi_send workload=sleep task_ns=100000000 tasks=1000 workers=2 $tag &
all_there 3
victim=$(ranks "$tag" | sed -n 2p)
expect "a rank to kill" [ -n "$victim" ]
kill -9 "$victim"
wait $!
expect "a rank dies: no success" isnt $? 0
expect "a rank dies: none is left" none_left "$tag"
echo "ranks that die, launchers that are not there"

# A run goes on: a launcher that is missing, one that hangs, ranks that take too long.
plan() { # LINE...: a plan of them and one cell that does no harm
    printf '%s\n' "$@" "backend=pool workload=empty tasks=100 workers=2 samples=1" >"$scratch/plan"
}
run() { # OPTIONS...
    rm -rf "$scratch/run"
    timeout 100 "$teampool" run --plan "$scratch/plan" --out "$scratch/run" --blocks 1 --quiet --force \
        "$@" >"$scratch/out" 2>"$scratch/err"
}
status() { awk -F, -v cell="$1" 'NR > 1 && $1 == cell { print $4 }' "$scratch/run/status.csv"; }
# Its tasks take a thousand times as long as planned.
slow="backend=mpi workload=cpu steps_per_ms=1000000000 tasks=100000 workers=2 samples=1 $tag"

plan "backend=mpi workload=empty tasks=100 workers=2 samples=1"
run --mpi /nowhere/mpirun
expect "run without launcher: exit code 2" is $? 2
expect "run without launcher: the reason" says "cannot start '/nowhere/mpirun'"
expect "run without launcher: nothing was measured" [ ! -e "$scratch/run" ]
TEAMPOOL_MPIRUN=no-such-mpirun run
expect "... by the variable: exit code 2" is $? 2
expect "... by the variable: the reason" says "cannot start 'no-such-mpirun'"
expect "... by the variable: nothing was measured" [ ! -e "$scratch/run" ]
run --mpi "$launcher"
expect "run with launcher: exit code 0; $(cat "$scratch/err")" is $? 0
expect "run with launcher: it is in machine.csv" grep -q "^mpirun,$launcher" "$scratch/run/machine.csv"

printf '#!/bin/sh\nexec sleep 9%s\n' $$ >"$scratch/hangs"
chmod +x "$scratch/hangs"
plan "$slow"
run --mpi "$scratch/hangs" --budget 3s
expect "a launcher that hangs: timeout" is "$(status 1)" timeout
expect "a launcher that hangs: gone" [ -z "$(cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' ' | grep "[s]leep 9$$ ")" ]
run --budget 5s
expect "ranks that take too long: timeout" is "$(status 1)" timeout
expect "ranks that take too long: gone" none_left "$tag"
echo "a run goes on"
dry() { "$teampool" run --dry-run "$@" >"$scratch/out" 2>"$scratch/err"; }
dry --profile quick --mpi "$launcher"
expect "quick: that it measures no MPI" says "the profile quick measures no MPI"
dry
expect "no MPI, no more time" [ "$(grep -c 'for MPI' "$scratch/err")" = 0 ]
for sweep in matrix launch; do
    printf '%s %s\n' $sweep "$(grep -c "sweep=$sweep" "$scratch/out")"
done >"$scratch/kept"
dry --mpi "$launcher"
expect "MPI has time of its own" says "the budget is .* s for MPI"
while read -r sweep cells; do
    expect "$sweep stays as it is beside MPI" [ "$(grep -c "sweep=$sweep" "$scratch/out")" -ge $((cells * 2 / 3)) ]
done <"$scratch/kept"
sweeps() { "$teampool" plan --profile full | grep -c 'sweep=mpi'; }
expect "the profiles to leave MPI out" is "$(sweeps)" 0
expect "... and, with a launcher, to measure it" [ "$(TEAMPOOL_MPIRUN=$launcher && export TEAMPOOL_MPIRUN && sweeps)" -ge 10 ]

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
