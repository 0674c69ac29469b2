#!/bin/sh
# SPDX-License-Identifier: MIT
#
# compare.sh TEAMPOOL: `teampool compare` on made-up runs whose truth is known: ratios, verdicts and
# counts; hosts, versions, builds, work of other length; everything that has to be refused; and, by
# simulation, how often it sees a difference where there is none.
set -u
. "$(dirname -- "$0")/expect.sh"
if [ $# -ne 1 ] || [ ! -x "$1" ]; then
    echo "usage: compare.sh TEAMPOOL" >&2
    exit 2
fi
case $1 in
/*) teampool=$1 ;;
*) teampool=$PWD/$1 ;;
esac
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 2

within() { awk -v x="$1" -v low="$2" -v high="$3" 'BEGIN { exit !(x != "" && x >= low && x <= high) }'; }

# compare WORDS...: rc, out, err.
compare() {
    "$teampool" compare "$@" >out 2>err
    rc=$?
}

# csv COLUMN [COLUMN=VALUE ...]: that column of the rows of `out` that fit.  No field has a comma.
csv() {
    awk -F, -v want="$*" '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; n = split(want, w, " "); next }
        {
            for (k = 2; k <= n; k++) {
                split(w[k], part, "=")
                if ($at[part[1]] != part[2]) next
            }
            print $at[w[1]]
        }' out
}
rows() { csv "$@" | wc -l | tr -d ' '; }

# make DIR [KEY=VALUE ...]: a run's folder.  seed; noise: the deviation of a block's logarithm;
# blocks; points: chunk sizes per backend; omp, pool, serial: factors on their times; overhead: ns
# per job that grow with nothing; steps: per ms; version, host, kernel, model, build; cpus; extra: a
# column of the key with its value; only: this backend alone; foreign, waited: what other programs
# took, and the share of the time that workers waited for a CPU.
make() {
    dir=$1
    shift
    seed=1 noise=0.004 blocks=12 points=3 omp=1 pool=1 serial=1 overhead=0 steps=1000000 version=1
    host=alpha kernel=6.1 model=Invented build=Release cpus=0+1 extra='' only='' floor='' foreign=0.001 waited=0
    for word; do
        eval "${word%%=*}=\${word#*=}"
    done
    mkdir -p "$dir"
    {
        printf 'key,value,note\nhostname,%s,\nkernel,Linux %s,\ncpu_model,%s CPU,\n' \
            "$host" "$kernel" "$model"
        printf 'build_type,%s,\nflags,-O2,\nseed,%s,\nsteps_per_ms,%s,\nforeign_share,%s,\n' \
            "$build" "$seed" "$steps" "$foreign"
        [ -z "$floor" ] || printf 'aa_floor,%s,\n' "$floor"
    } >"$dir/machine.csv"
    awk -v seed="$seed" -v noise="$noise" -v blocks="$blocks" -v points="$points" -v omp="$omp" \
        -v pool="$pool" -v serial="$serial" -v overhead="$overhead" -v steps="$steps" \
        -v version="$version" -v cpus="$cpus" -v extra="$extra" -v only="$only" -v dir="$dir" \
        -v waited="$waited" '
    function uniform() { # Park & Miller (1988): every awk gives the same
        state = (state * 16807) % 2147483647
        return state / 2147483647
    }
    function normal() {
        return sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform())
    }
    function cell(backend, schedule, workers, chunk, factor,    wall, s, work) {
        if (only != "" && only != backend) return
        seq++
        work = 10000 * 1000 / workers * steps / 1000000
        for (s = 0; s < 2; s++) {
            wall = (work * factor + overhead) * exp(noise * normal())
            printf "cell,%s,auto,%s,passive,cpu,%s,10000,0,1000,%d,%d,close,%s,%s%d,%d,%d,0,%.0f,ok,x,%s,%.0f\n",
                backend, schedule, version, chunk, workers, cpus, more, b, seq, s, wall, steps, waited * workers * wall >samples
        }
        printf "%d,%d,%d,ok,,,\n", seq - first, b, seq >status
    }
    BEGIN {
        state = seed * 7919 + 17
        for (b = 0; b < 20; b++) uniform()
        samples = dir "/samples.csv"; status = dir "/status.csv"
        split(extra, part, "=")
        more = extra == "" ? "" : part[2] ","
        printf "runner,backend,start,schedule,wait,workload,work_version,task_ns,payload_bytes,tasks,chunk,workers,place,cpus,%sblock,seq,sample,warmup,wall_ns,status,sweep,steps_per_ms,runq_ns\n",
            extra == "" ? "" : part[1] "," >samples
        print "cell,block,seq,status,reason,wall_ms,line" >status
        for (b = 1; b <= blocks; b++) {
            first = seq
            cell("serial", "static", 1, 1, serial)
            for (k = 1; k <= points; k++) {
                cell("omp", "dynamic", 2, k, omp)
                cell("pool", "dynamic", 2, k, pool)
            }
        }
    }'
}

# ---- known ratios
make old seed=1
make new seed=2 pool=1.10 omp=0.90
compare old new --format csv
expect 'exit 0 without --fail-on' is "$rc" 0
expect 'a row per cell' is "$(rows backend)" 7
expect 'omp faster' is "$(rows verdict backend=omp verdict=faster)" 3
expect 'pool slower' is "$(rows verdict backend=pool verdict=slower)" 3
expect 'serial the same' is "$(csv verdict backend=serial)" same
expect 'the ratio' within "$(csv ratio backend=pool chunk=2)" 1.09 1.11
expect 'its interval below' within "$(csv ratio_low backend=pool chunk=2)" 1.08 1.10
expect 'its interval above' within "$(csv ratio_high backend=pool chunk=2)" 1.10 1.12
expect 'they count' is "$(rows counts counts=1)" 6
expect 'the speed-up fell' is "$(rows shape_verdict shape_verdict=worse backend=pool)" 3
expect 'order of the first columns' says out 'cpus,sweep,ratio,ratio_low,ratio_high,margin,verdict,'
expect 'talk on stderr' says err '3 of 7 cells slower, 3 faster, 1 same within 3%'
cp out once
compare old new --format csv
expect 'the same bytes again' cmp -s once out
compare new old --format csv
expect 'turned round: slower' is "$(rows verdict backend=omp verdict=slower)" 3
expect 'turned round: the inverse' within "$(csv ratio backend=pool chunk=2)" 0.90 0.92

# ---- --fail-on, --margin
compare old new --fail-on slower
expect '3 when slower' is "$rc" 3
expect 'text: summary first' is "$(head -n 1 out)" '3 of 7 cells slower, 3 faster, 1 same within 3%.'
expect 'text: the section' says out 'slower: 3'
expect 'text: rows' says out 'µs x1000, chunk 2'
expect 'text: who' says out 'pool dynamic 2w, cpu'
expect 'text: the same is a count only' has_no out 'serial, cpu'
expect 'text: 80 columns' is "$(awk '{ gsub(/[\200-\277]/, "") } length > 96' out | wc -l | tr -d ' ')" 0
compare old new --fail-on unclear,missing
expect 'no others' is "$rc" 0
compare old new --fail-on=missing,faster
expect 'a list' is "$rc" 3
compare old new --fail-on slower --margin 25%
expect 'a wide margin' is "$rc" 0
compare old new --margin 160%
expect 'a margin that says nothing' is "$(head -n 1 out)" \
    '0 of 7 cells slower, 0 faster, 7 within 160%, too wide to call them the same.'
compare old new --format csv --margin 0.2
expect 'a margin as a share' is "$(csv margin backend=serial)" 0.2
expect 'all within it' is "$(rows verdict verdict=same)" 7
make noisy seed=3 pool=1.10 floor=0.06
compare old noisy --format csv
expect 'twice the A/A floor' is "$(csv margin backend=serial)" 0.12
rm -f noisy/machine.csv && make noisy seed=3
printf '%s\n' 'a_runner,a_backend,a_start,a_schedule,b_runner,b_backend,b_start,b_schedule,ratio' \
    'cell,omp,t,s,cell,omp,t,s,1.05' 'cell,omp,t,s,cell,pool,t,s,2' >noisy/pairs.csv
compare old noisy --format csv
expect 'the floor of A/A pairs' is "$(csv margin backend=serial)" 0.1
compare old new --margin 5
expect 'a margin of 5 is 2' is "$rc" 2
expect 'and says what is meant' says err 'write 5%'
for words in '--margin -1%' '--margin x' '--margin nan' '--fail-on same' '--fail-on slower,' \
    '--format html' '--nonsense' 'third'; do
    # shellcheck disable=SC2086 # words are words
    compare old new $words
    expect "$words: usage" is "$rc" 2
    expect "$words: nothing on stdout" is "$(wc -c <out)" 0
done
compare old
expect 'one folder: usage' is "$rc" 2
compare --help
expect '--help' is "$rc" 0
expect '--help lists' says out '--fail-on'

# ---- markdown
compare old new --format markdown
expect 'a heading' says out '### 3 of 7 cells slower'
expect 'a table' says out '|---|---:|'
expect 'biggest first' is "$(grep -cE '^\| (slower|faster) ' out)" 6
expect 'bars are escaped' has_no out 'cpu|'

# ---- few blocks
make old6 seed=4 blocks=6
make new6 seed=5 blocks=6 pool=1.3
compare old6 new6 --format csv --fail-on slower
expect '6 blocks do' is "$rc" 3
make new5 seed=5 blocks=5 pool=1.3
compare old6 new5 --format csv --fail-on slower
expect '5 blocks: nothing can be told' is "$rc" 1
expect '5 blocks: unclear' is "$(rows verdict verdict=unclear)" 7
expect '5 blocks: no interval' is "$(csv ratio_low backend=serial)" ''
expect '5 blocks: how many are needed' is "$(csv blocks_needed backend=serial)" 6
expect '5 blocks: told' says err '7 unclear: 7 of them with fewer than 6 blocks'
make one seed=6 blocks=1
compare old one
expect 'one block: 1' is "$rc" 1
expect 'one block: why' says err 'more than one block'
make wild seed=7 noise=0.2 pool=1.05
compare old wild
expect 'noise: unclear' says out 'unclear: about'
tr '\n' ' ' <out >line
expect 'noise: more blocks than there are' within \
    "$(sed -n 's/.*unclear: about \([0-9.]*\) times as many blocks.*/\1/p' line)" 1.05 10000

# ---- work of another length: 10 % more steps a task are not slower
make long seed=8 steps=1100000
compare old long --format csv
expect 'equal work: the same' is "$(rows verdict verdict=same)" 7
expect 'equal work: the ratio' within "$(csv ratio backend=omp chunk=1)" 0.99 1.01
expect 'equal work: told' says err 'steps_per_ms'
make heavy seed=9 overhead=5000000
make heavier seed=10 overhead=5000000 steps=1100000
compare heavy heavier --format csv
expect 'hand-out does not grow' within "$(csv ratio_high backend=omp chunk=1)" 0.99 1.06

# ---- a machine that was busy in one of the runs
make busy seed=24 pool=1.2 foreign=0.3 waited=0.2
compare old busy --format csv --fail-on slower
expect 'busy: nothing slower' is "$rc" 0
expect 'busy: unclear' is "$(rows verdict verdict=unclear backend=pool)" 3
expect 'busy: counted' says err '3 unclear: 3 of them because other programs ran'
compare old busy
expect 'busy: told' says out 'NEW was disturbed'
make slow seed=24 pool=1.2 foreign=0.3
compare old slow --fail-on slower
expect 'busy, but nobody waited for a CPU: slower' is "$rc" 3
make slow seed=24 pool=1.2 waited=0.2
compare old slow --fail-on slower
expect 'waited, but for nobody else: slower' is "$rc" 3

# ---- missing, versions
make more seed=11 points=4
compare old more --format csv --fail-on missing
expect 'missing: 3' is "$rc" 3
expect 'missing: rows' is "$(csv note chunk=4 backend=omp)" 'only in NEW'
expect 'missing: no ratio' is "$(csv ratio chunk=4 backend=omp)" ''
compare more old
expect 'missing in text' says out '2 missing (2 in NEW, 0 in OLD)'
make two seed=12 version=2
compare old two
expect 'another version: 1' is "$rc" 1
expect 'another version: why' says err 'work_version'
sed '/,omp,/s/,cpu,1,/,cpu,2,/' new/samples.csv >two/samples.csv
compare old two --format csv
expect 'another version of some: 0' is "$rc" 0
expect 'they are refused' is "$(rows verdict backend=omp verdict=missing)" 3
expect 'the others compared' is "$(rows verdict backend=pool verdict=slower)" 3
expect 'a sentence' says err '3 cells have another work_version'
make column seed=13 extra=ballast_mib=0
compare old column --format csv
expect 'a column of one run at its default' is "$(rows verdict verdict=same)" 7
make column seed=13 extra=ballast_mib=64
compare old column
expect 'not at its default' is "$rc" 1
make column seed=13 extra=options=
compare old column --format csv
expect 'options at their default are those of a run without the column' is "$(rows verdict verdict=same)" 7
make column seed=13 extra=options=held:50
compare old column
expect 'other options: other cells' is "$rc" 1
sed 's/,pool,/,strange,/' new/samples.csv >two/samples.csv
cp new/status.csv two/
sed 's/,pool,/,strange,/' old/samples.csv >column/samples.csv && cp old/status.csv column/
compare column two --format csv
expect 'an unknown backend' is "$(rows verdict backend=strange verdict=slower)" 3

# ---- hosts
make beta seed=14 host=beta cpus=2+3 model=Other serial=0.5 omp=0.5 pool=0.5
compare old beta --format csv
expect 'hosts: matched without cpus' is "$(rows verdict verdict=faster)" 7
expect 'hosts: the shape is the same' is "$(rows shape_verdict shape_verdict=same)" 6
compare old beta
expect 'hosts: told' says out 'matched by all but their CPU'
expect 'hosts: what differs' says out 'cpu_model          Invented CPU -> Other CPU'
expect 'hosts: no seed among it' has_no out 'seed'
expect 'hosts: shapes' says out 'the same: 6'
make same_host seed=14 cpus=2+3
compare old same_host
expect 'one host, other CPUs: another cell' is "$rc" 1
make left seed=15 omp=0.9
make right seed=16 host=beta pool=0.9
compare left right
expect 'turned round' says out 'Turned round: faster in OLD, slower in NEW: 3'
expect 'who' says out 'faster in OLD, 11% slower in NEW'
compare left right --format markdown
expect 'markdown of hosts' says out 'scales'
make mixed seed=17
printf 'hostname,gamma,\n' >>mixed/machine.csv
compare old mixed
expect 'two hosts in one run: 1' is "$rc" 1
expect 'two hosts in one run: why' says err 'two hosts'
make mixed seed=17 extra=hostname=alpha
sed '$s/,alpha,/,gamma,/' mixed/samples.csv >part && mv part mixed/samples.csv
compare old mixed
expect 'rows of two hosts: 1' is "$rc" 1
expect 'rows of two hosts: why' says err "'alpha' and 'gamma'"
make nowhere seed=18 && rm nowhere/machine.csv
compare old nowhere
expect 'no machine.csv: 0' is "$rc" 0
expect 'no machine.csv: told' says out 'Not known whether this is one host'
make debug seed=19 build=Debug
compare old debug
expect 'Debug against Release: 1' is "$rc" 1
expect 'and why' says err '--force'
compare old debug --force
expect 'forced: 0' is "$rc" 0

# ---- what is no run, or a damaged one
compare old old --format csv --fail-on slower,faster,unclear,missing
expect 'the same folder: 0' is "$rc" 0
expect 'the same folder: all the same' is "$(rows verdict verdict=same)" 7
expect 'the same folder: told' says err 'the same record'
compare old nothing
expect 'no such folder: 1' is "$rc" 1
expect 'no such folder: why' says err 'no such folder'
compare old/samples.csv old
expect 'a file: 1' is "$rc" 1
mkdir empty
compare empty old
expect 'no samples.csv: 1' is "$rc" 1
expect 'no samples.csv: why' says err 'it has no samples.csv'
head -n 1 old/samples.csv >empty/samples.csv
compare old empty
expect 'no rows: 1' is "$rc" 1
make cut seed=20
head -c -25 cut/samples.csv >part && mv part cut/samples.csv
compare old cut --format csv
expect 'cut off: 0' is "$rc" 0
expect 'cut off: told' says err 'cut off'
expect 'cut off: the same' is "$(rows verdict verdict=same)" 7
make odd seed=21
awk -F, -v OFS=, 'NR > 1 && NR % 31 == 2 { split("nan,-5,1e300,inf,0,", bad, ","); $19 = bad[NR % 6 + 1] } { print }' \
    odd/samples.csv >part && mv part odd/samples.csv
compare old odd --format csv
expect 'impossible times: 0' is "$rc" 0
expect 'impossible times: counted' says err 'rows left out for an impossible wall_ns'
expect 'impossible times: the same' is "$(rows verdict verdict=same)" 7
make crlf seed=22
for file in samples status machine; do
    awk '{ printf "%s\r\n", $0 }' crlf/$file.csv >part && mv part crlf/$file.csv
done
compare old crlf --format csv
expect 'CRLF' is "$(rows verdict verdict=same)" 7
expect 'CRLF: nothing differs' has_no err 'differs'
make junk seed=23
printf 'a,b\n1\n' >junk/machine.csv
compare old junk
expect 'a damaged machine.csv: 1' is "$rc" 1

# ---- where there is no difference: 200 cells a time, each against itself
for blocks in 6 9 12 25; do
    make still seed=$((100 + blocks)) noise=0.06 blocks=$blocks points=200 only=pool
    make again seed=$((200 + blocks)) noise=0.06 blocks=$blocks points=200 only=pool
    compare still again --format csv
    wrong=$(($(rows verdict verdict=faster) + $(rows verdict verdict=slower)))
    counted=$(rows counts counts=1)
    expect "A/A, $blocks blocks: 200 cells" is "$(rows verdict)" 200
    expect "A/A, $blocks blocks: at most 5 % differ, not $wrong" [ "$wrong" -le 10 ]
    expect "A/A, $blocks blocks: none counts, not $counted" is "$counted" 0
    compare still again --format csv --margin 0
    wrong=$(($(rows verdict verdict=faster) + $(rows verdict verdict=slower)))
    expect "A/A, $blocks blocks, no margin: about 5 % at most, not $wrong" [ "$wrong" -le 18 ]
    expect "A/A, $blocks blocks, no margin: $(rows counts counts=1) count" is "$(rows counts counts=1)" 0
    echo "A/A, $blocks blocks, no margin: $wrong of 200 intervals without 1, $(rows counts counts=1) counted"
done
# one true change among 200 is found
make again seed=300 noise=0.01 points=200 only=pool
make still seed=301 noise=0.01 points=200 only=pool
awk -F, -v OFS=, '$11 == 77 && NR > 1 { $19 = int($19 * 1.08) } { print }' again/samples.csv >part
mv part again/samples.csv
compare still again --format csv --fail-on slower
expect 'one slower among 200: 3' is "$rc" 3
expect 'one slower among 200: that one' is "$(csv chunk counts=1)" 77

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
