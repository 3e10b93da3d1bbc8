#!/usr/bin/env bash
# Makes benchmarks/results/rerank.json and rerank.md: what reinforcement learning adds to the shipped planner in the three
# tasks where agent sgd is weakest, three seeds each. Takes about an hour on two CPU cores; after a kill the same command
# goes on where it stopped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
make .venv/.installed
out=runs/rerank
.venv/bin/sgd-gym bench rerank --moves 8000 --out $out
mkdir -p benchmarks/results
cp $out/rerank.{json,md} benchmarks/results/
