#!/bin/bash
# Trains on more images than memory holds, under a limit that counts the pages which the system keeps of files, and compares
# the speed with images in memory. Needs root and cgroups for the limit; without them it says so and runs without one.
#
#   scripts/large_data.sh [--images 3000] [--limit 1G] [--hold 500] [--batches 60] [--dir target/large] [--rounds 3] [--network yolov5n] [--program FILE]
#
# 20,000 images take 25 GB of disk: scripts/large_data.sh --images 20000 --limit 4G --hold 1500 --batches 20 --network yolov5n
set -eu
images=3000 limit=1G hold=500 batches=60 dir=target/large rounds=3 program= network=
while [ $# -gt 0 ]; do
    case $1 in
        --images) images=$2 ;; --limit) limit=$2 ;; --hold) hold=$2 ;; --batches) batches=$2 ;;
        --dir) dir=$2 ;; --rounds) rounds=$2 ;; --program) program=$2 ;; --network) network="--network $2" ;;
        *) sed -n '2,8p' "$0"; exit 2 ;;
    esac
    shift 2
done
if [ -z "$program" ]; then
    cargo build --release --bench large
    program=$(ls -t target/release/deps/large-* | grep -v '\.d$' | head -1)
fi

group=
if [ -w /sys/fs/cgroup/memory ] && mkdir -p "/sys/fs/cgroup/memory/nasflow-large-$$" 2>/dev/null; then
    group=/sys/fs/cgroup/memory/nasflow-large-$$ bound=memory.limit_in_bytes most=memory.max_usage_in_bytes
elif [ -e /sys/fs/cgroup/cgroup.controllers ] && mkdir -p "/sys/fs/cgroup/nasflow-large-$$" 2>/dev/null; then
    group=/sys/fs/cgroup/nasflow-large-$$ bound=memory.max most=memory.peak
fi
if [ -n "$group" ] && ! echo "$limit" > "$group/$bound" 2>/dev/null; then
    rmdir "$group"
    group=
fi
[ -n "$group" ] && trap 'rmdir "$group"' EXIT || echo "no memory limit: it needs root and cgroups with memory"

# Under the limit, which counts files' pages too.
limited() {
    if [ -z "$group" ]; then "$program" "$@"; return; fi
    (echo "$BASHPID" > "$group/cgroup.procs" && exec "$program" "$@")
    echo "    of $limit, files' pages included: $(($(cat "$group/$most") >> 20)) MiB at most"
}

[ -e "$dir/set/images/train/$(printf %06d $((images - 1))).jpg" ] || "$program" make --dir "$dir" --images "$images"
sync
echo "== pack, under the limit"
limited pack --dir "$dir"
for what in load train; do
    for _ in $(seq "$rounds"); do
        echo "== $what: $hold images in memory, no limit"
        "$program" "$what" --dir "$dir" --batches "$batches" --hold "$hold" $network | tee -a "$dir/memory-$what.txt"
        echo "== $what: all $images images from disk, under the limit"
        limited "$what" --dir "$dir" --batches "$batches" $network | tee -a "$dir/disk-$what.txt"
    done
    rate() { grep -o '[0-9.]* images/s' "$1" | tail -"$rounds" | sort -n | sed -n "$(((rounds + 1) / 2))s/ .*//p"; }
    awk -v a="$(rate "$dir/disk-$what.txt")" -v b="$(rate "$dir/memory-$what.txt")" -v w="$what" \
        'BEGIN { printf "ratio %s %.3f (medians: %s images/s from disk, %s in memory)\n", w, a / b, a, b }'
done
