"""Proposes networks to nasflow: changes one choice of the best one so far.

`nasflow run examples/propose/search.kdl` starts this program for every candidate. It reads on its standard input what is known, as
JSON, and prints one line of JSON. A language model would get the same text in its prompt, and its answer would be checked likewise:
what is no network of the space, or was proposed before, comes back in `refused` with the reason, and the program is asked again.
"""

import json
import random
import sys

job = json.load(sys.stdin)
# Everything that the answer follows from is in the job, so the same question gets the same answer.
rng = random.Random(f"{job['seed']} {job['number']} {len(job['refused'])}")
measured = [t for t in job["tickets"] if t["state"] == "measured"]

if measured and rng.random() < 0.8:
    higher = job["objective"]["better"] == "higher"
    best = (max if higher else min)(measured, key=lambda t: t["result"])
    choices = dict(best["choices"])
    changed = rng.choice([c for c in job["choices"] if c["label"] in choices])
    choices[changed["label"]] = rng.choice(changed["values"])
    # A change may open other choices: those that it needs are drawn.
    for choice in job["choices"]:
        choices.setdefault(choice["label"], rng.choice(choice["values"]))
else:
    choices = {choice["label"]: rng.choice(choice["values"]) for choice in job["choices"]}

print("asked for number", job["number"], file=sys.stderr)
print(json.dumps({"choices": choices}))
