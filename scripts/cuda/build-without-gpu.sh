#!/usr/bin/env bash
# Builds nasflow with CUDA on a machine that has neither a GPU nor a CUDA toolkit, and shows that the binary starts, says what is
# missing, and computes on the CPU. The binary needs no CUDA library to start; on a machine with an NVIDIA driver and CUDA's
# libraries (libcublas, libcurand) it finds them when a device is opened.
#   scripts/cuda/build-without-gpu.sh [--tests] [DIR]
# DIR (target/cuda) takes toolkit (425 MB), libraries and build. --tests runs all tests in that build. CUDA_COMPUTE_CAP names the
# oldest devices that are to run it (80: A100 and newer). Needs bash, python3 with venv and pip, gcc and g++ on x86-64 Linux.
set -euo pipefail
cd "$(dirname "$0")/../.."
tests=''
[[ ${1:-} == --tests ]] && tests=1 && shift
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
[[ -z $tests ]] || cargo test --release --workspace --locked --features cuda
