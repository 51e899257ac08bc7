"""How large a report may be: writing, rebuilding after one new reply, opening and scrolling it in Chromium.

    python perf/report_scale.py                                 the table of docs/performance.md
    python perf/report_scale.py --samples 60 --keep studies/x   a small made-up study to look at

The study is made up: editors of different skill, two of them alike, three metrics, some failures, pictures of noise.
"""

import argparse
import dataclasses
import hashlib
import json
import platform
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from editloupe.records import Failure
from editloupe.report.write import write_report
from editloupe.results import BenchmarkInfo, Category, EditorInfo, JudgeInfo, Results, Scale, Speed, Verdict

FIVE = ("physical", "environmental", "cultural", "causal", "referential")
METRICS = ("reasoning", "instruction_following", "consistency")
SKILLS = {"atlas-edit-2": 0.86, "brushwork-12b": 0.72, "chroma-turbo": 0.7, "identity": 0.08}
WORDS = ("edit", "follows", "what", "was", "asked", "keeps", "light", "scene", "but", "shadow", "falls", "wrong", "way")
BROWSER = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync"]


def painted(folder, rng, hue):
    """One picture in the study's store: bands, circles and noise, so that no two are alike."""
    size = 256
    pixels = np.full((size, size, 3), hue, np.uint8) // 2 + rng.integers(0, 90, (size, size, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    draw = ImageDraw.Draw(image)
    for _ in range(4):
        x, y, r = (*rng.integers(0, size, 2).tolist(), int(rng.integers(12, 60)))
        draw.ellipse([x - r, y - r, x + r, y + r], fill=tuple(rng.integers(0, 255, 3).tolist()))
    path = folder / "painted.png"
    image.save(path, compress_level=1)
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    blob = folder / "blobs" / digest[:2] / f"{digest}.png"
    blob.parent.mkdir(parents=True, exist_ok=True)
    path.replace(blob)
    return f"blobs/{digest[:2]}/{digest}.png", digest


def study(folder, samples, editors, seed=0):
    """A made-up study of `samples` x `editors` x three metrics, with its pictures in `folder`."""
    rng = np.random.default_rng(seed)
    names = [*SKILLS, *(f"editor-{n}" for n in range(5, 99))][:editors]
    verdicts, overall = [], {}
    for at in range(samples):
        hardness = rng.normal(0, 0.18)
        hue = rng.integers(0, 255, 3)
        source, _ = painted(folder, rng, hue)
        sample, category = f"{FIVE[at % 5]}-{at:04d}", FIVE[at % 5]
        instruction = f"Change picture {at} so that {' '.join(rng.choice(WORDS, 9))}."
        for name in names:
            image, digest = painted(folder, rng, hue)
            broken = (
                Failure("edit", "out-of-memory", "CUDA ran out of memory on one sample")
                if rng.random() < 0.01
                else None
            )
            scores = []
            for metric in METRICS:
                level = SKILLS.get(name, 0.5) + hardness + rng.normal(0, 0.12)
                score = float(np.clip(round(10 * level), 0, 10))
                prose = rng.random() < 0.01
                failure = broken or (Failure("score", "prose", "the reply has no score") if prose else None)
                sentence = " ".join(rng.choice(WORDS, 30)).capitalize() + "."
                reply = None if broken else sentence if prose else json.dumps({"reasoning": sentence, "score": score})
                scores.append(None if failure else score)
                verdicts.append(
                    Verdict(
                        editor=name,
                        sample=sample,
                        category=category,
                        metric=metric,
                        score=scores[-1],
                        cluster=source,
                        instruction=instruction,
                        judge="made-up",
                        failure=failure,
                        reply=reply,
                        image=None if broken else image,
                        digest=None if broken else digest,
                        sources=(source,),
                        groups={"difficulty": ("easy", "medium", "hard")[at % 3]},
                    )
                )
            overall[name, sample] = None if None in scores else sum(scores) / len(scores)
    scale = Scale()
    labels = [Category(name, name, sum(at % 5 == index for at in range(samples))) for index, name in enumerate(FIVE)]
    return Results(
        version="0",
        signature="made up",
        benchmark=BenchmarkInfo("A made-up benchmark", f"seed {seed}", tuple(labels)),
        judge=JudgeInfo("made-up", "no judge: scores are drawn", "made-up scores: they mean nothing"),
        rubric="made-up v1",
        scale=scale,
        metrics=dict.fromkeys(METRICS, scale),
        editors=tuple(EditorInfo(name, "made up") for name in names),
        verdicts=tuple(verdicts),
        overall=overall,
        speed={"edit": Speed(samples * editors, 100.0), "judge": Speed(samples * editors * 3, 100.0)},
        config={"benchmark": "made up"},
    )


