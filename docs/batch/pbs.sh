#!/bin/sh
# SPDX-License-Identifier: MIT
#
# qsub pbs.sh, or qsub -v DIR=... pbs.sh: measures one node of a cluster that PBS runs, into DIR; as
# slurm.sh does.  ncpus is how many CPUs the node has.  For Torque put '-l nodes=1:ppn=64' in place
# of the two lines with select and place.
#
#PBS -N teampool
#PBS -l select=1:ncpus=64
#PBS -l place=excl
#PBS -l walltime=00:15:00
#PBS -j oe

cd "$PBS_O_WORKDIR" || exit 1 # a job starts at home
dir=${DIR:-results/job-$PBS_JOBID}
if [ -e "$dir/plan.txt" ]; then
    exec "${TEAMPOOL:-teampool}" run --resume "$dir"
fi
exec "${TEAMPOOL:-teampool}" run --out "$dir"
