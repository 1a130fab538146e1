#!/usr/bin/env bash
# Evaluates flake.nix without a network, against tests/nix/stub-nixpkgs. Needs `nix` (Debian: nix-bin), no daemon.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
flake=$(mktemp -d)
trap 'rm -rf "$flake"' EXIT
cp -r "$here"/../../{flake.nix,flake.lock,Cargo.toml,Cargo.lock,pipelines} "$flake"
export NIX_CONFIG=$'experimental-features = nix-command flakes\nbuild-users-group =\nsandbox = false\nsubstituters =\nwarn-dirty = false'
options=(--override-input nixpkgs "path:$here/stub-nixpkgs" --no-write-lock-file --offline)
nix flake check --no-build "${options[@]}" "path:$flake"
for what in packages.x86_64-linux.default packages.aarch64-linux.default devShells.x86_64-linux.default \
  checks.x86_64-linux.reproducible-search; do
  nix eval --raw "${options[@]}" "path:$flake#$what.drvPath"
  echo
done
nix eval --raw "${options[@]}" "path:$flake#apps.x86_64-linux.default.program"
echo
