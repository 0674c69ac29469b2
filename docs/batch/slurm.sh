#!/bin/sh
# SPDX-License-Identifier: MIT
#
# sbatch slurm.sh [DIR]: measures one node of a cluster that Slurm runs, into DIR.  A job that ended
# before the run did goes on where it stopped: submit it again with the same DIR.  docs/batch.md
# explains each line; a partition (-p) or an account (-A) may have to be added.
#
#SBATCH --job-name=teampool
#SBATCH --nodes=1 --ntasks=1
#SBATCH --exclusive
#SBATCH --time=15
#SBATCH --signal=B:TERM@60
#SBATCH --output=teampool-%j.log

dir=${1:-results/job-$SLURM_JOB_ID}
if [ -e "$dir/plan.txt" ]; then
    exec "${TEAMPOOL:-teampool}" run --resume "$dir"
fi
exec "${TEAMPOOL:-teampool}" run --out "$dir"
