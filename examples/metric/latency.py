"""The median time of one image with ONNX Runtime, in milliseconds. docs/language.md, "A metric of one's own", has the protocol."""

import json
import os
import statistics
import time
from pathlib import Path

import numpy
import onnxruntime

job = json.loads(Path(os.environ["NASFLOW_JOB"]).read_text())
network = job["network"]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = job["threads"]
session = onnxruntime.InferenceSession(network["onnx"], options, providers=["CPUExecutionProvider"])
image = numpy.full((1, network["channels"], network["image-size"], network["image-size"]), 0.5, numpy.float32)
inputs, times = {session.get_inputs()[0].name: image}, []
for _ in range(60):
    begun = time.perf_counter()
    session.run(None, inputs)
    times.append(1e3 * (time.perf_counter() - begun))
print(statistics.median(times[10:]))  # the last line is the value; the first runs are for warming up
