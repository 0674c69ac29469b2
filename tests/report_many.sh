#!/bin/sh
# SPDX-License-Identifier: MIT
#
# report_many.sh TEAMPOOL: `teampool report A B ...` on made-up runs: what stands on the page is what
# `teampool compare` says; hosts side by side; everything that has to be refused; hostile names.
# shellcheck disable=SC2016 # backticks in quotes are the point
set -eu
[ $# -eq 1 ] || { echo "usage: report_many.sh TEAMPOOL" >&2; exit 2; }
. "$(dirname -- "$0")/expect.sh"
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
teampool=$(CDPATH='' cd -- "$(dirname -- "$1")" && pwd)/$(basename -- "$1")
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
trap 'exit 130' INT TERM
cd -- "$work"

fake() {
    "$here/fake_run.sh" "$@"
}

report() {
    "$teampool" report "$@" >out 2>err
}

# refused WORDS DIR...: the report fails, says WORDS, and leaves no page in the last folder.
refused() {
    words=$1
    shift
    for last; do :; done
    rm -f -- "$last/against.html"
    if report "$@"; then fail "refused: $*"; fi
    check "refused, $*: says '$words', not: $(cat err)" grep -qF -- "$words" err
    check "refused, $*: no page" test ! -e "$last/against.html"
}

# drawings FILE: how many are in the page.
drawings() {
    grep -c '<svg role="img"' "$1" || true
}

gnuplot=0
if command -v gnuplot >/dev/null; then gnuplot=1; else echo 'note: no gnuplot: drawings not tested'; fi

# ---- two runs: threads are the same, processes 15 % slower
fake old
fake new even=1.15
sed -i 's/^governor,performance/governor,powersave/' new/machine.csv
report old new || fail "two runs: $(cat err)"
page=new/against.html
check 'stdout is the path' test "$(cat out)" = "$page"
"$teampool" compare old new >compared
said=$(sed -n 's/.*<p class=say>\(.*\)<\/p>.*/\1/p' "$page")
terminal=$(echo "$said" | sed 's/, \([0-9]* unclear\)$/; \1: /')
check "the headline is compare's: $said" grep -qF -- "$terminal" compared
check 'on the terminal, too' grep -qF -- "new against old: $terminal" err
if grep -q '<th scope=row>CPU quota' "$page"; then fail 'a row that nobody has is left out'; fi
fake bounded quota=4
report --out bounded.html old bounded || fail "a run with a quota: $(cat err)"
check 'a row that one of them has' grep -q '<th scope=row>CPU quota</th><td>-</td><td>4</td>' bounded.html
grep ' of .* cells slower' compared | grep -qv '^0 of' || fail 'something became slower'
check 'what differs, in a sentence' grep -qF 'Between the runs differ: governor.' "$page"
check 'what differs, with values' grep -qF '<tr><td>governor</td><td>performance</td><td>powersave</td></tr>' "$page"
slower=$(sed -n 's/^slower: \([0-9]*\).*/\1/p' compared)
check "a list of the $slower slower ones" grep -qF "<summary>Slower: $slower</summary>" "$page"
check 'the figure has its table' test "$(wc -l <new/plots/compare.csv)" -eq 15
awk -F, 'NR > 1 && ($2 != "slower" || $4 < 1.13 || $4 > 1.17 || $5 > $4 || $6 < $4) { exit 1 }' \
    new/plots/compare.csv || fail "the ratios: $(cat new/plots/compare.csv)"
awk -F, 'NR > 2 && $4 > last { exit 1 } { last = $4 }' new/plots/compare.csv || fail 'slowest first'
check 'how many are not drawn' grep -q 'Not drawn: [0-9]* cells that changed less' "$page"
if [ "$gnuplot" = 1 ]; then
    [ "$(drawings "$page")" -eq 1 ] || fail "a drawing, not $(drawings "$page"): $(cat err)"
fi
for forbidden in '<script' 'src=' '<link' '@import' 'url(http'; do
    if grep -qi -- "$forbidden" "$page"; then fail "on the page: $forbidden"; fi
done
check 'a content security policy' grep -q "default-src 'none'; style-src 'unsafe-inline'; img-src data:" "$page"
check 'side by side: a METG each' grep -q '<th scope=row>METG(50%), threads</th><td>[0-9.]*.*ns .*</td><td>[0-9.]*.*ns ' "$page"
check 'side by side: the verdicts' grep -q '<th scope=row>Verdict</th><td>Use .*</td><td>Use threads' "$page"
cp "$page" once.html
report old new || fail 'again'
check 'the same bytes again' cmp -s "$page" once.html
check "one run's page is left alone" test ! -e new/report.html
report --out elsewhere.html old new || fail "--out: $(cat err)"
check '--out: the same page' cmp -s elsewhere.html once.html

# ---- three hosts: pairs, and no figure of an earlier page
fake third host=gamma cores=4 even=0.8
report old new third || fail "three runs: $(cat err)"
page=third/against.html
check 'three: a figure a pair' test -s third/plots/compare_2.csv -a -s third/plots/compare_3.csv
check 'three: none of two' test ! -e third/plots/compare.csv
[ "$gnuplot" = 0 ] || [ "$(drawings "$page")" -eq 2 ] || fail "two drawings, not $(drawings "$page")"
check 'three: the finding' grep -qF '<p class=say>Against old: of 2 runs ' "$page"
check 'three: who is who' grep -qF '<p>OLD is old, NEW is third.</p>' "$page"
check 'three: hosts' grep -qF '<th scope=row>Host</th><td>fake</td><td>fake</td><td>gamma</td>' "$page"
check 'three: shapes' grep -qF 'speed-up over the run&#39;s own serial time' "$page"
check 'three: missing cells' grep -q '<summary>Missing, or not the same work: [1-9]' "$page"
[ "$(grep -c 'teampool compare old' "$page")" -eq 2 ] || fail 'three: a command a pair'
ids=$(grep -o ' id="[^"]*"' "$page" | sort | uniq -d)
[ -z "$ids" ] || fail "ids twice on the page: $ids"
report old third || fail "two after three: $(cat err)"
check 'two after three: the old figures are gone' test ! -e third/plots/compare_2.csv -a ! -e third/plots/compare_3.csv

# ---- who wins where
fake left even=1.2
fake right even=0.8 host=beta
report left right || fail "turned round: $(cat err)"
check 'turned round' grep -q 'faster in OLD, .* slower in NEW</li>' right/against.html

# ---- nothing to be told
fake few_a blocks=2
fake few_b blocks=2 host=beta even=1.1
report few_a few_b || fail "few blocks: $(cat err)"
check 'nothing can be told, and why' grep -q '<h3>Nothing can be told: too few blocks</h3>' few_b/against.html

# ---- no other work under the same name
fake version even=1.1
sed -i '/,omp,/s/,cpu,1,/,cpu,2,/' version/samples.csv
report old version || fail "another version: $(cat err)"
check 'another version: refused' grep -q 'work_version is 1 in OLD and 2 in NEW' version/against.html
check 'another version: counted' grep -q '[1-9][0-9]* of another work_version, not compared' version/against.html

# ---- too few blocks for a verdict are said, not hidden
fake short blocks=3 even=1.15
report old short || fail "3 blocks: $(cat err)"
check '3 blocks: no verdict' grep -q '<b>No verdict:</b> no cell has 6 blocks in both runs' short/against.html
check '3 blocks: no intervals are claimed' grep -q 'Too few blocks for intervals' short/against.html
check '3 blocks: on the terminal' grep -q 'no cell has 6 blocks' err

# ---- what is refused
ln -s old link
refused 'old and old are one folder' old old
refused 'are one folder' old ./old/
refused 'are one folder' old new link
mkdir nothing
refused "nothing is no run's folder" old nothing
refused 'nowhere' old nowhere
fake other without=all
sed -i 's/,sleep,/,other,/; s/,cpu,/,other,/' other/samples.csv
refused 'nothing can be compared' old other
fake debug even=1.1
sed -i 's/^build_type,Release/build_type,Debug/' debug/machine.csv
refused '--force' old debug
refused 'with a Debug build' old new debug
report --force old debug || fail "--force: $(cat err)"
if report 1 2 3 4 5 6 7 8 9 10; then fail 'ten runs'; fi
check 'ten runs: says how many fit' grep -q 'at most 9 runs' err

# ---- two folders of one name
mkdir here there
fake here/run
fake there/run even=1.1
report here/run there/run || fail "one name twice: $(cat err)"
check 'one name twice: both with their folder' grep -q 'there/run against here/run' there/run/against.html

# ---- hostile names
odd="-o dd 'q\" \`touch pwned\` \$(touch pwned) <x> %s @{y}"
fake "./$odd" host='<script>alert(1)</script>"`touch pwned`%d' even=1.15
sed -i 's/,cpu,1,/,"<b>`touch pwned` ""x"" %s @{z}",1,/' "./$odd/samples.csv"
cp -R "./$odd" twin
sed -i 's/,100,/,101,/' twin/samples.csv
report -- twin "./$odd" || fail "hostile: $(cat err)"
page="./$odd/against.html"
for forbidden in '<script' '<b>`' '<x>'; do
    if grep -qi -- "$forbidden" "$page"; then fail "hostile: on the page: $forbidden"; fi
done
check 'hostile: the name as it is' grep -qF -- '-o dd &#39;q&quot; `touch pwned` $(touch pwned) &lt;x&gt; %s @{y}' "$page"
check 'hostile: nothing was executed' test ! -e pwned -a ! -e "./$odd/pwned"
[ "$gnuplot" = 0 ] || [ "$(drawings "$page")" -eq 1 ] || fail "hostile: a drawing: $(cat err)"

# ---- without gnuplot
mkdir bin
for tool in sh sed tail mktemp rm mv dirname; do
    ln -s "$(command -v "$tool")" "bin/$tool"
done
rm -rf new/plots
PATH="$work/bin" "$teampool" report old new >out 2>err || fail "no gnuplot is no failure: $(cat err)"
check 'no gnuplot: stands on the page' grep -q 'Not drawn: gnuplot' new/against.html
check 'no gnuplot: the numbers do' grep -q '<details open><summary>Numbers' new/against.html

[ "$failed" = 0 ] || exit 1
echo 'report_many: ok'
