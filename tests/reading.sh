#!/bin/sh
# SPDX-License-Identifier: MIT
#
# reading.sh TEAMPOOL SOURCE_DIR [CMAKE-OPTION...]: the build that only reads runs, as a system that is
# not Linux would build it: with POSIX alone and without hwloc and OpenMP.  What it writes and says of
# a run is byte for byte what TEAMPOOL does; what it cannot do it says.
set -u
. "$(dirname -- "$0")/expect.sh"
if [ $# -lt 2 ]; then
    echo "usage: reading.sh TEAMPOOL SOURCE_DIR [CMAKE-OPTION...]" >&2
    exit 2
fi
full=$1 source=$2
shift 2
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
log=$scratch/log

# pkg-config is not asked, and nothing that is only Linux's is seen.
expect 'it configures' env PKG_CONFIG=/nonexistent cmake -S "$source" -B "$scratch/build" \
    -DTEAMPOOL_MEASURE=OFF -DTEAMPOOL_POOL=OFF -DCMAKE_BUILD_TYPE=Debug "$@" \
    -DCMAKE_C_FLAGS='-U__linux__ -Werror -Wpedantic -Wno-overlength-strings'
expect 'it builds' cmake --build "$scratch/build" --parallel 2 --target programs
read_only=$scratch/build/teampool
[ -x "$read_only" ] || { echo "$passed passed, $failed failed"; exit 1; }

# ---- the same words, the same bytes ----

mkdir -p "$scratch/both/sample" "$scratch/full" "$scratch/read"
cp "$source"/results/sample/* "$scratch/both/sample" 2>/dev/null
"$source/tests/fake_run.sh" "$scratch/both/old" more=1 trace=20
"$source/tests/fake_run.sh" "$scratch/both/new" more=1 even=1.2 blocks=12
cp -R "$scratch/both/sample" "$scratch/both/old" "$scratch/both/new" "$scratch/full"
"$full" lab pickle --force --out "$scratch/full/lab" >/dev/null 2>&1
cp -R "$scratch/full/." "$scratch/read"

cat >"$scratch/use" <<'END_OF_USE'
for run in sample old new; do
    teampool summarize $run
    for format in text csv markdown; do
        teampool summarize $run --format $format
        teampool compare old $run --format $format
    done
    teampool report $run
    teampool advise $run --task-us 5 --tasks 1000 --payload 4096 --format csv
    teampool advise $run --task-us 20 --tasks 100 --workers 64 --extrapolate
done
teampool report old new sample
teampool lab
teampool lab sleep --sheet
teampool lab pickle --check lab sample
teampool lab pickle --check lab sample --format csv
teampool manual teampool-cell
teampool report missing
teampool summarize --format paper sample
END_OF_USE
for side in full read; do
    program=$full
    [ $side = full ] || program=$read_only
    mkdir "$scratch/bin-$side"
    ln -s "$program" "$scratch/bin-$side/teampool" # so that both are called alike
    (cd "$scratch/$side" && PATH=$scratch/bin-$side:$PATH sh "$scratch/use" >said 2>&1)
done
expect 'it says and writes the same' diff -r "$scratch/full" "$scratch/read"
expect 'it says something' test "$(wc -l <"$scratch/read/said")" -gt 500
expect 'it writes pages' test -s "$scratch/read/sample/against.html" -a -s "$scratch/read/old/report.html"

# ---- what it cannot do ----

for command in run doctor topology list plan 'lab sleep' 'run --plan x' 'plan backend=omp'; do
    # shellcheck disable=SC2086
    "$read_only" $command >"$scratch/out" 2>"$scratch/err"
    expect "$command: exit code" test $? -eq 1
    expect "$command: says why" grep -q 'measuring is Linux only' "$scratch/err"
    expect "$command: says what to do" grep -q "copy the run's folder here" "$scratch/err"
done
expect 'run --help' "$read_only" run --help
expect 'completion' sh -c '"$1" completion bash >"$2" && grep -q "summarize report" "$2"' - "$read_only" \
    "$scratch/completion"
if command -v bash >/dev/null; then
    expect 'completion: bash reads it' bash -n "$scratch/completion"
fi

# ---- where the system does not tell where a program is ----

if unshare -rm sh -c 'mount -t tmpfs none /proc' 2>/dev/null; then
    for name in "$read_only" teampool; do
        expect "without /proc, called $name" unshare -rm sh -c 'mount -t tmpfs none /proc &&
            PATH=$2:$PATH "$1" lab | grep -q pickle' - "$name" "$scratch/bin-read"
    done
else
    echo 'note: /proc cannot be hidden here'
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
