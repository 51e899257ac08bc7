"""A judge whose answers are known: it reads its scores from the colour of the edited picture."""

from __future__ import annotations

import io
import re

from PIL import Image

from editloupe.config.parts import JudgePart, load_config
from editloupe.images import decode
from editloupe.plugins import Options as PluginOptions
from editloupe.records import Reply


def colored(following, consistency=5, mark=0):
    """PNG bytes of a picture that the judge gives these scores (0 to 10); `mark` makes equal ones different files."""
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32), (following * 20, consistency * 20, mark)).save(buffer, "PNG")
    return buffer.getvalue()


class ColorJudge:
    """Scores by the colours; an edit marked 255 is not judged readably.

    Of an edit with an odd mark it thinks more highly than it says at first: each further draw adds `drift`, and the
    probabilities lean up by a point. In instructions it knows one word: about ``wrong`` ones it takes 4 points off.
    """

    class Options(PluginOptions):
        drift: float = 0.0
        name: str = "color judge"
        probabilities: bool = False

    decoding = "colors"

    def __init__(self, options):
        self.options = options
        self.name = options.name
        self.signature = f"{options.name} drift={options.drift:g}"
        self.deterministic = not options.drift

    def answer(self, questions):
        return [self._reply(one) for one in questions]

    def _reply(self, question):
        (picture,) = [one.picture for one in question.context if getattr(one, "role", "") == "edited"]
        following, consistency, mark = decode(picture).getpixel((0, 0))
        if mark == 255:
            return Reply("I cannot say.")
        score = (consistency if re.search(r"everything kept", question.ask) else following) / 20
        if any("wrong" in part for part in question.context if isinstance(part, str)):
            score = max(0.0, score - 4)
        odd = mark % 2
        written = min(10.0, score + self.options.drift * question.draw * odd)
        spread = {f"{score:g}": 0.5, f"{score + 2:g}": 0.5} if odd else {f"{score:g}": 0.9}
        labels = spread if self.options.probabilities else None
        return Reply(f'{{"score": {written:g}}}', score_labels=labels)


def judged_by_colors(path, changes=(), **options):
    """The config at `path` with this judge; its own keys of the config's judge stay."""
    config = load_config(path, changes)
    own = ColorJudge.Options(**options)
    kept = {name: getattr(config.judge, name) for name in ("draws", "card", "answer")}
    part = JudgePart(type="color", plugin=ColorJudge, options=own, batch_size=4, **kept)
    return config.model_copy(update={"judge": part})
