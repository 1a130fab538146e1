#!/usr/bin/env bash
# What a short trial costs as a job: TRIALS (200) trainings of one epoch, each evaluated, on this machine alone, by jobs that are shared,
# and by a job for each assignment. Starts a Slurm of its own (cluster.sh) and ends it. NASFLOW names the program.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
nasflow=$(realpath "${NASFLOW:-$here/../../target/release/nasflow}") trials=${TRIALS:-200}
dir=$(mktemp -d)
trap '"$here/cluster.sh" down "$dir/slurm"; rm -rf "$dir"' EXIT
"$here/cluster.sh" up "$dir/slurm" 2 2 >"$dir/up"
export SLURM_CONF=$dir/slurm/slurm.conf
cat >"$dir/short.kdl" <<END
pipeline "short"
data "shapes" generate=shapes images=16 image-size=32 { split train=0.5 val=0.5 }
space "tiny" {
    network width=0.125 {
        input "shapes"
        conv 64 stride=2 { kernel 1 3 5 7 }
        choose "a" { residual 128; c3 128; skip }
        conv 128 stride=2 { kernel 1 3 5 7 }
        choose "b" { residual 128; c3 128; skip }
        conv 256 stride=2 as="out3" { kernel 1 3 5 }
        conv 256 kernel=3 stride=2 as="out4"
        conv 256 kernel=3 stride=2 as="out5"
        detect "out3" "out4" "out5" anchors=auto
    }
}
sample   "trials" { from "tiny"; strategy random; trials $trials }
train    "short" { from "trials"; data "shapes" split=train; recipe yolov5-short; epochs 1 }
evaluate "score" { from "short"; data "shapes" split=val; metrics map50 }
select   "best"  { from "score"; top 1 by=map50 }
END
measure() { # a name, a launcher, `bundle`
  printf 'run { launcher %s; jobs 4; threads 1 }\nlauncher { slurm { grace "1s"; bundle "%s" } }\n' "$2" "$3" >"$dir/config.kdl"
  local begun ended jobs=0
  begun=$(date +%s.%N)
  NASFLOW_CONFIG=$dir/config.kdl "$nasflow" run "$dir/short.kdl" --cache "$dir/$1" >"$dir/$1.out" 2>&1
  ended=$(date +%s.%N)
  NASFLOW_CONFIG= "$nasflow" show "$dir/short.kdl" --cache "$dir/$1" --digests >"$dir/$1.digests" 2>/dev/null
  cmp "$dir/local.digests" "$dir/$1.digests"
  if [ "$2" = slurm ]; then jobs=$(($(squeue --states=all --noheader --format=%i | wc -l) - before)) before=$((before + jobs)); fi
  awk -v name="$1" -v a="$begun" -v b="$ended" -v n="$trials" -v jobs="$jobs" \
    'BEGIN { printf "%-8s %6.1f s, %.3f s a trial, %d jobs\n", name, b - a, (b - a) / n, jobs }'
}
before=0
measure local local 10m
measure shared slurm 10m
measure each slurm 0.001s
