#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A list shared by the tasks of a Slurm array: each downloads its own share.
#
#   sbatch slurm-array.sh urls.txt /scratch/mirror
#   sbatch --array=0-31 slurm-array.sh urls.txt /scratch/mirror
#
# The share of an entry is decided by its key, not by its place: the list may be sorted anew, and a
# task that is run again takes up where it was. After the time limit Slurm sends SIGTERM ahead of
# SIGKILL: what arrived is kept, and the same command goes on with it.
#
#SBATCH --job-name=garner
#SBATCH --array=0-7
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=2
#SBATCH --mem=1G
#SBATCH --time=12:00:00
#SBATCH --signal=TERM@60
#SBATCH --requeue
set -euo pipefail

list=${1:?usage: sbatch slurm-array.sh LIST DIR}
dir=${2:?usage: sbatch slurm-array.sh LIST DIR}

# Arrays need not begin at 0, nor go in steps of one.
step=${SLURM_ARRAY_TASK_STEP:-1}
share=$(((SLURM_ARRAY_TASK_ID - SLURM_ARRAY_TASK_MIN) / step))
shares=$SLURM_ARRAY_TASK_COUNT

exec garner --shard "$share/$shares" --tree -d "$dir" -i "$list" \
    --progress plain --json --records "records.$share.jsonl"
