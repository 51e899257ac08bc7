"""The config: YAML, checked as a whole before anything runs. An unknown key is an error with a suggestion.

The seed's spelling (`diffusion_model`, `reward_model`, `data_path`, `prompts`) is translated first, so everything
behind this file knows one spelling.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from editloupe.categories import category_id
from editloupe.config.pairs import AdaptivePart, PairsConfig, PairsPart, long_form, resolved_pairs
from editloupe.config.spellings import apply_setting, in_one_spelling, mapping
from editloupe.errors import ConfigError
from editloupe.plugins import ConfigPath, Kind, Options, find, names, nearest
from editloupe.protocols import Benchmark, Editor, Judge, adopted, made
from editloupe.requirements import Requirement
from editloupe.rubrics.loading import load_rubric
from editloupe.rubrics.rubric import Prompt, Rubric

__all__ = ["BenchmarkPart", "EditorPart", "JudgePart", "StudyConfig", "WorkerSettings", "WorkersPart", "load_config"]

Part = TypeVar("Part", bound="_Part")


class _Part(BaseModel):
    """A part of the config that belongs to a plugin: our keys here, the plugin's own in `options`.

    Each has `make`, which makes the plugin. It raises `ConfigError` where the plugin lacks a member, or where its
    constructor finds something wrong.

    Attributes:
        plugin: its class, with the defaults of `protocols` for whatever it does not have itself.
    """

    base: ClassVar[type[Benchmark | Editor | Judge]]

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    plugin: Any = Field(exclude=True)
    options: Options

    @field_validator("plugin")
    @classmethod
    def _with_defaults(cls, plugin: Any) -> Any:
        return adopted(cls.base, plugin, getattr(plugin, "__name__", ""))

    def requirements(self) -> list[Requirement]:
        """What the plugin needs with these options, and this machine lacks."""
        return list(self.plugin.requirements(self.options))


class BenchmarkPart(_Part):
    """Which samples: a benchmark, optionally only some categories (English ids), at most `limit` samples of it."""

    base = Benchmark

    name: str
    categories: tuple[str, ...] | None = None
    limit: int | None = Field(default=None, ge=1)

    def make(self) -> Benchmark:
        """Make the benchmark."""
        return made(Benchmark, self.plugin, self.options, self.name)


class EditorPart(_Part):
    """One editor under test. `name` is unique in the study; `batch_size` is throughput only."""

    base = Editor

    type: str
    name: str
    batch_size: int = Field(default=4, ge=1)

    def make(self) -> Editor:
        """Make the editor."""
        return made(Editor, self.plugin, self.options, self.type)


class JudgePart(_Part):
    """The judge, and how it is asked.

    Attributes:
        type: the engine.
        batch_size: questions per batch, or ``auto``: by tokens, as many as the memory allows.
        use_batch_inference: False asks one by one.
        compare_original: whether the judge sees the source images.
        answer: the answer mode; the rubric's own where None.
        min_label_mass: in the mode ``choice``, the probability that the labels must hold together.
        card: an ``audit.json`` about this judge, whose findings stand beside its scores.
        draws: how often each question is asked, with different seeds; a score is the mean of its draws.
    """

    base = Judge

    type: str
    batch_size: Literal["auto"] | int = "auto"
    use_batch_inference: bool = True
    compare_original: bool = True
    answer: Literal["text", "choice"] | None = None
    min_label_mass: float = Field(default=0.5, ge=0.0, le=1.0)
    draws: int = Field(default=1, ge=1)
    card: ConfigPath | None = None

    def make(self) -> Judge:
        """Make the judge."""
        return made(Judge, self.plugin, self.options, self.type)

    @field_validator("batch_size", mode="before")
    @classmethod
    def _whole_or_auto(cls, value: Any) -> Any:
        if value != "auto" and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise ValueError("it has to be a whole number from 1, or 'auto'")
        return value


class RubricPart(BaseModel):
    """Which rubric: a registered name or a YAML file, and which of its metrics."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    metrics: tuple[str, ...] | None = None


