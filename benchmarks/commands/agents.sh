#!/usr/bin/env bash
# Makes benchmarks/results/agents.json and agents.md: every agent that needs no endpoint, on dev-mini, with models of about
# a quarter of an hour of training each on twelve tasks. Takes about an hour and a quarter on two CPU cores; after a kill
# the same command goes on where it stopped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
make .venv/.installed-dev
out=runs/agents
tasks=$(.venv/bin/python -c "from sgd_gym.training.equal_minutes import TASKS; print(','.join(TASKS))")
.venv/bin/sgd-gym collect --from-shipped --splits train dev --shorten --out $out/raw --short-out $out/short
.venv/bin/sgd-gym annotate --data $out/short --out $out/annotated
train() {
  .venv/bin/sgd-gym train "$1" --data $out/annotated --tasks "$tasks" --out "$out/$2" --tensorboard "$out/tensorboard/$2" \
    "${@:3}"
}
train planner sgd --shared --epochs 8
train flat flat --epochs 10
train sage sage --epochs 2.5
.venv/bin/sgd-gym bench run --agents sgd,flat,scripted,swiftsage,random,oracle --protocol dev-mini --tasks "$tasks" \
  --planner $out/sgd --executor $out/sgd --flat $out/flat --sage-checkpoint $out/sage --worlds 8 --out $out/played
.venv/bin/sgd-gym report $out/played/results.json --out $out/report.html
mkdir -p benchmarks/results
cp $out/played/results.json benchmarks/results/agents.json
cp $out/played/table.md benchmarks/results/agents.md
