#!/usr/bin/env python3
"""nasflow beside ninja, Snakemake and DVC: a run with nothing to do, and damage that a store must not overlook.

    python3 -m venv target/peers-store && target/peers-store/bin/pip install snakemake dvc      (ninja: apt-get install ninja-build)
    scripts/compare_runners.py idle   --nasflow target/release/nasflow --bin target/peers-store/bin
    scripts/compare_runners.py damage --nasflow target/release/nasflow --bin target/peers-store/bin

`idle`: 1,000 candidates of a search over a table in nasflow (one file of at most 20 nodes beside the space), 1,000 stages in the others,
each of which writes one line from one input. All are run to their end once; then each is run again, in turns, and has nothing to do.
CPU time, user and system, children included: median and range of the turns.

`damage`: one bit is flipped with the file's time stamps put back, as a failing disk does.
    a cached file       that a command restores or hands out: what does that command do, and what does the next run?
    an intermediate     that a later step, asked for only now, has to read: is that step's result right?
Each tool is judged by its files: the result is compared with that of an undamaged run. What a tool has no notion of is said.

A tool that is not installed is left out, and said.
"""

import argparse
import hashlib
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
STAGES = 1000

SEARCH = """pipeline "known" seed=0
data "images" generate=shapes images=10 classes=6 image-size=32 { split train=1.0 }
space "kernels" {
    choice "a" 1 3 5 7 9
    choice "b" 1 3 5 7 9
    choice "c" 1 3 5 7 9
    choice "d" 1 3 5 7 9
    choice "e" 1 3 5 7 9
    network width=1.0 {
        input "images"
        conv 8 kernel=(choice)"a" stride=2
        conv 8 kernel=(choice)"b"
        conv 8 kernel=(choice)"c"
        conv 8 kernel=(choice)"d"
        conv 8 kernel=(choice)"e"
        global-pool
        linear
    }
}
sample "drawn" { from "kernels"; strategy evolution; trials 1000; objective "found" maximize=accuracy }
evaluate "found" { from "drawn"; method table file="table.csv" key="{a}{b}{c}{d}{e}" { column accuracy "acc" unit=percent }; metrics accuracy }
select "best" { from "found"; top 1 by=accuracy }
"""


