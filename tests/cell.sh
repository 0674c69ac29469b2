#!/bin/sh
# SPDX-License-Identifier: MIT
#
# cell.sh CELL_BINARY: the cell program as a person or a run meets it.  Bad input: exit code 2, one
# line on stderr, nothing on stdout.  Good input: a table and nothing else.  And nothing that the
# caller's environment, a closed stream or a kill -9 does may change or outlive that.
set -u
. "$(dirname -- "$0")/expect.sh"
if [ $# -ne 1 ] || [ ! -x "$1" ]; then
    echo "usage: cell.sh CELL_BINARY" >&2
    exit 2
fi
case $1 in
/*) cell=$1 ;;
*) cell=$PWD/$1 ;;
esac
source=$(cd "$(dirname "$0")/.." && pwd) || exit 2
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 2
for name in $(env | sed -n 's/^\(\(OMP\|GOMP\|KMP\)_[A-Za-z_]*\)=.*/\1/p'); do
    unset "$name"
done
unset TEAMPOOL_CELL_STAGE

# measure WORD...: run the cell; its code, out and err are kept.
measure() {
    what=$*
    timeout 60 "$cell" "$@" >out 2>err </dev/null
    code=$?
}

is_one_line() { [ "$(wc -l <"$1")" -eq 1 ]; }

# refused TEXT WORD...: exit code 2 and one line with TEXT in it.
refused() {
    wanted=$1
    shift
    measure "$@"
    expect "exit code 2, not $code" is $code 2
    expect "one line on stderr" is_one_line err
    expect "nothing on stdout" is_empty out
    expect "'$wanted' in: $(cat err)" says err "$wanted"
}

# A column of the table in out.
column() {
    awk -F, -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i; next }
        { print $at }' \
        "${2:-out}"
}

# Is out a table?  Fields here hold no quotes but in cpus and note, which hold no commas.
is_table() {
    awk -F, 'NR == 1 { wanted = NF } NF != wanted { exit 1 } END { exit NR < 2 }' out
}

all_are() { # VALUE COLUMN
    [ -z "$(column "$2" | grep -vFx -- "$1")" ]
}

# The processes that have WORD on their command line, but this shell's own.
with_word() {
    for folder in /proc/[0-9]*; do
        pid=${folder#/proc/}
        [ "$pid" != $$ ] || continue
        tr '\0' '\n' 2>/dev/null <"$folder/cmdline" | grep -qFx -- "$1" && echo "$pid"
    done
}

allowed=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status | tr , '\n' |
    awk -F- '{ for (i = $1; i <= (NF > 1 ? $2 : $1); i++) print i }')
first_cpu=$(echo "$allowed" | head -n 1)
last_cpu=$(echo "$allowed" | tail -n 1)

# ---- bad input ----

refused "'chunk'" backend=pool workload=cpu chunck=3
refused "unknown field 'zzzzzzzz'" backend=pool workload=cpu zzzzzzzz=3
refused 'field=value' backend=pool workload=cpu chunk
refused 'field=value' backend=pool workload=cpu =3
refused 'field=value' ''
refused 'backend=' workload=cpu
refused 'workload=' backend=pool
refused 'backend=' backend= workload=cpu
for word in chunk=0 chunk=-1 workers=0 workers=-1 workers=1000000 tasks=0 tasks=99999999999999999999 \
    task_ns=1e9x task_ns=1e9 task_ns= task_ns=-1 samples=0 tasks=1.5 tasks=0x10 steps_per_ms=0 \
    payload_bytes=-1 cpus=x cpus=0+ cpus=+0 cpus=-1 cpus=0,1 cpus=999999 cpus=99999999999; do
    refused "${word%%=*}" backend=pool workload=cpu "$word"
