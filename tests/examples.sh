#!/bin/sh
# SPDX-License-Identifier: MIT
#
# examples.sh BUILD_DIR: the pool's example programs do what they say, and say what they cannot do.
# Times are compared with each other only: machines differ.
set -u
. "$(dirname -- "$0")/expect.sh"
if [ $# -ne 1 ] || [ ! -x "$1/examples/sleep" ]; then
    echo "usage: examples.sh BUILD_DIR, with the examples in it" >&2
    exit 2
fi
examples=$1/examples

lacks() { fail "expected $1; it said:
$out"; }

# try EXAMPLE WORD...: its code, and out: what it says on both streams.
try() {
    what=$*
    program=$examples/$1
    shift
    out=$("$program" "$@" 2>&1)
    code=$?
}

ends_with() {
    if [ $code -eq "$1" ]; then passed=$((passed + 1)); else lacks "exit code $1, not $code"; fi
}

says() {
    if printf '%s\n' "$out" | grep -Eq "$1"; then passed=$((passed + 1)); else lacks "/$1/"; fi
}

try sleep 8 8 </dev/null
ends_with 0
says '^one after the other: [0-9]+ ms$'
says '^a pool of 8: [0-9]+ ms$'
if printf '%s\n' "$out" | awk '{ ms[NR] = $(NF - 1) }
        END { exit !(ms[1] >= 800 && ms[2] >= 100 && ms[2] * 2 < ms[1]) }'; then
    passed=$((passed + 1))
else
    lacks "0.8 s for the loop, and less than half of its time for the pool"
fi
try sleep 1 0 </dev/null
ends_with 1
says '^sleep: no pool: workers is 0'

try capture </dev/null
ends_with 0
case $out in
*'no nested functions'*) ;;
*)
    says '^refused: .*nested function that captures variables.*pool_map_snapshot'
    says '^in a snapshot: 0 2\.5 5 7\.5$'
    ;;
esac
says '^captured as a struct: 0 2\.5 5 7\.5$'

try chunk 2 </dev/null
ends_with 0
for size in 1 10 100 1000 10000; do
    says "^ +$size( +[0-9]+\\.[0-9][0-9]){3}\$"
done

try crash </dev/null
ends_with 0
says '^1 failed: task 5 (killed by SIG|its worker exited)' # a sanitizer exits
says '^0 1 4 9 16 -1 36 49 64 81$'
says '^with one retry, none failed; task 5 is 25$'

out=$(printf 'a\nbb\n\ndddd\n' | "$examples/stream" | tr '\n' ' ')
what=stream
says '^1 2 0 4 $'
out=$(yes | head -n 20000 | "$examples/stream" | grep -cx 1)
what='stream, of 20000 lines'
says '^20000$'
try stream </dev/null
ends_with 0
says '^$'
try stream <"$examples" # a folder
ends_with 1
says '^stream: .'

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
