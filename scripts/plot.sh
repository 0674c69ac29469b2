#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Draw the figures of a run: every DIR/plots/NAME.csv with plots/NAME.gp.
# Sees the run through its CSV files alone; nothing from them ever becomes part of a command.
set -eu

usage() {
    cat <<'END'
usage: plot.sh [--format svg|png|pdf|dumb] [--if-available] [--] DIR

Draws every DIR/plots/NAME.csv.  svg, png and pdf go beside the table; dumb draws with letters on
the terminal.  Prints the drawings' folder.  --if-available: a missing or too old gnuplot is a
sentence on stderr, not a failure.
END
}

say() {
    printf 'plot.sh: %s\n' "$*" >&2
}

format=svg
lenient=0
while [ $# -gt 0 ]; do
    case $1 in
    --format)
        [ $# -ge 2 ] || { say '--format needs a value'; exit 2; }
        format=$2
        shift 2
        ;;
    --format=*)
        format=${1#--format=}
        shift
        ;;
    --if-available)
        lenient=1
        shift
        ;;
    --help | -h)
        usage
        exit 0
        ;;
    --)
        shift
        break
        ;;
    -?*)
        say "unknown option '$1'"
        usage >&2
        exit 2
        ;;
    *) break ;;
    esac
done
[ $# -eq 1 ] || { usage >&2; exit 2; }

case $format in
svg | dumb) terminal=$format ;;
png | pdf) terminal=${format}cairo ;;
*)
    say "no format '$format': svg, png, pdf or dumb"
    exit 2
    ;;
esac

# An absolute path keeps gnuplot from reading a leading '<' or '-' as something else.
run=$(CDPATH='' cd -- "$1" && pwd -P && echo .) || { say "cannot enter the folder '$1'"; exit 1; }
run=${run%??}

unavailable() {
    say "$1; the numbers are all there, and this draws them later: scripts/plot.sh DIR"
    [ "$lenient" = 1 ] && exit 0
    exit 1
}

command -v gnuplot >/dev/null 2>&1 || unavailable 'gnuplot is not installed: no figures are drawn'
version=$(gnuplot --version 2>/dev/null | sed -n 's/^gnuplot \([0-9][0-9]*\)\.\([0-9][0-9]*\).*/\1 \2/p')
major=${version%% *}
minor=${version##* }
if [ -z "$version" ] || [ "$major" -lt 5 ] || { [ "$major" -eq 5 ] && [ "$minor" -lt 4 ]; }; then
    unavailable "gnuplot ${major:-?}.${minor:-?} is too old (5.4 is needed): no figures are drawn"
fi

gnuplot -d -e "set terminal $terminal" >/dev/null 2>&1 ||
    unavailable "this gnuplot has no terminal '$terminal', which $format needs: no figures are drawn"

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
for scripts in "$here/../plots" "$here/../share/teampool/plots"; do
    [ -f "$scripts/theme.gp" ] && break
done
[ -f "$scripts/theme.gp" ] || { say "the gnuplot scripts are missing beside $here"; exit 1; }

log=$(mktemp) || exit 1
trap 'rm -f -- "$log"' EXIT
trap 'exit 130' INT TERM

failed=0 drawn=0
for data in "$run"/plots/*.csv; do
    name=${data##*/}
    name=${name%.csv}
    case $name in
    *-labels) continue ;;
    esac
    script=$scripts/${name%%_*}.gp
    labels=$run/plots/$name-labels.csv
    if [ ! -f "$data" ] || [ ! -f "$script" ] || [ ! -f "$labels" ]; then
        continue
    fi
    out=$run/plots/$name.$format
    [ "$format" = dumb ] && out=-
    # drawn beside its place and moved there, so that a failure leaves no half drawing
    part=$out
    [ "$format" = dumb ] || part=$run/plots/.$name.$$.$format
    if gnuplot -d -c "$script" "$data" "$labels" "$part" "$format" 2>"$log"; then
        [ "$format" = dumb ] || mv -f -- "$part" "$out"
        drawn=$((drawn + 1))
    else
        say "$name could not be drawn: $(sed -n '/[^ ]/{s/^ *//;p;}' "$log" | tail -n 1)"
        [ "$format" = dumb ] || rm -f -- "$part"
        failed=1
    fi
done
if [ "$drawn$failed$lenient" = 000 ]; then
    say "$run/plots holds no tables of figures: teampool report DIR makes them"
elif [ "$drawn" != 0 ] && [ "$format" != dumb ]; then
    printf '%s\n' "$run/plots"
fi
exit "$failed"
