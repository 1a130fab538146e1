#!/usr/bin/env bash
# Builds the wheel, installs it where nothing of nasflow is, and works with it as a new user does: `nasflow init` on a folder of images, `run`, `show`, `report`.
#   scripts/wheel.sh [DIR [ARGUMENT...]]   DIR (target/wheels) takes the wheel; arguments go to `maturin build`
# Needs Python 3.8 or newer, maturin (`pip install maturin`), and what a build of nasflow needs. The trial is in a fresh environment of Python; CHROOT=FOLDER
# makes it in another system, as root, such as one that `debootstrap --variant=minbase --include=python3,python3-venv bookworm FOLDER` makes.
# ZIG=1 links by zig (`pip install ziglang`) against an older glibc, so that the wheel serves older systems too (manylinux2014);
# TARGET=aarch64-unknown-linux-gnu with ZIG=1 builds for another processor and tries nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(realpath -m "${1:-target/wheels}")
python=${PYTHON:-python3}
maturin=${MATURIN:-maturin}
command -v "$maturin" > /dev/null || { echo "wheel.sh: maturin is needed: pip install maturin" >&2; exit 1; }

arguments=(--release --out "$out" --interpreter "$python")
[[ -z ${ZIG:-} ]] || arguments+=(--zig --compatibility manylinux2014)
[[ -z ${TARGET:-} ]] || arguments+=(--target "$TARGET")
"$maturin" build "${arguments[@]}" "${@:2}"
wheel=$(ls -t "$out"/nasflow-*.whl | head -n 1)
echo "--- $wheel: $(stat -c %s "$wheel") bytes"
[[ -z ${TARGET:-} ]] || exit 0

root=${CHROOT:-}
work=$(mktemp -d "$root/tmp/nasflow-wheel-XXXXXX")
trap 'rm -rf "$work"' EXIT
cp "$wheel" "$work"
cat > "$work/try.sh" << 'TRY'
set -euo pipefail
cd "$1"
python3 -m venv venv
venv/bin/pip install --quiet --no-index nasflow-*.whl
export PATH=$PWD/venv/bin:$PATH NO_COLOR=1
nasflow --version
# A folder of images in two classes, dark and light, as bitmaps: 24 pixels, noise around a grey.
python3 - << 'PYTHON'
import os, random, struct
random.seed(0)
side = 24
for name, grey in (("dark", 80), ("light", 170)):
    os.makedirs(f"photos/{name}")
    for i in range(40):
        pixels = bytes(min(255, max(0, int(random.gauss(grey, 40)))) for _ in range(3 * side * side))
        head = struct.pack("<2sIHHI", b"BM", 54 + len(pixels), 0, 0, 54) + struct.pack("<IiiHHIIiiII", 40, side, side, 1, 24, 0, len(pixels), 0, 0, 0, 0)
        with open(f"photos/{name}/{i}.bmp", "wb") as file:
            file.write(head + pixels)
PYTHON
nasflow init photos --classify --time 1m -o search.kdl
nasflow run search.kdl
nasflow run search.kdl | grep 'nothing executed'
nasflow show search.kdl | sed -n 1,12p
nasflow report search.kdl -o report.html
grep -q '</html>' report.html
TRY
if [[ $root ]]; then
  # A worker is the program itself, started again, which finds its own path there.
  if ! [[ -e $root/proc/self ]]; then
    mount -t proc proc "$root/proc"
    trap 'umount "$root/proc"; rm -rf "$work"' EXIT
  fi
  chroot "$root" /usr/bin/env -i PATH=/usr/bin:/bin HOME="${work#"$root"}" bash "${work#"$root"}/try.sh" "${work#"$root"}"
else
  PATH=$(dirname "$(command -v "$python")"):$PATH bash "$work/try.sh" "$work"
fi
echo "the wheel works"
