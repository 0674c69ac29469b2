#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run.sh TEAMPOOL_BINARY: `teampool run` in a folder of its own, with small plans: the files of a
# run and what must be in them; runners that crash, hang, lie or leave something behind; a full disk,
# Ctrl-C, kill -9, and going on afterwards; and everything that it has to refuse.
set -u
. "$(dirname -- "$0")/expect.sh"
if [ $# -ne 1 ] || [ ! -x "$1" ]; then
    echo "usage: run.sh TEAMPOOL_BINARY" >&2
    exit 2
fi
case $1 in
/*) teampool=$1 ;;
*) teampool=$PWD/$1 ;;
esac
cell=${teampool%/*}/teampool-cell
[ -x "$cell" ] || { echo "run.sh: no teampool-cell beside $teampool" >&2; exit 2; }
unset HWLOC_SYNTHETIC HWLOC_XMLFILE HWLOC_THISSYSTEM TEAMPOOL_ROOT
scratch=$(mktemp -d) || exit 2
mounted=
mark=run-test-$$
cleanup() {
    [ -z "$mounted" ] || umount "$mounted"
    for left in $(with_word "sweep=$mark") $(with_word "98765$$") $(cat hang.pid 2>/dev/null); do
        kill -9 "$left" 2>/dev/null
    done
    rm -rf "$scratch"
}
trap cleanup EXIT
cd "$scratch" || exit 2

is_one_line() { [ "$(wc -l <"$1")" -eq 1 ]; }
is_there() { [ -e "$1" ]; }
is_not_there() { [ ! -e "$1" ]; }

# The processes that have WORD on their command line.
with_word() {
    for folder in /proc/[0-9]*; do
        pid=${folder#/proc/}
        [ "$pid" != $$ ] || continue
        tr '\0' '\n' 2>/dev/null <"$folder/cmdline" | grep -qFx -- "$1" && echo "$pid"
    done
}

nothing_left() { # no process with WORD, at the latest after 2 s
    for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        [ -n "$(with_word "$1")" ] || return 0
        sleep 0.1
    done
    return 1
}

# Only --force measures with a slow build.
force=
"$cell" --about >about
if grep -q '^build_type,Debug' about || grep -q 'fsanitize' about; then force=--force; fi

run() {
    what="run $*"
    timeout 60 "$teampool" run $force "$@" >out 2>err </dev/null
    code=$?
}

# A column of a table; no field before it has a comma.
column() {
    awk -F, -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i; next }
        { print $at }' "$1"
}

rows() { echo $(($(wc -l <"$1") - 1)); }

# expect_run DIR CELLS BLOCKS ROWS: each cell in each block has one status row, ok, and ROWS samples.
expect_run() {
    expect "$(($2 * $3)) status rows, not $(rows "$1/status.csv")" \
        [ "$(rows "$1/status.csv")" -eq $(($2 * $3)) ]
    expect "all of them ok" [ -z "$(column "$1/status.csv" status | grep -vx ok)" ]
    expect "$(($2 * $3 * $4)) samples, not $(rows "$1/samples.csv")" \
        [ "$(rows "$1/samples.csv")" -eq $(($2 * $3 * $4)) ]
    expect_kept "$1"
    for name in cells.csv pairs.csv checks.csv verdict.csv machine.csv doctor.csv plan.txt \
        topology.xml topology.csv; do
        expect "$name" is_there "$1/$name"
    done
    expect "$2 cells in cells.csv" [ "$(rows "$1/cells.csv")" -eq "$2" ]
    expect "$2 lines in plan.txt" [ "$(wc -l <"$1/plan.txt")" -eq "$2" ]
}

# expect_kept DIR: samples and status agree, and nothing is there twice or half.
expect_kept() {
    column "$1/status.csv" block >blocks
    expect "no cell twice in a block" \
        [ -z "$(column "$1/status.csv" cell | paste -d: - blocks | sort | uniq -d)" ]
    column "$1/status.csv" seq | paste -d: blocks - | sort -u >with_status
    expect "one status row for each block and seq" \
        [ "$(wc -l <with_status)" -eq "$(rows "$1/status.csv")" ]
    column "$1/samples.csv" block >blocks
    column "$1/samples.csv" seq | paste -d: blocks - | sort -u >with_samples
    expect "a status row for every sample" [ -z "$(comm -13 with_status with_samples)" ]
    expect "no sample twice" [ -z "$(column "$1/samples.csv" sample >numbers
        column "$1/samples.csv" seq | paste -d: - numbers | sort | uniq -d)" ]
    expect_whole "$1"
}

# expect_whole DIR: samples.csv consists of whole rows.
expect_whole() {
    expect "whole rows in samples.csv" awk -F, '{ gsub(/"[^"]*"/, "") } NR == 1 { wanted = NF }
        NF != wanted { exit 1 }' "$1/samples.csv"
    expect "a line end at its end" [ -z "$(tail -c 1 "$1/samples.csv" | tr -d '\n')" ]
}

# The cells in the order in which each block measured them, a block a line.
orders() {
    awk -F, 'NR > 1 { order[$2] = order[$2] " " $1 } END { for (b in order) print b ":" order[b] }' \
        "$1/status.csv" | sort -n
}

# ---- a run ----

cat >small.plan <<'END'
# four cells
teampool-cell backend=serial workload=empty tasks=10 samples=2

backend=omp workload=empty tasks=10 workers=2 chunk=2 samples=2
  backend=pool workload=empty tasks=10 workers=2 chunk=2 samples=2
backend=pipe workload=cpu task_ns=1000 tasks=10 samples=2
END
run --plan small.plan --blocks 6 --out one --seed 5 --quiet
expect "exit code 0, not $code" is $code 0
expect "the folder's name on stdout" is "$(cat out)" one
expect "nothing on stderr" is_empty err
expect_run one 4 6 3
expect "the machine's checks in checks.csv" [ -z "$(grep -vxF -f one/checks.csv one/doctor.csv)" ]
expect "seed 5 in machine.csv" grep -q '^seed,5,' one/machine.csv
expect "numbers from 1 to 24" [ "$(column one/status.csv seq | sort -n | tail -n 1)" -eq 24 ]
for text in '<topology' '</topology>'; do
    expect "$text in topology.xml" says one/topology.xml "$text"
done
what="the order"
expect "blocks in different orders" [ "$(orders one | cut -d: -f2 | sort -u | wc -l)" -gt 1 ]
run --plan small.plan --blocks 6 --out two --seed 5 --quiet
orders one >orders_one
orders two >orders_two
expect "the same order for the same seed" cmp -s orders_one orders_two
run --plan one/plan.txt --blocks 6 --out three --seed 6
orders three >orders_three
expect "another order for another seed" [ -n "$(comm -3 orders_one orders_three 2>/dev/null)" ]
expect "the plan as it was" cmp -s one/plan.txt three/plan.txt
expect "a summary on stderr" says err "24 cell runs in 6 whole blocks"
run --plan small.plan --blocks 11 --out eleven --quiet
expect_run eleven 4 11 3
rm -rf eleven
run --plan - --blocks 1 --out four --only backend=omp </dev/null
expect "exit code 2: nothing on stdin" is $code 2
what="run --plan -"
timeout 60 "$teampool" run $force --plan - --blocks 1 --out four --quiet <small.plan >out 2>err
expect "exit code 0" is $? 0
expect_run four 4 1 3
run --plan small.plan --blocks 1 --out 'a folder/with spaces' --only 'backend=p' --quiet
expect "exit code 0" is $code 0
expect_run 'a folder/with spaces' 2 1 3
run --plan small.plan --blocks 1 --quiet
expect "exit code 0" is $code 0
expect "a folder in results/" grep -qE '^results/[A-Za-z0-9_.-]+-[0-9]{8}T[0-9]{6}Z$' out
expect "that folder" is_there "$(cat out)/samples.csv"
echo "a run and its files"

# ---- refusals ----

# refused CODE TEXT WORD...: one line with TEXT in it, and nothing is made.
refused() {
    wanted=$1 said=$2
    shift 2
    run "$@"
    expect "exit code $wanted, not $code" is $code "$wanted"
    expect "one line on stderr" is_one_line err
    expect "'$said' in: $(cat err)" says err "$said"
    expect "nothing on stdout" is_empty out
    expect "no folder" is_not_there new
}

printf 'backend=omp workload=cpu\n\nbackend=omp workload=cpu chunk=0\n' >bad.plan
printf '# nothing\n\n' >empty.plan
: >nothing.plan
refused 2 'bad.plan: line 3' --plan bad.plan --out new
refused 2 'chunk=0' --plan bad.plan --out new
refused 2 'empty.plan' --plan empty.plan --out new
refused 2 'nothing.plan' --plan nothing.plan --out new
refused 2 'not-there.plan' --plan not-there.plan --out new
refused 2 "'--seed'" --plan small.plan --sede 3 --out new
refused 2 "'--plan'" --pan small.plan --out new
refused 2 'small.plan' small.plan --out new
refused 2 '--seed' --plan small.plan --out new --seed
refused 2 '--seed' --plan small.plan --out new --seed x
refused 2 '--budget' --plan small.plan --out new --budget 3q
refused 2 '--blocks' --plan small.plan --out new --blocks 0
refused 2 '--blocks' --plan small.plan --out new --blocks -3
refused 2 'nowhere' --plan small.plan --out new --only nowhere
refused 2 'huge' --profile huge --out new
refused 2 '--resume' --resume one --seed 3
refused 1 'not-there' --resume not-there
refused 1 'small.plan' --plan small.plan --blocks 1 --out small.plan/new
export HWLOC_SYNTHETIC='core:2 pu:1'
refused 2 'HWLOC_SYNTHETIC' --plan small.plan --out new
what="plan on another machine"
"$teampool" plan --profile smoke >out 2>err
expect "exit code 0" is $? 0
expect "plan lines" grep -q '^teampool-cell ' out
run --profile smoke --dry-run --out new
expect "exit code 0: a dry run measures nothing" is $code 0
unset HWLOC_SYNTHETIC
cksum one/* >before
run --plan small.plan --blocks 1 --out one --quiet
expect "exit code 1: there is a run" is $code 1
expect "'--resume' in: $(cat err)" says err --resume
cksum one/* >after
expect "the old run as it was" cmp -s before after
run --plan small.plan --out new --dry-run
expect "exit code 0" is $code 0
expect "no folder" is_not_there new
expect "the plan" cmp -s one/plan.txt out
if [ -n "$force" ]; then
    what="a slow build without --force"
    timeout 60 "$teampool" run --plan small.plan --out new >out 2>err
    expect "exit code 2" is $? 2
    expect "'--force' in: $(cat err)" says err --force
    expect "no folder" is_not_there new
fi
# ... and a ? forgives what is not here, no name that nobody knows and no value that nothing takes.
perhaps() { printf '# a plan\n? %s\nbackend=serial workload=empty\n' "$1" >perhaps.plan; }
while IFS='|' read -r line words; do
    perhaps "$line"
    refused 2 "perhaps.plan: line 2: $words" --plan perhaps.plan --out new
done <<'END'
backend=opm workload=empty|there is no backend 'opm'
backend=omp workload=emty|there is no workload 'emty'
backend=omp workload=empty options=foo:1|options=foo
backend=pipe workload=empty schedule=static|schedule=static
runner=py-dil backend=pool workload=empty|there is no runner 'py-dil'
runner=cell-gcc backend=omp workload=empty|there is no runner 'cell-gcc'
runner=lab-nothing backend=omp workload=empty|there is no runner 'lab-nothing'
END
for line in 'runner=py-pool backend=pool workload=empty' 'runner=/nowhere/program backend=omp workload=empty'; do
    perhaps "$line"
    what="? $line, without it"
    TEAMPOOL_PYTHON=/nowhere/python timeout 60 "$teampool" run --plan perhaps.plan --dry-run >out 2>err
    expect "exit code 0; $(cat err)" is $? 0
    expect "left out" says err '1 cell left out'
done
echo "what cannot be meant is refused"

# ---- runners ----

# runner NAME LINE...: a shell script; $@ are the words of a plan line without runner=.
runner() {
    name=$1
    shift
    {
        printf '#!/bin/sh\n'
        printf 'for word; do shift; case $word in runner=*) ;; *) set -- "$@" "$word" ;; esac; done\n'
        printf '%s\n' "$@"
    } >"$name"
    chmod +x "$name"
    echo "runner=$scratch/$name backend=omp workload=empty tasks=$((10 + cells)) samples=2" \
        >>bad-runners.plan
    cells=$((cells + 1))
}
cells=0
echo "backend=omp workload=empty tasks=1 samples=2" >bad-runners.plan
runner good "exec '$cell' \"\$@\""
runner crash 'kill -SEGV $$'
runner hang "echo \$\$ >'$scratch/hang.pid'" 'exec sleep 1000'
runner garbage 'head -c 3000 /dev/urandom'
runner words 'echo hello, world'
runner header "'$cell' \"\$@\" | head -n 1"
runner few "'$cell' \"\$@\" | head -n 3"
runner other "exec '$cell' \"\$@\" backend=serial workers=1"
runner torn "'$cell' \"\$@\" | head -c -20"
runner angry "'$cell' \"\$@\"" 'echo "it hurts" >&2' 'exit 9'
runner fails "'$cell' \"\$@\"" 'echo "it hurts a little" >&2' 'exit 1'
runner silent ':'
runner daemon "sleep 98765$$ >/dev/null 2>&1 &" "exec '$cell' \"\$@\""
runner loud "cat /dev/zero | tr '\\0' x"
runner not-executable ':'
chmod -x not-executable
runner not-there ':'
rm not-there
runner killed 'kill -9 $$'
runner holder "setsid sleep 98765$$ &" "exec '$cell' \"\$@\""
runner twice "(setsid sh -c 'sleep 98765$$ & exit' >/dev/null 2>&1 &)" "exec '$cell' \"\$@\""
runner family "setsid sh -c 'while :; do sleep 98765$$; done' >/dev/null 2>&1 &" "exec '$cell' \"\$@\""
ln -s "$(command -v sleep)" 'two
lines'
runner lines "setsid '$scratch/two" "lines' 98765$$ >/dev/null 2>&1 &" 'sleep 0.1' "exec '$cell' \"\$@\""
runner early '(true &)' "exec '$cell' \"\$@\""
runner orphans "setsid sleep 98765$$ >/dev/null 2>&1 &" 'exit 3'
runner chatty 'head -c 20000000 /dev/zero | tr "\0" x'
runner no-end 'printf backend,workload'
run --plan bad-runners.plan --blocks 1 --out runners --seed 1 --quiet
expect "exit code 1, not $code" is $code 1
expect "a status row for each" [ "$(rows runners/status.csv)" -eq $((cells + 1)) ]

# judged RUNNER STATUS TEXT: what status.csv says of a runner.
judged() {
    what="runner $1"
    line=$(grep -F "runner=$scratch/$1 " runners/status.csv)
    expect "status $2 in: $line" is "$(echo "$line" | cut -d, -f4)" "$2"
    case $line in
    *"$3"*) passed=$((passed + 1)) ;;
    *) fail "expected '$3' in: $line" ;;
    esac
}
judged good ok ''
judged crash failed SIGSEGV
judged hang timeout 'did not end within'
judged garbage failed ''
judged words failed "no column 'backend'"
judged header failed '0 samples of the 2'
judged few failed '1 samples of the 2'
judged other failed 'another cell'
judged torn failed ''
judged angry failed 'code 9: it hurts'
judged fails failed 'code 1: it hurts a little'
judged silent failed 'printed nothing'
judged daemon ok 'left processes behind'
judged loud failed 'MiB'
judged not-executable skipped not-executable
judged not-there skipped not-there
judged killed failed SIGKILL
judged holder ok 'left processes behind'
judged twice ok 'left processes behind'
judged family ok 'left processes behind'
judged lines ok 'left processes behind'
judged orphans failed 'code 3'
judged early ok ''
expect "nothing said of who had ended" is "$(grep -F "/early " runners/status.csv | cut -d, -f5)" ''
judged chatty failed ''
judged no-end failed ''
what="after bad runners"
expect "no empty reason" [ -z "$(awk -F, 'NR > 1 && $4 != "ok" && $5 == ""' runners/status.csv)" ]
expect "the other cell's samples" grep -q '^cell,omp,.*,1,.*,ok,' runners/samples.csv
expect "9 samples, of three good runners" [ "$(column runners/samples.csv status | grep -cx ok)" -ge 9 ]
expect "no samples of another backend" [ -z "$(column runners/samples.csv backend | grep -vx omp)" ]
expect "the hanging runner gone" [ ! -d "/proc/$(cat hang.pid)" ]
expect "the daemon gone" nothing_left "98765$$"
expect_whole runners
expect "cells.csv all the same" is_there runners/cells.csv
echo "bad runners: the reason is written down, the run goes on"

# Each by itself, with little time.
rm bad-runners.plan
cells=0
runner closed "'$cell' \"\$@\"" 'exec >&- 2>&-' "exec sleep 98765$$"
runner deaf 'trap "" TERM' "while :; do sleep 98765$$; done"
runner stopped 'kill -STOP $$' "exec sleep 98765$$"
for name in closed deaf stopped; do
    run --plan bad-runners.plan --only "/$name " --blocks 1 --budget 4s --out "$name-run" --quiet
    cp "$name-run/status.csv" runners/status.csv
    judged $name timeout 'did not end within'
    expect "nothing of it left" nothing_left "98765$$"
done
runner closed-long "'$cell' \"\$@\"" 'exec >&- 2>&-' "exec sleep 98765$$"
what="Ctrl-C while a runner goes on in silence"
"$teampool" run $force --plan bad-runners.plan --only /closed-long --blocks 1 --out mute-run --quiet >out 2>err &
pid=$!
for try in $(seq 100); do
    [ -z "$(with_word "98765$$")" ] || break
    sleep 0.05
done
kill -INT $pid
wait $pid
expect "exit code 130" is $? 130
expect "nothing of it left" nothing_left "98765$$"
echo "who does not end is ended"

# What a foreign runner does not say of the cell is as the plan has it.
cat >terse <<'END'
#!/bin/sh
echo 'backend,workload,sample,warmup,wall_ns,status'
echo 'mine,cpu,0,0,12345,ok'
END
chmod +x terse
echo "runner=./terse backend=mine workload=cpu tasks=77 chunk=7 workers=3 samples=1" >terse.plan
run --plan terse.plan --blocks 1 --out terse-run --quiet
expect "exit code 0" is $code 0
for pair in runner=./terse backend=mine tasks=77 chunk=7 workers=3 block=1 seq=1 wall_ns=12345; do
    expect "$pair" is "$(column terse-run/samples.csv "${pair%%=*}")" "${pair#*=}"
done
echo "rows of a foreign runner"

# ---- a full disk ----

largest=$(wc -c one/topology.xml one/machine.csv | sort -n | awk 'NR == 2 { print $1 }')
limit=$((largest / 512 + 24)) # units of 512 bytes
samples=$((limit * 512 / 230 / 6 + 20))
for backend in serial pool; do
    for tasks in 1 2 3 4 5; do
        echo "backend=$backend workload=empty tasks=$tasks samples=$((samples - 1)) warmup_samples=1"
    done
done >large.plan
what="a file at its limit"
(
    ulimit -f $limit
    timeout 60 "$teampool" run $force --plan large.plan --blocks 1 --out full --seed 1 \
        --quiet >out 2>err
)
expect "exit code 1" is $? 1
expect "one line on stderr" is_one_line err
for text in full/samples.csv 'File too large' '--resume'; do
    expect "'$text' in: $(cat err)" says err "$text"
done
expect "some samples" [ "$(rows full/samples.csv)" -gt 0 ]
expect_whole full
run --resume full --quiet
expect "exit code 0" is $code 0
expect_run full 10 1 $samples

what="a full disk"
mkdir disk
if mount -t tmpfs -o size=$((largest * 2 + 65536)) none disk 2>/dev/null; then
    mounted=$scratch/disk
    samples=$(((largest * 2 + 65536) / 230 / 4))
    sed "s/ samples=[0-9]*/ samples=$((samples - 1))/" large.plan >larger.plan
    run --plan larger.plan --blocks 1 --out disk/run --seed 1 --quiet
    expect "exit code 1, not $code" is $code 1
    expect "'No space left' in: $(cat err)" says err 'No space left'
    expect_whole disk/run
    mount -o remount,size=200m disk
    run --resume disk/run --quiet
    expect "exit code 0" is $code 0
    expect_run disk/run 10 1 $samples
    umount disk && mounted=
    echo "a file's limit, a full disk: whole rows, and the run can go on"
else
    echo "a file's limit: whole rows, and the run can go on (no tmpfs can be mounted here)"
fi

# ---- stopped ----

for backend in serial omp pool pipe; do
    echo "backend=$backend workload=sleep task_ns=40000000 tasks=2 chunk=1 samples=1" \
        "warmup_samples=0 sweep=$mark"
done >slow.plan

# stop_with SIGNAL DIR CODE: start a run and stop it in the middle.
stop_with() {
    what="stopped with SIG$1"
    "$teampool" run $force --plan slow.plan --blocks 6 --out "$2" --seed 1 --quiet >out 2>err &
    pid=$!
    for try in $(seq 100); do
        [ ! -e "$2/status.csv" ] || [ "$(rows "$2/status.csv")" -lt 5 ] || break
        sleep 0.05
    done
    kill "-$1" $pid
    wait $pid 2>/dev/null
    expect "exit code $3" is $? "$3"
    expect "no process left" nothing_left "sweep=$mark"
    expect "some of it done" [ "$(rows "$2/status.csv")" -ge 5 ]
    expect "not all of it" [ "$(rows "$2/status.csv")" -lt 24 ]
}
stop_with INT interrupted 130
expect "'--resume' in: $(cat err)" says err --resume
expect "the folder's name on stdout" is "$(cat out)" interrupted
expect_kept interrupted
expect "a summary of what is there" is_there interrupted/cells.csv
cp interrupted/samples.csv kept.csv
cp interrupted/doctor.csv doctor.csv
run --resume interrupted --quiet
expect "exit code 0" is $code 0
expect_run interrupted 4 6 1
head -n "$(wc -l <kept.csv)" interrupted/samples.csv >first.csv
expect "what was kept as it was" cmp -s kept.csv first.csv
expect "the machine examined once" cmp -s doctor.csv interrupted/doctor.csv
run --plan slow.plan --blocks 6 --out whole --seed 1 --quiet
orders interrupted >orders_stopped
orders whole >orders_whole
expect "the order as if nothing had been" cmp -s orders_stopped orders_whole
echo "Ctrl-C keeps what is done"

stop_with TERM terminated 130
expect_kept terminated
stop_with KILL killed-run 137
what="going on after a kill -9"
run --resume killed-run --quiet
expect "exit code 0" is $code 0
expect_run killed-run 4 6 1
echo "kill -9 leaves no process, and the run can go on"

# In the middle of a cell that would go on for a minute.
for signal in INT KILL; do
    what="SIG$signal during a long cell"
    echo "backend=pool workload=sleep task_ns=60000000000 tasks=2 chunk=1 workers=2 samples=1" \
        "sweep=$mark" >long.plan
    rm -rf long
    "$teampool" run $force --plan long.plan --blocks 1 --budget 1h --out long --quiet >out 2>err &
    pid=$!
    for try in $(seq 100); do
        [ "$(with_word "sweep=$mark" | wc -l)" -lt 3 ] || break
        sleep 0.05
    done
    expect "a cell and its workers at work" [ "$(with_word "sweep=$mark" | wc -l)" -eq 3 ]
    kill -$signal $pid
    expect "no process left" nothing_left "sweep=$mark"
    wait $pid 2>/dev/null
    code=$?
    [ $signal = KILL ] || expect "exit code 130, not $code" is $code 130
    expect "no rows" [ "$(rows long/samples.csv)" -eq 0 ]
done
echo "nobody waits for a long cell"

# A run that lost the end of its tables: killed between samples and status, or by a power cut.
for cut in 0 30; do
    what="torn tables, $cut"
    rm -rf torn-run
    cp -r whole torn-run
    head -c -7 whole/status.csv >torn-run/status.csv
    head -c -$cut whole/samples.csv >torn-run/samples.csv
    run --resume torn-run --quiet
    expect "exit code 0" is $code 0
    expect_run torn-run 4 6 1
    run --resume torn-run --quiet
    expect "exit code 0: there is nothing left to do" is $code 0
    expect_run torn-run 4 6 1
done
echo "torn tables are mended"

# ---- traces ----

# trace_tasks DIR CELL: how many tasks the trace of a cell has, in all.
trace_tasks() {
    awk -F, -v cell="$2" '$1 == cell { sum += $7 } END { print sum + 0 }' "$1/trace.csv"
}
expect_traces() {
    expect_run "$1" 3 6 3
    expect "20 tasks of cell 1, in 3 blocks" is "$(trace_tasks "$1" 1)" 60
    expect "30 tasks of cell 2, in 3 blocks" is "$(trace_tasks "$1" 2)" 90
    expect "no others" [ -z "$(column "$1/trace.csv" cell | grep -vx '[12]')" ]
    expect "in the first three blocks" [ -z "$(column "$1/trace.csv" block | grep -vx '[123]')" ]
}
naps='workload=sleep task_ns=100000 workers=2 samples=2'
cat >traced.plan <<END
backend=omp schedule=static $naps tasks=20 chunk=10 trace=1
backend=pool $naps tasks=30 chunk=3 trace=1
backend=pool $naps tasks=40 chunk=3
END
run --plan traced.plan --blocks 6 --out traced --seed 1 --quiet
expect "exit code 0" is $code 0
expect "the table" is "$(head -n 1 traced/trace.csv)" \
    cell,block,seq,worker,cpu,first_task,tasks,begin_ns,end_ns
expect_traces traced
expect "no trace where none is asked for" is_not_there one/trace.csv
run --resume traced --quiet
expect_traces traced
# Cut off in the middle of the first block; of the trace more is there, or less, or nothing.
for cut in 0 30 all empty; do
    rm -rf torn-run
    cp -r traced torn-run
    head -n 2 traced/status.csv >torn-run/status.csv
    case $cut in
    all) rm torn-run/trace.csv ;;
    empty) : >torn-run/trace.csv ;;
    *) head -c -$cut traced/trace.csv >torn-run/trace.csv ;;
    esac
    kept=$(column torn-run/status.csv cell)
    run --resume torn-run --quiet
    what="a torn trace, $cut"
    expect "exit code 0" is $code 0
    expect_run torn-run 3 6 3
    for number in 1 2; do
        [ "$number" != "$kept" ] || continue # what is lost of a cell that was done stays lost
        expect "cell $number traced once a block" \
            is "$(trace_tasks torn-run $number)" $((30 + 30 * number))
    done
