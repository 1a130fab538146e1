"""Predictors without training, computed by PyTorch in float64 from their definitions, for tests/it/proxies.rs, which writes the networks.

    UPDATE_PROXIES=1 cargo test --test it proxies        (runs this script, and stores what it says in tests/reference/proxies.json)

    python scripts/reference_proxies.py FOLDER OUT.json

FOLDER has a folder for each network: model.py and model.safetensors, as `nasflow export --format pytorch` writes them, and
case.safetensors with the batch, its truth, and the noise and the normal weights of zen. Definitions: NASLib's
(naslib/predictors/pruners/measures, Apache 2.0; written anew here) and those of the papers that src/evaluate/proxies names.
"""

import importlib.util
import json
import math
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).resolve().parent))
import reference_yolov5  # noqa: E402

SWITCHES = (nn.ReLU, nn.LeakyReLU, nn.SiLU, nn.Hardswish)
GAINS = {"box": 0.05, "obj": 1.0, "cls": 0.5}


def network(folder):
    """A fresh copy with its weights, in float64 and training mode."""
    spec = importlib.util.spec_from_file_location(f"model_{folder.name}", folder / "model.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    model = module.Network()
    model.load_state_dict(load_file(folder / "model.safetensors"))
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.eps, m.momentum = 1e-3, 1.0
    return model.double().train()


def weighted(model):
    return [m for m in model.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]


def outputs(model, x):
    y = model(x)
    return list(y) if isinstance(y, (list, tuple)) else [y]


def synflow(model, case):
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.BatchNorm2d):
                setattr(parent, name, nn.Identity())
    with torch.no_grad():
        for p in model.parameters():
            p.abs_()
    sum(y.sum() for y in outputs(model, torch.ones_like(case["images"][:1]))).backward()
    return math.log(sum(float((m.weight * m.weight.grad).abs().sum()) for m in weighted(model)))


def backward(model, case):
    found = outputs(model, case["images"])
    if len(found) == 1:
        F.cross_entropy(found[0], case["labels"].long()).backward()
        return
    # The anchors and strides of the network itself.
    head = next(m for m in model.modules() if type(m).__name__ == "Detect")
    reference_yolov5.STRIDES = head.strides
    reference_yolov5.ANCHORS = [(a * s).tolist() for a, s in zip(head.anchors, head.strides)]
    classes, size = found[0].shape[-1] - 5, case["images"].shape[-1]
    gains = reference_yolov5.scaled(GAINS, classes, size, True)
    reference_yolov5.detection_loss(found, case["boxes"], gains)[0].backward()


def snip(model, case):
    backward(model, case)
    return sum(float((m.weight * m.weight.grad).abs().sum()) for m in weighted(model))


def grad_norm(model, case):
    backward(model, case)
    return sum(float(m.weight.grad.norm()) for m in weighted(model))


def jacov(model, case):
    x = case["images"].clone().requires_grad_()
    sum(y.sum() for y in outputs(model, x)).backward()
    v = np.linalg.eigvalsh(np.corrcoef(x.grad.flatten(1).numpy()))
    return -float(np.sum(np.log(v + 1e-5) + 1 / (v + 1e-5)))


def naswot(model, case):
    n = len(case["images"])
    kernel = np.zeros((n, n))

    def see(x):
        nonlocal kernel
        x = (x.detach().reshape(n, -1) > 0).double().numpy()
        kernel = kernel + x @ x.T + (1 - x) @ (1 - x).T

    for m in model.modules():
        if isinstance(m, SWITCHES):
            m.register_forward_pre_hook(lambda _, inputs: see(inputs[0]))
        # Its ReLU is a function.
        if type(m).__name__ == "SqueezeExcite":
            m.fc1.register_forward_hook(lambda _, __, y: see(y))
    outputs(model, case["images"])
    return float(np.linalg.slogdet(kernel)[1])


