#!/bin/sh
# Builds the bench `networks`, finds or makes a Python with PyTorch, and runs both in turn.
set -eu

help() {
    cat <<'TEXT'
benches/against-pytorch.sh [options]

Runs whole networks with nasflow and with PyTorch in turn, in one run: same network, batch and threads. Each side of each
workload is a process of its own; rounds are interleaved, so that drift of the machine meets both. PyTorch runs eagerly in NCHW
and in channels_last, and as torch.compile; inference in onnxruntime too; nasflow's reference executor (candle) is a row.

A step of small images is measured with one thread and with two: `yolov5n-64/1`, `yolov5n-64/2`.

Printed for each: images a second, ms a step (median, quartiles, best), GFLOP/s (two a multiply-add, three passes where it trains)
and their share of a large matrix product's, the process's peak memory and what it held at its start, and
    ratio NAME VALUE    nasflow's speed over PyTorch's faster eager layout; above 1 is faster

  --quick          without torch.compile and candle, few rounds: within 70 s once nasflow is built
  --only NAME      one workload (may be repeated): yolov5n-64 yolov5n-160 yolov5n yolov5s mobilenet nasbench201 yolov5n-640,
                   and yolov5s-640, which no run has without it
  --threads N      threads of every side [2; yolov5n-64 and yolov5n-160: 1 and 2]
  --rounds N       interleaved rounds [6; quick: 3]
  --seconds S      seconds of each side in each round, at least one step [2; quick: 0.3]
  --no-compile     without torch.compile (its compilation takes minutes)
  --no-candle      without the reference executor
  --clock cpu      with --threads 1: times that each process ran, for a machine that other work uses too
  --json FILE      writes all times there
  --help           this

NASFLOW_PYTHON     a Python that has torch (and onnx, onnxruntime); without it, one is made in target/pytorch by pip
NASFLOW_BENCH      a built `networks` bench, which is then not built here
TEXT
}

for argument in "$@"; do
    case $argument in
    --help | -h)
        help
        exit 0
        ;;
    --quick | --only | --only=* | --threads | --threads=* | --rounds | --rounds=* | --seconds | --seconds=* | --clock | --clock=* | \
        --json | --json=* | --no-compile | --no-candle) ;;
    --*)
        echo "\`$argument\` is no option; --help lists them" >&2
        exit 2
        ;;
    esac
done

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname -- "$here")
python=${NASFLOW_PYTHON:-}
if [ -z "$python" ]; then
    environment=${CARGO_TARGET_DIR:-$root/target}/pytorch
    python=$environment/bin/python
    if ! "$python" -c 'import torch, onnx, onnxruntime' 2>/dev/null; then
        echo "installing PyTorch into $environment" >&2
        python3 -m venv "$environment"
        "$python" -m pip install --quiet torch numpy onnx onnxruntime setuptools
    fi
elif ! "$python" -c 'import torch' 2>/dev/null; then
    echo "NASFLOW_PYTHON=$python cannot import torch" >&2
    exit 2
fi

bench=${NASFLOW_BENCH:-}
if [ -z "$bench" ]; then
    # The path of the built bench is in cargo's messages.
    bench=$(cd "$root" && cargo bench --quiet --bench networks --no-run --message-format=json |
        sed -n 's/.*"name":"networks".*"executable":"\([^"]*\)".*/\1/p' | tail -n 1)
    if [ -z "$bench" ]; then
        echo "the bench \`networks\` was not built" >&2
        exit 2
    fi
fi
exec "$python" "$here/against_pytorch.py" --bench "$bench" "$@"
