"""The command line. Commands import what they need when they run, so that `editloupe --help` answers at once."""

from __future__ import annotations

import errno
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperCommand

if TYPE_CHECKING:
    from rich.table import Table

    from editloupe.config.parts import StudyConfig
    from editloupe.judge_quality.sanity import Sanity
    from editloupe.report.ranking import Ranking
    from editloupe.report.tables import Tables
    from editloupe.results import Language, Results

__all__ = ["app", "main"]

GATE_FAILED = 1
WRONG_INPUT = 2
FINISHED_WITH_FAILURES = 3
UNDECIDED = 4
UNFORESEEN = 70
INTERRUPTED = 130

app = typer.Typer(
    name="editloupe",
    help="Measure how well image-editing models follow instructions.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Config = Annotated[str, typer.Argument(metavar="CONFIG", help="A config file, or a study folder.")]
Out = Annotated[str | None, typer.Option("--out", metavar="DIR", help="The study folder, instead of `out:`.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="a.b=c", help="Replace a setting; may be given several times.")
]
Categories = Annotated[
    str | None, typer.Option("--categories", metavar="A,B", help="Only these categories, in English or Chinese.")
]
Limit = Annotated[int | None, typer.Option("--limit", metavar="N", min=1, help="At most so many samples.")]
RetryFailed = Annotated[bool, typer.Option("--retry-failed", help="Try all recorded failures again.")]

ProbeFirst = Annotated[
    bool, typer.Option("--sanity", help="First probe whether the judge sees and reads what it is asked; short form.")
]

Version = Annotated[bool, typer.Option("--version", help="Print the version and leave.", is_eager=True)]


@app.callback(invoke_without_command=True)
def common(context: typer.Context, version: Version = False) -> None:
    """Measure how well image-editing models follow instructions."""
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"editloupe {installed('editloupe')}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(WRONG_INPUT)


@app.command()
def demo(
    out: Annotated[
        str | None, typer.Option("--out", metavar="DIR", help="The study folder; studies/demo by default.")
    ] = None,
    open_report: Annotated[bool, typer.Option("--open", help="Show the report in the browser.")] = False,
) -> None:
    """Run the study that comes with the package: drawn pictures, editors of known skill, a tiny judge; no download."""
    from editloupe.demo import CONFIG, FOLDER
    from editloupe.study import tables_of_study

    config = _configured(str(CONFIG), out or FOLDER)
    with _interruptible("editloupe", "demo", *(["--out", out] if out is not None else [])):
        tables = tables_of_study(config)
    _print_results(tables, config.out)  # its failures are a part of what it shows: they are no failure of the demo
    if open_report:
        typer.launch((config.out / "report.html").as_uri())


@app.command()
def run(
    config: Config,
    out: Out = None,
    settings: Set = None,
    categories: Categories = None,
    limit: Limit = None,
    retry_failed: RetryFailed = False,
    sanity: ProbeFirst = False,
) -> None:
    """Edit, judge and report; what is done already is not done again."""
    _study(_configured(config, out, settings, categories, limit), ("edit", "judge"), retry_failed, sanity=sanity)


@app.command()
def edit(
    config: Config,
    out: Out = None,
    settings: Set = None,
    categories: Categories = None,
    limit: Limit = None,
    retry_failed: RetryFailed = False,
) -> None:
    """Only the first stage: make the edits."""
    _study(_configured(config, out, settings, categories, limit), ("edit",), retry_failed)


@app.command()
def judge(
    config: Config,
    out: Out = None,
    settings: Set = None,
    categories: Categories = None,
    limit: Limit = None,
    retry_failed: RetryFailed = False,
) -> None:
    """Only the second stage: judge the edits that are there."""
    _study(_configured(config, out, settings, categories, limit), ("judge",), retry_failed)


@app.command()
def report(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="A study folder.")],
    single_file: Annotated[
        bool, typer.Option("--single-file", help="Write report-single.html too: one file with its pictures inside.")
    ] = False,
    samples: Annotated[
        int | None, typer.Option("--samples", metavar="N", min=1, help="Samples in the single file; 100 by default.")
    ] = None,
    parquet: Annotated[bool, typer.Option("--parquet", help="Write verdicts.parquet too.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the leaderboard as a Markdown table.")] = False,
) -> None:
    """Rebuild the reports from the ledger; needs neither models nor the benchmark's files."""
    from editloupe.errors import ConfigError
    from editloupe.report.single_file import SAMPLES, write_single_file
    from editloupe.report.write import FILES
    from editloupe.study import tables_of_study

    if samples is not None and not single_file:
        raise ConfigError("--samples says how many samples --single-file holds; give both")
    config = _configured(folder)
    with _interruptible("editloupe", "report", str(config.out)):
        tables = tables_of_study(config, stages=(), anew=True)
    if single_file:
        path = write_single_file(tables, config.out, samples or SAMPLES)
        typer.echo(f"single file: {path}  {path.stat().st_size / 2**20:.1f} MiB", err=markdown)
    if parquet:
        from editloupe.report.parquet import write_parquet

        typer.echo(f"parquet: {write_parquet(tables.results, config.out)}", err=markdown)
    if markdown:
        from editloupe.report.markdown import leaderboard_markdown

        typer.echo(leaderboard_markdown(tables))
    typer.echo(f"written into {config.out}: {', '.join(FILES)}", err=markdown)
    _say(tables, config.out, table=not markdown)


