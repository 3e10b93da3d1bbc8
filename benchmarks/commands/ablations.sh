#!/usr/bin/env bash
# Makes benchmarks/results/ablations.json, .md and .png: what acting depends on. A model of planner and executor, trained
# on twelve tasks, acts in 25 ways on dev-mini. Takes about an hour and a half on two CPU cores; after a kill the same
# command goes on where it stopped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
tasks=$(benchmarks/commands/twelve_tasks.sh)
model=runs/twelve-tasks/model out=runs/ablations
.venv/bin/sgd-gym bench ablate --planner $model --executor $model --tasks "$tasks" --out $out
mkdir -p benchmarks/results
cp $out/ablations.{json,md,png} benchmarks/results/
