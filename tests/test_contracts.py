"""What a plugin owes, what it is given, and what a person reads when something is lacking."""

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import editloupe
from editloupe import plugins
from editloupe.audit.audit import audit_study
from editloupe.checking import missing_requirements
from editloupe.config.parts import load_config
from editloupe.errors import ConfigError
from editloupe.judges.transformers import TransformersJudge
from editloupe.records import Reply
from editloupe.workers.transfer import model_spec

SHAPES = "benchmark: {name: shapes, limit: 4}\n"


class Plain:
    """A judge of somebody who has never seen the base class."""

    class Options(plugins.Options):
        pass

    def __init__(self, options):
        self.name, self.signature, self.decoding, self.deterministic = "plain", "plain 1", "", True

    def answer(self, questions):
        return [Reply("5") for _ in questions]


class Streaming(Plain):
    def stream(self, questions, samples=None):
        yield [(index, Reply("5"), 0.0) for index, _ in enumerate(questions)]


class Forgetful(Plain):
    """Sets less than it owes."""

    def __init__(self, options):
        self.name, self.signature = "forgetful", "forgetful 1"


class Silent:
    """Has no method."""

    class Options(plugins.Options):
        pass


class Derived(editloupe.Judge):
    """Leaves everything to the base class."""

    class Options(plugins.Options):
        pass

    def __init__(self, options):
        pass


def a_function(options):
    return Plain(options)


@pytest.fixture
def configured(tmp_path, monkeypatch):
    known = plugins.names

    def names(kind):
        found = known(kind)
        if kind == "judges":
            here = ("Plain", "Streaming", "Forgetful", "Silent", "Derived", "a_function")
            found |= {name: EntryPoint(name, f"{__name__}:{name}", "editloupe.judges") for name in here}
        return found

    monkeypatch.setattr(plugins, "names", names)
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])

    def write(text):
        (tmp_path / "c.yaml").write_text(SHAPES + text)
        return load_config(tmp_path / "c.yaml", out=str(tmp_path / "out"))

    return write


def test_a_judge_without_the_base_class_gets_its_defaults(configured):
    part = configured("editors: [identity]\njudge: {type: Plain}\n").judge
    with part.make() as judge:
        assert isinstance(judge, editloupe.Judge)
        assert not isinstance(judge, editloupe.StreamingJudge)
        assert (judge.note, judge.warning, list(judge.files), judge.plan([])) == ("", None, [], [])
        assert judge.answer([None]) == [Reply("5")]


def test_one_that_streams_is_streamed(configured):
    assert isinstance(
        configured("editors: [identity]\njudge: {type: Streaming}\n").judge.make(), editloupe.StreamingJudge
    )


def test_a_worker_elsewhere_gives_the_same_defaults(configured):
    part = configured("editors: [identity]\njudge: {type: Plain}\n").judge
    _, judge = model_spec(part, part.make()).build("judge")
    assert judge.note == ""


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Silent", "judge 'Silent' lacks `answer`, see docs/design/plugins.md"),
        ("Derived", "judge 'Derived' lacks `answer`, see docs/design/plugins.md"),
        ("a_function", "is no class"),
    ],
)
def test_what_has_no_default_is_named_when_the_config_is_read(configured, name, message):
    with pytest.raises(ConfigError, match=message):
        configured(f"editors: [identity]\njudge: {{type: {name}}}\n")


def test_what_the_constructor_forgets_is_named_when_it_is_made(configured):
    config = configured("editors: [identity]\njudge: {type: Forgetful}\n")
    with pytest.raises(ConfigError, match="judge 'Forgetful' lacks `decoding`, `deterministic`, see docs/design"):
        config.judge.make()


def test_a_judge_over_the_wire_needs_its_key_and_no_download(configured, monkeypatch):
    monkeypatch.delenv("JUDGE_KEY", raising=False)
    judge = (
        "{type: openai, model: Qwen/Qwen3-VL-8B-Instruct, base_url: 'https://judge.example/v1', api_key_env: JUDGE_KEY}"
    )
    config = configured(f"editors: [identity]\njudge: {judge}\n")
    assert missing_requirements(config) == ["the judge needs a key in the environment variable JUDGE_KEY"]
    monkeypatch.setenv("JUDGE_KEY", "k")
    assert missing_requirements(config) == []


def test_a_server_of_this_machine_that_is_not_there_is_told(configured):
    config = configured("editors: [identity]\njudge: {type: openai, model: a, base_url: 'http://127.0.0.1:9/v1'}\n")
    assert missing_requirements(config) == [
        "the judge wants a server at http://127.0.0.1:9/v1, where none listens; start it first"
    ]


def test_a_program_that_starts_the_server_is_told(configured):
    config = configured(
        "editors: [identity]\njudge: {type: openai, model: a, launch: 'no-such-program --port {port}'}\n"
    )
    assert missing_requirements(config) == [
        "the judge starts the program 'no-such-program', which is not installed here"
    ]


def test_an_audit_with_its_study_loads_the_judge_once(configured, monkeypatch):
    loads = []
    load = TransformersJudge._load
    monkeypatch.setattr(TransformersJudge, "_load", lambda self: loads.append(self) or load(self))
    config = configured("editors: [{type: procedural, skill: 0.5}]\njudge: {model: nano}\n")
    audit_study(config)
    assert len(loads) == 1
    audit_study(config)  # finished: the stability of the judge is measured anew
    assert len(loads) == 2
    assert all(judge._runner is None for judge in loads)


COUNTED = """
import sys
from pathlib import Path
port, support, starts = sys.argv[1:]
sys.path.insert(0, support)
from faulty import Faulty
with Path(starts).open("a") as file:
    file.write("started\\n")
Faulty(port=int(port)).serve_forever()
"""


def test_an_audit_with_its_study_starts_the_judge_s_server_once(configured, tmp_path):
    program, starts = tmp_path / "server.py", tmp_path / "starts"
    program.write_text(COUNTED)
    launch = f"{sys.executable} {program} {{port}} {Path(__file__).parent / 'support'} {starts}"
    config = configured(
        "editors: [{type: procedural, skill: 0.5}]\n"
        f"judge: {{type: openai, model: judge-1, answer: text, launch: {launch!r}}}\n"
    )
    audit = audit_study(config)
    assert (audit.n, audit.stability.questions, audit.modes.other) == (4, 4, "choice")
    assert starts.read_text() == "started\n"


def test_types_of_the_public_names():
    root = Path(__file__).parent
    command = [sys.executable, "-m", "mypy", "--config-file", str(root.parent / "pyproject.toml"), "--no-error-summary"]
    checked = subprocess.run(
        [*command, str(root / "typing" / "api.py")],
        cwd=root.parent,
        check=False,
        capture_output=True,
        text=True,
    )
    assert (checked.stdout, checked.returncode) == ("", 0)
