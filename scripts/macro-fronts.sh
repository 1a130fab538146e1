#!/bin/sh
# Hypervolume of NSGA-II, Pareto ageing and random search over NAS-Bench-Macro, twenty seeds: macro-fronts.sh TABLE [SEEDS] [TRIALS]
# Shares of one box a seed (from the worst to the best values that any of the three met). Needs jq.
set -eu
table=$(realpath "$1") seeds=${2:-20} trials=${3:-200}
nasflow=${NASFLOW:-nasflow}
pipeline=$(dirname "$(realpath "$0")")/../pipelines/macro-fronts.kdl
cache=$(mktemp -d)
trap 'rm -rf "$cache"' EXIT
echo "seed,nsga2,ageing,random"
seed=0
while [ "$seed" -lt "$seeds" ]; do
    set -- "$pipeline" -p "table=$table" -p "trials=$trials" -p "seed=$seed" --cache "$cache/store"
    "$nasflow" run "$@" >/dev/null 2>&1
    "$nasflow" show "$@" --json 2>/dev/null |
        jq -r --arg seed "$seed" '.fronts as $f | [$seed, (("nsga2", "ageing", "random") as $n | first($f[] | select(.sample == $n) | .hypervolume))] | join(",")'
    seed=$((seed + 1))
done
