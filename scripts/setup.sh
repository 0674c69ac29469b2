#!/bin/sh
# SPDX-License-Identifier: MIT
#
# setup: install what is missing, and only that.  Nothing missing: nothing done, no root needed.
#   setup.sh                 install for building, plotting and testing
#   setup.sh --with browser  and a Chromium, for the tests that look at the pages: they do without
#   setup.sh --with python   and Python's headers, for the workloads that run Python
#   setup.sh --with mpi      and an MPI; --with llvm: clang with LLVM's OpenMP runtime; --with fuzz:
#                            clang with libFuzzer
#   setup.sh --with arm      and compiler, libraries and emulator for 64-bit Arm (Debian and its kin)
#   setup.sh --check PART    look only; exit 1 and say what to do if something of PART is missing
# PART: build, plot, test, browser, python, mpi, llvm, arm, fuzz.  TEAMPOOL_SETUP_DRY=1: print the install
# command, don't run it.
set -u

say() { printf 'setup: %s\n' "$*" >&2; }

have() { command -v "$1" >/dev/null 2>&1; }

# A header or library counts as there when the compiler can use it.
can_compile() { # SOURCE [FLAGS ...]
    source=$1
    shift
    have cc || have gcc || have clang || return 1
    compiler=$(command -v cc || command -v gcc || command -v clang)
    out=$(mktemp) || return 1
    printf '%s\n' "$source" | "$compiler" -x c - -o "$out" "$@" >/dev/null 2>&1
    result=$?
    rm -f "$out"
    return $result
}

cmake_is_new_enough() {
    have cmake || return 1
    version=$(cmake --version | sed -n '1s/[^0-9]*\([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
    set -- $version
    [ "${1:-0}" -gt 3 ] || { [ "${1:-0}" -eq 3 ] && [ "${2:-0}" -ge 22 ]; }
}

gnuplot_is_new_enough() {
    have gnuplot || return 1
    version=$(gnuplot --version | sed -n 's/^gnuplot \([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
    set -- $version
    [ "${1:-0}" -gt 5 ] || { [ "${1:-0}" -eq 5 ] && [ "${2:-0}" -ge 4 ]; }
}

python_has_headers() {
    have python3 || return 1
    folder=$(python3 -c 'import sysconfig; print(sysconfig.get_paths()["include"])')
    can_compile '#include <Python.h>
int main(void) { return 0; }' "-I$folder"
}

ARM_LIBRARIES=/usr/lib/aarch64-linux-gnu # where Debian has those of other architectures

# What is missing of PART, one word each: the words that package_of knows.
missing() { # PART
    case $1 in
    build)
        { have cc || have gcc || have clang; } || echo compiler
        have make || echo make
        cmake_is_new_enough || echo cmake
        have pkg-config || echo pkg-config
        { have pkg-config && pkg-config --atleast-version=2.5 hwloc 2>/dev/null; } || echo hwloc
        can_compile '#include <omp.h>
int main(void) { return omp_get_num_threads() - 1; }' -fopenmp || { { have cc || have gcc || have clang; } && echo openmp; }
        ;;
    plot)
        gnuplot_is_new_enough || echo gnuplot
        ;;
    test)
        can_compile '#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
int main(void) { return 0; }' -lcmocka || echo cmocka
        have python3 || echo python3
        ;;
    browser)
        have chromium || have chromium-browser || have google-chrome || echo chromium
        ;;
    python)
        python_has_headers || echo python-headers
        ;;
    mpi)
        { have mpicc && have mpirun; } || echo mpi
        ;;
    llvm)
        have clang && printf '#include <omp.h>\n' | clang -fopenmp=libomp -x c -c -o /dev/null - 2>/dev/null || echo llvm
        ;;
    fuzz)
        have clang && printf 'int LLVMFuzzerTestOneInput(const char *d, long n);\nint LLVMFuzzerTestOneInput(const char *d, long n) { return !d && n; }\n' |
            clang -fsanitize=fuzzer,address,undefined -x c -o /dev/null - 2>/dev/null || echo libfuzzer
        ;;
    arm)
        have aarch64-linux-gnu-gcc || echo arm-compiler
        have qemu-aarch64-static || echo arm-emulator
        for file in crt1.o libgomp.so.1 libhwloc.so libcmocka.so; do
            name=${file#lib}
            [ -e "$ARM_LIBRARIES/$file" ] || echo "arm-${name%%.*}"
        done
        ;;
    *)
        say "no part '$1'; there are build, plot, test, browser, python, mpi, llvm, arm and fuzz"
        exit 2
        ;;
    esac
}

package_manager() {
    for manager in apt-get dnf pacman zypper apk; do
        have $manager && { echo $manager; return 0; }
    done
    return 1
}

