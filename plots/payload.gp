# SPDX-License-Identifier: MIT
# Time per task against its payload.   payload_bytes, threads*, processes*, pipes*  (ns)
DATA = ARG1; LABELS = ARG2; OUT = ARG3; FORMAT = ARG4
HERE = ARG0[1:strlen(ARG0)-strlen('payload.gp')]
load HERE.'theme.gp'
s(name) = column(name) * 1e-9
Y0 = Y0 * 1e-9; Y1 = Y1 * 1e-9
set logscale x 2
set logscale y 10
set yrange [Y0:Y1]
set xtics ('1 B' 1, '16 B' 16, '256 B' 256, '4 KiB' 4096, '64 KiB' 65536, '1 MiB' 1048576)
set format y '%.0s %cs'
eval time_tics
set xlabel 'payload, in and out'
plot DATA using 'payload_bytes':(s('pipes_low_ns')):(s('pipes_high_ns')) \
      with filledcurves lc rgb PIPES, \
  DATA using 'payload_bytes':(s('processes_low_ns')):(s('processes_high_ns')) \
      with filledcurves lc rgb PROCESSES, \
  DATA using 'payload_bytes':(s('threads_low_ns')):(s('threads_high_ns')) \
      with filledcurves lc rgb THREADS, \
  DATA using 'payload_bytes':(s('pipes_ns')) with linespoints ls 4, \
  DATA using 'payload_bytes':(s('processes_ns')) with linespoints ls 2, \
  DATA using 'payload_bytes':(s('threads_ns')) with linespoints ls 1
