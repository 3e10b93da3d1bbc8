#!/usr/bin/env bash
# Makes benchmarks/results/paths.json and paths.md, and the paths that the package ships: all 7,207 oracle paths
# from the simulator, shortened and divided by rules, then checked against their bars. Takes about two hours on
# two CPU cores; after a kill the same command goes on, but the total time is then that of the last part only.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
make .venv/.installed
out=runs/paths
begin=$SECONDS
.venv/bin/sgd-gym collect --tasks all --splits train,dev,test --shorten --out $out/raw --short-out $out/short
.venv/bin/sgd-gym annotate --data $out/short --out $out/annotated
.venv/bin/sgd-gym bench paths --raw $out/raw --short $out/short --out $out --made-in-s $((SECONDS - begin))
.venv/bin/python -c "
from pathlib import Path
from sgd_gym.data.shipped import write_shipped
from sgd_gym.trajectories import episode_files, read_episodes
from sgd_gym.vocabulary import write_vocabulary
print(write_shipped(Path('$out/raw'), Path('$out/short')), 'episodes in sgd_gym/data/oracle_paths.parquet')
write_vocabulary(one for file in episode_files(Path('$out/annotated')) for one in read_episodes(file))"
mkdir -p benchmarks/results
cp $out/paths.json $out/paths.md benchmarks/results/
