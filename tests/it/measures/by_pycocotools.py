"""COCO's own code over truth.json and found.json: by_pycocotools.py TRUTH FOUND. Prints JSON."""
import contextlib
import io
import json
import sys

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

with contextlib.redirect_stdout(io.StringIO()):
    truth = COCO(sys.argv[1])
    evaluation = COCOeval(truth, truth.loadRes(sys.argv[2]), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
print(json.dumps({"coco-map50-95": evaluation.stats[0], "coco-map50": evaluation.stats[1]}))
