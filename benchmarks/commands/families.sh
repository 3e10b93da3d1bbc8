#!/usr/bin/env bash
# Makes benchmarks/results/families.json, families.md and families.png: dev scores of both families in two sizes, after
# thirty minutes of training each on the same twelve tasks. Takes about two and a half hours on two CPU cores; after a
# kill the same command goes on where it stopped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
make .venv/.installed-dev
out=runs/families
.venv/bin/sgd-gym collect --from-shipped --splits train dev --shorten --out $out/raw --short-out $out/short
.venv/bin/sgd-gym annotate --data $out/short --out $out/annotated
.venv/bin/sgd-gym bench families --data $out/annotated --out $out
mkdir -p benchmarks/results
cp $out/families.json $out/families.md $out/families.png benchmarks/results/
