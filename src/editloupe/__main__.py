"""`python -m editloupe` is `editloupe`."""

from editloupe.cli import main

main()
