#!/usr/bin/env bash
# Builds nasflow with CUDA on a machine that has neither a GPU nor a CUDA toolkit, and shows that the binary starts, says what is
# missing, and computes on the CPU. The binary needs no CUDA library to start; on a machine with an NVIDIA driver and CUDA's
# libraries (libcublas, libcurand) it finds them when a device is opened.
#   scripts/cuda/build-without-gpu.sh [--tests | --pack] [DIR]
# DIR (target/cuda) takes toolkit (425 MB), libraries and build. --tests runs all tests in that build. --pack makes DIR/check.tar.gz
# with all that scripts/cuda/on-a-gpu.sh needs on a machine with a GPU (at most 60 MiB): copy it there and run
#   tar xzf check.tar.gz && bash check/scripts/cuda/on-a-gpu.sh check/bin report
# CUDA_COMPUTE_CAP names the oldest devices that are to run it (80: A100 and newer). Needs bash, python3 with venv and pip, gcc and
# g++ on x86-64 Linux.
set -euo pipefail
cd "$(dirname "$0")/../.."
tests='' pack=''
[[ ${1:-} == --tests ]] && tests=1 && shift
[[ ${1:-} == --pack ]] && pack=1 && shift
at=$(realpath -m "${1:-target/cuda}")
for tool in cargo python3 gcc g++ ar; do
  command -v "$tool" > /dev/null || { echo "build-without-gpu.sh: $tool is needed and not there" >&2; exit 1; }
done

scripts/cuda/toolkit.sh "$at/toolkit"
cudarc=$(cargo metadata --locked --features cuda --format-version 1 | python3 -c '
import json, os, sys
packages = json.load(sys.stdin)["packages"]
print(*(os.path.dirname(p["manifest_path"]) for p in packages if p["name"] == "cudarc"))')
scripts/cuda/lazy/build.sh "$cudarc" "$at/lazy"
scripts/cuda/lazy/check.sh "$at/lazy"
# What candle's own objects would need of the runtime library is linked in.
ln -sfn "$at/toolkit/home/lib/libcudart_static.a" "$at/lazy/libcudart.a"

export CUDA_HOME=$at/toolkit/home CUDA_PATH=$at/toolkit/home
export PATH=$CUDA_HOME/bin:$PATH NVCC=$PWD/scripts/cuda/nvcc-lean CUDA_COMPUTE_CAP=${CUDA_COMPUTE_CAP:-80}
# The linker finds the lazy libraries here, after the toolkit's folder, which has none of these names.
export LIBRARY_PATH=$at/lazy${LIBRARY_PATH:+:$LIBRARY_PATH} CARGO_TARGET_DIR=$at/build
cargo build --release --locked --features cuda
nasflow=$at/build/release/nasflow

echo "--- libraries that the binary needs to start"
ldd "$nasflow"
if ldd "$nasflow" | grep -E 'libcu|libnv|not found'; then
  echo "build-without-gpu.sh: the binary needs CUDA to start" >&2
  exit 1
fi
echo "--- nasflow doctor"
"$nasflow" doctor
if ! [[ -e /dev/nvidiactl ]]; then
  echo "--- nasflow doctor --device cuda"
  ! "$nasflow" doctor --device cuda || { echo "build-without-gpu.sh: no GPU, but --device cuda is no error" >&2; exit 1; }
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  echo "--- nasflow run pipelines/reproducible.kdl --smoke"
  "$nasflow" run pipelines/reproducible.kdl --smoke --cache "$work/cache"
fi
if [[ $pack ]]; then
  # The path of what cargo built of a name is in its messages.
  built() {
    cargo "${@:2}" --release --locked --features cuda --message-format=json | python3 -c '
import json, sys
for m in map(json.loads, sys.stdin):
    if m.get("executable") and m["target"]["name"] == sys.argv[1]:
        print(m["executable"])' "$1"
  }
  check=$at/check
  rm -rf "$check"
  mkdir -p "$check/bin"
  strip -o "$check/bin/nasflow" "$nasflow"
  strip -o "$check/bin/nasflow-tests" "$(built nasflow test --lib --no-run)"
  strip -o "$check/bin/nasflow-networks" "$(built networks build --bench networks)"
  cp --parents scripts/cuda/on-a-gpu.sh scripts/cuda/pytorch_steps.py benches/pytorch_*.py "$check"
  cp -r pipelines "$check"
  tar czf "$check.tar.gz" -C "$at" check
  size=$(du -m "$check.tar.gz" | cut -f 1)
  [[ $size -le 60 ]] || { echo "build-without-gpu.sh: $check.tar.gz has $size MiB, over 60" >&2; exit 1; }
  echo "--- $check.tar.gz: $size MiB"
fi
[[ -z $tests ]] || cargo test --release --workspace --locked --features cuda
