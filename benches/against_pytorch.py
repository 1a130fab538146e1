"""Runs this project's networks and PyTorch's in turn and prints both. Started by benches/against-pytorch.sh, which has the help."""

import argparse
import json
import os
import platform
import subprocess
import sys
import time

for pool in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.pop(pool, None)
os.environ["OPENBLAS_NUM_THREADS"] = "1"  # numpy's, which nothing here uses

import torch  # noqa: E402  (before the forks: they start at once)

import pytorch_worker  # noqa: E402

WORKLOADS = ["yolov5n-64", "yolov5n-160", "yolov5n", "yolov5s", "mobilenet", "nasbench201", "yolov5n-640"]
LARGE = ["yolov5s-640"]  # only where it is asked for: a step takes seconds
# Searches train small images side by side, one thread each.
SMALL = ["yolov5n-64", "yolov5n-160"]
NAMES = {"ours": "nasflow", "candle": "nasflow, candle", "nchw": "PyTorch NCHW", "channels_last": "PyTorch channels_last", "compile": "torch.compile", "onnxruntime": "onnxruntime"}


class Side:
    """A process that runs one workload when it is told to."""

    running = []

    def __init__(self, name, workload, threads, options):
        self.name, self.ms, self.error, self.peak, self.start, self.value = name, [], None, 0, 0, None
        self.phases = {}
        if name in ("ours", "candle"):
            threads = str(threads)
            env = dict(os.environ, RAYON_NUM_THREADS=threads, CANDLE_NUM_THREADS=threads)
            executor = "fast" if name == "ours" else "reference"
            command = [options.bench, "serve", workload["name"], "--threads", threads, "--executor", executor, "--clock", options.clock]
            p = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
            self.pid, self.to, self.back, self.process = p.pid, p.stdin, p.stdout, p
        else:
            self.pid, self.to, self.back = pytorch_worker.fork(name, workload, threads, options.clock, [f for s in Side.running for f in (s.to, s.back)])
            self.process = None
        Side.running.append(self)
        self.about = self.hear()

    def hear(self):
        line = self.back.readline()
        said = json.loads(line) if line else {"error": "ended without an answer"}
        self.error = said.get("error", self.error)
        return said

    def ask(self, line):
        if self.error:
            return {}
        try:
            print(line, file=self.to, flush=True)
            return self.hear()
        except BrokenPipeError:
            self.error = "ended early"
            return {}

    def run(self, seconds, least=1, keep=True):
        said = self.ask(f"run {seconds} {least}")
        if keep:
            self.ms += said.get("ms", [])
        self.value = said.get("value", self.value)
        return said.get("ms", [])

    def end(self):
        said = self.ask("end")
        self.peak, self.start, self.phases = said.get("peak", 0), said.get("start", 0), said.get("phases", {})
        self.stop()

    def stop(self):
        Side.running.remove(self)
        for pipe in (self.to, self.back):
            try:
                pipe.close()
            except BrokenPipeError:
                pass
        if self.process:
            self.process.wait()
        else:
            os.waitpid(self.pid, 0)


def quantile(values, q):
    values = sorted(values)
    place = q * (len(values) - 1)
    low = int(place)
    return values[low] + (values[min(low + 1, len(values) - 1)] - values[low]) * (place - low)


def matrix_rate(threads, options):
    """GFLOP/s at best of a product of two 2048 × 2048 matrices, by ours (or candle's, if faster) and by PyTorch."""
    sides = [Side(s, {"name": "matrix"}, threads, options) for s in ("ours", "nchw")]
    for s in sides:
        s.run(0, 2, keep=False)
    for _ in range(2 if options.quick else 4):
        for s in sides:
            s.run(0.3, 2)
    rates = {}
    for s in sides:
        s.end()
        if s.ms:
            # The scheduler's account is some milliseconds late, so its least is not the best.
            ms = quantile(s.ms, 0.5) if options.clock == "cpu" else min(s.ms)
            rates[s.name] = 2 * 2048**3 / ms / 1e6
        else:
            print(f"matrix product of {s.name}: {s.error}", file=sys.stderr)
    if not rates:
        sys.exit("no matrix product could be measured")
    return rates


def sides_of(workload, options):
    sides = ["ours", "nchw", "channels_last"]
    if workload["task"] == "infer":
        sides.append("onnxruntime")
    if options.compile:
        sides.append("compile")
    if options.candle:
        sides.append("candle")
    return sides


