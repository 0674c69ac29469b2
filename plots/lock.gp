# SPDX-License-Identifier: MIT
# Speed-up against workers: under one lock, without, as processes; Python's in grey.
#   workers, lock*, lock_old*, threads*, processes*, py_threads*, py_pool*, py_inside*, py_inside_pool*
DATA = ARG1; LABELS = ARG2; OUT = ARG3; FORMAT = ARG4
HERE = ARG0[1:strlen(ARG0)-strlen('lock.gp')]
load HERE.'theme.gp'
set xlabel 'workers'
set xtics step(X1), step(X1), X1
set xtics add (1)
do for [i=1:shades] { set object i rect from SX[i],graph 0 to SY[i],graph 1 behind fc rgb AXIS \
    fs transparent solid 0.12 noborder }
plot DATA using 'workers':'processes_low':'processes_high' with filledcurves lc rgb PROCESSES, \
  DATA using 'workers':'threads_low':'threads_high' with filledcurves lc rgb THREADS, \
  DATA using 'workers':'lock_old_low':'lock_old_high' with filledcurves lc rgb LOCK, \
  DATA using 'workers':'lock_low':'lock_high' with filledcurves lc rgb LOCK, \
  DATA using 'workers':'py_threads' with linespoints lc rgb SERIAL lw 1.4 pt 6 ps 0.6, \
  DATA using 'workers':'py_pool' with linespoints lc rgb SERIAL lw 1.4 pt 4 ps 0.6, \
  DATA using 'workers':'py_inside' with linespoints lc rgb SERIAL lw 1.4 pt 8 ps 0.6 dt (2,3), \
  DATA using 'workers':'py_inside_pool' with linespoints lc rgb SERIAL lw 1.4 pt 12 ps 0.6 dt (2,3), \
  DATA using 'workers':'processes' with linespoints ls 2, \
  DATA using 'workers':'threads' with linespoints ls 1, \
  DATA using 'workers':'lock_old' with linespoints ls 9, \
  DATA using 'workers':'lock' with linespoints ls 8
