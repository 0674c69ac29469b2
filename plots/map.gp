# SPDX-License-Identifier: MIT
# A square for each task length and payload, in the colour of who is faster; grey: nobody is.
# row, group, name, threads*, processes*, pipes*, same*, unclear* (ratios), length, payload (ns, a level)
DATA = ARG1; LABELS = ARG2; OUT = ARG3; FORMAT = ARG4
HERE = ARG0[1:strlen(ARG0)-strlen('map.gp')]
load HERE.'theme.gp'
set logscale x 10
set xrange [X0*1e-9:X1*1e-9]
set border 1
unset ytics
unset grid
set xtics 10
set format x '%.0s %cs'
set xlabel 'length of one task'
do for [i=1:spans] { set arrow 32+i from BX[i]*1e-9,BH[i] to BY[i]*1e-9,BH[i] heads \
    size screen 0.006,90 front lc rgb colour(BS[i]) lw 1.3 dt solid }
do for [i=1:points] { set label 100+i '' at QX[i]*1e-9,QY[i] point pt 11 ps 0.8 \
    front tc rgb colour(QS[i]) }
at(w) = column(w) > 0 ? column('payload') : NaN
plot DATA using (column('length')*1e-9):(at('threads')) with points lc rgb THREADS pt 5 ps 1.6, \
  DATA using (column('length')*1e-9):(at('processes')) with points lc rgb PROCESSES pt 5 ps 1.6, \
  DATA using (column('length')*1e-9):(at('pipes')) with points lc rgb PIPES pt 5 ps 1.6, \
  DATA using (column('length')*1e-9):(at('same')) with points lc rgb AXIS pt 5 ps 1.6, \
  DATA using (column('length')*1e-9):(at('unclear')) with points lc rgb AXIS pt 4 ps 1.5
