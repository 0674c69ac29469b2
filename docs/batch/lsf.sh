#!/bin/sh
# SPDX-License-Identifier: MIT
#
# bsub <lsf.sh, or DIR=... bsub <lsf.sh: measures one node of a cluster that LSF runs, into DIR; as
# slurm.sh does.  -n is how many CPUs the node has.
#
#BSUB -J teampool
#BSUB -n 64 -R "span[hosts=1]"
#BSUB -x
#BSUB -W 15
#BSUB -wa TERM -wt 1
#BSUB -o teampool-%J.log

dir=${DIR:-results/job-$LSB_JOBID}
if [ -e "$dir/plan.txt" ]; then
    exec "${TEAMPOOL:-teampool}" run --resume "$dir"
fi
exec "${TEAMPOOL:-teampool}" run --out "$dir"
