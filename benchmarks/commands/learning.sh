#!/usr/bin/env bash
# Makes benchmarks/results/learning.json, learning.md and learning.png: MaskablePPO over options and over commands
# on three tasks with three seeds each, beside chance. Takes about two and a half hours on two CPU cores; after a
# kill the same command goes on with the runs that are missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
make .venv/.installed-dev
out=runs/learning
missed=0
.venv/bin/sgd-gym bench learning --out $out || missed=$?  # a bar; the figures are told all the same
mkdir -p benchmarks/results
cp $out/learning.json $out/learning.md $out/learning.png benchmarks/results/
exit "$missed"
