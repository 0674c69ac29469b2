# SPDX-License-Identifier: MIT
# Time of a job under each schedule; a row per schedule, grouped by how uneven the tasks are.
# row, group, name, threads*, processes*, ideal*  (ns)
DATA = ARG1; LABELS = ARG2; OUT = ARG3; FORMAT = ARG4
HERE = ARG0[1:strlen(ARG0)-strlen('schedules.gp')]
load HERE.'theme.gp'
v(name) = column(name) / NS
set xrange [0:X1/NS]
set border 1
unset ytics
unset grid
set grid x ls 6
set xtics 0, steps(X1/NS)
set format x '%g '.UNIT
set xlabel 'time for the job'
# threads sit a little above the row's middle and processes below, so that equal times show both
up(r)   = column(r) - 0.19
down(r) = column(r) + 0.19
width(s) = v(s.'_high_ns') - v(s.'_low_ns')
plot DATA using (v('ideal_ns')):(column('row')-0.42):(0):(0.84) \
    with vectors nohead lc rgb SERIAL lw 1.6, \
  DATA using (v('processes_low_ns')):(down('row')):(width('processes')):(0) \
    with vectors nohead lc rgb PROCESSES lw 1.8, \
  DATA using (v('threads_low_ns')):(up('row')):(width('threads')):(0) \
    with vectors nohead lc rgb THREADS lw 1.8, \
  DATA using (v('processes_ns')):(down('row')) with points lc rgb PROCESSES pt 5 ps 0.5, \
  DATA using (v('threads_ns')):(up('row')) with points lc rgb THREADS pt 7 ps 0.55
