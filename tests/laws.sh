#!/bin/sh
# SPDX-License-Identifier: MIT
#
# laws.sh SOURCE_DIR: does the tree keep the laws that its design states?  Prints each violation as
# "file:line: law N: why"; exit code 1 if there is any.  What the laws are is written above each
# check.  laws.sh --self-test: breaks each law once in a small tree and looks whether it is found.
#
#   1  a file includes from its own folder and from core/; a library's headers are free
#   2  hwloc in core/topology.c only, OpenMP in threads/, labs/ and tests/ only, Python.h in workloads/ only,
#      MPI in pool/ranks.c only
#   3  the pool library (pool/ but backend_*.c, adapter.*, ranks.*) includes nothing of the house, and
#      shares nothing by a name that could be left behind
#   4  workloads and backends don't know each other
#   5  only bench/ prints or exits; core/csv.c writes to the FILE it is given
#   6  scripts/ and plots/ name no file of the programs
#   7  a license line, telling names, headers that compile alone, no drawers for odds and ends
set -u
. "$(dirname -- "$0")/expect.sh"

# The files of the tree, one a line.
list_files() {
    find . -name .git -prune -o -path './build*' -prune -o -path './results' -prune -o \
        -type f -print | sed 's|^\./||' | sort
}

# Laws 1 to 5 on the C files named on stdin.  Comments are not code; strings are.
check_code() {
    xargs awk '
    function blame(law, why) { print FILENAME ":" FNR ": law " law ": " why }
    function has(word) { return code ~ ("(^|[^A-Za-z0-9_])" word "($|[^A-Za-z0-9_])") }
    function calls(name) { return bare ~ ("(^|[^A-Za-z0-9_])" name "[ \t]*\\(") }

    # CODE: the line without comments; BARE: without its strings, too.
    function strip(line,    i, c, two, quote) {
        code = bare = ""
        quote = ""
        for (i = 1; i <= length(line); i++) {
            c = substr(line, i, 1)
            two = substr(line, i, 2)
            if (inside) {
                if (two == "*/") { inside = 0; i++ }
                continue
            }
            if (quote == "" && two == "/*") { inside = 1; i++; continue }
            if (quote == "" && two == "//") break
            code = code c
            if (quote == "") bare = bare c
            if (quote != "" && c == "\\") { i++; code = code substr(line, i, 1); continue }
            if (quote != "" && c == quote) quote = ""
            else if (quote == "" && (c == "\"" || c == "\047")) quote = c
        }
    }

    FNR == 1 {
        inside = 0
        folder = FILENAME
        sub(/\/.*/, "", folder)
        name = FILENAME
        sub(/.*\//, "", name)
        backend = name ~ /^backend_/ || folder == "threads" || folder == "pool"
        library = folder == "pool" && name !~ /^(backend_|adapter\.|ranks\.)/
        quiet = folder ~ /^(core|pool|workloads|threads)$/
    }
    { strip($0) }

    code ~ /^[ \t]*#[ \t]*include[ \t]*"/ {
        target = code
        sub(/^[^"]*"/, "", target)
        sub(/".*/, "", target)
        if (target ~ /\// && target !~ /^\.\.\/core\/[^\/]*$/ && folder != "tests")
            blame(1, "includes \"" target "\"; own folder and ../core/ only")
        if (library && (target ~ /\// || target ~ /^(adapter|ranks)\./))
            blame(3, "the pool library includes \"" target "\"")
        base = target
        sub(/.*\//, "", base)
        if (folder == "workloads" && base ~ /^(backend|pool|adapter|ranks)/)
            blame(4, "a workload includes \"" target "\"")
        if (backend && base ~ /^(workload|tally)\.h$/)
            blame(4, "a backend includes \"" target "\"")
    }
    code ~ /^[ \t]*#[ \t]*include[ \t]*<hwloc/ && FILENAME != "core/topology.c" {
        blame(2, "hwloc is for core/topology.c")
    }
    code ~ /^[ \t]*#[ \t]*include[ \t]*<omp/ && folder != "threads" && folder != "labs" && folder != "tests" {
        blame(2, "OpenMP is for threads/")
    }
    code ~ /(#[ \t]*pragma|_Pragma[ \t]*\([ \t]*")[ \t]*omp/ && folder != "threads" && folder != "labs" && folder != "tests" {
        blame(2, "OpenMP is for threads/")
    }
    code ~ /^[ \t]*#[ \t]*include[ \t]*<Python/ && folder != "workloads" {
        blame(2, "Python.h is for workloads/")
    }
    code ~ /^[ \t]*#[ \t]*include[ \t]*<mpi/ && FILENAME != "pool/ranks.c" {
        blame(2, "MPI is for pool/ranks.c")
    }

    folder == "workloads" && (has("struct backend") || has("struct team") || has("backends") ||
                              has("backend_[a-z0-9_]+")) { blame(4, "a workload names a backend") }
    backend && (has("struct workload") || has("workloads") || has("workload_[a-z0-9_]+")) {
        blame(4, "a backend names a workload")
    }

    library && (calls("shm_open") || calls("sem_open") || calls("mq_open")) {
        blame(3, "a name that outlives a crash; use a memfd")
    }

    quiet && (calls("printf") || calls("vprintf") || calls("dprintf") || calls("puts") ||
              calls("putchar") || calls("perror") || calls("psignal") || calls("warnx?") ||
              calls("errx?")) { blame(5, "prints") }
    # What a task has printed may be flushed or dropped: that prints nothing of ours.
    quiet { gsub(/(fflush|__fpurge)\((stdout|stderr)\)/, "", code) }
    quiet && (has("stdout") || has("stderr")) { blame(5, "prints") }
    quiet && FILENAME != "core/csv.c" && (calls("v?fprintf") || calls("fputs") || calls("fputc") ||
              calls("putc") || calls("fwrite")) { blame(5, "prints") }
    quiet && (calls("exit") || calls("quick_exit") || calls("abort")) { blame(5, "exits") }
    ' /dev/null
}

# Law 6: what scripts and plots name.  <...> is a library's header.
check_garden() {
    grep -E '^(scripts|plots)/.*\.(sh|gp|py)$' | while IFS= read -r file; do
        grep -nE '(^|[^<A-Za-z0-9_/.])[A-Za-z0-9_/.-]*[A-Za-z0-9_]\.[ch]([^A-Za-z0-9_.>]|$)' "$file" |
            sed "s|^\([0-9]*\):.*|$file:\1: law 6: names a file of the programs|"
    done
}

check_names() {
    while IFS= read -r file; do
        case $file in
        *.c | *.h | *.sh | *.py | *.gp)
            head -n 3 "$file" | grep -q 'SPDX-License-Identifier: ' ||
                echo "$file:1: law 7: no SPDX line among its first three"
            ;;
        esac
        case $file in
        src/* | include/* | lib/* | util/* | utils/* | common/* | misc/*)
            echo "$file:1: law 7: a folder that is no noun of the subject"
            ;;
        esac
        name=${file##*/}
        case _${name%.*}_ in
        *[_-]util[_-]* | *[_-]utils[_-]* | *[_-]helper[_-]* | *[_-]helpers[_-]* | \
            *[_-]common[_-]* | *[_-]misc[_-]*)
            echo "$file:1: law 7: a name that says nothing"
            ;;
        esac
    done
}

