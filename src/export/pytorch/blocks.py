class Conv(nn.Module):
    """Convolution without bias, batch norm, activation."""

    def __init__(self, inputs, channels, kernel=1, stride=1, padding=0, dilation=1, groups=1, act=nn.SiLU()):
        super().__init__()
        self.conv = nn.Conv2d(inputs, channels, kernel, stride, padding, dilation, groups, bias=False)
        self.bn = nn.BatchNorm2d(channels, eps=NORM_EPS, momentum=NORM_MOMENTUM)
        self.act = act

    def forward(self, x):
        return self.act(self.bn(self.conv(x)))


class Bottleneck(nn.Module):
    """1x1 to the hidden channels, a larger kernel back, the input added."""

    def __init__(self, inputs, channels, hidden, kernel=3, stride=1, shortcut=True, groups=1, act=nn.SiLU()):
        super().__init__()
        self.cv1 = Conv(inputs, hidden, act=act)
        self.cv2 = Conv(hidden, channels, kernel, stride, kernel // 2, groups=groups, act=act)
        self.shortcut = shortcut

    def forward(self, x):
        y = self.cv2(self.cv1(x))
        return x + y if self.shortcut else y


class C3(nn.Module):
    """A chain of bottlenecks beside a 1x1 convolution, concatenated and mixed (YOLOv5)."""

    def __init__(self, inputs, channels, hidden, repeats=1, kernel=3, shortcut=True, groups=1, act=nn.SiLU()):
        super().__init__()
        self.cv1 = Conv(inputs, hidden, act=act)
        self.cv2 = Conv(inputs, hidden, act=act)
        self.cv3 = Conv(2 * hidden, channels, act=act)
        inner = (Bottleneck(hidden, hidden, hidden, kernel, 1, shortcut, groups, act) for _ in range(repeats))
        self.m = nn.Sequential(*inner)

    def forward(self, x):
        return self.cv3(torch.cat((self.m(self.cv1(x)), self.cv2(x)), 1))


class SPPF(nn.Module):
    """Three chained max pools between two 1x1 convolutions (YOLOv5)."""

    def __init__(self, inputs, channels, hidden, kernel=5, act=nn.SiLU()):
        super().__init__()
        self.cv1 = Conv(inputs, hidden, act=act)
        self.cv2 = Conv(4 * hidden, channels, act=act)
        self.pool = nn.MaxPool2d(kernel, 1, kernel // 2)

    def forward(self, x):
        x = self.cv1(x)
        a = self.pool(x)
        b = self.pool(a)
        return self.cv2(torch.cat((x, a, b, self.pool(b)), 1))


class Residual(nn.Module):
    """Two convolutions, the input added, then the activation (ResNet's basic block)."""

    def __init__(self, inputs, channels, kernel=3, stride=1, groups=1, act=nn.SiLU()):
        super().__init__()
        self.cv1 = Conv(inputs, channels, kernel, stride, kernel // 2, groups=groups, act=act)
        self.cv2 = Conv(channels, channels, kernel, 1, kernel // 2, groups=groups, act=nn.Identity())
        same = inputs == channels and stride == 1
        self.shortcut = nn.Identity() if same else Conv(inputs, channels, 1, stride, act=nn.Identity())
        self.act = act

    def forward(self, x):
        return self.act(self.shortcut(x) + self.cv2(self.cv1(x)))


class Inception(nn.Module):
    """Four quarter-width branches: 1x1; 1x1, 3x3; 1x1, 3x3, 3x3; pool, 1x1."""

    def __init__(self, inputs, channels, stride=1, act=nn.SiLU()):
        super().__init__()
        c = channels // 4
        self.b1 = nn.Sequential(Conv(inputs, c, 1, stride, act=act))
        self.b2 = nn.Sequential(Conv(inputs, c, act=act), Conv(c, c, 3, stride, 1, act=act))
        self.b3 = nn.Sequential(Conv(inputs, c, act=act), Conv(c, c, 3, 1, 1, act=act), Conv(c, c, 3, stride, 1, act=act))
        self.b4 = nn.Sequential(Conv(inputs, c, act=act))
        self.pool = nn.MaxPool2d(3, stride, 1)

    def forward(self, x):
        return torch.cat((self.b1(x), self.b2(x), self.b3(x), self.b4(self.pool(x))), 1)


class SqueezeExcite(nn.Module):
    """Channel attention: global pool, 1x1 down with ReLU, 1x1 up with a gate, times the input."""

    def __init__(self, channels, reduced, gate):
        super().__init__()
        self.fc1 = nn.Conv2d(channels, reduced, 1)
        self.fc2 = nn.Conv2d(reduced, channels, 1)
        self.gate = gate

    def forward(self, x):
        return x * self.gate(self.fc2(torch.relu(self.fc1(x.mean((2, 3), keepdim=True)))))


class MBConv(nn.Module):
    """Inverted residual: 1x1 to the hidden channels, depthwise, squeeze-excite where asked for, 1x1 back."""

    def __init__(self, inputs, channels, hidden, kernel=3, stride=1, squeeze=None, shortcut=True, act=nn.SiLU()):
        super().__init__()
        self.expand = nn.Identity() if hidden == inputs else Conv(inputs, hidden, act=act)
        self.depthwise = Conv(hidden, hidden, kernel, stride, kernel // 2, groups=hidden, act=act)
        self.se = nn.Identity() if squeeze is None else SqueezeExcite(hidden, squeeze, nn.Hardsigmoid())
        self.project = Conv(hidden, channels, act=nn.Identity())
        self.shortcut = shortcut

    def forward(self, x):
        y = self.project(self.se(self.depthwise(self.expand(x))))
        return x + y if self.shortcut else y


class GhostConv(nn.Module):
    """Half of the channels by a 1x1 convolution, the other half by a depthwise 5x5 of these."""

    def __init__(self, inputs, channels, act):
        super().__init__()
        half = channels // 2
        self.cv1 = Conv(inputs, half, act=act)
        self.cv2 = Conv(half, half, 5, 1, 2, groups=half, act=act)

    def forward(self, x):
        y = self.cv1(x)
        return torch.cat((y, self.cv2(y)), 1)


class Ghost(nn.Module):
    """GhostNet's bottleneck: two ghost convolutions, with the input added."""

    def __init__(self, inputs, channels, kernel=3, stride=1, act=nn.SiLU()):
        super().__init__()
        half, plain = channels // 2, nn.Identity()
        down = Conv(half, half, kernel, stride, kernel // 2, groups=half, act=plain) if stride > 1 else nn.Identity()
        self.conv = nn.Sequential(GhostConv(inputs, half, act), down, GhostConv(half, channels, plain))
        same = stride == 1 and inputs == channels
        self.shortcut = nn.Identity() if same else nn.Sequential(
            Conv(inputs, inputs, kernel, stride, kernel // 2, groups=inputs, act=plain), Conv(inputs, channels, act=plain))

    def forward(self, x):
        return self.shortcut(x) + self.conv(x)


class Shuffle(nn.Module):
    """ShuffleNetV2's block: the even channels pass by, the odd ones are computed; with a stride both from all."""

    def __init__(self, inputs, channels, hidden, kernel=3, stride=1, depthwise=1, act=nn.SiLU()):
        super().__init__()
        half, plain = inputs // 2 if stride == 1 else inputs, nn.Identity()

        def over(c, s):
            return Conv(c, c, kernel, s, kernel // 2, groups=c, act=plain)

        made = channels - half
        if depthwise == 1:
            main = [Conv(half, hidden, act=act), over(hidden, stride), Conv(hidden, made, act=act)]
        else:
            main = []
            for i in range(depthwise):
                a, b = half if i == 0 else hidden, made if i + 1 == depthwise else hidden
                main += [over(a, stride if i == 0 else 1), Conv(a, b, act=act)]
        self.main = nn.Sequential(*main)
        self.proj = nn.Sequential(over(half, stride), Conv(half, half, act=act)) if stride > 1 else None

    def forward(self, x):
        if self.proj is None:
            return torch.cat((x[:, 0::2], self.main(x[:, 1::2])), 1)
        return torch.cat((self.proj(x), self.main(x)), 1)


class Linear(nn.Module):
    """Fully connected over everything that it reads; a map of one pixel."""

    def __init__(self, inputs, channels):
        super().__init__()
        self.linear = nn.Linear(inputs, channels)

    def forward(self, x):
        return self.linear(x.flatten(1))[:, :, None, None]


class GlobalPool(nn.Module):
    """The mean over all pixels."""

    def forward(self, x):
        return x.mean((2, 3), keepdim=True)


class Concat(nn.Module):
    """Along channels, in order."""

    def forward(self, maps):
        return torch.cat(maps, 1)


class Add(nn.Module):
    """The sum of maps of one shape."""

    def forward(self, maps):
        return sum(maps[1:], maps[0])


class Zero(nn.Module):
    """Zeros, whatever the image is: no connection."""

    def __init__(self, channels, height, width):
        super().__init__()
        self.size = (channels, height, width)

    def forward(self, image):
        return image.new_zeros(image.shape[0], *self.size)


class Detect(nn.Module):
    """YOLOv5's head. Training: a raw map [batch, anchors, rows, columns, 5 + classes] for each level. Evaluation: boxes
    [batch, n, 5 + classes] of all levels: centre x and y, width, height in pixels of the input, objectness, classes."""

    def __init__(self, inputs, classes, strides, anchors):
        super().__init__()
        self.values = 5 + classes
        self.strides = strides
        # Width and height in units of the stride, as YOLOv5 keeps them.
        self.register_buffer("anchors", torch.tensor(anchors) / torch.tensor(strides)[:, None, None])
        self.m = nn.ModuleList(nn.Conv2d(c, len(a) * self.values, 1) for c, a in zip(inputs, anchors))

    def forward(self, maps):
        raw = []
        for conv, x in zip(self.m, maps):
            x = conv(x)
            n, _, h, w = x.shape
            raw.append(x.view(n, -1, self.values, h, w).permute(0, 1, 3, 4, 2).contiguous())
        return raw if self.training else self.boxes(raw)

    def boxes(self, raw):
        found = []
        for x, stride, anchors in zip(raw, self.strides, self.anchors):
            n, count, h, w, _ = x.shape
            rows, columns = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
            cell = torch.stack((columns, rows), -1).to(x)
            y = x.sigmoid()
            xy = (y[..., 0:2] * 2 + cell - 0.5) * stride
            wh = (y[..., 2:4] * 2) ** 2 * (anchors * stride).view(1, count, 1, 1, 2)
            found.append(torch.cat((xy, wh, y[..., 4:]), -1).view(n, -1, self.values))
        return torch.cat(found, 1)
