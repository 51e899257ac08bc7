"""The page and its data, without a browser: what is written, what it may load, and that it stays as small as it can."""

import base64
import dataclasses
import hashlib
import json
import re
import shutil
from html.parser import HTMLParser
from importlib.resources import files

import pytest

import editloupe.report.gallery
from editloupe.cli import app
from editloupe.report.bundle import bundle, in_order
from editloupe.report.gallery import PER_CHUNK
from editloupe.report.pages import CHUNKS, PROGRAM, STYLES
from editloupe.report.single_file import write_single_file
from editloupe.report.tables import Tables
from editloupe.report.words import WORDS
from editloupe.report.write import write_report
from editloupe.results import SampleNote
from small_study import HOSTILE, study


class Page(HTMLParser):
    """What a browser would act on: elements, attributes, the data blocks, and the text of everything else."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.attributes, self.text, self.policy, self.blocks, self.script = [], [], [], "", {}, ""
        self._inside = None
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self._inside = (tag, dict(attrs).get("id"))
        if ("http-equiv", "Content-Security-Policy") in attrs:
            self.policy = dict(attrs)["content"]

    def handle_endtag(self, tag):
        self._inside = None

    def handle_data(self, data):
        tag, name = self._inside or (None, None)
        if tag == "script" and name:
            self.blocks[name] = json.loads(data)
        elif tag == "script":
            self.script += data
        elif tag != "style":
            self.text.append(data)


def source(name):
    """A module of the page's program."""
    return (files("editloupe.report") / "app" / f"{name}.js").read_text("utf-8")


def chunk(folder, name):
    """The data of a chunk, taken from the script that brings it."""
    text = (folder / CHUNKS / f"{name}.js").read_text("utf-8")
    call = re.fullmatch(r"editloupe\((.*)\);\n", text, re.DOTALL)[1]
    found, data = json.loads(f"[{call}]")
    assert found == name
    return data


def test_the_overview_holds_the_numbers_of_the_json(folder):
    write_report(study(), folder)
    overview = Page(folder / "report.html").blocks["overview"]
    report = json.loads((folder / "report.json").read_text("utf-8"))
    for shown, editor in zip(overview["editors"], report["editors"], strict=True):
        one = editor["overall"]
        numbers = [one["n"], one["failed"], one["mean"], *(one["ci95"] or [None, None]), one["mean_if_failures_worst"]]
        assert shown["name"] == editor["name"]
        assert shown["overall"] == [None if value is None else round(value, 4) for value in numbers]
    assert overview["comparisons"] == report["comparisons"]
    assert [one["kind"] for one in overview["failures"]] == ["out-of-memory", "prose"]
    assert overview["unreadable"]["count"] == 1
    assert overview["unreadable"]["shown"][0]["words"] == "rather good"
    assert overview["histograms"][0]["counts"] == [[0] * 8 + [2, 2, 0], [0] * 3 + [2] + [0] * 7]
    assert overview["cost"]["plain"]["currency"] == "USD"
    assert "/secret/path.py" not in (folder / "report.html").read_text("utf-8")


def test_without_a_program_the_page_still_has_the_leaderboard(folder):
    write_report(study(), folder)
    text = Page(folder / "report.html").text
    assert {"good", "8.50", "7.58 – 9.42", "bad", "3.00"} <= set(text)


def test_the_index_and_the_chunks_hold_every_sample_once(folder):
    count = 2 * PER_CHUNK + 1
    write_report(study(count), folder)
    index = chunk(folder, "index")
    names = sorted(path.stem for path in (folder / CHUNKS).iterdir())
    assert names == ["index", "samples-0000", "samples-0001", "samples-0002"]
    cards = [card for name in names[1:] for card in chunk(folder, name)]
    assert [card["id"] for card in cards] == [row["id"] for row in index["samples"]] == [f"s{n}" for n in range(count)]
    assert index["kinds"] == ["out-of-memory", "prose"]
    assert index["samples"][1]["e"] == [[0, 0, 9.0, [9.0], -1], [1, 0, None, [None], 0]]
    edit = cards[2]["edits"][1]
    assert edit["metrics"][0]["words"] == "rather good"
    assert edit["failures"] == [["score", "prose", "no score in prose"]]
    assert edit["image"]["large"] == "./images/edit.png"
    assert (folder / edit["image"]["small"]).is_file()
    assert edit["digest"] == f"{2:064x}"


