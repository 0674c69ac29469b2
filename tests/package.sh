#!/bin/sh
# SPDX-License-Identifier: MIT
#
# package.sh BUILD_DIR [build]: what cpack makes: the Debian packages say what they are, hold what they
# should, and run from where they are unpacked; the archive of the source holds the source.
# With "build", a minute: the archive is built and tried in an empty folder, without git.
set -u
. "$(dirname -- "$0")/expect.sh"
if [ $# -lt 1 ] || [ ! -f "$1/CPackConfig.cmake" ]; then
    echo "usage: package.sh BUILD_DIR [build]" >&2
    exit 2
fi
build=$(cd "$1" && pwd)
source=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$build/CMakeCache.txt")
tests=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
log=$scratch/log

finish() {
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
    exit
}

# ---- the source ----

expect 'an archive of the source' cpack --config "$build/CPackSourceConfig.cmake" -B "$scratch/made"
archive=$(ls "$scratch"/made/teampool-*.tar.gz)
version=${archive##*teampool-}
version=${version%.tar.gz}
mkdir "$scratch/empty"
expect 'it unpacks' tar -xzf "$archive" -C "$scratch/empty"
tree=$scratch/empty/teampool-$version
expect 'all in one folder' test "$(ls "$scratch/empty")" = "teampool-$version"
(cd "$tree" && find . -type f | sed 's|^\./||' | sort) >"$scratch/has"
if git -C "$source" ls-files >"$scratch/tracked" 2>/dev/null && [ -e "$source/.git" ]; then
    sort -o "$scratch/tracked" "$scratch/tracked"
    expect 'every file that git knows' test -z "$(comm -13 "$scratch/has" "$scratch/tracked")"
fi
expect 'no run but the sample, nothing built' sh -c '! grep -E "^(\.git/|build|results/[^Rs]|.*\.o$)" "$1"' - \
    "$scratch/has"
for file in Makefile CMakePresets.json cmake/package.cmake results/sample/samples.csv scripts/setup.sh \
    tests/fake_run.sh docs/labs/sleep.md; do
    expect "$file" grep -qx "$file" "$scratch/has"
done

# Programs of this system but git.
no_git() {
    mkdir "$scratch/bin"
    echo "$PATH" | tr ':' '\n' | while read -r folder; do
        ln -s "$folder"/* "$scratch/bin" 2>/dev/null
    done
    rm -f "$scratch"/bin/git*
    PATH=$scratch/bin
}
if [ "${2:-}" = build ]; then
    no_git
    expect 'there is no git' sh -c '! command -v git'
    expect 'it builds' make -C "$tree" build
    expect 'it is this version' sh -c '"$1" --version | grep -qx "teampool $2"' - \
        "$tree/build/release/teampool" "$version"
    expect 'it measures' "$tree/build/release/teampool" run --profile smoke --force --out "$scratch/run"
    expect 'a test' make -C "$tree/build/release" test_words
    expect 'a test passes' ctest --test-dir "$tree/build/release" -R '^(words|laws)$' -FS '.*'
    finish
fi

# ---- Debian's packages ----

grep -q '^set(CPACK_GENERATOR "DEB")' "$build/CPackConfig.cmake" || {
    echo 'note: there is no dpkg here'
    finish
}
expect 'packages' cpack --config "$build/CPackConfig.cmake" -B "$scratch/made"
main=$(ls "$scratch"/made/teampool_*.deb)
field() { dpkg-deb -f "$1" "$2"; }
expect 'its name' test "$(field "$main" Package)" = teampool
expect 'its version' test "$(field "$main" Version)" = "$version"
expect 'its section' test "$(field "$main" Section)" = utils
expect 'its maintainer' sh -c 'echo "$1" | grep -q "<.*@.*>"' - "$(field "$main" Maintainer)"
expect 'its description is no name' test "$(field "$main" Description | wc -l)" -gt 5
expect 'its summary is a line' test "$(field "$main" Description | head -n 1 | wc -c)" -lt 81
for library in libc6 libhwloc libgomp; do
    expect "it asks for $library" sh -c 'echo "$1" | grep -q "$2"' - "$(field "$main" Depends)" $library
done
expect 'it asks for no MPI and no LLVM' sh -c '! echo "$1" | grep -E "mpi|omp5"' - \
    "$(field "$main" Depends)"
for package in "$scratch"/made/teampool-*.deb; do
    [ -e "$package" ] || continue
    expect "${package##*/} asks for the first" sh -c 'echo "$1" | grep -qF "teampool (= $2)"' - \
        "$(field "$package" Depends)" "$version"
done

root=$scratch/root
for package in "$scratch"/made/*.deb; do
    expect "${package##*/} unpacks" dpkg -x "$package" "$root"
done
for file in bin/teampool bin/teampool-cell share/man/man1/teampool.1 share/man/man1/teampool-cell.1 \
    share/man/man3/teampool-pool.3 share/bash-completion/completions/teampool include/teampool/pool.h \
    lib/libteampool-pool.a lib/libteampool-pool.so lib/pkgconfig/teampool-pool.pc \
    share/doc/teampool/copyright share/teampool/docs/labs/sleep.md share/teampool/docs/batch.md \
    share/teampool/docs/gil.md share/doc/teampool/pool.md libexec/teampool/labs/fork; do
    expect "$file" test -s "$root/usr/$file"
done
expect 'stripped' sh -c 'file -L "$1" | grep -qw stripped || ! command -v file' - "$root/usr/bin/teampool"
"$tests/fake_run.sh" "$scratch/fake"
expect 'it finds its cell program' sh -c '"$1" list | grep -q "^  pool "' - "$root/usr/bin/teampool"
expect 'it reports' "$root/usr/bin/teampool" report "$scratch/fake"
expect 'the page is there' test -s "$scratch/fake/report.html"
expect 'it has its labs' sh -c '"$1" lab | grep -q ^pickle' - "$root/usr/bin/teampool"
expect 'a program with its pool' sh -c 'cc -I"$1/include" "$1/share/doc/teampool/examples/chunk.c" -o "$2" \
    "$1/lib/libteampool-pool.a" -pthread -Wl,--build-id && "$2"' - "$root/usr" "$scratch/chunk"
finish
