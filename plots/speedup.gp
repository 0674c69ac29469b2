# SPDX-License-Identifier: MIT
# Speed-up over serial against workers, with the ideal.   workers, threads*,
# processes*, pipes*; and laws fitted to them: threads_fit, processes_fit.  Where there are many
# workers both axes are logarithmic; flags stand where a part of the machine is full.
DATA = ARG1; LABELS = ARG2; OUT = ARG3; FORMAT = ARG4
HERE = ARG0[1:strlen(ARG0)-strlen('speedup.gp')]
load HERE.'theme.gp'
set xlabel 'workers'
if (LOG) {
    set logscale xy LOG
    set xtics X1 > 300 ? 4 : 2
    set ytics Y1 > 300 ? 4 : 2
} else {
    set xtics step(X1), step(X1), X1
    set xtics add (1)
}
do for [i=1:flags] { set arrow 10+i from first FX[i],graph 0 to first FX[i],screen py(FY[i]) \
    nohead back lc rgb SERIAL lw 1 }
do for [i=1:shades] { set object i rect from SX[i],graph 0 to SY[i],graph 1 behind fc rgb AXIS \
    fs transparent solid 0.12 noborder }
end = X1 < Y1 ? X1 : Y1
start = X0 > Y0 ? X0 : Y0
set arrow 1 from start,start to end,end nohead back ls 5
plot DATA using 'workers':'pipes_low':'pipes_high' with filledcurves lc rgb PIPES, \
  DATA using 'workers':'processes_low':'processes_high' with filledcurves lc rgb PROCESSES, \
  DATA using 'workers':'threads_low':'threads_high' with filledcurves lc rgb THREADS, \
  DATA using 'workers':'threads_fit' with lines lc rgb THREADS lw 1 dt (1,2), \
  DATA using 'workers':'processes_fit' with lines lc rgb PROCESSES lw 1 dt (1,2), \
  DATA using 'workers':'pipes' with linespoints ls 4, \
  DATA using 'workers':'processes' with linespoints ls 2, \
  DATA using 'workers':'threads' with linespoints ls 1
