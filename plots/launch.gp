# SPDX-License-Identifier: MIT
# Time until a team is ready, by the memory of who starts it.
# ballast_mib, threads*, processes* (fork), spawn*  (ns)
DATA = ARG1; LABELS = ARG2; OUT = ARG3; FORMAT = ARG4
HERE = ARG0[1:strlen(ARG0)-strlen('launch.gp')]
load HERE.'theme.gp'
s(name) = column(name) * 1e-9
Y0 = Y0 * 1e-9; Y1 = Y1 * 1e-9
set logscale y 10
set yrange [Y0:Y1]
set format y '%.0s %cs'
eval time_tics
set xtics 0, steps2(X1)
set xlabel 'memory of the caller, MiB'
plot DATA using 'ballast_mib':(s('spawn_low_ns')):(s('spawn_high_ns')) \
      with filledcurves lc rgb PROCESSES, \
  DATA using 'ballast_mib':(s('processes_low_ns')):(s('processes_high_ns')) \
      with filledcurves lc rgb PROCESSES, \
  DATA using 'ballast_mib':(s('threads_low_ns')):(s('threads_high_ns')) \
      with filledcurves lc rgb THREADS, \
  DATA using 'ballast_mib':(s('spawn_ns')) with linespoints ls 7, \
  DATA using 'ballast_mib':(s('processes_ns')) with linespoints ls 2, \
  DATA using 'ballast_mib':(s('threads_ns')) with linespoints ls 1
