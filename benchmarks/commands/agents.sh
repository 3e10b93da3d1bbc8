#!/usr/bin/env bash
# Makes benchmarks/results/agents.json and agents.md: every agent that needs no endpoint, on twelve tasks of dev-mini, with
# the shipped weights, and a Sage-local that is trained on these tasks for a quarter of an hour. Takes about half an hour on
# two CPU cores; after a kill the same command goes on where it stopped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
make .venv/.installed
out=runs/agents
tasks=$(.venv/bin/python -c "from sgd_gym.training.equal_minutes import TASKS; print(','.join(TASKS))")
.venv/bin/sgd-gym collect --from-shipped --splits train dev --shorten --out $out/raw --short-out $out/short
.venv/bin/sgd-gym annotate --data $out/short --out $out/annotated
.venv/bin/sgd-gym train sage --data $out/annotated --tasks "$tasks" --epochs 2.5 --out $out/sage
.venv/bin/sgd-gym bench run --agents sgd,flat,scripted,swiftsage,random,oracle --protocol dev-mini --tasks "$tasks" \
  --planner default --executor default --flat default --sage-checkpoint $out/sage --worlds 8 --out $out/played
.venv/bin/sgd-gym report $out/played/results.json --out $out/report.html
mkdir -p benchmarks/results
cp $out/played/results.json benchmarks/results/agents.json
cp $out/played/table.md benchmarks/results/agents.md
