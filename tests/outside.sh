#!/bin/sh
# SPDX-License-Identifier: MIT
#
# outside.sh BUILD_DIR: somebody else's programs against the installed pool: by pkg-config and by
# CMake, static and shared, in C and C++, with every kind of workers; and with the pool's sources
# among their own.  What is installed is moved first: it must not know where it was.
set -u
. "$(dirname -- "$0")/expect.sh"
if [ $# -ne 1 ] || [ ! -f "$1/CMakeCache.txt" ]; then
    echo "usage: outside.sh BUILD_DIR" >&2
    exit 2
fi
build=$(cd "$1" && pwd)
if grep -Eq '^CMAKE_C_FLAGS[A-Z_]*:[A-Z]+=.*(-fsanitize|--coverage|-flto)' "$build/CMakeCache.txt"; then
    echo "skipped: built with flags that other programs would need, too"
    exit 77
fi
source=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$build/CMakeCache.txt")
cc=${CC:-cc}
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
log=$scratch/log

# ---- install ----

expect 'it installs' cmake --install "$build" --component pool --prefix "$scratch/first"
mkdir "$scratch/elsewhere" "$scratch/app"
mv "$scratch/first" "$scratch/elsewhere/moved" || exit 1
root=$scratch/elsewhere/moved
library=$(dirname "$(find "$root" -name libteampool-pool.a)")
docs=$(dirname "$(find "$root" -name pool.md)")
manual=$(find "$root" -name teampool-pool.3)
header=$(find "$root" -name pool.h)
# A folder like it that has the static library only.
cp -R "$root" "$scratch/elsewhere/static"
rm "$scratch/elsewhere/static${library#"$root"}"/*.so*
unset DESTDIR PKG_CONFIG_SYSROOT_DIR
static_path=$scratch/elsewhere/static${library#"$root"}/pkgconfig
export PKG_CONFIG_PATH="$library/pkgconfig" LD_LIBRARY_PATH="$library"
cd "$scratch/app" || exit 2

nowhere() { ! grep -rlF "$1" "$library/pkgconfig" "$library/cmake"; }
expect 'its files do not know where it was' nowhere "$scratch/first"
expect 'its files do not know where it was built' nowhere "$build"

# ---- a program ----

# It has names of its own that the library uses inside, a constructor that workers need, too, and
# counts how often its main() is entered.
cat >app.c <<'EOC'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <teampool/pool.h>
#include <unistd.h>

#ifndef LIFTED /* then they are all in one program */
int watch(void), pipe_open(void), futex_wait(void), slot_free(void), birth_start(void);
int watch(void) { return 1; }
int pipe_open(void) { return 1; }
int futex_wait(void) { return 1; }
int slot_free(void) { return 1; }
int birth_start(void) { return 1; }
#endif

static int initialized;
__attribute__((constructor)) static void initialize(void) { initialized = 7; }

struct result {
    long square;
    int pid;
};

static int square(const void *arg, long i, struct pool_task *t)
{
    const int *add = arg;
    const long *in = pool_in(t, i);
    struct result *out = pool_out(t, i);
    if (*add != 3)
        return pool_fail(t, 1, "arg is %d", *add);
    out->square = *in * *in + initialized + *add;
    out->pid = (int)getpid();
    return 0;
}

static int try(enum pool_start start, enum pool_transport transport)
{
    enum { N = 100 };
    const int add = 3;
    char message[400];
    long in[N];
    struct result out[N];
    struct pool *p;
    const struct pool_options o = { .workers = 3, .start = start, .transport = transport };
    for (int i = 0; i < N; i++)
        in[i] = i;
    if (pool_open(&p, &o, message, sizeof message))
        return fprintf(stderr, "no pool: %s\n", message), 1;
    if (pool_started(p) != start)
        return fprintf(stderr, "started as %d, not %d\n", (int)pool_started(p), (int)start), 1;
    if (pool_map(p, &(struct pool_call){ .fn = square, .arg = &add, .arg_size = sizeof add,
                                         .n = N, .in = in, .in_size = sizeof *in,
                                         .out = out, .out_size = sizeof *out }))
        return fprintf(stderr, "map: %s\n", pool_message(p)), 1;
    for (long i = 0; i < N; i++)
        if (out[i].square != i * i + 10 || (out[i].pid == getpid()) != (start == POOL_THREAD))
            return fprintf(stderr, "out[%ld] is %ld, by process %d\n", i, out[i].square,
                           out[i].pid), 1;
    pool_free(p);
    return 0;
}

int main(int argc, char **argv)
{
    static const char *const names[] = { "auto", "fork", "spawn", "thread" };
    FILE *entered = fopen(getenv("ENTERED"), "a");
    if (!entered || fputs("main\n", entered) < 0 || fclose(entered))
        return perror("ENTERED"), 2;
    for (int start = POOL_FORK; argc == 2 && start <= POOL_THREAD; start++)
        if (!strcmp(argv[1], names[start]))
            return try((enum pool_start)start, POOL_SHM) ||
                   try((enum pool_start)start, POOL_PIPE);
    return fprintf(stderr, "usage: app fork|spawn|thread\n"), 2;
}
EOC

export ENTERED="$scratch/app/entered"
once() { [ "$(wc -l <"$ENTERED")" -eq 1 ]; }

# runs HOW PROGRAM: with every kind of workers.
runs() {
    for start in fork spawn thread; do
        rm -f "$ENTERED"
        expect "$1, $start: runs" timeout 30 "$2" "$start"
        expect "$1, $start: main() is entered once" once
    done
}

uses_shared() { ldd "$1" | grep -q libteampool-pool; }
uses_static() { ! uses_shared "$1"; }

# shellcheck disable=SC2046 # pkg-config's words are words
{
    expect 'pkg-config, shared: builds' \
        "$cc" -std=c11 -D_GNU_SOURCE -Wl,--build-id=none app.c -o shared \
        $(pkg-config --cflags --libs teampool-pool)
    expect 'pkg-config, shared: is it' uses_shared ./shared
    PKG_CONFIG_PATH=$static_path
    expect 'pkg-config, static: builds' "$cc" -std=c11 -D_GNU_SOURCE app.c -o static \
        $(pkg-config --static --cflags --libs teampool-pool)
    PKG_CONFIG_PATH=$library/pkgconfig
    expect 'pkg-config, static: is it' uses_static ./static
}
runs 'pkg-config, shared' ./shared
runs 'pkg-config, static' ./static

cat >CMakeLists.txt <<'EOC'
cmake_minimum_required(VERSION 3.22)
project(app C)
find_package(teampool-pool 0.1 REQUIRED)
add_executable(static app.c)
target_link_libraries(static PRIVATE teampool::pool)
add_executable(shared app.c)
target_link_libraries(shared PRIVATE teampool::pool_shared)
EOC
expect 'CMake: finds it' cmake -S . -B b -DCMAKE_PREFIX_PATH="$root"
expect 'CMake: builds' cmake --build b
expect 'CMake, shared: is it' uses_shared b/shared
expect 'CMake, static: is it' uses_static b/static
runs 'CMake, shared' b/shared
runs 'CMake, static' b/static

# ---- other ways to come by it ----

mkdir -p lifted/teampool
for file in "$source"/pool/*.[ch]; do
    case ${file##*/} in
    backend_* | adapter.* | ranks.*) ;;
    *) cp "$file" lifted/teampool ;;
    esac
