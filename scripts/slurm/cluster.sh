#!/usr/bin/env bash
# A Slurm of this machine's own, for tests: one controller and some nodes on loopback, as root, without systemd, munge or cgroups.
#   cluster.sh up DIR [NODES [CPUS]]   starts it (2 nodes of 2 processors) and prints what to export
#   cluster.sh controller DIR          starts the controller anew, with its state
#   cluster.sh node DIR N              starts node N anew
#   cluster.sh down DIR                ends exactly the daemons that this folder's files of process numbers name
# SLURM_PORT is the first of NODES + 1 free ports (16817), SLURM_MOST how many jobs are taken less one, SLURM_TIMEOUT the seconds after
# which a node that says nothing counts as failed. Needs Debian's slurmctld, slurmd and slurm-client.
set -euo pipefail
what=${1:?up, controller, node or down} dir=$(realpath -m "${2:?a folder}")
conf=$dir/slurm.conf
export SLURM_CONF=$conf

configure() {
  local nodes=$1 cpus=$2 port=${SLURM_PORT:-16817} host names= n
  host=$(hostname -s)
  mkdir -p "$dir"/{state,log,pid}
  chmod 755 "$dir" "$dir/state"
  {
    cat <<END
ClusterName=nasflow
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/none
CredType=cred/none
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool.%n
SlurmctldPidFile=$dir/pid/controller
SlurmdPidFile=$dir/pid/%n
SlurmctldLogFile=$dir/log/controller
SlurmdLogFile=$dir/log/%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdTimeout=${SLURM_TIMEOUT:-10}
SlurmctldTimeout=10
InactiveLimit=0
KillWait=3
MinJobAge=300
MaxJobCount=${SLURM_MOST:-10000}
JobRequeue=1
END
    for n in $(seq 1 "$nodes"); do
      echo "NodeName=n$n NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + n)) CPUs=$cpus RealMemory=4000 State=UNKNOWN"
      names+=${names:+,}n$n
    done
    echo "PartitionName=main Nodes=$names Default=YES MaxTime=INFINITE State=UP"
    echo "PartitionName=empty Nodes=$names Default=NO MaxTime=INFINITE State=DOWN"
  } >"$conf"
}

wait_for() { # a number of idle nodes
  for _ in $(seq 1 150); do
    if [ "$(timeout 2 sinfo -h -p main -N -o %T 2>/dev/null | grep -c '^idle')" -ge "$1" ]; then return 0; fi
    sleep 0.1
  done
  echo "the nodes do not come up; see $dir/log" >&2
  return 1
}

case $what in
up)
  nodes=${3:-2}
  configure "$nodes" "${4:-2}"
  slurmctld -f "$conf" -c
  for n in $(seq 1 "$nodes"); do
    mkdir -p "$dir/spool.n$n"
    slurmd -f "$conf" -N "n$n"
  done
  wait_for "$nodes"
  echo "export SLURM_CONF=$conf"
  ;;
controller) slurmctld -f "$conf" ;;
node) slurmd -f "$conf" -N "n${3:?which}" ;;
down)
  for file in "$dir"/pid/*; do
    if [ -s "$file" ]; then kill "$(cat "$file")" 2>/dev/null || true; fi
  done
  ;;
*)
  echo "cluster.sh up|controller|node|down DIR" >&2
  exit 64
  ;;
esac
