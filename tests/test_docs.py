"""The documentation is held to the code: what exists is described, and what is described works."""

import ast
import inspect
import json
import os
import re
import runpy
import shlex
import sys
import tomllib
import typing
from pathlib import Path

import pytest
import typer
import yaml
from PIL import Image

import api_page
import editloupe
from editloupe import cli
from editloupe.api import LoadedJudge
from editloupe.audit.audit import audit_study
from editloupe.categories import LABELS_ZH
from editloupe.checking import check_study
from editloupe.config.pairs import AdaptivePart, PairsPart
from editloupe.config.parts import _TOP, BenchmarkPart, EditorPart, JudgePart, RubricPart, StudyConfig, load_config
from editloupe.plugins import Options, find, names
from editloupe.records import Reply
from editloupe.rubrics.combine import FORMULAS
from editloupe.rubrics.loading import load_rubric
from editloupe.rubrics.rubric import Prompt
from editloupe.study import run_study
from pictures import gradient
from worlds import make_table

ROOT = Path(__file__).parent.parent
README, CHINESE = ROOT / "README.md", ROOT / "README.zh.md"
GUIDE, CHINESE_GUIDE = ROOT / "docs" / "guide.md", ROOT / "docs" / "guide.zh.md"
CONFIG, COMMANDS, FOLDER = (ROOT / "docs" / name for name in ("config.md", "cli.md", "study-folder.md"))
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
EXAMPLES = sorted(ROOT.glob("examples/*.yaml"))
APP = typer.main.get_command(cli.app)
MAIN = runpy.run_path(str(ROOT / "main.py"), run_name="main")

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def read(path):
    return path.read_text(encoding="utf-8")


def blocks(path, language=None):
    """Fenced blocks of a page, without the indentation that a list gives them."""
    found = []
    for indent, kind, text in _FENCE.findall(read(path)):
        lines = [line.removeprefix(indent) for line in text.split("\n")]
        if language in (None, kind):
            found.append("\n".join(lines))
    return found


def prose(path):
    return _FENCE.sub("", read(path))


def sections(path):
    """Text below each heading, by the headings that lead to it: ("`judge`", "`transformers`")."""
    found, place = {}, {}
    for line in prose(path).split("\n"):
        if heading := re.fullmatch(r"(#+) (.*)", line):
            level = len(heading[1])
            place = {depth: name for depth, name in place.items() if depth < level} | {level: heading[2]}
        key = tuple(name for depth, name in sorted(place.items()) if depth > 1)
        found[key] = found.get(key, "") + line + "\n"
    return found


def rows(text):
    """The cells of the rows of all tables in a text, by their first cell."""
    lines = [line for line in text.split("\n") if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0]: row for row in cells if not set(row[0]) <= set("-: ")}


def commands(path):
    """The shell commands of a page, one string each, continued lines joined."""
    text = "\n".join(blocks(path, "sh")).replace("\\\n", " ")
    return [line for line in text.split("\n") if line.strip()]


# Commands


def options(command):
    return {option for parameter in command.params for option in parameter.opts if option.startswith("--")}


def all_commands():
    """Commands by their words; a group's commands by two."""
    for name, command in APP.commands.items():
        if hasattr(command, "commands"):
            yield from ((f"{name} {below}", one) for below, one in command.commands.items())
        else:
            yield name, command


EVERY = dict(all_commands())


def test_every_command_has_a_section_and_no_other():
    headings = [heading[0] for heading in sections(COMMANDS) if heading and "`editloupe" in heading[0]]
    described = {" ".join(re.findall(r"[a-z]+", heading.partition("[")[0])[1:]) for heading in headings}
    assert described == set(EVERY)
    for page in (README, CHINESE):
        for name in EVERY:
            assert f"editloupe {name} " in read(page)


@pytest.mark.parametrize("name", sorted(EVERY))
def test_a_command_s_options_are_described_and_no_others(name):
    (text,) = [text for heading, text in sections(COMMANDS).items() if heading and f"`editloupe {name} " in heading[0]]
    described = set(re.findall(r"`(--[a-z-]+)[ `]", text.replace(f"`editloupe {name}", "")))
    assert described == options(EVERY[name]) - {"--help"}


def test_exit_codes_are_described():
    every = (0, cli.GATE_FAILED, cli.WRONG_INPUT, cli.FINISHED_WITH_FAILURES, cli.UNDECIDED, cli.INTERRUPTED)
    codes = {str(code) for code in every}
    assert codes <= set(rows(read(COMMANDS)))
    for page in (GUIDE, CHINESE_GUIDE):
        assert codes <= set(rows(read(page)))