def measure(name, threads, options):
    """(workload, sides) of one workload with so many threads, measured in rounds."""
    workload = json.loads(subprocess.run([options.bench, "describe", name], check=True, capture_output=True, text=True).stdout)
    begin = time.monotonic()
    sides = []
    for side in sides_of(workload, options):
        s = Side(side, workload, threads, options)
        sides.append(s)
        if "params" in s.about and (s.about["params"], s.about["macs"]) != (workload["params"], workload["macs"]):
            found = f"{s.about['params']} parameters and {s.about['macs']} multiply-adds"
            sys.exit(f"{name}: PyTorch's network has {found}, ours {workload['params']} and {workload['macs']}")
        at = time.monotonic()
        s.run(0, 1 if options.quick or side == "candle" else 3, keep=False)
        if side == "compile" and not s.error:
            print(f"{name}: torch.compile took {time.monotonic() - at:.0f} s before the first step was done", file=sys.stderr)
    for r in range(options.rounds):
        if options.quick and r >= 2 and time.monotonic() - begin > options.budget:
            break
        for s in sides:
            # The reference executor takes many times as long: once is enough to see it.
            if s.name != "candle" or r == 0:
                s.run(options.seconds)
    for s in sides:
        s.end()
    return workload, sides


def report(workload, sides, threads, rates, options):
    top = max(rates.values())
    name = workload["name"]
    if name in SMALL and not options.threads:
        name = f"{name}/{threads}"
    task = {"detect": "training step with the detection loss", "classify": "training step", "infer": "inference, batch norm folded"}[workload["task"]]
    shape = f"{workload['batch']}×3×{workload['size']}²"
    print(f"\n{name}: {task}, {shape}, {threads} thread{'s'[: threads > 1]}; {workload['params']:,} parameters, {workload['macs'] / 1e6:,.0f} M multiply-adds an image")
    print(f"  {'':<22} {'images/s':>8} {'ms':>8} {'quartiles':>17} {'best':>8} {'steps':>5} {'GFLOP/s':>8} {'of matrix':>9} {'peak MB':>8} {'at start':>8}")
    medians = {}
    for s in sides:
        if s.error or not s.ms:
            print(f"  {NAMES[s.name]:<22} failed: {s.error}")
            continue
        low, ms, high = (quantile(s.ms, q) for q in (0.25, 0.5, 0.75))
        medians[s.name] = ms
        gflops = workload["flops"] / ms / 1e6
        print(
            f"  {NAMES[s.name]:<22} {workload['batch'] / ms * 1e3:>8.1f} {ms:>8.1f} {low:>8.1f} {high:>8.1f} {len(s.ms):>5} "
            f"{gflops:>8.1f} {gflops / top:>8.0%} {s.peak >> 20:>9} {s.start >> 20:>8}"
        )
        if s.phases:
            print(f"  {'':<22} {', '.join(f'{name} {ms:.1f} ms' for name, ms in s.phases.items())}")
    eager = [medians[s] for s in ("nchw", "channels_last") if s in medians]
    if "ours" not in medians or not eager:
        print(f"ratio {name} none")
        return None
    ratio = min(eager) / medians["ours"]
    print(f"ratio {name} {ratio:.2f}", flush=True)
    return {
        "name": name,
        "threads": threads,
        "matrix": rates,
        "ratio": ratio,
        "flops": workload["flops"],
        "sides": {s.name: {"ms": s.ms, "peak": s.peak, "start": s.start, "error": s.error} for s in sides},
    }


def processor():
    try:
        with open("/proc/cpuinfo") as f:
            return next(line.split(":", 1)[1].strip() for line in f if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bench", required=True, help="the built `networks` bench")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", action="append", choices=WORKLOADS + LARGE)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--no-compile", dest="compile", action="store_false")
    parser.add_argument("--no-candle", dest="candle", action="store_false")
    parser.add_argument("--json")
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall")
    options = parser.parse_args()
    if options.clock == "cpu" and options.threads != 1:
        parser.error("--clock cpu needs --threads 1: the time of several threads is not how long they took")
    if options.quick:
        options.compile = options.candle = False
    options.rounds = options.rounds or (3 if options.quick else 6)
    options.seconds = options.seconds if options.seconds is not None else (0.3 if options.quick else 2.0)
    names = options.only or WORKLOADS
    runs = [(name, t) for name in names for t in ([options.threads] if options.threads else [1, 2] if name in SMALL else [2])]
    # A workload that runs past its share stops after two rounds.
    options.budget = 42 / len(runs)

    load = os.getloadavg()[0]
    print(f"{processor()}, {os.cpu_count()} processors, load {load:.1f}; PyTorch {torch.__version__}")
    if options.clock == "cpu":
        print("times are those that each process ran, not those of the clock on the wall")
    elif load > 0.5:
        print("other work runs on this machine: times below are not the machine's (threads that wait for each other suffer most)")
    rates = {}
    for threads in sorted({t for _, t in runs}):
        rates[threads] = matrix_rate(threads, options)
        found = ", ".join(f"{'nasflow or candle' if s == 'ours' else 'PyTorch'} {r:.0f} GFLOP/s" for s, r in rates[threads].items())
        print(f"matrix product 2048³, {threads} thread{'s'[: threads > 1]}: {found}")
    results = [report(*measure(name, t, options), t, rates[t], options) for name, t in runs]
    if options.json:
        with open(options.json, "w") as f:
            json.dump({"processor": processor(), "torch": torch.__version__, "results": results}, f)
    if any(r is None for r in results):
        sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    finally:
        for side in list(Side.running):
            side.stop()
