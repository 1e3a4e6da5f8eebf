"""Corrections as data: fields of single documents that are read wrongly, or stand wrongly on the site, put right.

``corrections.toml`` lies beside the registry, for everybody, and in the data folder, for one's own; what may stand in
it is in ``docs/corrections.md``. A file is right as a whole or wrong as a whole: an unknown field or a value that is
none is a ``SourceError`` that names file and line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Final, Literal, get_args
from unicodedata import east_asian_width
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from scrapers.records import Correction, Edition, Level, ReportType
from scrapers.sources.source_file import SourceError, complaint, line_of, read_toml

FILE_NAME: Final = "corrections.toml"
CorrectedField = Literal[
    "title",
    "publisher",
    "division_code",
    "parent_division_code",
    "level",
    "report_type",
    "report_year",
    "edition",
    "published",
    "doc_number",
    "index_number",
]
"""What can be corrected: columns of ``core_reports``."""


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("write the whole address, beginning with http:// or https://")
    return value


def _reason(value: str) -> str:
    """A letter of Chinese says as much as two or three of English: 标题年份误写 is a reason, "wrong" is none."""
    if sum(2 if east_asian_width(letter) in "WF" else 1 for letter in value) < 10:
        raise ValueError("say it in at least 10 characters, or 5 of Chinese")
    return value


Value = str | int | date


class _CorrectionTable(BaseModel):
    """One ``[[correction]]``."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    url: Annotated[str, AfterValidator(_web_address)] | None = None
    document_id: Annotated[str, Field(min_length=4)] | None = None
    field: CorrectedField
    expect: Value | None = None
    expect_unknown: Literal[True] | None = None
    value: Value | None = None
    value_unknown: Literal[True] | None = None
    reason: Annotated[str, AfterValidator(_reason)]
    reported: Annotated[str, Field(min_length=1)] | date | None = None

    @model_validator(mode="after")
    def _says_which_and_what(self) -> _CorrectionTable:
        if (self.url is None) == (self.document_id is None):
            raise ValueError("write either url or document_id, to say which document it is for")
        for name in ("expect", "value"):
            if (getattr(self, name) is None) == (getattr(self, f"{name}_unknown") is None):
                raise ValueError(f"write either {name}, or {name}_unknown = true for an unknown one")
        return self


class _CorrectionsFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    correction: tuple[_CorrectionTable, ...] = ()


def find_corrections(folders: Sequence[Path]) -> tuple[Correction, ...]:
    """The corrections of the ``corrections.toml`` of each folder, those of the first folder first.

    A folder without the file has none. Raises one :class:`SourceError` with the problems of all files.
    """
    corrections: list[Correction] = []
    problems: list[str] = []
    for path in dict.fromkeys(folder.resolve() / FILE_NAME for folder in folders):
        if not path.exists():
            continue
        try:
            corrections.extend(read_corrections(path))
        except SourceError as error:
            problems.extend(error.problems)
    if problems:
        raise SourceError(problems)
    return tuple(corrections)


def read_corrections(path: Path) -> tuple[Correction, ...]:
    """One file. Raises :class:`SourceError`."""
    text, raw = read_toml(path)
    try:
        # Lists of TOML are tuples here, values of TOML already have their types: nothing else is converted.
        checked = _CorrectionsFile.model_validate(raw)
    except ValidationError as error:
        raise SourceError(list(dict.fromkeys(_problems(path, text, error)))) from error
    corrections: list[Correction] = []
    problems: list[str] = []
    seen: dict[tuple[str, str], int] = {}
    for number, table in enumerate(checked.correction):
        begins = line_of(text, ("correction", number))
        key = (table.url or table.document_id or "", table.field)
        if key in seen:
            problems.append(
                f"{path}:{begins}: {table.field} of {key[0]} is corrected on line {seen[key]} already; keep one of them"
            )
        seen[key] = begins
        values: dict[str, str | None] = {}
        for name in ("expect", "value"):
            try:
                written = getattr(table, name)
                values[name] = None if written is None else _cast(table.field, written)
            except ValueError as error:
                problems.append(f"{path}:{line_of(text, ('correction', number, name))}: {name}: {error}")
        if len(values) == 2 and values["expect"] == values["value"]:
            problems.append(f"{path}:{begins}: expect and value are the same, so there is nothing to correct")
        if not problems:
            reported = table.reported
            corrections.append(
                Correction(
                    field=table.field,
                    value=values["value"],
                    expect=values["expect"],
                    reason=table.reason,
                    file=str(path),
                    line=begins,
                    document_id=table.document_id,
                    url=table.url,
                    reported=reported.isoformat() if isinstance(reported, date) else reported,
                )
            )
    if problems:
        raise SourceError(problems)
    return tuple(corrections)


_KEYS = frozenset({"correction", *_CorrectionTable.model_fields})


def _problems(path: Path, text: str, error: ValidationError) -> Iterator[str]:
    for each in error.errors():
        # pydantic names the branches of a union in the place, too
        location = tuple(part for part in each["loc"] if isinstance(part, int) or part in _KEYS)
        key = location[-1] if location and isinstance(location[-1], str) else ""
        said = complaint(each)
        if each["type"] == "literal_error" and key == "field":
            said = f"no such field can be corrected; take one of {', '.join(get_args(CorrectedField))}"
        elif key in ("expect", "value"):
            said = "write a text in quotes, a year, or a day such as 2025-03-01"
        elif each["type"] == "extra_forbidden":
            key = str(each["loc"][-1])
            location = (*location, key)
        yield f"{path}:{line_of(text, location)}: {f'{key}: ' if key else ''}{said}"


def _cast(field: str, written: Value) -> str:
    """A value as the warehouse casts it to text. Raises ``ValueError`` saying what the field takes."""
    if field == "report_year":
        if not isinstance(written, int) or not 1949 <= written <= 2100:
            raise ValueError(f"a report year is a number between 1949 and 2100, without quotes, not {written!r}")
        return str(written)
    if field == "published":
        try:
            return (written if isinstance(written, date) else date.fromisoformat(str(written))).isoformat()[:10]
        except ValueError:
            raise ValueError(f"write the day as 2025-03-01, not {written!r}") from None
    if not isinstance(written, str):
        raise ValueError(f"write a text, in quotes, not {written!r}")  # noqa: TRY004  # what somebody wrote, no bug
    allowed: Iterable[str] | None = {
        "level": Level,
        "report_type": ReportType,
        "edition": Edition,
    }.get(field)
    if allowed is not None and written not in list(allowed):
        raise ValueError(f"{written!r} is none of {', '.join(allowed)}")
    if field in ("division_code", "parent_division_code") and not re.fullmatch(r"\d{6}", written):
        raise ValueError(f"write six digits, as in divisions.csv, not {written!r}")
    return written
