"""Items found, right, missed and extra on the annotated list pages, and whether the pager was understood."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from flows.commands.read import Held, SavedPage, read_saved
from flows.settings import Settings


@dataclass(frozen=True, slots=True)
class ListFigures:
    """One list page. ``right``: title in full, address as written and date all agree, in page order."""

    id: str
    items: int
    right: int
    missed: int
    extra: int
    pager: str
    """``right``, or what differs."""

    @property
    def perfect(self) -> bool:
        return self.right == self.items and not self.missed and not self.extra and self.pager == "right"


def list_figures(lists: Path) -> list[ListFigures]:
    """A row a page of ``lists.jsonl``."""
    figures = []
    for line in (lists / "lists.jsonl").read_text("utf-8").splitlines():
        gold = json.loads(line)
        page = SavedPage(gold["id"], gold["file"], gold["url"], (lists / gold["file"]).read_bytes())
        draft, _ = read_saved(page, Settings(), Held())
        wanted = [(item["title_full_in_attr"] or item["title"], item["href"], item["date"]) for item in gold["items"]]
        found = [(row.title, row.href, row.date.isoformat() if row.date else None) for row in draft.rows]
        known = {href for _, href, _ in wanted}
        differs = []
        for key in ("kind", "pages", "total", "page2"):
            read_out = getattr(draft.pager, key, None)
            if read_out != gold["pager"][key]:
                differs.append(f"{key} {read_out!r}, not {gold['pager'][key]!r}")
        figures.append(
            ListFigures(
                id=gold["id"],
                items=len(wanted),
                right=sum(a == b for a, b in zip(wanted, found, strict=False)),
                missed=len(known - {href for _, href, _ in found}),
                extra=sum(href not in known for _, href, _ in found),
                pager="; ".join(differs) or "right",
            )
        )
    return figures