def call(command, cwd, check=True, env=None):
    """Runs; returns (CPU seconds, exit code, what it said)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([str(c) for c in command], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if check and done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed in {cwd}:\n{done.stdout[-2000:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.returncode, done.stdout


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest() if pathlib.Path(path).exists() else None


def flip(path):
    """Flips one bit in the middle of a file and puts its time stamps back."""
    path = pathlib.Path(path)
    seen = path.stat()
    mode = seen.st_mode
    path.chmod(mode | 0o200)
    with open(path, "r+b") as file:
        at = seen.st_size // 2
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1]))
    path.chmod(mode)
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))


# ---- a run with nothing to do ----


def idle_nasflow(tools, place):
    import itertools
    import random

    rng = random.Random(1)
    rows = ["arch,acc"] + [f"{''.join(map(str, k))},{50 + sum(k) / 2 + 5 * rng.random():.3f}" for k in itertools.product((1, 3, 5, 7, 9), repeat=5)]
    (place / "table.csv").write_text("\n".join(rows) + "\n")
    (place / "search.kdl").write_text(SEARCH)
    return [tools["nasflow"], "run", "search.kdl", "--cache", "store"]


def idle_ninja(tools, place):
    lines = ["rule copy", "  command = cat $in > $out"]
    for i in range(STAGES):
        (place / f"in{i}").write_text(f"{i}\n")
        lines.append(f"build out{i}: copy in{i}")
    (place / "build.ninja").write_text("\n".join(lines) + "\n")
    return [tools["ninja"]]


def idle_snakemake(tools, place):
    (place / "in").mkdir()
    for i in range(STAGES):
        (place / "in" / str(i)).write_text(f"{i}\n")
    rules = ["rule all:", f'    input: ["out/{{}}-{{}}".format(i % 10, i) for i in range({STAGES})]']
    for k in range(10):
        rules += [f"rule copy{k}:", '    input: "in/{i}"', f'    output: "out/{k}-{{i}}"', '    shell: "cat {input} > {output}"']
    (place / "Snakefile").write_text("\n".join(rules) + "\n")
    return [tools["snakemake"], "--cores", "2", "--quiet", "all"]


def idle_dvc(tools, place):
    call(["git", "init", "-q"], place)
    call([tools["dvc"], "init", "-q"], place)
    (place / "in").mkdir()
    (place / "out").mkdir()
    for i in range(STAGES):
        (place / "in" / str(i)).write_text(f"{i}\n")
    # Ten files of 100 stages each: DVC writes a file's lock anew after each of its stages, and with 1,000 in one file the first run takes
    # half an hour of CPU time.
    stage = "stages:\n  copy:\n    foreach: ${n}\n    do:\n      cmd: cat ../in/${item} > ../out/${item}\n      deps:\n        - ../in/${item}\n      outs:\n        - ../out/${item}\n"
    for part in range(0, STAGES, 100):
        folder = place / str(part)
        folder.mkdir()
        (folder / "dvc.yaml").write_text(stage)
        (folder / "params.yaml").write_text("n: [" + ", ".join(map(str, range(part, min(part + 100, STAGES)))) + "]\n")
    return [tools["dvc"], "repro", "-q", "--all-pipelines"]


IDLE = {"nasflow": idle_nasflow, "ninja": idle_ninja, "snakemake": idle_snakemake, "dvc": idle_dvc}


def idle(tools, turns):
    commands = {}
    with tempfile.TemporaryDirectory() as top:
        for name, make in IDLE.items():
            if name not in tools:
                continue
            place = pathlib.Path(top) / name
            place.mkdir()
            command = make(tools, place)
            first, _, _ = call(command, place)
            commands[name] = (command, place, first, [])
            print(f"{name}: all done once, {first:.2f} s of CPU", flush=True)
        for _ in range(turns):
            for command, place, _, spent in commands.values():
                spent.append(call(command, place)[0])
    ours = statistics.median(commands["nasflow"][3]) if "nasflow" in commands else None
    print(f"\nnothing to do, {STAGES} candidates or stages, {turns} turns, CPU time")
    print("| tool | median | range | nasflow's × |")
    print("|---|---|---|---|")
    for name, (_, _, _, spent) in commands.items():
        times = f"{statistics.median(spent) / ours:.2f}" if ours else ""
        print(f"| {name} | {1000 * statistics.median(spent):.0f} ms | {1000 * min(spent):.0f} – {1000 * max(spent):.0f} ms | {times} |")


# ---- damage ----


def verdict(right, said):
    return "right" if right else f"WRONG{' and nothing said' if not said else ''}"


def damage_snakemake(tools, place):
    (place / "in").write_text("1234\n" * 100)
    body = 'rule all:\n    input: "a"\nrule a:\n    input: "in"\n    output: "a"\n    shell: "cat {input} > {output}"\n'
    (place / "Snakefile").write_text(body)
    run = [tools["snakemake"], "--cores", "1", "all"]
    call(run, place)
    clean = digest(place / "a")
    yield "a cached file", "it has no cache between runs of one folder (`cache: True` needs rules of its own)"
    flip(place / "a")
    _, _, said = call(run, place)
    nothing = "Nothing to be done" in said
    later = body.replace('input: "a"\nrule a', 'input: "b"\nrule a') + 'rule b:\n    input: "a"\n    output: "b"\n    shell: "cat {input} > {output}"\n'
    (place / "Snakefile").write_text(later)
    call(run, place)
    right = digest(place / "b") == clean
    yield "an intermediate", f"the next run: {'nothing to be done' if nothing else 'ran again'}; a later step that reads it: {verdict(right, False)}"


def damage_dvc(tools, place):
    dvc = tools["dvc"]
    call(["git", "init", "-q"], place)
    call([dvc, "init", "-q"], place)
    (place / "in").write_text("1234\n" * 100)
    (place / "dvc.yaml").write_text("stages:\n  a:\n    cmd: cat in > a\n    deps: [in]\n    outs: [a]\n")
    call([dvc, "repro"], place)
    clean = digest(place / "a")
    cached = [p for p in (place / ".dvc" / "cache" / "files").rglob("*") if p.is_file() and digest(p) == clean]
    flip(cached[0])
    (place / "a").unlink()
    _, code, said = call([dvc, "checkout"], place, check=False)
    restored = digest(place / "a")
    first = "refused" if code or restored is None else verdict(restored == clean, "corrupt" in said.lower())
    _, code, said = call([dvc, "repro"], place, check=False)
    then = digest(place / "a") == clean
    yield "a cached file", f"`dvc checkout` hands it out: {first}; then `dvc repro`: {'right again' if then else verdict(False, code)}{' (“up to date”)' if 'up to date' in said else ''}"
    # From a fresh start, an output in the working folder.
    shutil.rmtree(place / ".dvc" / "cache")
    (place / "a").unlink(missing_ok=True)
    call([dvc, "repro", "-f"], place)
    flip(place / "a")
    _, _, said = call([dvc, "repro"], place, check=False)
    nothing = "up to date" in said
    text = (place / "dvc.yaml").read_text() + "  b:\n    cmd: cat a > b\n    deps: [a]\n    outs: [b]\n"
    (place / "dvc.yaml").write_text(text)
    call([dvc, "repro"], place, check=False)
    right = digest(place / "b") == clean
    yield "an intermediate", f"the next run: {'up to date' if nothing else 'ran again'}; a later step that reads it: {verdict(right, False)}"


def damage_nasflow(tools, place):
    nasflow = tools["nasflow"]
    text = (ROOT / "pipelines" / "reproducible.kdl").read_text()
    (place / "p.kdl").write_text(text)
    cache = ["--cache", "store"]
    call([nasflow, "run", "p.kdl", *cache], place)
    digests = lambda: call([nasflow, "show", "p.kdl", "--digests", *cache], place)[2]
    clean = digests()
    call([nasflow, "export", "p.kdl", "-o", "clean.safetensors", *cache], place)
    exported = digest(place / "clean.safetensors")
    more = place / "more.kdl"
    more.write_text(text.replace("metrics map50 map50-95", "metrics map50 map50-95 precision"))
    # What the later step gives where nothing is damaged.
    shutil.copytree(place / "store", place / "undamaged")
    call([nasflow, "run", "more.kdl", "--cache", "undamaged"], place)
    wanted = call([nasflow, "show", "more.kdl", "--digests", "--cache", "undamaged"], place)[2]

    def blob(prefix):
        found = [p for p in (place / "store" / "blobs").rglob("*") if p.is_file() and (p.parent.name + p.name).startswith(prefix)]
        return found[0]

    def named(output):
        return [w.split("=")[1] for line in clean.splitlines() for w in line.split() if w.startswith(f"{output}=")]

    # Every trial's weights: the exported model is among them.
    for prefix in named("weights"):
        flip(blob(prefix))
    _, code, said = call([nasflow, "export", "p.kdl", "-o", "out.safetensors", *cache], place, check=False)
    out = digest(place / "out.safetensors")
    first = "refused, and said" if code and out is None and "damaged" in said else verdict(out == exported, "damaged" in said)
    call([nasflow, "run", "p.kdl", *cache], place)
    call([nasflow, "export", "p.kdl", "-o", "out.safetensors", *cache], place)
    then = digests() == clean and digest(place / "out.safetensors") == exported
    yield "a cached file", f"`nasflow export` hands it out: {first}; then `nasflow run`: {'right again' if then else verdict(False, False)}"
    for prefix in named("predictions"):
        flip(blob(prefix))
    _, _, said = call([nasflow, "run", "more.kdl", *cache], place)
    right = call([nasflow, "show", "more.kdl", "--digests", *cache], place)[2] == wanted
    yield "an intermediate", f"a later step that reads it: {verdict(right, 'damaged' in said)}{', and said' if 'damaged' in said else ''}"


DAMAGE = {"nasflow": damage_nasflow, "snakemake": damage_snakemake, "dvc": damage_dvc}


def damage(tools):
    print("| tool | damaged | what came |")
    print("|---|---|---|")
    for name, of in DAMAGE.items():
        if name in tools:
            with tempfile.TemporaryDirectory() as place:
                for what, came in of(tools, pathlib.Path(place)):
                    print(f"| {name} | {what} | {came} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["idle", "damage"])
    parser.add_argument("--nasflow", default=str(ROOT / "target" / "release" / "nasflow"))
    parser.add_argument("--bin", help="where snakemake and dvc are, if not on the PATH")
    parser.add_argument("--turns", type=int, default=5)
    arguments = parser.parse_args()
    path = (str(pathlib.Path(arguments.bin).resolve()) + os.pathsep if arguments.bin else "") + os.environ["PATH"]
    os.environ["PATH"] = path
    tools = {"nasflow": str(pathlib.Path(arguments.nasflow).resolve())}
    for name in ("ninja", "snakemake", "dvc"):
        found = shutil.which(name, path=path)
        if found:
            tools[name] = found
            version = subprocess.run([found, "--version"], capture_output=True, text=True).stdout.split("\n")[0]
            print(f"{name} {version}")
        else:
            print(f"{name}: not installed, left out")
    idle(tools, arguments.turns) if arguments.what == "idle" else damage(tools)


if __name__ == "__main__":
    main()
