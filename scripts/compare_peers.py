#!/usr/bin/env python3
"""Optuna's samplers and NNI's strategies on a table of networks, beside nasflow's, under one protocol.

    scripts/compare_peers.py macro      nas-bench-macro_cifar10.json --nasflow target/release/nasflow
    scripts/compare_peers.py nasbench201 nasbench201_12ep.csv        --nasflow target/release/nasflow

Every search looks at 200 distinct networks, one at a time, and is told the accuracy of each. What counts is networks, not samples:
two samples that build one network are one, and a search that proposes a known one again is told what is known, free of charge (its
asks are bounded by 5 times the budget, those of Optuna's GP by --gp-asks). So a peer is not charged for what nasflow never does, training the same network twice.

Optuna is the installed package (its version is printed): TPESampler, NSGAIISampler, GPSampler and RandomSampler with their defaults.
NNI's package no longer installs with current PyTorch, so its strategies are written out here from their sources' defaults (3.0):
RegularizedEvolution (population 100, tournament 25, mutation 0.05 a dimension, duplicates drawn again), TPE (20 random ones, 24
candidates, gamma 0.25, 25 best at most, prior 1, linear forgetting of the loss-sorted list; told to maximise, which by default it is
not), and Random.

A table of medians with 95 % bootstrap intervals is printed; with --nasflow, the rows of `nasflow compare` follow, run here and now on
pipelines/macro-compare.kdl or pipelines/nasbench201-compare.kdl, which have the same protocol.
"""

import argparse
import csv
import json
import math
import multiprocessing
import pathlib
import random
import statistics
import subprocess
import sys
import time

BUDGET = 200
AT = (50, 100, 150, 200)
ROOT = pathlib.Path(__file__).resolve().parent.parent


class Table:
    """Dimensions (a list of numbers of options), and for a sample its network and accuracies."""

    def __init__(self, kind, path, noisy, charge=False, asks=5 * BUDGET):
        self.charge, self.asks = charge, asks
        self.rows, self.told, self.judged = {}, {}, {}
        getattr(self, kind)(path, noisy)
        # One row a network: the first sample that builds it, as `nasflow compare` has it.
        best = {}
        for sample, network in self.rows.items():
            best.setdefault(network, self.judged[sample])
        values = sorted(best.values(), reverse=True)
        self.networks, self.optimum = len(values), values[0]
        self.top = values[max(0, math.ceil(len(values) / 1000) - 1)]
        self.value = best
        first = {}
        for sample, network in self.rows.items():
            first.setdefault(network, self.told[sample])
        self.told = first

    def macro(self, path, noisy):
        self.dimensions = [3] * 8
        for arch, row in json.load(open(path)).items():
            sample = tuple(int(c) for c in arch)
            self.told[sample] = row["test_acc"][0] if noisy else statistics.fmean(row["test_acc"])
            self.judged[sample] = statistics.fmean(row["test_acc"])
            stages = (sample[:2], sample[2:5], sample[5:])
            # Behind a stage's first layer identities are wired through.
            self.rows[sample] = tuple((s[0],) + tuple(o for o in s[1:] if o) for s in stages)

    def nasbench201(self, path, noisy):
        self.dimensions = [5] * 6
        ops = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"]
        for row in csv.DictReader(open(path)):
            edges = [part.split("~") for node in row["arch"].split("+") for part in node.strip("|").split("|")]
            sample = tuple(ops.index(op) for op, _ in edges)
            self.told[sample] = self.judged[sample] = float(row["cifar10_valid_acc"])
            self.rows[sample] = cell(sample)


def cell(sample):
    """What a cell of NAS-Bench-201 computes, without what changes nothing: skips are wired through, zeros and what only they reach
    are dropped, and sums have no order. Operations that are used twice are told from two alike."""
    terms, operations, values = {0: ["in"]}, {}, {}
    places = [(1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2)]
    for (to, source), op in zip(places, sample):
        terms.setdefault(to, [])
        # What a node hands on: nothing, its one term, or a sum, which is a step of its own.
        if source not in values:
            several = len(terms[source]) > 1
            values[source] = [("sum", source)] if several else list(terms[source])
            if several:
                operations[("sum", source)] = ("sum", list(terms[source]))
        if op == 1:
            terms[to] += values[source]
        elif op > 1 and (values[source] or op < 4):
            operations[(to, source)] = (op, list(values[source]))
            terms[to].append((to, source))
    if len(terms[3]) == 1 and terms[3][0][0] == "sum":
        terms[3] = operations[terms[3][0]][1]
    used, queue = set(), list(terms[3])
    while queue:
        term = queue.pop()
        if term not in used:
            used.add(term)
            queue += operations[term][1] if term in operations else []
    name = {v: ("in",) if v == "in" else (operations[v][0],) for v in used}
    reads = {v: operations[v][1] if v in operations else [] for v in used}
    for _ in range(4):
        readers = {v: sorted(repr(name[w]) for w in used for r in reads[w] if r == v) for v in used}
        ends = {v: terms[3].count(v) for v in used}
        name = {v: (name[v][0], hash_of((name[v], sorted(repr(name[r]) for r in reads[v]), readers[v], ends[v]))) for v in used}
    return hash_of(sorted(repr(name[v]) for v in used))


