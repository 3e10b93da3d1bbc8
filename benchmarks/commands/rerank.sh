#!/usr/bin/env bash
# Makes benchmarks/results/rerank.json and rerank.md: what reinforcement learning adds to a distilled planner in the three
# tasks where agent sgd is weakest, three seeds each. Takes about an hour and a quarter on two CPU cores; after a kill the
# same command goes on where it stopped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
make .venv/.installed-dev
out=runs/rerank
tasks=$(.venv/bin/python -c "from sgd_gym.training.equal_minutes import TASKS; print(','.join(TASKS))")
.venv/bin/sgd-gym collect --from-shipped --splits train dev --shorten --out $out/raw --short-out $out/short
.venv/bin/sgd-gym annotate --data $out/short --out $out/annotated
.venv/bin/sgd-gym train planner --shared --data $out/annotated --tasks "$tasks" --epochs 8 --out $out/model
.venv/bin/sgd-gym bench rerank --planner $out/model --executor $out/model --moves 8000 --out $out
mkdir -p benchmarks/results
cp $out/rerank.{json,md} benchmarks/results/
