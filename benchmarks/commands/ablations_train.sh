#!/usr/bin/env bash
# Makes benchmarks/results/ablations_train.json, .md and .png: what training depends on, on dev. Seven rows of fifteen
# minutes of training on twelve tasks. Takes about two and a quarter hours on two CPU cores; after a kill the same
# command goes on where it stopped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
make .venv/.installed-dev
out=runs/ablations-train
.venv/bin/sgd-gym collect --from-shipped --splits train dev --shorten --out $out/raw --short-out $out/short
.venv/bin/sgd-gym annotate --data $out/short --out $out/annotated
.venv/bin/sgd-gym annotate --data $out/raw --out $out/annotated-raw
.venv/bin/sgd-gym bench ablate-training --data $out/annotated --raw $out/annotated-raw --out $out
mkdir -p benchmarks/results
cp $out/ablations_train.{json,md,png} benchmarks/results/
