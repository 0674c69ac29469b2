# SPDX-License-Identifier: MIT
# Time to answer against the switch interval.
#   interval, lock*, lock_late*, py_threads*, ideal*  (ns)
DATA = ARG1; LABELS = ARG2; OUT = ARG3; FORMAT = ARG4
HERE = ARG0[1:strlen(ARG0)-strlen('interval.gp')]
load HERE.'theme.gp'
s(name) = column(name) * 1e-9
Y0 = Y0 * 1e-9; Y1 = Y1 * 1e-9
set logscale x 10
set logscale y 10
set xrange [X0*1e-9:X1*1e-9]
set yrange [Y0:Y1]
set xtics 10
set format x '%.0s %cs'
set format y '%.0s %cs'
eval time_tics
set xlabel 'switch interval'
plot DATA using (s('interval')):(s('lock_late_low_ns')):(s('lock_late_high_ns')) \
      with filledcurves lc rgb LOCK, \
  DATA using (s('interval')):(s('lock_low_ns')):(s('lock_high_ns')) with filledcurves lc rgb LOCK, \
  DATA using (s('interval')):(s('ideal_ns')) with lines ls 5, \
  DATA using (s('interval')):(s('py_threads_ns')) with linespoints lc rgb SERIAL lw 1.4 pt 6 ps 0.6, \
  DATA using (s('interval')):(s('lock_late_ns')) with linespoints ls 10, \
  DATA using (s('interval')):(s('lock_ns')) with linespoints ls 8