def features(model, x):
    """The maps that the head reads."""
    maps = []
    last = {"GlobalPool": [], "Linear": []}
    hooks = []
    for m in model.model:
        kind = type(m).__name__
        if kind == "Detect":
            hooks.append(m.register_forward_pre_hook(lambda _, inputs: maps.extend(inputs[0])))
        elif kind in last:
            hooks.append(m.register_forward_pre_hook(lambda _, inputs, kind=kind: last[kind].append(inputs[0])))
    model(x)
    for hook in hooks:
        hook.remove()
    return maps or (last["GlobalPool"] or last["Linear"])[-1:]


def zen(model, case):
    with torch.no_grad():
        for name, p in model.named_parameters():
            normal = case.get(f"zen.{name}")
            if normal is not None:
                p.copy_(normal.view_as(p))
            elif name.endswith("bias"):
                p.zero_()
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    before = features(model, case["x"])
    variances = [float(m.running_var.mean()) for m in norms]
    deviations = [0.5 * math.log(v) if v else 0.0 for v in variances]
    # The norms on the way to a level are those whose scale it depends on.
    way = [torch.autograd.grad(f.square().sum(), [m.weight for m in norms], allow_unused=True, retain_graph=True) for f in before]
    with torch.no_grad():
        # As nasflow mixes them: in float32.
        after = features(model, (case["x"].float() + np.float32(0.01) * case["e"].float()).double())
    scores = []
    for f, g, grads in zip(before, after, way):
        distance = float((f - g).abs().sum()) / len(f)
        scores.append(math.log(distance) + sum(d for d, grad in zip(deviations, grads) if grad is not None))
    return sum(scores) / len(scores)


def entropy(model, case):
    """Variances instead of values: a convolution multiplies the mean over its input's channels by its fan."""
    conv = nn.Conv2d.forward
    plain = (nn.BatchNorm2d, nn.Hardsigmoid, *SWITCHES)
    saved = {kind: kind.forward for kind in (nn.Conv2d, nn.MaxPool2d, *plain)}
    levels = []

    def spread(self, x):
        shape = conv(self, torch.zeros_like(x)).shape
        variance = x.mean((1, 2, 3), keepdim=True) * self.weight[0].numel()
        return variance.expand(shape).clone()

    nn.Conv2d.forward = spread
    for kind in plain:
        kind.forward = lambda self, x: x
    for kind in [type(m) for m in model.modules() if type(m).__name__ == "SqueezeExcite"]:
        saved.setdefault(kind, kind.forward)
        kind.forward = lambda self, x: x
    detector = any(type(m).__name__ == "Detect" for m in model.modules())
    for i, m in enumerate(model.model):
        if type(m).__name__ not in ("Detect", "GlobalPool", "Linear"):
            m.register_forward_hook(lambda _, __, y, i=i: levels.append((i, y)))
    try:
        with torch.no_grad():
            model(torch.ones_like(case["images"][:1]))
    finally:
        for kind, forward in saved.items():
            kind.forward = forward
    if detector:
        # YOLOv5n's backbone and the convolution behind it: what no upsampling leads to.
        chosen = [y for i, y in levels if i in (4, 6, 10)]
    else:
        chosen = list({y.shape[2:]: y for _, y in levels}.values())[-5:]
    scores = [math.log(y[0].numel()) * math.log(float(y.mean())) for y in chosen]
    return sum(scores[:-1]) + (6 if detector else 8) * scores[-1]


PROXIES = {"synflow": synflow, "snip": snip, "grad-norm": grad_norm, "jacov": jacov, "naswot": naswot, "zen": zen, "entropy": entropy}


def main():
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    values = {}
    for at in sorted(p for p in folder.iterdir() if p.is_dir()):
        case = {name: tensor.double() for name, tensor in load_file(at / "case.safetensors").items()}
        values[at.name] = {name: measure(network(at), case) for name, measure in PROXIES.items()}
    out.write_text(json.dumps(values, indent=1) + "\n")


main()
