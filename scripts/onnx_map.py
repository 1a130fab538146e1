"""The mAP of an exported ONNX detector, from image files to the figure without nasflow:

    python scripts/onnx_map.py best.onnx --voc path/to/BCCD --split test
    python scripts/onnx_map.py best.onnx --coco annotations/instances_val.json --images images/val

Letterbox, suppression and matching are written here once more, as docs/export.md states them; COCO's figures are pycocotools' own. What it
prints should be what `nasflow show` has for the same images (metrics map50, map50-95, coco-map50, coco-map50-95), to three digits.
Needs numpy, onnxruntime, pillow and pycocotools.
"""
import argparse
import ast
import contextlib
import io
import json
import os
import sys
import xml.etree.ElementTree as ElementTree

import numpy as np
import onnxruntime
from PIL import Image, ImageOps
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

# As evaluation has them: upstream's val.py.
CONFIDENCE, OVERLAP, MOST, CANDIDATES = np.float32(0.001), np.float32(0.6), 300, 30_000
LEVELS = np.linspace(0.5, 0.95, 10)


def voc(root, split, names):
    """[(path, boxes as (class, x1, y1, x2, y2))] of a list of ImageSets/Main."""
    folder = os.path.join(root, "JPEGImages")
    files = {os.path.splitext(name)[0]: os.path.join(folder, name) for name in sorted(os.listdir(folder))}
    found = []
    for stem in open(os.path.join(root, "ImageSets", "Main", split + ".txt")).read().split():
        boxes = []
        for thing in ElementTree.parse(os.path.join(root, "Annotations", stem + ".xml")).getroot().iter("object"):
            if (thing.findtext("difficult") or "").strip() == "1":
                continue
            # Upstream's conversion moves both corners by one pixel.
            edges = [float(thing.find("bndbox").findtext(name)) - 1 for name in ("xmin", "ymin", "xmax", "ymax")]
            boxes.append((names.index(thing.findtext("name").strip()), *edges))
        found.append((files[stem], boxes))
    return found


def coco(path, images, names):
    """The same of a COCO description."""
    description = json.load(open(path))
    classes = {c["id"]: names.index(c["name"]) for c in description["categories"]}
    boxes = {image["id"]: [] for image in description["images"]}
    for thing in description["annotations"]:
        if not thing.get("iscrowd"):
            x, y, w, h = thing["bbox"]
            boxes[thing["image_id"]].append((classes[thing["category_id"]], x, y, x + w, y + h))
    return [(os.path.join(images, image["file_name"]), boxes[image["id"]]) for image in description["images"]]