done
rm bad-runners.plan
cells=0
runner no-trace "exec '$cell' \"\$@\" trace=0"
runner two-traces "'$cell' \"\$@\"" 'echo' 'echo a,b' 'echo 1,2'
runner half-trace "'$cell' \"\$@\" | head -c -5"
runner other-trace "'$cell' \"\$@\" trace=0" 'echo' 'echo a,b' 'echo 1,2'
runner lost "'$cell' \"\$@\" trace=0" "echo 'the traced sample: task 7 was lost' >&2" 'exit 1'
sed -i 's/$/ trace=1/' bad-runners.plan
run --plan bad-runners.plan --blocks 1 --out runners-traced --quiet
cp runners-traced/status.csv runners/status.csv
judged no-trace ok ''
judged two-traces failed 'its trace'
judged half-trace failed 'its trace'
judged other-trace failed "no column 'worker'"
judged lost failed 'the traced sample: task 7 was lost'
expect "no trace kept of any" is_not_there runners-traced/trace.csv
expect "the samples of the good one alone" is "$(rows runners-traced/samples.csv)" 3
sed '/samples/s/$/ trace=1/' small.plan >twice.plan
cat small.plan >>twice.plan
run --plan twice.plan --dry-run
what="lines twice, once with a trace"
expect "four cells, all traced" is "$(grep -c trace=1 out) $(wc -l <out)" "4 4"
echo "traces: of the first blocks, whole or not at all"

what="a plan in the folder for the run"
mkdir kept
cp one/plan.txt kept/plan.txt
"$teampool" run $force --plan kept/plan.txt --blocks 1 --out kept --quiet >out 2>err
code=$?
expect "exit code 1, not $code" [ $code -eq 1 ]
expect "the plan as it was" cmp -s one/plan.txt kept/plan.txt
expect "no half-made run" [ ! -e kept/samples.csv ]

what="nothing left to resume"
cp -r one finished
"$teampool" run $force --resume finished --budget 1s --quiet >out 2>err
expect "machine.csv as it was" cmp -s one/machine.csv finished/machine.csv
what="a dry run of a resume"
"$teampool" run --resume finished --dry-run >out 2>err
code=$?
expect "exit code 2, not $code" [ $code -eq 2 ]
what="duplicate lines"
"$teampool" plan backend=omp workload=cpu workers=1,1 >out 2>err
expect "one line without a label" [ "$(grep -c . out)$(grep -c sweep out)" = 10 ]
echo "plans are kept, and finished runs are left alone"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
