"""Training steps of the benches' networks in PyTorch on a GPU (or the CPU): what scripts/cuda/on-a-gpu.sh puts beside nasflow's.

pytorch_steps.py --networks BINARY [--device cuda] [--seconds 2] NAME…    BINARY: the bench `networks`, which describes NAME
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benches"))

import torch

import pytorch_networks
import pytorch_worker

# Name, layout, TF32 in convolutions (PyTorch's default), the type of autocast. nasflow computes in float32 alone.
SIDES = [
    ("float32 nchw", "nchw", False, None),
    ("float32 channels_last", "channels_last", False, None),
    ("tf32 channels_last", "channels_last", True, None),
    ("bf16 channels_last", "channels_last", True, torch.bfloat16),
]


def on_device(device):
    """Lets the detection loss make its tensors on the device (not the whole step: that would slow every operator a little)."""
    evaluate = pytorch_networks.DetectionLoss.__call__

    def there(*arguments):
        with torch.device(device):
            return evaluate(*arguments)

    pytorch_networks.DetectionLoss.__call__ = there


def measure(workload, layout, tf32, autocast, device, seconds):
    """Milliseconds of each step; every step ends with its loss on the host."""
    torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.manual_seed(0)
    with torch.device(device):
        step, _ = pytorch_worker.build(layout, workload, os.cpu_count())
    times, begun = [], None
    with torch.autocast(device, dtype=autocast, enabled=autocast is not None):
        while begun is None or time.perf_counter() - begun < seconds:
            start = time.perf_counter()
            step()
            if device == "cuda":
                torch.cuda.synchronize()
            times.append((time.perf_counter() - start) * 1e3)
            if begun is None and len(times) >= 10:
                begun, times = time.perf_counter(), []
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", required=True)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("names", nargs="+")
    options = parser.parse_args()
    on_device(options.device)
    sides = SIDES if options.device == "cuda" else SIDES[:1]
    failed = False
    for name in options.names:
        workload = json.loads(subprocess.run([options.networks, "describe", name], check=True, capture_output=True).stdout)
        for side, layout, tf32, autocast in sides:
            try:
                times = measure(workload, layout, tf32, autocast, options.device, options.seconds)
                median = statistics.median(times)
                rate = workload["batch"] / median * 1e3
                print(f"= PyTorch {options.device} {name}, {side}: {median:.2f} ms, {rate:.0f} images/s", flush=True)
            except Exception as error:  # another side can still be measured
                print(f"= PyTorch {options.device} {name}, {side}: {type(error).__name__}: {str(error)[:200]}", flush=True)
                failed = True
    return failed


if __name__ == "__main__":
    sys.exit(main())
