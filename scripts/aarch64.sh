#!/usr/bin/env bash
# Shows that a 64-bit Arm processor gives the same bits as this one: builds for aarch64 Linux, runs the kernels' tests and a small search under
# qemu-user, and compares the digests of every output with those of a search on this machine.
#   scripts/aarch64.sh [NASFLOW]    NASFLOW (target/release/nasflow) is this machine's program, of the same commit
# Needs the Rust target (`rustup target add aarch64-unknown-linux-gnu`), and of Debian gcc-aarch64-linux-gnu, g++-aarch64-linux-gnu and qemu-user. Leaves
# the program in target/aarch64-unknown-linux-gnu/release/nasflow.
set -euo pipefail
cd "$(dirname "$0")/.."
here=$(realpath "${1:-target/release/nasflow}")
target=aarch64-unknown-linux-gnu
for tool in cargo aarch64-linux-gnu-gcc aarch64-linux-gnu-g++ qemu-aarch64; do
  command -v "$tool" > /dev/null || { echo "skipped: $tool is not there"; exit 77; }
done
[[ -d $(rustc --print sysroot)/lib/rustlib/$target ]] || { echo "skipped: Rust's target $target is not installed"; exit 77; }
[[ -x $here ]] || { echo "aarch64.sh: $here is not there: cargo build --release" >&2; exit 1; }

export CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc CXX_aarch64_unknown_linux_gnu=aarch64-linux-gnu-g++ AR_aarch64_unknown_linux_gnu=aarch64-linux-gnu-ar
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
export QEMU_LD_PREFIX=/usr/aarch64-linux-gnu

echo "--- the kernels' tests"
cargo test --release --locked --target $target -p nasflow-kernels
# Our own code at level 1: bits are asked for, not speed. The kernels are built as everywhere.
cargo build --release --locked --target $target --config 'profile.release.package.nasflow.opt-level=1'
there=target/$target/release/nasflow
file "$there" 2> /dev/null || true

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp pipelines/reproducible.kdl "$work/pipeline.kdl"
# A worker is the program itself, started again: the kernel must hand its file to qemu.
binfmt=/proc/sys/fs/binfmt_misc
[[ -e $binfmt/register ]] || mount -t binfmt_misc binfmt_misc $binfmt 2> /dev/null || true
if [[ ! -e $binfmt/qemu-aarch64 ]]; then
  printf '%s' ':qemu-aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:'"$(command -v qemu-aarch64)"':F' \
    > $binfmt/register 2> /dev/null || { echo "skipped: qemu-aarch64 is not registered with the kernel (as root, or Debian's qemu-user-binfmt)"; exit 77; }
fi
search() { "$2" run "$work/pipeline.kdl" --cache "$work/$1" --device cpu --jobs 1 && "$2" show "$work/pipeline.kdl" --cache "$work/$1" --digests > "$work/$1.digests"; }
echo "--- a search on this machine: $(uname -m)"
search here "$here"
echo "--- the same search on aarch64, under qemu-user"
search there "$there"
lines=$(wc -l < "$work/here.digests")
[[ $lines -gt 4 ]] || { echo "aarch64.sh: only $lines digests" >&2; exit 1; }
diff "$work/here.digests" "$work/there.digests" || { echo "aarch64.sh: other bits" >&2; exit 1; }
echo "$lines lines of digests, equal"
