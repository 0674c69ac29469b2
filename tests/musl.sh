#!/bin/sh
# SPDX-License-Identifier: MIT
#
# musl.sh SOURCE_DIR: with musl as C library the pool is built, and its examples and other programs run
# with it; and all that would be measured with, which needs hwloc and OpenMP for musl, at least
# compiles.  The pool's own tests want a cmocka for musl: the preset `musl` runs them.
set -u
. "$(dirname -- "$0")/expect.sh"
if [ $# -ne 1 ]; then
    echo "usage: musl.sh SOURCE_DIR" >&2
    exit 2
fi
source=$1 tests=$1/tests
command -v musl-gcc >/dev/null || { echo "skipped: no musl-gcc"; exit 77; }
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
log=$scratch/log

expect 'it configures' cmake -S "$source" --preset musl -B "$scratch/build" \
    -DMUSL_PREFIX=/nonexistent -DCMAKE_C_FLAGS="-idirafter $scratch/build/uapi -Werror"
expect 'it builds' cmake --build "$scratch/build" --parallel 2
expect 'it is musl' sh -c 'objdump -s -j .interp "$1" | grep -q musl' - "$scratch/build/examples/sleep"
expect 'examples' "$tests/examples.sh" "$scratch/build"
expect 'programs of others' env CC=musl-gcc CXX=none \
    POOL_FLAGS="-idirafter $scratch/build/uapi -DPOOL_WITHOUT_ON_EXIT" \
    "$tests/outside.sh" "$scratch/build"

# Only hwloc's own headers: beside them lie those of the system's C library.
mkdir "$scratch/hwloc"
cp -R /usr/include/hwloc* /usr/include/*/hwloc "$scratch/hwloc" 2>/dev/null
for name in SHARE LIBEXEC VERSION SOURCE_DIR BUILD_TYPE COMPILER FLAGS PYTHON_VERSION MPI_VERSION MPIEXEC; do
    echo "#define TEAMPOOL_$name \"\""
done >"$scratch/words.h"
for file in "$source"/core/*.c "$source"/bench/*.c "$source"/workloads/*.c "$source"/threads/*.c \
    "$source"/labs/*.c "$source"/pool/adapter.c "$source"/pool/backend_*.c; do
    expect "${file#"$source"/}" musl-gcc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -fopenmp \
        -include "$scratch/words.h" -I"$scratch/build/include" -idirafter "$scratch/hwloc" \
        -idirafter "$scratch/build/uapi" -fsyntax-only "$file"
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