def parse(words):
    """Parse a command as the command line would; nothing runs."""
    if words[0] == "python" and words[1] == "main.py":
        words = ["editloupe", *MAIN["arguments"](words[2:])]
    if words[0] == "editloupe":
        if words[1:] == ["--help"]:
            return
        two, one = " ".join(words[1:3]), words[1]
        name = two if two in EVERY else one
        EVERY[name].make_context(name, list(words[1 + len(name.split()) :]))
    elif words[0] == "python":
        assert (ROOT / words[1]).is_file()
    elif words[0] == "make":
        assert re.search(rf"^{words[1]}:", read(ROOT / "Makefile"), re.MULTILINE)
    else:
        assert words[0] in ("source", "chromium", "pip"), f"a new kind of command: {words}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_shell_commands_parse(page):
    for line in commands(page):
        parse(shlex.split(line))


def test_a_wrong_shell_command_would_not_parse():
    with pytest.raises(Exception, match="--limits"):
        parse(shlex.split("editloupe run config.yaml --limits 3"))
    with pytest.raises(KeyError):
        parse(shlex.split("editloupe rerun config.yaml"))


def test_there_are_commands_to_parse():
    told = [*commands(README), *commands(GUIDE)]
    assert sum(line.startswith("editloupe") for line in told) >= len(APP.commands)
    assert any(line.startswith("python main.py --config") for line in told)


@pytest.mark.parametrize("page", [README, CHINESE], ids=["english", "chinese"])
def test_the_commands_of_the_map_parse(page):
    lines = [line for line in re.findall(r"`(editloupe [^`]+)`", read(page)) if not re.search("CONFIG|STUDY", line)]
    assert len(lines) > 10
    for line in lines:
        parse(shlex.split(line))


# Plugins and config keys


@pytest.mark.parametrize("kind", ["benchmarks", "editors", "judges", "rubrics"])
def test_every_plugin_is_named_in_both_guides_and_in_the_config_page(kind):
    for page in (GUIDE, CHINESE_GUIDE):
        assert {f"`{name}`" for name in names(kind)} <= set(rows(read(page)))
    for name in names(kind):
        assert f"`{name}`" in read(CONFIG)


def default_of(model, name):
    """How the pages write a default; None where the code has none."""
    field = model.model_fields[name]
    if field.is_required():
        return None
    default = field.get_default(call_default_factory=True)
    if default is None:
        return "none"
    return f"`{default}`" if isinstance(default, str) else f"`{json.dumps(default)}`"


def check_keys(place, model, described, *, without=(), free=(), prefix=""):
    """Every key of a model has its row with its default."""
    for name in model.model_fields:
        if name in without:
            continue
        row = described.get(f"`{prefix}{name}`")
        assert row is not None, f"docs/config.md says nothing about {prefix}{name} in {place}"
        if name not in free and (default := default_of(model, name)) is not None:
            assert row[2] == default, f"the default of {prefix}{name} in {place} is {default}"


PARTS = [("`benchmark`", BenchmarkPart), ("`editors`", EditorPart), ("`judge`", JudgePart)]


@pytest.mark.parametrize(("place", "part"), PARTS)
def test_every_key_of_a_part_is_described(place, part):
    described = rows(sections(CONFIG)[place,])
    check_keys(place, part, described, without=("plugin", "options"))
    assert {key.strip("`") for key in described} - {"key"} <= set(part.model_fields)


PLUGINS = [
    (place, kind, name)
    for place, kind in (("`benchmark`", "benchmarks"), ("`editors`", "editors"), ("`judge`", "judges"))
    for name in names(kind)
]


def nested_model(annotation):
    """The options inside an option, where it has some of its own."""
    found = [one for one in (annotation, *typing.get_args(annotation)) if inspect.isclass(one)]
    return next((one for one in found if issubclass(one, Options)), None)


@pytest.mark.parametrize(("place", "kind", "name"), PLUGINS)
def test_every_key_of_a_plugin_is_described_and_no_other(place, kind, name):
    described = rows(sections(CONFIG)[place, f"`{name}`"])
    model = find(kind, name).Options
    nested = {key: inner for key, field in model.model_fields.items() if (inner := nested_model(field.annotation))}
    check_keys(name, model, described, free=nested)
    known = set(model.model_fields) | {f"{key}.{name}" for key, inner in nested.items() for name in inner.model_fields}
    for key, inner in nested.items():
        check_keys(name, inner, described, prefix=f"{key}.")
    assert {key.strip("`") for key in described} - {"key"} == known


