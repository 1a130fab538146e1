"""The benches' networks in plain PyTorch, and YOLOv5's loss in vectors: what `benches/networks/*.kdl` describe."""

import math

import torch
from torch import nn
from torch.nn import functional as F

ANCHORS = [[(10, 13), (16, 30), (33, 23)], [(30, 61), (62, 45), (59, 119)], [(116, 90), (156, 198), (373, 326)]]
STRIDES = [8, 16, 32]


class Conv(nn.Module):
    """Convolution, batch norm, activation (None: none)."""

    def __init__(self, c1, c2, k=1, s=1, p=None, groups=1, act=nn.SiLU):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2 if p is None else p, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(c2, eps=1e-3, momentum=0.03)
        self.act = act(inplace=True) if act else nn.Identity()

    def forward(self, x):
        return self.act(self.bn(self.conv(x)))


class Bottleneck(nn.Module):
    def __init__(self, c, shortcut):
        super().__init__()
        self.cv1, self.cv2, self.shortcut = Conv(c, c), Conv(c, c, 3), shortcut

    def forward(self, x):
        y = self.cv2(self.cv1(x))
        return x + y if self.shortcut else y


class C3(nn.Module):
    def __init__(self, c1, c2, n=1, shortcut=True):
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
        self.pool = nn.MaxPool2d(5, 1, 2)

    def forward(self, x):
        ys = [self.cv1(x)]
        for _ in range(3):
            ys.append(self.pool(ys[-1]))
        return self.cv2(torch.cat(ys, 1))


class Yolov5(nn.Module):
    """YOLOv5 6.0 with 3 anchors a level: raw outputs, n × 3 · (5 + classes) × h × w."""

    def __init__(self, classes, width, depth):
        super().__init__()
        c = lambda n: math.ceil(n * width / 8) * 8
        d = lambda n: max(round(n * depth), 1)
        self.b0, self.b1, self.b2 = Conv(3, c(64), 6, 2, 2), Conv(c(64), c(128), 3, 2), C3(c(128), c(128), d(3))
        self.b3, self.b4 = Conv(c(128), c(256), 3, 2), C3(c(256), c(256), d(6))
        self.b5, self.b6 = Conv(c(256), c(512), 3, 2), C3(c(512), c(512), d(9))
        self.b7, self.b8 = Conv(c(512), c(1024), 3, 2), C3(c(1024), c(1024), d(3))
        self.b9, self.h10 = SPPF(c(1024), c(1024)), Conv(c(1024), c(512))
        self.h13, self.h14 = C3(c(1024), c(512), d(3), False), Conv(c(512), c(256))
        self.h17, self.h18 = C3(c(512), c(256), d(3), False), Conv(c(256), c(256), 3, 2)
        self.h20, self.h21 = C3(c(512), c(512), d(3), False), Conv(c(512), c(512), 3, 2)
        self.h23 = C3(c(1024), c(1024), d(3), False)
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.detect = nn.ModuleList(nn.Conv2d(n, 3 * (5 + classes), 1) for n in (c(256), c(512), c(1024)))
        with torch.no_grad():
            for conv, stride in zip(self.detect, STRIDES):
                bias = conv.bias.view(3, -1)
                bias[:, 4] += math.log(8 / (640 / stride) ** 2)
                bias[:, 5:] += math.log(0.6 / (classes - 0.99999))

    def forward(self, x):
        p3 = self.b4(self.b3(self.b2(self.b1(self.b0(x)))))
        p4 = self.b6(self.b5(p3))
        n5 = self.h10(self.b9(self.b8(self.b7(p4))))
        n4 = self.h14(self.h13(torch.cat([self.up(n5), p4], 1)))
        o3 = self.h17(torch.cat([self.up(n4), p3], 1))
        o4 = self.h20(torch.cat([self.h18(o3), n4], 1))
        o5 = self.h23(torch.cat([self.h21(o4), n5], 1))
        return [m(o) for m, o in zip(self.detect, (o3, o4, o5))]


