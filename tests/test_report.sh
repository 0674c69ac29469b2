#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_report.sh TEAMPOOL: `teampool report` on made-up runs: whole, hostile, broken, tiny; with and
# without gnuplot.
# shellcheck disable=SC2016 # backticks in quotes are the point
set -eu
[ $# -eq 1 ] || { echo "usage: test_report.sh TEAMPOOL" >&2; exit 2; }
. "$(dirname -- "$0")/expect.sh"
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
teampool=$(CDPATH='' cd -- "$(dirname -- "$1")" && pwd)/$(basename -- "$1")
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
trap 'exit 130' INT TERM
cd -- "$work"

# absent WHAT PATTERN FILE: no line matches.
absent() {
    if grep -qi -- "$2" "$3"; then fail "$1"; fi
}

fake() {
    "$here/fake_run.sh" "$@"
}

report() {
    "$teampool" report "$@" >out 2>err
}

have_gnuplot=0
if command -v gnuplot >/dev/null; then have_gnuplot=1; else echo 'note: no gnuplot: drawings not tested'; fi

# drawings FILE: how many are in the page.
drawings() {
    grep -c '<svg role="img"' "$1" || true
}

# ---- a whole run: every figure, one self-contained page
fake run more=1
report run || fail "report exits 0: $(cat err)"
check 'stdout is the path' test "$(cat out)" = run/report.html
check 'the verdict goes to stderr' grep -q 'Use threads' err
figures='speedup length chunk_1us chunk_10us startup launch where samples matrix contention payload_1us
    payload_10us payload_100us map_processes map_pipes schedules lesson'
for figure in $figures; do
    check "figure $figure has a table" test -s "run/plots/$figure.csv"
    check "figure $figure is on the page" grep -q "id=\"fig-$figure\"" run/report.html
done
absent 'no script' '<script' run/report.html
absent 'nothing fetched' 'src=\|<link\|@import\|url(http' run/report.html
check 'a content security policy' grep -q "default-src 'none'; style-src 'unsafe-inline'; img-src data:" run/report.html
if [ "$have_gnuplot" = 1 ]; then
    [ "$(drawings run/report.html)" -eq 23 ] || fail "23 drawings, not $(drawings run/report.html)"
    check 'a page below 450 KB' test "$(wc -c <run/report.html)" -lt 450000
    ids=$(grep -o ' id="[^"]*"' run/report.html | sort | uniq -d)
    [ -z "$ids" ] || fail "ids twice on the page: $ids"
fi

# ---- the steps of machines that have some: flags on the axis of workers
# flags MACHINE: "workers name" of each, in one line; and whether the axes are logarithmic.
flags() {
    fake "$1" machine="$here/machines/$1.csv" blocks=6 without=lesson+chunk+length+schedules+startup
    report "$1" || fail "report of $1 exits 0: $(cat err)"
    awk -F, '$1 == "log" { print "log" } $1 == "flag" { x = $2; y = $3 }
        $1 == "start" && $3 == y { print x, $5; y = -1 }' "$1/plots/speedup-labels.csv" | paste -sd'|'
}
expect_flags() {
    got=$(flags "$1")
    [ "$got" = "$2" ] || fail "flags of $1: $2, not $got"
}
expect_flags smt2 '4 all cores'
expect_flags hybrid-p6-e8 '6 fastest cores|14 all cores'
expect_flags eight-nodes 'log|8 one NUMA node|16 2 NUMA nodes|32 one package|64 all cores'
expect_flags 2048-threads 'log|16 one L3 cache|128 one package|1024 all cores'
check 'the axis of workers is explained' grep -q 'Flags: a part of the machine is full' smt2/report.html
absent 'no flags without steps' 'Flags:' run/report.html

# ---- threads under a lock, and the lesson
title() {
    grep -q "<h3[^>]*>$2</h3>" "$1/report.html" || fail "title in $1: $2"
}
title run 'Under the lock more threads add nothing; 8 processes reach 7.3 times serial speed'
title run 'Beside one thread that computes, an answer waits one switch interval, 5.1.*ms; alone 30.*µs'
title run 'An answer takes 10[01].*µs with an interval of 50.*µs, and 5.1.*ms with 5.*ms'
title run 'Processes win once the lock is needed for more than 2% of the work'
check 'how many were inside' grep -q 'inside a task at once: 1 under the lock, 2 without' run/report.html
check 'answers' grep -q '^cell,gil,.*,convoy,.*,answer_p50,' run/lock.csv
check "Python's pool in lock.csv, over its own serial run" grep -q '^py-pool,.*,speedup,7.2' run/lock.csv
check "and in the figure" grep -q '^workers,.*py_threads,.*py_pool' run/plots/lock.csv
title run 'Asleep, 8 threads under the lock reach 8.0 times serial speed'
check 'Python inside, under its own lock' grep -q '^cell,omp,thread,.*,python_cpu,.*,python,5000,1,,speedup,0.95' run/lock.csv
check 'and by processes' grep -q '^cell,pool,fork,.*,python_cpu,.*,,,,,speedup,7.6' run/lock.csv
check 'in the figures' grep -q 'py_inside,.*py_inside_pool' run/plots/lock.csv
check 'as the note says' grep -q 'py in omp, py in pool: Python that threads and processes in C call. Of 2' run/report.html
check "Python's answers" grep -q '^py-threads,.*,switch_us:50,convoy,.*,python,50,1,1,answer_p50,' run/lock.csv
check 'beside one, at the usual interval' grep -q 'Python.*own take 5.2.*ms, ours under the lock 5.1.*ms' run/report.html
check 'at others' grep -q '^interval,lock_ns,.*,py_threads_ns' run/plots/interval.csv
check 'why it is later' grep -q 'Python leaves the timer slack' run/report.html
check 'and in the lesson' grep -q 'py-threads, beside one that computes: 5.2.*ms; sys.setswitchinterval' run/report.html
check 'the cores, by hwloc' grep -q 'hwloc: 8 cores, 8 hardware threads; room for 8 workers' run/report.html
check 'the lesson in Python' grep -q 'py-dill 3[12][0-9].*ms, py-pool 3[01][0-9]' run/report.html
check 'the lambda, and its cure' grep -q 'dill, which sends the code (the same naps: 3' run/report.html
check 'chunks in Python' grep -q 'an empty task by py-pool: .* in chunks of 1, ' run/report.html
fake plain
echo 'psutil_cores,4,' >>plain/machine.csv
report plain || fail "report plain: $(cat err)"
check 'the cores, by psutil' grep -q 'psutil.cpu_count(logical=False): 4' plain/report.html
check 'nobody asked psutil' grep -q 'no Python pool took part in this run' run/report.html
fake without_psutil
echo "psutil_cores,,python3 has no package 'psutil'" >>without_psutil/machine.csv
report without_psutil || fail "report without_psutil: $(cat err)"
check 'why not by psutil' grep -q 'not known: python3 has no package &#39;psutil&#39;' without_psutil/report.html
for figure in lock lock_nap answer interval held; do
    check "$figure: not there" grep -q "<li id=\"fig-$figure\">.*Not drawn: " plain/report.html
done
check 'where they can be had, once' test "$(grep -c -- '--plan docs/gil-plan.txt' plain/report.html)" = 1
check 'and the others' grep -q 'To measure what is missing: <code>teampool run ' plain/report.html
fake few more=1 blocks=3 profile='plan file'
report few || fail "report few: $(cat err)"
title few 'Under the lock more threads seem to add nothing; 8 processes seem to reach 7.3 times serial speed'
title few 'Beside one thread that computes, an answer seems to wait one switch interval, .*'
title few 'An answer seems to take 10[01].*'
title few 'Starting 8 workers seems to take .*'
title few 'With a few heavy tasks, static seems to take .* longer than dynamic\|When tasks grow, static seems .*'
check 'a plan file is no profile' grep -q ' · a plan file</p>' few/report.html
check 'what a line between dots is' grep -q 'Dots are measured; the line between them is computed' few/report.html
fake unlocked fail=gil more=1
report unlocked || fail "report unlocked: $(cat err)"
check 'why there is no lock' grep -q '<li id="fig-lock">.*cannot open the team: no such thing here' unlocked/report.html

# ---- drawings are well-formed
cat >well.py <<'END'
import re, sys, xml.dom.minidom
page = open(sys.argv[1], encoding='utf-8').read()
for svg in re.findall(r'<svg.*?</svg>', page, re.S):
    xml.dom.minidom.parseString(svg.encode())
END
if command -v python3 >/dev/null; then
    check 'drawings are well-formed XML' python3 well.py run/report.html
else
    echo 'note: no python3: drawings not parsed'
fi

# ---- the same run gives the same bytes, and a second report changes nothing
cp run/report.html first.html
report run || fail 'a second report'
cmp -s run/report.html first.html || fail 'the same bytes again'
cp -R run other
rm -rf other/plots other/report.html other/cells.csv other/pairs.csv other/checks.csv other/verdict.csv
mkdir elsewhere
mv other elsewhere/run
report elsewhere/run || fail 'a report from the record alone'
cmp -s elsewhere/run/report.html first.html || fail 'the same bytes from the record alone'

for table in cells pairs checks verdict; do
    check "the same $table.csv" cmp -s run/$table.csv elsewhere/run/$table.csv
done

# ---- verdict.csv and checks.csv say what the page says
cat >wanted <<'END'
headline,cpu,,10000,either,omp,dynamic,8,32,4,256
best,cpu,,1000,unclear,omp,dynamic,8,64,,
best,cpu,,10000,either,omp,dynamic,8,16,,
END
cut -d, -f1-11 run/verdict.csv | sed -n 2,4p >found
check "the first answers: $(cat found)" cmp -s wanted found
check 'the rest' test "$(cut -d, -f1 run/verdict.csv | sort | uniq -c | tr -s ' \n' ' ')" = \
    ' 9 best 8 chunk 1 headline 1 question 4 shortest 3 startup '
check 'how sure' grep -q '^headline,.*,high,$' run/verdict.csv
check 'load in checks.csv, from machine.csv' grep -q '^load,good,0.05,' run/checks.csv
fake examined
cat >examined/doctor.csv <<'END'
check,mark,value,text,fix
governor,warn,powersave (8),The clock <b>follows</b> the load,sudo cpupower frequency-set -g performance
smt,good,1 per core,Every worker has a core to itself,
later,enormous,,A mark of a later version,
END
report examined || fail "a run that was examined: $(cat err)"
check 'what the doctor found is on the page' grep -q 'The clock &lt;b&gt;follows&lt;/b&gt; the load' examined/report.html
check 'with its fix' grep -q '<span>sudo cpupower frequency-set' examined/report.html
check 'and on the terminal' grep -q 'fix: sudo cpupower' err
check 'and in checks.csv' grep -q '^governor,warn,powersave (8),' examined/checks.csv
absent 'machine.csv is not asked twice' '^load,' examined/checks.csv
absent 'an unknown mark is left out' '^later,' examined/checks.csv
check 'one warning: medium' grep -q '^headline,.*,medium,warnings$' examined/verdict.csv

# ---- hostile names
odd="-o dd 'q\" \`touch pwned\` \$(touch pwned) <x>"
host='<script>alert(1)</script>"'"'"'`touch pwned`'
fake "./$odd" host="$host"
report -- "$odd" || fail "report with a hostile folder: $(cat err)"
absent 'a host name is no markup' '<script' "./$odd/report.html"
check 'a host name is shown as it is' grep -q '&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;`touch pwned`' "./$odd/report.html"
check 'nothing was executed' test ! -e pwned
[ "$have_gnuplot" = 0 ] || [ "$(drawings "./$odd/report.html")" -eq 11 ] || fail "drawings in an odd folder: $(drawings "./$odd/report.html")"

# ---- without gnuplot; and a drawing found in the folder is let in only if it is nothing more
mkdir bin
for tool in sh sed tail mktemp rm mv dirname; do
    ln -s "$(command -v "$tool")" "bin/$tool"
done
without_gnuplot() {
    PATH="$work/bin" "$teampool" report "$@" >out 2>err
}
fake bare
without_gnuplot bare || fail "no gnuplot is no failure: $(cat err)"
check 'no gnuplot is said' grep -q 'gnuplot is not installed' err
check 'and stands on the page' grep -q 'Not drawn: gnuplot' bare/report.html
[ "$(drawings bare/report.html)" -eq 0 ] || fail 'no drawings without gnuplot'
for bad in '<svg><script>alert(1)</script></svg>' '<svg onload="alert(1)"></svg>' \
    '<svg><g><image href="http://x/"/></g></svg>' '<svg><use xlink:href="http://x/#a"/></svg>' \
    '<svg><g fill="url(http://x/)"/></svg>' '<svg><g>' '<svg></svg></main>' '<svg><style>*{}</style></svg>' \
    '<!DOCTYPE svg [<!ENTITY a "b">]><svg></svg>' ''; do
    printf '%s' "$bad" >bare/plots/speedup.svg
    without_gnuplot bare || fail "report with the drawing $bad"
    [ "$(drawings bare/report.html)" -eq 0 ] || fail "let in: $bad"
    absent "let in: $bad" 'alert(1)\|http://x' bare/report.html
done
printf '<svg viewBox="0 0 1 1"><g id="a"/><g fill="none">\n<title>t</title>\n</g><g><g>\n</g><text>x</text></g><use href="#a"/></svg>' \
    >bare/plots/speedup.svg
without_gnuplot bare
check 'a drawing made elsewhere is used, its ids its own' grep -q 'href="#speedup-a"' bare/report.html
check 'without groups that have nothing in them' \
    grep -qF '<svg role="img" aria-label="'"$(sed -n '/id="fig-speedup"/s/.*<h3>\(.*\)<\/h3>/\1/p' bare/report.html)"'" viewBox="0 0 1 1"><g id="speedup-a"/><g><text>x</text></g><use href="#speedup-a"/></svg>' bare/report.html

# ---- runs with little in them
fake empty without=all
report empty || fail "an empty run: $(cat err)"
check 'an empty run says so' grep -q "sweep &#39;workers&#39; is not part of this run" empty/report.html
fake few blocks=1 cores=2 only=2
report few || fail "one block, one worker count: $(cat err)"
check 'one block is no verdict' grep -q "Can&#39;t tell: too few blocks" few/report.html
check 'one block: no intervals are claimed' grep -q 'Too few blocks for intervals' few/report.html
fake one cores=1
report one || fail "one core: $(cat err)"
check 'one core is said' grep -q 'One CPU: parallel cannot speed up' one/report.html
fake broken fail=omp without=lesson
report broken || fail "no threads: $(cat err)"
check 'the reason is there' grep -q 'Threads could not be compared: cannot open the team' broken/report.html
check 'the rest is recommended' grep -q '<span class=processes>processes</span>' broken/report.html
fake smoke profile=smoke blocks=1
report smoke || fail "a smoke run: $(cat err)"
check 'smoke gives no verdict' grep -q 'No verdict: a smoke run' smoke/report.html
fake serial fail=omp without=workers+chunk+length+schedules+startup+lesson
report serial || fail 'nothing but the serial rows'
rm -f few/machine.csv few/status.csv
report few || fail "without machine.csv and status.csv: $(cat err)"

fake every fail=every
report every || fail "nothing but failures: $(cat err)"
check 'every figure says why' grep -q 'Not drawn: every cell of it failed; the first one said: cannot open the team' every/report.html
[ "$(drawings every/report.html)" -eq 0 ] || fail 'drawings of nothing'
fake single blocks=1 cores=1 more=1
report single || fail "one core, one block, every sweep: $(cat err)"
check 'one worker gains nothing' grep -q 'One worker gains nothing' single/report.html
absent 'no interval is claimed' 'Bars are 95\|Bands are 95\|bars are 95' single/report.html
absent 'plurals' '[^0-9.,]1 \(workers\|blocks\|cells\|samples\|checks\|cores\)\b' single/report.html

# ---- a run that goes on
fake running ended=0
report running || fail "a run that goes on: $(cat err)"
check 'it is said' grep -q 'The run has not ended' running/report.html
check 'and stands in the table' grep -q '^ended,warn,no,' running/checks.csv
absent 'nothing is said of what is not known yet' 'Other processes took' running/report.html

# ---- page and tables agree
half=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    $at["backend"] == "omp" && $at["schedule"] == "dynamic" { printf "%.3g", $at["metg50_ns"] / 2 }' run/metg.csv)
short=$(awk -F, '$1 == "shortest" && $6 == "omp" { printf "%.3g", $4 }' run/verdict.csv)
[ "$half" = "$short" ] || fail "the shortest task has half of METG's time as work: $half, $short"
drawn=$(awk -F, '$1 == "point" && $3 == 0.5 && $4 == "threads" { printf "%.3g", $2 }' run/plots/length-labels.csv)
[ "$half" = "$drawn" ] || fail "and so it is drawn: $drawn"
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    $at["efficiency"] != "" && $at["handout"] != "" {
        n++
        sum = $at["efficiency"] + $at["handout"] + $at["waiting"]
        if (sum < 0.999 || sum > 1.001 || $at["waiting"] < 0.0299 || $at["waiting"] > 0.0301) bad++
    } END { exit bad || n < 10 }' run/shares.csv || fail 'shares of the time add up, and 3% is waiting'
check 'what disturbed a sample' grep -q ',waited for a CPU$' run/strip.csv
check 'and how many' grep -q '2 of 48 samples were disturbed (waited for a CPU)' run/report.html

# ---- titles and tiles claim what is known
check 'threads and processes under one schedule, stealing apart' \
    grep -q '<h3>Threads pay off from .*, processes from .* on; stealing from .* on' run/report.html
check 'a tile shows its interval' grep -q 'class="tile threads"><b>[^<]*</b><i>[^<]* to [^<]*</i>' run/report.html
check 'what the ideal is' grep -q 'Ideal: the time of serial code over the workers' run/report.html
fake launched more=1
# as a run has it whose two sweeps share a cell
awk -F, -v OFS=, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
    $at["backend"] == "pool" && $at["sweep"] == "startup" && $at["workers"] == 8 { $at["sweep"] = "startup+launch" } 1' \
    launched/samples.csv >part
mv part launched/samples.csv
report launched || fail "a cell of two sweeps: $(cat err)"
absent 'nothing is missing' 'A missing point' launched/report.html
check 'too few blocks are no answer' \
    grep -q '<b>?</b><span>not enough blocks; so far: 2 workers</span>' few/report.html
check 'nor a title' grep -q '<h3>\(Threads\|Both\) seem to pay off' few/report.html
check 'nor a border' grep -q '<h3>Where processes match threads: too few blocks to tell' few/report.html
# edit TABLE AWK: change a table of the run 'claims', whose columns are at[NAME].
edit() {
    awk -F, -v OFS=, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; print; next }'"$2" "claims/$1.csv" >part
    mv part "claims/$1.csv"
}
cp -Rp launched claims # -p: tables older than the record would be made anew
pool='$at["backend"] == "pool" && $at["schedule"] == "dynamic"'
edit map "$pool"' { $at["verdict"] = $at["payload_bytes"] == 65536 || $at["task_ns"] <= 300 ? "unclear" : "same" } 1'
edit metg '$at["backend"] == "omp" { $at["metg50_high_ns"] = 9 * $at["metg50_ns"] } 1'
edit cells "$pool"' && $at["sweep"] == "launch" && $at["start"] == "fork" && $at["ballast_mib"] == 64 { next } 1'
report claims || fail "a run with doubts: $(cat err)"
check 'from the first square that none in doubt follows, and no border where the squares have none' \
    grep -q "<h3>Processes match threads from .* on with no payload; with 64.KiB, can&#39;t tell" claims/report.html
