"""Two voices: data goes to standard output, everything said to a person goes to standard error.

What sites wrote (titles, addresses, messages of their servers) is shown as it is: never taken for rich's markup, and
without the control characters by which a page could write on the terminal of whoever reads its title.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from flows.runs.progress import Standing, watched_by

talk = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
"""For messages, questions and progress."""

_CONTROLS = {
    code: "\N{REPLACEMENT CHARACTER}" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"
}


def shown(value: object) -> str:
    """``value`` as text that may go to a terminal: control characters (ESC, C1) are replaced."""
    return str(value).translate(_CONTROLS)


def say(word: str, message: object) -> None:
    """A message with the word that says what it is: ``error``, ``problem``, ``trouble``."""
    talk.print(Text.assemble((word, "red" if word == "error" else "yellow"), " ", shown(message)))


def many(count: int, thing: str) -> str:
    """``1 page``, ``3 pages``."""
    return f"{count} {thing}" + ("s" if count != 1 else "")


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
    """A table on standard output; unknown values as an empty cell."""
    table = Table(title=title, title_justify="left", show_lines=False)
    for column in columns:
        table.add_column(_cell(column), overflow="fold")  # an address or file name that is cut cannot be used
    for row in rows:
        table.add_row(*map(_cell, row))
    # A pipe has no width of its own: the table keeps its full width there instead of being cut at 80.
    Console(highlight=False, width=None if sys.stdout.isatty() else 200).print(table)


def _cell(value: object) -> Text:
    return Text("" if value is None else shown(value))


@contextmanager
def shown_progress(what: str) -> Iterator[Callable[[Standing], None]]:
    """Show the standing of a run inside the block: a bar on a terminal, a line a source elsewhere.

    Yields what to show a standing to; flows called inside the block find it by themselves.
    """
    with _bar(what) if talk.is_terminal else nullcontext(_Lines(what).watch) as watch, watched_by(watch):
        yield watch


@contextmanager
def _bar(what: str) -> Iterator[Callable[[Standing], None]]:
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("pages"),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[last]}"),
        console=talk,
    )
    with progress:
        task = progress.add_task(what, total=None, last="")

        def watch(standing: Standing) -> None:
            progress.update(task, completed=standing.fetched, total=standing.wanted or None, last=standing.last or "")

        yield watch


class _Lines:
    def __init__(self, what: str) -> None:
        self._what = what
        self._said = ""

    def watch(self, standing: Standing) -> None:
        if standing.last is not None and standing.last != self._said:
            self._said = standing.last
            talk.print(f"{self._what}: {standing.fetched} of {standing.wanted} pages; {standing.last}")
