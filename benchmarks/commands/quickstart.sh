#!/usr/bin/env bash
# Makes benchmarks/results/quickstart.json and quickstart.md: the main job, from nothing, on two CPU cores.
# Takes about a quarter of an hour; a second run gives the same scores.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
rm -rf runs/quickstart
make quickstart
mkdir -p benchmarks/results
cp runs/quickstart/results.json benchmarks/results/quickstart.json
cp runs/quickstart/table.md benchmarks/results/quickstart.md
