"""The tables of a registry file, each key with what may stand in it; ``docs/sources.md`` describes them."""

from __future__ import annotations

import codecs
import re
from datetime import date
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from scrapers.date_formats import pattern
from scrapers.records import Level, ReportType
from scrapers.web.quiet_hours import QuietHours

# --------------------------------------------------------------------------- single values


def _host(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?", value):
        raise ValueError("write the bare host in lower case, such as www.pj.gov.cn, without http:// or a path")
    return value


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("write the whole address, beginning with http:// or https://")
    return value


def _ignored(value: str) -> str:
    if "*" in value[:-1]:
        raise ValueError("a * stands at the end, for all addresses that begin like it")
    return value


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"this is no regular expression: {error}") from error
    return value


def _day(value: str) -> str:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError("write the day as 2024-05-31, or never")
    date.fromisoformat(value)
    return value


def _charset(value: str) -> str:
    try:
        codecs.lookup(value)
        b"".decode(value)
    except LookupError as error:
        raise ValueError(f"no charset is called {value!r}; write it as pages do, such as gb18030 or big5") from error
    return value


def _hours(value: str) -> str:
    return str(QuietHours.parse(value))


def _date_format(value: str) -> str:
    pattern(value)
    return value


def _page_selector(value: str) -> str:
    from selectolax.lexbor import LexborHTMLParser, SelectolaxError  # few files have layouts: not for every command

    try:
        LexborHTMLParser("").css(value)
    except SelectolaxError as error:
        raise ValueError(f"this is no CSS selector that the reader knows: {value!r}") from error
    return value


def _row_selector(value: str) -> str:
    import soupsieve

    try:
        soupsieve.compile(value)
    except soupsieve.SelectorSyntaxError as error:
        raise ValueError(f"this is no CSS selector: {str(error).splitlines()[0]}") from error
    return value


Host = Annotated[str, AfterValidator(_host)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Pattern = Annotated[str, AfterValidator(_pattern)]
Charset = Annotated[str, AfterValidator(_charset)]
QuietHoursText = Annotated[str, AfterValidator(_hours)]
Reason = Annotated[str, Field(min_length=3)]
PageSelector = Annotated[str, AfterValidator(_page_selector)]
RowSelector = Annotated[str, AfterValidator(_row_selector)]
Count = Annotated[int, Field(ge=0)]
SIX_DIGITS = r"^\d{6}$"
NO_PORT = r"^[^:]+$"
STRICT = ConfigDict(extra="forbid")


# --------------------------------------------------------------------------- tables


class PeriodTable(BaseModel):
    model_config = STRICT

    reason: Reason
    since: date | None = None
    until: date | None = None

    @model_validator(mode="after")
    def _has_days(self) -> PeriodTable:
        if self.since is not None and self.until is not None and self.until < self.since:
            raise ValueError(f"the period ends ({self.until}) before it begins ({self.since})")
        return self


class LayoutTable(PeriodTable):
    columns: tuple[WebAddress, ...] = ()
    body: PageSelector | None = None
    title: PageSelector | None = None
    published: PageSelector | None = None
    date_formats: tuple[Annotated[str, AfterValidator(_date_format)], ...] = ()
    charset: Charset | None = None
    rows: RowSelector | None = None
    row_title: RowSelector | None = None
    row_date: RowSelector | None = None

    @model_validator(mode="after")
    def _says_something(self) -> LayoutTable:
        if not (self.body or self.title or self.published or self.charset or self.rows or self.row_title):
            raise ValueError("it says nothing of the pages: name body, title, published, charset or rows")
        if self.rows is None and (self.row_title or self.row_date):
            raise ValueError("row_title and row_date stand within rows: name rows, too")
        if self.date_formats and not (self.published or self.row_date):
            raise ValueError("date_formats is for the day in published or row_date: name one of them, too")
        return self


class ExtraHostTable(PeriodTable):
    host: Annotated[str, AfterValidator(_host), Field(pattern=NO_PORT)]


class BoundsTable(BaseModel):
    model_config = STRICT

    min: Count | None = None
    max: Count | None = None

    @model_validator(mode="after")
    def _bounds_something(self) -> BoundsTable:
        if self.min is None and self.max is None:
            raise ValueError("name min, max or both")
        if self.min is not None and self.max is not None and self.max < self.min:
            raise ValueError(f"max ({self.max}) is less than min ({self.min})")
        return self


class ColumnTable(BaseModel):
    model_config = STRICT

    url: WebAddress
    platform: str
    report_types: Annotated[tuple[ReportType, ...], Field(min_length=1)]
    name: str | None = None
    parameters: dict[str, str] | None = None
    include: tuple[Pattern, ...] = ()
    exclude: tuple[Pattern, ...] = ()
    query: Annotated[str, Field(min_length=2)] | None = None
    rows_a_year: BoundsTable | None = None


class SourceTable(BaseModel):
    model_config = STRICT

    publisher: Annotated[str, Field(min_length=2)]
    level: Level
    hosts: Annotated[tuple[Host, ...], Field(min_length=1)]
    division_code: Annotated[str, Field(pattern=SIX_DIGITS)] | None = None
    parent_division_code: Annotated[str, Field(pattern=SIX_DIGITS)] | None = None
    pace_seconds: Annotated[float, Field(ge=0)] | None = None
    quiet_hours: QuietHoursText | None = None
    first_year: Annotated[int, Field(ge=2004, le=2100)] | None = None
    charset: Charset | None = None
    column_unknown: Annotated[str, Field(min_length=10)] | None = None
    verified: Literal["never"] | Annotated[str, AfterValidator(_day)] = "never"
    ignored: dict[Annotated[WebAddress, AfterValidator(_ignored)], Reason] | None = None
    layouts: tuple[LayoutTable, ...] = ()
    extra_hosts: tuple[ExtraHostTable, ...] = ()
    columns: tuple[ColumnTable, ...] = ()

    @model_validator(mode="after")
    def _columns_or_a_reason(self) -> SourceTable:
        if not self.columns and self.column_unknown is None:
            raise ValueError(
                "the source has no column: add [[columns]], or say with column_unknown = '...' why none is known"
            )
        if self.columns and self.column_unknown is not None:
            raise ValueError("column_unknown stands beside [[columns]]: take one of the two out")
        return self

    @model_validator(mode="after")
    def _a_place(self) -> SourceTable:
        if self.level is Level.ZONE:
            if self.parent_division_code is None:
                raise ValueError("a zone needs the parent_division_code of the city or county it lies in")
        elif self.division_code is None and self.level is not Level.MINISTRY:
            raise ValueError(f"a {self.level} needs a division_code of six digits")
        return self
