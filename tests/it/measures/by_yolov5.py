"""Upstream's own code (the package yolov5) over truth.json and found.json: by_yolov5.py TRUTH FOUND. Prints JSON."""
import json
import sys

import numpy as np
import torch

# Upstream calls what numpy 2.4 no longer has.
if not hasattr(np, "trapz"):
    np.trapz = np.trapezoid
from yolov5.utils.metrics import ap_per_class
from yolov5.val import process_batch

truth, found = (json.load(open(path)) for path in sys.argv[1:3])


def corners(thing):
    x, y, w, h = thing["bbox"]
    return [x, y, x + w, y + h]


levels = torch.linspace(0.5, 0.95, 10)
stats = []
for image in truth["images"]:
    labels = [[t["category_id"] - 1] + corners(t) for t in truth["annotations"] if t["image_id"] == image["id"]]
    detections = [corners(d) + [d["score"], d["category_id"] - 1] for d in found if d["image_id"] == image["id"]]
    labels, detections = torch.tensor(labels).reshape(-1, 5), torch.tensor(detections).reshape(-1, 6)
    correct = torch.zeros(len(detections), len(levels), dtype=torch.bool)
    if len(labels) and len(detections):
        correct = process_batch(detections, labels, levels)
    stats.append((correct, detections[:, 4], detections[:, 5], labels[:, 0]))
stats = [torch.cat(x, 0).numpy() for x in zip(*stats)]
_, _, precision, recall, _, ap, _ = ap_per_class(*stats, names={c["id"] - 1: c["name"] for c in truth["categories"]})
print(json.dumps({
    "map50": float(ap[:, 0].mean()),
    "map50-95": float(ap.mean()),
    "precision": float(precision.mean()),
    "recall": float(recall.mean()),
}))
