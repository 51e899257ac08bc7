"""A service in a process of its own, around a judge of known scores: python gated_service.py FOLDER SECONDS."""

import sys
from pathlib import Path

from editloupe.serve.app import make_app
from editloupe.serve.limits import Limits
from editloupe.serve.recall import Recall
from editloupe.serve.server import listen, serve_until_told
from editloupe.serve.service import Service
from served import gated_config

if __name__ == "__main__":
    folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
    config = gated_config(folder, batch_size=1, seconds=seconds)
    with (
        listen("127.0.0.1", 0) as bound,
        Recall(folder / "ledger") as recall,
        Service(config, limits=Limits(), recall=recall) as service,
    ):
        port = bound.getsockname()[1]
        serve_until_told(
            service, make_app(service, token=None), bound, lambda: sys.stdout.write(f"{port}\n") and sys.stdout.flush()
        )
