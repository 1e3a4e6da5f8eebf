"""One registry file: what may stand in it (see ``docs/sources.md``), and whether it agrees with itself."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from pydantic import ValidationError

from scrapers.errors import UsageError
from scrapers.platforms import SEARCHING, PlatformError, layout_rows, names, platform
from scrapers.records import Bounds, Column, ExtraHost, Layout, Level, Source
from scrapers.sources.divisions import is_code, load
from scrapers.sources.source_tables import NO_PORT, SIX_DIGITS, ColumnTable, PeriodTable, SourceTable

QUERY = "{query}"
"""Where a ``plain`` column's address takes the query."""
_OF_A_PLACE = frozenset({Level.PROVINCE, Level.CITY, Level.COUNTY})
"""Levels that a division has itself; the others are of bodies within one."""


class SourceError(UsageError):
    """A registry file is wrong. ``problems`` holds one line each: ``file:line: what is wrong, and what to do``."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


_VALIDATOR = SourceTable.__pydantic_validator__


# --------------------------------------------------------------------------- a file


def read_toml(path: str | Path) -> tuple[str, dict[str, Any]]:
    """The text of a TOML file and what it says. Raises :class:`SourceError` with file and line."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123  # a Path for each of 3,000 files costs as much as their checks
            text = file.read().decode().removeprefix("\ufeff")  # Windows' Notepad writes it; it says nothing here
        raw = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise SourceError([f"{path}: is not UTF-8 ({error}); save it as UTF-8"]) from error
    except OSError as error:
        raise SourceError([f"{path}: cannot be read: {error.strerror}"]) from error
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise SourceError([f"{path}:{line.group(1) if line else 1}: not valid TOML: {error}"]) from error
    return text, raw


def read_file(path: str, identifier: str) -> Source:
    """The registry file at ``path`` as a :class:`Source` of that id. Raises :class:`SourceError`."""
    text, raw = read_toml(path)
    try:
        checked: SourceTable = _VALIDATOR.validate_python(raw)
    except ValidationError as error:
        raise SourceError(
            [f"{path}:{line_of(text, e['loc'])}: {_where(e['loc'])}{complaint(e)}" for e in _own(error.errors())]
        ) from error

    def at(*location: int | str) -> str:
        return f"{path}:{line_of(text, location)}: {_where(location)}".removesuffix(": ")

    problems = list(_cross_checks(checked, at))
    if problems:
        raise SourceError(problems)
    return _source(checked, path, identifier)


def _source(checked: SourceTable, path: str, identifier: str) -> Source:
    columns = tuple([_column(column, checked.charset) for column in checked.columns])
    return Source(
        id=identifier,
        publisher=checked.publisher,
        level=checked.level,
        hosts=checked.hosts,
        columns=columns,
        division_code=checked.division_code,
        parent_division_code=checked.parent_division_code,
        pace_seconds=checked.pace_seconds,
        quiet_hours=checked.quiet_hours,
        first_year=checked.first_year,
        charset=checked.charset,
        column_unknown=checked.column_unknown,
        verified=checked.verified,
        file=path,
        ignored=checked.ignored or {},
        layouts=_layouts(checked, columns) if checked.layouts else (),
        extra_hosts=tuple([ExtraHost(**extra.__dict__) for extra in checked.extra_hosts]),
    )


def _layouts(checked: SourceTable, columns: tuple[Column, ...]) -> tuple[Layout, ...]:
    """The layouts, with the addresses of their columns as they are asked."""
    asked = {written.url: column.url for written, column in zip(checked.columns, columns, strict=True)}
    return tuple(
        Layout(**{**layout.__dict__, "columns": tuple(asked[url] for url in layout.columns)})
        for layout in checked.layouts
    )


def _column(column: ColumnTable, charset: str | None) -> Column:
    bounds = column.rows_a_year
    return Column(
        url=column.url if column.query is None else _asked(column.url, column.query, charset),
        platform=column.platform,
        report_types=column.report_types,
        name=column.name,
        parameters=column.parameters or {},
        include=column.include,
        exclude=column.exclude,
        query=column.query,
        rows_a_year=Bounds(bounds.min, bounds.max) if bounds is not None else None,
    )


