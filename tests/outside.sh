#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Somebody else's program, built against the installed pool: by pkg-config and by CMake, static and shared,
# with every kind of workers.
set -u
build=${1:?outside.sh BUILD_DIR}
grep -q 'fsanitize' "$build/CMakeCache.txt" && { echo "a sanitizer build is not installed"; exit 77; }
passed=0 failed=0
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

check() { # WHAT COMMAND...
    what=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED %s: %s\n' "$what" "$*"
        tail -20 "$work/log"
    fi
}

check "install" cmake --install "$build" --prefix "$work/root"
mkdir "$work/elsewhere" && mv "$work/root" "$work/elsewhere/moved" # it may be moved
root=$work/elsewhere/moved
library=$(dirname "$(find "$root" -name 'libteampool-pool.so' | head -n 1)")
export PKG_CONFIG_PATH=$library/pkgconfig LD_LIBRARY_PATH=$library

mkdir "$work/app" && cd "$work/app" || exit 2
cat >app.c <<'EOF'
#include <stdio.h>
#include <stdlib.h>
#include <teampool/pool.h>

static int inited;
__attribute__((constructor)) static void init(void) { inited = 7; } /* before any task, anywhere */

static int square(const void *arg, long i, struct pool_task *t)
{
    (void)arg;
    *(long *)pool_out(t, i) = i * i + inited;
    return 0;
}

int main(int argc, char **argv)
{
    static const enum pool_start starts[] = { POOL_FORK, POOL_SPAWN, POOL_THREAD };
    char message[400];
    long out[100];
    if (argc != 1 || !argv[0])
        return 9; /* a worker must never come here */
    for (int s = 0; s < 3; s++)
        for (int transport = 0; transport < 2; transport++) {
            struct pool *p;
            struct pool_options o = { .workers = 3, .start = starts[s], .transport = transport };
            if (pool_open(&p, &o, message, sizeof message))
                return fprintf(stderr, "start %d: %s\n", s, message), 1;
            long failed = pool_map(p, &(struct pool_call){
                                          .fn = square, .n = 100, .out = out, .out_size = sizeof *out });
            if (failed)
                return fprintf(stderr, "start %d: %s\n", s, pool_message(p)), 1;
            for (long i = 0; i < 100; i++)
                if (out[i] != i * i + 7)
                    return fprintf(stderr, "start %d: out[%ld] is %ld\n", s, i, out[i]), 1;
            pool_free(p);
        }
    puts("all right");
    return 0;
}
EOF
cat >CMakeLists.txt <<'EOF'
cmake_minimum_required(VERSION 3.22)
project(app C)
find_package(teampool-pool 0.1 REQUIRED)
add_executable(static app.c)
target_link_libraries(static PRIVATE teampool::pool)
add_executable(shared app.c)
target_link_libraries(shared PRIVATE teampool::pool_shared)
EOF

cc=${CC:-cc}
printf '#include <teampool/pool.h>\nint main(void) { return 0; }\n' >alone.c
# shellcheck disable=SC2046
check "the header alone, strictly" "$cc" -std=c11 -pedantic -Wall -Wextra -Werror \
    $(pkg-config --cflags teampool-pool) -fsyntax-only alone.c
if command -v c++ >/dev/null; then
    # shellcheck disable=SC2046
    check "the header in C++" c++ -x c++ -Wall -Werror $(pkg-config --cflags teampool-pool) \
        -fsyntax-only alone.c
fi
# shellcheck disable=SC2046
check "pkg-config, shared" "$cc" -std=c11 app.c -o app_shared $(pkg-config --cflags --libs teampool-pool)
check "it is the shared one" sh -c 'ldd ./app_shared | grep -q libteampool-pool'
check "pkg-config, shared: runs" ./app_shared
# shellcheck disable=SC2046
check "pkg-config, static" "$cc" -std=c11 app.c -o app_static $(pkg-config --cflags teampool-pool) \
    "$library/libteampool-pool.a" $(pkg-config --libs --static teampool-pool | sed 's/-lteampool-pool//')
check "pkg-config, static: runs" ./app_static
check "CMake finds it" cmake -S . -B b -DCMAKE_PREFIX_PATH="$root"
check "CMake builds" cmake --build b
check "CMake, static: runs" b/static
check "CMake, shared: runs" b/shared
check "the library shows its calls and no more" sh -c \
    "! nm -D --defined-only '$library/libteampool-pool.so' | grep -v ' A ' | grep -v -e ' T pool_' -e __libc_start_main"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
