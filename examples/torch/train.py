"""Trains the network that nasflow has sampled, with PyTorch. docs/language.md, "A trainer of one's own", has the protocol.

nasflow runs it in a folder of its own, where `network.py` is the network. It reads `job.json` and `data.json`, prints a line of JSON
an epoch, and leaves `weights.safetensors` and `metrics.json` in the folder `out`.
"""

import json
import math
import os
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from network import load  # the file that nasflow wrote beside this one

job = json.loads(Path(os.environ["NASFLOW_JOB"]).read_text())
data = json.loads(Path(job["data"]["file"]).read_text())
recipe, size, strides = job["recipe"], job["network"]["image-size"], job["network"]["strides"]
torch.manual_seed(job["seed"])
torch.set_num_threads(job["threads"])


def read(image, pixels):
    """An image, letterboxed as nasflow does when it measures, and its boxes: class, centre x and y, width, height in pixels."""
    w, h, channels = image["width"], image["height"], data["channels"]
    pixels.seek(image["offset"])
    picture = torch.frombuffer(bytearray(pixels.read(w * h * channels)), dtype=torch.uint8).view(h, w, channels)
    left, top = (size - w) // 2, (size - h) // 2
    square = torch.full((channels, size, size), 114, dtype=torch.uint8)
    square[:, top : top + h, left : left + w] = picture.permute(2, 0, 1)
    boxes = torch.tensor(image["boxes"]).view(-1, 5)
    boxes[:, 1:] *= torch.tensor([w, h, w, h])
    boxes[:, 1:3] += torch.tensor([left, top])
    return square.float() / 255, boxes


def assign(boxes, anchors, stride, rows, columns):
    """YOLOv5's targets at one level: a box belongs to the anchors of about its size, in its cell and the two nearest beside it.
    Gives indices (image, anchor, row, column), boxes in cells relative to theirs, the anchors in cells, and classes."""
    image, label, xy, wh = boxes[:, 0].long(), boxes[:, 1].long(), boxes[:, 2:4] / stride, boxes[:, 4:6] / stride
    anchors = anchors / stride
    ratio = wh[:, None] / anchors[None]
    box, anchor = (torch.max(ratio, 1 / ratio).amax(2) < 4).nonzero(as_tuple=True)
    found = []
    for dx, dy in [(0, 0), (-0.5, 0), (0.5, 0), (0, -0.5), (0, 0.5)]:
        cell = (xy[box] + torch.tensor([dx, dy])).floor()
        inside = (cell >= 0).all(1) & (cell[:, 0] < columns) & (cell[:, 1] < rows)
        # Of the neighbours only those that the centre leans towards: elsewhere this is its own cell.
        new = torch.ones_like(inside) if (dx, dy) == (0, 0) else (cell != xy[box].floor()).any(1)
        keep = inside & new
        b, a, c = box[keep], anchor[keep], cell[keep].long()
        found.append((image[b], a, c[:, 1], c[:, 0], torch.cat((xy[b] - c, wh[b]), 1), anchors[a], label[b]))
    return [torch.cat(parts) for parts in zip(*found)]


def overlap(a, b):
    """CIoU of boxes (centre x and y, width, height)."""
    a1, a2, b1, b2 = a[:, :2] - a[:, 2:] / 2, a[:, :2] + a[:, 2:] / 2, b[:, :2] - b[:, 2:] / 2, b[:, :2] + b[:, 2:] / 2
    both = (torch.min(a2, b2) - torch.max(a1, b1)).clamp(0).prod(1)
    iou = both / (a[:, 2:].prod(1) + b[:, 2:].prod(1) - both + 1e-7)
    diagonal = (torch.max(a2, b2) - torch.min(a1, b1)).pow(2).sum(1) + 1e-7
    apart = (a[:, :2] - b[:, :2]).pow(2).sum(1) / diagonal
    shape = (4 / math.pi**2) * (torch.atan(a[:, 2] / (a[:, 3] + 1e-7)) - torch.atan(b[:, 2] / (b[:, 3] + 1e-7))).pow(2)
    weight = (shape / (shape - iou + 1 + 1e-7)).detach()
    return iou - apart - weight * shape


def loss_of(maps, boxes, anchors):
    """YOLOv5's loss: boxes by CIoU, objectness by the overlap that was reached, classes by cross-entropy."""
    gain = recipe["loss"]
    box = obj = cls = torch.zeros(())
    for level, (x, stride) in enumerate(zip(maps, strides)):
        _, _, rows, columns, values = x.shape
        wanted = torch.zeros_like(x[..., 4])
        image, anchor, row, column, target, shape, label = assign(boxes, anchors[level], stride, rows, columns)
        if len(image):
            said = x[image, anchor, row, column]
            xy, wh = said[:, :2].sigmoid() * 2 - 0.5, (said[:, 2:4].sigmoid() * 2) ** 2 * shape
            reached = overlap(torch.cat((xy, wh), 1), target)
            box = box + (1 - reached).mean()
            wanted[image, anchor, row, column] = reached.detach().clamp(0)
            if values > 6:  # with one class, objectness says it all
                cls = cls + F.binary_cross_entropy_with_logits(said[:, 5:], F.one_hot(label, values - 5).float())
        obj = obj + F.binary_cross_entropy_with_logits(x[..., 4], wanted) * [4.0, 1.0, 0.4, 0.1][level]
    return box * gain["box"], obj * gain["obj"], cls * gain["cls"]


with open(data["pixels"], "rb") as pixels:
    samples = [read(image, pixels) for image in data["images"]]
network = load().train()
anchors = torch.tensor(job["network"]["anchors"])
steps = math.ceil(len(samples) / recipe["batch"]) * job["epochs"]
optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=recipe["weight_decay"])
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
for epoch in range(1, job["epochs"] + 1):
    sums, order = torch.zeros(3), torch.randperm(len(samples)).tolist()
    batches = [order[i : i + recipe["batch"]] for i in range(0, len(order), recipe["batch"])]
    for batch in batches:
        images = torch.stack([samples[i][0] for i in batch])
        boxes = [F.pad(samples[i][1], (1, 0), value=k) for k, i in enumerate(batch)]
        parts = loss_of(network(images), torch.cat(boxes), anchors)
        optimizer.zero_grad()
        (sum(parts) * len(batch)).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 10.0)
        optimizer.step()
        schedule.step()
        sums += torch.stack(parts).detach() / len(batches)
    box, obj, cls = sums.tolist()
    print(json.dumps({"epoch": epoch, "box": box, "obj": obj, "cls": cls}), flush=True)

out = Path(job["out"])
save_file({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, out / "weights.safetensors")
(out / "metrics.json").write_text(json.dumps({"train-loss": box + obj + cls}))