done
expect 'its sources among others: build' "$cc" -std=c11 -D_GNU_SOURCE -DLIFTED -Ilifted app.c \
    lifted/teampool/*.c -o lifted/app -pthread -ldl -Wl,--build-id
runs 'its sources among others' lifted/app

# The first program of its README, as the README says.
awk '/^```c$/ && !seen { on = seen = 1; next } /^```/ { on = 0 } on' "$docs/pool.md" >squares.c
command=$(sed -n 's/^cc \(.*squares\.c.*\)/\1/p' "$docs/pool.md" | head -n 1)
expect "README's program: builds" sh -c "$cc -Wall -Wextra -Werror $command"
answer() { [ "$(./squares)" = 998001 ]; }
expect "README's program: runs" answer

# shellcheck disable=SC2046
for file in "$docs"/examples/*.c; do
    expect "example ${file##*/}: builds" "$cc" -std=c11 -Wall -Wextra -Werror "$file" -o example \
        $(pkg-config --cflags --libs teampool-pool)
done

# ---- the header, the names, the manual ----

printf '#include <teampool/pool.h>\nint main(void) { return pool_message(0)[0]; }\n' >alone.c
# shellcheck disable=SC2046
expect 'the header alone, strictly' "$cc" -std=c11 -pedantic -Wall -Wextra -Wshadow \
    -Wstrict-prototypes -Werror $(pkg-config --cflags teampool-pool) -fsyntax-only alone.c
cat >app.cc <<'EOC'
#include <cstdio>
#include <teampool/pool.h>
#include <vector>

static int square(const void *, long i, pool_task *t)
{
    *static_cast<long *>(pool_out(t, i)) = i * i;
    return 0;
}

int main()
{
    std::vector<long> out(100);
    char message[400];
    pool *p;
    pool_options o = pool_options();
    o.workers = 2;
    o.start = POOL_SPAWN;
    if (pool_open(&p, &o, message, sizeof message))
        return std::puts(message), 1;
    pool_call c = pool_call();
    c.fn = square;
    c.n = 100;
    c.out = out.data();
    c.out_size = sizeof out[0];
    long failed = pool_map(p, &c);
    pool_free(p);
    return failed || out[99] != 99 * 99;
}
EOC
if command -v "${CXX:-c++}" >/dev/null; then
    # shellcheck disable=SC2046
    expect 'C++: builds' "${CXX:-c++}" -std=c++11 -pedantic -Wall -Wextra -Werror app.cc -o app_cc \
        $(pkg-config --cflags --libs teampool-pool)
    expect 'C++: runs' ./app_cc
fi

declared() { # what the header declares, one a line
    "$cc" -E -D_GNU_SOURCE "$header" | grep -v typedef | grep -oE '\bpool_[a-z_]+ *\(' | tr -d ' (' |
        grep -vx -e pool_in -e pool_out | sort -u
}
shown() { # NM-OPTION LIBRARY: what it defines for others
    nm "$1" --defined-only "$2" | awk 'NF == 3 && $2 ~ /[TDBRVW]/ { print $3 }' |
        grep -vx __libc_start_main | sort
}
same() { [ -s "$1" ] && diff "$1" "$2"; }
declared >declared.txt
shown -D "$library/libteampool-pool.so" >shown_shared
shown -g "$library/libteampool-pool.a" >shown_static
expect 'the shared library shows what the header declares' same declared.txt shown_shared
if [ -f "$build/pool.o" ]; then
    expect 'the static library shows what the header declares' same declared.txt shown_static
fi

while read -r name; do
    expect "the manual page names $name" grep -qE "^\.(Fn|Fo) $name( |\$)" "$manual"
done <declared.txt
if command -v mandoc >/dev/null; then
    expect 'the manual page is clean' mandoc -Tlint -Wwarning "$manual"
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
