#!/bin/sh
# What an idle run costs where thousands of candidates are known: CPU seconds of `nasflow run` and `nasflow plan` over a table, three
# times each, after the search was run once.
#     benches/replay.sh [target/release/nasflow] [CANDIDATES …]
# The table is made here: six kernels of five sizes, 15,625 networks. Evolution proposes (population 30).
set -eu
nasflow=$(realpath "${1:-target/release/nasflow}")
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- 1000 10000
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
awk 'BEGIN { srand(1); print "arch,acc"; n = split("1 3 5 7 9", k, " ")
    for (a = 1; a <= n; a++) for (b = 1; b <= n; b++) for (c = 1; c <= n; c++) for (d = 1; d <= n; d++) for (e = 1; e <= n; e++) for (f = 1; f <= n; f++)
        printf "%d%d%d%d%d%d,%.3f\n", k[a], k[b], k[c], k[d], k[e], k[f], 50 + (k[a] + k[b] + k[c] + k[d] + k[e] + k[f]) / 2 + 5 * rand() }' > table.csv
cat > search.kdl <<'KDL'
pipeline "known" seed=0
param "trials" 10000
data "images" generate=shapes images=10 classes=6 image-size=32 { split train=1.0 }
space "kernels" {
    choice "a" 1 3 5 7 9
    choice "b" 1 3 5 7 9
    choice "c" 1 3 5 7 9
    choice "d" 1 3 5 7 9
    choice "e" 1 3 5 7 9
    choice "f" 1 3 5 7 9
    network width=1.0 {
        input "images"
        conv 8 kernel=(choice)"a" stride=2
        conv 8 kernel=(choice)"b"
        conv 8 kernel=(choice)"c"
        conv 8 kernel=(choice)"d"
        conv 8 kernel=(choice)"e"
        conv 8 kernel=(choice)"f"
        global-pool
        linear
    }
}
sample "drawn" { from "kernels"; strategy evolution; trials (param)"trials"; objective "found" maximize=accuracy }
evaluate "found" {
    from "drawn"
    method table file="table.csv" key="{a}{b}{c}{d}{e}{f}" { column accuracy "acc" unit=percent }
    metrics accuracy
}
select "best" { from "found"; top 1 by=accuracy }
KDL
# User and system time of all that ran so far, in milliseconds. (In a subshell, `times` would count that one's children.)
stamp() {
    times > times.txt
    now=$(tail -1 times.txt | awk '{ for (i = 1; i <= 2; i++) { split($i, t, /[ms]/); s += 60 * t[1] + t[2] } printf "%.0f", 1000 * s }')
}
timed() {
    stamp; before=$now
    "$nasflow" "$1" search.kdl -p "trials=$candidates" --cache "store-$candidates" > /dev/null 2>&1
    stamp; echo "    $2, $1: $((now - before)) ms"
}
for candidates in "$@"; do
    echo "$candidates candidates, CPU time"
    timed run "not known"
    for command in run plan; do
        for i in 1 2 3; do timed $command "known"; done
    done
done
