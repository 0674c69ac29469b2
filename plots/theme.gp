# SPDX-License-Identifier: MIT
# The look of every figure, and what every script loads first.  A script is called as
#
#   gnuplot -d -c plots/NAME.gp DATA.csv LABELS.csv OUT FORMAT       FORMAT: svg png pdf dumb
#
# and has these four in variables before it comes here (loading a file clears its arguments).
# All texts and positions come from LABELS.csv (role,x,y,series,text), which the C program computed:
# nothing from a file ever becomes part of a command.  Colours are names: the page's style sheet
# maps them to its light, dark and print palettes, so one drawing serves all three.

if (FORMAT eq '') { print "usage: gnuplot -d -c NAME.gp DATA LABELS OUT FORMAT"; exit status 2 }

set encoding utf8
set micro
set minussign
set decimalsign '.'
set datafile separator comma
set datafile columnheaders
set datafile missing NaN

# one colour, one mark and one dash per series, the same in every figure
THREADS   = '#0072B2'; PROCESSES = '#D55E00'; STEAL = '#8A3B00'; PIPES = '#C98A00'
SERIAL    = '#666D78'; GOOD      = '#00855F'; INK   = '#1B1F27'; SLOWER = '#B3261E'
AXIS      = '#9AA2AD'; GRID      = '#E4E7EB'
HANDOUT   = '#DD8FB8'; STARTING  = '#6A3D8F'; LOCK = '#B85C93'
colour(s) = s eq 'threads' || s eq 'tpipes' ? THREADS : \
            s eq 'processes' || s eq 'spawn' ? PROCESSES : s eq 'steal' ? STEAL : \
            s eq 'pipes' ? PIPES : s eq 'good' ? GOOD : s eq 'ink' ? INK : s eq 'slower' ? SLOWER : \
            s eq 'handout' ? HANDOUT : s[1:4] eq 'lock' ? LOCK : \
            s eq 'waiting' ? AXIS : s eq 'startup' ? STARTING : SERIAL

look(s) = s eq 'threads' ? 6 : s eq 'processes' ? 4 : s eq 'steal' ? 12 : 8 # the marks, open,
solid(s) = s eq 'threads' ? 7 : s eq 'processes' ? 5 : s eq 'steal' ? 13 : s eq 'pipes' ? 9 : \
           s eq 'tpipes' ? 8 : 6 # and filled

set style line 1 lc rgb THREADS   lw 2.2 pt 7  ps 0.55 dt solid
set style line 2 lc rgb PROCESSES lw 2.2 pt 5  ps 0.5  dt (9,3)
set style line 3 lc rgb STEAL     lw 1.9 pt 13 ps 0.65 dt (3,3)
set style line 4 lc rgb PIPES     lw 1.9 pt 9  ps 0.6  dt (9,3,2,3)
set style line 5 lc rgb SERIAL    lw 1.4 dt (2,4)
set style line 7 lc rgb PROCESSES lw 1.9 pt 4  ps 0.5  dt (2,3)
set style line 8 lc rgb LOCK      lw 2.2 pt 11 ps 0.65 dt solid
set style line 9 lc rgb LOCK      lw 1.9 pt 10 ps 0.6  dt (2,3)
set style line 10 lc rgb LOCK     lw 1.9 pt 2  ps 0.5  dt (9,3)
set style line 6 lc rgb GRID      lw 0.8 dt solid
set style fill transparent solid 0.16 noborder

# ---- the labels file -----------------------------------------------------------------------------
array TX[96]; array TY[96]; array TR[96]; array TS[96]; array TT[96]
array SX[8];  array SY[8]
array DX[8];  array DY[8];  array DS[8]
array BX[32]; array BY[32]; array BH[32]; array BS[32]
array QX[32]; array QY[32]; array QS[32]
array FX[16]; array FY[16]
texts = 0; shades = 0; drops = 0; spans = 0; points = 0; flags = 0; LEVEL = NaN; TITLE = ''
LOG = 0
W = 480; H = 330; PL = 68; PR = 396; PB = 54; PT = 316
X0 = 0; X1 = 1; Y0 = 0; Y1 = 1
text(r,x,y,s,t) = (texts = texts + 1, TR[texts] = r, TX[texts] = x, TY[texts] = y, TS[texts] = s, \
                   TT[texts] = t, 0)
shade(x,y)      = (shades = shades + 1, SX[shades] = x, SY[shades] = y, 0)
drop(x,y,s)     = (drops = drops + 1, DX[drops] = x, DY[drops] = y, DS[drops] = s, 0)
span(x,y,s,t)   = (spans = spans + 1, BX[spans] = x, BY[spans] = y, BS[spans] = s, \
                   BH[spans] = real(t), 0)
