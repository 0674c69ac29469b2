# SPDX-License-Identifier: MIT
# Every sample over the run; disturbed ones crossed, the medians of blocks as dashes.
# when, group, name, threads, processes, odd, threads_block, processes_block  (ns)
DATA = ARG1; LABELS = ARG2; OUT = ARG3; FORMAT = ARG4
HERE = ARG0[1:strlen(ARG0)-strlen('samples.gp')]
load HERE.'theme.gp'
unit(n) = n >= 1e9 ? 1e9 : n >= 1e6 ? 1e6 : n >= 1e3 ? 1e3 : 1.0
name(n) = n >= 1e9 ? 's' : n >= 1e6 ? 'ms' : n >= 1e3 ? 'µs' : 'ns'
v(c) = column(c) / unit(Y1)
set yrange [Y0/unit(Y1):Y1/unit(Y1)]
set format y '%g '.name(Y1)
DASH = (X1 - X0) * 0.022
plot DATA using (column('when')-DASH/2):(v('threads_block_ns')):(DASH):(0) with vectors nohead lc rgb THREADS lw 1.3, \
  DATA using (column('when')-DASH/2):(v('processes_block_ns')):(DASH):(0) \
    with vectors nohead lc rgb PROCESSES lw 1.3, \
  DATA using 'when':(v('processes_ns')) with points lc rgb PROCESSES pt 5 ps 0.3, \
  DATA using 'when':(v('threads_ns')) with points lc rgb THREADS pt 7 ps 0.32, \
  DATA using 'when':(v('odd_ns')) with points lc rgb INK pt 2 ps 0.7
