#!/bin/sh
# A store of a million results: how long the program takes in it.
#
#   scripts/large_store.sh [RESULTS] [DIR]
#
# Makes the store where it is not there (benches/store.rs says how; with HOW=rows in a minute, without the manifests' files), runs a small search in it, and times what is
# asked of that search afterwards: the least of 7 times, in milliseconds.
set -eu
results=${1:-1000000} dir=${2:-target/large-store}
here=$(cd "$(dirname "$0")/.." && pwd)
cd "$here"
nasflow=${NASFLOW:-target/release/nasflow}
[ -n "${NASFLOW:-}" ] || cargo build --release
bench() { if [ -n "${BENCH:-}" ]; then "$BENCH" "$@"; else cargo bench --bench store -- "$@"; fi; }
[ -e "$dir/format" ] || bench "${HOW:-make}" --dir "$dir" --results "$results"
"$nasflow" run pipelines/reproducible.kdl --cache "$dir" > /dev/null
bench look --dir "$dir"
least() {
    python3 - "$@" <<'END'
import subprocess, sys, time
def once():
    begun = time.perf_counter()
    subprocess.run(sys.argv[2:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return (time.perf_counter() - begun) * 1e3
print(f"{sys.argv[1]:45} {min(once() for _ in range(7)):8.2f} ms")
END
}
least "nasflow --version" "$nasflow" --version
least "nasflow plan, nothing to do" "$nasflow" plan pipelines/reproducible.kdl --cache "$dir"
least "nasflow run, nothing to do" "$nasflow" run pipelines/reproducible.kdl --cache "$dir"
least "nasflow show" "$nasflow" show pipelines/reproducible.kdl --cache "$dir"