@app.command()
def compare(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="A study folder.")],
    editor_a: Annotated[str, typer.Argument(metavar="EDITOR_A", help="An editor's name.")],
    editor_b: Annotated[str, typer.Argument(metavar="EDITOR_B", help="Another editor's name.")],
    metric: Annotated[
        str | None, typer.Option("--metric", metavar="NAME", help="One metric instead of the overall score.")
    ] = None,
    json_file: Annotated[str | None, typer.Option("--json", metavar="FILE", help="Write the result as JSON.")] = None,
) -> None:
    """Compare two editors on the same samples: difference, interval, p-value, and what could have been seen."""
    import json

    from editloupe.errors import ConfigError
    from editloupe.report.comparisons import compare_all
    from editloupe.report.leaderboard import ranked, standings
    from editloupe.report.ranking import Ranking
    from editloupe.report.terminal import print_table
    from editloupe.report.terminal_compare import compare_sentences, compare_table
    from editloupe.report.terminal_pairs import against_sentence

    results = _results(folder)
    editors = [editor.name for editor in results.editors]
    a, b = (_one_of("editor", name, editors) for name in (editor_a, editor_b))
    if a == b:
        raise ConfigError(f"{a!r} is given twice; a comparison needs two editors: {', '.join(editors)}")
    asked = None if metric is None else _one_of("metric", metric, list(results.metrics))
    ranking = Ranking.of(results)
    against = None if ranking is None or asked is not None else ranking.against(a, b)
    best = [standing.editor.name for standing in ranked(standings(results))]
    overall, categories = compare_all(results, best, asked).pair(a, b)
    if results.metrics:
        for sentence in compare_sentences(overall):
            typer.echo(sentence)
    if against is not None:
        typer.echo(against_sentence(against))
    elif not results.metrics:
        typer.echo(f"pairs: the plan of this study does not compare {a} and {b}")
    if results.metrics:
        print_table(compare_table(results, overall, categories, whole=not sys.stdout.isatty()))
    if json_file is not None:
        result = {**overall.as_json(), "metric": asked, "signature": results.signature}
        result["categories"] = {name: comparison.as_json() for name, comparison in categories.items()}
        if against is not None:
            result["pairs"] = against.as_json()
        Path(json_file).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


@app.command("select")
def select_samples(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="A study folder.")],
    out: Annotated[str, typer.Option("--out", metavar="FILE", help="Where the kept samples are written.")],
    where: Annotated[
        str | None, typer.Option("--where", metavar="CONDITION", help="Such as 'overall >= 8 and consistency >= 7'.")
    ] = None,
    top: Annotated[
        str | None, typer.Option("--top", metavar="N", help="The best so many, or a share such as 20%.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option("--by", metavar="GROUP", help="The best of each `category`, or value of a group."),
    ] = None,
    score: Annotated[str, typer.Option("--score", metavar="NAME", help="What is best.")] = "overall",
    editor: Annotated[
        str | None, typer.Option("--editor", metavar="NAME", help="Whose edits, where there are several editors.")
    ] = None,
) -> None:
    """Write the samples whose edits are good enough, in the benchmark's own format, with where they come from."""
    from editloupe.errors import ConfigError
    from editloupe.rubrics.rubric import OVERALL
    from editloupe.scoring.study import results_of
    from editloupe.selection.conditions import condition_of, top_of
    from editloupe.selection.selected import select
    from editloupe.selection.writing import write_selection
    from editloupe.store.ledger import ledger_to_read

    if where is None and top is None:
        raise ConfigError("nothing says which samples are kept; give --where, --top, or both")
    if top is None and by is not None:
        raise ConfigError("--by says of which group --top is taken; give both")
    config = _configured(folder)
    with ledger_to_read(config.out) as ledger:
        results = results_of(config, ledger)
        editors = [known.name for known in results.editors]
        if editor is None and len(editors) > 1:
            raise ConfigError(f"this study has several editors; name one with --editor: {', '.join(editors)}")
        name = editors[0] if editor is None else _one_of("editor", editor, editors)
        known = [*results.metrics, OVERALL]
        selection = select(
            results,
            name,
            where=None if where is None else condition_of(where, known),
            top=None if top is None else top_of(top),
            by=None if by is None else _one_of("group", by, _groups_of(results)),
            score=_one_of("score", score, known),
        )
        asked = {"editor": name, "where": where, "top": top, "by": by, "score": score}
        provenance = write_selection(config, ledger, results, selection, asked, Path(out))
    typer.echo(f"kept: {out}  {len(selection.kept)} of {selection.edits} samples, with {provenance}")
    typer.echo(
        f"dropped  {selection.below} by the condition  {selection.beyond} not among the top  "
        f"{selection.failed} without a score"
    )
    raise typer.Exit(FINISHED_WITH_FAILURES if selection.failed else 0)


