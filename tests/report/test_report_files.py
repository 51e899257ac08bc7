"""Every file of the report: stable keys, the same numbers everywhere, and hostile text that stays text."""

import base64
import csv
import dataclasses
import hashlib
import io
import json
import re
from html.parser import HTMLParser

import pytest
from PIL import Image
from rich.console import Console

from editloupe.records import Failure
from editloupe.report.gallery import PER_PAGE
from editloupe.report.study_results import BenchmarkInfo, Category, EditorInfo, JudgeInfo, Results, Scale, Speed
from editloupe.report.terminal import leaderboard
from editloupe.report.verdicts import Verdict
from editloupe.report.words import WORDS
from editloupe.report.write import write_report

ESTIMATE = ["n", "failed", "mean", "std", "median", "min", "max", "ci95", "mean_if_failures_worst"]
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    '=HYPERLINK("http://evil.example","click")',
    "</style><script>alert(1)</script>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "| a | b |\n# title\n[x](http://evil.example) ![y](http://evil.example/y.png)",
    "\u202eright to left\u202c العربية",
    "nul \0 escape \x1b[31m bell \x07 line \u2028 separator \x85 end",
    "lone surrogate \ud800 end",
    "x" * 10_000,
]


def study(samples=4, text=None, *, warning="", language="en", groups=None):
    """Two editors; the second fails to edit sample 1, and sample 2 is judged in prose. `text` goes wherever it can."""
    verdicts, overall = [], {}
    names = ["good", "bad"] if text is None else [f"good {text}", f"bad {text}"]
    ids = [f"s{number}" if text is None else f"{text} {number}" for number in range(samples)]
    category = "physical" if text is None else text
    for name in names:
        for number, sample in enumerate(ids):
            failure, reply, image = None, "Score: 8", "images/edit.png"
            if name == names[1] and number == 1:
                failure = Failure(
                    "edit", text or "out-of-memory", text or "no memory left", traceback="/secret/path.py"
                )
                reply = image = None
            if name == names[1] and number == 2:
                failure, reply = Failure("score", "prose", "no score in prose", reply=text or "rather good"), None
            score = None if failure else (8.0 + number % 2 if name == names[0] else 3.0)
            overall[name, sample] = score
            verdicts.append(
                Verdict(
                    editor=name,
                    sample=sample,
                    category=category,
                    metric="reasoning" if text is None else text,
                    score=score,
                    cluster=str(number),
                    instruction=text or "make it night",
                    judge=text or "tiny",
                    failure=failure,
                    reply=text if text is not None and reply else reply,
                    image=image,
                    sources=("images/source.png",) if text is None else (text, "images/source.png"),
                    groups=groups(number) if groups else {},
                )
            )
    words = text or "plain"
    return Results(
        version="0.1.0",
        signature=f"editloupe 0.1.0 {words}",
        benchmark=BenchmarkInfo(words, words, (Category(category, text or "Physical", samples),)),
        judge=JudgeInfo(text or "tiny", words, warning),
        rubric=text or "reasoning",
        scale=Scale(),
        metrics={"reasoning" if text is None else text: Scale()},
        editors=tuple(EditorInfo(name, words) for name in names),
        verdicts=tuple(verdicts),
        overall=overall,
        speed={"edit": Speed(7, 3.5), "judge": None},
        config={"text": words},
        versions={"python": "3.11"},
        language=language,
    )


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "images").mkdir()
    for name, color in (("source", "white"), ("edit", "navy")):
        Image.new("RGB", (64, 64), color).save(tmp_path / "images" / f"{name}.png")
    return tmp_path


def written(results, folder):
    write_report(results, folder)
    return json.loads((folder / "report.json").read_text("utf-8"))


# report.json


def test_keys_of_the_json_are_the_contract(folder):
    report = written(study(), folder)
    assert list(report) == ["editloupe", "signature", "benchmark", "judge", "rubric", "editors", "failures", "speed"]
    assert report["benchmark"] == {
        "name": "plain",
        "revision": "plain",
        "samples": 4,
        "categories": [{"id": "physical", "label": "Physical", "samples": 4}],
    }
    assert list(report["judge"]) == ["name", "signature", "warning"]
    editor = report["editors"][0]
    assert list(editor) == ["name", "signature", "overall", "categories", "metrics", "aggregates"]
    for estimate in (
        editor["overall"],
        editor["categories"]["physical"],
        editor["metrics"]["reasoning"]["overall"],
        editor["metrics"]["reasoning"]["categories"]["physical"],
    ):
        assert list(estimate) == ESTIMATE
    assert report["speed"] == {
        "edit": {"items": 7, "seconds": 3.5, "items_per_second": 2.0, "peak_memory_bytes": None},
        "judge": None,
    }


