"""A judge that has spoken already: the verdicts that another tool has written into its files.

Nothing is looked at and nothing is asked. So a published run can stand beside one's own, edit by edit; what failed
there is a failure here, whatever number the other tool wrote in its place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import model_validator

from editloupe import plugins
from editloupe.errors import ConfigError
from editloupe.judges.recorded_files import Verdict, read_verdicts
from editloupe.protocols import StreamingJudge
from editloupe.records import Failure, Question, Reply, Sample
from editloupe.rubrics.rubric import Metric

__all__ = ["Recorded"]

Answered = tuple[int, Reply | Failure, float]

_LANGUAGES = {"zh": "cn"}


class Recorded(StreamingJudge):
    """Answers from files.

    Attributes:
        name: ``recorded`` and the name of the files.
        signature: constant; the bytes of the files (`files`) are added to it.
        files: what the verdicts are read from.

    Raises:
        ConfigError: the files are not there, cannot be read, or do not say which editor they are about.
    """

    name: str
    signature: str
    decoding = ""
    deterministic = True

    class Options(plugins.Options):
        """Options of the config.

        Attributes:
            path: a file of verdicts or a folder of them; with ``{editor}`` in it one for each editor.
            editor: whose edits the verdicts are about, where neither they nor `path` say so.
            tool: who wrote them; told by the rows where ``auto``.
        """

        path: plugins.ConfigPath
        editor: str | None = None
        tool: Literal["auto", "evalscope", "lmms-eval", "jsonl"] = "auto"

        @model_validator(mode="after")
        def _one_way(self) -> Self:
            if self.editor is not None and "{editor}" in self.path:
                raise ValueError("`path` tells the editors apart by {editor}; leave `editor` out")
            return self

    def __init__(self, options: Options) -> None:
        self._options = options
        before, mark, after = options.path.partition("{editor}")
        self.files: tuple[Path, ...] = tuple(path for _, path in _files(before, mark, after))
        if not self.files:
            raise ConfigError(
                f"the judge's `path` {options.path!r} names no file of verdicts (JSON lines); give the file, or the "
                "folder in which the other tool has left them"
            )
        self.name = f"recorded {Path(before.rstrip('/')).name}"
        self.signature = f"recorded 1 tool={options.tool} editor={options.editor or ''}"
        self._known: dict[tuple[str, str, str, str], Verdict] | None = None

    def address(
        self, question: Question, *, editor: str, sample: Sample, metrics: Sequence[tuple[str, Metric]]
    ) -> Question:
        """Return what is looked up in place of a question: whose verdict about which sample.

        Args:
            question: as another judge would be asked it.
            editor: whose edit it is about.
            sample: which was edited.
            metrics: that are read from the reply, by name.
        """
        names = [sample.id, *(sample.fields[key] for key in ("key", "id", "index") if key in sample.fields)]
        stated = sample.extra.get("stated_id")
        wanted = {
            "editor": editor,
            "samples": list(dict.fromkeys([*names, *([stated] if isinstance(stated, str) else [])])),
            "language": sample.groups.get("language", ""),
            "category": sample.category,
            "metrics": [[name, metric.question or name, metric.key, metric.index] for name, metric in metrics],
        }
        return Question("", (), json.dumps(wanted, ensure_ascii=False, sort_keys=True), question.answer, question.draw)

    def answer(self, questions: Sequence[Question]) -> list[Reply]:
        """Answer a batch.

        Raises:
            ConfigError: a question has no recorded verdict; `stream` tells them apart.
        """
        outcomes = [self._answer(question) for question in questions]
        for outcome in outcomes:
            if isinstance(outcome, Failure):
                raise ConfigError(outcome.message)
        return [outcome for outcome in outcomes if isinstance(outcome, Reply)]

    def stream(self, questions: Sequence[Question], samples: Sequence[str] | None = None) -> Iterator[list[Answered]]:
        """Answer all questions; see `protocols.StreamingJudge`."""
        del samples
        for index, question in enumerate(questions):
            yield [(index, self._answer(question), 0.0)]

    def _answer(self, question: Question) -> Reply | Failure:
        try:
            wanted = json.loads(question.ask)
            metrics = [tuple(metric) for metric in wanted["metrics"]]
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError("the judge `recorded` knows the edits of a study, by editor and sample, only") from error
        verdicts = [self._find(wanted, metric) for metric, *_ in metrics]
        whole = self._find(wanted, metrics[0][1])
        if whole is not None and whole.reply is not None:
            return Reply(whole.reply)
        scores = []
        for (metric, _, key, index), verdict in zip(metrics, verdicts, strict=True):
            if verdict is None:
                who = f"sample {wanted['samples'][0]!r} by {wanted['editor']!r}"
                return Failure("judge", "no-verdict", f"the recorded verdicts hold no {metric!r} of {who}")
            if verdict.score is None:
                return Failure("judge", "recorded-failure", f"{metric}: {verdict.why}")
            scores.append((key, index, verdict.score))
        return Reply(_as_reply(scores))

    def _find(self, wanted: dict[str, Any], metric: str) -> Verdict | None:
        known = self._verdicts()
        spoken = _LANGUAGES.get(wanted["language"], wanted["language"])
        for name in wanted["samples"]:
            for stated in (name, f"{wanted['category']}_{name}"):
                for language in dict.fromkeys((spoken, "")):
                    verdict = known.get((wanted["editor"], stated, language, metric))
                    if verdict is not None:
                        return verdict
        return None

    def _verdicts(self) -> dict[tuple[str, str, str, str], Verdict]:
        """All verdicts by (editor, sample, language, metric); of several about one thing the last one counts."""
        if self._known is None:
            self._known = {}
            before, mark, after = self._options.path.partition("{editor}")
            for editor, path in _files(before, mark, after):
                for verdict in read_verdicts(path, self._options.tool):
                    whose = editor or verdict.editor or self._options.editor
                    if not whose:
                        raise ConfigError(
                            f"{str(path)!r} does not say whose edits its verdicts are about; set `editor:` in the "
                            "judge's part of the config to the name of one editor, or put {editor} into `path`"
                        )
                    language = _LANGUAGES.get(verdict.language, verdict.language)
                    self._known[whose, verdict.sample, language, verdict.metric] = verdict
        return self._known


def _files(before: str, mark: str, after: str) -> list[tuple[str, Path]]:
    """The (editor, file) pairs that a path means; the editor is empty where the path does not tell."""
    if not mark:
        return [("", path) for path in _below(Path(before))]
    folder, _, start = before.rpartition("/")
    end, slash, rest = after.partition("/")
    try:
        there = sorted(path.name for path in Path(folder or ".").iterdir())
    except OSError:
        return []
    pairs = []
    for name in there:
        if name.startswith(start) and name.endswith(end) and len(name) > len(start) + len(end):
            editor = name[len(start) : len(name) - len(end)]
            pairs += [(editor, path) for path in _below(Path(folder or ".") / f"{name}{slash}{rest}")]
    return pairs


def _below(path: Path) -> list[Path]:
    """The files of verdicts that a path means, one or those of a folder: EvalScope's reviews, lmms-eval's samples."""
    if path.is_file():
        return [path]
    if (path / "reviews").is_dir():
        path = path / "reviews"
    files = sorted(file for file in path.rglob("*.jsonl") if file.is_file()) if path.is_dir() else []
    return [file for file in files if "_samples_" in file.name] or files


def _as_reply(scores: Sequence[tuple[str, int | None, float]]) -> str:
    """The reply that a judge would have given with these scores."""
    reply: dict[str, Any] = {}
    listed: dict[str, dict[int, float]] = {}
    for key, index, score in scores:
        plain = int(score) if score == int(score) else score
        if index is None:
            reply[key] = plain
        else:
            listed.setdefault(key, {})[index] = plain
    for key, by_index in listed.items():
        reply[key] = [by_index[index] for index in sorted(by_index)]
    return json.dumps(reply)
