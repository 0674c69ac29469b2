#!/bin/sh
# SPDX-License-Identifier: MIT
#
# topology_golden.sh TEAMPOOL MACHINES: what `TEAMPOOL topology --format csv` says of each machine
# in the folder MACHINES must be what stands beside it.  A machine NAME is a line of text in
# NAME.synthetic or a file NAME.xml, as hwloc takes them; with a folder NAME.root, that is the
# system whose control groups count; NAME.csv is the expected answer.  Every file of
# MACHINES/nonsense and every line of MACHINES/nonsense/synthetic.txt must be refused: exit code 1,
# nothing on stdout, and one line on stderr that names it.
set -u
if [ $# -ne 2 ] || [ ! -x "$1" ] || [ ! -d "$2" ]; then
    echo "usage: topology_golden.sh TEAMPOOL MACHINES" >&2
    exit 2
fi
case $1 in
/*) teampool=$1 ;;
*) teampool=$PWD/$1 ;;
esac
cd "$2" || exit 2
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
unset HWLOC_SYNTHETIC HWLOC_XMLFILE HWLOC_THISSYSTEM TEAMPOOL_ROOT
machines=0 refusals=0 failed=0

fail() {
    echo "FAILED: $1" >&2
    failed=$((failed + 1))
}

# expect_answer NAME VARIABLE VALUE
expect_answer() {
    machines=$((machines + 1))
    set -- "$1" "$2=$3"
    [ ! -d "$1.root" ] || set -- "$@" "TEAMPOOL_ROOT=$1.root"
    name=$1
    shift
    env "$@" "$teampool" topology --format csv >"$scratch/out" 2>"$scratch/err" ||
        fail "$name: exit code $?"
    [ ! -s "$scratch/err" ] || fail "$name: it says: $(cat "$scratch/err")"
    diff "$name.csv" "$scratch/out" >&2 || fail "$name: not the expected answer"
}

# expect_refusal VARIABLE VALUE
expect_refusal() {
    refusals=$((refusals + 1))
    env "$1=$2" "$teampool" topology --format csv >"$scratch/out" 2>"$scratch/err"
    code=$?
    [ $code -eq 1 ] || fail "$1=$2: exit code $code, not 1"
    [ ! -s "$scratch/out" ] || fail "$1=$2: something on stdout"
    [ "$(wc -l <"$scratch/err")" -eq 1 ] || fail "$1=$2: not one line: $(cat "$scratch/err")"
    grep -qF -- "$2" "$scratch/err" || fail "$1=$2: not named in: $(cat "$scratch/err")"
}

for file in *.synthetic; do
    expect_answer "${file%.synthetic}" HWLOC_SYNTHETIC "$(cat "$file")"
done
for file in *.xml; do
    expect_answer "${file%.xml}" HWLOC_XMLFILE "$file"
done
for file in nonsense/*.xml nonsense/not-there.xml nonsense; do
    expect_refusal HWLOC_XMLFILE "$file"
done
while IFS= read -r line; do
    expect_refusal HWLOC_SYNTHETIC "$line"
done <nonsense/synthetic.txt

# Of this machine, the memory is what its kernel says.
own=$(env -u HWLOC_SYNTHETIC -u HWLOC_XMLFILE "$teampool" topology --format csv | sed -n 's/^memory_kib,//p')
kernel=$(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo)
[ "$own" = "$kernel" ] || fail "memory of $own KiB, not $kernel"

echo "$machines machines, $refusals refusals, $failed failed"
[ "$failed" -eq 0 ] && [ "$machines" -ge 10 ] && [ "$refusals" -ge 10 ]
