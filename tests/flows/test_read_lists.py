"""`nianbao read` prints the rows and the pager of a list page, whatever family wrote it."""

from __future__ import annotations

from pathlib import Path

from tests.eval.lists import list_figures


def test_every_annotated_list_page_is_read_row_by_row(shared: Path) -> None:
    figures = list_figures(shared / "lists")
    assert len(figures) == 11
    assert [row for row in figures if not row.perfect] == []