class InvertedResidual(nn.Module):
    def __init__(self, c1, c2, stride, expand):
        super().__init__()
        h = c1 * expand
        layers = [] if h == c1 else [Conv(c1, h, act=nn.ReLU)]
        layers += [Conv(h, h, 3, stride, groups=h, act=nn.ReLU), Conv(h, c2, act=None)]
        self.layers, self.shortcut = nn.Sequential(*layers), stride == 1 and c1 == c2

    def forward(self, x):
        y = self.layers(x)
        return x + y if self.shortcut else y


def mobilenet(classes):
    layers, c1 = [Conv(3, 32, 3, act=nn.ReLU)], 32
    for expand, c2, repeats, stride in [(1, 16, 1, 1), (6, 24, 2, 1), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]:
        for i in range(repeats):
            layers.append(InvertedResidual(c1, c2, stride if i == 0 else 1, expand))
            c1 = c2
    layers += [Conv(c1, 1280, act=nn.ReLU), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1280, classes)]
    return nn.Sequential(*layers)


class Cell(nn.Module):
    """NAS-Bench-201: |conv3x3~0|+|conv1x1~0|pool~1|+|skip~0|conv3x3~1|conv3x3~2|."""

    def __init__(self, c):
        super().__init__()
        self.to1, self.point, self.pool = Conv(c, c, 3, act=nn.ReLU), Conv(c, c, act=nn.ReLU), nn.AvgPool2d(3, 1, 1)
        self.from1, self.from2 = Conv(c, c, 3, act=nn.ReLU), Conv(c, c, 3, act=nn.ReLU)

    def forward(self, x):
        a = self.to1(x)
        b = self.point(x) + self.pool(a)
        return x + self.from1(a) + self.from2(b)


class Residual(nn.Module):
    def __init__(self, c1, c2, stride):
        super().__init__()
        self.cv1, self.cv2 = Conv(c1, c2, 3, stride, act=nn.ReLU), Conv(c2, c2, 3, act=None)
        self.down, self.act = Conv(c1, c2, 1, stride, act=None), nn.ReLU(inplace=True)

    def forward(self, x):
        return self.act(self.down(x) + self.cv2(self.cv1(x)))