check 'not the median' grep -q '<h3>Processes match threads from 74' claims/report.html
check 'a wide interval is uncertain' grep -q 'class="tile threads"><b>[^<]*</b><i>uncertain</i><i>' claims/report.html
check 'and so says the title' grep -q '<h3>Threads seem to pay off from' claims/report.html
check 'and the terminal' \
    sh -c '"$1" report claims 2>&1 >/dev/null | tr -s "\n " " " | grep -q "threads [0-9.]*.[nµ]s (uncertain: [0-9.]*.[nµ]s to [0-9.]*.[nµ]s), processes"' \
    - "$teampool"
check 'a point is missing' grep -q 'A missing point was left out or failed' claims/report.html
edit map '{ $at["margin"] = 0.5 } 1'
report claims || fail "a run with a wide margin: $(cat err)"
check 'too noisy' grep -q '<h3>Where processes match threads: too noisy to tell' claims/report.html

# ---- processes of then
fake busy
{
    echo check,mark,value,text,fix
    echo 'load,warn,3.0,Other programs ran,"ps -o pid,etime,args -p 4941,4965   # stop them"'
} >busy/doctor.csv
report busy || fail "report busy: $(cat err)"
check 'what to do' grep -q 'Other programs ran.*<span>teampool doctor   # who runs now' busy/report.html
absent 'no number of a process that has ended' 4941 busy/report.html

