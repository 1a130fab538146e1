#!/usr/bin/env bash
# A CUDA 13.0 toolkit that can compile candle's kernels and link them, from NVIDIA's packages on PyPI: no root, no GPU.
#   scripts/cuda/toolkit.sh DIR      makes DIR/venv, and DIR/home, which is a CUDA_HOME
# 13.0 and not newer: driver 580 and later of that branch read its PTX.
set -euo pipefail
at=$(realpath -m "${1:?usage: toolkit.sh DIR}")
packages=(
  nvidia-cuda-nvcc==13.0.88 nvidia-nvvm==13.0.88 nvidia-cuda-crt==13.0.88   # the compiler
  nvidia-cuda-runtime==13.0.96 nvidia-cuda-cccl==13.0.85                    # headers, libcudart_static.a
  nvidia-curand==10.4.0.35                                                  # curand_kernel.h
)
if [[ ! -x $at/home/bin/nvcc ]]; then
  mkdir -p "$at"
  python3 -m venv "$at/venv"
  "$at/venv/bin/pip" install --quiet --no-deps --disable-pip-version-check "${packages[@]}"
  tree=$("$at/venv/bin/python" -c 'import glob, sys; print(*glob.glob(sys.prefix + "/lib/python3*/site-packages/nvidia/cu13"))')
  [[ -x $tree/bin/nvcc ]] || { echo "toolkit.sh: the packages left no nvcc under $tree" >&2; exit 1; }
  ln -sfn lib "$tree/lib64"
  ln -sfn "$tree" "$at/home"
fi
"$at/home/bin/nvcc" --version | sed -n 's/.*release/nvcc: release/p'
