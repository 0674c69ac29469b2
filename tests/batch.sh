#!/bin/sh
# SPDX-License-Identifier: MIT
#
# batch.sh TEAMPOOL EXAMPLES: jobs of batch systems, made of variables as Slurm, PBS and LSF set
# them, on a machine made of files: what a plan allows for, and what doctor says of it.  Then on this
# machine: what a run keeps of its job, that nothing is drawn where there is no terminal, that it ends
# well when it is told to, and the example scripts in the folder EXAMPLES.
set -u
. "$(dirname -- "$0")/expect.sh"
if [ $# -ne 2 ] || [ ! -x "$1" ] || [ ! -d "$2" ]; then
    echo "usage: batch.sh TEAMPOOL EXAMPLES" >&2
    exit 2
fi
teampool=$(CDPATH='' cd -- "$(dirname -- "$1")" && pwd)/$(basename -- "$1")
examples=$(CDPATH='' cd -- "$2" && pwd)
for name in $(env | sed -n 's/^\(SLURM_[A-Z_]*\|PBS_[A-Z_]*\|LSB_[A-Z_]*\|OMPI_[A-Z_]*\)=.*/\1/p'); do
    unset "$name"
done
unset NCPUS MPI_LOCALNRANKS MPI_LOCALRANKID HWLOC_SYNTHETIC HWLOC_XMLFILE HWLOC_THISSYSTEM TEAMPOOL_ROOT
scratch=$(mktemp -d) || exit 2
running=
cleanup() {
    [ -z "$running" ] || kill -9 "$running" 2>/dev/null
    rm -rf "$scratch"
}
trap cleanup EXIT
trap 'exit 130' INT TERM
cd "$scratch" || exit 2

says() { grep -qE -- "$2" "$1"; }
says_not() { ! grep -qE -- "$2" "$1"; }
is_not_there() { [ ! -e "$1" ]; }
cannot() { echo "not tried: $1"; }

# A measuring program is refused by `run` if it is a Debug or sanitizer build.
force=
"${teampool%/*}/teampool-cell" --about >about
if grep -q '^build_type,Debug' about || grep -q 'fsanitize' about; then force=--force; fi

# most: the most workers on a plan line.
most() { tr ' ' '\n' | sed -n 's/^workers=//p' | sort -n | tail -n 1; }

# in_job VARIABLE=VALUE ... -- COMMAND ...: with these variables set.
in_job() {
    what=$*
    set_words=
    while [ "$1" != -- ]; do
        set_words="$set_words $1"
        shift
    done
    shift
    # shellcheck disable=SC2086
    env $set_words "$@" >out 2>err
    code=$?
}

# ---- 64 CPUs in a job

mkdir -p root/proc/self
printf 'MemAvailable: 90000000 kB\n' >root/proc/meminfo
slurm='SLURM_JOB_ID=123 SLURM_JOB_PARTITION=short SLURM_JOB_NODELIST=n[1-2]'
eight="$slurm SLURM_CPUS_ON_NODE=8 SLURM_JOB_CPUS_PER_NODE=8(x2) SLURM_CPUS_PER_TASK=8 SLURM_NTASKS=1"

# fake WORDS COMMAND...: with these variables, on the machine of files.
fake() {
    words=$1
    shift
    # shellcheck disable=SC2086
    in_job $words -- "$teampool" "$@"
}
export TEAMPOOL_ROOT="$scratch/root" HWLOC_SYNTHETIC='core:64 pu:1'

fake '' doctor --format csv
expect "no job, no checks of it" says_not out '^(allocation|shared_node|copies),'
fake "$eight" topology
expect "the job" says out '^batch job    Slurm job 123 gives 8 of 64 CPUs$'
expect "its workers" says out 'at most 8 at a time; worth measuring: 1 2 4 8$'
expect "why not more" says out 'not more: Slurm job 123 gives 8 of 64 CPUs'
fake "$eight" topology --format csv
expect "the system" says out '^batch_system,Slurm$'
expect "the job's number" says out '^batch_job,123$'
expect "its CPUs" says out '^batch_cpus,8$'
expect "effective_workers" says out '^effective_workers,8$'
fake "$eight" plan
expect "CPUs 0 to 7" says out 'cpus=0\+1\+2\+3\+4\+5\+6\+7 '
expect "no others" says_not out 'cpus=[0-9+]*(8|9|[1-6][0-9])'
expect "8 workers at most, but for starting them" is "$(grep -v sweep=startup out | most)" 8
expect "why" says err 'fewer workers than CPUs: Slurm job 123 gives 8 of 64 CPUs'
fake "$eight" doctor --format csv
expect "the mask is wider" says out '^allocation,warn,Slurm job 123 gives 8 of 64 CPUs,.*mask has 64: .*8 workers'
expect "others may be here" says out '^shared_node,warn,8 of 64,.*sbatch --exclusive'
expect "no advice to take what is others'" says_not out 'taskset -pc 0-63'

HWLOC_SYNTHETIC='core:64 pu:2'
fake "$slurm SLURM_CPUS_ON_NODE=64" doctor --format csv
expect "CPUs that are cores are no warning" says out '^allocation,note,.* 64 of 128 CPUs,'
expect "the whole node" says out '^shared_node,good,64 of 128'
HWLOC_SYNTHETIC='core:4 pu:1'
fake "$slurm SLURM_CPUS_ON_NODE=4" doctor --format csv
expect "all is well" says out '^allocation,good,'
fake "$slurm SLURM_CPUS_ON_NODE=8" doctor --format csv
expect "a narrow mask" says out '^allocation,warn,.*mask has 4 of them'
fake "$slurm SLURM_CPUS_ON_NODE=1 SLURM_JOB_CPUS_PER_NODE=4" doctor --format csv
expect "a step with less than the job" says out '^allocation,warn,.*the job, which has 4","srun --cpus-per-task=4'
fake "$slurm SLURM_JOB_CPUS_PER_NODE=4" doctor --format csv
expect "the shell of salloc" says out '^allocation,warn,Slurm job 123,.*after salloc'
fake "$slurm SLURM_JOB_CPUS_PER_NODE=1" topology
expect "which limits nothing" says out 'at most 4 at a time'
HWLOC_SYNTHETIC='core:4 pu:2'
fake "$slurm SLURM_CPUS_ON_NODE=8 SLURM_MEM_PER_NODE=100" plan
expect "no ballast beyond the job's memory" says err 'of memory needed, .*\(SLURM_MEM_PER_NODE\)'
fake "$slurm SLURM_CPUS_ON_NODE=8 SLURM_JOB_CPUS_PER_NODE=8 SLURM_MEM_PER_CPU=20" doctor --format csv
expect "how to get more" says out '^memory,warn,.160[^0-9]*MiB free.*sbatch --mem='
fake "$slurm SLURM_CPUS_ON_NODE=8 SLURM_MEM_PER_NODE=0" plan
expect "all memory is no limit" says_not err 'of memory needed'
HWLOC_SYNTHETIC='core:64 pu:1'
fake 'SLURM_JOB_ID=1 SLURM_CPUS_ON_NODE=many SLURM_JOB_CPUS_PER_NODE=,,(x' topology
expect "no number is no limit" says out 'at most 64 at a time'

fake 'PBS_JOBID=77.server PBS_QUEUE=q NCPUS=6' topology
expect "OpenPBS" says out '^batch job    PBS job 77.server gives 6 of 64 CPUs$'
fake 'PBS_JOBID=77.server NCPUS=64 PBS_NUM_PPN=5' topology
expect "Torque" says out '^batch job    PBS job 77.server gives 5 of 64 CPUs$'
fake NCPUS=6 topology
expect "no job" says_not out 'batch job'
fake PBS_JOBID=77.server doctor --format csv
expect "CPUs not told" says out '^allocation,warn,PBS job 77.server,'
export LSB_MCPU_HOSTS='n1 12 n2 4'
fake LSB_JOBID=9 topology
unset LSB_MCPU_HOSTS
expect "LSF" says out '^batch job    LSF job 9 gives 12 of 64 CPUs$'

fake "$eight SLURM_STEP_TASKS_PER_NODE=4(x2) SLURM_LOCALID=1" doctor --format csv
expect "four at once are bad" says out '^copies,bad,4 by srun,.*srun --ntasks=1 --cpus-per-task=8'
fake "$eight SLURM_STEP_TASKS_PER_NODE=1(x2)" doctor --format csv
expect "one on each node is not" says_not out '^copies,'

# another machine: our job does not count
unset TEAMPOOL_ROOT HWLOC_SYNTHETIC
fake 'SLURM_JOB_ID=1 SLURM_CPUS_ON_NODE=8' topology --topology 'core:64 pu:1'
expect "64 workers there" says out 'at most 64 at a time'
expect "no job there" says_not out 'batch job'

# ---- several at once

for words in 'SLURM_JOB_ID=1 SLURM_STEP_TASKS_PER_NODE=2 SLURM_LOCALID=' \
    'OMPI_COMM_WORLD_LOCAL_SIZE=2 OMPI_COMM_WORLD_LOCAL_RANK=' 'MPI_LOCALNRANKS=2 MPI_LOCALRANKID='; do
    # shellcheck disable=SC2086
    in_job ${words}0 -- "$teampool" run --profile smoke --out several
    expect "exit code 2, not $code" is $code 2
    expect "why, and what to do" says err 'started this program 2 times .*once:'
    # shellcheck disable=SC2086
    in_job ${words}1 -- "$teampool" run --profile smoke --out several
    expect "exit code 2, not $code" is $code 2
    expect "one speaks for all" is_empty err
done
expect "nothing written" is_not_there several

# ---- a run in a job

cat >small.plan <<'PLAN'
backend=omp workload=cpu task_ns=10000 tasks=100 workers=2 chunk=4 samples=1
backend=pool workload=cpu task_ns=10000 tasks=100 workers=2 chunk=4 samples=1
PLAN
# shellcheck disable=SC2086
in_job $eight -- env -u TERM setsid "$teampool" run $force --plan small.plan --blocks 2 --out run </dev/null
expect "exit code 0, not $code" is $code 0
expect "progress in lines of their own" says err '^ *[0-9]+ %  block [12]  about .* left$'
expect "no escapes, no carriage returns" says_not err "$(printf '[\033\r]')"
for fact in batch_system,Slurm batch_job,123 batch_queue,short 'batch_nodes,n\[1-2\]' \
    batch_cpus,8,SLURM_CPUS_ON_NODE 'batch_job_cpus,8,' 'batch_cpus_per_task,8,' 'batch_memory_mib,,'; do
    expect "$fact" says run/machine.csv "^$fact"
done
expect "the check is kept" says run/checks.csv '^allocation,'
"$teampool" report run >out 2>err
expect "a page" is $? 0
expect "that names the job" says run/report.html 'Slurm job 123 gives 8 of [0-9]* CPUs? '

cat >long.plan <<'PLAN'
backend=omp workload=cpu task_ns=1000000 tasks=150 workers=1 chunk=1 samples=1
backend=pool workload=cpu task_ns=1000000 tasks=150 workers=1 chunk=1 samples=1
backend=pipe workload=cpu task_ns=1000000 tasks=150 workers=1 chunk=1 samples=1
PLAN

# begin DIR: a run in the background, until its first cell is measured.
begin() {
    "$teampool" run $force --plan long.plan --blocks 40 --quiet --out "$1" >out 2>err &
    running=$!
    tries=0
    until [ -e "$1/status.csv" ] && [ "$(wc -l <"$1/status.csv")" -gt 1 ]; do
        tries=$((tries + 1))
        [ $tries -lt 300 ] || break
        sleep 0.1
    done
}

# its_end: the exit code of the run in the background.
its_end() {
    wait "$running"
    code=$?
    running=
}

for signal in TERM USR1 USR2 XCPU; do
    what="SIG$signal"
    begin "end-$signal"
    kill -"$signal" "$running"
    its_end
    expect "exit code 130, not $code" is $code 130
    expect "how to go on" says err "run --resume 'end-$signal'"
    expect "said to be interrupted" says "end-$signal/machine.csv" '^interrupted,yes'
done
"$teampool" run $force --resume end-TERM --blocks 2 --quiet >out 2>err
expect "it goes on" is $? 0
expect "all of it" is "$(grep -c ',ok,' end-TERM/status.csv)" 6

# who ends a job signals all its processes: the cell may go first
what="SIGTERM for all"
for k in 1 2 3; do
    begin "all-$k"
    cell=
    while [ -z "$cell" ] && kill -0 "$running"; do
        cell=$(cat "/proc/$running/task/$running/children" 2>/dev/null)
    done
    # shellcheck disable=SC2086
    kill -TERM $cell
    kill -TERM "$running"
    its_end
    expect "exit code 130, not $code" is $code 130
    expect "no cell has failed" says_not "all-$k/status.csv" ',failed,'
done

# ---- the examples

cat >teampool <<'FAKE'
#!/bin/sh
echo "$PWD: $*"
FAKE
chmod +x teampool
mkdir submitted
export TEAMPOOL="$scratch/teampool"
for job in "slurm SLURM_JOB_ID=5" "pbs PBS_JOBID=5 PBS_O_WORKDIR=$scratch/submitted" "lsf LSB_JOBID=5"; do
    name=${job%% *}
    # shellcheck disable=SC2086
    in_job ${job#* } -- "$examples/$name.sh"
    expect "a run of its own" says out ': run --out results/job-5$'
    [ "$name" != pbs ] || expect "where it was submitted" says out "^$scratch/submitted: "
done
mkdir -p old && touch old/plan.txt
in_job SLURM_JOB_ID=6 -- "$examples/slurm.sh" old
expect "going on" says out ': run --resume old$'
in_job LSB_JOBID=6 DIR=old -- "$examples/lsf.sh"
expect "going on" says out ': run --resume old$'
in_job PBS_JOBID=6 DIR=old PBS_O_WORKDIR="$scratch" -- "$examples/pbs.sh"
expect "going on" says out ': run --resume old$'

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
