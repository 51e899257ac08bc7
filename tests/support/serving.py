"""`transformers serve`, with the processor that needs no torchvision: python serving.py serve MODEL --port N."""

import sys

from transformers.cli.transformers import main

import editloupe.judges.qwen.processor  # noqa: F401 - registers the processor

if __name__ == "__main__":
    sys.exit(main())
