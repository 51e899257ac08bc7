"""A whole study on two workers of Ray, run as a program so that it can be killed: FOLDER [die after so many rows]."""

import os
import signal
import sys
from pathlib import Path


def study(folder):
    from editloupe.config.parts import EditorPart, JudgePart, load_config
    from noting import Noting, NotingJudge

    config = load_config(folder / "config.yaml")
    notes = str(folder / "notes")
    slow = Noting.Options(notes=notes, seconds=0.1)
    editor = EditorPart(type="noting", name="noting", plugin=Noting, options=slow, batch_size=1)
    judge = JudgePart(type="noting", plugin=NotingJudge, options=NotingJudge.Options(notes=notes), batch_size=1)
    return config.model_copy(update={"editors": (editor,), "judge": judge})


if __name__ == "__main__":
    from editloupe.store.ledger import Ledger
    from editloupe.study import run_study

    place, rows = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    record, seen = Ledger.record, []

    def recording(self, outcomes):
        outcomes = list(outcomes)
        record(self, outcomes)
        seen.extend(outcomes)
        if rows and len(seen) >= rows:
            os.kill(os.getpid(), signal.SIGKILL)

    Ledger.record = recording
    run_study(study(place))
