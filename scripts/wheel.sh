#!/usr/bin/env bash
# Builds the wheel, installs it in a fresh environment, and works with it as a new user does: `nasflow init`, `run`, `show`, and `report` where this version has it.
#   scripts/wheel.sh [DIR [ARGUMENT...]]   DIR (target/wheels) takes the wheel; arguments go to `maturin build`
# Needs Python 3.8 or newer, maturin (`pip install maturin`), and what a build of nasflow needs. ZIG=1 links by zig (`pip install ziglang`) against an
# older glibc, so that the wheel serves older systems too (manylinux2014); TARGET=aarch64-unknown-linux-gnu with ZIG=1 builds for another processor and tries nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(realpath -m "${1:-target/wheels}")
python=${PYTHON:-python3}
maturin=${MATURIN:-maturin}
command -v "$maturin" > /dev/null || { echo "wheel.sh: maturin is needed: pip install maturin" >&2; exit 1; }

arguments=(--release --out "$out" --interpreter "$python")
[[ -z ${ZIG:-} ]] || arguments+=(--zig --compatibility manylinux2014)
[[ -z ${TARGET:-} ]] || arguments+=(--target "$TARGET")
"$maturin" build "${arguments[@]}" "${@:2}"
wheel=$(ls -t "$out"/nasflow-*.whl | head -n 1)
echo "--- $wheel: $(stat -c %s "$wheel") bytes"
[[ -z ${TARGET:-} ]] || exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$python" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-index "$wheel"
cd "$work"
export PATH=$work/venv/bin:$PATH
nasflow --version
nasflow init --help > /dev/null
cat > small.kdl << 'KDL'
pipeline "small"
data "shapes" generate=shapes images=24 image-size=64 { split train=0.5 val=0.5 }
space "tiny" {
    network width=0.125 {
        input "shapes"
        conv 64 stride=2 { kernel 3 5 }
        conv 128 kernel=3 stride=2
        conv 256 kernel=3 stride=2 as="out3"
        conv 512 kernel=3 stride=2 as="out4"
        conv 512 kernel=3 stride=2 as="out5"
        detect "out3" "out4" "out5" anchors=auto
    }
}
sample   "trials" { from "tiny"; strategy random; trials 2 }
train    "short"  { from "trials"; data "shapes" split=train; recipe yolov5-short; epochs 2 }
evaluate "score"  { from "short"; data "shapes" split=val; metrics map50 flops }
select   "best"   { from "score"; top 1 by=map50 }
KDL
nasflow run small.kdl
nasflow run small.kdl | grep 'nothing executed'
nasflow show small.kdl
if nasflow report --help > /dev/null 2>&1; then nasflow report small.kdl -o report.html && test -s report.html; fi
echo "the wheel works"