package_of() { # MANAGER WORD
    case $1:$2 in
    apt-get:compiler) echo gcc libc6-dev ;;
    apt-get:openmp) echo gcc libgomp1 ;;
    apt-get:hwloc) echo libhwloc-dev ;;
    apt-get:gnuplot) echo gnuplot-nox ;;
    apt-get:cmocka) echo libcmocka-dev ;;
    apt-get:mpi) echo openmpi-bin libopenmpi-dev ;;
    apt-get:llvm) echo clang libomp-dev ;;
    apt-get:libfuzzer) echo clang libclang-rt-dev ;;
    dnf:libfuzzer | apk:libfuzzer | pacman:libfuzzer) echo clang compiler-rt ;;
    zypper:libfuzzer) echo clang ;;
    apt-get:arm-compiler) echo gcc-aarch64-linux-gnu libc6-dev-arm64-cross ;;
    apt-get:arm-emulator) echo qemu-user-static ;;
    apt-get:arm-crt1) echo libc6-dev:arm64 ;;
    apt-get:arm-gomp) echo libgomp1:arm64 ;;
    apt-get:arm-hwloc | apt-get:arm-cmocka) echo "lib${2#arm-}-dev:arm64" ;;
    dnf:mpi) echo openmpi-devel ;;
    dnf:llvm) echo clang libomp-devel ;;
    pacman:mpi) echo openmpi ;;
    pacman:llvm) echo clang openmp ;;
    zypper:mpi) echo openmpi-devel ;;
    zypper:llvm) echo clang libomp-devel ;;
    apk:mpi) echo openmpi openmpi-dev ;;
    apk:llvm) echo clang openmp-dev ;;
    apt-get:python-headers | apk:python-headers) echo python3-dev ;;
    dnf:python-headers | zypper:python-headers) echo python3-devel ;;
    pacman:python-headers) echo python ;;
    dnf:compiler) echo gcc glibc-devel ;;
    dnf:openmp) echo libgomp ;;
    dnf:hwloc) echo hwloc-devel ;;
    dnf:pkg-config) echo pkgconf-pkg-config ;;
    dnf:cmocka) echo libcmocka-devel ;;
    dnf:gnuplot) echo gnuplot ;;
    pacman:compiler) echo gcc ;;
    pacman:openmp) echo gcc-libs ;;
    pacman:pkg-config) echo pkgconf ;;
    pacman:python3) echo python ;;
    zypper:compiler) echo gcc glibc-devel ;;
    zypper:openmp) echo libgomp1 ;;
    zypper:hwloc) echo hwloc-devel ;;
    zypper:cmocka) echo libcmocka-devel ;;
    apk:compiler) echo gcc musl-dev ;;
    apk:openmp) echo libgomp ;;
    apk:hwloc) echo hwloc-dev ;;
    apk:pkg-config) echo pkgconf ;;
    apk:cmocka) echo cmocka-dev ;;
    *) echo "$2" ;;
    esac
}

# What the package manager must be told before it knows of the packages.
before_install() { # MANAGER WORDS ...
    case "$* " in
    apt-get\ *arm-*) echo "dpkg --add-architecture arm64" ;;
    esac
}

install_command() { # MANAGER
    case $1 in
    apt-get) echo "apt-get install -y --no-install-recommends" ;;
    dnf) echo "dnf install -y" ;;
    pacman) echo "pacman -S --needed --noconfirm" ;;
    zypper) echo "zypper --non-interactive install" ;;
    apk) echo "apk add" ;;
    esac
}

packages_of() { # MANAGER WORDS ...
    manager=$1
    shift
    for word in "$@"; do
        package_of "$manager" "$word"
    done | tr ' ' '\n' | sort -u | tr '\n' ' ' | sed 's/ $//'
}

check() { # PART
    words=$(missing "$1")
    [ -z "$words" ] && return 0
    # shellcheck disable=SC2086
    set -- "$1" $words
    part=$1
    shift
    say "missing for '$part': $*"
    if manager=$(package_manager); then
        before=$(before_install "$manager" "$@")
        case $part in
        build | plot | test) ours="make setup   " ;;
        *) ours="scripts/setup.sh --with $part" ;;
        esac
        say "to install: $ours (or: ${before:+$before; }$(install_command "$manager") $(packages_of "$manager" "$@"))"
    else
        say "no known package manager here; please install them by hand"
    fi
    return 1
}

# What is missing of the PARTS, one word each.
missing_of() { # PARTS ...
    for part in "$@"; do
        missing "$part"
    done
}

install() { # PARTS ...
    parts=$*
    # shellcheck disable=SC2086
    words=$(missing_of $parts)
    if [ -z "$words" ]; then
        say "nothing is missing"
        return 0
    fi
    # shellcheck disable=SC2086
    set -- $words
    if ! manager=$(package_manager); then
        say "missing: $*; no known package manager here, please install them by hand"
        return 1
    fi
    before=$(before_install "$manager" "$@")
    command="$(install_command "$manager") $(packages_of "$manager" "$@")"
    root=
    if [ "$(id -u)" -ne 0 ]; then
        if have sudo; then
            root=sudo
        elif [ -z "${TEAMPOOL_SETUP_DRY:-}" ]; then
            say "missing: $*; not root and no sudo: ask somebody who is root to run"
            [ -z "$before" ] || say "  $before"
            say "  $command"
            return 1
        fi
    fi
    if [ -n "${TEAMPOOL_SETUP_DRY:-}" ]; then
        [ -z "$before" ] || echo "${root:+$root }$before"
        echo "${root:+$root }$command"
        return 0
    fi
    say "installing: $*"
    if [ "$manager" = apt-get ]; then
        export DEBIAN_FRONTEND=noninteractive
        # shellcheck disable=SC2086
        $root $before || return 1
        $root apt-get update -q || say "apt-get update failed; trying with the old lists"
    fi
    # shellcheck disable=SC2086
    $root $command || { say "could not install; the command was: $command"; return 1; }
    # shellcheck disable=SC2086
    words=$(missing_of $parts)
    # shellcheck disable=SC2086
    [ -z "$words" ] || { say "still missing after installing:" $words; return 1; }
}

case ${1:-} in
'') install build plot test ;;
--with)
    case ${2:-} in
    browser | python | mpi | llvm | arm | fuzz) install build plot test "$2" ;;
    *) say "--with: no extra '${2:-}'; there are browser, python, mpi, llvm, arm and fuzz"; exit 2 ;;
    esac
    ;;
--check) check "${2:?setup.sh --check PART}" ;;
-h | --help) sed -n '3,13s/^# \{0,1\}//p' "$0" ;;
*) say "unknown word '$1'; see setup.sh --help"; exit 2 ;;
esac
