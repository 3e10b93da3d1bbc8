#!/usr/bin/env bash
# Not run: needs a language model behind an endpoint and its key. Sub-goals annotated by a language model instead of
# rules, on the same paths, then the same training and episodes as in ablations_train.sh:
#   OPENAI_API_KEY=... benchmarks/commands/ablation_llm.sh https://api.openai.com/v1 gpt-5-mini
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
url=${1:?the address of an OpenAI-compatible server}
model=${2:?the name of a model that it serves}
make .venv/.installed-dev
data=runs/ablations-llm
.venv/bin/sgd-gym collect --from-shipped --splits train dev --shorten --out $data/raw --short-out $data/short
.venv/bin/sgd-gym annotate --data $data/short --out $data/annotated-llm --annotator llm --llm-url "$url" --llm-model "$model"
.venv/bin/sgd-gym bench ablate-training --data $data/annotated-llm --sizes nano --fractions --out runs/ablations-llm
mkdir -p benchmarks/results
cp runs/ablations-llm/ablations_train.json benchmarks/results/ablation_llm.json
cp runs/ablations-llm/ablations_train.md benchmarks/results/ablation_llm.md
