"""Statements are parted where SQL parts them: not in a text, not in a comment."""

from __future__ import annotations

import pytest

from flows.commands.sql_statements import split, statements


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (["SELECT 1;"], ["SELECT 1;"]),
        (["SELECT 1"], ["SELECT 1"]),
        (["SELECT 1; SELECT 2;"], ["SELECT 1;", "SELECT 2;"]),
        (["SELECT 1", "FROM reports;", "SELECT 2;"], ["SELECT 1\nFROM reports;", "SELECT 2;"]),
        (["SELECT 1", "", "SELECT 2"], ["SELECT 1", "SELECT 2"]),
        (["SELECT 'a;", "", "b';"], ["SELECT 'a;\n\nb';"]),
        (["SELECT 'it''s;' AS x;"], ["SELECT 'it''s;' AS x;"]),
        (['SELECT 1 AS "a;b";'], ['SELECT 1 AS "a;b";']),
        (["SELECT 1 -- one; or two", ";"], ["SELECT 1 -- one; or two\n;"]),
        (["SELECT 1 -- don't", ", 2;"], ["SELECT 1 -- don't\n, 2;"]),
        (["/* a;", "", "b */ SELECT 1;"], ["/* a;\n\nb */ SELECT 1;"]),
        (["SELECT $$a;b$$;"], ["SELECT $$a;b$$;"]),
        ([".tables", "SELECT 1;"], [".tables", "SELECT 1;"]),
        ([".schema reports;"], [".schema reports"]),
        (["SELECT 0", ".5;"], ["SELECT 0\n.5;"]),
        (["SELECT 1;", "quit", "SELECT 2;"], ["SELECT 1;"]),
        (["SELECT 1", None, "SELECT 2;"], ["SELECT 2;"]),
        ([";", "", "  ;"], []),
    ],
)
def test_statements_end_where_sql_ends_them(typed: list[str | None], expected: list[str]) -> None:
    assert list(statements(typed)) == expected


def test_what_is_left_open_is_told() -> None:
    assert split("SELECT 1; SELECT 'a") == (("SELECT 1;",), " SELECT 'a", True)
    assert split("SELECT 1; SELECT ") == (("SELECT 1;",), " SELECT ", False)
    assert split("SELECT 1; \n") == (("SELECT 1;",), "", False)
