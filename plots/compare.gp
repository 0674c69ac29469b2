# SPDX-License-Identifier: MIT
# Two runs against each other: a line per cell.   row, group (the verdict), name, ratio*
DATA = ARG1; LABELS = ARG2; OUT = ARG3; FORMAT = ARG4
HERE = ARG0[1:strlen(ARG0)-strlen('compare.gp')]
load HERE.'theme.gp'
set logscale x
set border 1
unset ytics
unset grid
set grid x ls 6
# tics in per cent where there is less than a factor of two on either side, else in powers of two,
# but none whose text would reach beyond the edge
set xtics ('same' 1)
at(r) = px(PL + (PR - PL) * log(r / X0) / log(X1 / X0))
fits(r) = px(PL + 12) < at(r) && at(r) < px(PR - 12)
wide = X0 < 0.5 || X1 > 2
each = wide ? ceil(log(X1 / X0) / log(2) / 8) : steps(100 * (X1 - X0))
size(k) = wide ? 2.0**(k * each) : k * each
up(k) = wide ? size(k) : 1 + 0.01 * size(k)
down(k) = wide ? 1 / size(k) : 1 - 0.01 * size(k)
do for [k=1:20] {
    if (fits(up(k))) { set xtics add (sprintf(wide ? 'x%g' : '+%g%%%%', size(k)) up(k)) }
    if (down(k) > 0 && fits(down(k))) {
        set xtics add (sprintf(wide ? '1/%g' : '−%g%%%%', size(k)) down(k))
    }
}
set xlabel 'time, new against old'
do for [i=1:shades] { set object i rect from SX[i],graph 0 to SY[i],graph 1 behind fc rgb SERIAL \
    fs transparent solid 0.22 noborder }
v(name) = column(name) < X0 ? X0 : column(name) > X1 ? X1 : column(name)
paint(s) = s eq 'slower' ? 0xB3261E : s eq 'faster' ? 0x00855F : 0x666D78
dot(s) = s eq 'slower' || s eq 'faster' ? 7 : 6
plot DATA using (v('ratio_low')):'row':(v('ratio_high')-v('ratio_low')):(0):(paint(strcol('group'))) \
      with vectors nohead lc rgb variable lw 2, \
  DATA using (v('ratio')):'row':(dot(strcol('group'))):(paint(strcol('group'))) \
      with points pt variable lc rgb variable ps 0.75
