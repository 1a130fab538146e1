"""YOLOv5n and its loss in PyTorch, written from a fact sheet, not from upstream's code: the oracle of nasflow's training."""

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from reference_formula import symmetric

ANCHORS = [[(10, 13), (16, 30), (33, 23)], [(30, 61), (62, 45), (59, 119)], [(116, 90), (156, 198), (373, 326)]]
STRIDES = [8, 16, 32]


class Conv(nn.Module):
    def __init__(self, c1, c2, k=1, s=1, p=None):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2 if p is None else p, bias=False)
        self.bn = nn.BatchNorm2d(c2, eps=1e-3, momentum=0.03)

    def forward(self, x):
        return F.silu(self.bn(self.conv(x)))


class Bottleneck(nn.Module):
    def __init__(self, c, shortcut):
        super().__init__()
        self.cv1, self.cv2, self.shortcut = Conv(c, c), Conv(c, c, 3), shortcut

    def forward(self, x):
        y = self.cv2(self.cv1(x))
        return x + y if self.shortcut else y


class C3(nn.Module):
    def __init__(self, c1, c2, n, shortcut=True):
        super().__init__()
        h = c2 // 2
        self.cv1, self.cv2, self.cv3 = Conv(c1, h), Conv(c1, h), Conv(2 * h, c2)
        self.m = nn.Sequential(*(Bottleneck(h, shortcut) for _ in range(n)))

    def forward(self, x):
        return self.cv3(torch.cat([self.m(self.cv1(x)), self.cv2(x)], 1))