def test_every_key_at_the_top_and_of_rubric_and_prompts_is_described():
    top = rows(sections(CONFIG)["Top level",])
    assert {key.strip("`") for key in top} - {"key"} == set(_TOP)
    assert set(StudyConfig.model_fields) - {"source"} <= set(_TOP)
    for name in ("seed", "language"):
        assert top[f"`{name}`"][2] == f"`{StudyConfig.model_fields[name].default}`"
    for place, model in (("`rubric`", RubricPart), ("`prompts`", Prompt), ("`pairs`", PairsPart)):
        described = rows(sections(CONFIG)[place,])
        check_keys(place, model, described, free=("system_prompt",))
        inner = set(AdaptivePart.model_fields) if model is PairsPart else set()
        assert {key.strip("`") for key in described} - {"key", "key of `adaptive"} == set(model.model_fields) | inner


def test_a_forgotten_key_or_a_wrong_default_would_be_seen():
    described = rows(sections(CONFIG)["`judge`",])
    with pytest.raises(AssertionError, match="the default of batch_size"):
        check_keys("judge", JudgePart, described | {"`batch_size`": ["", "", "`8`", ""]}, without=("plugin", "options"))
    with pytest.raises(AssertionError, match="says nothing about type"):
        check_keys("judge", JudgePart, {}, without=("plugin", "options"))


def test_category_names_are_described():
    for english, chinese in LABELS_ZH.items():
        for page in (GUIDE, CHINESE_GUIDE, CONFIG):
            assert english in read(page)
            assert chinese in read(page)


# Configs


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_loads(path):
    config = load_config(path)
    assert config.out == ROOT / "studies" / path.stem
    assert path.name in read(GUIDE)


def test_both_spellings_of_an_example_mean_the_same_judge():
    ours, theirs = (
        load_config(ROOT / "examples" / f"{name}.yaml") for name in ("qwen3-vl-single-gpu", "seed-spelling")
    )
    assert ours.judge.options == theirs.judge.options
    assert (ours.judge.batch_size, ours.judge.use_batch_inference) == (4, True)
    assert (theirs.judge.batch_size, theirs.judge.use_batch_inference) == (4, True)
    assert ours.benchmark.options == theirs.benchmark.options
    assert [editor.options for editor in ours.editors] == [editor.options for editor in theirs.editors]
    assert set(theirs.rubric.prompts) == {"physical"}


@pytest.mark.parametrize("number", range(len(blocks(GUIDE, "yaml"))))
def test_configs_in_the_guide_load(number, tmp_path):
    data = yaml.safe_load(blocks(GUIDE, "yaml")[number])
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump({"benchmark": "shapes", "editors": ["identity"], "rubric": "reasoning"} | data))
    if "diffusion_model" in data:
        path.write_text(yaml.safe_dump(data))
    config = load_config(path)
    for category in data.get("prompts", {}):
        assert config.rubric.prompts[{zh: en for en, zh in LABELS_ZH.items()}[category]].user_prompt_template