def hash_of(value):
    import hashlib

    return hashlib.blake2b(repr(value).encode(), digest_size=12).hexdigest()


class Search:
    """Counts networks, and keeps the best so far after each."""

    def __init__(self, table):
        self.table, self.seen, self.asks, self.best, self.curve = table, {}, 0, -math.inf, []

    def over(self):
        return len(self.curve) >= BUDGET or self.asks >= self.table.asks

    def tell(self, sample):
        self.asks += 1
        network = self.table.rows[sample]
        if network in self.seen and self.table.charge:
            self.curve.append(self.best)
        if network not in self.seen:
            self.seen[network] = self.table.told[network]
            self.best = max(self.best, self.table.value[network])
            self.curve.append(self.best)
        return self.seen[network]


def optuna_search(make):
    def run(table, seed):
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        study, search = optuna.create_study(direction="maximize", sampler=make(optuna.samplers, seed)), Search(table)
        while not search.over():
            trial = study.ask()
            sample = tuple(trial.suggest_categorical(str(i), list(range(n))) for i, n in enumerate(table.dimensions))
            study.tell(trial, search.tell(sample))
        return search.curve

    return run


def nni_random(table, seed):
    rng, search, done = random.Random(seed), Search(table), set()
    while not search.over():
        sample = tuple(rng.randrange(n) for n in table.dimensions)
        if sample not in done:
            done.add(sample)
            search.tell(sample)
    return search.curve


def nni_evolution(table, seed, population=100, tournament=25, mutation=0.05):
    rng, search, done, living = random.Random(seed), Search(table), set(), []
    while not search.over():
        for _ in range(500):
            if len(done) < population:
                sample = tuple(rng.randrange(n) for n in table.dimensions)
            else:
                parent = max(rng.sample(living, min(tournament, len(living))), key=lambda pair: pair[1])[0]
                sample = tuple(rng.randrange(n) if rng.random() < mutation else o for o, n in zip(parent, table.dimensions))
            if sample not in done:
                break
        else:
            break
        done.add(sample)
        living = (living + [(sample, search.tell(sample))])[-population:]
    return search.curve


def nni_tpe(table, seed, startup=20, candidates=24, prior=1.0, gamma=0.25, forgetting=25):
    rng, search, past = random.Random(seed), Search(table), []

    def weights(n):
        ramp = [1 / n + (1 - 1 / n) * i / max(1, n - forgetting - 1) for i in range(n - forgetting)] if n > forgetting else []
        return ramp + [1.0] * min(n, forgetting)

    def shares(values, n):
        counts = [prior] * n
        for value, weight in zip(values, weights(len(values))):
            counts[value] += weight
        return [c / sum(counts) for c in counts]

    while not search.over():
        if len(past) < startup:
            sample = tuple(rng.randrange(n) for n in table.dimensions)
        else:
            ranked = sorted(past, key=lambda pair: -pair[1])
            below = min(math.ceil(gamma * math.sqrt(len(ranked))), 25)
            sample = []
            for i, n in enumerate(table.dimensions):
                good, bad = (shares([s[i] for s, _ in part], n) for part in (ranked[:below], ranked[below:]))
                drawn = rng.choices(range(n), good, k=candidates)
                sample.append(max(drawn, key=lambda o: math.log(good[o]) - math.log(bad[o])))
            sample = tuple(sample)
        past.append((sample, search.tell(sample)))
    return search.curve