def _groups_of(results: Results) -> list[str]:
    """What samples are grouped by."""
    return ["category", *sorted({group for verdict in results.verdicts for group in verdict.groups})]


@app.command()
def gate(
    which: Annotated[
        list[str],
        typer.Argument(metavar="STUDY BASE CANDIDATE", help="Two editors of a study; or STUDY:BASE STUDY:CANDIDATE."),
    ],
    margin: Annotated[
        float, typer.Option("--margin", metavar="X", help="How much lower the mean may be, in points of the scale.")
    ],
    disaster: Annotated[
        float | None, typer.Option("--disaster", metavar="X", help="Fail if any one sample falls by more than this.")
    ] = None,
    metric: Annotated[
        str | None, typer.Option("--metric", metavar="NAME", help="One metric instead of the overall score.")
    ] = None,
    json_file: Annotated[str | None, typer.Option("--json", metavar="FILE", help="Write the result as JSON.")] = None,
    markdown_file: Annotated[
        str | None, typer.Option("--markdown", metavar="FILE", help="Write the result as Markdown.")
    ] = None,
) -> None:
    """Decide whether one editor may take another's place: exit code 0 pass, 1 fail, 4 undecided."""
    import json

    from editloupe.gate.decision import decide
    from editloupe.gate.evidence import Side
    from editloupe.gate.view import gate_markdown, gate_sentences

    (base_study, base), (candidate_study, candidate) = _two_editors(which)
    studies = {study: _results(study) for study in dict.fromkeys((base_study, candidate_study))}
    sides = []
    for study, editor in ((base_study, base), (candidate_study, candidate)):
        results = studies[study]
        sides.append(Side(results, _one_of("editor", editor, [known.name for known in results.editors]), study))
    asked = None if metric is None else _one_of("metric", metric, list(sides[0].results.metrics))
    decision = decide(*sides, margin=margin, disaster=disaster, metric=asked)
    for sentence in gate_sentences(decision):
        typer.echo(sentence)
    if json_file is not None:
        Path(json_file).write_text(json.dumps(decision.as_json(), indent=2) + "\n", encoding="utf-8")
    if markdown_file is not None:
        Path(markdown_file).write_text(gate_markdown(decision), encoding="utf-8")
    raise typer.Exit({"pass": 0, "fail": GATE_FAILED, "undecided": UNDECIDED}[decision.outcome])


@app.command()
def audit(
    config: Config,
    out: Out = None,
    settings: Set = None,
    categories: Categories = None,
    limit: Limit = None,
    retry_failed: RetryFailed = False,
    human: Annotated[
        list[str] | None,
        typer.Option(
            "--human", metavar="FILE", help="Ratings by people, from the report or as CSV; may be given several times."
        ),
    ] = None,
    stability: Annotated[
        bool, typer.Option("--stability", help="With --human: ask some questions again all the same.")
    ] = False,
    width: Annotated[
        float | None,
        typer.Option("--width", metavar="X", min=0.0, help="With --human: say how many labels an interval of X takes."),
    ] = None,
    sanity: Annotated[
        bool, typer.Option("--sanity", help="Probe as well whether the judge sees and reads what it is asked.")
    ] = False,
) -> None:
    """Tell how good the judge is, against a known truth or people; runs the study first where needed."""
    from editloupe.audit.audit import audit_study
    from editloupe.report.terminal import print_table
    from editloupe.report.terminal_audit import audit_sentences, audit_tables, reply_table

    study = _configured(config, out, settings, categories, limit)
    again = [*(word for file in human or () for word in ("--human", file)), *(["--sanity"] if sanity else [])]
    with _interruptible("editloupe", "audit", str(study.out), *again):
        audited = audit_study(
            study,
            retry_failed=retry_failed,
            human=human or (),
            stability=stability or None,
            sanity=sanity,
            width=width,
        )
    if audited.against:
        for table in audit_tables(audited, whole=not sys.stdout.isatty()):
            print_table(table)
    if audited.sanity is not None:
        _say_sanity(audited.sanity)
    if audited.replies.asked:
        print_table(reply_table(audited.replies))
    for sentence in audit_sentences(audited):
        typer.echo(sentence)
    typer.echo(f"audit: {study.out / 'audit.json'}")
    typer.echo(f"total  {audited.n} scores compared  {audited.unscored} without a score")
    lost = audited.sanity.lost if sanity and audited.sanity is not None else 0
    raise typer.Exit(FINISHED_WITH_FAILURES if audited.unscored or lost else 0)


