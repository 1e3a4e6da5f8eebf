"""What a person should do about each way a fetch or a listing ends: the words of the view ``outcomes``, by outcome.

One text for the screen and for SQL. It is read without a warehouse, for a check comes before the first crawl.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import duckdb

_VIEW: Final = Path(__file__).parent.parent / "views" / "35_outcomes.sql"


@cache
def advice() -> Mapping[str, str]:
    """Outcome -> what to do, for the outcomes that ask for something."""
    with duckdb.connect() as connection:
        connection.execute(_VIEW.read_text("utf-8"))
        return dict(connection.execute("SELECT outcome, advice FROM outcomes WHERE advice IS NOT NULL").fetchall())


def with_advice(said: str, outcome: str) -> str:
    """What is said of such an end, and on a line of its own what to do, where there is something."""
    what = advice().get(outcome)
    return said if what is None else f"{said}\n    {what}"
