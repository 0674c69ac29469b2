# SPDX-License-Identifier: MIT
# Time per task against chunk size.   chunk, threads*, processes*, steal*, pipes*, serial*  (ns)
DATA = ARG1; LABELS = ARG2; OUT = ARG3; FORMAT = ARG4
HERE = ARG0[1:strlen(ARG0)-strlen('chunk.gp')]
load HERE.'theme.gp'
s(name) = column(name) * 1e-9
Y0 = Y0 * 1e-9; Y1 = Y1 * 1e-9
set logscale x 2
set logscale y 10
set yrange [Y0:Y1]
each = X1/X0 > 8192 ? 3 : X1/X0 > 100 ? 2 : 1
set xtics (1)
do for [k=0:30:each] { set xtics add (2.0**k) }
set format x '%.0f'
set format y '%.0s %cs'
eval time_tics
set xlabel 'tasks per chunk'
do for [i=1:shades] { set object i rect from SX[i],graph 0 to SY[i],graph 1 behind fc rgb GOOD \
    fs transparent solid 0.12 noborder }
plot DATA using 'chunk':(s('serial_ns')) with lines ls 5, \
  DATA using 'chunk':(s('pipes_low_ns')):(s('pipes_high_ns')) with filledcurves lc rgb PIPES, \
  DATA using 'chunk':(s('steal_low_ns')):(s('steal_high_ns')) with filledcurves lc rgb STEAL, \
  DATA using 'chunk':(s('processes_low_ns')):(s('processes_high_ns')) \
      with filledcurves lc rgb PROCESSES, \
  DATA using 'chunk':(s('threads_low_ns')):(s('threads_high_ns')) \
      with filledcurves lc rgb THREADS, \
  DATA using 'chunk':(s('pipes_ns')) with linespoints ls 4, \
  DATA using 'chunk':(s('steal_ns')) with linespoints ls 3, \
  DATA using 'chunk':(s('processes_ns')) with linespoints ls 2, \
  DATA using 'chunk':(s('threads_ns')) with linespoints ls 1
