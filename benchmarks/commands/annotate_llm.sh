#!/usr/bin/env bash
# Makes benchmarks/results/annotate_llm.json and annotate_llm.md: the annotator by a language model, the whole way.
# A tiny chat model learns the rules' annotations of 300 train paths, `transformers serve` serves it, and 100 dev
# paths are divided by it. Takes about a quarter of an hour on two CPU cores. Its figures are the tiny model's.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
rm -rf runs/annotate
make .venv/.installed-dev
OMP_NUM_THREADS=1 .venv/bin/sgd-gym bench annotate --out runs/annotate
mkdir -p benchmarks/results
cp runs/annotate/annotate_llm.json runs/annotate/annotate_llm.md benchmarks/results/
