"""``genre.toml``, read and compiled once: what names a report, and what makes a title something else."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from scrapers.records import ReportType

_FILE = "scrapers/judging/genre.toml"
_WHERE = ("anywhere", "before", "rest")


class GenreRulesError(ValueError):
    """``genre.toml`` cannot be used; the message names the rule."""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A term that makes a title something else. ``name`` is the reason a reader sees."""

    name: str
    pattern: re.Pattern[str]
    where: str
    page_may_tell: bool = False


@dataclass(frozen=True, slots=True)
class TitleRules:
    """How one report is named. ``name`` matches from the subject to the end of the title, with the groups ``subject``,
    ``middle`` and ``end``; ``strong`` finds a subject that needs no year beside it."""

    name: re.Pattern[str]
    subject: re.Pattern[str]
    strong: re.Pattern[str]
    qualified: re.Pattern[str] | None = None
    other_publishers: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class BodyRules:
    """How one report's body is known."""

    mentions: tuple[str, ...]
    mentions_per_1000: float
    """Least density of ``mentions``, in characters of text."""
    opening: re.Pattern[str]
    parts: tuple[re.Pattern[str], ...]


@dataclass(frozen=True, slots=True)
class Rules:
    titles: Mapping[ReportType, TitleRules]
    bodies: Mapping[ReportType, BodyRules]
    exclusions: tuple[Exclusion, ...]
    carriers: tuple[re.Pattern[str], ...]
    """Notices and covering letters, with the group ``inner`` for what they carry."""
    news_before: re.Pattern[str]
    news_after: re.Pattern[str]
    anonymous: re.Pattern[str]
    asks: re.Pattern[str]
    year: re.Pattern[str]
    old_subject: str
    old_subject_until: int


def _any(patterns: Iterable[str]) -> str:
    return f"(?:{'|'.join(patterns)})"


def _name_pattern(subjects: str, ends: str, grammar: Mapping[str, str]) -> re.Pattern[str]:
    # Atomic, so that 2023年 is read one way only: a title of many years must not be tried in 2**n ways.
    year, next_year = f"(?>{grammar['year']})", grammar["next_year"]
    words = f"(?:{grammar['middle']}|{year}|\\({year}\\)|\\((?:年度|工作|情况)\\))*"
    link = "(?:和|暨|与|及|、|以及|加快|深入|推进|加强|全面|,)*"
    # 情况暨2023年工作要点的报告; 情况及主要负责人履行推进法治建设第一责任人职责情况的报告
    plan = f"[暨及和与、,;以]+(?:{year}|{next_year})?(?:{grammar['middle']}|加强|{subjects})*(?:{grammar['plan']})"
    also = "(?:暨|及|和|与|以及|、)[^,;。]{2,40}?"
    # Possessive: what follows the name is read once, from left to right.
    after = f"(?:{year}|{grammar['tail']}|\\([^()]*\\))*+"
    tail = f"{after}(?:{grammar['publisher_behind']}{after})?"
    return re.compile(
        f"(?P<subject>{subjects}(?:{link}{subjects}|\\({subjects}\\))*)(?P<middle>{words})(?:(?:{plan}|{also}){words})?"
        f"(?P<end>{ends})(?:{plan})?{tail}$"
    )


def _title_rules(raw: Mapping[str, Any], grammar: Mapping[str, str]) -> TitleRules:
    strong, subjects = _any(raw["subjects"]), _any([*raw["subjects"], *raw["weak_subjects"]])
    qualifiers, others = raw.get("qualifiers"), raw.get("other_publishers")
    return TitleRules(
        name=_name_pattern(subjects, _any(raw["ends"]), grammar),
        subject=re.compile(subjects),
        strong=re.compile(strong),
        qualified=re.compile(f"{_any(qualifiers)}$") if qualifiers else None,
        other_publishers=re.compile(others) if others else None,
    )


def _exclusion(raw: Mapping[str, Any]) -> Exclusion:
    if raw["where"] not in _WHERE:
        raise GenreRulesError(f"{_FILE}: {raw['name']}: where = {raw['where']!r}; write one of {', '.join(_WHERE)}")
    return Exclusion(raw["name"], re.compile(raw["pattern"]), raw["where"], bool(raw.get("page_may_tell", False)))


@cache
def rules() -> Rules:
    """The rules of ``genre.toml``. Raises ``GenreRulesError`` where a rule is missing or no regular expression."""
    raw = tomllib.loads(files("scrapers.judging").joinpath("genre.toml").read_text(encoding="utf-8"))
    try:
        grammar, body = raw["grammar"], raw["body"]
        return Rules(
            titles={kind: _title_rules(raw[kind.value], grammar) for kind in ReportType},
            bodies={
                kind: BodyRules(
                    mentions=tuple(body[kind.value]["mentions"]),
                    mentions_per_1000=float(body[kind.value]["mentions_per_1000"]),
                    opening=re.compile(body[kind.value]["opening"]),
                    parts=tuple(re.compile(part) for part in body[kind.value]["parts"]),
                )
                for kind in ReportType
            },
            exclusions=tuple(_exclusion(one) for one in raw["not_a_report"]),
            carriers=tuple(re.compile(grammar[name]) for name in ("carrier", "shown", "letter")),
            # Between the verb and the report's name: whose it is, and of which year; never 关于 (the deed's own name).
            news_before=re.compile(
                f"(?<!关于)(?<!予以){raw['news']['verbs']}(?!室|办|中心|科|处|局|网)(?:了|的)?[^关,。]{{0,18}}$"
            ),
            news_after=re.compile(f"[!:,]?{raw['news']['after']}[!。]*$"),
            anonymous=re.compile(raw["anonymous"]["pattern"]),
            asks=re.compile(body["asks"]["pattern"]),
            year=re.compile(grammar["year"]),
            old_subject=raw["rule_of_law"]["old_subject"],
            old_subject_until=int(raw["rule_of_law"]["old_subject_until"]),
        )
    except (KeyError, TypeError, re.error) as error:
        raise GenreRulesError(f"{_FILE}: {error!r}; mend the rule it names") from error
