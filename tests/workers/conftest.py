import os
from pathlib import Path

# Workers are processes of their own: they find the editors of the tests by this.
os.environ["PYTHONPATH"] = str(Path(__file__).parent.parent / "support")
