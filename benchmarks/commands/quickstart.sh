#!/usr/bin/env bash
# Makes benchmarks/results/quickstart.json, quickstart.md and quickstart_pairs.txt: the main job, from nothing, on two cores.
# Takes about ten minutes; a second run gives the same scores.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
rm -rf runs/quickstart
make quickstart
mkdir -p benchmarks/results
cp runs/quickstart/results.json benchmarks/results/quickstart.json
cp runs/quickstart/table.md benchmarks/results/quickstart.md
COLUMNS=100 .venv/bin/sgd-gym bench compare benchmarks/results/quickstart.json --agents sgd flat > benchmarks/results/quickstart_pairs.txt