# ---- the slower one of two schedules is named
fake slow_dynamic
awk -F, -v OFS=, '$4 == "dynamic" && $6 == "skew" { $23 *= 3 } 1' slow_dynamic/samples.csv >samples.csv
mv samples.csv slow_dynamic/
report slow_dynamic || fail "report slow_dynamic: $(cat err)"
title slow_dynamic '[WT].*, dynamic takes .* as static\|[WT].*, dynamic takes .* longer than static'

# ---- a plan of one's own, whose cells belong to no sweep
fake own
sed 's/,ok,,[a-z]*,/,ok,,,/' own/samples.csv >samples.csv
mv samples.csv own/
report own || fail "a run without sweeps: $(cat err)"
check 'what was measured' grep -q '<h2 id=measured>' own/report.html
check 'the pairs' grep -q '<td>pool steal 8w, cpu .*</td><td>omp dynamic 8w</td>' own/report.html
check 'all of them, and all cells' test "$(grep -c '^<tr><td class=n>' own/report.html)" \
    -eq "$(($(cat own/pairs.csv own/cells.csv | wc -l) - 2))"
check 'no choice' grep -q 'This run has no cells to choose by' own/report.html
absent 'nobody is said to be unbound' 'bound to no CPU' own/report.html
check 'no cell is drawn' grep -q '<h3>The machine</h3>' own/report.html
absent 'where there are figures, they have the numbers' 'id=measured' run/report.html

