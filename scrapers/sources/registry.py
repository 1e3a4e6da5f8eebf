"""The registry of sources: one TOML file a publisher, ``<province>/<publisher>.toml``, read and validated.

A file is wrong as a whole or right as a whole: an unknown key, a missing column, a code that no division bears or a
platform nobody wrote is a :class:`SourceError` that names the file and the line.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from scrapers.platforms import names, platform
from scrapers.records import Column, Level, ReportType, Source
from scrapers.sources import REGISTRY
from scrapers.sources.divisions import is_code


class SourceError(Exception):
    """A registry file is wrong. ``problems`` holds one line each: ``file:line: what is wrong, and what to do``."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class UnknownSourceError(Exception):
    """Somebody asked for a source that the registry does not hold."""


def _host(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?", value):
        raise ValueError("write the bare host in lower case, such as www.pj.gov.cn, without http:// or a path")
    return value


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("write the whole address, beginning with http:// or https://")
    return value


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"this is no regular expression: {error}") from error
    return value


Host = Annotated[str, AfterValidator(_host)]


def _day(value: str) -> str:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError("write the day as 2024-05-31, or never")
    date.fromisoformat(value)
    return value


WebAddress = Annotated[str, AfterValidator(_web_address)]
Pattern = Annotated[str, AfterValidator(_pattern)]
STRICT = ConfigDict(extra="forbid", frozen=True)


class _ColumnFile(BaseModel):
    model_config = STRICT

    url: WebAddress
    platform: str
    report_types: Annotated[list[ReportType], Field(min_length=1)]
    name: str | None = None
    parameters: dict[str, str] = {}
    include: list[Pattern] = []
    exclude: list[Pattern] = []


class _SourceFile(BaseModel):
    model_config = STRICT

    publisher: Annotated[str, Field(min_length=2)]
    level: Level
    hosts: Annotated[list[Host], Field(min_length=1)]
    division_code: Annotated[str, Field(pattern=r"^\d{6}$")] | None = None
    parent_division_code: Annotated[str, Field(pattern=r"^\d{6}$")] | None = None
    pace_seconds: Annotated[float, Field(ge=0)] | None = None
    first_year: Annotated[int, Field(ge=2004, le=2100)] | None = None
    charset: str | None = None
    column_unknown: Annotated[str, Field(min_length=10)] | None = None
    verified: Literal["never"] | Annotated[str, AfterValidator(_day)] = "never"
    ignored: dict[WebAddress, Annotated[str, Field(min_length=3)]] = {}
    columns: list[_ColumnFile] = []

    @model_validator(mode="after")
    def _columns_or_a_reason(self) -> _SourceFile:
        if not self.columns and self.column_unknown is None:
            raise ValueError(
                "the source has no column: add [[columns]], or say with column_unknown = '...' why none is known"
            )
        if self.columns and self.column_unknown is not None:
            raise ValueError("column_unknown stands beside [[columns]]: take one of the two out")
        return self

    @model_validator(mode="after")
    def _a_place(self) -> _SourceFile:
        if self.level is Level.ZONE:
            if self.parent_division_code is None:
                raise ValueError("a zone needs the parent_division_code of the city or county it lies in")
        elif self.division_code is None and self.level is not Level.MINISTRY:
            raise ValueError(f"a {self.level} needs a division_code of six digits")
        return self


def read_source(path: Path, *, root: Path) -> Source:
    """One registry file as a :class:`Source`; its id is the path below ``root`` without ``.toml``.

    Raises :class:`SourceError`.
    """
    try:
        text = path.read_text("utf-8")
        raw = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise SourceError([f"{path}: is not UTF-8 ({error}); save it as UTF-8"]) from error
    except OSError as error:
        raise SourceError([f"{path}: cannot be read: {error.strerror}"]) from error
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise SourceError([f"{path}:{line.group(1) if line else 1}: not valid TOML: {error}"]) from error
    try:
        checked = _SourceFile.model_validate(raw)
    except ValidationError as error:
        raise SourceError(
            [f"{path}:{_line(text, e['loc'])}: {_where(e['loc'])}{_complaint(e)}" for e in error.errors()]
        ) from error
    problems = list(_cross_checks(checked, text, path))
    if problems:
        raise SourceError(problems)
    return Source(
        id=path.relative_to(root).with_suffix("").as_posix(),
        publisher=checked.publisher,
        level=checked.level,
        hosts=tuple(checked.hosts),
        columns=tuple(
            Column(
                url=column.url,
                platform=column.platform,
                report_types=tuple(column.report_types),
                name=column.name,
                parameters=column.parameters,
                include=tuple(column.include),
                exclude=tuple(column.exclude),
            )
            for column in checked.columns
        ),
        division_code=checked.division_code,
        parent_division_code=checked.parent_division_code,
        pace_seconds=checked.pace_seconds,
        first_year=checked.first_year,
        charset=checked.charset,
        column_unknown=checked.column_unknown,
        verified=checked.verified,
        file=str(path),
        ignored=checked.ignored,
    )