def test_scored_and_failed_add_up_everywhere(folder):
    for editor in written(study(9), folder)["editors"]:
        metric = editor["metrics"]["reasoning"]
        for estimate in (editor["overall"], editor["categories"]["physical"], metric["overall"]):
            assert estimate["n"] + estimate["failed"] == 9
    assert editor["overall"]["failed"] == 2
    assert editor["overall"]["mean"] == 3.0
    assert editor["overall"]["ci95"] == [3.0, 3.0]
    assert editor["overall"]["mean_if_failures_worst"] == pytest.approx(21 / 9)


def test_failures_name_editor_stage_kind_and_examples(folder):
    failures = written(study(), folder)["failures"]
    assert failures == [
        {
            "editor": "bad",
            "stage": "edit",
            "kind": "out-of-memory",
            "count": 1,
            "examples": [{"sample": "s1", "message": "no memory left"}],
        },
        {
            "editor": "bad",
            "stage": "score",
            "kind": "prose",
            "count": 1,
            "examples": [{"sample": "s2", "message": "no score in prose"}],
        },
    ]


def test_a_failed_edit_counts_once_however_many_metrics_miss_it(folder):
    results = study()
    twice = tuple(dataclasses.replace(one, metric="consistency") for one in results.verdicts)
    both = {"reasoning": Scale(), "consistency": Scale()}
    report = written(dataclasses.replace(results, verdicts=results.verdicts + twice, metrics=both), folder)
    assert {one["kind"]: one["count"] for one in report["failures"]} == {"out-of-memory": 1, "prose": 2}


def test_a_category_without_data_has_nulls_and_no_zeros(folder):
    results = study()
    categories = (*results.benchmark.categories, Category("causal", "Causal", 0))
    benchmark = dataclasses.replace(results.benchmark, categories=categories)
    report = written(dataclasses.replace(results, benchmark=benchmark), folder)
    empty = report["editors"][0]["categories"]["causal"]
    assert empty == {**dict.fromkeys(ESTIMATE), "n": 0, "failed": 0}


def test_aggregates_are_by_group_where_there_is_a_choice(folder):
    groups = lambda number: {"language": ["en", "zh"][number % 2], "kind": "one", "scene": str(number)}  # noqa: E731
    editor = written(study(30, groups=groups), folder)["editors"][0]
    assert list(editor["aggregates"]) == ["language=en", "language=zh"]
    assert editor["aggregates"]["language=zh"]["mean"] == 9.0


def test_the_json_is_written_last(folder, monkeypatch):
    import editloupe.report.write as module

    order = []
    monkeypatch.setattr(module, "write_durably", lambda path, data: order.append(path.name))
    write_report(study(), folder)
    assert order[-1] == "report.json"
    assert set(order) == {"verdicts.jsonl", "scores.csv", "report.md", "report.html", "report.json"}


def test_writing_again_gives_the_same_bytes(folder):
    def contents():
        return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    write_report(study(), folder)
    first = contents()
    write_report(study(), folder)
    assert contents() == first


# verdicts.jsonl and scores.csv


def test_verdicts_are_one_object_per_line_with_the_words_kept(folder):
    write_report(study(), folder)
    rows = [json.loads(line) for line in (folder / "verdicts.jsonl").read_text("utf-8").splitlines()]
    assert len(rows) == 8
    keys = "editor sample category metric score reply failure image sources instruction judge"
    assert all(list(row) == keys.split() for row in rows)
    prose = rows[6]
    assert (prose["score"], prose["reply"], prose["failure"]["kind"]) == (None, "rather good", "prose")
    assert "/secret/path.py" not in (folder / "verdicts.jsonl").read_text("utf-8")


def test_the_spreadsheet_has_numbers_empty_cells_and_the_kind_of_failure(folder):
    write_report(study(), folder)
    rows = list(csv.DictReader(io.StringIO((folder / "scores.csv").read_text("utf-8"))))
    assert [row["reasoning"] for row in rows] == ["8.0", "9.0", "8.0", "9.0", "3.0", "", "", "3.0"]
    assert [row["failure"] for row in rows[4:]] == ["", "out-of-memory", "prose", ""]


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_formulas_are_defused_and_negative_numbers_stay_numbers(folder, begin):
    results = study(text=f"{begin}1+1")
    overall = dict.fromkeys(results.overall, -1.5)
    write_report(dataclasses.replace(results, overall=overall), folder)
    rows = list(csv.reader(io.StringIO((folder / "scores.csv").read_bytes().decode("utf-8"), newline="")))
    assert rows[1][rows[0].index("sample")] == f"'{begin}1+1 0"
    assert rows[1][rows[0].index("overall")] == "-1.5"
    for row in rows:
        assert not [cell for cell in row if cell.startswith(begin) and cell != "-1.5"]


# report.md


def test_the_warning_is_the_first_line_of_the_markdown(folder):
    write_report(study(warning="untrained weights: these scores mean nothing"), folder)
    first = (folder / "report.md").read_text("utf-8").splitlines()[0]
    assert first == "**untrained weights: these scores mean nothing**"


