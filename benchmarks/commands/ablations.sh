#!/usr/bin/env bash
# Makes benchmarks/results/ablations.json, .md and .png: what acting depends on. A model of planner and executor, trained
# on twelve tasks, acts in 23 ways on dev-mini. Takes about an hour and a half on two CPU cores; after a kill the same
# command goes on where it stopped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
make .venv/.installed-dev
out=runs/ablations
tasks=$(.venv/bin/python -c "from sgd_gym.training.equal_minutes import TASKS; print(','.join(TASKS))")
.venv/bin/sgd-gym collect --from-shipped --splits train dev --shorten --out $out/raw --short-out $out/short
.venv/bin/sgd-gym annotate --data $out/short --out $out/annotated
.venv/bin/sgd-gym train planner --shared --data $out/annotated --tasks "$tasks" --epochs 8 --out $out/model
.venv/bin/sgd-gym bench ablate --planner $out/model --executor $out/model --tasks "$tasks" --out $out
mkdir -p benchmarks/results
cp $out/ablations.{json,md,png} benchmarks/results/
