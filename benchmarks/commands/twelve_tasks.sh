#!/usr/bin/env bash
# Makes runs/twelve-tasks, which act.sh, rerank.sh, ablations.sh and agents.sh share: paths of all tasks, and one model of
# planner and executor, trained on twelve tasks for about a quarter of an hour on two CPU cores. What is there is kept.
# Prints the names of the tasks.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
{
  make .venv/.installed-dev
  out=runs/twelve-tasks
  tasks=$(.venv/bin/python -c "from sgd_gym.training.equal_minutes import TASKS; print(','.join(TASKS))")
  .venv/bin/sgd-gym collect --from-shipped --splits train dev --shorten --out $out/raw --short-out $out/short
  .venv/bin/sgd-gym annotate --data $out/short --out $out/annotated
  .venv/bin/sgd-gym train planner --shared --data $out/annotated --tasks "$tasks" --epochs 8 --out $out/model
} >&2
echo "$tasks"
