# SPDX-License-Identifier: MIT
# Speed-up against the share of a task that needs the lock, with its bounds.
#   held (a share), lock*, processes*, most*, amdahl*
DATA = ARG1; LABELS = ARG2; OUT = ARG3; FORMAT = ARG4
HERE = ARG0[1:strlen(ARG0)-strlen('held.gp')]
load HERE.'theme.gp'
pc(name) = column(name) * 100
set xrange [X0*100:X1*100]
set xtics 25
set format x '%g%%'
set xlabel 'share of a task that needs the lock'
do for [i=1:drops] { set arrow i from DX[i]*100,Y0 to DX[i]*100,DY[i] nohead lc rgb colour(DS[i]) \
    lw 1.2 dt (3,3) }
do for [i=1:spans] { set arrow 32+i from BX[i]*100,BH[i] to BY[i]*100,BH[i] heads \
    size screen 0.006,90 front lc rgb colour(BS[i]) lw 1.3 dt solid }
plot DATA using (pc('held')):'processes_low':'processes_high' with filledcurves lc rgb PROCESSES, \
  DATA using (pc('held')):'lock_low':'lock_high' with filledcurves lc rgb LOCK, \
  DATA using (pc('held')):'most' with lines ls 5, \
  DATA using (pc('held')):'amdahl' with lines lc rgb SERIAL lw 1.4 dt (9,3), \
  DATA using (pc('held')):'processes' with lines ls 2, \
  DATA using (pc('held')):'lock' with linespoints ls 8