flag(x,y)       = (flags = flags + 1, FX[flags] = x, FY[flags] = y, 0)
point(x,y,s)    = (points = points + 1, QX[points] = x, QY[points] = y, QS[points] = s, 0)
take(r,x,y,s,t) = r eq 'canvas' ? (W = x, H = y, 0) : r eq 'horizontal' ? (PL = x, PR = y, 0) : \
    r eq 'vertical' ? (PB = x, PT = y, 0) : r eq 'x' ? (X0 = x, X1 = y, 0) : \
    r eq 'y' ? (Y0 = x, Y1 = y, 0) : r eq 'title' ? (TITLE = t, 0) : \
    r eq 'level' ? (LEVEL = y, 0) : r eq 'log' ? (LOG = x, 0) : r eq 'flag' ? flag(x,y) : \
    r eq 'shade' ? shade(x,y) : r eq 'drop' ? drop(x,y,s) : \
    r eq 'span' ? span(x,y,s,t) : r eq 'point' ? point(x,y,s) : text(r,x,y,s,t)
stats LABELS using (take(strcol('role'), column('x'), column('y'), strcol('series'), \
                         strcol('text'))) nooutput

# ---- where it is drawn ---------------------------------------------------------------------------
# The page sets the title itself; a drawing on its own carries it, above a canvas made smaller.
SHRINK = FORMAT eq 'svg' ? 1.0 : 0.9
if (FORMAT eq 'svg') { set term svg size W,H dynamic noenhanced font 'Helvetica,14' rounded }
if (FORMAT eq 'png') { set term pngcairo size 2*W,2*H/0.9 noenhanced font 'sans,20' linewidth 2 \
                       dashlength 2 pointscale 2 rounded }
if (FORMAT eq 'pdf') { set term pdfcairo size W/96.0,H/86.4 noenhanced font 'sans,9' rounded }
if (FORMAT eq 'dumb') { set term dumb noenhanced size 100,32 }
if (OUT ne '-') { set output OUT }
if (FORMAT ne 'svg') { set label 99 TITLE at screen 0.5,0.955 center tc rgb INK }

px(x) = x / W
py(y) = y / H * SHRINK
set lmargin at screen px(PL); set rmargin at screen px(PR)
set bmargin at screen py(PB); set tmargin at screen py(PT)
set xrange [X0:X1]; set yrange [Y0:Y1]

unset key
unset title
set border 3 lc rgb AXIS lw 0.8
set tics nomirror out scale 0.5,0.25 textcolor rgb INK
set grid y ls 6
set xtics offset 0,0.25
set xlabel offset 0,0.75 textcolor rgb INK

do for [i=1:texts] {
    if (TR[i] eq 'start') { set label i TT[i] at screen px(TX[i]),py(TY[i]) left front \
        tc rgb colour(TS[i]) }
    if (TR[i] eq 'middle') { set label i TT[i] at screen px(TX[i]),py(TY[i]) center front \
        tc rgb colour(TS[i]) }
    if (TR[i] eq 'end') { set label i TT[i] at screen px(TX[i]),py(TY[i]) right front \
        tc rgb colour(TS[i]) }
}
# steps for whole numbers from 1: about eight of them
step(n) = n <= 8 ? 1 : n <= 16 ? 2 : n <= 40 ? 4 : n <= 80 ? 8 : n <= 160 ? 16 : n <= 320 ? 32 : 64
# tics of a logarithmic time axis: 1, 2 and 5 where there are few decades
time_tics = "if (log10(Y1/Y0) < 2.2) { set ytics (1e-9); \
    do for [e=-9:3] { set ytics add (1*10.0**e, 2*10.0**e, 5*10.0**e) } } else { set ytics 10 }"
# a linear time axis: the unit that suits its end, and how many ns that is
UNIT = X1 >= 1e9 ? 's' : X1 >= 1e6 ? 'ms' : X1 >= 1e3 ? 'µs' : 'ns'
NS   = X1 >= 1e9 ? 1e9 : X1 >= 1e6 ? 1e6 : X1 >= 1e3 ? 1e3 : 1.0
# steps of 1, 2 or 5 that make about five of a range
# the same in powers of two, for MiB
steps2(r) = r > 100 ? 2.0**floor(log(r)/log(2) - 2) : steps(r)
decade(r) = 10.0**floor(log10(r / 5))
steps(r) = r / decade(r) > 35 ? 10 * decade(r) : r / decade(r) > 14 ? 5 * decade(r) : \
           r / decade(r) > 7 ? 2 * decade(r) : decade(r)