class SPPF(nn.Module):
    def __init__(self, c1, c2):
        super().__init__()
        self.cv1, self.cv2 = Conv(c1, c1 // 2), Conv(2 * c1, c2)

    def forward(self, x):
        ys = [self.cv1(x)]
        for _ in range(3):
            ys.append(F.max_pool2d(ys[-1], 5, 1, 2))
        return self.cv2(torch.cat(ys, 1))


class Detect(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        self.m = nn.ModuleList(nn.Conv2d(c, 3 * (5 + classes), 1) for c in channels)

    def forward(self, xs):
        return [m(x) for m, x in zip(self.m, xs)]


class Yolov5n(nn.Module):
    """Raw outputs as (n, 3, h, w, 5 + classes)."""

    def __init__(self, classes):
        super().__init__()
        self.classes = classes
        up = nn.Identity
        self.model = nn.ModuleList([
            Conv(3, 16, 6, 2, 2), Conv(16, 32, 3, 2), C3(32, 32, 1), Conv(32, 64, 3, 2), C3(64, 64, 2), Conv(64, 128, 3, 2),
            C3(128, 128, 3), Conv(128, 256, 3, 2), C3(256, 256, 1), SPPF(256, 256), Conv(256, 128), up(), up(),
            C3(256, 128, 1, False), Conv(128, 64), up(), up(), C3(128, 64, 1, False), Conv(64, 64, 3, 2), up(),
            C3(128, 128, 1, False), Conv(128, 128, 3, 2), up(), C3(256, 256, 1, False), Detect([64, 128, 256], classes),
        ])  # fmt: skip

    def forward(self, x):
        m = self.model
        up = lambda t: F.interpolate(t, scale_factor=2, mode="nearest")
        p3 = m[4](m[3](m[2](m[1](m[0](x)))))
        p4 = m[6](m[5](p3))
        top = m[10](m[9](m[8](m[7](p4))))
        mid = m[14](m[13](torch.cat([up(top), p4], 1)))
        n3 = m[17](torch.cat([up(mid), p3], 1))
        n4 = m[20](torch.cat([m[18](n3), mid], 1))
        n5 = m[23](torch.cat([m[21](n4), top], 1))
        outs = m[24]([n3, n4, n5])
        return [o.view(o.shape[0], 3, 5 + self.classes, *o.shape[2:]).permute(0, 1, 3, 4, 2) for o in outs]


def initialise(net):
    """Weights and biases: symmetric(name) / sqrt(fan in), as PyTorch draws them; the detect head's prior on its biases."""
    with torch.no_grad():
        for name, p in net.named_parameters():
            if ".bn." in name:
                continue
            weight = dict(net.named_parameters())[name.replace("bias", "weight")]
            fan_in = weight[0].numel()
            p.copy_(torch.from_numpy(symmetric(name, p.numel(), 1 / math.sqrt(fan_in))).view_as(p))
        for level, stride in zip(net.model[24].m, STRIDES):
            bias = level.bias.view(3, -1)
            bias[:, 4] += float(np.float32(math.log(8 / (640 / stride) ** 2)))
            bias[:, 5:] += float(np.float32(math.log(0.6 / (net.classes - 0.99999))))


def ciou(p, t, eps=1e-7):
    pw, ph, tw, th = p[:, 2], p[:, 3], t[:, 2], t[:, 3]
    low = lambda b, i: b[:, i] - b[:, i + 2] / 2
    high = lambda b, i: b[:, i] + b[:, i + 2] / 2
    sides = [(torch.minimum(high(p, i), high(t, i)) - torch.maximum(low(p, i), low(t, i))).clamp(0) for i in (0, 1)]
    hull = [torch.maximum(high(p, i), high(t, i)) - torch.minimum(low(p, i), low(t, i)) for i in (0, 1)]
    inter = sides[0] * sides[1]
    iou = inter / (pw * ph + tw * th - inter + eps)
    c2 = hull[0] ** 2 + hull[1] ** 2 + eps
    rho2 = (p[:, 0] - t[:, 0]) ** 2 + (p[:, 1] - t[:, 1]) ** 2
    v = 4 / math.pi**2 * (torch.atan(tw / th) - torch.atan(pw / ph)) ** 2
    alpha = (v / (v - iou + (1 + eps))).detach()
    return iou - rho2 / c2 - alpha * v


def assign(targets, anchors, h, w):
    """Entries of one level in upstream's order: (image, class, anchor, row, column), box in cells relative to the cell."""
    entries, boxes = [], []
    gain = torch.tensor([w, h, w, h], dtype=targets.dtype)
    scaled = [(int(t[0]), int(t[1]), t[2:] * gain) for t in targets]
    matched = []
    for a, anchor in enumerate(anchors):
        for image, cls, b in scaled:
            r = b[2:] / anchor
            if torch.maximum(r, 1 / r).max() < 4:
                matched.append((image, cls, a, b))
    for dx, dy in [(0, 0), (0.5, 0), (0, 0.5), (-0.5, 0), (0, -0.5)]:
        for image, cls, a, b in matched:
            x, y = float(b[0]), float(b[1])
            v = {(0.5, 0): x, (0, 0.5): y, (-0.5, 0): w - x, (0, -0.5): h - y}.get((dx, dy))
            if v is not None and not (v % 1 < 0.5 and v > 1):
                continue
            i, j = min(max(int(x - dx), 0), w - 1), min(max(int(y - dy), 0), h - 1)
            entries.append((image, cls, a, j, i))
            boxes.append(torch.stack([b[0] - i, b[1] - j, b[2], b[3]]))
    return entries, boxes


def detection_loss(outputs, targets, gains):
    """(total, [box, obj, cls]): the parts gained, total = their sum times the batch. `gains` are not scaled any more."""
    dtype = outputs[0].dtype
    box = obj = cls = torch.zeros((), dtype=dtype)
    for p, anchors, stride, balance in zip(outputs, ANCHORS, STRIDES, [4.0, 1.0, 0.4]):
        anchors = torch.tensor(anchors, dtype=dtype) / stride
        h, w, classes = p.shape[2], p.shape[3], p.shape[4] - 5
        entries, boxes = assign(targets.to(dtype), anchors, h, w)
        wanted = torch.zeros(p.shape[:4], dtype=dtype)
        if entries:
            image, kind, anchor, row, column = (torch.tensor(e) for e in zip(*entries))
            rows = p[image, anchor, row, column]
            xy = rows[:, :2].sigmoid() * 2 - 0.5
            wh = (rows[:, 2:4].sigmoid() * 2) ** 2 * anchors[anchor]
            iou = ciou(torch.cat([xy, wh], 1), torch.stack(boxes))
            box = box + (1 - iou).mean()
            for n, e in enumerate(entries):
                wanted[e[0], e[2], e[3], e[4]] = iou[n].detach().clamp(0)
            if classes > 1:
                onehot = F.one_hot(kind, classes).to(dtype)
                cls = cls + F.binary_cross_entropy_with_logits(rows[:, 5:], onehot)
        obj = obj + balance * F.binary_cross_entropy_with_logits(p[..., 4], wanted)
    parts = [box * gains["box"], obj * gains["obj"], cls * gains["cls"]]
    return sum(parts) * outputs[0].shape[0], parts


def scaled(gains, classes, size, by_size):
    """Upstream's scaling for three levels."""
    return {"box": gains["box"], "obj": gains["obj"] * ((size / 640) ** 2 if by_size else 1), "cls": gains["cls"] * classes / 80}
