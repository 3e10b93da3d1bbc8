#!/usr/bin/env bash
# Makes benchmarks/results/agents.json and agents.md: every agent that needs no endpoint, on dev-mini, with models of about
# a quarter of an hour of training each on twelve tasks. Takes about an hour and a quarter on two CPU cores; after a kill
# the same command goes on where it stopped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
tasks=$(benchmarks/commands/twelve_tasks.sh)
data=runs/twelve-tasks/annotated model=runs/twelve-tasks/model out=runs/agents
.venv/bin/sgd-gym train flat --data $data --tasks "$tasks" --epochs 10 --out $out/flat
.venv/bin/sgd-gym train sage --data $data --tasks "$tasks" --epochs 2.5 --out $out/sage
.venv/bin/sgd-gym bench run --agents sgd,flat,scripted,swiftsage,random,oracle --protocol dev-mini --tasks "$tasks" \
  --planner $model --executor $model --flat $out/flat --sage-checkpoint $out/sage --worlds 8 --out $out/played
.venv/bin/sgd-gym report $out/played/results.json --out $out/report.html
mkdir -p benchmarks/results
cp $out/played/results.json benchmarks/results/agents.json
cp $out/played/table.md benchmarks/results/agents.md
