"""``nianbao export``: the warehouse as a data package of Parquet files."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Sequence
from pathlib import Path

import typer

from flows.settings import Settings
from flows.terminal import many, show_table, talk
from warehouse.export import Selection, export


def export_command(
    settings: Settings, folder: Path, *, tables: Sequence[str], everything: bool, selection: Selection
) -> int:
    """Write the package and list its tables."""
    if tables and everything:
        raise typer.BadParameter("--all already takes every table; leave --table out, or --all")
    if selection.division is not None and not re.fullmatch(r"\d{1,6}", selection.division):
        raise typer.BadParameter(f"{selection.division!r} is no division code: give its first digits, 33 for Zhejiang")
    done = export(
        settings.reader_path,
        folder,
        tables=tables,
        everything=everything,
        selection=selection,
        version=importlib.metadata.version("nianbao"),
    )
    show_table(("table", "rows"), done.rows.items())
    talk.print(
        f"{many(len(done.rows), 'table')}, {done.size / 2**20:.1f} MiB in {done.folder}; README.md says what is what."
    )
    if selection and not any(rows for table, rows in done.rows.items() if table not in done.unfiltered):
        talk.print("No row passes the filters: look at the years, the codes and the type that were asked for.")
    if done.unfiltered:
        talk.print(f"Not narrowed, for want of such columns: {', '.join(done.unfiltered)}.")
    return 0