@app.command("sample")
def draw(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="A study folder.")],
    count: Annotated[int, typer.Option("-n", "--count", metavar="N", min=1, help="How many samples.")],
    editors: Annotated[
        str | None, typer.Option("--editors", metavar="A,B", help="Only these editors' edits; all by default.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", help="Of the draw; the study's by default.")
    ] = None,
    table: Annotated[
        str | None, typer.Option("--table", metavar="FILE", help="Where the table to fill in goes; DIR/to-rate.csv.")
    ] = None,
) -> None:
    """Draw samples at random for people to rate, so that their ratings can correct the judge's means."""
    from editloupe.audit.human_sample import draw_sample
    from editloupe.study import tables_of_study

    config = _configured(folder)
    known = [part.name for part in config.editors]
    chosen = [_one_of("editor", name.strip(), known) for name in editors.split(",")] if editors is not None else []
    drawn, edits, path = draw_sample(
        config, count, editors=chosen, seed=seed, path=None if table is None else Path(table)
    )
    tables_of_study(config, stages=())  # so that the gallery can show them
    typer.echo(f"drawn  {len(drawn.samples)} of {drawn.of} samples, {edits} edits by {len(drawn.editors)} editors")
    typer.echo(f"rate them in the gallery ({config.out / 'report.html'}#/gallery?rated=drawn) or in {path}, then:")
    typer.echo(shlex.join(["editloupe", "audit", str(config.out), "--human", str(path)]))


@app.command()
def probe(
    config: Config,
    other: Annotated[str, typer.Argument(metavar="OTHER_CONFIG", help="The config whose judge is compared.")],
    out: Out = None,
    settings: Set = None,
    samples: Annotated[int, typer.Option("--samples", metavar="N", min=1, help="How many questions.")] = 32,
) -> None:
    """Ask two judges the same questions and tell how far they agree; makes the edits first where needed."""
    from editloupe.audit.probe import probe_sentences, probe_study

    study = _configured(config, out, settings)
    with _interruptible("editloupe", "run", str(study.out)):
        probed = probe_study(study, _configured(other), count=samples)
    for sentence in probe_sentences(probed):
        typer.echo(sentence)
    typer.echo(f"probe: {study.out / 'probe.json'}")
    raise typer.Exit(FINISHED_WITH_FAILURES if probed.compared < probed.questions else 0)


@app.command()
def check(
    config: Config,
    out: Out = None,
    settings: Set = None,
    categories: Categories = None,
    limit: Limit = None,
) -> None:
    """Check a config and its benchmark and say what would run; writes nothing."""
    from editloupe.checking import check_study

    failed = check_study(_configured(config, out, settings, categories, limit), typer.echo)
    raise typer.Exit(FINISHED_WITH_FAILURES if failed else 0)


bench = typer.Typer(help="Measure speed, against the usual way, on the same work in one run.", no_args_is_help=True)
app.add_typer(bench, name="bench")


