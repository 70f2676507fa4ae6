#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A list shared by several processes under GNU parallel, here or on other machines.
#
#   examples/parallel.sh urls.txt mirror 4
#   examples/parallel.sh urls.txt mirror 4 one.example,two.example
#
# With hosts, LIST and DIR have to be theirs (a shared file system), and each host runs one share at
# a time. Parallel's job log remembers the shares that are done: the same command runs the others.
set -eu

list=${1:?usage: parallel.sh LIST DIR SHARES [HOST,...]}
dir=${2:?usage: parallel.sh LIST DIR SHARES [HOST,...]}
shares=${3:?usage: parallel.sh LIST DIR SHARES [HOST,...]}
hosts=${4-}

if [ -n "$hosts" ]; then
    set -- --jobs 1 --sshlogin "$hosts" --workdir .
else
    set -- --jobs "$shares"
fi
seq 0 $((shares - 1)) |
    parallel "$@" --resume-failed --joblog "$dir.joblog" \
        garner --shard "{}/$shares" --tree --dir "$dir" --input "$list" --progress none
