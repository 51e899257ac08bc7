"""`python main.py --config config.yaml [options]` is `editloupe run config.yaml [options]`."""

import sys

from editloupe.cli import main


def arguments(given: list[str]) -> list[str]:
    """Turn `--config FILE` (or `--config=FILE`) into the command's own form."""
    rest = list(given)
    for index, word in enumerate(rest):
        if word == "--config" and index + 1 < len(rest):
            return ["run", rest[index + 1], *rest[:index], *rest[index + 2 :]]
        if word.startswith("--config="):
            return ["run", word.removeprefix("--config="), *rest[:index], *rest[index + 1 :]]
    return ["run", *rest]


if __name__ == "__main__":
    sys.argv[1:] = arguments(sys.argv[1:])
    main()
