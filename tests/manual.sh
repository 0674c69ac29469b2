#!/bin/sh
# SPDX-License-Identifier: MIT
#
# manual.sh TEAMPOOL WRITTEN_DIR: manual pages and completion say what the programs' help says, word
# for word: every command, option and field, and no other.  WRITTEN_DIR: what the build has written.
set -u
. "$(dirname -- "$0")/expect.sh"
if [ $# -ne 2 ] || [ ! -x "$1" ] || [ ! -d "$2" ]; then
    echo "usage: manual.sh TEAMPOOL WRITTEN_DIR" >&2
    exit 2
fi
teampool=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
cell=${teampool%/*}/teampool-cell
written=$(cd "$2" && pwd)
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 2
log=$scratch/log

# same DESCRIPTION WANTED FOUND: the words of both, in any order.
same() {
    echo "$2" | tr ' ' '\n' | sed '/^$/d' | sort >wanted
    echo "$3" | tr ' ' '\n' | sed '/^$/d' | sort >found
    expect "$1" diff wanted found
    expect "something in: $1" test -s wanted
}

# ---- as the build has written it ----

while read -r file words; do
    # shellcheck disable=SC2086
    "$teampool" $words >"$file" || echo "FAILED: teampool $words"
    expect "$file as the program writes it" cmp "$file" "$written/$file"
done <<'LIST'
teampool.1 manual teampool
teampool-cell.1 manual teampool-cell
teampool completion bash
_teampool completion zsh
teampool.fish completion fish
LIST
expect 'shells in words' sh -c '! "$1" completion tcsh 2>err && grep -q "bash, zsh and fish" err' - "$teampool"
expect 'pages in words' sh -c '! "$1" manual ls 2>err && grep -q "teampool-cell" err' - "$teampool"

# ---- they are well-formed ----

if command -v mandoc >/dev/null; then
    for page in teampool.1 teampool-cell.1; do
        mandoc -Tlint $page | grep -v 'referenced manual not found' >lint
        expect "$page without a complaint of mandoc: $(cat lint)" test ! -s lint
    done
fi
if command -v man >/dev/null; then
    for page in teampool.1 teampool-cell.1; do
        MANWIDTH=80 man --warnings -l $page >shown 2>warned
        expect "$page without a warning of man: $(cat warned)" test ! -s warned
        expect "$page has text" grep -q EXAMPLES shown
    done
fi
for shell in bash:teampool zsh:_teampool fish:teampool.fish; do
    if command -v ${shell%%:*} >/dev/null; then
        expect "$shell can be read" ${shell%%:*} -n ${shell#*:}
    fi
done
for section in DESCRIPTION COMMANDS ENVIRONMENT FILES 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
    expect "$section" grep -q "^.Sh $section" teampool.1
done

# ---- commands and options ----

# between START END FILE: the lines behind one that is START, up to one that begins with END.
between() { awk -v start="$1" -v end="$2" 'on && index($0, end) == 1 { exit } on; $0 == start { on = 1 }' "$3"; }

# options_in: of a help text, or of a manual page.
options_of_help() { sed -n 's/^  \(--[a-z-]*\).*/\1/p' | tr '\n' ' '; }
options_of_page() { sed -n 's/\\-/-/g; s/^\.It Fl \(-[a-z-]*\).*/-\1/p' | tr '\n' ' '; }

# bash WORD...: what bash offers in place of the last word.
completed() {
    command -v bash >/dev/null || return 0
    # shellcheck disable=SC2016
    bash -c 'source ./teampool; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _teampool
        echo "${COMPREPLY[@]}"' bash "$@"
}
have_bash=$(command -v bash)

"$teampool" --help >help
commands=$(awk '/^commands:/ { on = 1; next } on && !NF { exit } on { print $1 }' help | tr '\n' ' ')
options=$(options_of_help <help)
same 'the commands in the manual' "$commands" "$(sed -n 's/^\.Ss //p' teampool.1 | tr '\n' ' ')"
same 'the options in the manual' "$options" \
    "$(between '.Sh DESCRIPTION' '.Sh' teampool.1 | options_of_page)"
[ -z "$have_bash" ] || same 'both in bash' "$commands $options" "$(completed teampool '')"
same 'the commands in zsh' "$commands" "$(sed -n "s/^        '\([a-z]*\):.*/\1/p" _teampool | tr '\n' ' ')"
same 'the commands in fish' "$commands" \
    "$(sed -n 's/^complete -c teampool -n __fish_use_subcommand -f -a \([a-z]*\) .*/\1/p' teampool.fish | tr '\n' ' ')"
for command in $commands; do
    "$teampool" "$command" --help >help || echo "FAILED: $command --help"
    options=$(options_of_help <help)
    same "the options of $command in the manual" "$options" \
        "$(between ".Ss $command" '.S' teampool.1 | options_of_page)"
    [ -z "$have_bash" ] || same "the options of $command in bash" "$options" \
        "$(completed teampool "$command" --)"
    same "the options of $command in zsh" "$options" \
        "$(awk -v start="        $command)" '$0 == start { on = 1; next } on && /^        [a-z]/ { exit } on' _teampool |
            sed -n "s/^            '\(--[a-z-]*\)\[.*/\1/p" | tr '\n' ' ')"
    same "the options of $command in fish" "$options" \
        "$(sed -n "s/^complete -c teampool -n '__fish_seen_subcommand_from $command' -l \([a-z-]*\) .*/--\1/p" \
            teampool.fish | tr '\n' ' ')"
    for option in ${options%--help*}; do # ends with a refusal, or the help: nothing is done
        "$teampool" "$command" "$option=?" --help >out 2>err
        expect "$command knows $option" sh -c '! grep -q "unknown option" err'
    done