def test_the_five_minutes_of_the_guide_work(tmp_path, tiny_checkpoint):
    (line,) = blocks(GUIDE, "json")
    (study,) = [text for text in blocks(GUIDE, "yaml") if "my-images.jsonl" in text]
    for place in ("data/cup.png", "outputs/my-model/cup.png"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        gradient(64, 48).save(tmp_path / place)
    (tmp_path / "data" / "my-images.jsonl").write_text(line)
    (tmp_path / "my-study.yaml").write_text(study)
    changes = [f"judge.model={tiny_checkpoint}", "judge.dtype=auto", "judge.answer=choice", "judge.min_label_mass=0"]
    config = load_config(tmp_path / "my-study.yaml", changes)
    assert check_study(config, lambda _: None) == 0
    results = run_study(config)
    assert [(one.editor, one.sample, one.failure) for one in results.verdicts] == [
        ("my-model", "cup", None),
        ("identity", "cup", None),
    ]


# Python


def test_the_python_calls_of_the_readme_work(tmp_path, monkeypatch):
    class Seven:
        def answer(self, questions):
            return [Reply("7") for _ in questions]

        def close(self):
            """Nothing to drop."""

    def load(*words, **more):
        given = inspect.signature(real).bind(*words, **more)
        assert set(given.kwargs) - {"batch_size"} <= set(find("judges", "transformers").Options.model_fields)
        return LoadedJudge(Seven(), batch_size=given.arguments["batch_size"], low=0, high=10)

    real = editloupe.load_judge
    monkeypatch.setattr(editloupe, "load_judge", load, raising=False)
    monkeypatch.chdir(tmp_path)
    for name in ("before.png", "after.png", "other.png"):
        gradient().save(tmp_path / name)
    study = {"benchmark": {"name": "shapes", "limit": 1}, "editors": ["identity"], "judge": {"model": "nano"}}
    (tmp_path / "my-study.yaml").write_text(yaml.safe_dump(study))
    (text,) = blocks(README, "python")
    found = {}
    exec(compile(text, "README.md", "exec"), found)
    assert (found["score"], found["scores"]) == (7.0, [7.0, 7.0])
    assert [verdict.editor for verdict in found["results"].verdicts] == ["identity"]


def test_the_plugins_of_the_page_work(tmp_path, monkeypatch):
    page = ROOT / "docs" / "design" / "plugins.md"
    codes, (lines,), (config,) = (blocks(page, kind) for kind in ("python", "toml", "yaml"))
    package = tmp_path / "site" / "my_editors"
    package.mkdir(parents=True)
    for name, code in zip(
        re.findall(r"^A complete .*`my_editors/(\w+)\.py`:$", page.read_text(), re.MULTILINE), codes, strict=True
    ):
        (package / f"{name}.py").write_text(code)
    groups = tomllib.loads(lines)["project"]["entry-points"]
    installed = tmp_path / "site" / "my_editors-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: my_editors\nVersion: 1\n")
    (installed / "entry_points.txt").write_text(
        "".join(f"[{group}]\n{name} = {what}\n" for group, one in groups.items() for name, what in one.items())
    )
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    (tmp_path / "pictures").mkdir()
    for name in ("cat", "dog"):
        gradient().save(tmp_path / "pictures" / f"{name}.png")
        (tmp_path / "pictures" / f"{name}.txt").write_text("Make it old.\n")
    (tmp_path / "pictures" / "lost.txt").write_text("Make it new.\n")
    path = tmp_path / "config.yaml"
    path.write_text(config)
    try:
        study = load_config(path, [f"out={tmp_path / 'study'}"])
        assert check_study(study, lambda _: None) == 1  # the one without a picture
        results = run_study(study)
    finally:
        for name in ("sepia", "told", "ruler"):
            sys.modules.pop(f"my_editors.{name}", None)
    assert results.editors[0].signature == "sepia 1 strength=0.5"
    assert results.judge.warning
    scores = {one.sample: one.score for one in results.verdicts}
    assert scores.pop("lost") is None
    assert set(scores) == {"cat", "dog"}
    assert all(5 < score < 10 for score in scores.values())  # half of it is as it was
    first = results.verdicts[0]
    source, edited = (Image.open(study.out / name) for name in (first.sources[0], first.image))
    assert source.size == edited.size
    assert source.tobytes() != edited.tobytes()


def test_the_page_of_records_and_the_store_is_that_of_the_code():
    """`EDITLOUPE_RENEW_GOLDEN=1 pytest tests/test_docs.py` writes it anew."""
    path = ROOT / "docs" / "records.md"
    if os.environ.get("EDITLOUPE_RENEW_GOLDEN"):
        path.write_text(api_page.page(), "utf-8")
    assert read(path) == api_page.page()
    for name in ("Sample", "EditRequest", "Question", "Reply", "Failure", "Store"):
        assert f"### `{name}`" in read(path)


def test_the_rubric_of_the_page_works(tmp_path):
    text, by_mode = blocks(ROOT / "docs" / "design" / "rubrics.md", "yaml")
    (tmp_path / "tidy.yaml").write_text(text)
    (tmp_path / "percent.yaml").write_text(by_mode)
    percent = load_rubric(str(tmp_path / "percent.yaml"))
    for mode in ("text", "choice"):
        percent.require(mode)
    rubric = load_rubric(str(tmp_path / "tidy.yaml"))
    assert rubric.enabled == ("done", "kept")
    assert rubric.overall({"done": 4.0, "kept": 9.0}) == 4.0
    for name in FORMULAS:
        assert f"`{name}`" in read(ROOT / "docs" / "design" / "rubrics.md")


# The study folder, and what can fail


@pytest.fixture(scope="module")
def study(tmp_path_factory, tiny_checkpoint):
    folder = tmp_path_factory.mktemp("docs")
    data = {
        "benchmark": {"path": str(make_table(folder / "data", 4))},
        "editors": ["identity", {"type": "replay", "images": "nowhere"}],
        "judge": {"model": str(tiny_checkpoint), "answer": "choice", "min_label_mass": 0},
        "out": "study",
    }
    table = folder / "data" / "samples.jsonl"
    lines = [json.loads(line) for line in read(table).splitlines()]
    labelled = [line | {"label": n, "difficulty": str(n % 2)} for n, line in enumerate(lines)]
    table.write_text("\n".join(map(json.dumps, labelled)))
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(data))
    audit_study(load_config(path))
    return folder / "study"


