"""What a model over the wire costs: tokens counted as servers report them, kept in ``cost.json`` for all runs."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from decimal import ROUND_UP, Decimal
from pathlib import Path

from editloupe.errors import ConfigError
from editloupe.remote.budget import Budget
from editloupe.remote.options import Prices
from editloupe.store.blobs import write_durably

__all__ = ["Usage", "abbreviated"]


class Usage:
    """Tokens and money of one model in one study.

    Args:
        model: under whose name they are kept.
        prices: per million tokens; nothing costs anything where None.
        max_cost: of the whole study.
        path: where it is kept; nowhere where None.
    """

    def __init__(self, model: str, prices: Prices | None, max_cost: float | None, path: Path | None) -> None:
        self._prices = prices or Prices(input=0, output=0)
        self._path = path
        self._model = model
        self._pages = _read(path)
        page = self._pages.pop(model, {})
        self.prompt_tokens = int(page.get("prompt_tokens", 0))
        self.reply_tokens = int(page.get("reply_tokens", 0))
        self._cost = float(page.get("cost", 0.0))
        self._priced = prices is not None
        self._saved = (self.prompt_tokens, self.reply_tokens)
        self._dearest = 0.0
        others = sum(float(page.get("cost", 0.0)) for page in self._pages.values())
        self._budget = Budget(max_cost, others + self._cost)

    @property
    def cost(self) -> float:
        """Of the whole study so far."""
        return self._budget.spent

    @property
    def open(self) -> int:
        """Questions for which money is held back."""
        return self._budget.open

    @property
    def spent(self) -> str:
        """The cost, for people."""
        return f"{self.cost:.4f} {self._prices.currency}"

    @property
    def note(self) -> str:
        """What the progress line shows."""
        tokens = f"tokens {abbreviated(self.prompt_tokens)} in {abbreviated(self.reply_tokens)} out"
        return f"{tokens}  cost {self.spent}" if self._priced else tokens

    def add(self, prompt: int, reply: int) -> None:
        """Count one answer, usable or not."""
        self.prompt_tokens += prompt
        self.reply_tokens += reply
        price = self._price(prompt, reply)
        self._cost += price
        self._budget.spend(price)
        self._dearest = max(self._dearest, price)

    def held(self, tokens: tuple[int, int]) -> AbstractContextManager[bool]:
        """Hold back what an open question of so many (prompt, reply) tokens may cost."""
        return self._budget.held(self._most(*tokens))

    def affords(self, tokens: tuple[int, int]) -> bool:
        """Whether a question of so many tokens fits beside what is spent and held back."""
        return self._budget.affords(self._most(*tokens))

    def enough(self, tokens: tuple[int, int], questions: int) -> str:
        """A limit, rounded up, that so many more questions of so many tokens stay below."""
        need = Decimal(max(self.cost + self._most(*tokens) * (questions + 1), (self._budget.limit or 0.0) * 1.01))
        return f"{need.quantize(Decimal(1).scaleb(need.adjusted() - 1), ROUND_UP):f}"

    def save(self) -> None:
        """Write the figures where they changed."""
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


def abbreviated(count: int) -> str:
    """A number of tokens as people say it: ``812``, ``4.2 k``, ``1.30 M``."""
    return f"{count / 1e6:.2f} M" if count >= 1e6 else f"{count / 1e3:.1f} k" if count >= 1e3 else str(count)


def _read(path: Path | None) -> dict[str, dict[str, float]]:
    if path is None or not path.exists():
        return {}
    try:
        pages: dict[str, dict[str, float]] = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): dict(page) for name, page in pages.items()}
    except (OSError, ValueError, AttributeError) as error:
        raise ConfigError(f"{path} cannot be read, so what was spent is not known: {error}; move it away") from error
