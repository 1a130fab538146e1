#!/usr/bin/env bash
# The whole check of nasflow on a machine with an NVIDIA GPU, in one call; --help says what it does.
set -uo pipefail

help() {
  cat << 'TEXT'
scripts/cuda/on-a-gpu.sh [--without-gpu] [--only STEP]... BINARIES REPORT

Checks nasflow on a machine with an NVIDIA GPU and its driver: no network, nothing to install, at most 8 minutes. BINARIES is the
folder with nasflow, nasflow-tests and nasflow-networks (`scripts/cuda/build-without-gpu.sh --pack` packs them, with all
that is used here); REPORT is a folder for report.md and log.txt.
Needs bash, coreutils, and CUDA's libraries libcublas and libcurand (13 or 12): they are looked for where the loader looks, in
/usr/local/cuda* and among the packages of `python3`, such as PyTorch's.

Steps, each with a limit of its own; a failed one is recorded and the others go on:
  machine      GPU, driver, processor, libraries, the size of the binaries
  doctor       `nasflow doctor` finds the GPU, and a small product on it is right
  operators    small networks that together use every operator: the GPU against the CPU within 1e-3, and against itself bit for bit
  trajectory   20 iterations of YOLOv5n with SGD and with AdamW against stored values of PyTorch
  search       a small search on the GPU, shown and exported; the CPU does not take its results for its own
  same-bits    the search again in a fresh store, and in a third with two trials at a time: the digests of all outputs are equal
  proxies      predictors without training on the GPU, beside the CPU's values
  kill         a longer search, killed (SIGKILL) three times and gone on with: the same digests as the undisturbed one
  times        a training step beside PyTorch's where `python3` has torch; GPU memory; this machine's processor
  pipelines    one batch through every stage of the shipped pipelines that generate their images (`run --smoke`)

  --without-gpu   the same on the CPU, to test this script; what needs a GPU is named and skipped
  --only STEP     this step alone (may be repeated; same-bits needs search)
  --help          this

Ends with a table (step, ok, failed or skipped, seconds), and with status 1 if any step failed, 3 without a GPU.
NASFLOW_PYTHON names another Python, NASFLOW_GPU_SECONDS another limit for the whole [480].
TEXT
}

self=$(realpath "$0")
root=$(realpath "$(dirname "$self")/../..")
steps=(machine doctor operators trajectory search same-bits proxies kill times pipelines)
python=${NASFLOW_PYTHON:-python3}

# ---- what the steps use -----------------------------------------------------------------------------------------------------

# A line for the report.
fact() { echo "= $*"; }
fail() { echo "failed: $*"; exit 1; }
skip() { echo "skipped: $*"; exit 77; }

nasflow() { "$bin/nasflow" "$@"; }

# Runs the pipeline of the folder $1, with more arguments.
search() { nasflow run "$1/pipeline.kdl" --cache "$1/cache" --device "$device" "${@:2}"; }

# A folder with the small search; $2 epochs where given.
place() {
  mkdir -p "$work/$1"
  sed "s/epochs 2 /epochs ${2:-2} /" "$root/pipelines/reproducible.kdl" > "$work/$1/pipeline.kdl"
}

digests() { nasflow show "$work/$1/pipeline.kdl" --cache "$work/$1/cache" --device "$device" --digests > "$work/$1/digests"; }

# The digests of $1 and $2 are the same, and there are some.
same() {
  digests "$1" && digests "$2" || fail "show --digests"
  local lines
  lines=$(wc -l < "$work/$1/digests")
  [[ $lines -gt 4 ]] || fail "only $lines digests"
  cmp -s "$work/$1/digests" "$work/$2/digests" || { diff "$work/$1/digests" "$work/$2/digests"; fail "$1 and $2: other digests"; }
  fact "$3: $lines lines of digests, equal"
}

# One test of the test binary in a process of its own: it must have run.
test_one() {
  local said
  said=$("$bin/nasflow-tests" --exact "$1" --nocapture 2>&1)
  local status=$?
  echo "$said"
  [[ $said == *'skipped:'* ]] && { fact "$1: skipped: ${said##*skipped: }"; return 77; }
  [[ $status -eq 0 && $said == *'1 passed'* ]] || { fact "$1: FAILED (status $status)"; return 1; }
}

seconds() { date +%s.%N; }
since() { awk -v a="$1" -v b="$(seconds)" 'BEGIN { printf "%.1f s", b - a }'; }

# ---- the steps ----------------------------------------------------------------------------------------------------------------

