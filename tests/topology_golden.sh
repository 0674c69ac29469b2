#!/bin/sh
# SPDX-License-Identifier: MIT
#
# topology_golden.sh TEAMPOOL MACHINES: what `TEAMPOOL topology --format csv` says of each machine
# in the folder MACHINES must be what stands beside it, and so must what its default plan holds.  A
# machine NAME is a line of text in NAME.synthetic or a file NAME.xml, as hwloc takes them; with a
# folder NAME.root, that is the system whose control groups count; NAME.csv is the expected answer,
# NAME.plan the plan: for each sweep and number of workers how many cells, how many tasks and which
# chunks, and the CPUs of the smallest three teams.  Whether the machine comes out of the
# environment or from --topology makes no difference.  Nothing is measured for it.  With GOLDEN=write
# in the environment the expected answers are written: look at what `git diff` then says.  Every file of
# MACHINES/nonsense and every line of MACHINES/nonsense/synthetic.txt must be refused: exit code 1,
# nothing on stdout, and one line on stderr that names it.
set -u
. "$(dirname -- "$0")/expect.sh"
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
machines=0 refusals=0

# same FILE: it is what came out; with GOLDEN=write it becomes that.
same() {
    [ "${GOLDEN-}" != write ] || cp "$scratch/out" "$1"
    diff "$1" "$scratch/out" >&2
}

# What a plan holds, and whether its teams have the CPUs that topology.csv (read first) gives them.
digest() {
    awk -F'[ =]' '
        FNR == NR {
            split($0, f, ",")
            if (f[1] == "place_close") all = split(f[2], place, "+")
            if (f[1] == "effective_workers") most = f[2]
            next
        }
        {
            split("", v)
            v["workers"] = v["chunk"] = 1 # the defaults of a plan line
            v["tasks"] = 1000
            for (i = 2; i < NF; i += 2) v[$i] = $(i + 1)
            n = split(v["cpus"], cpu, "+")
            if (n != v["workers"] && v["workload"] != "convoy") print "wrong: " n " CPUs for " v["workers"] " workers"
            for (i = 1; i <= n; i++)
                if (cpu[i] != place[(i - 1) % all + 1]) { print "wrong: CPUs " v["cpus"]; break }
            if (v["workers"] > most && v["sweep"] !~ /lesson|startup|launch|gil/)
                print "wrong: " v["workers"] " workers in " v["sweep"]
            k = v["sweep"] " " v["workers"]
            if (!(k in cells)) { order[++keys] = k; if (n <= 4 && !(n in told)) told[n] = v["cpus"] }
            cells[k]++
            if (!(k in least) || v["tasks"] + 0 < least[k]) least[k] = v["tasks"] + 0
            if (v["tasks"] + 0 > largest[k]) largest[k] = v["tasks"] + 0
            if (!((k, v["chunk"]) in seen)) { seen[k, v["chunk"]] = 1; chunks[k] = chunks[k] "+" v["chunk"] }
        }
        END {
            print "sweep workers cells tasks chunks"
            for (i = 1; i <= keys; i++) {
                k = order[i]
                print k, cells[k], least[k] "-" largest[k], substr(chunks[k], 2)
            }
            for (n = 1; n <= 4; n++) if (n in told) print "cpus " n, told[n]
        }' "$1" "$2"
}

# expect_plan NAME MACHINE WORD...: WORD...: the environment that describes it.
expect_plan() {
    name=$1 machine=$2
    shift 2
    env "$@" "$teampool" plan >"$scratch/plan" 2>"$scratch/err" || fail "$name: plan: exit code $?"
    grep -v 'left out so that' "$scratch/err" >&2 && fail "$name: plan: it says more"
    for word; do case $word in HWLOC_*) shift ;; esac; done
    env "$@" "$teampool" plan --topology "$machine" >"$scratch/again" 2>/dev/null
    cmp "$scratch/plan" "$scratch/again" || fail "$name: another plan from --topology"
    env "$@" "$teampool" run --dry-run --topology "$machine" >"$scratch/again" 2>/dev/null
    cmp "$scratch/plan" "$scratch/again" || fail "$name: another plan from a dry run"
    digest "$name.csv" "$scratch/plan" >"$scratch/out" || fail "$name: no digest"
    grep wrong "$scratch/out" >&2 && fail "$name: plan"
    same "$name.plan" || fail "$name: not the expected plan"
    env "$@" "$teampool" topology --topology "$machine" >"$scratch/out"
    [ "$(wc -l <"$scratch/out")" -le 60 ] || fail "$name: a text of $(wc -l <"$scratch/out") lines"
}

# expect_answer NAME VARIABLE VALUE
expect_answer() {
    machines=$((machines + 1))
    machine=$3
    set -- "$1" "$2=$3"
    [ ! -d "$1.root" ] || set -- "$@" "TEAMPOOL_ROOT=$1.root"
    name=$1
    shift
    env "$@" "$teampool" topology --format csv >"$scratch/out" 2>"$scratch/err" ||
        fail "$name: exit code $?"
    [ ! -s "$scratch/err" ] || fail "$name: it says: $(cat "$scratch/err")"
    same "$name.csv" || fail "$name: not the expected answer"
    expect_plan "$name" "$machine" "$@"
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

# Another machine is never measured.
HWLOC_THISSYSTEM=1 "$teampool" run --topology 'core:2 pu:1' --out "$scratch/run" >"$scratch/out" \
    2>"$scratch/err"
code=$?
if [ $code -ne 2 ] || ! grep -q -- '--dry-run' "$scratch/err"; then fail "--topology: exit code $code"; fi
[ ! -e "$scratch/run" ] || fail "--topology: a run"
for bad in nowhere.xml nonsense 'core:0' ''; do
    "$teampool" plan --topology "$bad" >"$scratch/out" 2>"$scratch/err"
    code=$?
    if [ $code -ne 1 ] || ! grep -q -- '--topology' "$scratch/err" || [ -s "$scratch/out" ]; then
        fail "--topology '$bad': exit code $code: $(cat "$scratch/err")"
    fi
done
# Of this machine, the memory is what its kernel says.
own=$(env -u HWLOC_SYNTHETIC -u HWLOC_XMLFILE "$teampool" topology --format csv | sed -n 's/^memory_kib,//p')
kernel=$(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo)
[ "$own" = "$kernel" ] || fail "memory of $own KiB, not $kernel"

echo "$machines machines, $refusals refusals, $failed failed"
[ "$failed" -eq 0 ] && [ "$machines" -ge 20 ] && [ "$refusals" -ge 10 ]