def _asked(url: str, query: str, charset: str | None) -> str:
    """The address with the query in its place, as a browser on a page of that charset would send it."""
    return url.replace(QUERY, quote(query, safe="", encoding=charset or "utf-8"))


# --------------------------------------------------------------------------- what one value says of another

At = Callable[..., str]
"""``file:line: key`` of a place in the file, looked up only where there is something to say about it."""


@cache
def _platforms() -> frozenset[str]:
    return frozenset(names())


def _cross_checks(checked: SourceTable, at: At) -> Iterable[str]:
    seen: dict[str, int] = {}
    for number, column in enumerate(checked.columns):
        url = ("columns", number, "url")
        host = urlsplit(column.url).netloc
        if host not in checked.hosts:
            yield f"{at(*url)}: {host} is not among hosts; add it there if the publisher owns it"
        if column.url in seen and QUERY not in column.url:
            yield f"{at(*url)}: the same address as columns[{seen[column.url]}]; take one out"
        seen.setdefault(column.url, number)
        if column.platform not in _platforms():
            yield f"{at('columns', number, 'platform')}: {column.platform!r} is none of {', '.join(names())}"
            continue
        protocol = platform(column.platform)
        given = column.parameters or {}
        wrong, lacking = sorted(given.keys() - protocol.allowed), sorted(protocol.required - given.keys())
        parameters = f"{at(*url).removesuffix('.url')}.parameters" if wrong or lacking else ""
        for key in wrong:
            takes = ", ".join(sorted(protocol.allowed)) or "none"
            yield f"{parameters}: {column.platform} takes no {key!r} (it takes {takes})"
        for key in lacking:
            yield f"{parameters}: {column.platform} needs {key!r}, which no page of the site states; add it"
        if not parameters and column.query is None:
            try:
                protocol.first(_column(column, checked.charset))
            except PlatformError as error:
                yield f"{at('columns', number, 'parameters')}: {error}"
        if column.query is not None or QUERY in column.url:
            yield from _query_checks(column, number, checked.charset, at)
    for key in ("division_code", "parent_division_code"):
        code = getattr(checked, key)
        if code is not None and not is_code(code):
            yield f"{at(key)}: no division bears the code {code}; see divisions.csv"
    place = load().by_code(checked.division_code) if checked.level in _OF_A_PLACE and checked.division_code else None
    if place is not None and place.level is not checked.level:
        yield (
            f"{at('level')}: {checked.division_code} ({place.name}) is a {place.level}, not a {checked.level}; "
            "mend the code or the level"
        )
    if checked.layouts:
        yield from _layout_checks(checked, at)
    for number, extra in enumerate(checked.extra_hosts):
        if extra.host in checked.hosts:
            yield f"{at('extra_hosts', number, 'host')}: {extra.host} is among hosts already; take one of the two out"


def _query_checks(column: ColumnTable, number: int, charset: str | None, at: At) -> Iterable[str]:
    place = ("columns", number, "query")
    if column.query is None:
        yield f"{at('columns', number, 'url')}: {QUERY} stands in the address, but there is no query; add query = '...'"
        return
    if column.platform == "plain":
        if QUERY not in column.url:
            yield f"{at(*place)}: a plain column searches by its address: write {QUERY} where the query belongs in url"
            return
        try:
            _asked(column.url, column.query, charset)
        except UnicodeEncodeError:
            yield f"{at(*place)}: {column.query!r} cannot be written in the source's charset {charset}"
        return
    if column.platform not in SEARCHING:
        can = ", ".join(sorted(SEARCHING))
        yield f"{at(*place)}: {column.platform} cannot search; {can} can, and plain with {QUERY} in its url"
        return
    if QUERY in column.url:
        yield f"{at('columns', number, 'url')}: {column.platform} sends the query itself; take {QUERY} out of it"
    try:
        platform(column.platform).first(_column(column, charset))
    except PlatformError as error:
        yield f"{at(*place)}: {error}"


