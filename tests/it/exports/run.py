"""Runs an exported model with its own runtime: run.py torch|onnx MODEL INPUT SHAPE OUTPUT. Floats come and go as raw f32."""
import ast
import importlib.util
import sys

import numpy as np

kind, model, source, shape, target = sys.argv[1:]
images = np.fromfile(source, "<f4").reshape([int(n) for n in shape.split(",")])


def onnx():
    import onnxruntime

    try:
        import onnx as package

        package.checker.check_model(package.load(model), full_check=True)
    except ImportError:
        pass
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    entries = session.get_modelmeta().custom_metadata_map
    names = ast.literal_eval(entries["names"])
    assert list(names) == list(range(len(names))), names
    assert [i.name for i in session.get_inputs()] == ["images"]
    assert entries["task"] == "classify" or int(entries["stride"]) in (4, 8, 16, 32)
    return [session.run(["output0"], {"images": images})[0]]


def torch():
    import torch

    spec = importlib.util.spec_from_file_location("exported", model)
    exported = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(exported)
    network = exported.load()
    assert not network.training
    with torch.no_grad():
        found = [network(torch.from_numpy(images))]
        network.model[-1].training = True  # the raw maps, with the statistics of evaluation
        raw = network(torch.from_numpy(images))
        if isinstance(raw, list):
            # As the head's convolutions give them: [batch, rows, columns, channels].
            found += [x.permute(0, 2, 3, 1, 4).flatten(3) for x in raw]
    # It can be trained: every weight has a gradient.
    network.train()
    out = network(torch.from_numpy(images))
    sum(x.square().mean() for x in (out if isinstance(out, list) else [out])).backward()
    missing = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert not missing, missing
    return [x.numpy() for x in found]


outputs = {"onnx": onnx, "torch": torch}[kind]()
np.concatenate([x.astype("<f4").ravel() for x in outputs]).tofile(target)