class WorkerSettings(BaseModel):
    """Where one stage runs.

    Attributes:
        engine: ``here`` is this process; ``ray`` runs one worker per device, on this machine or on many.
        address: of a running Ray cluster (``auto``, ``ray://host:port``, ...); this machine alone where None.
        devices: how many GPUs (workers, where `gpus_per_worker` is 0), or this machine's by number; all where None.
        gpus_per_worker: GPUs of one worker; several for a large model, 0 for processors.
        runtime_env: Ray's, so that the stage's packages may differ from this process's.
        timeout: seconds that a worker may spend on an item before it is replaced; no limit where None.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    engine: Literal["here", "ray"] = "here"
    address: str | None = None
    devices: int | tuple[int, ...] | None = None
    gpus_per_worker: float = Field(default=1.0, ge=0.0)
    runtime_env: dict[str, Any] = Field(default_factory=dict)
    timeout: float | None = Field(default=None, gt=0.0)

    @model_validator(mode="after")
    def _one_meaning(self) -> Self:
        count = self.device_count
        if count is not None and count < 1:
            raise ValueError("devices is at least one")
        if self.engine == "here" and (self.address or self.runtime_env or (count or 1) > 1):
            raise ValueError("engine here is one process; `address`, `runtime_env` and several devices need engine ray")
        if self.address is not None and self.device_ids is not None:
            raise ValueError("numbers of devices mean this machine's; with `address` give how many")
        return self

    @property
    def device_ids(self) -> tuple[int, ...] | None:
        """Which of this machine's GPUs, where stated."""
        return self.devices if isinstance(self.devices, tuple) else None

    @property
    def device_count(self) -> int | None:
        """How many devices, where stated."""
        return len(self.devices) if isinstance(self.devices, tuple) else self.devices


class WorkersPart(BaseModel):
    """Where the stages run; in a config also one `WorkerSettings` for both."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    edit: WorkerSettings = WorkerSettings()
    judge: WorkerSettings = WorkerSettings()


class StudyConfig(BaseModel):
    """A whole study, resolved: paths absolute, names given, defaults filled in.

    Attributes:
        benchmark, editors, judge, rubric: the parts.
        pairs: which edits are compared two by two; None where none are.
        workers: where the stages run; no number depends on it.
        seed: of all noise in the study, and of the intervals.
        out: the study folder.
        language: of the report.
        title: of the report: the config's own, else its name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    benchmark: BenchmarkPart
    editors: tuple[EditorPart, ...]
    judge: JudgePart
    rubric: Rubric
    pairs: PairsConfig | None = None
    workers: WorkersPart = WorkersPart()
    seed: int = 42
    out: Path
    language: Literal["en", "zh"] = "en"
    title: str = ""
    source: dict[str, Any] = Field(exclude=True)

    @property
    def mode(self) -> Literal["text", "choice"]:
        """How the judge answers: as its own part says, else as the rubric is made for."""
        return self.judge.answer or self.rubric.answer

    @property
    def pair_mode(self) -> Literal["text", "choice"]:
        """How the judge answers about pairs: as its own part says, else as their rubric is made for."""
        assert self.pairs is not None
        return self.judge.answer or self.pairs.questions.answer

    def as_yaml(self) -> str:
        """The resolved config, which a study folder keeps and can be run again from."""
        return yaml.safe_dump(self.source, sort_keys=False, allow_unicode=True)


_TOP = ("benchmark", "editors", "judge", "rubric", "pairs", "prompts", "workers", "seed", "out", "language", "title")


def load_config(path: str | Path, changes: Sequence[str] = (), *, out: str | None = None) -> StudyConfig:
    """Read and check a config, or the one that a study folder keeps.

    Args:
        path: a YAML file, or a study folder.
        changes: ``a.b=value`` settings that replace what the file says; values are YAML, lists are indexed by number.
        out: replaces `out:`; relative to the current folder, as typed by a person.

    Raises:
        ConfigError: one sentence per thing that is wrong: what, where, and what to do.
    """
    path = Path(path)
    kept = path / "config.yaml"
    if path.is_dir():
        if not kept.is_file():
            raise ConfigError(f"{str(path)!r} is a folder without a config.yaml; give a config file or a study folder")
        path, out = kept, out or str(path)
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"there is no config {str(path)!r}") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} cannot be read as YAML: {' '.join(str(error).split())}") from error
    if not isinstance(raw, dict):
        raise ConfigError(f"{path} holds no settings: it is {type(raw).__name__}, not a mapping")
    data = in_one_spelling(raw, path)
    for change in changes:
        apply_setting(data, change)
    data = in_one_spelling(data, path)  # a setting may bring a short form in
    if out is not None:
        data["out"] = str(Path(out).expanduser().resolve())
    return _resolve(data, path)


