#!/usr/bin/env python3
"""Converts a checkpoint of Ultralytics' YOLOv5 (`.pt`) to safetensors, for `init file=` of a `train`.

    python scripts/convert_pt.py yolov5n.pt yolov5n.safetensors --code path/to/yolov5

A `.pt` is code: reading one runs whatever its author put in. Convert only files whose source you trust.

Upstream pickles whole modules, so its classes (`models.yolo...`) must be importable: clone github.com/ultralytics/yolov5 and name the
clone by `--code`, or `pip install yolov5`. A file that holds a plain dict of tensors needs neither. Needs PyTorch; the safetensors
are written here. Names of tensors stay YOLOv5's own (`model.0.conv.weight`); half-precision numbers become float32.
"""

import argparse
import json
import struct
import sys
from pathlib import Path

import torch


def state_dict(checkpoint):
    """The tensors of a checkpoint by name, and the module that they are of, where there is one."""
    if isinstance(checkpoint, dict) and ("model" in checkpoint or "ema" in checkpoint):
        # Upstream evaluates the averaged weights where a checkpoint has them.
        checkpoint = checkpoint.get("ema") or checkpoint["model"]
    if isinstance(checkpoint, torch.nn.Module):
        return checkpoint.state_dict(), checkpoint
    if isinstance(checkpoint, dict) and all(isinstance(v, torch.Tensor) for v in checkpoint.values()):
        return checkpoint, None
    raise SystemExit(f"neither a checkpoint of YOLOv5 nor a dict of tensors, but {type(checkpoint).__name__}")


def load(path, code):
    if code:
        sys.path.insert(0, str(Path(code).resolve()))
    try:
        return torch.load(path, map_location="cpu", weights_only=False)
    except ModuleNotFoundError as missing:
        first = missing.name.split(".")[0] if missing.name else ""
        if first not in ("models", "utils"):
            raise SystemExit(f"{path}: the module `{missing.name}` is missing; install it, or name a clone of YOLOv5 by --code") from None
    try:
        # The package on PyPI holds the same classes under another name.
        import yolov5.models
        import yolov5.utils
    except ModuleNotFoundError:
        raise SystemExit(f"{path} holds modules of YOLOv5: name a clone of github.com/ultralytics/yolov5 by --code") from None
    sys.modules["models"], sys.modules["utils"] = yolov5.models, yolov5.utils
    return torch.load(path, map_location="cpu", weights_only=False)


def write(path, tensors, metadata):
    """A safetensors file: a length, a JSON header, the bytes of the tensors."""
    header, offset, parts = {"__metadata__": metadata}, 0, []
    # 8-byte numbers first keeps everything aligned.
    for name in sorted(tensors, key=lambda n: (tensors[n].dtype != torch.int64, n)):
        tensor = tensors[name].contiguous()
        kind, code = ("I64", "q") if tensor.dtype == torch.int64 else ("F32", "f")
        values = tensor.flatten().tolist()
        data = struct.pack(f"<{len(values)}{code}", *values)
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
        parts.append(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    Path(path).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", help="the .pt, which is run as code")
    parser.add_argument("output", help="the .safetensors to write")
    parser.add_argument("--code", help="a clone of github.com/ultralytics/yolov5")
    arguments = parser.parse_args()
    print(f"warning: {arguments.checkpoint} is run as code; stop now if you do not trust its source", file=sys.stderr)
    state, module = state_dict(load(arguments.checkpoint, arguments.code))
    tensors = {}
    for name, tensor in state.items():
        # Wrappers of several GPUs put a word before every name.
        name = name.removeprefix("module.")
        tensors[name] = tensor.detach().to(torch.float32 if tensor.is_floating_point() else torch.int64)
    metadata = {"format": "pt"}
    names = getattr(module, "names", None)
    if names:
        names = dict(enumerate(names)) if isinstance(names, (list, tuple)) else names
        metadata["names"], metadata["nc"] = repr(names), str(len(names))
    write(arguments.output, tensors, metadata)
    count = sum(t.numel() for t in tensors.values() if t.dtype == torch.float32)
    print(f"{arguments.output}: {len(tensors)} tensors, {count:,} numbers")


if __name__ == "__main__":
    main()
