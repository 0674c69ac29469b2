# SPDX-License-Identifier: MIT
# Time until a team is ready, against its workers.   workers, threads*, processes*, pipes*  (ns)
DATA = ARG1; LABELS = ARG2; OUT = ARG3; FORMAT = ARG4
HERE = ARG0[1:strlen(ARG0)-strlen('startup.gp')]
load HERE.'theme.gp'
s(name) = column(name) * 1e-9
Y0 = Y0 * 1e-9; Y1 = Y1 * 1e-9
set logscale y 10
set yrange [Y0:Y1]
set format y '%.0s %cs'
eval time_tics
set xtics step(X1), step(X1), X1
set xtics add (1)
set xlabel 'workers'
plot DATA using 'workers':(s('pipes_low_ns')):(s('pipes_high_ns')) with filledcurves lc rgb PIPES, \
  DATA using 'workers':(s('processes_low_ns')):(s('processes_high_ns')) \
      with filledcurves lc rgb PROCESSES, \
  DATA using 'workers':(s('threads_low_ns')):(s('threads_high_ns')) \
      with filledcurves lc rgb THREADS, \
  DATA using 'workers':(s('pipes_ns')) with linespoints ls 4, \
  DATA using 'workers':(s('processes_ns')) with linespoints ls 2, \
  DATA using 'workers':(s('threads_ns')) with linespoints ls 1
