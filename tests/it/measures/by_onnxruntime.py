"""The accuracy of an exported classifier on a folder for each class of images that have its size: by_onnxruntime.py MODEL FOLDER. Prints JSON."""
import ast
import json
import pathlib
import sys

import numpy as np
import onnxruntime
from PIL import Image

session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
names = ast.literal_eval(session.get_modelmeta().custom_metadata_map["names"])
right, total = 0, 0
for path in sorted(pathlib.Path(sys.argv[2]).glob("*/*.png")):
    pixels = np.asarray(Image.open(path).convert("RGB")).transpose(2, 0, 1)[None].astype(np.float32) / np.float32(255)
    logits = session.run(["output0"], {"images": pixels})[0][0]
    right += names[int(logits.argmax())] == path.parent.name
    total += 1
print(json.dumps({"accuracy": right / total}))
