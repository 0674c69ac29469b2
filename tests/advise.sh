#!/bin/sh
# SPDX-License-Identifier: MIT
#
# advise.sh TEAMPOOL: `teampool advise` on made-up runs: what it answers, and when it refuses to.
set -eu
[ $# -eq 1 ] || { echo "usage: advise.sh TEAMPOOL" >&2; exit 2; }
. "$(dirname -- "$0")/expect.sh"
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
teampool=$(CDPATH='' cd -- "$(dirname -- "$1")" && pwd)/$(basename -- "$1")
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
trap 'exit 130' INT TERM
cd -- "$work"

# advise CODE WORD...: the command ends with CODE; what it says goes to out and err.
advise() {
    wanted=$1
    shift
    code=0
    "$teampool" advise "$@" >out 2>err || code=$?
    [ "$code" -eq "$wanted" ] || fail "advise $*: exit $code, not $wanted: $(cat out err)"
    if [ "$wanted" -ne 0 ] && [ -s out ]; then fail "advise $*: an answer in spite of exit $code"; fi
}

# says FILE PATTERN: a line matches.
says() {
    grep -q -- "$2" "$1" || fail "'$2' is not in: $(cat "$1")"
}

# ---- inside the range: an answer with a time, a range, and how well the model was tested
"$here/fake_run.sh" run
advise 0 run --task-us 5 --tasks 10000
says out '10,000 tasks of 5.*µs: '
says out '8 workers'
says out '^About .* (.* to .*); serially 50'
says out 'pipe dynamic'
says out 'The model met [0-9]* cells'
says out ': use .*, 8 workers, .* per chunk'
[ "$(grep -c 'The margin, below which' out)" -eq 1 ] || fail "the margin: $(cat out)"
says out '^Starting the 8 workers of '
[ "$(wc -l <out)" -ge 6 ] || fail "text: $(cat out)"

# ---- nothing is written into the run
[ ! -e run/cells.csv ] && [ ! -e run/costs.csv ] || fail 'advise wrote into the run'

# ---- as a table: a row a team, the best first, names and rows of the same width
advise 0 run --task-us 5 --tasks 10000 --format csv
says out '^runner,backend,start,schedule,wait,workers,.*,expected_ns,low_ns,high_ns,serial_ns,'
awk -F, 'NR == 1 { n = NF; for (i = 1; i <= NF; i++) at[$i] = i }
    NF != n { exit 1 }
    NR == 2 && $at["against_best"] != 1 { exit 1 }
    NR > 1 && ($at["low_ns"] > $at["expected_ns"] || $at["high_ns"] < $at["expected_ns"]) { exit 1 }
    NR > 2 && $at["expected_ns"] < last { exit 1 }
    NR > 1 { last = $at["expected_ns"] }
    NR > 1 && $at["serial_ns"] != 50000000 { exit 1 }
    END { if (NR < 4) exit 1 }' out || fail "the table: $(cat out)"

# ---- short tasks, few of them: serial
advise 0 run --task-us 0.1 --tasks 40 
says out 'stay serial'

# ---- the same record, the same bytes
advise 0 run --task-us 5 --tasks 10000
cp out first
advise 0 run --task-us 5 --tasks 10000
cmp -s out first || fail 'the same question has another answer'

# ---- outside: refused in words, unless it is wanted
advise 1 run --task-us 0.01 --tasks 10000
says err 'tasks of 100.*ns to 10.*ms were measured'
says err 'extrapolate'
advise 1 run --task-us 5 --tasks 1000000000
says err 'jobs of .* tasks were measured'
advise 0 run --task-us 5 --tasks 1000000000 --extrapolate
says out '^Extrapolated'
advise 0 run --task-us 5 --tasks 1000000000 --extrapolate --format=csv
says out ',1,8,$'
advise 1 run --task-us 5 --tasks 10000 --payload 1024
says err 'no payload was measured'
advise 0 run --task-us 5 --tasks 10000 --payload 1024 --extrapolate
says out '^Extrapolated'
advise 0 run --task-us 5 --tasks 10000 --workers 8
advise 1 run --task-us 5 --tasks 10000 --workers 7
says err 'no team of 7 workers'

# ---- more workers than were measured: a prediction, and said to be one
says_not() {
    ! grep -q -- "$2" "$1" || fail "'$2' is in: $(cat "$1")"
}
advise 1 run --task-us 5 --tasks 10000 --workers 64
says err 'no team of 64 workers.*--extrapolate'
advise 0 run --task-us 5 --tasks 10000 --workers 64 --extrapolate
says out '^Predicted: 10,000 tasks of 5.*µs: '
says out '64 workers'
says out '^  8 workers .*measured team'
says out '^  64 workers '
says out 'prediction for a machine with 64 cores like these, from the costs of 8 workers'
says out 'could not be tested'
says out ' would be the fastest, 64 workers'
says out '^The fastest would take about '
says_not out 'use '
says_not out ' to [0-9.]* ms)'
says_not out '[0-9][0-9][0-9]*\.[0-9]* times'
advise 0 run --task-us 5 --tasks 100000 --workers 1000 --extrapolate --format csv
awk -F, 'NR == 1 { n = NF; for (i = 1; i <= NF; i++) at[$i] = i; next }
    NF != n || $at["extrapolated"] != ($at["workers"] != 8) { exit 1 }
    $at["workers"] != 8 && $at["low_ns"] $at["high_ns"] != "" { exit 1 }
    $at["answer"] == "curve" { if ($at["workers"] <= last) exit 1; last = $at["workers"]; steps++ }
    $at["answer"] != "curve" && $at["workers"] != 1000 { exit 1 }
    $at["backend"] == "pipe" && $at["workers"] == 1000 { pipe = 1 }
    $at["from_workers"] != 8 { exit 1 }
    END { if (steps != 11 || last != 1000 || !pipe) exit 1 }' out || fail "the curve: $(cat out)"
# a thousand workers at a counter: claims are the limit, unless chunks are long
"$teampool" advise run --task-us 0.1 --tasks 100000000 --workers 1000 --extrapolate --format csv >long
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    $at["backend"] == "pool" && $at["schedule"] == "steal" && $at["bound"] == "work" { free = 1 }
    $at["backend"] == "pipe" && $at["bound"] == "caller" { held = 1 }
    END { exit !(free && held) }' long || fail "the bounds: $(cat long)"

# ---- a payload that was measured: through a pipe it costs, in place it does not
cp -R run bytes
awk -F, -v OFS=, -v samples=bytes/samples.csv -v status=bytes/status.csv '
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    $6 == "cpu" && $8 == 10000 && $at["sweep"] == "length" && $2 != "serial" {
        for (b = 256; b <= 4096; b *= 16) {
            wall = $at["wall_ns"] + ($2 == "pipe" ? 2 : 0.1) * b * $10 / $12
            row = $0
            sub(/,cpu,/, ",payload,", row)
            split(row, f, ",")
            f[9] = b; f[at["seq"]] += 100000 * b; f[at["wall_ns"]] = wall; f[at["sweep"]] = "payload"
            line = f[1]
            for (i = 2; i <= NF; i++) line = line "," f[i]
            print line >> samples
            if ($at["sample"] == 0) print 1000 + b "," $at["block"] "," f[at["seq"]] ",ok,,4000,made up" >> status
        }
    }' run/samples.csv
advise 0 bytes --task-us 10 --tasks 10000 --payload 4096 --format csv
says out ',pool,fork,dynamic,.*,4096,'
time_of() {
    awk -F, -v team="$2" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $2 == team { print int($at["expected_ns"]); exit }' "$1"
}
cp out with
advise 0 bytes --task-us 10 --tasks 10000 --format csv
for team in omp pipe; do
    extra=$(($(time_of with $team) - $(time_of out $team)))
    case $team in # 1.9 ns a byte more than in place, by 8 workers: 9.7 ms
    omp) [ "$extra" -ge -200000 ] && [ "$extra" -le 200000 ] ;;
    pipe) [ "$extra" -ge 8000000 ] && [ "$extra" -le 12000000 ] ;;
    esac || fail "4096 bytes cost $team $extra ns"
