#!/usr/bin/env bash
# Makes benchmarks/results/act.json and act.md: what acting costs beside the papers' loop, with the shipped weights. Takes
# about a quarter of an hour on two CPU cores; after a kill the same command goes on where it stopped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
make .venv/.installed
out=runs/act
missed=0
.venv/bin/sgd-gym bench act --out $out || missed=$?  # a bar; the figures are told all the same
mkdir -p benchmarks/results
cp $out/act.{json,md} benchmarks/results/
exit "$missed"