step_machine() {
  if [[ $gpu ]]; then
    ! command -v nvidia-smi > /dev/null || nvidia-smi
    fact "$(nvidia-smi --query-gpu=name,driver_version,memory.total,compute_cap --format=csv,noheader 2> /dev/null)"
  fi
  fact "$(nproc) processors: $(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1), $(uname -r)"
  fact "libraries: ${libraries:-none found}"
  fact "binaries: $(du -cm "$bin"/* | tail -n 1 | cut -f 1) MiB, $(nasflow --version)"
  fact "PyTorch: $("$python" -c 'import torch; print(torch.__version__, torch.cuda.is_available())' 2>&1 | tail -n 1)"
}

step_doctor() {
  nasflow doctor --device "$device" || fail "doctor"
  local used
  used=$(nasflow doctor | tail -n 1)
  fact "without --device, $used"
  [[ ! $gpu || $used == *cuda:0* ]] || fail "--device auto does not use the GPU"
}

step_operators() {
  [[ $gpu ]] || skip "compares a GPU with the CPU"
  local all failed=0
  all=$("$bin/nasflow-tests" --list 2> /dev/null | sed -n 's/^\(.*gpu_tests::a_gpu_agrees.*\): test$/\1/p')
  [[ $all ]] || fail "no such tests in nasflow-tests"
  for name in $all; do
    test_one "$name" || failed=$((failed + 1))
  done
  [[ $failed -eq 0 ]] || fail "$failed of $(wc -w <<< "$all") programs"
  fact "$(wc -w <<< "$all") programs agree"
}

step_trajectory() {
  local which=a_gpu_follows_pytorch said
  [[ $gpu ]] || which=the_reference_executor_follows_pytorch
  said=$(test_one "train::trajectory_test::$which")
  local status=$?
  echo "$said"
  while read -r line; do fact "$line"; done <<< "$(grep 'strays by' <<< "$said")"
  return $status
}

step_search() {
  place first
  local start
  start=$(seconds)
  search "$work/first" || fail "the search"
  fact "4 trials of 2 epochs: $(since "$start")"
  nasflow show "$work/first/pipeline.kdl" --cache "$work/first/cache" --device "$device" || fail "show"
  search "$work/first" | grep -q 'nothing executed' || fail "the second run did something"
  nasflow export "$work/first/pipeline.kdl" --cache "$work/first/cache" --device "$device" -o "$work/first/best.safetensors" || fail "export"
  [[ $gpu ]] || return 0
  nasflow plan "$work/first/pipeline.kdl" --cache "$work/first/cache" --device cpu | grep 'known, but from reference-cuda' ||
    fail "plan on the CPU does not name the results of the GPU"
}

step_same-bits() {
  [[ -d $work/first/cache ]] || skip "no first search"
  place second
  place third
  search "$work/second" || fail "the second search"
  same first second "a fresh store"
  local start
  start=$(seconds)
  search "$work/third" --jobs 2 || fail "two trials at a time"
  fact "two trials at a time: $(since "$start")"
  same first third "two trials at a time"
}

step_proxies() {
  mkdir -p "$work/proxies"
  {
    sed '/^sample/,$d' "$root/pipelines/reproducible.kdl"
    echo 'sample "four" { from "tiny"; strategy random; trials 4 }'
    echo 'evaluate "untrained" { from "four"; data "shapes" split=train; untrained batch=8; metrics synflow snip grad-norm jacov naswot zen entropy }'
  } > "$work/proxies/pipeline.kdl"
  local where
  for where in "$device" cpu; do
    nasflow run "$work/proxies/pipeline.kdl" --cache "$work/proxies/cache" --device "$where" || fail "the proxies on $where"
    nasflow show "$work/proxies/pipeline.kdl" --cache "$work/proxies/cache" --device "$where" --csv > "$work/proxies/$where.csv" || fail "show"
  done
  # Of every cell that is a number on both sides: how far they are apart, of the larger.
  paste -d '\n' "$work/proxies/$device.csv" "$work/proxies/cpu.csv" | awk -F , '
    NR == 1 { for (i = 1; i <= NF; i++) name[i] = $i }
    NR % 2 == 1 { for (i = 1; i <= NF; i++) a[i] = $i; next }
    NR > 2 { for (i = 1; i <= NF; i++) if (name[i] ~ /^(synflow|snip|grad-norm|jacov|naswot|zen|entropy)$/) {
      values++
      if (a[i] == "" || $i == "") { if (a[i] != $i) { print "failed: " name[i] ": a value on one side only"; bad = 1 }; continue }
      d = a[i] - $i; d = d < 0 ? -d : d; m = $i < 0 ? -$i : $i; r = m > 0 ? d / m : d
      if (r > worst[name[i]]) worst[name[i]] = r
      if (r > 0.01) { print "failed: " name[i] ": " a[i] " and " $i; bad = 1 }
    } }
    END {
      if (values < 28) { print "failed: only " values + 0 " values"; bad = 1 }
      for (n in worst) line = line sprintf(" %s %.1e", n, worst[n])
      print "= " values " values, apart from the CPU by at most (relative):" (line ? line : " nothing")
      exit bad
    }'
}

