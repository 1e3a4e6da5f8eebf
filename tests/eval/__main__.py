"""``make eval``: how well pages and lists are read, beside other extractors on the same pages in the same run."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.eval.lists import list_figures
from tests.eval.pages import figures_of, our_predictions, peers, predictions_by

SHARED = Path(__file__).resolve().parents[3] / "shared"
SHOWN = ("f1", "precision", "recall", "leaks", "losses", "title", "published", "source", "doc_number", "index_number")


def main() -> int:
    """Print the two tables. Exit code 1 where the annotated pages are not there."""
    if not (SHARED / "pages" / "pages.jsonl").is_file():
        print(f"needs the annotated pages in {SHARED}", file=sys.stderr)
        return 1
    console = Console(width=180)
    table = Table(
        "reader", *SHOWN, "attachments", "negatives", "ms a page", title="pages, macro average over documents"
    )
    readers: dict[str, Callable[[], tuple[list[dict[str, Any]], float]]] = {
        "nianbao": lambda: our_predictions(SHARED / "pages"),
        **{name: partial(predictions_by, read, SHARED / "pages") for name, read in peers().items()},
    }
    for name, predict in readers.items():
        with TemporaryDirectory() as folder:
            rows, milliseconds = predict()
            path = Path(folder) / "predictions.jsonl"
            path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
            figures = figures_of(path, SHARED / "pages")
        table.add_row(
            name,
            *(str(figures[key]) for key in SHOWN),
            str(figures["attachments"]),
            str(figures["negatives"]),
            f"{milliseconds:.1f}",
        )
    console.print(table)

    table = Table("list page", "items", "right", "missed", "extra", "pager", title="list pages")
    for row in list_figures(SHARED / "lists"):
        table.add_row(row.id, str(row.items), str(row.right), str(row.missed), str(row.extra), row.pager)
    console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