class _OptionalValue(TyperCommand):
    """A command whose ``--json`` may stand alone: the result is then written to standard output."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        given = []
        for index, word in enumerate(args):
            given.append(word)
            following = args[index + 1] if index + 1 < len(args) else "--"
            if word == "--json" and following.startswith("-") and following != "-":
                given.append("-")
        return list(super().parse_args(ctx, given))


JsonFile = Annotated[
    str | None,
    typer.Option("--json", metavar="[FILE]", help="Write the result as JSON, to standard output without FILE."),
]


@bench.command("judge", cls=_OptionalValue)
def bench_the_judge(
    config: Config,
    against: Annotated[
        str | None, typer.Option("--against", metavar="OTHER", help="A config whose judge does the same work in turn.")
    ] = None,
    settings: Set = None,
    batch_sizes: Annotated[
        str, typer.Option("--batch-sizes", metavar="1,2,4", help="Fixed batches to compare with.")
    ] = "1,2,4,8,16",
    samples: Annotated[int, typer.Option("--samples", metavar="N", min=1, help="Edits to judge.")] = 24,
    image_size: Annotated[
        int | None,
        typer.Option("--image-size", metavar="PX", min=32, help="Side of all images; as they are by default."),
    ] = None,
    new_tokens: Annotated[
        str, typer.Option("--new-tokens", metavar="N", help="Tokens of a reply; several with --against: 24,128.")
    ] = "128",
    repeat: Annotated[int, typer.Option("--repeat", metavar="N", min=1, help="Runs of each way; medians count.")] = 1,
    json_file: JsonFile = None,
    markdown_file: Annotated[
        str | None, typer.Option("--markdown", metavar="FILE", help="Write the result as a Markdown table.")
    ] = None,
    svg_file: Annotated[str | None, typer.Option("--svg", metavar="FILE", help="Write the result as a chart.")] = None,
) -> None:
    """How fast the judge is: one by one, in fixed batches, and ours in each mode; or against another judge."""
    from editloupe.bench import view
    from editloupe.bench.judge import bench_judge

    study = _configured(config, None, settings)
    limits = _whole_numbers("--new-tokens", new_tokens)
    if against is not None:
        _bench_against(study, against, limits, samples, image_size, repeat, json_file, markdown_file, svg_file)
        return
    if len(limits) > 1:
        raise typer.BadParameter(
            "several numbers of tokens can be measured with --against only", param_hint="--new-tokens"
        )
    measured = bench_judge(
        study,
        batch_sizes=_whole_numbers("--batch-sizes", batch_sizes),
        samples=samples,
        image_size=image_size,
        new_tokens=limits[0],
        repeat=repeat,
        say=_teller(json_file),
    )
    _show(view.bench_workload(measured), view.bench_table(measured), measured.as_json(), json_file)
    if markdown_file is not None:
        Path(markdown_file).write_text(view.bench_markdown(measured), encoding="utf-8")
    if svg_file is not None:
        Path(svg_file).write_text(view.bench_svg(measured), encoding="utf-8")


@bench.command("machine", cls=_OptionalValue)
def bench_the_machine(
    minutes: Annotated[
        float, typer.Option("--minutes", metavar="N", min=0.1, help="Begin nothing new after so many minutes.")
    ] = 10.0,
    shape: Annotated[
        Literal["30b-a3b", "8b", "63m"] | None,
        typer.Option("--shape", help="Of the model on the GPU; the largest that fits by default."),
    ] = None,
    json_file: JsonFile = None,
) -> None:
    """What the judge's engine does on this machine, with random weights: equality, memory, speed."""
    from editloupe.bench.machine import machine_table, measure_machine

    measurement = measure_machine(minutes, shape, _teller(json_file))
    _teller(json_file)("\n" + machine_table(measurement))
    _write_json(measurement, json_file)


def _bench_against(
    study: StudyConfig,
    against: str,
    limits: list[int],
    samples: int,
    image_size: int | None,
    repeat: int,
    json_file: str | None,
    markdown_file: str | None,
    svg_file: str | None,
) -> None:
    from editloupe.bench import comparison_view as view
    from editloupe.bench.against import bench_against

    if svg_file is not None:
        raise typer.BadParameter("there is no chart of two judges", param_hint="--svg")
    comparison = bench_against(
        study,
        _configured(against).judge,
        samples=samples,
        image_size=image_size,
        new_tokens=limits,
        repeat=repeat,
        say=_teller(json_file),
    )
    _show(view.comparison_workload(comparison), view.comparison_table(comparison), comparison.as_json(), json_file)
    if markdown_file is not None:
        Path(markdown_file).write_text(view.comparison_markdown(comparison), encoding="utf-8")


def _whole_numbers(option: str, text: str) -> list[int]:
    numbers = [number.strip() for number in text.split(",")]
    if not all(number.isdecimal() and int(number) > 0 for number in numbers):
        raise typer.BadParameter(f"{text!r} has to be whole numbers from 1, separated by commas", param_hint=option)
    return [int(number) for number in numbers]


def _teller(json_file: str | None) -> Callable[[str], None]:
    """Takes lines for people; they leave standard output to the JSON object where that is written there."""
    return lambda line: typer.echo(line, err=json_file == "-")


