"""How the judge's turn begins, whatever its chat template does to it.

Templates of thinking checkpoints open thoughts in the generation prompt, write a closed block of none before a given
beginning, or trim each message, which loses the blank that a label has to follow. So the rendered end of a prompt is
compared with what was meant to stand there. Where it differs, the turn is put together from the template's own pieces;
where that cannot be done, the judge is refused. Nothing is ever measured at another place.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import TemplateError

from editloupe.errors import ConfigError
from editloupe.judges.sampling import Thinking
from editloupe.rubrics.thoughts import CLOSING, OPENING, opens_thoughts, split_thoughts

__all__ = ["Turn", "Turns"]

_ASKED = "What is shown here?"
"""The question of the trial conversations; it holds no mark of thoughts."""


@dataclass(frozen=True, slots=True)
class Turn:
    """How the judge's turn begins.

    Attributes:
        own: the text of the whole turn so far, header included, that is put behind the conversation; None where what
            the template renders is right as it stands.
        opened: whether the reply begins inside thoughts.
    """

    own: str | None = None
    opened: bool = False


class Turns:
    """Knows the beginnings of one checkpoint's turns.

    Args:
        tokenizer: the checkpoint's.
        template: its chat template.
        thinking: what the config says.
    """

    def __init__(self, tokenizer: Any, template: str | None, thinking: Thinking = "auto") -> None:
        self._tokenizer = tokenizer
        self._template = template
        self._thinking = thinking
        self.settings: dict[str, Any] = {} if thinking == "auto" else {"enable_thinking": thinking == "on"}
        self.written = lru_cache(maxsize=None)(self._written)
        self.begun = lru_cache(maxsize=None)(self._begun)

    def _written(self) -> Turn:
        """The turn of a judge that writes its reply.

        Raises:
            ConfigError: thoughts are asked for, and the template closes them.
        """
        prompt = self._render(add_generation_prompt=True)
        opened = opens_thoughts(prompt)
        if opened and self._thinking == "off":
            return Turn(self._closed_header())
        if self._thinking == "on" and not opened and CLOSING.search(_behind(prompt)):
            raise ConfigError(
                "judge.thinking is on, but this checkpoint's chat template closes the thoughts before they begin; set "
                "it to auto or off"
            )
        return Turn(None, opened)

    def _begun(self, begin: str) -> Turn:
        """The turn of a judge whose answer is begun for it, outside of thoughts and with its last blank.

        Raises:
            ConfigError: the template puts something else there, and it cannot be told how it begins a turn.
        """
        try:
            rendered = self._render([{"role": "assistant", "content": begin}], continue_final_message=True)
        except (ValueError, TemplateError):  # the template keeps no such message
            return Turn(self._closed_header() + begin)
        behind = _behind(rendered)
        kept = begin if behind.endswith(begin) else begin.rstrip()
        if not behind.endswith(kept) or not split_thoughts(behind.removesuffix(kept)).closed:
            return Turn(self._closed_header() + begin)
        return Turn() if kept == begin else Turn(self._turn_of(rendered) + begin.removeprefix(kept))

    def separator(self, begin: str) -> str:
        """What the template writes between the end of thoughts and an answer."""
        turn = self.begun(begin).own
        if turn is None:
            turn = _behind(self._render([{"role": "assistant", "content": begin}], continue_final_message=True))
        ends = [mark.end() for mark in CLOSING.finditer(turn)]
        return turn.removesuffix(begin)[ends[-1] :] if ends else "\n\n"

    def _closed_header(self) -> str:
        """The beginning of a turn without thoughts: as the template writes it, else with a block of none."""
        header = self._turn_of(self._render(add_generation_prompt=True))
        if not opens_thoughts(header):
            return header
        without = self._turn_of(self._render(add_generation_prompt=True, enable_thinking=False))
        if not opens_thoughts(without):
            return without
        mark = list(OPENING.finditer(header))[-1]
        try:
            probe = self._turn_of(self._render([{"role": "assistant", "content": _ASKED}], continue_final_message=True))
        except (ValueError, TemplateError):
            probe = ""
        if CLOSING.search(probe) and split_thoughts(probe).closed:
            return probe.removesuffix(_ASKED)
        return f"{header[: mark.end()]}\n\n{_closing_of(mark[0])}\n\n"

    def _turn_of(self, rendered: str) -> str:
        """What a rendered prompt adds to the conversation."""
        conversation = self._render()
        if not rendered.startswith(conversation) or rendered == conversation:
            raise ConfigError(
                "this checkpoint's chat template does not leave the answer's beginning at the prompt's end, outside of "
                "thoughts, and it cannot be told how it begins a turn; set judge.answer to text and judge.thinking to "
                "auto"
            )
        return rendered.removeprefix(conversation)

    def _render(self, more: list[dict[str, Any]] | None = None, **settings: Any) -> str:
        """A trial conversation through the template."""
        messages = [{"role": "user", "content": _ASKED}, *(more or [])]
        rendered: str = self._tokenizer.apply_chat_template(
            [{**message, "content": [{"type": "text", "text": message["content"]}]} for message in messages],
            chat_template=self._template,
            tokenize=False,
            **{**self.settings, **settings},
        )
        return rendered


def _behind(rendered: str) -> str:
    """What stands behind the question of a rendered trial."""
    return rendered.rpartition(_ASKED)[2]


def _closing_of(opening: str) -> str:
    """The mark that ends what this one began."""
    pairs = {"◁think▷": "◁/think▷", "<unused94>": "<unused95>", "<|channel>": "<channel|>"}
    for begin, end in pairs.items():
        if opening.lower().startswith(begin):
            return end
    if "<|channel|>" in opening:
        return "<|channel|>final<|message|>"
    if opening.startswith("<|"):
        return opening.replace("begin", "end")
    return f"{opening[0]}/{opening[1:]}"
