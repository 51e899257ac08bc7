"""A measurement of speed as a table for the terminal, Markdown for a page, and an SVG."""

from __future__ import annotations

from dataclasses import asdict

from markupsafe import escape
from rich import box
from rich.table import Table

from editloupe.bench.records import Bench, Row

__all__ = ["bench_markdown", "bench_svg", "bench_table", "bench_workload"]

_HEADINGS = ("mode", "way", "batch", "s", "images/s", "ratio", "memory", "padding", "equal", "outside")


def bench_table(bench: Bench) -> Table:
    """The rows, 80 columns wide and more where the names ask for it."""
    view = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in _HEADINGS:
        view.add_column(heading, justify="left" if heading in ("mode", "way") else "right", no_wrap=True)
    for row in bench.rows:
        view.add_row(*_cells(row))
    return view


def bench_workload(bench: Bench) -> str:
    """What was measured, in one line; then what batches take by the stated memory model."""
    work = asdict(bench.workload)
    memory = work.pop("modelled_bytes")
    facts = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in work.items())
    sizes = ", ".join(f"{rows}: {size / 2**20:,.0f} MiB" for rows, size in memory.items())
    return facts + (f"\n\nmemory of a text batch by the stated model, weights apart: {sizes}" if sizes else "")


def bench_markdown(bench: Bench) -> str:
    """The workload in one line, then the rows."""
    lines = [
        bench_workload(bench),
        "",
        f"| {' | '.join(_HEADINGS)} |",
        f"|{'---|' * len(_HEADINGS)}",
        *(f"| {' | '.join(_cells(row))} |" for row in bench.rows),
    ]
    return "\n".join(lines) + "\n"


def bench_svg(bench: Bench) -> str:
    """Bars of images per second over one by one, readable on light and on dark pages."""
    rows = bench.rows
    top, step, left, width = 34, 26, 250, 430
    longest = max(row.ratio for row in rows)
    height = top + step * len(rows) + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 70} {height}">',
        '<g font-family="system-ui, sans-serif" font-size="13" fill="#7a7a76">',
        '<text x="0" y="16" font-weight="600">Images per second, one by one in words = 1</text>',
    ]
    for index, row in enumerate(rows):
        y = top + step * index
        length = max(2.0, width * row.ratio / longest)
        colour = "#0f766e" if row.way.ours else "#a3a39d"
        label = f"{row.way.name} · {row.way.mode}"
        parts.append(f'<text x="{left - 10}" y="{y + 14}" text-anchor="end">{escape(label)}</text>')
        parts.append(f'<rect x="{left}" y="{y + 2}" width="{length:.1f}" height="16" rx="3" fill="{colour}"/>')
        parts.append(f'<text x="{left + length + 8:.1f}" y="{y + 14}">{row.ratio:.1f}x</text>')
    return "\n".join([*parts, "</g>", "</svg>"]) + "\n"


def _cells(row: Row) -> tuple[str, ...]:
    memory, equal = row.peak_memory_bytes, row.identical
    return (
        row.way.mode,
        row.way.name,
        "tokens" if row.way.batch_size is None else str(row.way.batch_size),
        f"{row.seconds:.2f}",
        f"{row.images_per_second:.2f}",
        f"{row.ratio:.2f}x",
        "–" if memory is None else f"{memory / 2**30:.2f} GiB",
        f"{100 * row.padding:.1f} %",
        "–" if equal is None else f"{100 * equal:.0f} %",
        f"{100 * row.outside:.1f} %",
    )