def shares(length, to):
    """Which shares of `length` pixels each of `to` covers (down), or how it lies between two (up); rows of whole numbers."""
    table = np.zeros((to, length), np.int64)
    for i in range(to):
        for j in range(i * length // to, ((i + 1) * length - 1) // to + 1):
            table[i, j] = min((i + 1) * length, (j + 1) * to) - max(i * length, j * to)
    return table


def between(length, to):
    table = np.zeros((to, length), np.int64)
    for i in range(to):
        at = min(max((2 * i + 1) * length - to, 0), 2 * to * (length - 1))
        first, rest = divmod(at, 2 * to)
        weight = (rest * 2048 + to) // (2 * to)
        table[i, first] += 2048 - weight
        table[i, min(first + 1, length - 1)] += weight
    return table


def resize(image, w, h):
    """Exact area averages where no side grows, else bilinear."""
    height, width, _ = image.shape
    if (w, h) == (width, height):
        return image
    down = w <= width and h <= height
    rows, columns = (f(n, to) for f, n, to in zip([shares if down else between] * 2, (height, width), (h, w)))
    total = width * height if down else 2048 * 2048
    # Doubles hold these whole numbers exactly, and multiply faster.
    mixed = np.tensordot(rows.astype(np.float64), image.astype(np.float64), 1)
    mixed = np.einsum("yxc,wx->ywc", mixed, columns.astype(np.float64), optimize=True).astype(np.int64)
    return ((mixed + total // 2) // total).astype(np.uint8)


def letterbox(path, size):
    """The square that the network sees, 0 to 1 as [3, size, size]; what leads back: scales, padding, the image's size."""
    image = np.asarray(ImageOps.exif_transpose(Image.open(path)).convert("RGB"))
    height, width, _ = image.shape
    longer = max(height, width)
    w, h = (-(-side * size // longer) for side in (width, height))
    square = np.full((size, size, 3), 114, np.uint8)
    left, top = (size - w) / 2, (size - h) / 2
    x, y = round(left - 0.1), round(top - 0.1)
    square[y:y + h, x:x + w] = resize(image, w, h)
    pixels = square.transpose(2, 0, 1).astype(np.float32) / np.float32(255)
    return pixels, (width / w, height / h, left, top, width, height)


def overlaps(one, others):
    """IoU of corners with corners."""
    w = np.minimum(one[2], others[:, 2]) - np.maximum(one[0], others[:, 0])
    h = np.minimum(one[3], others[:, 3]) - np.maximum(one[1], others[:, 1])
    inner = np.maximum(w, 0) * np.maximum(h, 0)
    areas = [(b[..., 2] - b[..., 0]) * (b[..., 3] - b[..., 1]) for b in (one, others)]
    return inner / (areas[0] + areas[1] - inner)


def detections(rows, place):
    """(class, score, x1, y1, x2, y2) in pixels of the image, of the rows of one image."""
    rows = rows[rows[:, 4] > CONFIDENCE]
    scores = rows[:, 5:] * rows[:, 4:5]
    row, classes = np.nonzero(scores > CONFIDENCE)
    x, y, w, h = rows[row, :4].T
    corners, scores = np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], 1), scores[row, classes]
    order = np.argsort(-scores, kind="stable")[:CANDIDATES]
    kept = []
    for c in np.unique(classes):
        left = order[classes[order] == c]
        while len(left):
            kept.append(left[0])
            left = left[1:][overlaps(corners[left[0]], corners[left[1:]]) <= OVERLAP]
    place_of = {i: at for at, i in enumerate(order)}
    kept = sorted(kept, key=place_of.get)[:MOST]
    kx, ky, pad_x, pad_y, width, height = place
    found = []
    for i in kept:
        x1, x2 = (float(np.clip((v - pad_x) * kx, 0, width)) for v in corners[i, [0, 2]])
        y1, y2 = (float(np.clip((v - pad_y) * ky, 0, height)) for v in corners[i, [1, 3]])
        found.append((int(classes[i]), float(scores[i]), x1, y1, x2, y2))
    return found


def by_yolov5(images, found, count):
    """mAP50 and mAP50-95 as upstream has them: a detection chooses the box that it overlaps most, a box keeps the best that chose it."""
    scored, truths = [[] for _ in range(count)], [0] * count
    for (boxes, _), own in zip(images, found):
        for box in boxes:
            truths[box[0]] += 1
        taken = set()
        for c, score, *corners in own:
            same = [i for i, box in enumerate(boxes) if box[0] == c]
            hits = [False] * len(LEVELS)
            if same:
                iou = overlaps(np.array(corners), np.array([boxes[i][1:] for i in same], float))
                best = len(iou) - 1 - int(np.argmax(iou[::-1]))
                for level, least in enumerate(LEVELS):
                    if iou[best] >= least and (same[best], level) not in taken:
                        taken.add((same[best], level))
                        hits[level] = True
            scored[c].append((score, hits))
    aps = []
    for own, n in zip(scored, truths):
        if n == 0:
            continue
        own.sort(key=lambda s: -s[0])
        good = np.cumsum(np.array([hits for _, hits in own], float).reshape(-1, len(LEVELS)), 0)
        aps.append([area(good[:, t] / n, good[:, t] / np.arange(1, len(good) + 1)) if len(good) else 0.0 for t in range(len(LEVELS))])
    aps = np.array(aps)
    return float(aps[:, 0].mean()), float(aps.mean())


def area(recall, precision):
    """Under the precision made monotone, from (0, 1) to (1, 0), by 101 trapezoids."""
    recall, precision = np.concatenate([[0], recall, [1]]), np.concatenate([[1], precision, [0]])
    precision = np.flip(np.maximum.accumulate(np.flip(precision)))
    at = np.linspace(0, 1, 101)
    values = np.interp(at, recall, precision)
    return float(((values[1:] + values[:-1]) / 2 * np.diff(at)).sum())


def by_coco(images, found, count):
    """COCO's mAP50 and mAP50-95."""
    truth = {"info": {}, "images": [], "categories": [{"id": c + 1} for c in range(count)], "annotations": []}
    results = []
    for number, ((boxes, (width, height)), own) in enumerate(zip(images, found), 1):
        truth["images"].append({"id": number, "width": width, "height": height})
        for c, x1, y1, x2, y2 in boxes:
            thing = {"id": len(truth["annotations"]) + 1, "image_id": number, "category_id": c + 1, "iscrowd": 0}
            truth["annotations"].append(thing | {"bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1)})
        results += [{"image_id": number, "category_id": c + 1, "score": s, "bbox": [x1, y1, x2 - x1, y2 - y1]} for c, s, x1, y1, x2, y2 in own]
    if not results:
        return 0.0, 0.0
    with contextlib.redirect_stdout(io.StringIO()):
        known = COCO()
        known.dataset = truth
        known.createIndex()
        evaluation = COCOeval(known, known.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[1]), float(evaluation.stats[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--voc", metavar="ROOT", help="a VOC set")
    parser.add_argument("--split", default="test", help="of a VOC set: the list in ImageSets/Main [test]")
    parser.add_argument("--coco", metavar="JSON", help="a COCO description")
    parser.add_argument("--images", metavar="DIR", help="of a COCO description: where its images are")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    session = onnxruntime.InferenceSession(arguments.model, providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    names = [name for _, name in sorted(ast.literal_eval(metadata["names"]).items())]
    if (arguments.voc is None) == (arguments.coco is None) or (arguments.coco is None) != (arguments.images is None):
        sys.exit("give --voc, or --coco with --images")
    if arguments.voc:
        files = voc(arguments.voc, arguments.split, names)
    else:
        files = coco(arguments.coco, arguments.images, names)
    size = session.get_inputs()[0].shape[-1]
    images, found = [], []
    for path, boxes in files:
        pixels, place = letterbox(path, size)
        width, height = place[4:]
        clipped = [(c, max(x1, 0), max(y1, 0), min(x2, width), min(y2, height)) for c, x1, y1, x2, y2 in boxes]
        # What has no area is no box; what stands twice is one.
        images.append((sorted({b for b in clipped if b[3] > b[1] and b[4] > b[2]}), (width, height)))
        found.append(detections(session.run(["output0"], {"images": pixels[None]})[0][0], place))
    map50, map50_95 = by_yolov5(images, found, len(names))
    coco50, coco50_95 = by_coco(images, found, len(names))
    figures = {"map50": map50, "map50-95": map50_95, "coco-map50": coco50, "coco-map50-95": coco50_95}
    if arguments.json:
        print(json.dumps(figures))
    else:
        print(f"{len(images)} images, {sum(len(f) for f in found)} detections at {size} px")
        for name, value in figures.items():
            print(f"{name:14} {value:.4f}")


if __name__ == "__main__":
    main()
