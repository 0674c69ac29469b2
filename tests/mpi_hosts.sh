#!/bin/sh
# SPDX-License-Identifier: MIT
#
# mpi_hosts.sh TEAMPOOL: ranks on two hosts.  The hosts are namespaces of this machine with a name, a
# network and shared memory of their own, joined by a virtual cable; ranks are started on the other
# one as ssh would, by a script that enters it.  Where that is not allowed, it is not tried, and says why.
set -u
. "$(dirname -- "$0")/expect.sh"
if [ $# -lt 1 ] || [ ! -x "$1" ]; then
    echo "usage: mpi_hosts.sh TEAMPOOL" >&2
    exit 2
fi
teampool=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
cell=$(dirname "$teampool")/teampool-cell

not_tried() {
    echo "skipped: not tried: $1"
    exit 77
}

# First outside: all of it in namespaces that end with this shell, whatever it has started.
if [ $# -eq 1 ]; then
    reason=$("$cell" --list | sed -n 's/^backend,mpi,.*one-sided",//p')
    [ -z "$reason" ] || not_tried "$reason"
    for program in unshare nsenter ip mount; do
        command -v $program >/dev/null || not_tried "there is no $program"
    done
    [ "$(id -u)" -eq 0 ] && user='' || user='--user --map-root-user'
    scratch=$(mktemp -d) || exit 2
    trap 'rm -rf "$scratch"' EXIT
    spaces="$user --net --uts --ipc --mount --pid --fork --kill-child --mount-proc"
    # shellcheck disable=SC2086
    unshare $spaces sh -c 'ip link add cable type veth peer name end && mount -t sysfs none /sys' 2>"$scratch/err" ||
        not_tried "namespaces are not allowed here: $(tail -n 1 "$scratch/err")"
    # shellcheck disable=SC2086
    unshare $spaces sh "$0" "$1" "$scratch"
    exit
fi
scratch=$2 hung=0

# This shell is on host one.  A process that sleeps holds host two.
hostname one
unshare --net --uts --ipc --mount sleep 1000 &
two=$!
until [ "$(readlink /proc/$two/ns/net)" != "$(readlink /proc/$$/ns/net)" ] &&
    [ "$(readlink /proc/$two/exe)" != "$(readlink /proc/$$/exe)" ]; do sleep 0.05; done
on_two="nsenter --target $two --net --uts --ipc --mount"
ip link add cable type veth peer name cable netns $two
for step in "" "$on_two"; do $step mount -t tmpfs none /dev/shm && $step mount -t sysfs none /sys; done
$on_two hostname two
ip link set lo up && ip link set cable up && ip address add 10.111.0.1/24 dev cable
$on_two ip link set lo up && $on_two ip link set cable up && $on_two ip address add 10.111.0.2/24 dev cable
printf '127.0.0.1 localhost\n10.111.0.1 one\n10.111.0.2 two\n' >"$scratch/hosts"
for step in "" "$on_two"; do $step mount --bind "$scratch/hosts" /etc/hosts; done

# As a launcher calls ssh: [-x] HOST COMMAND ...
cat >"$scratch/agent" <<AGENT
#!/bin/sh
while case \$1 in -*) ;; *) false ;; esac; do shift; done
host=\$1
shift
[ "\$host" = two ] || exec sh -c "\$*"
exec $on_two sh -c "\$*"
AGENT
chmod +x "$scratch/agent"

case $("$cell" --about | sed -n 's/^mpi,//p') in
*'Open MPI'*)
    launcher="--mca plm_rsh_agent $scratch/agent --mca btl tcp,self --mca osc pt2pt --map-by node --host one:9,two:9"
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    hangs=none
    ;;
*MPICH*)
    launcher="-launcher ssh -launcher-exec $scratch/agent -hosts one:1,two:1"
    export UCX_TLS=tcp,self UCX_NET_DEVICES=cable
    hangs=124 # in MPI_Finalize, seen with 4.0.2: https://github.com/pmodels/mpich/pull/6596
    ;;
*) not_tried 'no word is known here by which this MPI starts ranks elsewhere' ;;
esac
TEAMPOOL_MPIRUN="$("$cell" --about | sed -n 's/^mpirun,//p') $launcher"
export TEAMPOOL_MPIRUN

# A column of the cell's table, all samples; a launcher may print more.
column() {
    awk -F, -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i }
        /^cell,/ { print $at }' "$scratch/out" | sort -u
}
sent() { cat /sys/class/net/cable/statistics/tx_bytes; }

# 3000 bytes go to each task and come back: of those dealt in advance, half.
for way in "mpi static 2" "mpi dynamic 2" "mpi guided 3" "mpi steal 3" "mpi_omp dynamic 4" "mpi_omp steal 4" \
    "mpi_send dynamic 2" "mpi_send guided 3"; do
    # shellcheck disable=SC2086
    set -- $way
    for workload in "empty" "skew variant=ramp task_ns=10000" "payload payload_bytes=3000"; do
        line="backend=$1 schedule=$2 workers=$3 workload=$workload tasks=100 chunk=3"
        before=$(sent)
        # shellcheck disable=SC2086
        timeout 20 "$cell" $line samples=3 steps_per_ms=1000000 >"$scratch/out" 2>"$scratch/err"
        code=$?
        [ $code != $hangs ] || { hung=$((hung + 1)) code=0; }
        expect "$line: exit code 0, not $code; $(cat "$scratch/err")" [ $code -eq 0 ]
        expect "$line: ok, not $(cat "$scratch/out")" [ "$(column status)" = ok ]
        expect "$line: another host's times are left out" [ -z "$(column busy_sum_ns)$(column user_ns)" ]
        [ "$2 $workload" != "static payload payload_bytes=3000" ] ||
            expect "$line: data in the cable, $before to $(sent)" [ $(($(sent) - before)) -gt 300000 ]
        [ $failed -eq 0 ] || break 2
    done
done
[ $hung -eq 0 ] || echo "$hung cells had done their work and did not end, as seen with MPICH 4.0.2 over TCP"
kill $two
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
