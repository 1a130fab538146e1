"""Golden values of single operators, forward and backward, for the tests of nasflow's executors."""

import numpy as np
import torch
from torch.nn import functional as F

from reference_formula import symmetric


def operators():
    """name -> {inputs, output, output_grad, input_grads}: tensors as {shape, values} in PyTorch's order (images NCHW). The values
    of `x`, the weights and `output_grad` are symmetric("op:<operator>:<name>", count, bound), stored all the same."""
    out = {}

    def tensor(t):
        return {"shape": list(t.shape), "values": [float(f"{v:.8g}") for v in t.detach().flatten().tolist()]}

    def case(name, function, shapes, options=None, after=None):
        inputs = {}
        for key, (shape, bound) in shapes.items():
            values = symmetric(f"op:{name}:{key}", int(np.prod(shape)), bound)
            inputs[key] = torch.from_numpy(values).view(shape).double().requires_grad_()
        result = function(*inputs.values())
        grad = torch.from_numpy(symmetric(f"op:{name}:output_grad", result.numel(), 1.0)).view(result.shape).double()
        result.backward(grad)
        out[name] = {
            "options": options or {},
            "inputs": {k: tensor(v) for k, v in inputs.items()},
            "output": tensor(result),
            "output_grad": tensor(grad),
            "input_grads": {k: tensor(v.grad) for k, v in inputs.items()},
            **({k: tensor(v) for k, v in after().items()} if after else {}),
        }

    x = lambda *s: (s, 2.0)
    conv = lambda **o: lambda x, weight, bias=None: F.conv2d(x, weight, bias, **o)
    case("conv_k3_s2_p1", conv(stride=2, padding=1), {"x": x(2, 3, 7, 6), "weight": ((4, 3, 3, 3), 0.5)}, {"stride": 2, "padding": 1})
    case("conv_k6_s2_p2", conv(stride=2, padding=2), {"x": x(1, 3, 10, 10), "weight": ((4, 3, 6, 6), 0.3)}, {"stride": 2, "padding": 2})
    case("conv_k1_bias", conv(), {"x": x(2, 5, 4, 3), "weight": ((6, 5, 1, 1), 0.5), "bias": ((6,), 0.5)}, {"stride": 1, "padding": 0})
    case("conv_depthwise_k3", conv(padding=1, groups=4), {"x": x(2, 4, 5, 5), "weight": ((4, 1, 3, 3), 0.5)},
         {"stride": 1, "padding": 1, "groups": 4})  # fmt: skip
    case("conv_groups_k3_d2", conv(padding=2, dilation=2, groups=2), {"x": x(1, 4, 7, 7), "weight": ((6, 2, 3, 3), 0.5)},
         {"stride": 1, "padding": 2, "dilation": 2, "groups": 2})  # fmt: skip

    # Kernels larger than the image, strides larger than the kernel, one pixel, unequal sides, several channels a group.
    case("conv_k5_one_pixel", conv(padding=2), {"x": x(2, 3, 1, 1), "weight": ((4, 3, 5, 5), 0.5)}, {"stride": 1, "padding": 2})
    case("conv_k5_s2_p2_2x3", conv(stride=2, padding=2), {"x": x(2, 3, 2, 3), "weight": ((17, 3, 5, 5), 0.5)}, {"stride": 2, "padding": 2})
    case("conv_k2_s3", conv(stride=3), {"x": x(1, 2, 7, 8), "weight": ((3, 2, 2, 2), 0.5)}, {"stride": 3, "padding": 0})
    case("conv_k3x2_uneven", conv(stride=(2, 3), padding=(2, 1), dilation=(2, 3)), {"x": x(2, 2, 9, 10), "weight": ((3, 2, 3, 2), 0.5)},
         {"stride": [2, 3], "padding": [2, 1], "dilation": [2, 3]})  # fmt: skip
    case("conv_depthwise_k5_s2", conv(stride=2, padding=2, groups=5), {"x": x(2, 5, 5, 4), "weight": ((5, 1, 5, 5), 0.5)},
         {"stride": 2, "padding": 2, "groups": 5})  # fmt: skip
    case("conv_groups4_k3_s2", conv(stride=2, padding=1, groups=4), {"x": x(2, 8, 5, 3), "weight": ((12, 2, 3, 3), 0.5)},
         {"stride": 2, "padding": 1, "groups": 4})  # fmt: skip

    mean, var = torch.full((4,), 0.25).double(), torch.full((4,), 0.5).double()
    norm = lambda x, scale, shift: F.batch_norm(x, mean, var, scale, shift, True, 0.03, 1e-3)
    case("norm_train", norm, {"x": x(3, 4, 3, 4), "scale": ((4,), 1.5), "shift": ((4,), 0.5)},
         {"eps": 1e-3, "momentum": 0.03, "running_mean": 0.25, "running_var": 0.5},
         lambda: {"running_mean_after": mean, "running_var_after": var})  # fmt: skip

    for name, f in [("silu", F.silu), ("relu", F.relu), ("hardswish", F.hardswish), ("leaky_relu", lambda x: F.leaky_relu(x, 0.1)),
                    ("sigmoid", torch.sigmoid), ("hardsigmoid", F.hardsigmoid)]:  # fmt: skip
        case(name, f, {"x": ((1, 2, 4, 5), 8.0)})
    case("max_pool_k5_s1_p2", lambda x: F.max_pool2d(x, 5, 1, 2), {"x": x(1, 2, 6, 5)}, {"kernel": 5, "stride": 1, "padding": 2})
    case("max_pool_k2_s2", lambda x: F.max_pool2d(x, 2, 2), {"x": x(1, 2, 6, 4)}, {"kernel": 2, "stride": 2, "padding": 0})
    case("avg_pool_k3_s1_p1", lambda x: F.avg_pool2d(x, 3, 1, 1), {"x": x(1, 2, 5, 4)}, {"kernel": 3, "stride": 1, "padding": 1})
    case("max_pool_k3_s2_p1_column", lambda x: F.max_pool2d(x, 3, 2, 1), {"x": x(1, 3, 5, 1)}, {"kernel": 3, "stride": 2, "padding": 1})
    case("max_pool_k2_s3", lambda x: F.max_pool2d(x, 2, 3), {"x": x(1, 2, 8, 5)}, {"kernel": 2, "stride": 3, "padding": 0})
    case("avg_pool_k3_one_pixel", lambda x: F.avg_pool2d(x, 3, 1, 1), {"x": x(2, 2, 1, 1)}, {"kernel": 3, "stride": 1, "padding": 1})
    case("avg_pool_k2_s3", lambda x: F.avg_pool2d(x, 2, 3), {"x": x(1, 2, 8, 5)}, {"kernel": 2, "stride": 3, "padding": 0})
    case("global_pool", lambda x: x.mean((2, 3), keepdim=True), {"x": x(2, 3, 4, 5)})
    case("upsample_2", lambda x: F.interpolate(x, scale_factor=2, mode="nearest"), {"x": x(1, 3, 3, 2)}, {"factor": 2})
    case("upsample_3", lambda x: F.interpolate(x, scale_factor=3, mode="nearest"), {"x": x(2, 1, 1, 2)}, {"factor": 3})
    case("concat", lambda x, y: torch.cat([x, y], 1), {"x": x(2, 2, 3, 2), "y": x(2, 3, 3, 2)})
    case("add", lambda x, y: x + y, {"x": x(1, 2, 3, 3), "y": x(1, 2, 3, 3)})
    case("scale", lambda x, y: x * y, {"x": x(2, 3, 3, 2), "y": x(2, 3, 1, 1)})
    case("linear", lambda x, weight, bias: F.linear(x.flatten(1), weight, bias),
         {"x": x(2, 3, 2, 2), "weight": ((4, 12), 0.5), "bias": ((4,), 0.5)})  # fmt: skip
    labels = [3, 0, 6, 6, 2]
    for name, smoothing in [("cross_entropy", 0.0), ("cross_entropy_smooth", 0.1)]:
        case(name, lambda x: F.cross_entropy(x, torch.tensor(labels), label_smoothing=smoothing).view(1), {"x": ((5, 7), 6.0)},
             {"labels": labels, "smoothing": smoothing})  # fmt: skip
    return out
