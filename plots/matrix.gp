# SPDX-License-Identifier: MIT
# Time per task, threads and processes over memory and pipes; a row each, grouped by task length.
# row, group, name, threads*, processes*, tpipes*, pipes*  (ns)
DATA = ARG1; LABELS = ARG2; OUT = ARG3; FORMAT = ARG4
HERE = ARG0[1:strlen(ARG0)-strlen('matrix.gp')]
load HERE.'theme.gp'
s(name) = column(name) * 1e-9
set logscale x 10
set xrange [X0*1e-9:X1*1e-9]
set border 1
unset ytics
unset grid
set grid x ls 6
set format x '%.0s %cs'
if (log10(X1/X0) < 2.2) { set xtics (1e-9); \
    do for [e=-9:1] { set xtics add (1*10.0**e, 2*10.0**e, 5*10.0**e) } } else { set xtics 10 }
set xlabel 'time per task'
width(w) = s(w.'_high_ns') - s(w.'_low_ns')
plot for [w in 'threads processes tpipes pipes'] DATA \
    using (s(w.'_low_ns')):'row':(width(w)):(0) with vectors nohead lc rgb colour(w) lw 1.8, \
  for [w in 'threads processes tpipes pipes'] DATA using (s(w.'_ns')):'row' \
    with points lc rgb colour(w) pt solid(w) ps 0.7