def test_the_markdown_of_a_small_study(folder):
    write_report(study(), folder)
    lines = (folder / "report.md").read_text("utf-8").splitlines()
    assert lines[0] == "# plain: Leaderboard"
    assert "| good | **8.50** | 7.58 – 9.42 | 4 | 0 | 8.50 | 8.50 (7.58 – 9.42) |" in lines
    assert "| bad | **3.00** | 3.00 – 3.00 | 2 | 2 | 1.50 | 3.00 (3.00 – 3.00) |" in lines
    assert "| bad | edit | out-of-memory | 1 | s1: no memory left |" in lines


# report.html


class Page(HTMLParser):
    """What a browser would act on: elements, attributes, and the text."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.attributes, self.text, self.policy = [], [], [], ""
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if ("http-equiv", "Content-Security-Policy") in attrs:
            self.policy = dict(attrs)["content"]

    def handle_data(self, data):
        self.text.append(data)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(folder, text):
    write_report(study(warning="careful"), folder)
    plain = Page(folder / "report.html")
    write_report(study(text=text, warning=text), folder)
    page = Page(folder / "report.html")
    assert set(page.tags) <= {*plain.tags, "details", "summary", "blockquote"}
    assert "script" not in page.tags
    assert not [name for name, _ in page.attributes if name.startswith("on") or name == "style"]
    for name, value in page.attributes:
        if name in ("src", "href"):
            assert re.match(r"(\./|thumbnails/|report\.html|gallery-\d+\.html|#)", value), value
    markdown = (folder / "report.md").read_text("utf-8")
    assert "<" not in markdown
    assert not re.search(r"(?<!\\)\]\(", markdown)
    assert "://" not in markdown
    rows = (folder / "verdicts.jsonl").read_text("utf-8").splitlines()
    assert len(rows) == 8
    assert json.loads(rows[0])["instruction"] == text
    json.loads((folder / "report.json").read_text("utf-8"))


def test_long_hostile_names_do_not_flood_the_terminal():
    console = Console(width=80, file=io.StringIO(), record=True)
    console.print(leaderboard(study(text="[bold red]x[/]" * 500, warning="[blink]careful")))
    lines = console.export_text().splitlines()
    assert len(lines) < 20
    assert max(map(len, lines)) <= 80
    assert "[blink]careful" in lines[0]


def test_the_policy_allows_the_style_sheet_and_nothing_foreign(folder):
    write_report(study(), folder)
    html = (folder / "report.html").read_text("utf-8")
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = Page(folder / "report.html").policy
    assert policy.startswith("default-src 'none'; ")
    assert f"style-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert "http:" not in html
    assert "https:" not in html


def test_pictures_are_shown_small_and_linked_large(folder):
    write_report(study(), folder)
    page = Page(folder / "report.html")
    sources = [value for name, value in page.attributes if name == "src"]
    assert len(sources) == 4 + 8 - 1
    assert all((folder / source).is_file() for source in sources)
    assert ("href", "./images/edit.png") in page.attributes


def test_a_missing_picture_leaves_a_place_and_no_error(tmp_path):
    write_report(study(), tmp_path)
    page = Page(tmp_path / "report.html")
    assert "img" not in page.tags
    assert "no image" in page.text


def test_the_gallery_is_paged_and_old_pages_go(folder):
    write_report(study(2 * PER_PAGE + 1), folder)
    assert sorted(path.name for path in folder.glob("*.html")) == ["gallery-2.html", "gallery-3.html", "report.html"]
    for name in ("report.html", "gallery-2.html", "gallery-3.html"):
        hrefs = {value for key, value in Page(folder / name).attributes if key == "href"}
        for href in hrefs:
            assert href.startswith("#") or (folder / href.partition("#")[0]).is_file()
    (folder / "gallery-mine.html").write_text("a person's own file")
    write_report(study(3), folder)
    assert sorted(path.name for path in folder.glob("*.html")) == ["gallery-mine.html", "report.html"]


def test_everything_is_said_in_chinese(folder):
    write_report(study(language="zh"), folder)
    html = (folder / "report.html").read_text("utf-8")
    assert '<html lang="zh-CN">' in html
    shown = set("".join(Page(folder / "report.html").text).split("\n"))
    assert not {english for english, _ in WORDS.values() if len(english) > 3} & {line.strip() for line in shown}


def test_a_study_without_verdicts_has_a_report(folder):
    empty = dataclasses.replace(study(), verdicts=(), overall={})
    assert written(empty, folder)["editors"][0]["overall"]["mean"] is None
    assert Page(folder / "report.html").tags


def test_numbers_of_the_page_are_those_of_the_json(folder):
    report = written(study(), folder)
    text = Page(folder / "report.html").text
    for editor in report["editors"]:
        assert f"{editor['overall']['mean']:.2f}" in text


def test_the_terminal_shows_the_best_first_within_80_columns():
    console = Console(width=80, file=io.StringIO(), record=True)
    results = study()
    console.print(leaderboard(dataclasses.replace(results, editors=results.editors[::-1])))
    output = console.export_text()
    assert output.index("good") < output.index("bad")
    assert max(map(len, output.splitlines())) <= 80
