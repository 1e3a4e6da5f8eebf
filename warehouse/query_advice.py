"""What to ask instead: DuckDB's errors in the words of this warehouse, and why an answer has no rows."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import PurePath
from typing import Any, Final

import duckdb

from warehouse.storage.literals import identifier

HELP: Final = ".tables lists the tables and views, .schema NAME their columns"

_POINTER: Final = re.compile(r"\n+LINE \d+:.*", re.DOTALL)
_WRAPPED: Final = re.compile(r"^Invalid Input Error: Attempting to execute an unsuccessful .*?\nError: ", re.DOTALL)
_MISSING_TABLE: Final = re.compile(
    r'Table with name ([^\s!]+) does not exist|[Tt]able [Ff]unction with name "?([^\s"!]+)"? does not'
)
_MISSING_FUNCTION: Final = re.compile(r'(?:Scalar|Aggregate|Macro) Function with name "?([^\s"!]+)"? does not exist')
_MISSING_COLUMN: Final = re.compile(
    r'Referenced column "([^"]+)" (?:was )?not found|does not have a column named "([^"]+)"'
    r'|Could not find key "([^"]+)"'
)
_MACRO: Final = re.compile(r"Candidate macros:\s*(\w+\(.*\))")
_NEAR: Final = re.compile(r'syntax error at or near "(\w+)"')
_CLOSED: Final = re.compile(r"file system operations are disabled|[Ee]xternal extensions is disabled")
_FULL_WIDTH: Final = dict(zip("，；：（）‘’“”＝＜＞＊　。", ",;:()''''=<>* .", strict=True))
_QUOTED: Final = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
# What DuckDB says -> what to write instead.
_REMARKS: Final = (
    (
        re.compile(r"must appear in the GROUP BY"),
        "GROUP BY ALL groups by every column of the SELECT that is no aggregate.",
    ),
    (re.compile(r"invalid date field format"), "Dates are written '2026-03-01'; for a year, year(column) = 2026."),
    (
        re.compile(r"Cannot compare values of type (?:DATE|TIMESTAMP).* and type INTEGER"),
        "Dates are written '2026-03-01'; for a year, year(column) = 2026.",
    ),
    (
        re.compile(r"Could not convert string .* to (?:U?(?:INT|TINYINT|SMALLINT|BIGINT)|DOUBLE)"),
        "The column is compared with a number and one of the two is text: write numbers in digits and without quotes, "
        "text in single quotes.",
    ),
    (
        re.compile(r"No function matches .*'(?:~~|!~~|regexp_\w+|contains|starts_with)\((?!VARCHAR)"),
        "The column is no text: column::VARCHAR makes it text, or compare it as what it is.",
    ),
    (
        re.compile(r"No function matches .*'(?:sum|avg|median)\(VARCHAR"),
        "The column is text: try_cast(column AS DOUBLE) makes it a number where it is one.",
    ),
    (
        re.compile(r"Out of Memory"),
        "Ask for less: fewer columns (texts are large), fewer rows, or aggregate before joining.",
    ),
)
COLUMNS: Final = """
SELECT table_name, column_name FROM duckdb_columns()
WHERE database_name = current_database() AND NOT internal ORDER BY table_name, column_index
"""
_MACROS: Final = """
SELECT DISTINCT function_name FROM duckdb_functions()
WHERE database_name = current_database() AND function_type = 'table_macro' AND NOT internal
"""
_FUNCTIONS: Final = """
SELECT DISTINCT function_name FROM duckdb_functions()
WHERE function_type IN ('scalar', 'aggregate', 'macro') AND regexp_matches(function_name, '^[a-z]')
ORDER BY function_name
"""


def explained(connection: duckdb.DuckDBPyConnection, sql: str, error: str) -> str:
    """DuckDB's message with the names that were probably meant, and without advice that does not hold here."""
    error = _WRAPPED.sub("", error)
    first = re.split(r"\nDid you mean|\n\s*Candidate", _POINTER.sub("", error))[0].strip()
    pointer = _POINTER.search(error)
    shown = first + ("\n" + pointer.group(0).strip("\n") if pointer else "")
    if "not utf-8 encoded" in error:
        file = re.search(r"^ *file *= *(.+)$", error, re.MULTILINE)
        return (
            f"{file[1] if file else 'the file'} is not in UTF-8: save it as CSV UTF-8 in Excel, "
            "or turn it over with  iconv -f gb18030 -t utf-8"
        )
    if _CLOSED.search(error):
        return _named_otherwise(connection, error) or (
            f"{first}\nA query reads the warehouse and nothing else. To join a file of yours, name it: "
            "nianbao sql --with mine.csv \"FROM reports JOIN 'mine.csv' USING (division_code)\""
        )
    remark = _misspelt(connection, sql, error) or next((words for said, words in _REMARKS if said.search(error)), None)
    if (word := _NEAR.search(error)) and word[1].lower() in _keywords(connection):
        remark = f"{word[1]} is a word of SQL: as a name it needs AS before it, or double quotes around it."
    if macro := _MACRO.search(error):
        remark = f"It is called as {macro[1]}; what has a value there may be left out, and is given by its name."
    wide = sorted({sign for sign in _QUOTED.sub("", sql) if sign in _FULL_WIDTH})
    if wide and ("syntax error" in error or any(sign in error for sign in wide)):
        meant = ", ".join(f"{sign} (write {_FULL_WIDTH[sign].replace(' ', 'a space')})" for sign in wide)
        remark = f"There are full-width signs outside of quotes: {meant}."
    return f"{shown}\n{remark}" if remark else shown


