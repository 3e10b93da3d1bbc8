#!/usr/bin/env bash
# Makes benchmarks/results/ablations.* and ablations_train.*: what acting and training depend on, on dev. First seven rows of
# fifteen minutes of training on twelve tasks; then the model of the first one acts in 23 ways on dev-mini. Takes about
# four hours on two CPU cores; after a kill the same command goes on where it stopped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
make .venv/.installed-dev
data=runs/ablations-data
.venv/bin/sgd-gym collect --from-shipped --splits train dev --shorten --out $data/raw --short-out $data/short
.venv/bin/sgd-gym annotate --data $data/short --out $data/annotated
.venv/bin/sgd-gym annotate --data $data/raw --out $data/annotated-raw
.venv/bin/sgd-gym bench ablate-training --data $data/annotated --raw $data/annotated-raw --out runs/ablations-train
model=runs/ablations-train/nano
tasks=$(.venv/bin/python -c "from sgd_gym.training.equal_minutes import TASKS; print(','.join(TASKS))")
.venv/bin/sgd-gym bench ablate --planner $model --executor $model --tasks "$tasks" --out runs/ablations
mkdir -p benchmarks/results
cp runs/ablations-train/ablations_train.{json,md,png} runs/ablations/ablations.{json,md,png} benchmarks/results/
