#!/bin/sh
# SPDX-License-Identifier: MIT
#
# install.sh BUILD_DIR: the installed programs find what belongs to them from where they are: in a
# folder with spaces, moved after the installation, called through a link, from the build tree; where
# it may, with the source tree hidden.
set -u
. "$(dirname -- "$0")/expect.sh"
if [ $# -ne 1 ] || [ ! -f "$1/CMakeCache.txt" ]; then
    echo "usage: install.sh BUILD_DIR" >&2
    exit 2
fi
build=$(cd "$1" && pwd)
source=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$build/CMakeCache.txt")
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
log=$scratch/log

expect 'it installs' cmake --install "$build" --prefix "$scratch/first"
mkdir "$scratch/a folder" "$scratch/links"
mv "$scratch/first" "$scratch/a folder/moved here" || exit 1
root="$scratch/a folder/moved here"
for file in bin/teampool bin/teampool-cell share/man/man1/teampool.1 share/man/man1/teampool-cell.1 \
    share/bash-completion/completions/teampool share/bash-completion/completions/teampool-cell \
    share/zsh/site-functions/_teampool share/fish/vendor_completions.d/teampool.fish \
    share/teampool/plots/theme.gp share/teampool/scripts/plot.sh share/teampool/docs/labs/sleep.md \
    share/teampool/docs/batch/slurm.sh share/teampool/docs/batch.md share/teampool/docs/gil.md \
    libexec/teampool/labs/fork libexec/teampool/labs/plugin.so libexec/teampool/labs/cross.py; do
    expect "$file" test -s "$root/$file"
done
# What the pool's page points to is there.
for link in $(grep -o '](\.\./[^)#]*' "$root/share/doc/teampool/pool.md" | sed 's/^](//'); do
    expect "pool.md: $link" test -s "$root/share/doc/teampool/$link"
done
expect 'pool.md points to a page' grep -q 'docs/machines.md](\.\./' "$root/share/doc/teampool/pool.md"
# The library's page opens by the name of each of its calls.
page="$root/share/man/man3/teampool-pool.3"
for call in $(grep -o 'pool_[a-z_]*' "$source/pool/pool.map") pool_in pool_out; do
    expect "the page has $call" grep -q "^\.Fn $call\>" "$page"
    expect "man $call" grep -qx '\.so man3/teampool-pool\.3' "$root/share/man/man3/$call.3"
done
if [ "$(MANPATH="$root/share/man" man -w teampool-pool 2>/dev/null)" = "$page" ]; then # a real one
    MANPATH="$root/share/man" MANWIDTH=80 man pool_map >"$scratch/page" 2>/dev/null
    expect 'man pool_map, by man' grep -q 'process and thread pool for C' "$scratch/page"
fi
ln -s "$root/bin/teampool" "$scratch/links/teampool"
ln -s teampool "$scratch/links/again"
"$here/fake_run.sh" "$scratch/run"

# A run in miniature, by the program $1, with the folder $2: the cell program is found, and what draws.
cat >"$scratch/use" <<'END_OF_USE'
set -eu
"$1" list | grep -q '^  pool '
"$1" lab pickle --force --out "$2/lab" >/dev/null 2>"$2/err"
rm -r "$2/lab"
"$1" plan backend=serial workload=empty >"$2/plan.txt"
rm -rf "$2/drawn"
cp -R "$2/run" "$2/drawn"
"$1" report "$2/drawn" 2>"$2/err"
! grep -q 'not where this program looks' "$2/err"
! command -v gnuplot >/dev/null || test -s "$2/drawn/plots/speedup.svg"
END_OF_USE
use() { sh "$scratch/use" "$1" "$scratch"; }

expect 'from where it was moved to' use "$root/bin/teampool"
expect 'through a link' use "$scratch/links/teampool"
expect 'through a link to a link' use "$scratch/links/again"
expect 'from the build tree' use "$build/teampool"
PATH="$root/bin:$PATH"
expect 'by its name' use teampool
cd "$root/bin" && expect 'by a relative path' use ./teampool

# What it draws with is its own: without it, it does not go on with that of the source tree.
mv "$root/share/teampool" "$root/share/hidden"
expect 'not with files of the source tree' sh -c '! sh "$1" "$2" "$3"' - "$scratch/use" \
    "$root/bin/teampool" "$scratch"
mv "$root/share/hidden" "$root/share/teampool"

# The source tree, and the build in it, under an empty folder.
case $scratch in
"$source"/*) hide='' ;;
*) hide='mount -t tmpfs none "$0" && [ -z "$(ls "$0")" ] &&' ;;
esac
if [ -n "$hide" ] && unshare -rm sh -c "$hide true" "$source" 2>/dev/null; then
    expect 'with the source tree hidden' unshare -rm sh -c "$hide"' sh "$1" "$2" "$3"' "$source" \
        "$scratch/use" "$root/bin/teampool" "$scratch"
else
    echo 'note: the source tree cannot be hidden here'
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