def load_sources(directory: Path = REGISTRY) -> tuple[Source, ...]:
    """Every source below ``directory``, by id. Raises one :class:`SourceError` with the problems of all files."""
    if not directory.is_dir():
        raise SourceError([f"{directory}: there is no such folder of sources; check the setting sources_dir"])
    sources: list[Source] = []
    problems: list[str] = []
    for path in sorted(directory.rglob("*/*.toml")):
        try:
            sources.append(read_source(path, root=directory))
        except SourceError as error:
            problems.extend(error.problems)
    if problems:
        raise SourceError(problems)
    if not sources:
        raise SourceError([f"{directory}: no <province>/<publisher>.toml lies there; check the setting sources_dir"])
    return tuple(sources)


def select_sources(
    sources: Sequence[Source], *, ids: Iterable[str] = (), province: str | None = None
) -> tuple[Source, ...]:
    """The sources asked for, in registry order; all of them where nothing is asked for.

    Raises :class:`UnknownSourceError`, naming what stands nearest, where an id or a province is not in the registry.
    """
    wanted = list(ids)
    known = {source.id for source in sources}
    for identifier in wanted:
        if identifier not in known:
            near = difflib.get_close_matches(identifier, known, n=3, cutoff=0.4)
            hint = f"; did you mean {', '.join(near)}?" if near else ""
            raise UnknownSourceError(
                f"no source is called {identifier!r}{hint or '.'} `nianbao sources list` shows all of them."
            )
    chosen = [source for source in sources if not wanted or source.id in wanted]
    if province is not None:
        provinces = sorted({source.id.split("/")[0] for source in sources})
        if province not in provinces:
            raise UnknownSourceError(
                f"no source lies in a province folder {province!r}; there are {', '.join(provinces) or 'none'}."
            )
        chosen = [source for source in chosen if source.id.split("/")[0] == province]
    return tuple(chosen)


def _cross_checks(checked: _SourceFile, text: str, path: Path) -> Iterable[str]:
    seen: dict[str, int] = {}
    for number, column in enumerate(checked.columns):
        where = partial(_column_place, path, text, number)
        host = urlsplit(column.url).netloc
        if host not in checked.hosts:
            yield f"{where()}.url: {host} is not among hosts; add it there if the publisher owns it"
        if column.url in seen:
            yield f"{where()}.url: the same address as columns[{seen[column.url]}]; take one out"
        seen.setdefault(column.url, number)
        if column.platform not in names():
            line = _line(text, ("columns", number, "platform"))
            yield f"{path}:{line}: columns[{number}].platform: {column.platform!r} is none of {', '.join(names())}"
            continue
        protocol = platform(column.platform)
        for key in sorted(set(column.parameters) - protocol.allowed):
            takes = ", ".join(sorted(protocol.allowed)) or "none"
            yield f"{where()}.parameters: {column.platform} takes no {key!r} (it takes {takes})"
        for key in sorted(protocol.required - set(column.parameters)):
            yield f"{where()}.parameters: {column.platform} needs {key!r}, which no page of the site states; add it"
    for key in ("division_code", "parent_division_code"):
        code = getattr(checked, key)
        if code is not None and not is_code(code):
            yield f"{path}:{_line(text, (key,))}: {key}: no division bears the code {code}; see divisions.csv"


def _column_place(path: Path, text: str, number: int) -> str:
    """Where a column stands; looked up only where there is something to say about it."""
    return f"{path}:{_line(text, ('columns', number, 'url'))}: columns[{number}]"


def _where(location: Sequence[int | str]) -> str:
    shown = ""
    for part in location:
        if isinstance(part, int):
            shown += f"[{part}]"
        elif part not in ("constrained-str", "literal['never']"):
            shown += f".{part}" if shown else part
    return f"{shown}: " if shown else ""


def _complaint(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return "this key is not known here; check its spelling, or take it out"
    if error["type"] == "missing":
        return "this key is missing; add it"
    message: str = error["msg"]
    return message.removeprefix("Value error, ")


def _line(text: str, location: Sequence[int | str]) -> int:
    """The line of a key, so that an editor can jump there; 1 where the key is missing altogether."""
    lines = text.splitlines()
    start, header = 0, None
    for part in location:
        if isinstance(part, int):
            headers = [n for n, line in enumerate(lines) if line.strip() == f"[[{header}]]"]
            start = headers[part] if part < len(headers) else start
        else:
            header = part
            pattern = re.compile(rf"\s*[\"']?{re.escape(part)}[\"']?\s*=")
            for number in range(start, len(lines)):
                if pattern.match(lines[number]):
                    return number + 1
                if number > start and lines[number].lstrip().startswith("[[") and isinstance(location[-1], str):
                    break
    return start + 1