done
refused 'CPU 4095' backend=pool workload=cpu cpus=4095
refused 'CPU 4095' backend=omp workload=cpu workers=2 "cpus=$first_cpu+4095"
refused "'pool'" backend=pol workload=cpu
refused "'cpu'" backend=pool workload=cpv
refused 'backend=qqqqqqq' backend=qqqqqqq workload=cpu
refused 'schedule=fast' backend=pool workload=cpu schedule=fast
refused 'wait=never' backend=pool workload=cpu wait=never
refused 'variant=wild' backend=pool workload=skew variant=wild
refused 'variant=heavy' backend=pool workload=cpu variant=heavy
refused 'schedule=steal' backend=omp workload=cpu schedule=steal
refused 'schedule=static' backend=pipe workload=cpu schedule=static
refused 'start=thread' backend=pool workload=cpu start=thread
refused 'work_version=77' backend=pool workload=cpu work_version=77
refused 'this backend takes none' backend=omp workload=cpu options=held:50
refused "did you mean 'held'" backend=gil workload=cpu options=hold:50
for options in held: held held:x held:101 held:-1 :50 lock:newer switch_us:0 held:5+held:6; do
    refused "options=${options%%:*}" backend=gil workload=cpu "options=$options"
done
for word in wall_ns=5 warmup=1 checksum=0 status=ok note=x; do
    refused 'measured' backend=pool workload=cpu "$word"
done
refused "--lits" --lits
measure backend=serial workload=cpu workers=2
expect "exit code 1 or 2, not $code" [ $code -eq 1 -o $code -eq 2 ]
expect "one line on stderr" is_one_line err
expect "nothing on stdout" is_empty out
measure
expect "exit code 2 without words" is $code 2
echo "bad input is refused in one line"

# ---- good input ----

columns=runner,backend,start,schedule,wait,workload,work_version,task_ns,payload_bytes,tasks,
columns=${columns}chunk,workers,place,cpus,
measured=block,seq,sample,warmup,start_ns,wall_ns,open_ns,close_ns,first_ns,last_ns,
measured=${measured}busy_sum_ns,busy_max_ns,

measure --list
expect "exit code 0" is $code 0
cp out list
# Those that a launcher starts are tried by mpi.sh.
backends=$(awk -F, '$1 == "backend" && $NF == "" && $4 != "mpirun" { print $2 }' list)
expect "serial, omp, pool and pipe" [ "$(echo "$backends" | grep -cx 'serial\|omp\|pool\|pipe')" -eq 4 ]
loads=$(awk -F, '$1 == "workload" && $NF == "" { print $2 }' list)

# good WORD...: a table of COUNT rows, all ok, whose checksums are all CHECKSUM (if that is set).
good() {
    measure "$@"
    expect "exit code 0, not $code" is $code 0
    expect "nothing on stderr" is_empty err
    expect "a table" is_table
    expect "the contract's columns first" says out "$columns"
    expect "$count rows" [ "$(column sample | wc -l)" -eq "$count" ]
    expect "all rows ok" all_are ok status
    expect "close_ns in the last row alone" [ "$(column close_ns | grep -c .)" -eq 1 ]
    expect "times above 0" [ "$(column wall_ns | grep -c '^[1-9][0-9]*$')" -eq "$count" ]
    [ -n "$checksum" ] || checksum=$(column checksum | head -n 1)
    expect "checksum $checksum in all rows" all_are "$checksum" checksum
}

for load in $loads; do
    checksum=
    for backend in $backends; do
        workers=3
        [ "$backend" != serial ] || workers=1
        count=5
        good backend="$backend" workload="$load" task_ns=500 tasks=40 steps_per_ms=1000000 \
            workers=$workers samples=3 warmup_samples=2
        expect "the line's words in every row" all_are "$backend" backend
        expect "workers=$workers" all_are $workers workers
        expect "2 warm-ups" [ "$(column warmup | tr -d '\n')" = 11000 ]
        expect "samples 0 to 4" [ "$(column sample | tr -d '\n')" = 01234 ]
        expect "a chunk that is a number" [ "$(column chunk | grep -c '^[1-9]')" -eq 5 ]
    done
