# SPDX-License-Identifier: MIT
# The sleeping tasks: a bar per way to do them.   row, group, name, time*, ideal*  (ns)
DATA = ARG1; LABELS = ARG2; OUT = ARG3; FORMAT = ARG4
HERE = ARG0[1:strlen(ARG0)-strlen('lesson.gp')]
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
set style fill solid 0.85 noborder
bar(r) = int(r) == 1 ? 0x666D78 : int(r) == 2 ? 0x0072B2 : int(r) == 3 ? 0xD55E00 : \
    int(r) == 4 ? 0xC98A00 : 0x666D78
row(d) = column('row') + d
plot DATA using (v('time_ns')/2):'row':(0):(v('time_ns')):(row(-0.3)):(row(0.3)):(bar(row(0))) \
    with boxxyerror lc rgb variable, \
  DATA using (v('time_low_ns')):'row':(v('time_high_ns')-v('time_low_ns')):(0) \
      with vectors nohead lc rgb INK lw 2, \
  DATA using (v('ideal_ns')):(column('row')-0.42):(0):(0.84) with vectors nohead lc rgb INK lw 1.8
