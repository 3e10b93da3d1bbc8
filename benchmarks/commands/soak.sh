#!/usr/bin/env bash
# Makes benchmarks/results/soak.json and soak.md: memory over 2,000 resets, answers to 10,000 hostile commands.
# Takes about ten minutes on two CPU cores.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
rm -rf runs/soak
make .venv/.installed
.venv/bin/sgd-gym bench soak --out runs/soak || status=$?
mkdir -p benchmarks/results
cp runs/soak/soak.json runs/soak/soak.md benchmarks/results/
exit "${status:-0}"