# Iterations that were executed in the store of $1.
iterations() { cat "$work/$1"/cache/attempts/*/iterations 2> /dev/null | wc -l; }

step_kill() {
  place undisturbed 20
  place killed 20
  local start all kills=0
  start=$(seconds)
  search "$work/undisturbed" || fail "the undisturbed search"
  all=$(iterations undisturbed)
  fact "undisturbed: $all iterations in $(since "$start")"
  for part in 1 2 3; do
    # Not by a function: what is killed must be the coordinator, not a shell.
    "$bin/nasflow" run "$work/killed/pipeline.kdl" --cache "$work/killed/cache" --device "$device" > "$work/killed/out" 2>&1 &
    local pid=$!
    while kill -0 $pid 2> /dev/null && [[ $(iterations killed) -lt $((all * part / 4)) ]]; do sleep 0.05; done
    kill -KILL $pid 2> /dev/null && kills=$((kills + 1))
    wait $pid
  done
  search "$work/killed" || fail "the last run"
  fact "$kills kills: $(iterations killed) iterations executed"
  [[ $kills -ge 2 ]] || fail "only $kills kills came before the end"
  same undisturbed killed "killed and gone on with"
}

# What the bench `networks` printed ($1) of the network $2; its last line where it failed.
measured() {
  if grep -q "^$2 " <<< "$1"; then
    awk -v name="$2" '$1 == name { printf "%s: %s ms, %s images/s", $1, $3, $2 } / ms,/ { sub(/^ */, ""); printf " (%s)", $0 }' <<< "$1"
  else
    echo "$2: FAILED: $(tail -n 1 <<< "$1")"
  fi
}

step_times() {
  local networks="$bin/nasflow-networks" memory="$work/memory" poll=
  local names=(yolov5n mobilenet nasbench201) with=(--device cuda)
  [[ $gpu ]] || { names=(nasbench201) with=(); }
  if [[ $gpu ]]; then
    while :; do nvidia-smi --query-gpu=memory.used --format=csv,noheader,nounits 2> /dev/null | head -n 1; sleep 0.3; done > "$memory" &
    poll=$!
  fi
  local table status=0
  for name in "${names[@]}"; do
    table=$(timeout 60 "$networks" "$name" --threads "$(nproc)" --seconds 2 "${with[@]}" 2>&1) || status=1
    echo "$table"
    fact "nasflow $device: $(measured "$table" "$name")"
    if [[ $poll ]]; then fact "$name: $(sort -n "$memory" | tail -n 1) MiB of GPU memory in use at most"; : > "$memory"; fi
  done
  [[ $poll ]] && kill $poll
  table=$(timeout 30 "$networks" yolov5n --threads "$(nproc)" --seconds 2 2>&1) || status=1
  fact "nasflow cpu, fast, $(nproc) threads: $(measured "$table" yolov5n)"
  if "$python" -c 'import torch' 2> /dev/null; then
    # Not with the libraries that nasflow found: PyTorch has its own.
    LD_LIBRARY_PATH=$libraries_before timeout 120 "$python" "$root/scripts/cuda/pytorch_steps.py" --networks "$networks" \
      --device "${device%%:*}" "${names[@]}" || status=1
  else
    fact "PyTorch: \`$python\` has no torch, nothing to compare with"
  fi
  return $status
}

step_pipelines() {
  local failed=0
  for name in reproducible yolov5 yolov5-oneshot detnas; do
    local start
    start=$(seconds)
    if timeout 60 "$bin/nasflow" run "$root/pipelines/$name.kdl" --smoke --cache "$work/smoke" --device "$device"; then
      fact "$name: $(since "$start")"
    else
      fact "$name: FAILED (status $?)"
      failed=1
    fi
  done
  return $failed
}

# ---- one step, in a process of its own: on-a-gpu.sh --step NAME -----------------------------------------------------------------

if [[ ${1:-} == --step ]]; then
  "step_$2"
  exit $?
fi

# ---- arguments ------------------------------------------------------------------------------------------------------------------

without='' only=()
while [[ ${1:-} == -* ]]; do
  case $1 in
    --help | -h) help; exit 0 ;;
    --without-gpu) without=1 ;;
    --only)
      [[ " ${steps[*]} " == *" ${2:-} "* ]] || { echo "\`${2:-}\` is no step: there are ${steps[*]}" >&2; exit 2; }
      only+=("$2")
      shift
      ;;
    *) echo "\`$1\` is no option; --help lists them" >&2; exit 2 ;;
  esac
  shift
