#!/usr/bin/env bash
# Makes benchmarks/results/rerank.json and rerank.md: what reinforcement learning adds to a planner in the three tasks
# where its agent sgd is weakest, three seeds each. The planner has read half of the train paths: the shipped one scores
# 98 on train variations, which leaves it nothing to learn from them. Takes about an hour and three
# quarters on two CPU cores; after a kill the same command goes on where it stopped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
make .venv/.installed
out=runs/rerank
.venv/bin/sgd-gym collect --from-shipped --splits train dev --shorten --out $out/raw --short-out $out/short
.venv/bin/sgd-gym annotate --data $out/short --out $out/annotated
.venv/bin/sgd-gym train planner --shared --fraction 0.5 --epochs 3 --data $out/annotated --out $out/student
.venv/bin/sgd-gym bench rerank --planner $out/student --executor $out/student --moves 6000 --out $out
mkdir -p benchmarks/results
cp $out/rerank.{json,md} benchmarks/results/
