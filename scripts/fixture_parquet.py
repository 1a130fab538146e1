# Writes src/data/testdata/boxes-{lists,groups}.parquet as the library `datasets` does: pyarrow, its schema and its description. Needs pyarrow, pillow.
import io, json, sys
import pyarrow as pa, pyarrow.parquet as pq
from PIL import Image
folder = sys.argv[1]
def png(shade):
    out = io.BytesIO(); Image.new("RGB", (24, 16), (shade, 90, 40)).save(out, "PNG"); return out.getvalue()
rows = [(png(10), [[2.0, 3.0, 7.5, 8.0], [10.0, 0.0, 14.0, 16.0]], [1, 0]), (png(200), [], [])]
image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
box = pa.list_(pa.float32(), 4)
names = {"names": ["mask", "glove"], "_type": "ClassLabel"}
value = lambda t: {"dtype": t, "_type": "Value"}
sequence = {"feature": value("float32"), "length": 4, "_type": "Sequence"}
thing = {"id": value("int64"), "area": value("int64"), "bbox": sequence, "category": names}
forms = {
    "lists": (
        pa.struct([("id", pa.list_(pa.int64())), ("area", pa.list_(pa.int64())), ("bbox", pa.list_(box)), ("category", pa.list_(pa.int64()))]),
        lambda boxes, classes: {"id": list(range(len(boxes))), "area": [int(b[2] * b[3]) for b in boxes], "bbox": boxes, "category": classes},
        {"feature": thing, "_type": "Sequence"},
    ),
    "groups": (
        pa.list_(pa.struct([("id", pa.int64()), ("area", pa.int64()), ("bbox", pa.list_(pa.float32())), ("category", pa.int64())])),
        lambda boxes, classes: [{"id": i, "area": int(b[2] * b[3]), "bbox": b, "category": c} for i, (b, c) in enumerate(zip(boxes, classes))],
        [thing],
    ),
}
for name, (objects, of, feature) in forms.items():
    features = {"image_id": value("int64"), "image": {"_type": "Image"}, "width": value("int32"), "height": value("int32"), "objects": feature}
    schema = pa.schema([("image_id", pa.int64()), ("image", image), ("width", pa.int32()), ("height", pa.int32()), ("objects", objects)])
    schema = schema.with_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    table = [{"image_id": i, "image": {"bytes": p, "path": f"{i}.png"}, "width": 24, "height": 16, "objects": of(b, c)} for i, (p, b, c) in enumerate(rows)]
    pq.write_table(pa.Table.from_pylist(table, schema), f"{folder}/boxes-{name}.parquet")
