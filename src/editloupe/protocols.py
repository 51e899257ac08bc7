"""What a benchmark, an editor and a judge are to everything else: three base classes, and how a plugin is made one.

A plugin derives from one of them and writes what has no default here; everything else may be left as it is. A class
that has the members without the base (any plugin of editloupe 0.1) is given the missing defaults when it is loaded.

What a plugin has to give (`signature`, `name`, ...) may be a class attribute, a property, or set by its constructor. It
stands here for the type checker alone, as read-only.
"""

# ruff: noqa: D102 - attributes are described by their class

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from PIL import Image

from editloupe.batching import AUTO_ROWS
from editloupe.errors import ConfigError
from editloupe.records import EditRequest, Failure, Finding, Picture, Question, Reply, Sample
from editloupe.requirements import Requirement, lacking_packages
from editloupe.rubrics.metrics import Metric
from editloupe.store.blobs import Store

__all__ = ["Benchmark", "Editor", "Judge", "StreamingJudge", "adopted", "made"]

Made = TypeVar("Made", bound="_Plugin")


class _Plugin:
    """What the three kinds share.

    Attributes:
        Options: the nested model of the plugin's own keys in the config, a `plugins.Options`; the constructor takes it.
        packages: import name -> extra that brings it, of what is imported when it is needed.
    """

    packages: ClassVar[Mapping[str, str]] = {}

    if TYPE_CHECKING:
        Options: Any

        def __init__(self, options: Any) -> None: ...

    @classmethod
    def requirements(cls, options: Any) -> Iterable[Requirement]:
        """Tell what a plugin with these options needs and this machine lacks; loads nothing and asks no other machine.

        The helpers are in `editloupe.requirements`. By default: what is missing of `packages`.
        """
        del options
        return lacking_packages(cls.packages)


class Benchmark(_Plugin):
    """Where samples come from.

    A sample whose edits are published in some layout says so in ``extra["outputs"]``: relative paths without suffix,
    which `replay` tries in a bare folder.

    Attributes:
        name, revision: which benchmark, and a stable name of its content.
        default_rubric: the rubric used when the config names none; an attribute of the class.
        categories: label by English id, for people; what is absent is labelled by its id.
        settled: whether its samples follow from its options, its `revision` and the files that the store takes for it,
            and from nothing else; a study then reads them again only where one of these has changed.
    """

    settled: ClassVar[bool] = False

    if TYPE_CHECKING:
        default_rubric: ClassVar[str]

        @property
        def name(self) -> str: ...
        @property
        def revision(self) -> str: ...
        @property
        def categories(self) -> Mapping[str, str]: ...

    def samples(self, store: Store) -> Iterator[Sample]:
        """Yield the samples in order; a bad one carries its `Failure`. Raises `DataError` for an unusable file."""
        raise NotImplementedError

    def lint(self, samples: Sequence[Sample]) -> Iterable[Finding]:
        """Tell about the data what the samples cannot tell themselves, such as a number that differs from a published.

        Asked once everything has been read. By default: nothing.

        Args:
            samples: all of them, without their images, in the order they were read.
        """
        del samples
        return ()