def _show(facts: str, table: Table, measurement: dict[str, Any], json_file: str | None) -> None:
    """Print a measurement, and write its JSON object where it is wanted."""
    from rich.console import Console

    _teller(json_file)(facts)
    Console(width=120, stderr=json_file == "-").print(table)
    _write_json(measurement, json_file)


def _write_json(measurement: dict[str, Any], json_file: str | None) -> None:
    """Write an object to a file, or to standard output where it is ``-``."""
    import json

    if json_file is not None:
        text = json.dumps(measurement, indent=2) + "\n"
        if json_file == "-":
            typer.echo(text, nl=False)
        else:
            Path(json_file).write_text(text, encoding="utf-8")


@app.command()
def serve(
    config: Config,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Bound; other machines need a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", metavar="N", min=0, max=65535, help="0 takes a free one.")] = 8300,
    settings: Set = None,
    ledger: Annotated[
        str | None, typer.Option("--ledger", metavar="DIR", help="Keep replies, so that nothing is computed twice.")
    ] = None,
    token_env: Annotated[
        str, typer.Option("--token-env", metavar="NAME", help="The environment variable that holds the token.")
    ] = "EDITLOUPE_SERVE_TOKEN",  # noqa: S107 - a name
    wait: Annotated[
        float, typer.Option("--wait", metavar="MS", min=0.0, help="How long a question waits for others.")
    ] = 20.0,
    queue: Annotated[
        int, typer.Option("--queue", metavar="N", min=1, help="Questions accepted and not answered; then 429.")
    ] = 2048,
    deadline: Annotated[
        float, typer.Option("--deadline", metavar="S", min=0.1, help="Seconds that a request may take.")
    ] = 300.0,
    max_body: Annotated[float, typer.Option("--max-body", metavar="MIB", min=0.1, help="Of one request.")] = 64.0,
    max_items: Annotated[int, typer.Option("--max-items", metavar="N", min=1, help="Of one request.")] = 256,
    max_pixels: Annotated[
        float, typer.Option("--max-pixels", metavar="MP", min=0.01, max=100.0, help="Megapixels of one picture.")
    ] = 16.8,
    drain: Annotated[
        float, typer.Option("--drain", metavar="S", min=0.0, help="Seconds to answer what was accepted after SIGTERM.")
    ] = 60.0,
) -> None:
    """Answer over HTTP with the judge and the rubric of a config: a reward service."""
    from editloupe.serve.command import run_service
    from editloupe.serve.limits import Limits

    limits = Limits(
        body=int(max_body * 2**20),
        items=max_items,
        pixels=int(max_pixels * 1_000_000),
        queue=queue,
        deadline=deadline,
        drain_seconds=drain,
    )
    run_service(
        config,
        settings or [],
        host=host,
        port=port,
        token_variable=token_env,
        ledger=None if ledger is None else Path(ledger),
        wait=wait / 1000,
        limits=limits,
        say=typer.echo,
    )


