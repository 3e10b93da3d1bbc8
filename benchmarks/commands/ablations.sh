#!/usr/bin/env bash
# Makes benchmarks/results/ablations.json, .md and .png: what acting depends on. Agent sgd with the shipped weights acts in
# 25 ways on dev-mini. Takes about an hour on two CPU cores; after a kill the same command goes on where it stopped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
make .venv/.installed-dev
out=runs/ablations
.venv/bin/sgd-gym bench ablate --worlds 8 --out $out
mkdir -p benchmarks/results
cp $out/ablations.{json,md,png} benchmarks/results/