def _resolve(data: dict[str, Any], path: Path) -> StudyConfig:
    base = path.parent.resolve()
    where = str(path)
    _known(data, _TOP, where)
    for needed in ("benchmark", "editors"):
        if not data.get(needed):
            raise ConfigError(f"{where} has no `{needed}:`; a study needs one")

    benchmark = _benchmark(mapping(data["benchmark"], f"{where}: benchmark"), base, where)
    editors: list[EditorPart] = []
    taken: set[str] = set()
    for index, entry in enumerate(data["editors"]):
        editors.append(_editor(entry, taken, base, f"{where}: editors[{index}]"))
    judge = _judge(mapping(data.get("judge", {}), f"{where}: judge"), base, f"{where}: judge")
    rubric, rubric_source = _rubric(data, benchmark, base, where)
    pairs, pairs_source = _pairs(data, rubric, rubric_source["name"], editors, base, f"{where}: pairs")
    workers = _workers(mapping(data.get("workers") or {}, f"{where}: workers"), base, f"{where}: workers")
    resolved = {
        "benchmark": _dump(benchmark),
        "editors": [_dump(editor) for editor in editors],
        "judge": _dump(judge),
        "rubric": rubric_source,
        **({"pairs": pairs_source} if pairs is not None else {}),
        **({"prompts": data["prompts"]} if data.get("prompts") else {}),
        "workers": workers.model_dump(mode="json", exclude_defaults=True),
        "seed": data.get("seed", 42),
        "out": str((base / Path(str(data.get("out") or f"studies/{path.stem}")).expanduser()).resolve()),
        "language": data.get("language", "en"),
        "title": data.get("title") or _name_of(path),
    }
    rest = {key: resolved[key] for key in ("seed", "out", "language", "title")}
    config = _validated(
        StudyConfig,
        {
            **rest,
            "benchmark": benchmark,
            "editors": editors,
            "judge": judge,
            "rubric": rubric,
            "pairs": pairs,
            "workers": workers,
            "source": resolved,
        },
        where,
        base,
    )
    config.rubric.require(config.mode)  # here, and not after the editors have worked
    if config.pairs is not None:
        config.pairs.questions.require(config.pair_mode)
    return config


def _name_of(path: Path) -> str:
    """The config's name; of a kept one, which is called as in every study folder, that of the folder."""
    kept = path.name == "config.yaml" and (path.parent / "ledger.sqlite").exists()
    return path.resolve().parent.name if kept else path.stem


def _benchmark(entry: dict[str, Any], base: Path, where: str) -> BenchmarkPart:
    entry = dict(entry)
    if "name" not in entry:
        suffix = Path(str(entry.get("path", ""))).suffix.lower()
        tables = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet", ".arrow")
        by_suffix = {".json": "json", **dict.fromkeys(tables, "table")}
        if suffix not in by_suffix:
            raise ConfigError(
                f"{where}: benchmark has neither a `name:` ({', '.join(names('benchmarks'))}) nor a `path:` "
                f"that ends in {', '.join(by_suffix)}"
            )
        entry["name"] = by_suffix[suffix]
    if isinstance(entry.get("categories"), str):
        entry["categories"] = [name for name in entry["categories"].split(",") if name]
    if entry.get("categories") is not None:
        entry["categories"] = [category_id(str(name)) for name in entry["categories"]]
    return _part(BenchmarkPart, "benchmarks", entry, "name", base, f"{where}: benchmark")


def _editor(entry: Any, taken: set[str], base: Path, where: str) -> EditorPart:
    entry = mapping(entry, where)
    if "type" not in entry:
        raise ConfigError(f"{where} has no `type:`; there are: {', '.join(names('editors'))}")
    stated = entry.get("name")
    if stated is not None and str(stated) in taken:
        raise ConfigError(f"{where}: the name {stated!r} is given to two editors; names tell them apart")
    name = str(stated or (telling_name(str(entry["model"]), base) if entry.get("model") else entry["type"]))
    unique, count = name, 1
    while unique in taken:
        count += 1
        unique = f"{name}-{count}"
    taken.add(unique)
    return _part(EditorPart, "editors", {**entry, "name": unique}, "type", base, where)


_TELLS_NOTHING = re.compile(
    r"(?:models?|checkpoints?|ckpts?|pipelines?|weights|snapshots?|final|best|last|latest|outputs?|exports?)?"
    r"(?:[-_. ]?(?:step|epoch)?[-_. ]?\d+)?|[0-9a-f]{40}",
    re.IGNORECASE,
)


def telling_name(model: str, base: Path) -> str:
    """A default name for an editor: the model's last part, with the folders above it while it tells nothing.

    Args:
        model: a folder, a file, or the name of a repository.
        base: the folder that a relative path starts from.

    Returns:
        ``instruct-v2/checkpoint-1000`` rather than ``checkpoint-1000``; ``sd-turbo`` for ``stabilityai/sd-turbo``.
    """
    path = Path(model).expanduser()
    parts = [part for part in (base / path if (base / path).exists() else path).parts if part not in ("/", "..")]
    first = len(parts) - 1
    while first > 0 and _TELLS_NOTHING.fullmatch(parts[first]):
        first -= 1
    hashes = re.compile(r"[0-9a-f]{40}|snapshots")
    return "/".join([*parts[first : first + 1], *(part for part in parts[first + 1 :] if not hashes.fullmatch(part))])