PEERS = {
    "optuna tpe": optuna_search(lambda s, seed: s.TPESampler(seed=seed)),
    "optuna nsga2": optuna_search(lambda s, seed: s.NSGAIISampler(seed=seed)),
    "optuna gp": optuna_search(lambda s, seed: s.GPSampler(seed=seed)),
    "optuna random": optuna_search(lambda s, seed: s.RandomSampler(seed=seed)),
    "nni evolution": nni_evolution,
    "nni tpe": nni_tpe,
    "nni random": nni_random,
}

SLOW = ("optuna gp", "nni tpe")


def one(job):
    name, kind, path, noisy, charge, asks, seed = job
    global TABLE
    if "TABLE" not in globals():
        TABLE = Table(kind, path, noisy, charge)
    TABLE.asks = asks
    begun = time.process_time()
    try:
        return name, PEERS[name](TABLE, seed), time.process_time() - begun
    except (ImportError, ModuleNotFoundError) as error:
        return name, str(error), 0.0


def interval(values, statistic, rounds=1000):
    rng = random.Random(0)
    drawn = sorted(statistic(rng.choices(values, k=len(values))) for _ in range(rounds))
    return drawn[int(0.025 * rounds)], drawn[int(0.975 * rounds) - 1]


def shown(values, statistic, digits):
    def text(x):
        return f"> {BUDGET}" if x > BUDGET else f"{x:.{digits}f}"

    low, high = interval(values, statistic)
    return f"{text(statistic(values))} ({text(low)}–{text(high)})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["macro", "nasbench201"])
    parser.add_argument("table")
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--slow-seeds", type=int, default=20, help="of Optuna's GP and NNI's TPE")
    parser.add_argument("--gp-asks", type=int, default=300, help="after which Optuna's GP is given up: each takes longer than the one before")
    parser.add_argument("--peers", nargs="*", default=list(PEERS))
    parser.add_argument("--noisy", action="store_true", help="macro: told the first training's accuracy, judged by the mean of three")
    parser.add_argument("--charge-repeats", action="store_true", help="a network that a peer proposes again counts as a query")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--nasflow", help="the program; its searches run first")
    arguments = parser.parse_args()

    table = Table(arguments.kind, arguments.table, arguments.noisy)
    print(f"{len(table.rows)} samples, {table.networks} networks; optimum {table.optimum:.3f}, top 0.1 % from {table.top:.3f}")
    if arguments.nasflow:
        pipeline = ROOT / "pipelines" / f"{arguments.kind}-compare.kdl"
        command = [arguments.nasflow, "compare", str(pipeline), "-p", f"table={arguments.table}", "--seeds", str(arguments.seeds)]
        subprocess.run(command + (["--told-seed", "0"] if arguments.noisy else []), check=True)
    sys.stdout.flush()

    jobs = []
    for name in arguments.peers:
        seeds = min(arguments.seeds, arguments.slow_seeds) if name in SLOW else arguments.seeds
        asks = arguments.gp_asks if name == "optuna gp" else 5 * BUDGET
        jobs += [(name, arguments.kind, arguments.table, arguments.noisy, arguments.charge_repeats, asks, seed) for seed in range(seeds)]
    curves, spent = {}, {}
    with multiprocessing.Pool(arguments.jobs) as pool:
        for name, curve, seconds in pool.imap_unordered(one, jobs, chunksize=1):
            if isinstance(curve, str):
                curves[name] = curve
            elif not isinstance(curves.get(name), str):
                curves.setdefault(name, []).append(curve)
                spent[name] = spent.get(name, 0.0) + seconds
    try:
        import optuna

        print(f"optuna {optuna.__version__}")
    except ImportError:
        pass
    heads = ["search", "seeds", "queries to optimum", "to top 0.1 %"] + [f"regret at {n}" for n in AT] + ["ms an ask"]
    print(" | ".join(heads))
    for name in arguments.peers:
        of = curves.get(name)
        if not isinstance(of, list):
            print(f"{name} | not run: {of}")
            continue

        def reached(curve, value):
            return next((i + 1 for i, v in enumerate(curve) if v >= value - 1e-9), BUDGET + 1)

        cells = [shown([reached(c, table.optimum) for c in of], statistics.median, 0), shown([reached(c, table.top) for c in of], statistics.median, 0)]
        cells += [shown([table.optimum - c[min(n, len(c)) - 1] for c in of], statistics.fmean, 3) for n in AT]
        print(" | ".join([name, str(len(of))] + cells + [f"{1000 * spent[name] / sum(len(c) for c in of):.1f}"]))


if __name__ == "__main__":
    main()
