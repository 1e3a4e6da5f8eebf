"""Which content management system made a page, and where the column of a detail page is: rules read as data.

The rules are ``signatures.toml``: dialects of addresses (hulelan/china-governance ``crawlers/govcms.py`` and pages
seen since), and what systems leave in their pages. A host is never a sign.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from bs4 import Tag

from scrapers import addresses
from scrapers.platforms import markup

FILE = Path(__file__).with_name("signatures.toml")
_LINKS_NEEDED = 3


class Place(StrEnum):
    ADDRESS = "address"
    LINKS = "links"
    SOURCE = "source"


@dataclass(frozen=True, slots=True)
class Sign:
    family: str
    place: Place
    pattern: re.Pattern[str]
    sureness: float
    says: str
    platform: str | None


@dataclass(frozen=True, slots=True)
class ColumnRule:
    pattern: re.Pattern[str]
    address: str
    says: str


@dataclass(frozen=True, slots=True)
class Recognition:
    """One family a page may be of. ``sureness`` is 0 to 1; ``evidence`` names every sign that was found."""

    family: str
    sureness: float
    evidence: tuple[str, ...]
    platforms: tuple[str, ...]
    """Listing protocols that signs speak for, the surest first."""


@cache
def rules() -> tuple[tuple[Sign, ...], tuple[ColumnRule, ...]]:
    """The signs and column rules of ``signatures.toml``."""
    raw = tomllib.loads(FILE.read_text("utf-8"))
    signs = tuple(
        Sign(
            family=entry["family"],
            place=Place(entry["place"]),
            pattern=re.compile(entry["pattern"]),
            sureness=entry["sureness"],
            says=entry["says"],
            platform=entry.get("platform"),
        )
        for entry in raw["sign"]
    )
    columns = tuple(
        ColumnRule(re.compile(entry["pattern"]), entry["address"], entry["says"]) for entry in raw["column"]
    )
    return signs, columns


def recognise(url: str, text: str, links: Collection[str]) -> tuple[Recognition, ...]:
    """The families that the page ``text`` at ``url`` shows signs of, the surest first; ``()`` where it shows none.

    ``links`` are the absolute addresses it leads to on its own host. Independent signs add up: two of 0.5 are 0.75.
    """
    found: dict[str, list[tuple[Sign, str]]] = {}
    for sign in rules()[0]:
        evidence = _holds(sign, url, text, links)
        if evidence is not None:
            found.setdefault(sign.family, []).append((sign, evidence))
    recognitions = [_added_up(family, signs) for family, signs in found.items()]
    return tuple(sorted(recognitions, key=lambda each: each.sureness, reverse=True))


def own_links(text: str, url: str, hosts: Sequence[str]) -> tuple[str, ...]:
    """The addresses on ``hosts`` that a page leads to, each once, in page order."""
    soup = markup.parse(text)
    tag = soup.find("base", href=True)
    base = addresses.document_base(url, markup.attribute(tag, "href") if isinstance(tag, Tag) else None)
    known = {host.rpartition(":")[0] or host for host in hosts} | set(hosts)
    found: dict[str, None] = {}
    for link in soup.find_all("a", href=True):
        address = addresses.canonical(markup.attribute(link, "href"), addresses.as_directory(base))
        if address is not None and addresses.host_of(address) in known:
            found[address] = None
    return tuple(found)


def column_of(url: str) -> tuple[str, str] | None:
    """The column that the address of a detail page names, and by what; ``None`` where no rule reads the address."""
    parts = urlsplit(url)
    for rule in rules()[1]:
        match = rule.pattern.fullmatch(parts.path)
        if match:
            path = match.expand(rule.address)
            return urlunsplit((parts.scheme, parts.netloc, path, "", "")), rule.says
    return None


def _holds(sign: Sign, url: str, text: str, links: Collection[str]) -> str | None:
    if sign.place is Place.LINKS:
        count = sum(1 for link in links if sign.pattern.search(urlsplit(link).path))
        return f"{count} {sign.says}" if count >= _LINKS_NEEDED else None
    subject = text if sign.place is Place.SOURCE else urlsplit(url)._replace(scheme="", netloc="", fragment="").geturl()
    return sign.says if sign.pattern.search(subject) else None


def _added_up(family: str, signs: Sequence[tuple[Sign, str]]) -> Recognition:
    doubt = 1.0
    for sign, _ in signs:
        doubt *= 1 - sign.sureness
    ranked = sorted(signs, key=lambda pair: pair[0].sureness, reverse=True)
    platforms = dict.fromkeys(sign.platform for sign, _ in ranked if sign.platform is not None)
    return Recognition(family, round(1 - doubt, 3), tuple(evidence for _, evidence in ranked), tuple(platforms))
