"""Writes tests/reference/trajectory.json, loss.json, optimizer.json and operators.json: what PyTorch computes, for nasflow's tests.

    python scripts/trajectory.py          (PyTorch 2, CPU; minutes)

Inputs and weights follow from a formula (reference_formula.py); stored are results alone. Trajectories run in float64, so the
file does not depend on the machine; `float32` in it is how far PyTorch's own float32 run strays from it. Learning rates are low
because training amplifies rounding: SGD at .01 strays by 8e-4 within 20 iterations, AdamW at .002 by 3e-2.
"""

import json
import math
from pathlib import Path

import numpy as np
import torch

from reference_formula import symmetric, targets, uniform
from reference_operators import operators
from reference_yolov5 import STRIDES, Yolov5n, detection_loss, initialise, scaled

OUT = Path(__file__).resolve().parent.parent / "tests" / "reference"
SIZE, CLASSES, BATCH, PER_EPOCH, ITERATIONS = 64, 3, 4, 10, 20
GAINS = {"box": 0.05, "obj": 1.0, "cls": 0.5}
COMMON = dict(final_lr=0.01, over=2, warmup=0.5, weight_decay=0.05, clip_norm=10.0, ema=0.9999, bn_momentum=0.03, bn_eps=1e-3)
RECIPES = {
    "sgd": dict(COMMON, lr=0.003, momentum=0.937, warmup_momentum=0.8, warmup_bias_lr=0.1, nominal_batch=8, obj_by_size=False),
    "adamw": dict(COMMON | {"weight_decay": 0.5}, lr=0.0002, momentum=0.9, warmup_momentum=0.8, warmup_bias_lr=0.01, nominal_batch=0, obj_by_size=True),
}
WATCHED = ["model.0.conv.weight", "model.0.bn.running_mean", "model.6.m.2.cv2.bn.weight", "model.9.cv2.conv.weight",
           "model.13.cv3.bn.running_var", "model.24.m.0.bias", "model.24.m.2.weight"]  # fmt: skip


def trajectory(kind, recipe, dtype):
    torch.set_default_dtype(torch.float32)
    net = Yolov5n(CLASSES)
    initialise(net)
    net = net.to(dtype).train()
    groups = [[], [], []]  # biases, decayed weights, batch norm's weights
    for name, p in net.named_parameters():
        groups[0 if name.endswith("bias") else 2 if ".bn." in name else 1].append(p)
    nominal = recipe["nominal_batch"]
    final_accumulate = max(round(nominal / BATCH), 1) if nominal else 1
    decay = recipe["weight_decay"] * (BATCH * final_accumulate / nominal if nominal else 1)
    if kind == "sgd":
        opt = torch.optim.SGD(groups[0], lr=recipe["lr"], momentum=recipe["momentum"], nesterov=True)
    else:
        opt = torch.optim.AdamW(groups[0], lr=recipe["lr"], betas=(recipe["momentum"], 0.999), weight_decay=0.0)
    opt.add_param_group({"params": groups[1], "weight_decay": decay})
    opt.add_param_group({"params": groups[2], "weight_decay": 0.0})
    state = lambda: {k: v for k, v in net.state_dict().items() if v.dtype.is_floating_point}
    ema, updates = {k: v.clone() for k, v in state().items()}, 0
    gains = scaled(GAINS, CLASSES, SIZE, recipe["obj_by_size"])
    factor = lambda e: (1 - e / recipe["over"]) * (1 - recipe["final_lr"]) + recipe["final_lr"]
    warmup, last_step, accumulate, losses = round(recipe["warmup"] * PER_EPOCH), -1, final_accumulate, []
    for ni in range(ITERATIONS):
        epoch = ni // PER_EPOCH
        if ni % PER_EPOCH == 0:
            opt.zero_grad()
        for j, group in enumerate(opt.param_groups):
            target = recipe["lr"] * factor(epoch)
            group["lr"] = target
            if ni <= warmup:
                group["lr"] = np.interp(ni, [0, warmup], [recipe["warmup_bias_lr"] if j == 0 else 0.0, target])
                if "momentum" in group:
                    group["momentum"] = np.interp(ni, [0, warmup], [recipe["warmup_momentum"], recipe["momentum"]])
        if ni <= warmup and nominal:
            accumulate = max(1, int(np.interp(ni, [0, warmup], [1, nominal / BATCH]).round()))
        pixels = uniform(f"image:{ni}", BATCH * SIZE * SIZE * 3).reshape(BATCH, SIZE, SIZE, 3)
        images = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous().to(dtype)
        total, parts = detection_loss(net(images), torch.from_numpy(targets(f"boxes:{ni}", BATCH, CLASSES)), gains)
        losses.append([x.item() for x in (*parts, total)])
        total.backward()
        if ni - last_step >= accumulate:
            torch.nn.utils.clip_grad_norm_(net.parameters(), recipe["clip_norm"])
            opt.step()
            opt.zero_grad()
            updates += 1
            d = recipe["ema"] * (1 - math.exp(-updates / 2000))
            for k, v in state().items():
                ema[k] = ema[k] * d + (1 - d) * v
            last_step = ni
    probe = lambda t: [float(t.double().norm()), *map(float, t.flatten()[:4])]
    weights = {k: {"params": probe(state()[k]), "ema": probe(ema[k])} for k in WATCHED}
    return {"losses": losses, "steps": updates, "weights": weights}