done
head -n 1 out >header
expect "'$measured' after the cell's columns" grep -q "^$columns[a-z_,]*$measured" header
echo "every workload on every backend: one table, one checksum"

checksum= count=2
good runner=cell backend=pool start=fork schedule=steal wait=active workload=skew variant=ramp \
    task_ns=100 tasks=10 chunk=100 workers=2 place=mine "cpus=$first_cpu" work_version=1 block=3 \
    seq=7 sweep=a+b samples=1
for pair in block=3 seq=7 sweep=a+b place=mine variant=ramp chunk=100 "cpus=$first_cpu" wait=active; do
    expect "$pair in every row" all_are "${pair#*=}" "${pair%%=*}"
done
checksum= count=1
good backend=pool workload=empty samples=1 warmup_samples=0 tasks=1
count=6
good backend=pipe workload=empty samples=6 warmup_samples=0 tasks=1
measure backend=pool workload=sleep task_ns=2000000 tasks=2 samples=1 warmup_samples=0 warmup_ms=30
expect "warm-ups for 30 ms" [ "$(column warmup | grep -c 1)" -ge 2 ]
checksum= count=6
good backend=gil workload=cpu tasks=4 task_ns=1000 workers=2 samples=1 warmup_samples=5 \
    options=check:task+held:50+lock:new
expect "options in their one order, without those that say nothing" all_are held:50+check:task options
echo "what the line says is in the rows"

# ---- a lock ----

# Under a lock one worker is inside the task, whatever the machine is busy with; without, all are.
inside() { # WORKERS_INSIDE WORD...
    wanted=$1
    shift
    count=1 checksum=
    good workload=inside task_ns=20000000 tasks=9 chunk=1 workers=3 samples=1 warmup_samples=0 "$@"
    expect "$wanted inside, not $(column inside_most)" all_are $wanted inside_most
}
for backend in omp pool pthread; do
    inside 3 backend=$backend schedule=dynamic
    expect "no lock" all_are '' lock_switches
done
inside 3 backend=gil options=held:0
for options in lock:new lock:old check:task; do
    inside 1 backend=gil "options=$options"
    expect "the lock went round" [ "$(column lock_switches)" -ge 2 ]
done
# Sleeping needs no lock: nobody waits for it until it is asked for.
count=1 checksum=
good backend=gil workload=sleep task_ns=20000000 tasks=8 chunk=1 workers=4 samples=1 warmup_samples=0
expect "4 workers slept at once" [ "$(column wall_ns)" -lt 120000000 ]
# An answer takes time, is counted, and is paid for by nobody where there is no lock.
checksum= count=1
for backend in gil omp pool; do
    good backend=$backend workload=convoy task_ns=30000000 tasks=2 chunk=1 workers=2 samples=1 \
        warmup_samples=0 steps_per_ms=500000
    expect "answers" [ "$(column answers)" -ge 1 ]
    for pair in "p50 p90" "p90 p99" "p99 max"; do
        expect "in order: $pair" [ "$(column answer_${pair% *}_ns)" -le \
            "$(column answer_${pair#* }_ns)" ]
    done
done
# Every line that docs/gil.md gives out, cut short.
plan=$source/docs/gil-plan.txt
expect "lines in $plan" [ "$(grep -c '^teampool-cell ' "$plan")" -gt 20 ]
while read -r program words; do
    [ "$program" = teampool-cell ] || continue
    measure $words task_ns=1000 samples=1 warmup_samples=0 steps_per_ms=500000
    expect "exit code 0, not $code" is $code 0
done <"$plan"
echo "a lock lets one in"

# ---- a traced sample ----

