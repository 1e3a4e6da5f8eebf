"""``docs/dictionary.md`` from ``catalog.toml`` and the schema: ``python -m warehouse.catalog [--write]``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Final

from warehouse.comments import catalog, present_columns
from warehouse.database import attach
from warehouse.migrate import migrate

DICTIONARY: Final = Path(__file__).parent.parent / "docs" / "dictionary.md"
_HEADINGS: Final = {
    "views": (
        "Views for analysts",
        "What `nianbao sql` is mostly asked about. Instants are UTC, dates are calendar dates in China.",
    ),
    "macros": ("Macros", "Called in the place of a table."),
    "functions": ("Functions", "Called in the place of a value."),
    "tables": (
        "Tables",
        "`raw_` holds what came as it came, `core_` one fact a row, `schema_` the file's own bookkeeping.",
    ),
}


def dictionary() -> str:
    """The dictionary as Markdown: types from a freshly migrated file, words from the catalog."""
    with tempfile.TemporaryDirectory() as folder:
        connection = attach(Path(folder) / "dictionary.duckdb", read_only=False)
        migrate(connection)
        columns = present_columns(connection)
        connection.close()
    words = catalog()
    lines = [
        "# Dictionary of the warehouse",
        "",
        "Generated from `warehouse/catalog.toml` by `python -m warehouse.catalog --write`. The file says the same:",
        '`nianbao sql ".schema reports"`.',
    ]
    for kind, (heading, introduction) in _HEADINGS.items():
        lines += ["", f"## {heading}", "", introduction]
        for entry in words.entries:
            if entry.kind != kind:
                continue
            lines += ["", f"### {entry.name}", "", entry.words]
            held = [(column, shown) for table, column, shown in columns if table == entry.name]
            if held:
                lines += ["", "| Column | Type | Meaning |", "|---|---|---|"]
                lines += [
                    f"| `{column}` | {shown} | {(words.column(entry.name, column) or '').replace('|', '/')} |"
                    for column, shown in held
                ]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Print the dictionary, or with ``--write`` put it where the docs are."""
    if arguments == ["--write"]:
        DICTIONARY.write_text(dictionary(), encoding="utf-8")
        sys.stderr.write(f"wrote {DICTIONARY}\n")
        return 0
    if arguments:
        sys.stderr.write("usage: python -m warehouse.catalog [--write]\n")
        return 2
    sys.stdout.write(dictionary())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