def trajectories():
    out = {"size": SIZE, "classes": CLASSES, "batch": BATCH, "per_epoch": PER_EPOCH, "gains": GAINS, "runs": {}}
    for kind, recipe in RECIPES.items():
        run, single = trajectory(kind, recipe, torch.float64), trajectory(kind, recipe, torch.float32)
        a, b = np.array(run["losses"]), np.array(single["losses"])
        run["float32"] = float((np.abs(a - b) / np.abs(a)).max())
        out["runs"][kind] = {"recipe": recipe, **run}
        print(kind, "total per iteration", [round(x[3], 4) for x in run["losses"]], "float32 strays by", run["float32"])
    return out


def losses():
    """Random logits; the gradient of the last level in full, of the others a projection on uniform(gradient:case:level)."""
    cases = {
        "random": (2, 3, 64, targets("boxes:loss", 2, 3)),
        "one class": (2, 1, 64, targets("boxes:one", 2, 1)),
        "no objects": (1, 2, 64, np.zeros((0, 6), np.float32)),
        "edges": (1, 2, 64, np.array([[0, 0, 0.5, 0.25, 0.3, 0.3], [0, 1, 0.5, 0.25, 0.31, 0.28], [0, 1, 0.999, 0.001, 0.2, 0.2],
                                      [0, 0, 0.0625, 0.9375, 0.4, 0.1]], np.float32)),
        "wide": (3, 20, 96, targets("boxes:wide", 3, 20)),
    }  # fmt: skip
    out = {}
    for name, (n, classes, size, boxes) in cases.items():
        flat = []
        for level, s in enumerate(STRIDES):
            count = n * (size // s) ** 2 * 3 * (5 + classes)
            flat.append(torch.from_numpy(symmetric(f"logits:{name}:{level}", count, 4.0)).double().requires_grad_())
        shaped = [f.view(n, size // s, size // s, 3, 5 + classes).permute(0, 3, 1, 2, 4) for f, s in zip(flat, STRIDES)]
        total, parts = detection_loss(shaped, torch.from_numpy(boxes), GAINS)
        total.backward()
        projections = [float((f.grad * torch.from_numpy(uniform(f"gradient:{name}:{i}", f.numel()))).sum()) for i, f in enumerate(flat)]
        norms = [float(f.grad.norm()) for f in flat]
        out[name] = {"n": n, "classes": classes, "size": size, "targets": [[round(float(v), 9) for v in b] for b in boxes],
                     "losses": [x.item() for x in (*parts, total)], "projections": projections, "norms": norms,
                     "last": [float(f"{v:.7g}") for v in flat[2].grad.flatten()] if classes < 10 else []}  # fmt: skip
    return out


def optimizers():
    """Five steps of each optimiser in float32 over twelve numbers, gradient 3 (2u - 1) from symmetric(gradient:step)."""
    out = {}
    make = {
        "sgd": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
        "adam": lambda p: torch.optim.Adam(p, lr=0.1, betas=(0.9, 0.999), weight_decay=0.01),
        "adamw": lambda p: torch.optim.AdamW(p, lr=0.1, betas=(0.9, 0.999), weight_decay=0.01),
    }
    for kind, build in make.items():
        p = torch.nn.Parameter(torch.from_numpy(symmetric("optimizer", 12, 1.0)))
        opt = build([p])
        rows = []
        for t in range(5):
            p.grad = torch.from_numpy(symmetric(f"gradient:{t}", 12, 3.0))
            norm = torch.nn.utils.clip_grad_norm_([p], 4.0)
            opt.step()
            rows.append({"norm": float(norm), "params": p.tolist()})
        out[kind] = rows
    return out


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    for name, make in [("operators", operators), ("optimizer", optimizers), ("loss", losses), ("trajectory", trajectories)]:
        text = json.dumps({"made_by": f"scripts/trajectory.py, PyTorch {torch.__version__}", **make()})
        (OUT / f"{name}.json").write_text(text.replace('}, "', '},\n"') + "\n")
        print(name, len(text), "bytes")