def keys(value, names_of_things=()):
    """All keys of a JSON value, apart from the names of editors, categories and the like."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in names_of_things:
                yield key
            yield from keys(inner, names_of_things)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner, names_of_things)


def test_every_file_of_a_study_folder_is_described(study):
    described = set(re.findall(r"`([\w.-]+/?)`", prose(FOLDER)))
    found = {path.name + ("/" if path.is_dir() else "") for path in study.iterdir()}
    assert found <= described
    assert {"report.html", "audit.json", "report.json"} <= found


@pytest.mark.parametrize("name", ["report.json", "audit.json", "verdicts.jsonl"])
def test_every_key_of_a_file_for_programs_is_described(study, name):
    text = read(study / name)
    data = [json.loads(line) for line in text.splitlines()] if name.endswith("l") else json.loads(text)
    things = {"identity", "replay", "physical", "causal", "referential", "reasoning", "difficulty=0", "difficulty=1"}
    if name == "audit.json":
        things |= set(data["overall"]["ties"]) | set(data["overall"]["ties"]["within"])
    described = set(
        re.findall(r"`(\w+)`", "".join(text for place, text in sections(FOLDER).items() if f"`{name}`" in place))
    )
    assert set(keys(data, things)) <= described
    assert len(described) > 8


def test_the_columns_of_the_spreadsheet_are_described(study):
    head = read(study / "scores.csv").removeprefix("\ufeff").split("\n")[0].strip().split(",")
    text = sections(FOLDER)["`scores.csv`",]
    assert [name for name in head if name not in ("difficulty", "reasoning")] == re.findall(r"`(\w+)`", text)


def failure_kinds():
    """Every kind that the code gives a failure, read from its syntax."""
    for path in (ROOT / "src" / "editloupe").rglob("*.py"):
        if path.parent.name in ("shapes", "statistics"):  # kinds of other things
            continue
        for node in ast.walk(ast.parse(read(path))):
            given = []
            if isinstance(node, ast.Call):
                given = [one.value for one in node.keywords if one.arg == "kind"]
                if getattr(node.func, "id", "") in ("Failure", "Unread", "refuse"):
                    given += node.args[1:2]
            elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "kind":
                given = [node.value]
            constants = [one for value in given for one in ast.walk(value) if isinstance(one, ast.Constant)]
            yield from (one.value for one in constants if isinstance(one.value, str))


def test_every_kind_of_failure_is_described():
    text = read(ROOT / "docs" / "design" / "failures.md")
    found = set(failure_kinds()) - {"error", "length"}
    assert {"missing-file", "bad-image", "prose", "truncated", "empty", "label-mass"} <= found
    assert {kind for kind in found if f"`{kind}`" not in text} == set()


# The pages themselves


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_resolve(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if not target.startswith(("https://", "http://")):
            assert (page.parent / target.partition("#")[0]).exists(), target


def test_every_page_can_be_reached_from_the_readme():
    reached, waiting = set(), [README]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        links = re.findall(r"\]\(([^)\s:]+)\)", prose(page))
        waiting += [(page.parent / link.partition("#")[0]).resolve() for link in links]
    assert set(PAGES) <= reached


@pytest.mark.parametrize(("english", "chinese"), [(README, CHINESE), (GUIDE, CHINESE_GUIDE)], ids=["readme", "guide"])
def test_the_chinese_page_has_the_same_sections_and_the_same_code(english, chinese):
    def levels(path):
        return [len(marks) for marks in re.findall(r"^(#+) ", prose(path), re.MULTILINE)]

    def tables(path):
        return [line.count("|") for line in prose(path).split("\n") if line.startswith("|")]

    def links(path):
        return sorted(set(re.findall(r"\]\(([^)]+)\)", prose(path))) - {english.name, chinese.name})

    assert levels(english) == levels(chinese)
    assert blocks(english) == blocks(chinese)
    assert tables(english) == tables(chinese)
    assert links(english) == links(chinese)


def test_nothing_names_a_place_of_one_machine():
    for page in [*PAGES, *EXAMPLES]:
        assert not re.search(r"/(?:home|root|work|tmp|Users)/", read(page)), page


def test_the_picture_is_small_enough_for_a_page():
    picture = ROOT / "docs" / "images" / "report.png"
    assert picture.stat().st_size < 400_000
    assert Image.open(picture).width >= 1000
