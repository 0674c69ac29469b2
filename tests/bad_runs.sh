#!/bin/sh
# SPDX-License-Identifier: MIT
#
# bad_runs.sh TEAMPOOL FAKE_RUN: runs that are damaged, incomplete, mixed or from elsewhere, through
# summarize, report and advise: what was left out is said, what cannot be believed is refused, and
# no table holds what is no number.
set -u
. "$(dirname -- "$0")/expect.sh"
[ $# -eq 2 ] && [ -x "$1" ] || { echo "usage: bad_runs.sh TEAMPOOL FAKE_RUN" >&2; exit 2; }
case $1 in
/*) teampool=$1 ;;
*) teampool=$PWD/$1 ;;
esac
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
sh "$2" "$scratch/good" || exit 2
cd "$scratch" || exit 2

# damage DIR PROGRAM: a run whose samples went through an awk program.  at["wall_ns"] is a column.
damage() {
    rm -rf "$1"
    cp -r good "$1"
    awk -F, -v OFS=, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; print; next } '"$2" \
        good/samples.csv >"$1/samples.csv"
}

# use WORDS...: rc, out, err.
use() {
    "$teampool" "$@" >out 2>err
    rc=$?
}

# A cell of a table that is no number is empty.
only_numbers() {
    ! grep -lEi '(^|,)[+-]?(nan|inf|infinity)(,|$)' "$1"/*.csv
}

choice_of() {
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
             $1 == "headline" { print $at["choice"] }' "$1/verdict.csv"
}

# survives DIR: all three commands read it.
survives() {
    use advise "$1" --task-us 10 --tasks 1000 --extrapolate
    expect "$1: advise ends" [ "$rc" -le 1 ]
    use summarize "$1"
    expect "$1: summarize: 0" is "$rc" 0
    mv err said
    use report "$1"
    expect "$1: report: 0" is "$rc" 0
    expect "$1: a page" [ -s "$1/report.html" ]
    mv "$1/samples.csv" kept # damaged on purpose
    expect "$1: only numbers" only_numbers "$1"
    mv kept "$1/samples.csv"
}

# refused DIR WORDS: no command reads it, each says why, and no table is written.
refused() {
    for command in "summarize $1" "report $1" "advise $1 --task-us 10 --tasks 1000"; do
        # shellcheck disable=SC2086
        use $command
        expect "$command: 1" is "$rc" 1
        expect "$command: why" says err "$2"
    done
    expect "$1: no table" [ ! -e "$1/cells.csv" ]
}

damage good2 '{ print }'
survives good2
expect 'a good run: nothing to say' [ ! -s said ]
expect 'a good run: no rows left out' [ "$(grep -c '^rows,' good2/checks.csv)" = 0 ]

for value in nan inf -1000 0 9e300 3600000000000 x ''; do
    damage odd "NR % 7 == 3 { \$at[\"wall_ns\"] = \"$value\" } { print }"
    rows=$(awk -F, 'NR % 7 == 3' good/samples.csv | wc -l)
    survives odd
    expect "wall_ns '$value': said" says said 'rows left out for an impossible wall_ns'
    expect "wall_ns '$value': a check" says odd/checks.csv 'rows,warn'
    expect "wall_ns '$value': at most $rows" \
        [ "$(sed -n 's/.*impossible wall_ns, block or status: //p' said)" -le "$rows" ]
done

damage odd 'NR % 5 == 0 { $at["block"] = "-3" } NR % 5 == 1 { $at["tasks"] = "-5" } { print }'
survives odd
damage odd 'NR % 4 == 0 { $at["open_ns"] = "nan"; $at["foreign_ns"] = "-inf"; $at["start_ns"] = "1e999" } { print }'
survives odd
expect 'other columns: the times still count' [ "$(grep -c '^rows,' odd/checks.csv)" = 0 ]

damage one '$at["block"] == 1'
survives one
expect 'one block: no verdict' is "$(choice_of one)" unclear
expect 'one block: no interval' [ "$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "low_ns") c = i; next } $c' one/cells.csv | wc -l)" -eq 0 ]
use advise one --task-us 10 --tasks 1000 --extrapolate
expect 'one block: advise says so' says out 'This stands on 1 block'

damage other '$at["backend"] == "omp" { $at["backend"] = "tbb" } { print }'
survives other
expect 'an unknown backend: in the tables' says other/cells.csv ',tbb,'
expect 'an unknown backend: said' says other/checks.csv 'others,note'
expect 'an unknown backend: no answer' [ "$(grep tbb other/verdict.csv | grep -vc '^startup,')" = 0 ]

damage lonely '$at["backend"] != "serial"'
survives lonely
damage lonely '$at["backend"] == "serial"'
survives lonely
expect 'nothing to compare: no choice' is "$(choice_of lonely)" none
damage lonely '0'
survives lonely
expect 'no rows: said' says said 'no samples'

rm -rf cut
cp -r good cut
head -c "$(($(wc -c <good/samples.csv) - 40))" good/samples.csv >cut/samples.csv
survives cut
expect 'cut off: said' says said 'the last row is cut off and was left out'

rm -rf mixed
cp -r good mixed
printf 'hostname,gamma,\n' >>mixed/machine.csv
refused mixed 'has rows of two hosts'
damage mixed '{ print } NR % 2 { $at["wall_ns"] *= 2; $at["steps_per_ms"] = 300000; print }'
refused mixed 'has rows of two runs'

rm -rf bytes
cp -r good bytes
printf '\000\377,,\n' >>bytes/samples.csv
refused bytes 'NUL bytes'

damage no_status '{ print }'
rm no_status/status.csv
survives no_status
expect 'no status.csv: said' says said 'has no status.csv'
damage no_machine '{ print }'
rm no_machine/machine.csv
survives no_machine

printf '%d checks passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
