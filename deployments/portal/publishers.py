"""Who publishes on the loopback network, and where: ``publishers.toml`` in frozen words. All of it is made up."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scrapers.records import Level, ReportType

PUBLISHERS_FILE = Path(__file__).with_name("publishers.toml")
"""Sites of the demo."""
FAMILIES_FILE = Path(__file__).with_name("families.toml")
"""Sites of the families that the demo does without."""


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """A column of a publisher. ``id`` is the column's number, its folder or what else its family calls it by."""

    id: str
    name: str
    report_types: tuple[ReportType, ...]
    per_page: int
    fillers: int
    """Rows a year that are no report, for each report type."""
    off_host: str | None = None
    """Address on a host outside the network, to which one row leads."""
    pinned: bool = False
    """Whether the oldest row stands first, out of its order; nothing on the page says so."""


@dataclass(frozen=True, slots=True)
class PublisherPlan:
    """One publisher with the peculiarities of its reports, each by report year."""

    name: str
    slug: str
    """Path of its registry file below the folder of sources, without ``.toml``."""
    place: str
    """As titles and texts call it: 清禾县, 澄屿市司法局."""
    whole: str
    """全县, 全市, 全局 ..."""
    office: str
    """Source as the info line gives it."""
    level: Level
    scale: int
    """Size of its affairs: about how many applications for information come in a year."""
    columns: tuple[ColumnPlan, ...]
    division_code: str | None = None
    parent_division_code: str | None = None
    missing: tuple[int, ...] = ()
    """Report years for which nothing was published."""
    late: tuple[int, ...] = ()
    """Report years published after the legal term."""
    without: Mapping[int, str] | None = None
    """Report year -> role of the statutory part that the report of rule of law leaves out."""
    bare_title: tuple[int, ...] = ()
    """Report years whose title does not name the year."""
    borrows: Mapping[int, str] | None = None
    """Report year -> name of the publisher whose words on its own work the report of rule of law repeats."""


@dataclass(frozen=True, slots=True)
class SitePlan:
    """One host. ``declared`` is the charset its pages state, ``charset`` the one their bytes have."""

    host: str
    name: str
    code: str
    """网站标识码, ten digits."""
    family: str
    paste: str
    """How editors' text arrives in the database: ``plain``, ``word``, ``breaks`` or ``divs``."""
    publishers: tuple[PublisherPlan, ...]
    declared: str = "utf-8"
    charset: str = "utf-8"
    extension: str = "html"
    robots: str | None = None
    """``None``: the host has no robots.txt."""
    skin: str = "plain"
    """Variant of the family's templates, see the family's module."""

    @property
    def root(self) -> str:
        return f"http://{self.host}"


def read_plans(path: Path = PUBLISHERS_FILE) -> tuple[SitePlan, ...]:
    """Every site of the file. Raises ``KeyError``, ``TypeError`` or ``ValueError`` where it says something unknown."""
    return tuple(_site(raw) for raw in tomllib.loads(path.read_text("utf-8"))["site"])


def bench_host(path: Path = PUBLISHERS_FILE) -> str:
    """Pattern of the hosts of a benchmark, with ``{number}`` in it."""
    return str(tomllib.loads(path.read_text("utf-8"))["bench"]["host"])


def _site(raw: dict[str, Any]) -> SitePlan:
    publishers = tuple(_publisher(one) for one in raw.pop("publisher"))
    raw.pop("forms", None)  # of sites whose reports are files: see files/site.py
    return SitePlan(publishers=publishers, **raw)


def _publisher(raw: dict[str, Any]) -> PublisherPlan:
    columns = tuple(
        ColumnPlan(report_types=tuple(ReportType(kind) for kind in one.pop("report_types")), **one)
        for one in raw.pop("column")
    )
    years = {name: tuple(raw.pop(name, ())) for name in ("missing", "late", "bare_title")}
    without = {int(year): str(role) for year, role in raw.pop("without", {}).items()}
    borrows = {int(year): str(lender) for year, lender in raw.pop("borrows", {}).items()}
    level = Level(raw["level"])
    return PublisherPlan(**{**raw, **years, "columns": columns, "level": level, "without": without, "borrows": borrows})