# ---- the machine
check 'a core for each' grep -q 'A core for each: 8 workers on 8 cores of 1 package' run/report.html
check 'who sat where' grep -q 'PU 7 · w7' run/report.html
rm run/topology.csv
report run
check 'an older run says so' grep -q 'this run left no topology.csv' run/report.html
machine() {
    HWLOC_SYNTHETIC=$1 "$teampool" topology --format pus >run/topology.csv
    report run || fail "$1: $(cat err)"
}
machine 'pack:1 core:1 pu:1'
check 'workers share one' grep -q '1 worker on 1 core of 1 package\|8 workers on 1 core' run/report.html
machine 'pack:2 [numa] l3:8 l2:8 core:1 pu:2'
[ "$(grep -o 'class="pu' run/report.html | wc -l)" -lt 40 ] || fail '256 threads are folded'
check 'into one that stands for many' grep -q 'all alike' run/report.html
sed '2s/,0,0,0,0,0,,1/,0,0,0,0,0,<script>,1/' run/topology.csv >topology.csv
mv topology.csv run/
report run
absent 'a kind of core is no markup' '<script' run/report.html
fake fresh more=1
cp fresh/topology.csv run/
report run

# ---- a figure that is gone leaves nothing behind
mkdir -p gone
fake gone
report gone
fake gone without=lesson
rm -f gone/cells.csv
report gone
check 'an old figure is removed' test ! -e gone/plots/lesson.csv

# ---- the timeline: of one worker, of two, of 64 folded to 32 lanes
says() { # WHAT DIR TEXT
    check "$1" grep -q -- "$3" "$2/plots/timeline-labels.csv"
}
boxes() {
    echo $(($(wc -l <"$1/plots/timeline-boxes.csv") - 1))
}
for cores in 1 2 8 64; do
    mkdir -p trace$cores
    fake trace$cores cores=$cores trace=20 without=chunk+length+startup
    report trace$cores || fail "a trace of $cores workers: $(cat err)"
    [ "$have_gnuplot" = 0 ] || check "drawn for $cores" test -s trace$cores/plots/timeline.svg
done
says 'nobody to wait for' trace1 'One worker has nobody to wait for'
says 'who waits most, and how much' trace8 'Dealt in advance.* worker 0 waits 88% of the time'
says 'and on demand' trace8 'taken on demand.* nobody more than'
awk -F, '{ n = length($5) * 7.3 } $1 == "start" && $5 ~ /^(dealt|taken)/ { heading[$3] = $2 + n }
    $5 ~ /^done after/ { seen++; if ($1 == "end" && $2 - n < heading[$3]) bad++ }
    END { exit bad || seen != 2 }' trace8/plots/timeline-labels.csv || fail 'a heading is overprinted'
check 'each worker is a row of the table' grep -q 'taken on demand, worker 7' trace8/report.html
[ "$(boxes trace2)" -eq 42 ] || fail "a box for each of 42 chunks, not $(boxes trace2)"
check '64 workers share 32 lanes' grep -q 'dealt in advance, workers 62 to 63' trace64/report.html
[ "$(grep -c '^[0-9]' trace64/plots/timeline.csv)" -eq 64 ] || fail '32 lanes twice'
check 'a lane of two is half full where one is at work' \
    grep -q ',0.5,' trace64/plots/timeline-boxes.csv
# of two samples the one that is like most; where none is, that is said
says 'of the two the one that is like most' trace8 'done after 16[.0-9]*.*ms'
sed -i '/^[0-9]*,1,/d' trace8/trace.csv
report trace8 || fail "only the slow sample: $(cat err)"
says 'no finding then' trace8 'Who worked when'
check 'and why' grep -q 'This static sample took [23][.][0-9] times its median: something disturbed it' trace8/report.html
fake trace8 cores=8 trace=20 slow=1 without=chunk+length+startup
# a log that was full tells how much is missing, and nobody says who waits
awk -F, -v OFS=, '$2 == 0 && !lost++ { $6 = $8 = $9 = "" } $2 != 1' trace8/trace.csv >part
cp part trace8/trace.csv
report trace8 || fail "a full log: $(cat err)"
check 'the log was full' grep -q 'The log was full: 512 tasks are missing' trace8/report.html
says 'no finding then' trace8 'Who worked when'
# rows that no run writes are left out; without any there is no figure
seq=$(sed -n '2s/^[0-9]*,0,\([0-9]*\),.*/\1/p' part)
for bad in "$seq,99,0,0,5,0,1" "$seq,-1,0,0,5,0,1" "$seq,x,0,0,5,0,1" "$seq,0,0,0,5,9,1" \
    "1e9,0,0,0,5,0,9" "$seq,0,0,0,5,1e999,nan" "$seq,0,0,0,0,0,1"; do
    { head -n 1 part; echo "1,0,$bad"; } >trace8/trace.csv
    report trace8 || fail "a trace of '$bad': $(cat err)"
    check "no figure of '$bad', and why" grep -q 'Not drawn: this run traced no job' trace8/report.html
    check 'nothing of the old one is left' test ! -e trace8/plots/timeline-boxes.csv
done
rm trace8/trace.csv
report trace8 || fail "no trace: $(cat err)"
check 'no trace, no figure' grep -q 'Not drawn: this run traced no job' trace8/report.html

# ---- where it goes, and how it fails
report run --out page.html || fail '--out'
cmp -s page.html first.html || fail '--out writes the same page'
if report run --out no/such/page.html; then fail 'a page that cannot be written is a failure'; fi
check 'and says where' grep -q 'no/such/page.html' err
if [ -e /dev/full ]; then
    if report run --out /dev/full; then fail 'a full disk is a failure'; fi
    check 'a device stays a device' test -c /dev/full
fi
if report nowhere; then fail 'a folder that is not there'; fi
mkdir results
mv run results/
report || fail 'the newest run is found'
check 'its path' test "$(cat out)" = results/run/report.html

# ---- other formats
if [ "$have_gnuplot" = 1 ]; then
    # what the README says that figures are over
    sed -n '/^## Reading the report/,/^## What/s/.*over \*\([^*]*\)\*.*/\1/p' "$here/../README.md" >over
    check 'two kinds of figures' test "$(wc -l <over)" = 2
    while IFS= read -r words; do
        check "a figure over '$words'" grep -qF ">$words<" results/run/report.html
    done <over
    "$here/../scripts/plot.sh" --format dumb results/run >dumb.txt 2>err || fail "dumb: $(cat err)"
    check 'letters on a terminal' grep -q 'workers' dumb.txt
    check 'a title with a comma is whole' grep -q 'processes from' dumb.txt
    # FORMAT and how such a file begins; there are as many as the report drew
    drawn=$(find results/run/plots -name '*.svg' | wc -l)
    for words in 'svg <?xml' 'png PNG' 'pdf %PDF'; do
        format=${words% *}
        if ! gnuplot -d -e "set terminal $(echo "$format" | sed 's/^p.*/&cairo/')" >/dev/null 2>&1; then
            echo "note: this gnuplot draws no $format"
            continue
        fi
        rm -f results/run/plots/*."$format"
        "$here/../scripts/plot.sh" --format "$format" results/run >out 2>err || fail "$format: $(cat err)"
        check "$format: where it is" test "$(cat out)" = "$(cd results/run/plots && pwd -P)"
        check "$format is what it says" sh -c 'head -c 8 "$1" | grep -aq "$2"' - \
            "results/run/plots/speedup.$format" "${words#* }"
        [ "$(find results/run/plots -name "*.$format" | wc -l)" -eq "$drawn" ] || fail "$format: $drawn drawings"
    done
fi
# a gnuplot that is there, and cannot draw this
mkdir poor
printf '#!/bin/sh\n[ "$1" = --version ] && echo "gnuplot 5.4 patchlevel 4" && exit\nexit 1\n' >poor/gnuplot
chmod +x poor/gnuplot
if PATH="$work/poor:$PATH" "$here/../scripts/plot.sh" --format pdf results/run 2>err; then fail 'no pdf'; fi
check 'which terminal is missing' grep -q "no terminal 'pdfcairo', which pdf needs" err
PATH="$work/poor:$PATH" "$here/../scripts/plot.sh" --if-available results/run 2>err || fail 'svg is not a must'
check 'said all the same' grep -q "no terminal 'svg'" err

[ "$failed" = 0 ] || exit 1
echo 'test_report: ok'
