"""What the judge costs: tokens counted as servers report them, kept in ``cost.json`` of the study for all its runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import ROUND_UP, Decimal
from pathlib import Path

from editloupe.errors import ConfigError, ImageError
from editloupe.images import inspect
from editloupe.judges.wire.options import Prices, WireOptions
from editloupe.records import ImagePart, Picture, Question
from editloupe.store.blobs import write_durably

__all__ = ["Bill", "ceiling_of", "forecast"]

EDGE = 32
"""Pixels per side of what one image token covers in Qwen3-VL; other models count otherwise."""
CHARACTERS = 3
"""Characters per text token, on the careful side."""


class Bill:
    """Tokens and money of one judge in one study.

    Args:
        options: prices and limit.
        path: where it is kept; nowhere where None.
    """

    def __init__(self, options: WireOptions, path: Path | None) -> None:
        self._prices = options.prices or Prices(input=0, output=0)
        self._limit = options.max_cost
        self._path = path
        self._model = Path(options.model).name
        self._pages = _read(path)
        page = self._pages.pop(self._model, {})
        self.prompt_tokens = int(page.get("prompt_tokens", 0))
        self.reply_tokens = int(page.get("reply_tokens", 0))
        self._cost = float(page.get("cost", 0.0))
        self._others = sum(float(one.get("cost", 0.0)) for one in self._pages.values())
        self._priced = options.prices is not None
        self._saved = (self.prompt_tokens, self.reply_tokens)
        self._reserved = 0.0
        self._dearest = 0.0
        self.open = 0

    @property
    def cost(self) -> float:
        """Of the whole study so far."""
        return self._others + self._cost

    @property
    def spent(self) -> str:
        """The cost, for people."""
        return f"{self.cost:.4f} {self._prices.currency}"

    @property
    def note(self) -> str:
        """What the progress line shows."""
        tokens = f"tokens {_short(self.prompt_tokens)} in {_short(self.reply_tokens)} out"
        return f"{tokens}  cost {self.spent}" if self._priced else tokens

    def add(self, prompt: int, reply: int) -> None:
        """Count one answer, usable or not."""
        self.prompt_tokens += prompt
        self.reply_tokens += reply
        price = self._price(prompt, reply)
        self._cost += price
        self._dearest = max(self._dearest, price)

    @contextmanager
    def reserved(self, prompt: int, reply: int) -> Iterator[None]:
        """Hold back what an open question may cost."""
        price = self._most(prompt, reply)
        self.open += 1
        self._reserved += price
        try:
            yield
        finally:
            self.open -= 1
            self._reserved -= price

    def affords(self, tokens: tuple[int, int]) -> bool:
        """Whether a question of so many tokens fits beside what is spent and held back."""
        return self._limit is None or self.cost + self._reserved + self._most(*tokens) <= self._limit

    def enough(self, tokens: tuple[int, int], questions: int) -> str:
        """A limit, rounded up, that so many more questions of so many tokens stay below."""
        need = Decimal(max(self.cost + self._most(*tokens) * (questions + 1), (self._limit or 0.0) * 1.01))
        return f"{need.quantize(Decimal(1).scaleb(need.adjusted() - 1), ROUND_UP):f}"

    def save(self) -> None:
        """Write the bill where it changed."""
        now = (self.prompt_tokens, self.reply_tokens)
        if self._path is None or now == self._saved:
            return
        page: dict[str, float | str] = {"prompt_tokens": now[0], "reply_tokens": now[1], "cost": round(self._cost, 8)}
        if self._priced:
            page["currency"] = self._prices.currency
        pages = {**self._pages, self._model: page}
        write_durably(self._path, (json.dumps(pages, indent=2) + "\n").encode())
        self._saved = now

    def _most(self, prompt: int, reply: int) -> float:
        """What an answer may cost: by our count, or as much as the dearest one so far, as the server counted."""
        return max(self._price(prompt, reply), self._dearest)

    def _price(self, prompt: int, reply: int) -> float:
        return (prompt * self._prices.input + reply * self._prices.output) / 1e6


def ceiling_of(question: Question, options: WireOptions) -> tuple[int, int]:
    """(prompt, reply) tokens that a question may need, without looking at its pictures."""
    edge = options.image.longest_edge or 2048
    images = len(question.images) * (-(-edge // EDGE)) ** 2
    return images + _text_tokens(question), _reply_tokens(question, options)


def forecast(questions: Sequence[Question], times: int, options: WireOptions) -> str:
    """What asking about all edits would take, in one line; each source stands for the edits made from it.

    Args:
        questions: about one edit per sample.
        times: how many editors there are.
        options: the judge's.
    """
    prompt = reply = 0
    for question in questions:
        prompt += _text_tokens(question)
        reply += _reply_tokens(question, options)
        for part in question.context:
            if isinstance(part, ImagePart):
                prompt += _image_tokens(part.picture, options.image.longest_edge)
    prompt, reply = prompt * times, reply * times
    text = f"about {_short(prompt)} tokens in, at most {_short(reply)} out"
    if options.prices is None:
        return text
    cost = (prompt * options.prices.input + reply * options.prices.output) / 1e6
    limit = "" if options.max_cost is None else f" (max_cost {options.max_cost:g})"
    return f"{text}: at most about {cost:.2f} {options.prices.currency}{limit}"


def _text_tokens(question: Question) -> int:
    text = "".join(part for part in question.context if isinstance(part, str)) + question.system + question.ask
    wide = sum(ord(letter) > 0x2E80 for letter in text)  # a Chinese character is about one token
    return 16 + wide + (len(text) - wide) // CHARACTERS


def _reply_tokens(question: Question, options: WireOptions) -> int:
    if question.answer.mode == "text":
        return options.max_new_tokens
    return 1 if options.prefill else len(question.answer.begin) + 8


def _image_tokens(picture: Picture, longest_edge: int | None) -> int:
    try:
        width, height = inspect(picture.read())
    except (ImageError, OSError):
        return 0
    scale = min(1.0, (longest_edge or max(width, height)) / max(width, height))
    return max(1, round(width * scale / EDGE)) * max(1, round(height * scale / EDGE))


def _short(count: int) -> str:
    return f"{count / 1e6:.2f} M" if count >= 1e6 else f"{count / 1e3:.1f} k" if count >= 1e3 else str(count)


def _read(path: Path | None) -> dict[str, dict[str, float]]:
    if path is None or not path.exists():
        return {}
    try:
        pages: dict[str, dict[str, float]] = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): dict(page) for name, page in pages.items()}
    except (OSError, ValueError, AttributeError) as error:
        raise ConfigError(f"{path} cannot be read, so what was spent is not known: {error}; move it away") from error
