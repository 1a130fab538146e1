"""Writes tests/reference/distillation.json: the losses of a network that learns from a teacher, as PyTorch computes them.

    python scripts/distillation.py          (PyTorch 2, CPU; seconds)

Outputs follow from a formula (reference_formula.py); stored are the loss and two sums over its gradient by the student's outputs.
"""

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from reference_formula import symmetric, targets
from reference_yolov5 import STRIDES, detection_loss, scaled

OUT = Path(__file__).resolve().parent.parent / "tests" / "reference" / "distillation.json"
SIZE, BALANCES = 64, [4.0, 1.0, 0.4]
GAINS = {"box": 0.05, "obj": 1.0, "cls": 0.5}


def classifier(student, teacher, labels, temperature, weight):
    """Hinton et al. 2015: the soft term times temperature squared."""
    hard = F.cross_entropy(student, labels)
    soft = F.kl_div(F.log_softmax(student / temperature, 1), F.log_softmax(teacher / temperature, 1), reduction="batchmean", log_target=True)
    return (1 - weight) * hard + weight * temperature**2 * soft


def less_entropy(student, teacher, weight):
    """Weighted binary cross-entropy against the teacher's sigmoid, less what is left where both agree."""
    wanted = teacher.sigmoid()
    value = F.binary_cross_entropy_with_logits(student, wanted, reduction="none")
    least = F.binary_cross_entropy_with_logits(teacher, wanted, reduction="none")
    return ((value - least) * weight).sum()


def detector(students, teachers, boxes, gains, weight):
    """Mehta and Ozturk 2018 on the raw outputs of YOLOv5's head; see src/train/oneshot/distil.rs."""
    total, _ = detection_loss(students, boxes, gains)
    for s, t, balance in zip(students, teachers, BALANCES):
        belief = t[..., 4].sigmoid()
        mass, classes = belief.sum().clamp(min=1), s.shape[-1] - 5
        soft = gains["obj"] * balance * less_entropy(s[..., 4], t[..., 4], 1.0) / belief.numel()
        square = (s[..., :4].sigmoid() - t[..., :4].sigmoid()) ** 2
        soft = soft + gains["box"] * (square * belief[..., None]).sum() / (4 * mass)
        if classes > 1:
            soft = soft + gains["cls"] * less_entropy(s[..., 5:], t[..., 5:], belief[..., None]) / (classes * mass)
        total = total + weight * soft * s.shape[0]
    return total


def outputs(name, counts, bound):
    return [torch.from_numpy(symmetric(f"{name}{i}", count, bound)).double() for i, count in enumerate(counts)]


def case(task, n, classes, temperature, weight):
    sides = [SIZE // s for s in STRIDES]
    counts = [n * classes] if task == "classify" else [n * side * side * 3 * (5 + classes) for side in sides]
    teacher, student = outputs("teacher", counts, 3.0), [s.requires_grad_() for s in outputs("student", counts, 2.0)]
    if task == "classify":
        total = classifier(student[0].view(n, classes), teacher[0].view(n, classes), torch.arange(n) % classes, temperature, weight)
    else:
        shaped = [[f.view(n, side, side, 3, 5 + classes).permute(0, 3, 1, 2, 4) for f, side in zip(all, sides)] for all in (student, teacher)]
        boxes = torch.from_numpy(targets("boxes", n, classes))
        total = detector(*shaped, boxes, scaled(GAINS, classes, SIZE, False), weight)
    total = total.sum()
    total.backward()
    grads = np.concatenate([s.grad.numpy() for s in student])
    weighted = float((grads * (np.arange(len(grads)) % 7 - 3.0)).sum())
    return {"task": task, "images": n, "classes": classes, "temperature": temperature, "weight": weight, "total": total.item(),
            "grads-l1": float(np.abs(grads).sum()), "grads-weighted": weighted}  # fmt: skip


if __name__ == "__main__":
    cases = [case("classify", 3, 5, 4.0, 0.9), case("classify", 2, 3, 1.0, 0.25), case("detect", 2, 3, 1.0, 1.0), case("detect", 2, 1, 1.0, 0.5)]
    OUT.write_text("[\n" + ",\n".join("  " + json.dumps(c) for c in cases) + "\n]\n")
    print(OUT.read_text())