class _Model(_Plugin):
    """What editors and judges share: something that is loaded when it is first needed, and closed by who made it.

    ``with part.make() as model:`` closes it; an engine only runs what it is handed.

    Attributes:
        signature: everything that a result depends on, apart from the request and the bytes of `files`.
        files: whose bytes the signature depends on (weights, adapters).
        pinned: the options with every moving name resolved, for workers elsewhere; None where the config's will do.
    """

    if TYPE_CHECKING:

        @property
        def signature(self) -> str: ...
        @property
        def files(self) -> Sequence[Path]: ...
        @property
        def pinned(self) -> Any: ...
    else:
        files = ()
        pinned = None

    def close(self) -> None:
        """Give memory, connections and processes back; what is needed again is loaded again. By default: nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Editor(_Model):
    """Turns samples into edited images.

    What is to be known about an edit, such as a prompt that was cut off, goes into the image's ``info["notes"]``, a
    tuple of sentences.

    Attributes:
        one_process: why it cannot run on several workers; None where it can.
    """

    if TYPE_CHECKING:

        @property
        def one_process(self) -> str | None: ...
    else:
        one_process = None

    def edit(self, requests: Sequence[EditRequest]) -> Sequence[Image.Image | Failure]:
        """Edit one batch: same length and order. May raise for the batch as a whole: the caller splits it."""
        raise NotImplementedError

    def inputs(self, sample: Sample) -> Sequence[Path] | None:
        """Name the files that the edit of a sample is made from; their bytes are part of the edit's key.

        Returns:
            None (the default) where edits are not made from files; nothing in it where this sample's is missing.
        """
        del sample
        return None

    def signature_suffix(self, sample: Sample) -> str:
        """Name what the edit of this one sample depends on besides `signature`. By default: nothing."""
        del sample
        return ""


class Judge(_Model):
    """Answers questions.

    Attributes:
        name: short, for tables.
        decoding: what a generated reply depends on besides `signature`; a choice does not.
        deterministic: whether equal questions get equal replies; otherwise each generated one carries a seed.
        thinks: whether it writes thoughts before a choice, too; a choice is then drawn like a reply.
        warning: what a reader must know before believing it, the first line of every report; None for nothing.
        domain: names of the benchmarks that it was made for; its scores on others come with a warning. Nothing where
            it has no such limits.
        stated_sampling: how its makers have it draw tokens (``temperature 0.7, top_p 0.8``), where its config has the
            most probable ones taken; reports say so. Nothing where they agree.
        note: what the progress line shows, such as the cost so far.
        reply_limit: tokens after which its reply is cut off, as ``judge.max_new_tokens`` sets it; None where that is no
            option of it.
    """

    if TYPE_CHECKING:

        @property
        def name(self) -> str: ...
        @property
        def decoding(self) -> str: ...
        @property
        def deterministic(self) -> bool: ...
        @property
        def thinks(self) -> bool: ...
        @property
        def warning(self) -> str | None: ...
        @property
        def domain(self) -> Sequence[str]: ...
        @property
        def stated_sampling(self) -> str: ...
        @property
        def note(self) -> str: ...
        @property
        def reply_limit(self) -> int | None: ...
    else:
        thinks = False
        warning = None
        domain = ()
        stated_sampling = ""
        note = ""
        reply_limit = None

    def answer(self, questions: Sequence[Question]) -> Sequence[Reply]:
        """Answer one batch: same length and order. May raise for the batch as a whole: the caller splits it."""
        raise NotImplementedError

    def plan(self, questions: Sequence[Question]) -> Sequence[tuple[int, int]]:
        """Order questions for batching: (index, weight such as its tokens) each. By default as they come, 1 each."""
        return [(index, 1) for index in range(len(questions))]

    def budget(self, questions: Sequence[Question]) -> Callable[[], int]:
        """Say how much a batch of these questions may weigh, as a function that may be asked again."""
        del questions
        return lambda: AUTO_ROWS

    def prepare(self, question: Question) -> None:
        """Do what a question needs of the CPU ahead of its turn; called on other threads. By default: nothing."""

    def sees_anew(self, picture: Picture) -> bool:
        """Tell whether it sizes a picture otherwise than version 0.1.0 did, so that its replies there get new keys.

        By default no: it sizes none by our rules.
        """
        del picture
        return False

    def work_in(self, folder: Path) -> None:
        """Take the study's folder, for logs and the like. By default: not needed."""

    def address(
        self, question: Question, *, editor: str, sample: Sample, metrics: Sequence[tuple[str, Metric]]
    ) -> Question:
        """Return what it is to be given in place of a question, where it looks up what is known of an edit.

        By default: the question itself.
        """
        del editor, sample, metrics
        return question

    def forecast(self, questions: Sequence[Question], times: int) -> str:
        """Say in one line what asking these questions about each of so many editors would take; by default nothing."""
        del questions, times
        return ""

    def tokens_computed(self) -> tuple[int, int] | None:
        """Count the prompt tokens computed so far, padding included, and the padding; by default nothing is counted."""
        return None

    def memory(self, questions: Sequence[Question]) -> Sequence[tuple[int, int]]:
        """Estimate what batches of such questions take, (batch size, bytes); loads no weights. By default: unknown."""
        del questions
        return ()


