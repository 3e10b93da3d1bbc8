#!/usr/bin/env bash
# Makes benchmarks/results/options.json and options.md: goals detected, options reached by rules, options that a
# mask opens, on shortened dev paths. Takes about a quarter of an hour on two CPU cores.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
make .venv/.installed
out=runs/options
missed=0
.venv/bin/sgd-gym collect --from-shipped --splits dev --shorten --out $out/raw --short-out $out/short
.venv/bin/sgd-gym annotate --data $out/short --out $out/annotated
.venv/bin/sgd-gym bench options --data $out/annotated --out $out || missed=$?  # a bar; the figures are told all the same
mkdir -p benchmarks/results
cp $out/options.json $out/options.md benchmarks/results/
exit "$missed"