done
advise 1 bytes --task-us 10 --tasks 10000 --payload 1000000
says err 'payloads of 256 to 4,096 bytes were measured'
advise 0 bytes --task-us 10 --tasks 10000 --payload 0

# ---- what cannot be meant
advise 2 run
advise 2 run --task-us 5
advise 2 run --tasks 5
advise 2 --task-us 5 --tasks 5
advise 2 run run --task-us 5 --tasks 5
for bad in 0 -1 x 5x nan inf ''; do
    advise 2 run "--task-us=$bad" --tasks 5
    advise 2 run --task-us 5 "--tasks=$bad"
done
advise 2 run --task-us 5 --tasks 5 --payload -3
advise 2 run --task-us 5 --tasks 5 --payload x
advise 2 run --task-us 5 --tasks 5 --format xml
advise 0 --help
says out '--task-us'

# ---- runs that cannot tell
advise 1 nowhere --task-us 5 --tasks 10000
says err 'no such folder'
mkdir empty
advise 1 empty --task-us 5 --tasks 10000
says err 'not a run'
"$here/fake_run.sh" smoke profile=smoke blocks=1
advise 1 smoke --task-us 5 --tasks 10000
says err 'smoke'
"$here/fake_run.sh" few blocks=4
advise 0 few --task-us 5 --tasks 10000
advise 1 few --task-us 5 --tasks 10000 --workers 64 --extrapolate
says err 'nothing is predicted for larger teams from 4 blocks: it takes 6'
"$here/fake_run.sh" short without=chunk+length+workers
advise 1 short --task-us 5 --tasks 10000
says err 'too few cells'

echo "$failed failed"
[ "$failed" -eq 0 ]
