# SPDX-License-Identifier: MIT
# Time per empty task against chunk size, Python's pools in grey.
#   chunk, processes*, pipes*, py_threads*, py_pool*, py_futures*, py_dill*, py_loky*, py_mpi*  (ns)
DATA = ARG1; LABELS = ARG2; OUT = ARG3; FORMAT = ARG4
HERE = ARG0[1:strlen(ARG0)-strlen('peers.gp')]
load HERE.'theme.gp'
s(name) = column(name) * 1e-9
Y0 = Y0 * 1e-9; Y1 = Y1 * 1e-9
set logscale x 10
set logscale y 10
set yrange [Y0:Y1]
set xtics 10
set format x '%.0f'
set format y '%.0s %cs'
eval time_tics
set xlabel 'tasks per chunk'
array PYTHON[6] = ['py_threads', 'py_pool', 'py_futures', 'py_dill', 'py_loky', 'py_mpi']
array MARK[6] = [7, 5, 13, 9, 11, 1]
plot for [i=1:6] DATA using 'chunk':(s(PYTHON[i].'_ns')):(s(PYTHON[i].'_low_ns')):(s(PYTHON[i].'_high_ns')) \
      with yerrorbars lc rgb SERIAL lw 1 pt 0, \
  for [i=1:6] DATA using 'chunk':(s(PYTHON[i].'_ns')) with linespoints lc rgb SERIAL lw 1.4 \
      pt MARK[i] ps 0.6, \
  DATA using 'chunk':(s('pipes_low_ns')):(s('pipes_high_ns')) with filledcurves lc rgb PIPES, \
  DATA using 'chunk':(s('processes_low_ns')):(s('processes_high_ns')) \
      with filledcurves lc rgb PROCESSES, \
  DATA using 'chunk':(s('pipes_ns')) with linespoints ls 4, \
  DATA using 'chunk':(s('processes_ns')) with linespoints ls 2