def nasbench201(classes):
    layers = [Conv(3, 16, 3, act=nn.ReLU)]
    for stage, c in enumerate((16, 32, 64)):
        layers += [Residual(c // 2, c, 2)] if stage else []
        layers += [Cell(c) for _ in range(5)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, classes))


def build(network, classes):
    sizes = {"yolov5n": (0.25, 1 / 3), "yolov5s": (0.5, 1 / 3)}
    if network in sizes:
        return Yolov5(classes, *sizes[network])
    return {"mobilenet": mobilenet, "nasbench201": nasbench201}[network](classes)


def count(net, size):
    """(trainable parameters, multiply-adds of convolutions and linear layers for one image), counted by running it."""
    macs = 0

    def hook(m, _, y):
        nonlocal macs
        macs += y.numel() * m.weight[0].numel()

    hooks = [m.register_forward_hook(hook) for m in net.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    training = net.training
    net.eval()
    with torch.no_grad():
        net(torch.zeros(1, 3, size, size))
    net.train(training)
    for h in hooks:
        h.remove()
    return sum(p.numel() for p in net.parameters()), macs


def ciou(px, py, pw, ph, tx, ty, tw, th, eps=1e-7):
    """Complete IoU of boxes by centre and size."""
    inter = (torch.minimum(px + pw / 2, tx + tw / 2) - torch.maximum(px - pw / 2, tx - tw / 2)).clamp(0) * (
        torch.minimum(py + ph / 2, ty + th / 2) - torch.maximum(py - ph / 2, ty - th / 2)
    ).clamp(0)
    iou = inter / (pw * ph + tw * th - inter + eps)
    hull_w = torch.maximum(px + pw / 2, tx + tw / 2) - torch.minimum(px - pw / 2, tx - tw / 2)
    hull_h = torch.maximum(py + ph / 2, ty + th / 2) - torch.minimum(py - ph / 2, ty - th / 2)
    distance = ((px - tx) ** 2 + (py - ty) ** 2) / (hull_w**2 + hull_h**2 + eps)
    v = 4 / math.pi**2 * (torch.atan(tw / th) - torch.atan(pw / ph)) ** 2
    with torch.no_grad():
        alpha = v / (v - iou + (1 + eps))
    return iou - distance - alpha * v


class DetectionLoss:
    """YOLOv5's loss on raw outputs, without a loop over objects. The gains are scratch-low's at one image size."""

    def __init__(self, classes, size):
        self.classes = classes
        self.gains = (0.05, 1.0 * (size / 640) ** 2, 0.5 * classes / 80)
        self.anchors = [torch.tensor(a, dtype=torch.float32) / s for a, s in zip(ANCHORS, STRIDES)]
        self.offsets = torch.tensor([[0, 0], [0.5, 0], [0, 0.5], [-0.5, 0], [0, -0.5]])

    def assign(self, targets, anchors, h, w):
        """(image, class, anchor, row, column, box in cells relative to the cell) of one level's entries."""
        size = torch.tensor([w, h, w, h], dtype=torch.float32)
        boxes = (targets[:, 2:] * size).repeat(3, 1)
        anchor = torch.arange(3).repeat_interleave(len(targets))
        ratio = boxes[:, 2:] / anchors[anchor]
        keep = torch.maximum(ratio, 1 / ratio).amax(1) < 4
        boxes, anchor, which = boxes[keep], anchor[keep], targets[:, :2].long().repeat(3, 1)[keep]
        xy = boxes[:, :2]
        far = size[:2] - xy
        near, end = (xy % 1 < 0.5) & (xy > 1), (far % 1 < 0.5) & (far > 1)
        taken = torch.stack([torch.ones_like(near[:, 0]), near[:, 0], near[:, 1], end[:, 0], end[:, 1]])
        shift, row = taken.nonzero(as_tuple=True)
        cell = (xy[row] - self.offsets[shift]).long()
        column, line = cell[:, 0].clamp(0, w - 1), cell[:, 1].clamp(0, h - 1)
        relative = torch.cat([xy[row] - torch.stack([column, line], 1), boxes[row, 2:]], 1)
        return which[row, 0], which[row, 1], anchor[row], line, column, relative

    def __call__(self, outputs, targets):
        total = torch.zeros(3)
        for raw, anchors, balance in zip(outputs, self.anchors, (4.0, 1.0, 0.4)):
            n, _, h, w = raw.shape
            p = raw.view(n, 3, 5 + self.classes, h, w).permute(0, 1, 3, 4, 2)
            image, kind, anchor, row, column, box = self.assign(targets, anchors, h, w)
            wanted = torch.zeros(n, 3, h, w)
            parts = [torch.zeros(())] * 3
            if len(image):
                rows = p[image, anchor, row, column]
                xy = rows[:, :2].sigmoid() * 2 - 0.5
                wh = (rows[:, 2:4].sigmoid() * 2) ** 2 * anchors[anchor]
                iou = ciou(*xy.unbind(1), *wh.unbind(1), *box.unbind(1))
                parts[0] = (1 - iou).mean()
                wanted[image, anchor, row, column] = iou.detach().clamp(0)
                classes = torch.zeros_like(rows[:, 5:])
                classes[torch.arange(len(kind)), kind] = 1
                parts[2] = F.binary_cross_entropy_with_logits(rows[:, 5:], classes)
            parts[1] = F.binary_cross_entropy_with_logits(p[..., 4], wanted) * balance
            total = total + torch.stack(parts)
        loss = sum(total[i] * g for i, g in enumerate(self.gains))
        return loss * outputs[0].shape[0], loss
