#!/bin/sh
# SPDX-License-Identifier: MIT
#
# limits.sh TEAMPOOL DENY: containers and their limits.  First systems made of files: what a plan
# leaves out, and what it says of it.  Then this one, as far as it lets us: control groups of our
# own, ulimits as another user, one CPU, a small /dev/shm, refused system calls, a source tree that
# cannot be written to, no HOME and no terminal.  What cannot be tried here is said.
set -u
. "$(dirname -- "$0")/expect.sh"
if [ $# -ne 2 ] || [ ! -x "$1" ] || [ ! -x "$2" ]; then
    echo "usage: limits.sh TEAMPOOL DENY" >&2
    exit 2
fi
teampool=$(CDPATH='' cd -- "$(dirname -- "$1")" && pwd)/$(basename -- "$1")
deny=$(CDPATH='' cd -- "$(dirname -- "$2")" && pwd)/$(basename -- "$2")
unset HWLOC_SYNTHETIC HWLOC_XMLFILE HWLOC_THISSYSTEM TEAMPOOL_ROOT
scratch=$(mktemp -d) || exit 2
group=
cleanup() {
    [ -z "$group" ] || rmdir "$group/inner" "$group" 2>/dev/null
    rm -rf "$scratch"
}
trap cleanup EXIT
trap 'exit 130' INT TERM
cd "$scratch" || exit 2
chmod 755 .

says() { grep -qE -- "$2" "$1"; }
says_not() { ! grep -qE -- "$2" "$1"; }
cannot() { echo "not tried: $1"; }

# A measuring program is refused by `run` if it is a Debug or sanitizer build.
force=
"${teampool%/*}/teampool-cell" --about >about
if grep -q '^build_type,Debug' about || grep -q 'fsanitize' about; then force=--force; fi

# most FILE: the most workers on a plan line.
most() { tr ' ' '\n' <"$1" | sed -n 's/^workers=//p' | sort -n | tail -n 1; }

# of_files COUNT COMMAND...
of_files() {
    # shellcheck disable=SC3045
    (ulimit -n "$1" && shift && exec "$@")
}

plan() {
    what="plan $*"
    "$teampool" plan "$@" >out 2>err
    code=$?
}

# ---- machines made of files: 64 CPUs in a container of version 2

mkdir -p root/proc/self root/sys/fs/cgroup/a
echo '0::/a' >root/proc/self/cgroup
echo '41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw' >root/proc/self/mountinfo
here=root/sys/fs/cgroup/a
export TEAMPOOL_ROOT="$scratch/root" HWLOC_SYNTHETIC='package:2 core:32 pu:1'

plan
expect "exit code 0" is $code 0
expect "64 workers" is "$(most out)" 64
expect "1 GiB of ballast" says out 'ballast_mib=1024'
says_not err 'processes and threads' || passed=$((passed + 1))

echo 40 >$here/pids.max
echo 10 >$here/pids.current
plan
expect "exit code 0" is $code 0
expect "26 workers and 4 tasks beside them" is "$(most out)" 26
expect "why" says err 'fewer workers than CPUs: 64 workers: 68 processes and threads needed, 30 left \(/sys/fs/cgroup/a/pids.max\)'
"$teampool" topology >out 2>err
expect "a ladder that ends there" says out 'at most 26 at a time; worth measuring: 1 2 4 8 16 26$'
expect "why" says out 'not more: 64 workers: .*pids.max'
"$teampool" topology --format csv >out 2>err
expect "effective_workers 26" says out '^effective_workers,26$'
"$teampool" doctor --format csv >out 2>err
expect "doctor warns, with the way out" says out '^tasks,warn,"30 more, 68 needed",.*echo max \| sudo tee /sys/fs/cgroup/a/pids.max'
"$teampool" run --dry-run --quiet >out 2>err
expect "the dry run has the same plan" is "$(most out)" 26

echo 17 >$here/pids.max
plan --profile smoke
expect "3 workers, and the lesson's 8 are left out" is "$(most out)" 3
expect "which, and why" says err 'cells left out, the first: 8 workers: 12 processes and threads needed, 7 left'
echo 14 >$here/pids.max
plan
expect "exit code 1" is $code 1
expect "no room at all" says err 'no cell is left: .*pids.max'
expect "no plan" is_empty out
rm $here/pids.max $here/pids.current

echo 134217728 >$here/memory.max
echo 33554432 >$here/memory.current
plan
expect "exit code 0" is $code 0
expect "no large ballast" says_not out 'ballast_mib=(1024|256)'
expect "workers in what is left of 96 MiB" says err 'memory.max'
"$teampool" doctor --format csv >out 2>err
expect "doctor warns" says out '^memory,warn,.*memory.max'
rm $here/memory.max $here/memory.current

echo '250000 100000' >$here/cpu.max
"$teampool" topology >out 2>err
expect "a step that the quota never stops, and one above" says out 'at most 3 at a time; worth measuring: 1 2 3$'
plan --profile quick
expect "3 workers" says out 'workers=3 '
echo '50000 100000' >$here/cpu.max
"$teampool" topology >out 2>err
expect "half a CPU is one worker" says out 'at most 1 at a time; worth measuring: 1$'
echo 'machines made of files'

# another machine: our own limits do not count
unset TEAMPOOL_ROOT
of_files 40 "$teampool" plan >out 2>err
expect "64 workers on another machine" is "$(most out)" 64
unset HWLOC_SYNTHETIC

# ---- ulimits

what="ulimit -n 40"
of_files 40 "$teampool" plan >out 2>err
expect "pipes to 8 workers are left out" says err '8 workers: 64 open files needed, 40 left \(ulimit -Hn\)'
expect "pools of 8 are not" says out 'backend=pool .*workers=8 '

what="ulimit -v"
if grep -q 'fsanitize' about; then
    cannot "few addresses: a sanitizer takes more"
else
    # shellcheck disable=SC3045
    (ulimit -v 16000000 && exec "${teampool%/*}/teampool-cell" backend=pool start=spawn tasks=10 workload=empty) >out 2>err
    expect "a cell makes do with less than 64 GiB of them" is $? 0
fi

# alone LIMIT COMMAND...: with a limit of processes, which does not bind root.
alone() {
    limit=$1
    shift
    if [ "$(id -u)" -eq 0 ]; then
        setpriv --reuid=65533 --clear-groups prlimit --nproc="$limit" "$@"
    else
        prlimit --nproc="$limit" "$@"
    fi
}
what="ulimit -u"
if alone 100 "$teampool" list >out 2>err && [ "$(id -u)" -eq 0 ]; then
    mkdir nobody && chmod 777 nobody
    alone 10 "$teampool" run $force --profile smoke --only 'sweep=[lw]' --out nobody/run >out 2>err
    expect "exit code 0" is $? 0
    expect "8 sleepers are left out" says err '8 workers: 12 processes and threads needed, 9 left \(ulimit -u\)'
    expect "in status.csv, too" says nobody/run/status.csv ',skipped,"?8 workers: 12 processes'
    expect "how many" says nobody/run/machine.csv '^unfit_cells,[1-9]'
    expect "none failed" says_not nobody/run/status.csv ',(failed|timeout),'
    expect "the checks tell" says nobody/run/checks.csv '^tasks,warn,'
else
    cannot "a limit of processes: not root, or no setpriv"
fi

# ---- one CPU of several

if command -v taskset >/dev/null && first=$(taskset -pc $$ | sed 's/.*: *//; s/[-,].*//'); then
    what="one CPU"
    taskset -c "$first" "$teampool" topology >out 2>err
    expect "one worker" says out 'at most 1 at a time; worth measuring: 1$'
else
    cannot "an affinity mask: no taskset"
fi

# ---- control groups of our own

# in_group CONTROLLER FILES VALUE COMMAND...: run it in a group inside of a new one where VALUE stands
# in the file: the first of FILES is version 2's, the second version 1's.  So what limits is an
# ancestor's.  Returns 77: cannot be done here.
in_group() {
    controller=$1 v2=${2%:*} v1=${2#*:} value=$3
    shift 3
    at=$(sed -n "s/^0:://p" /proc/self/cgroup | head -n 1)
    top=/sys/fs/cgroup # or, where both versions are mounted:
    [ ! -d $top/unified ] || top=$top/unified
    if grep -qw "$controller" "$top$at/cgroup.subtree_control" 2>/dev/null; then
        group=$top$at/teampool-$$ file=$v2 version=2
    elif [ -e "/sys/fs/cgroup/$controller/cgroup.procs" ]; then
        group=/sys/fs/cgroup/$controller/teampool-$$ file=$v1 version=1
        [ "$controller" != cpu ] || value=${value% *}
    else
        return 77
    fi
    if ! mkdir "$group" 2>/dev/null; then
        group=
        return 77
    fi
    result=77
    if echo "$value" 2>/dev/null >"$group/$file" && mkdir "$group/inner"; then
        for own in cpus mems; do # version 1 leaves both empty, and then nobody may enter
            from=$group/cpuset.$own to=$group/inner/cpuset.$own
            [ $version = 2 ] || [ ! -e "$from" ] ||
                { [ -n "$(cat "$from")" ] || cat "${group%/*}/cpuset.$own" >"$from"; cat "$from" >"$to"; }
        done
        # shellcheck disable=SC2016
        sh -c 'echo $$ >"$1/cgroup.procs" || exit 77; shift; exec "$@"' sh "$group/inner" "$@" >out 2>err
        result=$?
        rmdir "$group/inner"
    fi
    rmdir "$group" && group=
    return $result
}

what="a cpuset of one CPU"
in_group cpuset cpuset.cpus:cpuset.cpus "${first:-0}" "$teampool" topology
code=$?
if [ $code -ne 77 ]; then
    expect "exit code 0" is $code 0
    expect "one worker" says out 'at most 1 at a time; worth measuring: 1$'
    expect "of all CPUs" says out "^we may use .* 1 of $(getconf _NPROCESSORS_CONF) hardware thread"
else
    cannot "a cpuset: no group of our own"
fi

what="a CPU quota of one and a half"
in_group cpu cpu.max:cpu.cfs_quota_us '150000 100000' "$teampool" topology
code=$?
if [ $code -ne 77 ]; then
    expect "exit code 0" is $code 0
    expect "two workers at most" says out 'at most [12] at a time; worth measuring: 1( 2)?$'
    expect "which file says so" says out '^CPU quota    1.5 CPUs, set by /sys/fs/cgroup/.*/teampool-[0-9]*/cpu'
else
    cannot "a fractional CPU quota: no group of our own"
fi

# So little that it is used up on a busy machine, too.
what="a CPU quota of a twentieth"
cat >busy.plan <<'END'
backend=omp workload=cpu task_ns=100000 tasks=250 workers=1 chunk=16 samples=3
backend=pool workload=cpu task_ns=100000 tasks=250 workers=1 chunk=16 samples=3
END
in_group cpu cpu.max:cpu.cfs_quota_us '5000 100000' \
    "$teampool" run $force --plan busy.plan --blocks 1 --quiet --out quota
code=$?
if [ $code -ne 77 ]; then
    expect "exit code 0" is $code 0
    expect "stopped samples in both cells" is 2 "$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["throttled_ns"] > 0 { print $at["backend"] }' quota/samples.csv | sort -u | wc -l)"
    expect "the cause" says quota/cells.csv 'CPU quota'
    expect "the quota in machine.csv" says quota/machine.csv '^quota_cpus,0.05,"?/sys/fs/cgroup/'
    expect "the checks warn" says quota/checks.csv '^quota,warn,0.05 CPUs,'
    expect "bad: we are stopped" says quota/checks.csv '^throttling,bad,'
else
    cannot "a CPU quota: no group of our own"
fi
what="ten tasks"
in_group pids pids.max:pids.max 10 "$teampool" run $force --profile smoke --only 'sweep=[lw]' --out pids
code=$?
if [ $code -ne 77 ]; then
    expect "exit code 0" is $code 0
    expect "8 sleepers are left out" says err '8 workers: 12 processes and threads needed, [0-9] left \(/sys/fs'
    expect "none failed" says_not pids/status.csv ',(failed|timeout),'
else
    cannot "a limit of tasks: no group of our own"
fi
what="80 MiB"
in_group memory memory.max:memory.limit_in_bytes 83886080 \
    "$teampool" run $force --profile default --only 'sweep=launch' --blocks 1 --out memory
code=$?
if [ $code -ne 77 ]; then
    expect "exit code 0" is $code 0
    expect "large callers are left out" says err 'of memory needed, .* left \(/sys/fs'
    expect "small ones are not" says memory/samples.csv '^cell,'
    expect "none failed" says_not memory/status.csv ',(failed|timeout),'
else
    cannot "a limit of memory: no group of our own"
fi

# ---- a strict container

cat >small.plan <<'END'
backend=omp workload=payload payload_bytes=65536 task_ns=1000 tasks=200 workers=2 chunk=4 samples=1
backend=pool workload=payload payload_bytes=65536 task_ns=1000 tasks=200 workers=2 chunk=4 samples=1
backend=pool start=spawn workload=memory payload_bytes=65536 tasks=200 workers=2 chunk=4 samples=1
backend=pipe workload=payload payload_bytes=65536 task_ns=1000 tasks=200 workers=2 chunk=4 samples=1
END
expect_small() { # DIR CODE: a run of small.plan with a page
    expect "exit code 0, not $2" is "$2" 0
    expect "4 cells are ok" is "$(grep -c ',ok,' "$1/status.csv")" 4
}

# inside COMMAND...: with mounts of our own.
inside() {
    if [ "$(id -u)" -eq 0 ]; then unshare -m "$@"; else unshare -Urm "$@"; fi
}
if inside sh -c 'mount -t tmpfs tmpfs /dev/shm' 2>/dev/null; then
    what="a small /dev/shm"
    # shellcheck disable=SC2016
    inside sh -c 'mount -t tmpfs -o size=64k tmpfs /dev/shm && exec "$@"' sh \
        "$teampool" run $force --plan small.plan --blocks 1 --quiet --out shm >out 2>err
    expect_small shm $?
    what="a tree that cannot be written to, no HOME, no terminal"
    mkdir readonly
    # shellcheck disable=SC2016
    inside sh -c 'cp small.plan "$1" readonly && mount -t tmpfs -o ro tmpfs readonly/ && cd readonly &&
        exec setsid env -i "$2" run $3 --plan ../small.plan --blocks 1 --quiet' \
        sh small.plan "$teampool" "$force" >out 2>err </dev/null
    expect "exit code 1" is $? 1
    expect "where it cannot write, and what to do" says err 'results: .*Read-only.*--out'
    # shellcheck disable=SC2016
    inside sh -c 'mount -t tmpfs -o ro tmpfs readonly && cd readonly && out=$2/page &&
        setsid env -i "$1" run $3 --plan ../small.plan --blocks 1 --quiet --out "$out" &&
        setsid env -i "$1" report "$out"' sh "$teampool" "$scratch" "$force" >out 2>err </dev/null
    expect_small page $?
    expect "the page" says page/report.html '</html>'
    for gone in proc sys; do
        what="no /$gone"
        # shellcheck disable=SC2016
        if inside sh -c 'umount -l "$1"' sh /$gone 2>/dev/null; then
            inside sh -c 'umount -l "/$1" && shift && exec "$@"' sh $gone \
                "$teampool" run $force --plan small.plan --blocks 1 --quiet --out no-$gone >out 2>err
            code=$?
            # without /proc a sanitizer cannot end well
            [ $gone = sys ] || grep -q 'fsanitize' about || expect "exit code 2, not $code" is $code 2
            [ $gone = sys ] || expect "what to do" says err 'no /proc here.*mount -t proc'
            [ $gone = proc ] || expect_small no-sys $code
        else
            cannot "$what: not allowed to take it away"
        fi
    done
    what="the first process of a container"
    if inside --fork --pid --mount-proc true 2>/dev/null; then
        inside --fork --pid --mount-proc \
            "$teampool" run $force --plan small.plan --blocks 1 --quiet --out first >out 2>err
        expect_small first $?
    else
        cannot "$what: not allowed to be that"
    fi
else
    cannot "other mounts: no unshare, or not allowed"
fi

what="a user without a name, root in a namespace of its own"
if [ "$(id -u)" -eq 0 ] && setpriv --reuid=65533 --clear-groups unshare -Ur true 2>/dev/null; then
    mkdir unnamed && cp small.plan unnamed && chmod 777 unnamed
    # shellcheck disable=SC2016
    setpriv --reuid=65533 --clear-groups env -u HOME unshare -Urmpf --mount-proc sh -c 'cd unnamed && exec "$@"' sh \
        "$teampool" run $force --plan small.plan --blocks 1 --quiet --out run >out 2>err
    expect_small unnamed/run $?
else
    cannot "a namespace of a user's own: not root, or not allowed"
fi

what="refused system calls"
export ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0" # a sanitizer's search for leaks is such a call
"$deny" "$teampool" run $force --plan small.plan --blocks 1 --quiet --out denied >out 2>err
code=$?
if [ $code -ne 77 ]; then
    expect_small denied $code
    "$deny" "$teampool" doctor >out 2>err
    expect "doctor's exit code 0" is $? 0
    "$deny" "$teampool" topology >out 2>err
    expect "topology's exit code 0" is $? 0
else
    cannot "refused system calls: $(cat err)"
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
