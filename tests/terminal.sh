#!/bin/sh
# SPDX-License-Identifier: MIT
#
# terminal.sh TEAMPOOL: what a run shows on a terminal and elsewhere, how it ends and goes on, what is
# said of words that cannot be meant, and the tables of `summarize --format`.
set -u
. "$(dirname -- "$0")/expect.sh"
if [ $# -ne 1 ] || [ ! -x "$1" ]; then
    echo "usage: terminal.sh TEAMPOOL" >&2
    exit 2
fi
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
teampool=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
unset HWLOC_SYNTHETIC HWLOC_XMLFILE TEAMPOOL_ROOT NO_COLOR
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 2

rows() { echo $(($(wc -l <"$1") - 1)); }
key() { sed -n "s/^$2,\([^,]*\),.*/\1/p" "$1/machine.csv"; }

force=
"${teampool%/*}/teampool-cell" --about >about
if grep -q '^build_type,Debug' about || grep -q 'fsanitize' about; then force=--force; fi
run() {
    timeout 100 "$teampool" run $force "$@" >out 2>err </dev/null
    code=$?
}

# runner NAME SECONDS: measures nothing, takes so long, and says always the same.
runner() {
    printf '#!/bin/sh\nsleep %s\necho backend,workload,sample,warmup,wall_ns,status\necho mine,cpu,0,0,12345,ok\n' \
        "$2" >"$1"
    chmod +x "$1"
}
runner quick 0
runner slow 0.1
for tasks in 1 2 3 4 5 6 7 8; do
    echo "runner=./slow backend=mine workload=cpu tasks=$tasks samples=1 drop=$((tasks > 2))"
done >slow.plan
for tasks in 1 2 3 4; do
    echo "runner=./quick backend=mine workload=cpu tasks=$tasks samples=1 sweep=a+long+name+of+many+sweeps"
done >quick.plan

# ---- where stderr is no terminal ----

run --plan quick.plan --blocks 3 --out plain
expect 'exit code 0' is $code 0
expect 'progress in lines' grep -q '^ *[0-9]* %  block [0-9]*  about .* left$' err
expect 'no escapes' has_no err "$(printf '\033')"
expect 'a few lines at most' [ "$(grep -c ' left$' err)" -le 10 ]
expect 'whole blocks' says err '12 cell runs in 3 whole blocks'
expect 'a hint: what' says err '4 of 4 cells ran in fewer than 6 blocks (all in 3 blocks)'
expect 'a hint: what to try' says err "fix: $teampool run --resume 'plain' --blocks 6"
expect 'the page: as it was called' says err "the page: $teampool report 'plain'"
expect 'the same words for the page' says plain/checks.csv '4 of 4 cells ran in fewer than 6 blocks'
expect 'which does not know how we were called' says plain/checks.csv 'teampool run --resume DIR --blocks 6'
run --plan quick.plan --blocks 3 --out quiet --quiet
expect 'nothing said' [ ! -s err ]
run --plan quick.plan --blocks 2 --out told --verbose
expect 'a line for each cell' [ "$(grep -c '^block [12]  12.3.*s  ok  runner=./quick backend=mine' err)" -eq 8 ]
run --plan quick.plan --blocks 2 --out both --verbose --quiet
expect 'not both' is $code 2
expect 'no folder' [ ! -e both ]

# ---- on a terminal ----

# on_terminal TERM COLUMNS COMMAND: what it writes, in `shown`.
on_terminal() {
    TERM=$1 script -qefc "stty cols $2; $3" shown >/dev/null </dev/null
}
if command -v script >/dev/null && script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
    # A runner that looks whether anything is shown while it is at work.
    cat >watching <<END
#!/bin/sh
sleep 0.1
before=\$(wc -c <'$scratch/shown')
sleep 0.2
[ "\$before" = "\$(wc -c <'$scratch/shown')" ] || echo drawn >>'$scratch/drawn'
echo backend,workload,sample,warmup,wall_ns,status
echo mine,cpu,0,0,12345,ok
END
    chmod +x watching
    sed 's/quick/watching/' quick.plan >watching.plan
    on_terminal xterm 60 "'$teampool' run $force --plan watching.plan --blocks 1 --out tty"
    expect 'a run on a terminal' [ "$(rows tty/status.csv)" -eq 4 ]
    expect 'nothing drawn while a cell is measured' [ ! -e drawn ]
    tr '\r' '\n' <shown | sed "s/$(printf '\033')\[K//" | grep '^\[[#.]*\]' >bars
    expect 'a bar for each cell' [ "$(wc -l <bars)" -eq 4 ]
    expect 'no bar wraps' awk 'length > 59 { exit 1 }' bars
    expect 'a colour' says shown "$(printf '\033[33mwarn')"
    on_terminal xterm 80 "'$teampool' run $force --plan slow.plan --budget 2s --out tty4"
    tr '\r' '\n' <shown | sed -n 's/.*\] *\([0-9]*\) %.*/\1/p' >shares
    expect 'progress' [ "$(wc -l <shares)" -gt 8 ]
    expect 'no bar goes back' sort -nc shares
    NO_COLOR=1 on_terminal xterm 80 "'$teampool' run $force --plan quick.plan --blocks 1 --out tty2"
    expect 'NO_COLOR: none' has_no shown "$(printf '\033[33m')"
    expect 'but a bar' says shown '[#'
    on_terminal dumb 80 "'$teampool' run $force --plan quick.plan --blocks 1 --out tty3"
    expect 'TERM=dumb: no escapes' has_no shown "$(printf '\033')"
    expect 'and lines' says shown ' left'
    "$here/fake_run.sh" fake
    on_terminal xterm 80 "'$teampool' report fake"
    expect 'nothing of a report is wider than 80 columns' awk '{ gsub(/\033\[[0-9;]*m|\r/, "") }
        !/^Script|fix:/ && length > 80 + gsub(/[\200-\277]/, "&") { print; exit 1 }' shown
else
    echo 'note: no script(1): the terminal is not tested'
fi

# ---- a run that is finished ----

cksum plain/* >before
run --resume plain
expect 'exit code 0' is $code 0
expect 'said' says err 'plain is finished: 3 blocks; nothing was measured'
expect 'the folder on stdout' is "$(cat out)" plain
run --resume plain --blocks 2
expect 'fewer blocks than it has: finished' says err 'plain is finished: 3 blocks'
cksum plain/* >after
expect 'nothing written' cmp -s before after
run --resume plain --blocks 7
expect 'more blocks: it goes on' [ "$(rows plain/status.csv)" -eq 28 ]
expect '7 of them' is "$(key plain blocks)" 7
expect 'what is of this part, and what of all' says err '16 cell runs in this part, 7 whole blocks in all'
expect 'no time was asked for: none is there' grep -q '^budget_s,,no time was asked for$' plain/machine.csv
expect 'nor has it been cut off' has_no plain/checks.csv 'ended,'
run --resume plain
expect 'finished again' says err 'plain is finished: 7 blocks'
run --plan quick.plan --out settled --quiet
expect 'steady cells end early' [ "$(key settled blocks)" -le 8 ]
rows settled/status.csv >before
run --resume settled
expect 'and that is finished' says err 'settled is finished'
rows settled/status.csv >after
expect 'nothing measured' cmp -s before after

# ---- a machine on which all takes longer than planned ----

run --plan slow.plan --budget 4s --out late
expect 'exit code 0' is $code 0
expect 'said' says err 'all takes longer than planned: '
expect 'what is meant, not what is known' says err 'may have '
expect 'launches that never were are not counted' says late/checks.csv \
    "failures,good,0 of $(grep -c ',ok,' late/status.csv),"
expect 'the budget' is "$(key late budget_s)" 4
expect 'told in status.csv' says late/status.csv 'left out to keep the budget'
expect 'the others have more blocks' [ "$(grep -c 'tasks=1 ' late/status.csv)" -ge 6 ]
expect 'counted' [ "$(key late dropped_cells)" -ge 1 ]
rows late/status.csv >before
run --resume late
expect 'it is finished' says err 'late is finished'
rows late/status.csv >after
expect 'nothing measured' cmp -s before after
run --plan slow.plan --blocks 2 --budget 2500ms --out short
expect 'a unit that is none' is $code 2
run --plan slow.plan --blocks 2 --budget 3 --out short --quiet
cksum short/status.csv >before
run --resume short
expect 'nothing is left out of what is done' says err 'short is finished: 2 blocks'
cksum short/status.csv >after
expect 'nothing written' cmp -s before after
# Who asks for blocks, and for no time, has as many, whatever the profile's budget.
run --profile smoke --blocks 400 --dry-run
expect 'blocks that take longer than the profile' grep -q ' 400 blocks in [0-9]\{3,\} s' err
run --profile smoke --blocks 400 --budget 5s --dry-run
expect 'a budget is kept' grep -q ' [1-9] blocks\? in [0-5] s' err
run --profile smoke --only 'sweep=startup' --blocks 3 --out exact --quiet
expect 'three blocks of a profile of one' is "$(key exact blocks)" 3
expect 'and no time' grep -q '^budget_s,,no time was asked for$' exact/machine.csv
run --resume exact --quiet
expect 'which is the whole' says out exact
expect 'still three' is "$(key exact blocks)" 3
run --plan slow.plan --budget 2s --out spent --quiet
rows spent/status.csv >before
run --resume spent
expect 'its own budget is spent, which is not finished either' says err 'and no time for another: it takes about '
run --resume spent --budget 0.1s
expect 'no time for a block is not finished' says err 'and no time for another: it takes about '
expect 'what there is' says err 'of the budget 0.1 s are left; nothing was measured'
expect 'what to do' says err "$teampool run --resume 'spent' --budget 60s"
expect 'nothing written' is "$(rows spent/status.csv)" "$(cat before)"
run --resume spent --budget 2s
expect 'a budget counts from now on' says err 'cell runs in this part'
expect 'and both are the whole' awk -v s="$(key spent budget_s)" 'BEGIN { exit !(s > 3 && s < 6) }'
run --plan slow.plan --dry-run
expect 'an estimate' grep -qE '8 cells, about [0-9.]+ s for the first block, [0-9]+ blocks in [0-9]+ s' err

# ---- words that cannot be meant ----

# refused TEXT COMMAND WORD...: exit code 2, TEXT on stderr in one line, nothing on stdout.
refused() {
    wanted=$1
    shift
    "$teampool" "$@" >out 2>err
    expect "exit code 2: $*" is $? 2
    expect "'$wanted' for: $*" says err "$wanted"
    expect "one line for: $*" [ "$(wc -l <err)" -eq 1 ]
    expect "nothing on stdout for: $*" [ ! -s out ]
}
refused "did you mean 'run'" rum
refused "did you mean '--profile'" run --profle quick
refused "did you mean 'quick'" run --profile quik
refused 'smoke, quick, default or full' doctor --profile huge
refused "did you mean 'csv'" topology --format cvs
refused "did you mean 'workload'" plan backend=omp workloads=cpu
refused "(did you mean 'quick'?); write" run --profile quik
refused 'chunk= has an empty value' plan backend=omp workload=cpu chunk=1,,8
refused "'backend=omp' both say" plan backend=omp workload=cpu --profile quick
refused "did you mean 'pool'" plan backend=pol workload=cpu
refused "did you mean 'sleep'" plan backend=omp workload=slep
refused "did you mean 'omp'" plan backend=pool,opm
refused "no backend 'omq'" plan backend=omq
refused "'teampool list'" plan workload=cpu
refused "unknown option '--bogus'; '$teampool run --help'" run --bogus
refused "unknown command 'bogus'; '$teampool --help'" bogus
refused '--plan and --profile' run --plan quick.plan --profile quick
refused 'schedule=static: pipe has none; it has dynamic guided' plan backend=pipe schedule=static workload=cpu
refused 'variant=tall: skew has' plan backend=pipe variant=tall workload=skew
refused 'the workers of omp start by: thread' plan backend=omp start=fork workload=cpu
echo 'backend=pipe schedule=steal workload=cpu' >bad.plan
refused 'bad.plan: line 1: schedule=steal: pipe has none' run --plan bad.plan --out new
expect 'no folder' [ ! -e new ]
"$teampool" plan backend=pool,pipe schedule=static,dynamic workload=cpu >out 2>err
expect 'what goes together stays' [ "$(wc -l <out)" -eq 3 ]
expect 'the rest is named' says err '1 of 4 combinations left out: schedule=static: pipe has none'
"$teampool" list >out
"$teampool" --list | cmp -s - out
expect '--list is list' is $? 0
"${teampool%/*}/teampool-cell" --check backend=pipe schedule=static workload=cpu >out 2>err
expect 'the cell program would refuse it' is $? 2
"${teampool%/*}/teampool-cell" --check backend=pipe workload=cpu >out 2>err
expect 'and takes another' is $? 0
expect 'measuring nothing' [ ! -s out ]

# ---- summarize --format ----

"$here/fake_run.sh" tables
"$teampool" summarize tables >out 2>err
expect 'without --format nothing is shown' [ ! -s out ]
for form in text markdown csv; do
    "$teampool" summarize tables --format $form >$form 2>err
    expect "$form: exit code 0" is $? 0
    expect "$form: the headline" says $form 'omp dynamic 8w, cpu 10'
done
cells=$(rows tables/cells.csv) pairs=$(rows tables/pairs.csv) answers=$(rows tables/verdict.csv)
expect 'csv: all rows' [ "$(rows csv)" -eq $((cells + pairs + answers)) ]
expect 'csv: as many fields in all' awk -F, '{ gsub(/"[^"]*"/, "") } NF != 9 { exit 1 }' csv
expect 'csv: times as in cells.csv' [ "$(grep -c '^cell,' csv)" -eq "$cells" ]
expect 'markdown: all rows' [ "$(grep -c '^| ' markdown)" -eq $((cells + pairs + answers + 3)) ]
expect 'text: all rows' [ "$(grep -c . text)" -eq $((cells + pairs + answers + 6)) ]
expect 'text: numbers end in line' awk '/^pairs/ { on = 1; next } !NF { on = 0 } on == 1 { on = 2; next }
    on { match($0, /^ *[0-9.]+/); if (end && RLENGTH != end) exit 1; end = RLENGTH }' text
for question in chunk shortest; do
    expect "text: the number of $question" awk -v q=$question '$1 == q { n++; if ($3 !~ /^[0-9]/) exit 1 }
        END { exit !n }' text
done
"$here/fake_run.sh" partly without=length
for form in text csv; do "$teampool" summarize partly --format $form >$form 2>err; done
expect 'csv: what was not measured, too' says csv ',unknown'
expect 'text: nothing of what was not measured' [ "$(grep -c unknown text)" -eq 0 ]
expect 'text: the value of an answer is explained' says text 'chunk), the shortest task that pays'
refused "did you mean 'markdown'" summarize tables --format markdwon

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