def _layout_checks(checked: SourceTable, at: At) -> Iterable[str]:
    platforms = {column.url: column.platform for column in checked.columns}
    for number, layout in enumerate(checked.layouts):
        unknown = [url for url in layout.columns if url not in platforms]
        for url in unknown:
            yield f"{at('layouts', number, 'columns')}: {url} is the url of no column of this file"
        meant = {platforms[url] for url in layout.columns or platforms if url in platforms}
        if layout.rows is not None and not unknown and not meant & layout_rows.PLATFORMS:
            read = ", ".join(sorted(layout_rows.PLATFORMS))
            yield (
                f"{at('layouts', number, 'rows')}: no column that it is for lists HTML pages: they are "
                f"{', '.join(sorted(meant)) or 'none'}, and rows are found on pages of {read}"
            )
        for other, earlier in enumerate(checked.layouts[:number]):
            if _meet(layout, earlier) and not (
                layout.columns and earlier.columns and not set(layout.columns) & set(earlier.columns)
            ):
                yield (
                    f"{at('layouts', number, 'since')}: its period ({_period(layout)}) overlaps that of "
                    f"layouts[{other}] ({_period(earlier)}): a page has one layout; mend since and until"
                )


def _meet(one: PeriodTable, other: PeriodTable) -> bool:
    first = max(one.since or date.min, other.since or date.min)
    return first <= min(one.until or date.max, other.until or date.max)


def _period(period: PeriodTable) -> str:
    return f"{period.since or 'the beginning'} to {period.until or 'this day'}"


# --------------------------------------------------------------------------- where something stands


def _where(location: Sequence[int | str]) -> str:
    shown = ""
    for part in location:
        if isinstance(part, int):
            shown += f"[{part}]"
        elif part not in _NO_KEYS:
            shown += f".{part}" if shown else part
    return f"{shown}: " if shown else ""


def _own(errors: Sequence[Any]) -> Iterable[Any]:
    """``errors`` without those that only repeat another: a list whose one value is wrong is not empty, too, and what
    is neither "never" nor a day is wrong once.
    """
    wrong = {tuple(each["loc"][:depth]) for each in errors for depth in range(1, len(each["loc"]))}
    for error in errors:
        is_list_of_wrong = error["type"] == "too_short" and tuple(error["loc"]) in wrong
        if not is_list_of_wrong and _NEVER not in error["loc"]:
            yield error


def complaint(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        key = error["loc"][-1]
        if len(error["loc"]) > 1 and key in SourceTable.model_fields:
            return f"{key} belongs to the source; write it above the first [...] or [[...]]"
        return "this key is not known here; check its spelling, or take it out"
    message: str = error["msg"]
    if error["type"] == "string_too_short":
        return f"say it in at least {error['ctx']['min_length']} characters"
    if error["type"] == "string_pattern_mismatch":
        return _PATTERNS.get(error["ctx"]["pattern"], message)
    return _COMPLAINTS.get(error["type"]) or message.removeprefix("Value error, ")


_NEVER = "literal['never']"
_NO_KEYS = ("constrained-str", _NEVER, "function-after[_day(), str]", "[key]")
"""What pydantic puts beside the keys of a place, to tell apart the ways in which a value can be written."""
_COMPLAINTS = {
    "missing": "this key is missing; add it",
    "tuple_type": "write a list, in brackets: [...]",
    "string_type": "write a text, in quotes",
    "too_short": "the list is empty; name at least one",
}
_PATTERNS = {SIX_DIGITS: "write six digits, as in divisions.csv", NO_PORT: "write the host without a port"}


def line_of(text: str, location: Sequence[int | str]) -> int:
    """The line of a key, so that an editor can jump there; that of its table where the key is missing, else 1."""
    lines = text.splitlines()
    start, header = 0, None
    for part in location:
        if isinstance(part, int):
            headers = [n for n, line in enumerate(lines) if line.strip() == f"[[{header}]]"]
            start = headers[part] if part < len(headers) else start
        else:
            header = part
            table = next((n for n, line in enumerate(lines) if line.strip() == f"[{part}]"), None)
            if table is not None and part == location[0]:
                start = table
                continue
            pattern = re.compile(rf"\s*[\"']?{re.escape(part)}[\"']?\s*=")
            for number in range(start, len(lines)):
                if pattern.match(lines[number]):
                    return number + 1
                if number > start and lines[number].lstrip().startswith("[[") and isinstance(location[-1], str):
                    break
    return start + 1


def read_source(path: Path, *, root: Path) -> Source:
    """One registry file as a :class:`Source`; its id is the path below ``root`` without ``.toml``.

    Raises :class:`SourceError`.
    """
    return read_file(str(path), path.relative_to(root).with_suffix("").as_posix())
