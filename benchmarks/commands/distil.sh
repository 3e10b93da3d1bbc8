#!/usr/bin/env bash
# Makes benchmarks/results/distillation.json, distillation.md and distillation.png: a teacher, and students of it by
# twelve methods, on twelve tasks. The teacher has thirty minutes on all CPU cores, then two students at a time have five
# minutes each on half of them: with three seeds by seven methods, with one by the others. Takes two hours and a half on
# two cores; after a kill the same command goes on where it stopped. MINUTES=15 trains longer, SEEDS=1 is a third of it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
make .venv/.installed-dev
out=runs/distillation
.venv/bin/sgd-gym collect --from-shipped --splits train dev --shorten --out $out/raw --short-out $out/short
.venv/bin/sgd-gym annotate --data $out/short --out $out/annotated
.venv/bin/sgd-gym bench distil --data $out/annotated --minutes "${MINUTES:-5}" --seeds "${SEEDS:-3}" \
	--once on-policy reason-only act-only random-masks asked-each-time \
	--processes 2 --worlds 4 --out $out
mkdir -p benchmarks/results
cp $out/distillation.{json,md,png} benchmarks/results/
