"""Administrative divisions (GB/T 2260) and special zones: which code bears which name, and when.

The tables are ``divisions.csv`` and ``zones.csv`` beside this file; ``DIVISIONS.md`` says where they come from. A
code is valid in a calendar year where it was in force on at least one day of it, so in a year of change both the old
and the new code are valid.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from scrapers.errors import UsageError
from scrapers.records import Level

FOLDER = Path(__file__).parent
_LEVELS = {"province": Level.PROVINCE, "city": Level.CITY, "county": Level.COUNTY}
_RELATIVE = re.compile(
    r"(本?省|自治区|本?市(?!场)|本?区(?!域|划)|本?县(?!域)|本?旗|本?州)"
    r"(?=人民政府|政府|府办|委|司法|[\u4e00-\u9fff]{2,12}(?:局|厅|委|办|室|院|会|中心|大队)$)"
)
"""The words by which a page speaks of its own place: 县政府办公室, 区司法局; not 市场监督管理局."""
_MUNICIPALITIES = frozenset({"110000", "120000", "310000", "500000"})


class DivisionTableError(UsageError):
    """A row of ``divisions.csv`` or ``zones.csv`` is wrong. The message names file and line."""


@dataclass(frozen=True, slots=True)
class Division:
    """One name of one code. A renamed division has one row a name."""

    code: str
    name: str
    short_name: str
    level: Level
    parent_code: str | None
    valid_from: int | None
    """First calendar year in force; ``None``: before 2008, when disclosure reports began."""
    valid_to: int | None
    """Last calendar year in force; ``None``: still in force."""

    def valid_in(self, year: int | None) -> bool:
        """Whether the code was in force in ``year``; always true for ``None``."""
        return year is None or ((self.valid_from or 0) <= year and (self.valid_to is None or year <= self.valid_to))


@dataclass(frozen=True, slots=True)
class Zone:
    """A development zone, new area or the like: governed by a 管理委员会, without a code in GB/T 2260."""

    id: str
    name: str
    aliases: tuple[str, ...]
    kind: str
    parent_code: str
    nbs_code: str | None
    """Code ending in 71 to 79 that the National Bureau of Statistics gives in its own list."""
    merged_with: str | None
    """Code of the division that is one body with the zone."""
    valid_from: int | None
    valid_to: int | None

    @property
    def body(self) -> str:
        """Name of the body that governs it."""
        return self.name if self.name.endswith("委员会") else f"{self.name}管理委员会"


@dataclass(frozen=True, slots=True)
class Place:
    """A place name at the head of a text, and what stands behind it."""

    division: Division | None
    zone: Zone | None
    rest: str

    @property
    def code(self) -> str:
        """Code of the division, of the division a zone is one body with, or of the one it lies in."""
        if self.zone is not None:
            return self.zone.merged_with or self.zone.parent_code
        assert self.division is not None
        return self.division.code


class Divisions:
    """Both tables with their indexes. ``load`` gives the shipped ones."""

    def __init__(self, divisions: Iterable[Division], zones: Iterable[Zone]) -> None:
        self.divisions = tuple(divisions)
        self.zones = tuple(zones)
        self._by_code: dict[str, list[Division]] = {}
        self._by_name: dict[str, list[Division]] = {}
        self._zones: dict[str, list[Zone]] = {}
        for division in self.divisions:
            self._by_code.setdefault(division.code, []).append(division)
            for name in {division.name, division.short_name}:
                self._by_name.setdefault(name, []).append(division)
        for zone in self.zones:
            for name in dict.fromkeys((zone.name, *zone.aliases)):
                self._zones.setdefault(name, []).append(zone)
        lengths: dict[str, set[int]] = {}
        for name in (*self._by_name, *self._zones):
            lengths.setdefault(name[:2], set()).add(len(name))
        # A text's first two characters leave one or two lengths to try instead of all that names can have.
        self._lengths = {head: sorted(found, reverse=True) for head, found in lengths.items()}

    def is_code(self, code: str) -> bool:
        """Whether the code is, or since 2008 ever was, in force."""
        return code in self._by_code

    def by_code(self, code: str, year: int | None = None) -> Division | None:
        """The division that bore ``code`` in ``year``; without a year the latest. ``None`` where there is none."""
        found = [division for division in self._by_code.get(code, ()) if division.valid_in(year)]
        return max(found, key=_latest, default=None)

    def related(self, code: str, other: str) -> bool:
        """Whether one of two codes is the other, or lies in it."""
        return code in self.lineage(other) or other in self.lineage(code)

    def lineage(self, code: str) -> tuple[str, ...]:
        """The code and every code above it, from the inside out."""
        codes: list[str] = []
        here: str | None = code
        while here is not None and here not in codes:
            codes.append(here)
            division = self.by_code(here)
            here = division.parent_code if division is not None else None
        return tuple(codes)

    def full_name(self, division: Division) -> str:
        """The name by which the division's bodies are called: a district carries its city's name, a county does not.

        >>> table = load()
        >>> [table.full_name(d) for d in (table.by_code("330110"), table.by_code("330726")) if d]
        ['杭州市余杭区', '浦江县']
        """
        parent = self.by_code(division.parent_code) if division.parent_code else None
        if parent is None or division.level is not Level.COUNTY:
            return division.name
        if division.name.endswith("区") or parent.code in _MUNICIPALITIES:
            return parent.name + division.name
        return division.name

    def place(self, text: str, *, within: str | None = None, year: int | None = None) -> Place | None:
        """The place at the head of ``text`` (white space and 中共 left out), read as deep as it goes.

        安徽省郎溪县人民政府 gives 郎溪县 with the rest 人民政府. A short name counts only before a deeper one
        (沈阳和平区), a relative word only with ``within`` (县政府办公室 in 330726 gives 浦江县). ``None`` where nothing
        or no single place is named.
        """
        plain = re.sub(r"^(中共|中国共产党)", "", _plain(text))
        found = self._deepest(plain, None, year)
        if found:
            longest = min(len(place.rest) for place in found)
            found = [place for place in found if len(place.rest) == longest]
            rest = found[0].rest
            divisions = [place.division for place in found if place.division is not None]
            if divisions:
                one = self._one(divisions, within, year)
                return None if one is None else Place(one, None, rest)
            zones = {place.zone.id: place.zone for place in found if place.zone is not None}
            if len(zones) > 1 and within is not None:
                zones = {key: zone for key, zone in zones.items() if self.related(zone.parent_code, within)}
            return Place(None, next(iter(zones.values())), rest) if len(zones) == 1 else None
        return self._relative(plain, within, year)

    def _deepest(self, text: str, above: Division | None, year: int | None) -> list[Place]:
        """Every reading of the head of ``text`` as a chain of places inside ``above``."""
        readings: list[Place] = []
        for length in self._lengths.get(text[:2], ()):
            if length > len(text):
                continue
            head, rest = text[:length], text[length:]
            for zone in self._zones.get(head, ()):
                if above is None or self.related(zone.parent_code, above.code):
                    readings.append(Place(None, zone, rest))
            for division in self._by_name.get(head, ()):
                if above is not None and (division.code == above.code or above.code not in self.lineage(division.code)):
                    continue
                inner = self._deepest(rest, division, year)
                if inner:
                    readings.extend(inner)
                elif head == division.name:
                    readings.append(Place(division, None, rest))
        return readings

    def _relative(self, text: str, within: str | None, year: int | None) -> Place | None:
        if within is None:
            return None
        match = _RELATIVE.match(text)
        if match is None:
            return None
        word = match.group(1).removeprefix("本")
        for code in self.lineage(within):
            division = self.by_code(code, year)
            if division is not None and division.name.endswith(word):
                return Place(division, None, text[match.end() :])
        return None

    def _one(self, found: Iterable[Division], within: str | None, year: int | None) -> Division | None:
        left = [division for division in found if division.valid_in(year)]
        if within is not None:
            near = [division for division in left if self.related(division.code, within)]
            left = near or left
            own = [division for division in left if division.code == within]
            left = own or left
        if len(left) > 1:
            left = [one for one in left if not any(_succeeds(other, one) for other in left)]
        return left[0] if len(left) == 1 else None


@cache
def load() -> Divisions:
    """The shipped tables. Raises :class:`DivisionTableError` where a row is wrong."""
    return Divisions(read_divisions(FOLDER / "divisions.csv"), read_zones(FOLDER / "zones.csv"))


def is_code(code: str) -> bool:
    """Whether a division of the shipped table bears, or since 2008 ever bore, ``code``: what the registry asks."""
    return load().is_code(code)


def read_divisions(path: Path) -> tuple[Division, ...]:
    """The rows of a ``divisions.csv``. Raises :class:`DivisionTableError` for the first wrong one."""
    rows: list[Division] = []
    for line, row in _rows(path):
        level = _LEVELS.get(row["level"])
        if level is None or not re.fullmatch(r"\d{6}", row["code"]) or not row["name"]:
            raise DivisionTableError(f"{path}:{line}: needs a code of six digits, a name and a level of {set(_LEVELS)}")
        rows.append(
            Division(
                code=row["code"],
                name=row["name"],
                short_name=row["short_name"] or row["name"],
                level=level,
                parent_code=row["parent_code"] or None,
                valid_from=_year(row["valid_from"], path, line),
                valid_to=_year(row["valid_to"], path, line),
            )
        )
    codes = {row.code for row in rows}
    for one in rows:
        if one.parent_code is not None and one.parent_code not in codes:
            raise DivisionTableError(f"{path}: {one.code} {one.name} lies in {one.parent_code}, which has no row")
    return tuple(rows)


def read_zones(path: Path) -> tuple[Zone, ...]:
    """The rows of a ``zones.csv``. Raises :class:`DivisionTableError` for the first wrong one."""
    return tuple(
        Zone(
            id=row["id"],
            name=row["name"],
            aliases=tuple(_plain(alias) for alias in row["aliases"].split("|") if alias),
            kind=row["kind"],
            parent_code=row["parent_code"],
            nbs_code=row["nbs_code"] or None,
            merged_with=row["merged_with"] or None,
            valid_from=_year(row["valid_from"], path, line),
            valid_to=_year(row["valid_to"], path, line),
        )
        for line, row in _rows(path)
    )


def _rows(path: Path) -> Iterable[tuple[int, Mapping[str, str]]]:
    with path.open(encoding="utf-8", newline="") as file:
        for line, row in enumerate(csv.DictReader(file), start=2):
            if None in row or None in row.values():
                raise DivisionTableError(f"{path}:{line}: has more or fewer cells than the head line")
            yield line, row


def _year(value: str, path: Path, line: int) -> int | None:
    if not value:
        return None
    if not re.fullmatch(r"(19|20)\d\d", value):
        raise DivisionTableError(f"{path}:{line}: {value!r} is no year")
    return int(value)


def _succeeds(later: Division, earlier: Division) -> bool:
    """Whether two bearers of one name are one place, under a new code or name since ``earlier`` ended."""
    if later is earlier or earlier.valid_to is None or _latest(later) <= _latest(earlier):
        return False
    same_parent = later.parent_code == earlier.parent_code
    return later.code == earlier.code or same_parent or later.valid_from == earlier.valid_to


def _latest(division: Division) -> tuple[int, int]:
    return (division.valid_to or 9999, division.valid_from or 0)


def _plain(text: str) -> str:
    return re.sub(r"\s", "", text).replace("（", "(").replace("）", ")").replace("—", "-")