def _misspelt(connection: duckdb.DuckDBPyConnection, sql: str, error: str) -> str | None:
    """The table, column or function that is not there, with the nearest that are."""
    columns = connection.execute(COLUMNS).fetchall()
    if table := _MISSING_TABLE.search(error):
        name = next(group for group in table.groups() if group)
        if PurePath(name).suffix.lower() in (".xlsx", ".xls", ".dta", ".sav"):
            return "A query reads CSV, JSON and Parquet files: save it as one of them, in Excel as CSV UTF-8."
        macros = {row[0] for row in connection.execute(_MACROS).fetchall()}
        near = nearest(name, {row[0] for row in columns} | macros)
        return f"there is no table or view {name}.{near} {HELP}"
    if function := _MISSING_FUNCTION.search(error):
        known = [row[0] for row in connection.execute(_FUNCTIONS).fetchall()]
        return f"there is no function {function.group(1)}.{nearest(function.group(1), known, cutoff=0.7)}"
    if column := _MISSING_COLUMN.search(error):
        name = next(group for group in column.groups() if group)
        asked = {word.lower() for word in re.findall(r"\w+", sql)}
        here = {row[1] for row in columns if row[0].lower() in asked}
        gives = ""
        for (macro,) in connection.execute(_MACROS).fetchall():
            if macro in asked and (of_macro := [column for column, _ in macro_columns(connection, macro)]):
                here.update(of_macro)
                gives += f" {macro} gives {', '.join(of_macro)}."
        near = nearest(name, (here or {row[1] for row in columns}) - {name})
        elsewhere = sorted({row[0] for row in columns if row[1] == name}, key=lambda table: (_is_inner(table), table))[
            :4
        ]
        held = f" {', '.join(elsewhere)} have a column of that name." if elsewhere else ""
        text = (
            f" If it is text, write it in single quotes: '{name}'."
            if f'"{name}"' in error.partition("LINE ")[2]
            else ""
        )
        return f"there is no column {name} here.{near}{gives or held}{text} {HELP}"
    return None


def macro_columns(connection: duckdb.DuckDBPyConnection, name: str) -> list[tuple[str, str]]:
    """Name and type of each column that a table macro gives; nothing where DuckDB cannot tell without arguments."""
    found = connection.execute(
        "SELECT function_name, parameters FROM duckdb_functions() "
        "WHERE database_name = current_database() AND function_type = 'table_macro' AND function_name = ?",
        [name],
    ).fetchone()
    if found is None:
        return []
    with suppress(duckdb.Error):  # a macro that cannot be bound to NULL
        arguments = ", ".join(f"{parameter} := NULL" for parameter in found[1])
        described = connection.execute(f"DESCRIBE FROM {found[0]}({arguments})").fetchall()
        return [(row[0], row[1]) for row in described]
    return []