# Headers that need a library that may be missing are left out.
check_headers() {
    grep -E '^(bench|core|labs|pool|threads|workloads)/[^/]*\.h$' | while IFS= read -r file; do
        ! grep -qE '<(Python|mpi|hwloc)' "$file" || continue
        ${CC:-cc} -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wno-unused -Werror -fsyntax-only \
            -x c "$file" >/dev/null 2>"$scratch/errors" ||
            echo "$file:1: law 7: does not compile alone: $(grep -m 1 error "$scratch/errors")"
    done
}

# All violations in the tree DIR.
check_tree() {
    (
        cd "$1" || exit 2
        list_files >"$scratch/files"
        grep -E '^[^/]+/[^/]*\.[ch]$' "$scratch/files" | check_code
        check_garden <"$scratch/files"
        check_names <"$scratch/files"
        check_headers <"$scratch/files"
    )
}

# ---- does it find what it should? ----

# A tree that keeps every law, and comes close to breaking them.
good_tree() {
    rm -rf "$scratch/tree"
    for folder in bench core pool threads workloads scripts plots tests build/x results/y .git; do
        mkdir -p "$scratch/tree/$folder"
    done
    cd "$scratch/tree" || exit 2
    file core/job.h '#ifndef J' '#define J' 'struct job { long n; };' '#endif'
    file core/topology.c '#include <hwloc.h>' '#include "job.h"'
    file core/csv.c '#include <stdio.h>' 'void f(FILE *o) { fputs("x", o); }'
    file core/why.c 'char t[9]; /* printf("not called"); exit(1) */' \
        'int f(void) { return snprintf(t, 9, "exit(1)"); }'
    file pool/pool.h 'struct pool;'
    file pool/pool.c '#include "pool.h"' 'void f(void) { fflush(stdout); _exit(0); }'
    file pool/adapter.c '#include "../core/job.h"' '#include "pool.h"'
    file pool/backend_pool.c '#include "../core/backend.h"' 'const struct backend backend_pool;'
    file threads/backend_omp.c '#include <omp.h>' '#pragma omp parallel' 'int backend_omp;'
    file workloads/cpu.c '#include "../core/workload.h"' 'const char *glob = "workloads/*";' \
        'int workload_cpu;'
    file bench/cell.c '#include <stdio.h>' 'int main(void) { printf("x"); exit(1); }'
    file scripts/setup.sh 'echo "#include <omp.h>" | cc -x c -' 'cat samples.csv fig.svg plot.chunk'
    file plots/a.gp 'plot "a.csv"'
    file tests/test_x.c '#include "../bench/cell.h"'
    file build/x/util.c 'exit(1)'
    sed -i 1d build/x/util.c
}

