#!/usr/bin/env bash
# Makes benchmarks/results/traces.json and traces.md: the same episodes again, in another process, with another
# Java and in the stock environment. OTHER_JAVA names that Java; the kept file was made with a JDK 17.
# Takes about ten minutes on two CPU cores.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
rm -rf runs/traces
make .venv/.installed
.venv/bin/sgd-gym bench traces --out runs/traces ${OTHER_JAVA:+--other-java "$OTHER_JAVA"} || status=$?
mkdir -p benchmarks/results
cp runs/traces/traces.json runs/traces/traces.md benchmarks/results/
exit "${status:-0}"
