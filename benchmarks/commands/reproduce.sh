#!/usr/bin/env bash
# Makes the default weights, benchmarks/results/headline.* and the results of each protocol (sgd-100.*, swiftsage-271.*,
# full-test.*): everything from the oracle paths that come with the package, on two CPU cores, one seed. After a kill the
# same command goes on where it stopped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
make .venv/.installed-dev
out=runs/reproduce
.venv/bin/sgd-gym reproduce --out $out
mkdir -p benchmarks/results
cp $out/minutes.json benchmarks/results/reproduce.json
cp $out/headline* benchmarks/results/
for protocol in sgd-100 swiftsage-271 full-test; do
	cp $out/$protocol/results.json benchmarks/results/$protocol.json
	cp $out/$protocol/table.md benchmarks/results/$protocol.md
done