# is_trace TASKS CHUNK: in file trace each task stands once, in rows of CHUNK tasks at most (0: any),
# and what a worker did is in order.
is_trace() {
    awk -F, -v tasks="$1" -v chunk="$2" '
        NR == 1 { bad = $0 != "worker,cpu,first_task,tasks,begin_ns,end_ns"; next }
        NF != 6 || $4 < 1 || (chunk && $4 > chunk) || $6 < $5 || $5 < last[$1] { bad = 1 }
        { last[$1] = $6; for (i = $3; i < $3 + $4; i++) seen[i]++ }
        END {
            for (i = 0; i < tasks; i++) if (seen[i] != 1) bad = 1
            for (i in seen) if (i + 0 < 0 || i + 0 >= tasks) bad = 1
            exit bad
        }' trace
}

# traced CHUNK WORD...: samples as ever, an empty line, and a table of 60 tasks.
traced() {
    most=$1
    shift
    measure "$@" task_ns=500 tasks=60 steps_per_ms=1000000 samples=3 warmup_samples=2 trace=1
    expect "exit code 0, not $code" is $code 0
    expect "nothing on stderr" is_empty err
    expect "two tables" [ "$(awk -v RS= 'END { print NR }' out)" -eq 2 ]
    awk -v RS= 'NR == 2' out >trace
    awk -v RS= 'NR == 1' out >samples
    mv samples out
    expect "a table of samples" is_table
    expect "5 samples, as without a trace" [ "$(column sample | tr -d '\n')" = 01234 ]
    expect "all of them ok" all_are ok status
    expect "close_ns in the last row" [ -n "$(column close_ns | tail -n 1)" ]
    expect "each task once in: $(cat trace)" is_trace 60 "$most"
}

for backend in $backends; do
    workers=3
    [ "$backend" != serial ] || workers=1
    for load in $loads; do
        traced 4 backend="$backend" workload="$load" workers=$workers chunk=4
    done
    for schedule in $(awk -F, -v b="$backend" '$1 == "backend" && $2 == b { print $5 }' list); do
        most=7
        [ "$schedule" != guided ] || most=0
        traced $most backend="$backend" workload=cpu workers=$workers chunk=7 schedule="$schedule"
        expect "workers 0 to $((workers - 1))" \
            [ -z "$(column worker trace | grep -vx "[0-$((workers - 1))]")" ]
    done
done
for backend in pool pipe; do
    traced 9 backend=$backend start=spawn workload=payload workers=2 chunk=9
done
traced 0 backend=pool schedule=static workload=cpu workers=3
expect "a block a worker" [ "$(wc -l <trace)" -eq 4 ]
traced 4 backend=omp workload=cpu workers=2 "cpus=$last_cpu" chunk=4
expect "on the CPU that the line says" [ -z "$(column cpu trace | grep -vFx "$last_cpu")" ]
measure backend=serial workload=empty tasks=100 samples=2 trace=0
expect "no second table unless asked for" is_table
refused 'trace' backend=pool workload=cpu trace=2
echo "a traced sample tells who did which task, once"

# ---- the caller's environment ----

busy() { # in some sample two workers worked: their sum is more than the busiest one's time
    [ -n "$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["busy_sum_ns"] > 1.5 * $at["busy_max_ns"] && $at["busy_max_ns"] > 0' out)" ]
}
for backend in omp pool pipe; do
    checksum= count=3
    for settings in - "OMP_NUM_THREADS=1 OMP_PROC_BIND=true OMP_WAIT_POLICY=active" \
        "OMP_PLACES={$first_cpu}" "OMP_THREAD_LIMIT=1 OMP_DYNAMIC=true" \
        "OMP_SCHEDULE=static,1000 GOMP_CPU_AFFINITY=$first_cpu" \
        "OMP_PROC_BIND=close OMP_PLACES=cores"; do
        for cpus in "" "$first_cpu+$last_cpu"; do
            [ "$settings" = - ] || export $settings
            good backend=$backend workload=sleep task_ns=3000000 tasks=4 chunk=1 workers=2 samples=2 \
                wait=passive schedule=dynamic "cpus=$cpus"
            what="$settings: $what"
            expect "two workers at work" busy
            [ "$settings" = - ] || for pair in $settings; do unset "${pair%%=*}"; done
        done
    done