# file NAME LINE...: the lines, below a license line; line 1 of the rest is line 2 of the file.
file() {
    path=$1
    shift
    printf '%s\n' '/* SPDX-License-Identifier: MIT */' "$@" >"$path"
}

# breaks EXPECTED NAME LINE...: a good tree with this file in it has this violation and no other.
breaks() {
    expected=$1
    shift
    good_tree
    file "$@"
    checked "$expected" "$(check_tree .)"
}

checked() {
    case $2 in
    "$1"*) passed=$((passed + 1)) ;;
    *) fail "expected '$1', got '$2'" ;;
    esac
    [ "$(printf '%s\n' "$2" | wc -l)" -eq 1 ] || fail "expected one violation, got '$2'"
}

self_test() {
    good_tree
    found=$(check_tree .)
    if [ -z "$found" ]; then passed=$((passed + 1)); else fail "expected nothing in a good tree, got '$found'"; fi

    breaks 'core/x.c:2: law 1' core/x.c '#include "../bench/run.h"'
    breaks 'bench/x.c:3: law 1' bench/x.c 'int x;' '#include "../pool/pool.h"'
    breaks 'workloads/x.c:2: law 1' workloads/x.c '#include "../core/deep/er.h"'
    breaks 'core/x.c:2: law 2' core/x.c '#include <hwloc.h>'
    breaks 'bench/x.c:2: law 2' bench/x.c '#include <hwloc/linux.h>'
    breaks 'pool/x.c:2: law 2' pool/x.c '# include <omp.h>'
    breaks 'workloads/x.c:2: law 2' workloads/x.c '  #pragma omp for'
    breaks 'workloads/x.c:2: law 2' workloads/x.c 'void f(void) { _Pragma("omp for") }'
    breaks 'threads/x.c:2: law 2' threads/x.c '#include <Python.h>'
    breaks 'pool/x.c:2: law 2' pool/x.c '#include <mpi.h>'
    breaks 'pool/pipe.c:2: law 3' pool/pipe.c '#include "../core/job.h"'
    breaks 'pool/inside.h:2: law 3' pool/inside.h '#include "../core/job.h"'
    breaks 'pool/shm.c:2: law 3' pool/shm.c '#include "adapter.h"'
    breaks 'pool/shm.c:2: law 3' pool/shm.c '#include "ranks.h"'
    breaks 'pool/shm.c:2: law 3' pool/shm.c 'int f(void) { return shm_open("/x", 0, 0); }'
    breaks 'workloads/x.c:2: law 4' workloads/x.c '#include "../core/backend.h"'
    breaks 'workloads/x.c:2: law 4' workloads/x.c 'extern int backend_omp;'
    breaks 'threads/x.c:2: law 4' threads/x.c '#include "../core/workload.h"'
    breaks 'bench/backend_x.c:2: law 4' bench/backend_x.c '#include "../core/tally.h"'
    breaks 'pool/backend_x.c:2: law 4' pool/backend_x.c 'extern int workload_cpu;'
    breaks 'core/x.c:2: law 5' core/x.c 'void f(void) { printf ("x"); }'
    breaks 'pool/x.c:2: law 5' pool/x.c 'void f(FILE *o) { fprintf(o, "x"); }'
    breaks 'core/csv.c:2: law 5' core/csv.c 'void f(void) { fputs("x", stderr); }'
    breaks 'workloads/x.c:2: law 5' workloads/x.c 'void f(void) { puts("x"); }'
    breaks 'threads/x.c:3: law 5' threads/x.c '/* printf(' 'x */ void f(void) { perror("x"); }'
    breaks 'core/x.c:2: law 5' core/x.c 'void f(void) { exit(1); }'
    breaks 'pool/x.c:2: law 5' pool/x.c 'void f(void) { abort(); }'
    breaks 'scripts/x.sh:2: law 6' scripts/x.sh 'grep version ../bench/main.c'
    breaks 'plots/x.gp:2: law 6' plots/x.gp 'plot "core/job.h" using 1'
    breaks 'core/misc.c:1: law 7' core/misc.c 'int x;'
    breaks 'bench/csv_helpers.c:1: law 7' bench/csv_helpers.c 'int x;'
    breaks 'core/x.h:1: law 7: does not compile alone' core/x.h 'size_t f(void);'
    for name in core/x.c core/x.h scripts/x.sh scripts/x.py plots/x.gp; do
        good_tree
        echo 'int x;' >"$name"
        checked "$name:1: law 7: no SPDX" "$(check_tree .)"
    done
    good_tree
    mkdir util
    file util/x.c 'int x;'
    checked 'util/x.c:1: law 7: a folder' "$(check_tree .)"
    echo "self-test: laws 1 to 7 broken one at a time"
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}

if [ $# -ne 1 ]; then
    echo "usage: laws.sh SOURCE_DIR | --self-test" >&2
    exit 2
fi
scratch=$(mktemp -d) || exit 2
trap 'cd / && rm -rf "$scratch"' EXIT
if [ "$1" = --self-test ]; then
    self_test
    exit
fi
[ -d "$1/core" ] && [ -d "$1/bench" ] || fail "expected the source tree at $1"
violations=$(check_tree "$1")
[ -z "$violations" ] || printf '%s\n' "$violations"
for law in 1 2 3 4 5 6 7; do
    case $violations in
    *": law $law: "*) failed=$((failed + 1)) ;;
    *) passed=$((passed + 1)) ;;
    esac
done
echo "$(wc -l <"$scratch/files") files"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
