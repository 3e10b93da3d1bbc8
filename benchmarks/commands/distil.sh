#!/usr/bin/env bash
# Makes benchmarks/results/distillation.json, distillation.md and distillation.png: a teacher, and students of it by
# eleven methods, on twelve tasks, one seed. The teacher has thirty minutes, then two students at a time fifteen minutes
# each, on half of the CPU cores. Takes three hours on two cores; after a kill the same command goes on where it stopped.
# SEEDS=3 makes three students of each kind.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
make .venv/.installed-dev
out=runs/distillation
.venv/bin/sgd-gym collect --from-shipped --splits train dev --shorten --out $out/raw --short-out $out/short
.venv/bin/sgd-gym annotate --data $out/short --out $out/annotated
.venv/bin/sgd-gym bench distil --data $out/annotated --seeds "${SEEDS:-1}" --processes 2 --out $out
mkdir -p benchmarks/results
cp $out/distillation.{json,md,png} benchmarks/results/
