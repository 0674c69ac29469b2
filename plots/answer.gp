# SPDX-License-Identifier: MIT
# Time to answer against how many compute beside it; the level is the switch interval.
#   computing, lock*, lock_late*, lock_old*, threads*, processes*, py_threads*, py_pool*  (ns)
DATA = ARG1; LABELS = ARG2; OUT = ARG3; FORMAT = ARG4
HERE = ARG0[1:strlen(ARG0)-strlen('answer.gp')]
load HERE.'theme.gp'
s(name) = column(name) * 1e-9
Y0 = Y0 * 1e-9; Y1 = Y1 * 1e-9
set logscale y 10
set yrange [Y0:Y1]
set format y '%.0s %cs'
eval time_tics
set xtics 0, step(X1), X1
set xlabel 'threads that compute beside it'
set arrow 1 from X0,LEVEL*1e-9 to X1,LEVEL*1e-9 nohead back ls 5
plot DATA using 'computing':(s('lock_late_low_ns')):(s('lock_late_high_ns')) with filledcurves \
      lc rgb LOCK, \
  DATA using 'computing':(s('lock_low_ns')):(s('lock_high_ns')) with filledcurves lc rgb LOCK, \
  DATA using 'computing':(s('py_threads_ns')) with linespoints lc rgb SERIAL lw 1.4 pt 6 ps 0.6, \
  DATA using 'computing':(s('py_pool_ns')) with linespoints lc rgb SERIAL lw 1.4 pt 4 ps 0.6, \
  DATA using 'computing':(s('processes_ns')) with linespoints ls 2, \
  DATA using 'computing':(s('threads_ns')) with linespoints ls 1, \
  DATA using 'computing':(s('lock_old_ns')) with linespoints ls 9, \
  DATA using 'computing':(s('lock_late_ns')) with linespoints ls 10, \
  DATA using 'computing':(s('lock_ns')) with linespoints ls 8
