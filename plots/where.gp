# SPDX-License-Identifier: MIT
# Shares of the workers' time, stacked, a row per team; grouped by task length.
# row, group, name, work*, handout*, waiting*, startup*  (shares)
DATA = ARG1; LABELS = ARG2; OUT = ARG3; FORMAT = ARG4
HERE = ARG0[1:strlen(ARG0)-strlen('where.gp')]
load HERE.'theme.gp'
set xrange [0:X1*100] # noise may make the shares more than the whole
set border 1
unset ytics
unset grid
set xtics 25
set format x '%g%%'
set xlabel "share of all workers' time"
set style fill solid 0.9 noborder
# what is not known counts as nothing, and noise may take a share below nothing
pc(name) = column(name) > 0 ? column(name) * 100 : 0
a(k) = pc('work'); b(k) = a(k) + pc('handout'); c(k) = b(k) + pc('waiting')
d(k) = c(k) + pc('startup')
row(y) = column('row') + y
plot DATA using (a(0)/2):'row':(0):(a(0)):(row(-0.36)):(row(0.36)) with boxxyerror lc rgb GOOD, \
  DATA using (b(0)):'row':(a(0)):(b(0)):(row(-0.36)):(row(0.36)) with boxxyerror lc rgb HANDOUT, \
  DATA using (c(0)):'row':(b(0)):(c(0)):(row(-0.36)):(row(0.36)) with boxxyerror lc rgb AXIS, \
  DATA using (d(0)):'row':(c(0)):(d(0)):(row(-0.36)):(row(0.36)) with boxxyerror lc rgb STARTING