def _keywords(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Words of SQL that a column may bear as its name (``share``, ``level``), unlike SELECT and FROM."""
    rows = connection.execute(
        "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> 'reserved'"
    ).fetchall()
    return {str(word) for (word,) in rows}


def _is_inner(table: str) -> bool:
    return table.startswith(("raw_", "core_", "schema_"))


def _named_otherwise(connection: duckdb.DuckDBPyConnection, error: str) -> str | None:
    """For a file that the query may read by another path than it wrote: that path."""
    asked = re.search(r'Cannot access file "([^"]+)"', error)
    (allowed,) = connection.execute("SELECT current_setting('allowed_paths')").fetchone() or ([],)
    paths = [path for path in allowed if asked and PurePath(path).name == PurePath(asked[1]).name]
    if asked is None or not paths:
        return None
    return f"The query says '{asked[1]}', --with says '{paths[0]}': write the same path in both."


def nearest(name: str, known: Iterable[str], *, cutoff: float = 0.5) -> str:
    """`` Did you mean this or that?`` for a misspelt name, or nothing."""
    by_lower = {word.lower(): word for word in known}
    close = difflib.get_close_matches(name.strip('"').rpartition(".")[2].lower(), by_lower, n=3, cutoff=cutoff)
    return f" Did you mean {' or '.join(by_lower[word] for word in close)}?" if close else ""


_MOST_SHOWN: Final = 12
"""Values of a column that are listed whole."""


def why_empty(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[str, ...]:
    """Texts a query compares columns with and no row has (``state = 'overdu'``), each with what the column does hold.

    Meant for an answer without rows. Looks at comparisons with ``=`` and ``IN`` in the statement's parse tree and at
    the tables and views named in it; a statement that DuckDB cannot serialise gives nothing.
    """
    nodes = _parsed(connection, sql)
    tables = {node["table_name"].lower() for node in nodes if node.get("type") == "BASE_TABLE"}
    columns = connection.execute(COLUMNS).fetchall()
    said = []
    for column, text in dict.fromkeys(_compared(nodes)):
        holders = [(table, name) for table, name in columns if table.lower() in tables and name.lower() == column]
        if len(holders) == 1:
            said += _what_it_holds(connection, *holders[0], text)
    return tuple(said)


_OF_WORDS: Final = ("term_frequency", "phrase_frequency", "figure_panel")


def uncounted_words(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[str, ...]:
    """Words that a query asks ``term_frequency`` for and texts are never cut into, so that it answers 0 throughout.

    Also words in Traditional characters or, as texts are cut, in capitals: words and what figures count are Simplified.
    """
    if not any(macro in sql.lower() for macro in _OF_WORDS):
        return ()
    asked = dict.fromkeys(
        (str(node["function_name"]), str(node["children"][0]["value"]["value"]))
        for node in _parsed(connection, sql)
        if node.get("function_name") in _OF_WORDS
        and node["children"]
        and node["children"][0].get("type") == "VALUE_CONSTANT"
        and _is_text(node["children"][0])
    )
    return tuple(hint for macro, word in asked if (hint := _uncounted(connection, macro, word)))


def _uncounted(connection: duckdb.DuckDBPyConnection, macro: str, word: str) -> str | None:
    if not word.strip() or (macro == "term_frequency" and _is_word(connection, word)):
        return None
    if macro == "phrase_frequency":
        return (
            f"A text is counted as its page spells it, nearly always in Simplified characters; {word} is Traditional."
            if _is_traditional(word)
            else None
        )
    if _is_traditional(word):
        what = "Words are" if macro == "term_frequency" else "What figures count is"
        return f"{what} in Simplified characters, also where a text is not; {word} is Traditional."
    if macro == "figure_panel":
        return None
    if _is_word(connection, word.lower()):
        return f"Words are in lower case: term_frequency('{word.lower()}')."
    return (
        f"Texts are not cut into the word {word}, so its count is 0; phrase_frequency('{word}') counts it in the text."
    )


def _is_word(connection: duckdb.DuckDBPyConnection, word: str) -> bool:
    return connection.execute("SELECT 1 FROM core_vocabulary WHERE token = $1", [word]).fetchone() is not None


def _is_traditional(word: str) -> bool:
    """Whether a letter is of those that Big5 writes and GB 2312 does not: 復, 議, and not 堃, which neither has."""
    return any(_writes("big5", letter) and not _writes("gb2312", letter) for letter in word)


def _writes(encoding: str, letter: str) -> bool:
    with suppress(UnicodeEncodeError):
        return bool(letter.encode(encoding))
    return False


def _parsed(connection: duckdb.DuckDBPyConnection, sql: str) -> list[Mapping[str, Any]]:
    (tree,) = connection.execute("SELECT json_serialize_sql($1)", [sql.strip().rstrip(";")]).fetchone() or ("{}",)
    return list(_nodes(json.loads(tree)))


def _nodes(tree: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(tree, Mapping):
        yield tree
        for value in tree.values():
            yield from _nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _nodes(value)


def _compared(nodes: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Column (lower case) and text of each comparison of the two."""
    for node in nodes:
        if node.get("type") == "COMPARE_EQUAL":
            sides = [node["left"], node["right"]]
        elif node.get("type") == "COMPARE_IN":
            sides = node["children"]
        else:
            continue
        names = [side["column_names"][-1].lower() for side in sides if side.get("type") == "COLUMN_REF"]
        texts = [side["value"]["value"] for side in sides if side.get("type") == "VALUE_CONSTANT" and _is_text(side)]
        if len(names) == 1:
            yield from ((names[0], text) for text in texts)


def _is_text(constant: Mapping[str, Any]) -> bool:
    value = constant["value"]
    return value["type"]["id"] == "VARCHAR" and not value["is_null"]


def _what_it_holds(connection: duckdb.DuckDBPyConnection, table: str, column: str, text: str) -> list[str]:
    name = identifier(column)
    held = [
        str(value)
        for (value,) in connection.execute(
            f"SELECT DISTINCT {name} FROM {identifier(table)} WHERE {name} IS NOT NULL"  # noqa: S608  # quoted names
        ).fetchall()
    ]
    if text in held:
        return []
    if len(held) <= _MOST_SHOWN:
        known = ", ".join(sorted(held)) or "nothing"
        return [f"No row of {table} has {column} = '{text}'.{nearest(text, held)} It holds: {known}."]
    inside = sorted((value for value in held if text and (text in value or value in text)), key=len)[:3]
    near = f" Did you mean {' or '.join(inside)}?" if inside else nearest(text, held)
    return [f"No row of {table} has {column} = '{text}'.{near}"]