def _judge(entry: dict[str, Any], base: Path, where: str) -> JudgePart:
    return _part(JudgePart, "judges", {"type": "transformers", **entry}, "type", base, where)


def _workers(entry: dict[str, Any], base: Path, where: str) -> WorkersPart:
    if not entry.keys() & {"edit", "judge"}:
        entry = {"edit": entry, "judge": entry}
    _known(entry, ("edit", "judge"), where)
    stages = {}
    for stage, settings in entry.items():
        _known(mapping(settings, f"{where}.{stage}"), list(WorkerSettings.model_fields), f"{where}.{stage}")
        stages[stage] = _validated(WorkerSettings, settings, f"{where}.{stage}", base)
    return WorkersPart(**stages)


def _rubric(data: dict[str, Any], benchmark: BenchmarkPart, base: Path, where: str) -> tuple[Rubric, dict[str, Any]]:
    entry = data.get("rubric") or benchmark.plugin.default_rubric
    part = _validated(RubricPart, {"name": entry} if isinstance(entry, str) else entry, f"{where}: rubric", base)
    name = part.name
    if name.endswith((".yaml", ".yml")):
        name = str((base / Path(name).expanduser()).resolve())
    prompts = {
        category: _validated(Prompt, prompt, f"{where}: prompts.{category}", base)
        for category, prompt in mapping(data.get("prompts") or {}, f"{where}: prompts").items()
    }
    rubric = load_rubric(name, metrics=part.metrics, prompts=prompts)
    return rubric, {"name": name, "metrics": list(rubric.enabled)}


def _pairs(
    data: dict[str, Any], rubric: Rubric, name: str, editors: Sequence[EditorPart], base: Path, where: str
) -> tuple[PairsConfig | None, Mapping[str, Any]]:
    part = None
    if data.get("pairs") is not None:
        entry = long_form(data["pairs"])
        if not isinstance(entry, dict):
            raise ConfigError(
                f"{where} is {entry!r}; it has to be `all`, `adaptive`, or a mapping such as {{baseline: NAME}} or "
                "{adaptive: {max_questions: 2000}}"
            )
        if entry.get("adaptive") is True:
            entry = {**entry, "adaptive": {}}
        if isinstance(entry.get("adaptive"), dict):
            _known(entry["adaptive"], list(AdaptivePart.model_fields), f"{where}.adaptive")
        part = _validated(PairsPart, entry, where, base)
    return resolved_pairs(part, rubric, name, [editor.name for editor in editors], base)


def _part(cls: type[Part], kind: Kind, entry: dict[str, Any], key: str, base: Path, where: str) -> Part:
    plugin = adopted(cls.base, find(kind, str(entry[key])), str(entry[key]))
    ours = {name for name in cls.model_fields if name not in ("plugin", "options")}
    _known(entry, [*ours, *_keys(plugin.Options)], where)
    options = {name: value for name, value in entry.items() if name not in ours}
    own = {name: value for name, value in entry.items() if name in ours}
    return _validated(
        cls, {**own, "plugin": plugin, "options": _validated(plugin.Options, options, where, base)}, where, base
    )


def _dump(part: _Part) -> dict[str, Any]:
    own = part.model_dump(mode="json", exclude={"options"}, exclude_none=True)
    return {**own, **part.options.model_dump(mode="json", exclude_none=True)}


Model = TypeVar("Model", bound=BaseModel)


def _validated(cls: type[Model], data: Any, where: str, base: Path) -> Model:
    try:
        return cls.model_validate(data, context={"base": base})
    except ValidationError as error:
        raise ConfigError("\n".join(_sentence(cls, problem, where) for problem in error.errors())) from error


def _sentence(cls: type[BaseModel], error: Any, where: str) -> str:
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"{where}: unknown key {key!r}{nearest(key, _keys(cls))}"
    value = repr(error.get("input"))
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"{where}: {key or 'it'} is {value[:100]}: {message[:1].lower()}{message[1:]}"


def _keys(cls: type[BaseModel]) -> Sequence[str]:
    return cls.keys() if issubclass(cls, Options) else list(cls.model_fields)


def _known(data: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    for key in data:
        if key not in known:
            raise ConfigError(
                f"{where}: unknown key {key!r}{nearest(key, known)}; known keys: {', '.join(sorted(known))}"
            )
