"""A small study for the report's tests, as the report gets it; `text` can be hostile and goes wherever a text can."""

from editloupe.records import Failure
from editloupe.results import (
    BenchmarkInfo,
    Category,
    EditorInfo,
    JudgeInfo,
    ReplyCount,
    ReplyCounts,
    ReplyExample,
    Results,
    SampleNote,
    Scale,
    Speed,
    Verdict,
)

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
                    groups=groups(number) if groups else {} if text is None else {text: f"{text} {number % 2}"},
                    digest=None if image is None else f"{number:064x}",
                )
            )
    words = text or "plain"
    said = ReplyExample(names[1], ids[-1], words, words, words)
    reread = {"editor": names[1], "sample": ids[-1], "metric": words, "before": 8.0, "before_kind": None}
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
        notes={sample: SampleNote(text, text, (text,), 7.0) for sample in ids} if text is not None else {},
        hardware={"edit": {"processor": words}},
        replies=ReplyCounts(7, 1, (ReplyCount("json", 6, (said,)),), (ReplyCount(words, 1, (said,), "score"),)),
        reading={
            "version": 2,
            "before": 1,
            "changed": 1,
            "examples": [{**reread, "now": None, "now_kind": words, "why": words}],
        },
        cost={words: {"prompt_tokens": 7, "reply_tokens": 2, "cost": 0.5, "currency": "USD"}},
    )