done
[[ ${#only[@]} -eq 0 ]] || steps=("${only[@]}")
[[ $# -eq 2 ]] || { echo "usage: on-a-gpu.sh [--without-gpu] [--only STEP]... BINARIES REPORT; --help explains" >&2; exit 2; }
for name in nasflow nasflow-tests nasflow-networks; do
  if ! [[ -x $1/$name ]]; then
    echo "on-a-gpu.sh: $1/$name is not there, or not executable: \`scripts/cuda/build-without-gpu.sh --pack\` makes it" >&2
    exit 2
  fi
done
mkdir -p "$2" || exit 2
bin=$(realpath "$1") report=$(realpath "$2")
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
export bin work NO_COLOR=1 python
unset NASFLOW_CACHE

# ---- the GPU, and the libraries that the loader does not know ------------------------------------------------------------------

# Folders that hold one of CUDA's libraries.
folders() {
  local file dir
  {
    ls -d /usr/local/nvidia/lib64 /usr/local/cuda*/lib64 /usr/local/cuda*/targets/x86_64-linux/lib 2> /dev/null
    "$python" -c 'import glob, sys
for p in sys.path:
    print(*sorted(glob.glob(p + "/nvidia/*/lib")), sep="\n")' 2> /dev/null
  } | while read -r dir; do
    for file in libcuda.so.1 libcublas.so.13 libcublas.so.12 libcublasLt.so.13 libcublasLt.so.12 libcurand.so.10; do
      [[ -e $dir/$file ]] && { echo "$dir"; break; }
    done
  done | awk '!seen[$0]++' | paste -sd :
}
export libraries_before=${LD_LIBRARY_PATH:-} libraries gpu='' device=cpu
libraries=$(folders)
[[ $libraries ]] && export LD_LIBRARY_PATH=$libraries${libraries_before:+:$libraries_before}
if [[ ! $without ]]; then
  if found=$("$bin/nasflow" doctor --device cuda 2>&1); then
    gpu=1 device=cuda:0
  else
    echo "there is no GPU that can be used here:"
    grep -i 'fault' <<< "$found" || tail -n 5 <<< "$found"
    echo "skipped: ${steps[*]}. --without-gpu runs them on the CPU, without operators"
    # Where there is a GPU, what is wrong with it is wanted.
    {
      printf '# nasflow on a GPU: none can be used\n\n```text\n'
      ! command -v nvidia-smi > /dev/null || nvidia-smi 2>&1
      printf 'libraries: %s\n%s\n```\n' "${libraries:-none found}" "$found"
    } | tee "$report/report.md"
    exit 3
  fi
else
  echo "without a GPU: everything on the CPU; skipped: operators (compares a GPU with the CPU)"
fi

# ---- the run --------------------------------------------------------------------------------------------------------------------

begun=$SECONDS
whole=${NASFLOW_GPU_SECONDS:-480}
declare -A limits=([machine]=30 [doctor]=60 [operators]=120 [trajectory]=100 [search]=60 [same-bits]=90 [proxies]=60 [kill]=100 [times]=170 [pipelines]=150)
table='' failures='' facts='' log=$report/log.txt
: > "$log"
for name in "${steps[@]}"; do
  left=$((whole - (SECONDS - begun)))
  limit=$((limits[$name] < left ? limits[$name] : left))
  start=$(seconds)
  if [[ $limit -lt 5 ]]; then
    said="skipped: no time left" status=77
  else
    said=$(timeout -k 5 "$limit" bash "$self" --step "$name" 2>&1 < /dev/null)
    status=$?
  fi
  case $status in
    0) result=ok ;;
    77) result=skipped ;;
    124 | 137) result="failed: over $limit s" ;;
    *) result=failed ;;
  esac
  took=$(since "$start")
  printf '\n==== %s: %s (status %s), %s\n%s\n' "$name" "$result" "$status" "$took" "$said" >> "$log"
  echo "---- $name: $result, $took"
  grep -E '^(= |failed: |skipped: )' <<< "$said"
  table+="| $name | $result | $took |"$'\n'
  facts+=$'\n'"## $name: $result"$'\n\n'"$(sed -nE 's/^(= |(failed: |skipped: ))/- \2/p' <<< "$said")"$'\n'
  if [[ $result == failed* ]]; then
    failures+=$'\n'"### The end of $name"$'\n\n```text\n'"$(tail -n 40 <<< "$said" | cut -c -400)"$'\n```\n'
    tail -n 25 <<< "$said" | cut -c -300
  fi
done
{
  if [[ $gpu ]]; then echo "# nasflow on a GPU"; else echo "# nasflow's GPU check, without a GPU"; fi
  printf '\n%s, %s s in all.\n\n' "$(date -u +%F)" "$((SECONDS - begun))"
  printf '| step | result | time |\n|---|---|---|\n%s' "$table"
  echo "$facts$failures"
} > "$report/report.md"
printf '\n| step | result | time |\n|---|---|---|\n%s' "$table"
echo "$((SECONDS - begun)) s in all; $report/report.md, $log"
[[ $table != *'| failed'* ]]