done

expect 'the operands of lab are whole' grep -qx '\.Op Ar NAME \[DIR\.\.\.\]' teampool.1
expect 'no text right below an example' awk '
    after && !/^\.(Pp|Sh|Ss|Bd|Bl|El|It)/ { bad = 1 } { after = /^\.Ed/ } END { exit bad }' teampool.1

# ---- fields ----

"$cell" --help >help
fields=$(sed -n '/^options:/q; s/^  \([a-z_]*\).*/\1/p' help | tr '\n' ' ')
options=$(options_of_help <help)
same 'the fields in the manual' "$fields" "$(sed -n 's/^\.It Cm \([a-z_]*\)=.*/\1/p' teampool-cell.1 | tr '\n' ' ')"
same 'its options in the manual' "$options" "$(options_of_page <teampool-cell.1)"
names=$(for field in $fields; do printf '%s= ' "$field"; done)
if [ -n "$have_bash" ]; then
    same 'the fields in bash' "$names $options" "$(completed teampool-cell '')"
    same 'the fields of plan in bash' "$names" "$(completed teampool plan '' | tr ' ' '\n' | grep -v '^--' | tr '\n' ' ')"
fi
same 'the fields in zsh' "$names" "$(sed -n "s/^        compadd -S '' -- //p" _teampool)"
same 'the fields in fish' "$names" \
    "$(sed -n "s/^complete -c teampool-cell -f -a '\([a-z_]*=\).*/\1/p" teampool.fish | tr '\n' ' ')"
"$cell" backend=serial workload=empty tasks=1 samples=1 | head -n 1 | tr ',' '\n' >columns
for column in $(cat columns); do
    expect "column $column in the manual" grep -qE "^\.It Cm $column(=|\$)" teampool-cell.1
done

# ---- bash, as it is typed ----

if [ -n "$have_bash" ]; then
    mkdir runs 'runs/a run'
    : >plan.txt
    check() { # WANTED WORD...: WANTED is what comes for the last word
        wanted=$1
        shift
        found=$(completed "$@")
        expect "'$wanted' for: $*; not '$found'" test "$found" = "$wanted"
    }
    check 'run' teampool ru
    check 'smoke quick default full' teampool run --profile ''
    check 'quick' teampool run --profile = qu
    check '--profile=quick' teampool run --profile=qu
    check 'markdown' /usr/bin/teampool compare OLD NEW --format m
    check 'backend=' teampool plan back
    check 'omp' teampool plan backend = om
    check 'omp,pool' teampool plan backend = omp,poo
    check 'backend=omp,pool' teampool plan backend=omp,poo
    check 'static steal' teampool-cell backend = pool schedule = st
    check 'runs' teampool report r
    check 'runs/a run' teampool report runs/a
    check 'plan.txt' teampool run --plan p
    check '--seed' teampool run --quiet --se
    check '' teampool run --seed ''
    check 'zsh' teampool completion z
    check '--about' teampool-cell --ab
    check '' teampool nonsense x
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
