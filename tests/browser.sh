#!/bin/sh
# SPDX-License-Identifier: MIT
#
# browser.sh TEAMPOOL: the pages of made-up runs and of the sample, looked at in a headless Chromium:
# three widths, light and dark; whole, hostile, tiny, huge, broken; of one run, two runs, three hosts.
# What is looked at is written in browser/check.py.  Skipped (77) where there is no Chromium.
# shellcheck disable=SC2016 # backticks in quotes are the point
set -eu
[ $# -eq 1 ] || { echo "usage: browser.sh TEAMPOOL" >&2; exit 2; }
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
teampool=$(CDPATH='' cd -- "$(dirname -- "$1")" && pwd)/$(basename -- "$1")

skip() {
    echo "skipped: $1"
    exit 77
}

browser=''
for name in ${CHROMIUM:-} chromium chromium-browser google-chrome chrome; do
    if "$name" --version >/dev/null 2>&1; then
        browser=$name
        break
    fi
done
[ -n "$browser" ] || skip 'no Chromium: the pages were not looked at (CHROMIUM=... names one)'
command -v python3 >/dev/null || skip 'no python3: the pages were not looked at'
# want PAGE COUNT: what check.py is told: so many drawings, where there is a gnuplot to make them.
want() {
    if command -v gnuplot >/dev/null; then echo "$1:$2"; else echo "$1:"; fi
}
command -v gnuplot >/dev/null || echo 'note: no gnuplot: drawings not looked at'

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
trap 'exit 130' INT TERM
cd -- "$work"

fake() {
    "$here/fake_run.sh" "$@"
}

report() {
    "$teampool" report "$@" >out 2>err || { echo "FAIL: report $*: $(cat err)"; exit 1; }
}

# ---- one run
fake whole more=1
report whole
cp -R "$here/../results/sample" sample
chmod -R u+w sample
report sample
"$teampool" run --profile smoke --out real --quiet >out 2>err || { echo "FAIL: run: $(cat err)"; exit 1; }
report real
fake one cores=1
report one
fake few cores=2 blocks=1 only=2
report few
fake huge cores=256 without=length+schedules
report huge
fake failures fail=all
report failures
mkdir bin
for tool in sh sed tail mktemp rm mv dirname; do
    ln -s "$(command -v "$tool")" "bin/$tool"
done
fake bare
PATH="$work/bin" "$teampool" report bare >out 2>err

# ---- two runs, three hosts
fake old
fake new even=1.15
report old new
fake beta host=beta even=0.8
fake gamma host=gamma cores=4
fake alpha host=alpha
report alpha beta gamma
fake short blocks=2 even=1.3
fake small cores=1
report --out small.html short small
fake plain even=1.1
PATH="$work/bin" "$teampool" report old plain >out 2>err

# ---- hostile: names of host, CPU, folder, workload; notes and reasons; control bytes, bad UTF-8, 10 kB
odd="-o dd 'q\" \`touch pwned\` \$(touch pwned) <script>alert(1)<script> %s @{y}"
evil='<script>alert(1)</script>"`touch pwned`$(touch pwned)'"'"' %s%n @{x} \\ '
long=$(awk 'BEGIN { for (i = 0; i < 1000; i++) printf "10 letters" }')
bytes=$(printf '\001\033[31m\377\300\257\355\240\200 &lt;')
# A field of CSV from any text.
field() {
    printf '"%s"' "$(printf %s "$1" | LC_ALL=C sed 's/"/""/g')"
}
for dir in "./$odd" tame; do
    fake "$dir" host="$evil" fail=pipe even="$([ "$dir" = tame ] && echo 1 || echo 1.15)"
    {
        LC_ALL=C grep -v '^cpu_model,\|^kernel,\|^compiler,' "$dir/machine.csv"
        printf 'cpu_model,%s,%s\n' "$(field "$evil$bytes")" "$(field "$evil")"
        printf 'kernel,%s,\ncompiler,%s,\n' "$(field "$long")" "$(field "$bytes$dir")"
    } >part
    mv part "$dir/machine.csv"
    printf 'check,mark,value,text,fix\ngovernor,warn,%s,%s,%s\n' "$(field "$evil")" \
        "$(field "$evil$bytes")" "$(field "$long")" >"$dir/doctor.csv"
    awk -v evil="$(field "$evil" | sed 's/\\/\\\\/g')" -v long="$long" 'BEGIN { FS = OFS = "," }
        $6 == "skew" { $6 = evil } $6 == "empty" { $6 = "\"" long "\"" } { print }' \
        "$dir/samples.csv" >part
    mv part "$dir/samples.csv"
    awk -v evil="$(field "$evil" | sed 's/\\/\\\\/g')" 'BEGIN { FS = OFS = "," }
        $4 == "failed" { $5 = evil } { print }' "$dir/status.csv" >part
    mv part "$dir/status.csv"
done
report -- "./$odd"
report -- tame "./$odd"
if find . -name 'pwned*' | grep -q .; then
    echo 'FAIL: something was executed'
    exit 1
fi

python3 "$here/browser/check.py" "$browser" "$(want whole/report.html 14)" \
    "$(want new/against.html 1)" "$(want gamma/against.html 2)" "$(want sample/report.html 7)" \
    "$(want real/report.html 6)" "$(want one/report.html 6)" "$(want few/report.html 5)" \
    "$(want huge/report.html 5)" failures/report.html bare/report.html:bare plain/against.html:bare \
    "$(want small.html 1)" "$(want "./$odd/report.html" 4)" "$(want "./$odd/against.html" 1)"
