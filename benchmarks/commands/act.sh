#!/usr/bin/env bash
# Makes benchmarks/results/act.json and act.md: what acting costs beside the papers' loop, with one model trained on twelve
# tasks. Takes about half an hour on two CPU cores; after a kill the same command goes on where it stopped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
benchmarks/commands/twelve_tasks.sh
model=runs/twelve-tasks/model out=runs/act
missed=0
.venv/bin/sgd-gym bench act --planner $model --executor $model --out $out || missed=$?  # a bar
mkdir -p benchmarks/results
cp $out/act.{json,md} benchmarks/results/
exit "$missed"