def seconds(act):
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def with_one_new_reply(results):
    """The same study, but one verdict in the middle has another score and other words."""
    at = len(results.verdicts) // 2
    verdict = dataclasses.replace(results.verdicts[at], score=1.0, failure=None, reply="Score: 1")
    overall = {**results.overall, (verdict.editor, verdict.sample): 1.0}
    return dataclasses.replace(
        results, verdicts=(*results.verdicts[:at], verdict, *results.verdicts[at + 1 :]), overall=overall
    )


def stamps(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file() and "blobs" not in path.parts}


def in_browser(page_file, repeat):
    """Median milliseconds until the leaderboard and the gallery's pictures are there, and the frames of a scroll."""
    from playwright.sync_api import sync_playwright

    opened, gallery, frames, nodes = [], [], [], 0
    with sync_playwright() as playwright:
        for _ in range(repeat):  # a new browser each time: nothing is warm
            browser = playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
            page = browser.new_page(viewport={"width": 1400, "height": 900})
            started = time.perf_counter()
            page.goto(page_file.as_uri())
            page.wait_for_selector("table.board tbody tr")
            opened.append(time.perf_counter() - started)
            page.close()
            page = browser.new_page(viewport={"width": 1400, "height": 900})
            started = time.perf_counter()
            page.goto(page_file.as_uri() + "#/gallery")
            page.wait_for_selector(".card.edit img")
            page.wait_for_function(SHOWN)
            gallery.append(time.perf_counter() - started)
            frames += page.evaluate(SCROLL)
            nodes = page.evaluate("document.querySelectorAll('*').length")
            browser.close()
    return {
        "open_leaderboard_s": float(np.median(opened)),
        "open_gallery_s": float(np.median(gallery)),
        "frame_median_ms": float(np.median(frames)),
        "frame_p95_ms": float(np.percentile(frames, 95)),
        "frames": len(frames),
        "elements": nodes,
    }


SHOWN = "[...document.querySelectorAll('.card.edit img')].slice(0, 8).every(one => one.complete && one.naturalWidth)"

# 240 frames of scrolling through the whole gallery and back, 400 pixels a frame; the time of each.
SCROLL = """async () => {
  const times = [];
  let before = performance.now();
  const end = document.documentElement.scrollHeight;
  for (let at = 0; at < 240; at += 1) {
    scrollTo(0, at < 180 ? 400 * at : end - 400 * (at - 180));
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    times.push(now - before);
    before = now;
  }
  return times.slice(5);
}"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--editors", type=int, default=4)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="a folder for the study, which stays there; nothing is measured")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    results = study(folder, options.samples, options.editors)
    if options.keep:
        write_report(results, folder)
        print(folder / "report.html")
        return
    measured = {"samples": options.samples, "editors": options.editors, "verdicts": len(results.verdicts)}
    measured |= {"machine": platform.processor() or platform.machine(), "date": time.strftime("%Y-%m-%d")}
    measured["first_write_s"] = seconds(lambda: write_report(results, folder))
    before = stamps(folder)
    measured["rebuild_unchanged_s"] = seconds(lambda: write_report(results, folder))
    measured["rewritten_unchanged"] = sum(before.get(path) != stamp for path, stamp in stamps(folder).items())
    measured["rebuild_one_reply_s"] = seconds(lambda: write_report(with_one_new_reply(results), folder))
    after = stamps(folder)
    measured["rewritten_one_reply"] = sorted(path.name for path, stamp in after.items() if before.get(path) != stamp)
    measured["files"] = len(after)
    measured["page_bytes"] = (folder / "report.html").stat().st_size
    measured["index_bytes"] = (folder / "report-data" / "index.js").stat().st_size
    measured |= in_browser(folder / "report.html", options.repeat)
    shutil.rmtree(folder)
    for name, value in measured.items():
        print(f"| {name.replace('_', ' ')} | {f'{value:.2f}' if isinstance(value, float) else value} |")
    if options.json:
        options.json.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