@app.command()
def score(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="The picture that was edited.")],
    edited: Annotated[str, typer.Argument(metavar="EDITED", help="The result.")],
    instruction: Annotated[str, typer.Argument(metavar="INSTRUCTION", help="What the editor was told.")],
    config: Annotated[
        str | None, typer.Option("--config", metavar="CONFIG", help="The judge and rubric, in this process.")
    ] = None,
    url: Annotated[str | None, typer.Option("--url", metavar="URL", help="A service to ask instead.")] = None,
    settings: Set = None,
    category: Annotated[str, typer.Option("--category", metavar="NAME", help="Of the rubric's benchmark.")] = "",
    metrics: Annotated[
        str | None, typer.Option("--metrics", metavar="A,B", help="Only these; the config's by default.")
    ] = None,
    json_file: Annotated[str | None, typer.Option("--json", metavar="FILE", help="Write the answer as JSON.")] = None,
) -> None:
    """Score one edit, in this process or by a service."""
    import json

    from editloupe.serve.command import answer_lines, score_one

    chosen = None if metrics is None else [name.strip() for name in metrics.split(",") if name.strip()]
    answer = score_one(
        source, edited, instruction, config=config, url=url, settings=settings or [], category=category, metrics=chosen
    )
    for line in answer_lines(answer):
        typer.echo(line)
    if json_file is not None:
        Path(json_file).write_text(json.dumps(answer, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    raise typer.Exit(FINISHED_WITH_FAILURES if answer.get("failure") else 0)


@app.command("list")
def list_plugins(kind: Annotated[Literal["benchmarks", "editors", "judges", "rubrics"], typer.Argument()]) -> None:
    """Name what is installed: built in, and from other packages."""
    from editloupe.plugins import names

    for name, point in names(kind).items():
        typer.echo(f"{name:16} {point.value}")


def main() -> None:
    """Run the command line, with one sentence instead of a traceback; exit codes are a contract, see docs/cli.md."""
    from editloupe.errors import EditloupeError

    try:
        app()
    except SystemExit as end:
        # Whoever read the output has left: typer says 1 then, which belongs to a failed gate.
        code = INTERRUPTED if isinstance(end.__context__, BrokenPipeError) else end.code
    except KeyboardInterrupt:
        code = INTERRUPTED
    except EditloupeError as error:
        typer.echo(f"editloupe: {error}", err=True)
        code = WRONG_INPUT
    except OSError as error:
        code = _refused_by_system(error)
    except Exception as error:  # noqa: BLE001 - the last border
        code = _unforeseen(error)
    else:
        code = 0
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python would say so while it ends
        code = INTERRUPTED
    sys.exit(code)


def _refused_by_system(error: OSError) -> int:
    """Say what the file system has refused; an error without a file counts as unforeseen, unless a disk is at fault."""
    if error.filename is None and error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO):
        return _unforeseen(error)
    file = "" if error.filename is None else f"{str(error.filename)!r}: "
    typer.echo(f"editloupe: {file}{error.strerror or error}; mend that and give the same command again", err=True)
    return WRONG_INPUT


def _unforeseen(error: Exception) -> int:
    """Say in one line that a fault of ours has ended the command, and where its traceback lies."""
    import tempfile
    import traceback

    fault = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    text = "".join(traceback.format_exception(error))
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="editloupe-", suffix=".log", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as file:
            file.write(text)
    except OSError:  # nowhere to write it: better on the screen than nowhere
        typer.echo(text, err=True)
        typer.echo(f"editloupe: unforeseen: {fault}", err=True)
    else:
        typer.echo(f"editloupe: unforeseen: {fault}; please report it with the traceback in {file.name}", err=True)
    return UNFORESEEN


def _configured(
    config: str,
    out: str | None = None,
    settings: list[str] | None = None,
    categories: str | None = None,
    limit: int | None = None,
) -> StudyConfig:
    from editloupe.config.parts import load_config

    changes = list(settings or [])
    if categories is not None:
        changes.append(f"benchmark.categories=[{categories}]")
    if limit is not None:
        changes.append(f"benchmark.limit={limit}")
    return load_config(config, changes, out=out)


def _results(folder: str) -> Results:
    """What a study's ledger holds, also of a folder that may only be read."""
    from editloupe.scoring.study import results_of
    from editloupe.store.ledger import ledger_to_read

    config = _configured(folder)
    with ledger_to_read(config.out) as ledger:
        return results_of(config, ledger)


def _two_editors(words: list[str]) -> list[tuple[str, str]]:
    """(study, editor) twice, from ``STUDY A B`` or ``STUDY:A STUDY:B``."""
    from editloupe.errors import ConfigError

    if len(words) == 3:
        study, base, candidate = words
        sides = [(study, base), (study, candidate)]
    else:
        parts = [word.rpartition(":") for word in words]
        if len(words) != 2 or not all(study and editor for study, _, editor in parts):
            raise ConfigError(
                f"{' '.join(words)!r} does not name two editors; give STUDY BASE CANDIDATE, or "
                "STUDY:BASE STUDY:CANDIDATE"
            )
        sides = [(study, editor) for study, _, editor in parts]
    if sides[0] == sides[1]:
        raise ConfigError(f"{sides[0][1]!r} is given twice; a gate needs a base and a candidate")
    return sides


def _one_of(kind: str, name: str, known: list[str]) -> str:
    from editloupe.errors import ConfigError
    from editloupe.plugins import nearest

    if name not in known:
        raise ConfigError(f"no {kind} is called {name!r}{nearest(name, known)}; this study has: {', '.join(known)}")
    return name


def _say_sanity(sanity: Sanity) -> None:
    """Print what the sanity probes found."""
    from editloupe.report.terminal import print_table
    from editloupe.report.terminal_sanity import sanity_sentences, sanity_table

    print_table(sanity_table(sanity))
    for sentence in sanity_sentences(sanity):
        typer.echo(sentence)


def _study(config: StudyConfig, stages: tuple[str, ...], retry_failed: bool, *, sanity: bool = False) -> None:
    from editloupe.study import tables_of_study

    verb = stages[0] if len(stages) == 1 else "run"
    with _interruptible("editloupe", verb, str(config.out), *(["--sanity"] if sanity else [])):
        tables = tables_of_study(config, stages=stages, retry_failed=retry_failed, sanity=sanity)
    if sanity and tables.results.sanity is not None:
        _say_sanity(tables.results.sanity)
    if retry_failed:
        _say_what_is_not_retried(config, tables.results)
    _say(tables, config.out)


def _say_what_is_not_retried(config: StudyConfig, results: Results) -> None:
    """A reply that cannot be read is no failure of asking: the same question would get the same reply."""
    from editloupe.report.failure_summary import counted, unreadable

    count = unreadable(results)
    if not count:
        return
    lost = f"not asked again: the replies behind {counted(count, 'score')} that could not be read"
    with config.judge.make() as judge:
        limit = judge.reply_limit
    if config.mode == "choice":
        setting, name = "judge.answer=text", "the other answer mode"
    elif limit is not None:
        setting, name = f"judge.max_new_tokens={2 * limit}", "a longer limit"
    else:
        typer.echo(f"{lost}; a judge that answers otherwise is asked all questions anew")
        return
    command = shlex.join(["editloupe", "judge", str(config.out), "--set", setting])
    typer.echo(f"{lost}; {name} asks all questions anew: {command}")


def _say(tables: Tables, folder: Path, *, table: bool = True) -> None:
    """Print the results; leave with the matching exit code."""
    if _print_results(tables, folder, table=table):
        raise typer.Exit(FINISHED_WITH_FAILURES)


def _print_results(tables: Tables, folder: Path, *, table: bool = True) -> int:
    """Print the table, where the report lies, and how many items failed; returns that number.

    Without the table, standard output is the caller's, and the rest goes beside it.
    """
    from editloupe.report.remarks import greedy_beside, limited_to
    from editloupe.report.terminal import leaderboard_table, noise_sentences, print_table

    results, whole = tables.results, not sys.stdout.isatty()
    if table:
        if results.metrics:
            print_table(leaderboard_table(tables, whole=whole))
            for sentence in noise_sentences(tables):
                typer.echo(sentence)
        if tables.ranking is not None:
            _print_ranking(tables.ranking, results.language, whole=whole)
        if results.benchmark.limited:
            typer.echo(limited_to(results.benchmark.samples, "en"))
        if remark := greedy_beside(results.judge.name, results.judge.stated_sampling):
            typer.echo(remark)
    if (noted := tables.noted).edits:
        example = f"such as {noted.sample!r} by {noted.editor}: {noted.note}"
        typer.echo(f"notes  {noted.edits} of the edits, {example}", err=not table)
    typer.echo(f"report: {folder / 'report.html'}", err=not table)
    failed = tables.failed
    line = f"total  {failed.scores} scores  {failed.failed_scores} failed"
    if failed.failed_scores:
        line += f" ({failed.causes()})"
    if failed.waiting:  # for a stage that was not asked for
        line += f"  {failed.waiting} not done yet"
    if failed.failed_scores:
        line += f"; see {folder / 'report.html'}#/failures and {folder / 'log.txt'}"
    if results.metrics:
        typer.echo(line, err=not table)
    pairs = 0 if tables.ranking is None else tables.ranking.failed
    if tables.ranking is not None:
        typer.echo(f"total  {tables.ranking.planned} pairs  failed {pairs}", err=not table)
    return failed.failed_scores + pairs


def _print_ranking(ranking: Ranking, language: Language, *, whole: bool) -> None:
    """Print what the pairs show."""
    from editloupe.report.pair_sentences import pair_remarks
    from editloupe.report.terminal import print_table
    from editloupe.report.terminal_pairs import matrix_table, ranking_table

    print_table(ranking_table(ranking, language, whole=whole))
    if (matrix := matrix_table(ranking, language)) is not None:
        print_table(matrix)
    for sentence in pair_remarks(ranking, language):
        typer.echo(sentence)


@contextmanager
def _interruptible(*again: str) -> Iterator[None]:
    """Say how to go on where a person or a limit stops a study.

    Args:
        again: the words of the command that goes on.
    """
    from editloupe.errors import StudyStopped

    try:
        yield
    except KeyboardInterrupt:
        typer.echo(f"interrupted; nothing is lost, continue with: {shlex.join(again)}", err=True)
        sys.exit(INTERRUPTED)
    except StudyStopped as limit:
        # The folder keeps the limit that was just reached, so the command has to raise it.
        setting = ["--set", limit.setting] if limit.setting else []
        command = shlex.join([*again, *setting])
        typer.echo(f"editloupe: {limit}; nothing is lost, continue with: {command}", err=True)
        sys.exit(FINISHED_WITH_FAILURES)
