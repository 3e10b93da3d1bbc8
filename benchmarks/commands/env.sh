#!/usr/bin/env bash
# Makes benchmarks/results/env.json and env.md: speed and size of the environment beside the stock wrapper.
# Takes about a quarter of an hour on two CPU cores; let nothing else run, for the ratios of two worlds need both.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
rm -rf runs/env
make .venv/.installed
.venv/bin/sgd-gym bench env --rounds 3 --out runs/env
mkdir -p benchmarks/results
cp runs/env/env.json runs/env/env.md benchmarks/results/
