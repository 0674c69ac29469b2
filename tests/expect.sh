# shellcheck shell=sh
# SPDX-License-Identifier: MIT
#
# expect.sh, to be sourced: what the tests in shell count, and how they say what is not so.
passed=0 failed=0
what= # of whom the next messages are; "": of nobody in particular
log=  # "": commands of `expect` say what they say; else a file for that, shown if one fails

# fail MESSAGE
fail() {
    printf 'FAILED: %s%s\n' "${what:+$what: }" "$*"
    failed=$((failed + 1))
}

# expect DESCRIPTION COMMAND...: the command succeeds.  A file `err` here may tell why it does not.
expect() {
    text=$1
    shift
    if if [ -n "$log" ]; then "$@" >"$log" 2>&1; else "$@"; fi; then
        passed=$((passed + 1))
        return
    fi
    if [ -f err ]; then
        fail "expected $text; stderr: $(head -c 600 err)"
    else
        fail "expected $text"
    fi
    [ -z "$log" ] || { echo "$*" && tail -n 20 "$log"; }
}

# check DESCRIPTION COMMAND...: the same, and what the command says is of no interest.
check() {
    text=$1
    shift
    if "$@" >/dev/null 2>&1; then passed=$((passed + 1)); else fail "$text"; fi
}

is() { [ "$1" = "$2" ]; }
is_empty() { [ ! -s "$1" ]; }
says() { grep -qF -- "$2" "$1"; }     # FILE TEXT
has_no() { ! grep -qF -- "$2" "$1"; } # FILE TEXT