def test_what_the_benchmark_says_besides_is_in_the_chunk(folder):
    note = SampleNote("a cup", "it is full", ("images/edit.png",), 4.0)
    write_report(dataclasses.replace(study(1), notes={"s0": note}), folder)
    (card,) = chunk(folder, "samples-0000")
    assert (card["description"], card["rationale"], card["label"]) == ("a cup", "it is full", 4.0)
    assert card["references"][0]["large"] == "./images/edit.png"


def test_groups_with_a_choice_can_be_filtered_by(folder):
    groups = lambda number: {"language": ["en", "zh"][number % 2], "kind": "one", "scene": str(number)}  # noqa: E731
    write_report(study(30, groups=groups), folder)
    index = chunk(folder, "index")
    assert index["groups"] == [["language", ["en", "zh"]]]
    assert [row["g"] for row in index["samples"][:3]] == [[0], [1], [0]]


def test_more_than_twenty_values_are_no_filter(folder):
    write_report(study(42, groups=lambda number: {"author": str(number % 20), "camera": str(number % 21)}), folder)
    ((name, values),) = chunk(folder, "index")["groups"]
    assert (name, len(values)) == ("author", 20)


def test_one_new_reply_rewrites_only_what_it_changes(folder):
    results = study(3 * PER_CHUNK)
    write_report(results, folder)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    at = PER_CHUNK + 3  # of the first editor
    one = dataclasses.replace(results.verdicts[at], score=1.0, reply="Score: 1")
    verdicts = (*results.verdicts[:at], one, *results.verdicts[at + 1 :])
    overall = {**results.overall, (one.editor, one.sample): 1.0}
    write_report(dataclasses.replace(results, verdicts=verdicts, overall=overall), folder)
    changed = {path.name for path, stamp in before.items() if path.stat().st_mtime_ns != stamp}
    tables = {"report.html", "report.json", "report.md", "scores.csv", "verdicts.jsonl"}
    assert changed == {"index.js", "samples-0001.js", *tables}


def test_the_page_asks_for_chunks_by_what_is_in_them(folder):
    write_report(study(), folder)
    manifest = Page(folder / "report.html").blocks["manifest"]
    assert set(manifest["files"]) == {"index", "samples-0000"}
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((folder / CHUNKS / f"{name}.js").read_bytes()).hexdigest().startswith(digest)


def test_chunks_of_a_larger_report_go(folder):
    write_report(study(PER_CHUNK + 1), folder)
    write_report(study(3), folder)
    assert sorted(path.name for path in (folder / CHUNKS).iterdir()) == ["index.js", "samples-0000.js"]


def test_the_policy_allows_the_page_itself_and_nothing_else(folder):
    write_report(study(), folder)
    html = (folder / "report.html").read_text("utf-8")
    page = Page(folder / "report.html")
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)[1]
    rules = dict(rule.split(" ", 1) for rule in page.policy.split("; "))

    def digest(text):
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    assert rules == {
        "default-src": "'none'",
        "script-src": f"'sha256-{digest(page.script)}' 'strict-dynamic'",
        "style-src": f"'sha256-{digest(style)}'",
        "img-src": "'self' file:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "editloupe",
    }
    addresses = set(re.findall(r"https?://[\w./-]+", html))
    assert addresses == {"http://www.w3.org/2000/svg"}  # a name, no address


def test_the_program_never_turns_text_into_markup():
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b|new Function",
        bundle(PROGRAM, source),
    )


@pytest.mark.parametrize("text", [*HOSTILE, "<!--", "</script\n>", "<![CDATA["])
def test_hostile_text_stays_data(folder, text):
    write_report(study(warning="careful"), folder)
    plain = Page(folder / "report.html")
    write_report(study(text=text, warning=text), folder)
    page = Page(folder / "report.html")
    assert page.tags == plain.tags
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("style", "src", "href")]
    (first, *_) = chunk(folder, "samples-0000")
    shown = re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", "", text).encode("utf-8", "replace").decode()
    assert first["instruction"] == shown[:20_000]
    for path in (folder / CHUNKS).iterdir():
        assert "<" not in path.read_text("utf-8")


