# SPDX-License-Identifier: MIT
# Efficiency against task length.   work_ns, threads*, processes*, steal*, pipes*, and the curves
# through them, threads_curve* and so on  (shares)
DATA = ARG1; LABELS = ARG2; OUT = ARG3; FORMAT = ARG4
HERE = ARG0[1:strlen(ARG0)-strlen('length.gp')]
load HERE.'theme.gp'
ns(name) = column(name) * 1e-9
pc(name) = column(name) * 100
set logscale x 10
set xrange [X0*1e-9:X1*1e-9]
set yrange [Y0*100:Y1*100]
set xtics 10
set format x '%.0s %cs'
set format y '%g%%'
set ytics 25
set xlabel 'work of one task'
set object 1 rect from graph 0,first LEVEL*100 to graph 1,graph 1 behind fc rgb GOOD \
    fs transparent solid 0.09 noborder
do for [i=1:drops] { set arrow i from DX[i]*1e-9,Y0*100 to DX[i]*1e-9,DY[i]*100 nohead \
    lc rgb colour(DS[i]) lw 1.2 dt (3,3) }
do for [i=1:spans] { set arrow 32+i from BX[i]*1e-9,BH[i]*100 to BY[i]*1e-9,BH[i]*100 heads \
    size screen 0.006,90 front lc rgb colour(BS[i]) lw 1.3 dt solid }
do for [i=1:points] { set label 100+i '' at QX[i]*1e-9,QY[i]*100 point pt look(QS[i]) ps 0.8 \
    front tc rgb colour(QS[i]) }
# between the dots the curve bends as METG's fit does
CURVES = 'pipes steal processes threads'
STYLES = '4 3 2 1'
plot for [k=1:4] DATA using (ns('work_ns')):(pc(word(CURVES,k).'_curve_low')): \
      (pc(word(CURVES,k).'_curve_high')) with filledcurves lc rgb colour(word(CURVES,k)), \
  for [k=1:4] DATA using (ns('work_ns')):(pc(word(CURVES,k).'_curve')) with lines \
      ls word(STYLES,k)+0, \
  for [k=1:4] DATA using (ns('work_ns')):(pc(word(CURVES,k))) with points ls word(STYLES,k)+0
