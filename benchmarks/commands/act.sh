#!/usr/bin/env bash
# Makes benchmarks/results/act.json and act.md: what acting costs beside the papers' loop, with one model trained on twelve
# tasks. Takes about half an hour on two CPU cores; after a kill the same command goes on where it stopped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
make .venv/.installed-dev
out=runs/act
missed=0
tasks=$(.venv/bin/python -c "from sgd_gym.training.equal_minutes import TASKS; print(','.join(TASKS))")
.venv/bin/sgd-gym collect --from-shipped --splits train dev --shorten --out $out/raw --short-out $out/short
.venv/bin/sgd-gym annotate --data $out/short --out $out/annotated
.venv/bin/sgd-gym train planner --shared --data $out/annotated --tasks "$tasks" --epochs 8 --out $out/model
.venv/bin/sgd-gym bench act --planner $out/model --executor $out/model --out $out/act || missed=$?  # a bar
mkdir -p benchmarks/results
cp $out/act/act.{json,md} benchmarks/results/
exit "$missed"
