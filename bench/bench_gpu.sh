#!/usr/bin/env bash
# What the real training job reaches on a GPU: images a second in steady state, beside the bare step.
#
#   bench/bench_gpu.sh              some five minutes on one H100 or H200, the environment included
#   bench/bench_gpu.sh --self-check tiny sizes, on a CPU as well; NETWORKS=small: of one network alone
#
# PYTHON: a Python with the packages of containers/trainer_torch, instead of an environment made by pip.
# The source system reached 641 images a second with ResNet-152 on a V100.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${PYTHON:-}" ]; then
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  if python3 -c 'import torch' 2>/dev/null; then  # the machine's own PyTorch knows its driver
    python3 -m venv --system-site-packages "$scratch/venv"
    grep -v '^torch==' containers/trainer_torch/requirements.in | sed 's/^numpy==.*/numpy/' >"$scratch/wanted.txt"
  else
    python3 -m venv "$scratch/venv"
    cp containers/trainer_torch/requirements.in "$scratch/wanted.txt"
  fi
  "$scratch/venv/bin/pip" install --quiet -r "$scratch/wanted.txt"
  PYTHON=$scratch/venv/bin/python
fi
export TRAINER_ENGINE=torch PYTHONPATH=.:containers ORT_DISABLE_TELEMETRY=1
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-4}"
if [ "${1:-}" = --self-check ]; then
  networks="${NETWORKS:-resnet18_v1 small}" sizes="--side 32 --labels 5 --batch 8 --images 32 --epochs 3"
else
  networks="resnet152_v1 resnet50_v1 small" sizes="--side 96 --labels 334 --batch 256 --images 25600 --epochs 5"
fi
"$PYTHON" - <<'END'
import torch
name = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU: CPU"
print(f"{name}, PyTorch {torch.__version__}, CUDA {torch.version.cuda}")
END
echo "| network | compiled | job, images/s | bare step, images/s | share | waiting for data |"
echo "|---|---|---|---|---|---|"
for network in $networks; do
  for compiled in ${COMPILED:-0 1}; do
    [ "$SECONDS" -lt 300 ] || { echo "| $network | $compiled | no time left | | | |"; continue; }
    # shellcheck disable=SC2086 # several words
    if line=$(TRAINER_COMPILE=$compiled timeout 150 "$PYTHON" bench/bench_job.py --network "$network" $sizes 2>"${TMPDIR:-/tmp}/bench_gpu.log"); then
      "$PYTHON" -c 'import json, sys; f = json.loads(sys.argv[1]); print("|", f["network"], "|", sys.argv[2], "|",
        f["job"], "|", f["bare"], "|", "{:.1%} | {:.1%} |".format(f["share"], f["waiting"]))' "$line" "$compiled"
    else
      echo "| $network | $compiled | failed or took over 150 s: $(tail -1 "${TMPDIR:-/tmp}/bench_gpu.log" | cut -c1-100) | | | |"
    fi
  done
done
