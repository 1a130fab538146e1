"""One side of one workload in PyTorch (or onnxruntime): answers the driver's lines as `networks serve` does."""

import json
import os
import resource
import sys
import time


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def serve(side, workload, threads, clock, lines, answers):
    """Reads `run SECONDS [STEPS]` and `end` from `lines`, writes JSON to `answers`."""

    def say(**said):
        print(json.dumps(said), file=answers, flush=True)

    start = peak()
    now = time.process_time if clock == "cpu" else time.perf_counter
    try:
        import torch

        torch.set_num_threads(threads)
        torch.manual_seed(0)
        step, about = build(side, workload, threads)
        say(ready=workload["name"], **about)
        for line in lines:
            words = line.split()
            if words[0] == "end":
                say(peak=peak(), start=start)
                return
            seconds, least = float(words[1]), int(words[2]) if len(words) > 2 else 1
            begin, ms, value = time.perf_counter(), [], 0.0
            while len(ms) < least or time.perf_counter() - begin < seconds:
                at = now()
                value = step()
                ms.append((now() - at) * 1e3)
            say(ms=ms, value=value)
    except Exception as error:  # told to the driver, which puts it in the table
        text = " ".join(str(error).split())
        say(error=f"{type(error).__name__}: {text[:300]}")


def build(side, workload, threads):
    import torch

    import pytorch_networks as networks

    if workload["name"] == "matrix":
        a, b = torch.randn(2048, 2048), torch.randn(2048, 2048)
        c = a @ b
        return lambda: float(torch.mm(a, b, out=c)[0, 0]), {}
    net = networks.build(workload["network"], workload["classes"])
    params, macs = networks.count(net, workload["size"])
    about = {"params": params, "macs": macs}
    layout = torch.contiguous_format if side == "nchw" else torch.channels_last
    images = torch.rand(workload["batch"], 3, workload["size"], workload["size"]).to(memory_format=layout)
    if workload["task"] == "infer":
        return inference(side, net, images, threads, layout), about
    return training(side, net, images, workload, layout), about


def training(side, net, images, workload, layout):
    import torch
    from torch.nn import functional as F

    import pytorch_networks as networks

    net = net.to(memory_format=layout).train()
    run = torch.compile(net) if side == "compile" else net
    decay = [p for n, p in net.named_parameters() if p.ndim > 1]
    plain = [p for n, p in net.named_parameters() if p.ndim == 1]
    groups = [{"params": decay, "weight_decay": 5e-4}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.SGD(groups, lr=0.01, momentum=0.937, nesterov=True, fused=True)
    if workload["task"] == "detect":
        targets = torch.tensor(workload["targets"])
        loss = networks.DetectionLoss(workload["classes"], workload["size"])
        evaluate = lambda outputs: loss(outputs, targets)
    else:
        labels = torch.arange(workload["batch"]) * 31 % workload["classes"]
        evaluate = lambda logits: (F.cross_entropy(logits, labels),) * 2

    def step():
        total, shown = evaluate(run(images))
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        return float(shown.detach())

    return step


def inference(side, net, images, threads, layout):
    import torch
    from torch import nn
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    with torch.no_grad():
        for m in net.modules():
            if isinstance(m, nn.Conv2d):
                m.weight.mul_(2.5)  # as ours: without training the statistics do not normalise
    net.eval()
    for m in net.modules():
        if hasattr(m, "bn"):
            m.conv, m.bn = fuse_conv_bn_eval(m.conv, m.bn), nn.Identity()
    if side == "onnxruntime":
        return onnxruntime(net, images, threads)
    net = net.to(memory_format=layout)
    run = torch.compile(net) if side == "compile" else net

    def step():
        with torch.inference_mode():
            outputs = run(images)
        return float(outputs[0][0, 0, 0, 0])

    return step


def onnxruntime(net, images, threads):
    """The network as users deploy it: exported once, the optimiser's graph level at its highest (the default)."""
    import io

    import onnxruntime as ort
    import torch

    file = io.BytesIO()
    images = images.contiguous()
    torch.onnx.export(net, (images,), file, input_names=["images"], opset_version=17, dynamo=False)
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "1")
    session = ort.InferenceSession(file.getvalue(), options, providers=["CPUExecutionProvider"])
    feed = {"images": images.numpy()}
    return lambda: float(session.run(None, feed)[0][0, 0, 0, 0])


def fork(side, workload, threads, clock, others):
    """A process for one side; torch is already imported here, so it starts at once. (pid, to it, from it)

    `others` are this process's ends of earlier pipes: a child that kept them would keep its siblings alive."""
    here_read, there_write = os.pipe()  # answers
    there_read, here_write = os.pipe()  # questions
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(here_read), os.close(here_write)
            for pipe in others:
                os.close(pipe.fileno())
            # What libraries print goes where errors go.
            os.dup2(2, 1)
            serve(side, workload, threads, clock, os.fdopen(there_read), os.fdopen(there_write, "w"))
        finally:
            os._exit(0)
    os.close(there_read), os.close(there_write)
    return pid, os.fdopen(here_write, "w"), os.fdopen(here_read)
