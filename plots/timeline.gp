# SPDX-License-Identifier: MIT
# Who worked when: a lane per worker, a box per chunk, a line where the job ended.
# row, group, name, busy* (share), tasks*, first*, last* (ns); beside it, in NAME-boxes.csv:
# row, from_ns, to_ns, height (share of the lane), shade
DATA = ARG1; LABELS = ARG2; OUT = ARG3; FORMAT = ARG4
HERE = ARG0[1:strlen(ARG0)-strlen('timeline.gp')]
load HERE.'theme.gp'
BOXES = DATA[1:strlen(DATA)-4].'-boxes.csv'
set xrange [0:X1/NS]
set border 1
unset ytics
unset grid
set grid x ls 6
set xtics 0, steps(X1/NS)
set format x '%g '.UNIT
set xlabel 'time since the job was handed over'
do for [i=1:drops] { set arrow i from DX[i]/NS,DY[i] to DX[i]/NS,Y0 nohead front \
    lc rgb INK lw 1.2 dt (4,3) }
v(name) = column(name) / NS
floor_y = 0.42
low(r)  = column(r) + floor_y
high(r) = column(r) + floor_y - 2 * floor_y * column('height')
of(shade) = column('shade') == shade ? v('from_ns') : NaN
plot DATA using (0):(low('row')):(X1/NS):(0) with vectors nohead ls 6, \
  BOXES using (of(0)):'row':(of(0)):(v('to_ns')):(low('row')):(high('row')) \
    with boxxyerror lc rgb THREADS fs transparent solid 0.9 noborder, \
  BOXES using (of(1)):'row':(of(1)):(v('to_ns')):(low('row')):(high('row')) \
    with boxxyerror lc rgb THREADS fs transparent solid 0.6 noborder
