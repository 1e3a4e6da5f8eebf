"""``nianbao export``: the warehouse as a data package of Parquet files."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from pathlib import Path

import typer

from flows.commands.terminal import many, show_table, talk
from flows.settings import Settings
from warehouse.export import Selection, export


def export_command(
    settings: Settings, folder: Path, *, tables: Sequence[str], everything: bool, selection: Selection
) -> int:
    """Write the package and list its tables."""
    if tables and everything:
        raise typer.BadParameter("--all already takes every table; leave --table out, or --all")
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
    if done.unfiltered:
        talk.print(f"Not narrowed, for want of such columns: {', '.join(done.unfiltered)}.")
    return 0
