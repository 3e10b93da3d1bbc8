#!/usr/bin/env bash
# Makes benchmarks/results/train.json and train.md: tokens a second of training beside the bare Hugging Face trainer
# with fixed padding, and what one pass over the whole train split costs, for both families of models. Takes about
# twenty minutes on two CPU cores.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
make .venv/.installed
out=runs/train
missed=0
.venv/bin/sgd-gym collect --from-shipped --splits train --shorten --out $out/raw --short-out $out/short
.venv/bin/sgd-gym annotate --data $out/short --out $out/annotated
.venv/bin/sgd-gym bench train --data $out/annotated --out $out || missed=$?  # a bar; the figures are told all the same
mkdir -p benchmarks/results
cp $out/train.json $out/train.md benchmarks/results/
exit "$missed"
