#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The pool's examples do what they say.
set -u
build=${1:?examples.sh BUILD_DIR}
passed=0 failed=0

check() { # WHAT PATTERN TEXT
    if printf '%s\n' "$3" | grep -Eq "$2"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED %s: no /%s/ in:\n%s\n' "$1" "$2" "$3"
    fi
}

out=$("$build/examples/sleep" 8 8 2>&1)
check "the serial loop takes 0.8 s" '^one after the other: [89][0-9]{2} ms$' "$out"
check "the pool is faster" '^a pool of 8: [1-6][0-9]{2} ms$' "$out"

out=$("$build/examples/capture" 2>&1)
check "a function that captures is refused, or cannot be written" \
    'nested function that captures variables|no nested functions' "$out"
check "as a struct it works" '^captured as a struct: 0 2.5 5 7.5$' "$out"
case $out in
*refused*) check "in a snapshot it works" '^snapshot: 0 2.5 5 7.5$' "$out" ;;
esac

out=$("$build/examples/chunk" 2 2>&1)
check "a line a chunk size" '^ +10000( +[0-9.]+){3}$' "$out"

out=$("$build/examples/crash" 2>&1)
check "one task failed, and why" '^1 failed: task 5 (killed by SIG|its worker exited)' "$out"
check "the others are done" '^0 1 4 9 16 -1 36 49 64 81$' "$out"
check "a retry saves it" '^with one retry, 0 failed; task 5 is 25$' "$out"

out=$(printf 'a\nbb\n\ndddd\n' | "$build/examples/stream" | tr '\n' ' ')
check "results in order" '^1 2 0 4 $' "$out"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
