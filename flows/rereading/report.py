"""What a reprocess would change, or has changed, in words: as rows, as JSON and as Markdown."""

from __future__ import annotations

import difflib
from typing import Any

from flows.rereading.pieces import Difference
from flows.rereading.reprocess_run import RereadSummary
from flows.runs.markdown import bullets, cell, fenced, link, table
from flows.settings import Settings
from warehouse.ledgers.rereading import held_texts_of

_LINES = 40
"""Lines of a text's difference that are shown."""


def sampled(settings: Settings, summary: RereadSummary, count: int) -> list[tuple[Difference, str]]:
    """``count`` pages that are read otherwise, spread over all of them, each with the difference of its text as a
    unified diff (``""`` where the text is the same)."""
    with_text = [one for one in summary.differences if one.text is not None]
    others = [one for one in summary.differences if "text" not in one.fields]
    chosen = [*_spread(with_text, count), *_spread(others, max(0, count - len(with_text)))]
    held = held_texts_of(settings.warehouse_path, [one.document_id for one in chosen if one.document_id and one.text])
    return [(one, _diff(held.get(one.document_id or "", ""), one.text)) for one in chosen]


def as_json(settings: Settings, summary: RereadSummary, count: int) -> dict[str, Any]:
    """The whole result as data for ``json.dumps``."""
    return {
        "run": summary.run_id,
        "compared_only": summary.compared,
        "pages": summary.pages,
        "reports": summary.reports,
        "pages_read_otherwise": len(summary.differences),
        "changed": dict(sorted(summary.changed.items())),
        "titles_judged_otherwise": dict(summary.titles),
        "problems": list(summary.problems),
        "seconds": round(summary.seconds, 1),
        "sample": [
            {
                "url": one.url,
                "source": one.source_id,
                "document": one.document_id,
                "fields": {name: {"held": held, "today": today} for name, (held, today) in one.fields.items()},
                "text_diff": diff or None,
            }
            for one, diff in sampled(settings, summary, count)
        ],
    }


def sentences(summary: RereadSummary) -> list[str]:
    """The result in a few sentences."""
    would = "would be" if summary.compared else "was"
    told = [f"{summary.pages} archived pages in {summary.pieces} pieces read anew in {summary.seconds:.0f} s."]
    if summary.done_before:
        told.append(f"{summary.done_before} pieces had been done before, and were not done again.")
    told.append(
        f"{len(summary.differences)} of them are read otherwise today."
        if summary.differences
        else f"Nothing {would} changed: every page is read as it is held."
    )
    if summary.titles:
        moved = ", ".join(f"{count} {what}" for what, count in sorted(summary.titles.items()))
        told.append(f"Rows judged otherwise by their titles: {moved}. The next crawl asks for what is wanted.")
    if summary.compared and (summary.differences or summary.titles):
        told.append("Nothing was loaded; without --compare it is.")
    return told


def summary_markdown(settings: Settings, summary: RereadSummary, count: int) -> str:
    """The result as Markdown, with the sample."""
    fields = sorted(summary.changed.items())
    lines = [*map(cell, sentences(summary)), "", table(("field", "pages read otherwise"), fields, rest="")]
    for one, diff in sampled(settings, summary, count):
        lines += ["", f"### {link(one.url, one.url)}", ""]
        lines += [
            f"- {name}: {cell(held)} -> {cell(today)}" for name, (held, today) in one.fields.items() if name != "text"
        ]
        if diff:
            lines += ["", fenced(diff, "diff")]
    if summary.problems:
        lines += ["", "### Problems", "", *bullets(summary.problems, most=50)]
    return "\n".join(lines)


def _spread(differences: list[Difference], count: int) -> list[Difference]:
    if count <= 0 or not differences:
        return []
    step = max(1, len(differences) // count)
    return differences[::step][:count]


def _diff(held: str, today: str | None) -> str:
    if today is None:
        return ""
    lines = list(difflib.unified_diff(held.splitlines(), today.splitlines(), "held", "today", lineterm="", n=1))
    rest = len(lines) - _LINES
    return "\n".join(lines[:_LINES] + ([f"... and {rest} more lines"] if rest > 0 else []))