done
if [ "$first_cpu" != "$last_cpu" ]; then
    export OMP_NUM_THREADS=1 OMP_PROC_BIND=true OMP_PLACES=cores
    measure backend=omp workload=cpu task_ns=1000000 tasks=100 chunk=1 schedule=dynamic workers=2 \
        "cpus=$first_cpu+$last_cpu" samples=3
    expect "code 0: the CPUs that the caller's OMP_PROC_BIND took away are back" is $code 0
    expect "two workers at work" busy
    unset OMP_NUM_THREADS OMP_PROC_BIND OMP_PLACES
fi
echo "OMP_* in the environment changes nothing"

# ---- questions ----

for word in --list --about --help --version -h; do
    measure $word
    expect "exit code 0" is $code 0
    expect "nothing on stderr" is_empty err
    expect "an answer" [ -s out ]
done
measure --help
for field in backend workload chunk workers cpus; do
    expect "$field explained" grep -q "^  $field" out
done
measure --about
for key in teampool_version build_type compiler flags openmp; do
    expect "$key" grep -q "^$key,." out
done
measure --version
expect "name and version" grep -qx 'teampool-cell [0-9.]*' out
echo "questions are answered"

# ---- nowhere to write ----

unwritable() {
    expect "exit code 1, not $code" is $code 1
    expect "a message" is_one_line err
}
for words in "backend=pool workload=empty" "backend=omp workload=empty workers=2" \
    "backend=pipe workload=empty" --list --about --help --version; do
    if [ -w /dev/full ]; then
        what="$words >/dev/full"
        timeout 60 "$cell" $words >/dev/full 2>err
        code=$?
        unwritable
        expect "'No space' in: $(cat err)" says err 'No space left'
    fi
    what="$words >&-"
    timeout 60 "$cell" $words >&- 2>err
    code=$?
    unwritable
done
for backend in omp pool pipe; do
    what="$backend with stdin and stdout closed"
    timeout 10 "$cell" backend=$backend workload=cpu workers=2 samples=3 <&- >&- 2>err
    code=$?
    unwritable
    expect "'cannot write' in: $(cat err)" says err 'cannot write'
done
what="stdin and stderr closed"
timeout 60 "$cell" backend=pipe workload=empty workers=2 samples=2 >out 2>&- <&-
expect "exit code 0" is $? 0
expect "a table" is_table
echo "a full or closed stdout is told"

# ---- killed ----

for backend in omp pool pipe; do
    what="kill -9 of $backend"
    mark="sweep=killed-$$-$backend"
    "$cell" backend=$backend workload=sleep task_ns=60000000000 tasks=3 workers=3 chunk=1 \
        schedule=dynamic warmup_samples=0 samples=1 "$mark" >out 2>err &
    pid=$!
    wanted=4
    [ $backend != omp ] || wanted=1
    for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        [ "$(with_word "$mark" | wc -l)" -ne $wanted ] || break
        sleep 0.1
    done
    expect "$wanted processes at work" [ "$(with_word "$mark" | wc -l)" -eq $wanted ]
    kill -9 $pid
    wait $pid 2>/dev/null
    for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        [ -n "$(with_word "$mark")" ] || break
        sleep 0.1
    done
    left=$(with_word "$mark")
    expect "no process left, not $left" [ -z "$left" ]
    [ -z "$left" ] || kill -9 $left
done
echo "a killed cell takes its workers along"

# What an outer cell program left in the environment must not be taken for this one's.
for stage in clean ready nonsense; do
    what="stage $stage inherited"
    TEAMPOOL_CELL_STAGE=$stage "$cell" backend=pool workload=empty workers=2 >out 2>err
    code=$?
    expect "exit code 0, not $code" [ $code -eq 0 ]
done
echo "an inherited stage does no harm"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
