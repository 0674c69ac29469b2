# SPDX-License-Identifier: MIT
# Time of processes over time of threads, a row for each thing to fight for; the column says who is
# faster.   row, group, name, threads*, processes*, neither*  (ratios)
DATA = ARG1; LABELS = ARG2; OUT = ARG3; FORMAT = ARG4
HERE = ARG0[1:strlen(ARG0)-strlen('contention.gp')]
load HERE.'theme.gp'
set logscale x 2
set border 1
unset ytics
unset grid
set grid x ls 6
set xtics (1)
if (X1 > 6) { do for [e=-8:8] { set xtics add (4.0**e) } } else { if (X1 > 1.9) { \
    do for [e=-3:3] { set xtics add (2.0**e) } } else { \
    set xtics (0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.4, 1.6, 1.8) } }
set format x '%g'
set xlabel 'time of processes / time of threads'
do for [i=1:shades] { set object i rect from SX[i],graph 0 to SY[i],graph 1 behind fc rgb AXIS \
    fs transparent solid 0.25 noborder }
width(w) = column(w.'_high') - column(w.'_low')
plot for [w in 'threads processes neither'] DATA using w.'_low':'row':(width(w)):(0) \
    with vectors nohead lc rgb colour(w) lw 1.8, \
  for [w in 'threads processes neither'] DATA using w:'row' \
    with points lc rgb colour(w) pt solid(w) ps 0.7