class StreamingJudge(Judge):
    """A judge that keeps many questions open at once, over a wire: it takes all of them and yields as replies arrive.

    No batches are planned for it.

    Attributes:
        hands_on_all: whether replies that cannot be read are handed on from the first one; a study leaves it, so that a
            server that answers nothing usable is told after a few, and a measurement of speed sets it.
    """

    hands_on_all = False

    def stream(
        self, questions: Sequence[Question], samples: Sequence[str] | None = None
    ) -> Iterator[list[tuple[int, Reply | Failure, float]]]:
        """Answer all questions.

        Args:
            questions: in the order of the plan: sample by sample.
            samples: of each question, the name of its sample; equal ones are best asked in one place.

        Yields:
            (index of the question, what became of it, seconds it took), in any order, every index exactly once. May
            raise only what stops the study as a whole.
        """
        raise NotImplementedError


_METHODS: dict[type[_Plugin], tuple[str, ...]] = {Benchmark: ("samples",), Editor: ("edit",), Judge: ("answer",)}
_ATTRIBUTES: dict[type[_Plugin], tuple[str, ...]] = {
    Benchmark: ("name", "revision", "categories"),
    Editor: ("signature",),
    Judge: ("name", "signature", "decoding", "deterministic"),
}


def adopted(base: type[Made], plugin: Any, name: str) -> type[Made]:
    """Return a plugin's class as one of `base`, with its defaults for whatever the class does not have itself.

    Args:
        base: `Benchmark`, `Editor` or `Judge`.
        plugin: what the entry point names.
        name: of the plugin, for messages.

    Raises:
        ConfigError: it is no class, or lacks something that has no default.
    """
    if not isinstance(plugin, type):
        raise ConfigError(f"{_who(base, name)} is {plugin!r}, which is no class, see docs/design/plugins.md")
    _require(base, name, [member for member in ("Options", *_METHODS[base]) if _lacks(base, plugin, member)])
    if base is Benchmark:
        _require(base, name, [member for member in ("default_rubric",) if _lacks(base, plugin, member)])
    if issubclass(plugin, base):
        return plugin
    kind: type = StreamingJudge if base is Judge and inspect.getattr_static(plugin, "stream", None) else base
    facts = {"__module__": plugin.__module__, "__qualname__": plugin.__qualname__, "__doc__": plugin.__doc__}
    try:
        whole: type[Made] = type(plugin.__name__, (plugin, kind), facts)
    except TypeError as error:
        raise ConfigError(
            f"{_who(base, name)} cannot be given the defaults of a {base.__name__}: {error}; derive it from "
            f"editloupe.{base.__name__}, see docs/design/plugins.md"
        ) from error
    return whole


def made(base: type[Made], plugin: Any, options: Any, name: str) -> Made:
    """Make a plugin with its options.

    Raises:
        ConfigError: it lacks something that has no default; or whatever its constructor finds wrong.
    """
    whole = adopted(base, plugin, name)(options)
    _require(base, name, [member for member in _ATTRIBUTES[base] if _lacks(base, whole, member)])
    return whole


def _lacks(base: type[_Plugin], holder: Any, member: str) -> bool:
    """Whether a class or object has nothing of its own by that name; properties are not evaluated."""
    absent = object()
    there = inspect.getattr_static(holder, member, absent)
    if there is absent:
        return not hasattr(holder, member)  # a class may make its attributes when they are asked for
    return there is vars(base).get(member, absent)


def _require(base: type[_Plugin], name: str, lacking: Sequence[str]) -> None:
    if lacking:
        members = ", ".join(f"`{member}`" for member in lacking)
        raise ConfigError(f"{_who(base, name)} lacks {members}, see docs/design/plugins.md")


def _who(base: type[_Plugin], name: str) -> str:
    return f"{base.__name__.lower()} {name!r}"
