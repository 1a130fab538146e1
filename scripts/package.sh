#!/usr/bin/env bash
# What `cargo install nasflow` would build: packs both crates as they would be published, unpacks them elsewhere, builds the program from nothing
# but these files, and runs a search with it. Needs no network once the dependencies are there.
#   scripts/package.sh [DIR]        DIR (target/package/check) takes the unpacked crates
# Our own code is built unoptimised, because only whether it is whole is asked; dependencies are those of `cargo test --features hub,s3`.
set -euo pipefail
cd "$(dirname "$0")/.."
at=$(realpath -m "${1:-target/package/check}")
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
# crates.io takes no crate of over 10 MiB.
limit=10485760

cargo package --workspace --no-verify --allow-dirty --locked --quiet
rm -rf "$at"
mkdir -p "$at"
for name in nasflow nasflow-kernels; do
  packed=target/package/$name-$version.crate
  size=$(stat -c %s "$packed")
  [[ $size -lt $limit ]] || { echo "package.sh: $packed has $size bytes, over crates.io's limit of $limit" >&2; exit 1; }
  tar xzf "$packed" -C "$at"
  echo "$name $version: $size bytes, $(tar tzf "$packed" | wc -l) files"
done
for file in README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE Cargo.lock docs/language.md pipelines/yolov5.kdl; do
  [[ -f $at/nasflow-$version/$file ]] || { echo "package.sh: $file is not in the package" >&2; exit 1; }
done
grep -q "^## $version" "$at/nasflow-$version/CHANGELOG.md" || { echo "package.sh: CHANGELOG.md says nothing of $version" >&2; exit 1; }

# The program of the checkout, which the build below would replace, stays.
built=target/release/nasflow
[[ ! -f $built ]] || mv "$built" "$at/checkout"
# The kernels are not published yet: the unpacked ones stand for crates.io's.
CARGO_TARGET_DIR=$(realpath target) cargo build --release --features hub,s3 --manifest-path "$at/nasflow-$version/Cargo.toml" \
  --config "patch.crates-io.nasflow-kernels.path='$at/nasflow-kernels-$version'" --config 'profile.release.package.nasflow.opt-level=0'
mv "$built" "$at/nasflow"
[[ ! -f $at/checkout ]] || mv "$at/checkout" "$built"
store=$(mktemp -d)
trap 'rm -rf "$store"' EXIT
cd "$at/nasflow-$version"
nasflow=$at/nasflow
"$nasflow" --version | grep -F "$version"
"$nasflow" run pipelines/reproducible.kdl --smoke --cache "$store/cache" | tail -n 2
echo "the packaged crate builds and runs"