def test_a_missing_picture_leaves_a_place_and_no_error(tmp_path):
    write_report(study(), tmp_path)
    (first, *_) = chunk(tmp_path, "samples-0000")
    assert first["sources"] == [{"small": None, "large": None}]
    assert first["edits"][0]["image"] == {"small": None, "large": None}


def test_a_study_without_verdicts_has_a_report(folder):
    write_report(dataclasses.replace(study(), verdicts=(), overall={}), folder)
    overview = Page(folder / "report.html").blocks["overview"]
    assert overview["editors"][0]["overall"] == [0, 0, None, None, None, None]
    assert chunk(folder, "index")["samples"] == []


def test_every_file_of_the_program_is_in_the_page():
    found = {path.name for path in (files("editloupe.report") / "app").iterdir() if path.name != "__pycache__"}
    assert found == {*(f"{name}.js" for name in in_order(PROGRAM, source)), *(f"{name}.css" for name in STYLES)}


FAMILIES = {
    "form": ("json", "fence", "prefaced_json", "prefaced_fence", "score_line", "number", "word", "choice"),
    "mode": ("side", "slider", "flicker", "difference", "loupe"),
    "sort": ("order", "high", "low", "spread", "split"),
    "stage": ("sample", "edit", "judge", "score"),
    "theme": ("auto", "light", "dark"),
    "variant": ("official", "corrected"),
    "reading": ("score", "first_draw", "expected"),
    "against": ("editor", "labels", "people", "preferences", "classes"),
}


def test_every_word_is_there_and_none_is_idle():
    """Words are asked for as `t('key')`, by a family (`t(`mode_${one}`)`), or as a quoted key of a list."""
    program = bundle(PROGRAM, source) + (files("editloupe.report") / "templates" / "report.html").read_text("utf-8")
    asked = set(re.findall(r"\bt\('(\w+)'", program)) | set(re.findall(r"\btext\.(\w+)", program))
    for family, members in FAMILIES.items():
        assert f"t(`{family}_${{" in program
        asked |= {f"{family}_{member}" for member in members}
    assert asked - {key for key in asked if key in WORDS} <= {"replace", "toLowerCase"}  # methods of texts
    python = "".join(path.read_text("utf-8") for path in files(editloupe.report).iterdir() if path.name.endswith(".py"))
    quoted = set(re.findall(r"""['"](\w+)['"]""", program + python))
    assert set(WORDS) - asked - quoted == set()
    for english, chinese in WORDS.values():
        assert set(re.findall(r"\{(\w+)\}", english)) == set(re.findall(r"\{(\w+)\}", chinese))


# The single file


def test_the_single_file_needs_no_neighbours(folder):
    path = write_single_file(Tables.of(study()), folder)
    page = Page(path)
    assert set(page.blocks) == {"overview", "words", "manifest", "index", "samples-0000"}
    assert "img-src data:" in page.policy
    picture = page.blocks["samples-0000"][0]["edits"][0]["image"]["small"]
    assert base64.b64decode(picture.removeprefix("data:image/webp;base64,")).startswith(b"RIFF")
    assert page.blocks["manifest"]["single"] == {"shown": 4, "all": 4}


def test_the_single_file_takes_samples_from_the_categories_in_turn(folder):
    results = study(9)
    verdicts = tuple(
        dataclasses.replace(one, category="causal" if int(one.sample[1:]) >= 7 else "physical")
        for one in results.verdicts
    )
    path = write_single_file(Tables.of(dataclasses.replace(results, verdicts=verdicts)), folder, 4)
    page = Page(path)
    assert {row["id"] for row in page.blocks["index"]["samples"]} == {"s0", "s7", "s1", "s8"}
    assert page.blocks["manifest"]["single"] == {"shown": 4, "all": 9}
    assert page.blocks["overview"]["editors"][0]["overall"][0] == 9  # the numbers are of all samples


def test_samples_without_single_file_is_one_sentence(tmp_path):
    from typer.testing import CliRunner

    found = CliRunner().invoke(app, ["report", str(tmp_path), "--samples", "3"])
    assert "--single-file" in str(found.exception)


def test_the_folder_can_be_moved(folder, tmp_path_factory):
    write_report(study(), folder)
    other = tmp_path_factory.mktemp("elsewhere") / "copy"
    shutil.copytree(folder, other)
    html = (other / "report.html").read_text("utf-8")
    assert str(folder) not in html
