#!/usr/bin/env bash
# Static libraries libcuda.a, libcublas.a, … for the linker, whose functions load the shared library at their first call
# (entry.S, load.c): a binary linked with them starts on machines without a driver.
#   scripts/cuda/lazy/build.sh CUDARC OUT      CUDARC: the source of the crate cudarc, whose externs are the functions
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cudarc=${1:?usage: build.sh CUDARC OUT} out=${2:?usage: build.sh CUDARC OUT}
[[ $(uname -m) == x86_64 ]] || { echo "lazy/build.sh: entry.S is for x86-64, not $(uname -m)" >&2; exit 1; }
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Module of cudarc, library, the error code of a missing one, files to try.
library() {
  local module=$1 name=$2 code=$3 files
  files=$(printf '"%s",' "${@:4}")
  grep -oP '^\s+fn \K(cu|nvrtc)\w+(?=\()' "$cudarc/src/$module/sys/mod.rs" | sort -u |
    awk '{ printf "F(%d, %s)\n", NR - 1, $1 }' > "$work/functions"
  [[ -s $work/functions ]] || { echo "lazy/build.sh: no externs in $cudarc/src/$module" >&2; exit 1; }
  local defines=(-DFUNCTIONS="\"$work/functions\"" -DSLOTS="lazy_slots_$name" -DADDRESS="lazy_address_$name")
  gcc -c "${defines[@]}" "$here/entry.S" -o "$work/entry.o"
  gcc -c -O2 -fPIC -Wall -Wextra -Werror "${defines[@]}" -DMISSING="$code" -DSONAMES="$files" "$here/load.c" -o "$work/load.o"
  rm -f "$out/lib$name.a"
  ar rcs "$out/lib$name.a" "$work/entry.o" "$work/load.o"
  echo "lib$name.a: $(wc -l < "$work/functions") functions"
}
library driver   cuda      34 libcuda.so.1                          # CUDA_ERROR_STUB_LIBRARY
library nvrtc    nvrtc     11 libnvrtc.so.13 libnvrtc.so.12         # NVRTC_ERROR_INTERNAL_ERROR
library curand   curand   101 libcurand.so.10                       # CURAND_STATUS_NOT_INITIALIZED
library cublas   cublas     1 libcublas.so.13 libcublas.so.12       # CUBLAS_STATUS_NOT_INITIALIZED
library cublaslt cublasLt   1 libcublasLt.so.13 libcublasLt.so.12   # CUBLAS_STATUS_NOT_INITIALIZED
