"""Trust is decided by where a page stands, never by what it says.

The other flags do not decide: they are what a reader should see beside a page that stands in the wrong place, and what
betrays a trusted host that was broken into. Rules as data: ``trust.toml``.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import opencc

from scrapers.judging.titles import LONGEST_READ
from scrapers.reading.simplified import simplified
from scrapers.records import Flag

UNTRUSTED_HOST = "untrusted_host"
SITE_TAG_MISMATCH = "site_tag_mismatch"
SPAM_TERMS = "spam_terms"
PINYIN_INJECTED = "pinyin_injected"
TRADITIONAL_CONVERSION = "traditional_conversion"

# Brands stand where a search engine looks: at the head and at the foot of the text (trust.md, section 3).
_HEAD_CHARS = 200
_FOOT_CHARS = 300
_LONGEST_HEAD = 500
_HIDDEN_CHARS = 2_000

# More than three characters followed by their reading: a report spells out none, a dictionary entry one or two.
_PINYIN_MIN = 4
_TONELESS = str.maketrans("āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜüńňǹḿ", "aaaaeeeeiiiioooouuuuvvvvvnnnm")
_READING = re.compile(r"[(（]([a-zāáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜüńňǹḿ]{1,6})[)）]")
_SYLLABLE = re.compile(
    "(?:[bpmfdtnlgkhjqxrzcsyw]|zh|ch|sh)?"
    "(?:a|ai|an|ang|ao|e|ei|en|eng|er|i|ia|ian|iang|iao|ie|in|ing|iong|iu|o|ong|ou|u|ua|uai|uan|uang|ui|un|uo|v|ve|ue)|n|ng|m"
)

# A text is Traditional where more than half of its script-specific characters are: the share was <= .008 in every
# Simplified and >= .92 in every Traditional text measured.
_TRADITIONAL_SHARE = 0.5
# A conversion by words leaves less than one such character in 10,000; one by characters leaves about one in 100.
_UNCONVERTED_SHARE = 0.002
_UNCONVERTED_MIN = 3
_WRONG_MIN = 2
# A character left as it is counts only where no standard of Traditional leaves it: 台 is Hong Kong's, 里 is nobody's.
_STANDARDS = ("s2t", "s2tw", "s2hk")

# What stands before a brand term belongs to the brand: JN江南·体育下载.
_BRAND_BEFORE = re.compile(r"(?:[A-Za-z0-9]{0,8}[一-鿿]{1,4}[·•])?[A-Za-z0-9]{0,8}$")


class TrustRulesError(ValueError):
    """``trust.toml`` does not say what this module needs."""


@dataclass(frozen=True, slots=True)
class _SpamTerm:
    name: str
    contains: tuple[str, ...]
    """Every match holds one of these: a cheap question before the pattern is tried."""
    pattern: re.Pattern[str]
    head_only: bool


@dataclass(frozen=True, slots=True)
class _Rules:
    zones: tuple[str, ...]
    spam: tuple[_SpamTerm, ...]
    spam_pieces: re.Pattern[str]
    """What any of them must hold."""
    wrong_conversions: re.Pattern[str]


def trust_flags(
    *,
    host: str,
    title: str | None,
    title_element: str | None,
    text: str,
    meta_tags: Mapping[str, str],
    hidden: str = "",
    trusted_hosts: Collection[str] = (),
) -> tuple[Flag, ...]:
    """What speaks against a page, each with the piece that shows it.

    ``title_element`` is the text of ``<title>``; ``meta_tags`` has names in lower case; ``hidden`` is what stands in
    the body and is shown to nobody but search engines; ``trusted_hosts`` are allowed beside the trusted zones of
    ``trust.toml``, each as it is, or with a leading dot for a host and all under it.
    """
    host = _plain_host(host)
    flags: list[Flag] = []
    if not is_trusted_host(host, trusted_hosts):
        flags.append(Flag(UNTRUSTED_HOST, host))
    mismatch = _site_tag_mismatch(host, meta_tags.get("sitedomain", ""))
    if mismatch:
        flags.append(Flag(SITE_TAG_MISMATCH, mismatch))
    heads = [title or "", title_element or "", meta_tags.get("keywords", ""), meta_tags.get("description", "")]
    heads = [head[:_LONGEST_HEAD] for head in heads]
    flags.extend(Flag(SPAM_TERMS, snippet) for snippet in _longest(_spam_snippets(heads, text, hidden)))
    readings = _injected_readings(text)
    if len(readings) >= _PINYIN_MIN:
        flags.append(Flag(PINYIN_INJECTED, " ".join(readings[:5])))
    conversion = _character_conversion(text[:LONGEST_READ]) or _character_conversion(title or "")
    if conversion:
        flags.append(Flag(TRADITIONAL_CONVERSION, conversion))
    return tuple(flags)


def is_trusted_host(host: str, trusted_hosts: Collection[str] = ()) -> bool:
    """Whether ``host`` lies in a trusted zone (gov.cn) or is one of ``trusted_hosts``."""
    host = _plain_host(host)
    if any(host == zone or host.endswith(f".{zone}") for zone in _rules().zones):
        return True
    return any(
        host == (plain := allowed.strip().lower().strip("."))
        or (allowed.startswith(".") and host.endswith(f".{plain}"))
        for allowed in trusted_hosts
    )


def _plain_host(host: str) -> str:
    return re.sub(r":\d+$", "", host.strip().lower()).rstrip(".")


def _site_tag_mismatch(host: str, domain: str) -> str | None:
    """《政府网站发展指引》: ``SiteDomain`` names the site itself. It must be the host or its parent.

    ``www.`` is no part of a site's name here: www.pj.gov.cn and pj.gov.cn are one site.
    """
    names = [_plain_host(re.sub(r"^\w+://", "", name).split("/")[0]) for name in re.split(r"[\s;,；，、|]+", domain)]
    names = [name.removeprefix("www.") for name in names if "." in name]
    own = host.removeprefix("www.")
    if not names or any(own == name or own.endswith(f".{name}") for name in names):
        return None
    return f"SiteDomain {domain.strip()} on {host}"


def _spam_snippets(heads: list[str], text: str, hidden: str) -> Iterator[str]:
    body = text.strip()
    for place, is_head in (
        ("\n".join(dict.fromkeys(heads)), True),
        (f"{body[:_HEAD_CHARS]}\n{body[-_FOOT_CHARS:]}", False),
        (hidden[:_HIDDEN_CHARS], False),
    ):
        plain = simplified(place).lower()
        if not _rules().spam_pieces.search(plain):
            continue
        # Offsets carry over only while the conversion is one character to one, which it is but for rare phrases.
        shown = place if len(plain) == len(place) else plain
        for term in _rules().spam:
            if (term.head_only and not is_head) or not any(piece in plain for piece in term.contains):
                continue
            for match in term.pattern.finditer(plain):
                before = _BRAND_BEFORE.search(shown[: match.start()])
                yield (before.group() if before else "") + shown[match.start() : match.end()]


def _longest(snippets: Iterable[str]) -> list[str]:
    """Each snippet once, without those that are part of another: 体育下载 beside JN江南·体育下载 says nothing."""
    distinct = list(dict.fromkeys(snippets))
    return [one for one in distinct if not any(one != other and one in other for other in distinct)]


def _injected_readings(text: str) -> list[str]:
    return [
        text[match.start() - 1 : match.end()]
        for match in _READING.finditer(text)
        if match.start() > 0
        and "㐀" <= text[match.start() - 1] <= "鿿"
        and _SYLLABLE.fullmatch(match[1].translate(_TONELESS))
        # (a) (b) (c) number the parts of a figure.
        and (len(match[1]) > 1 or not match[1].isascii())
    ]


def _character_conversion(text: str) -> str | None:
    """The pieces that show a Traditional text was made from a Simplified one character by character.

    An official Traditional page (``/gate/big5/``) is converted by words: 關於, 規範, 高品質. A hijacker's copy keeps
    關于 and 規范, whose characters also exist in Traditional, or takes one Traditional character
    everywhere: 製度, 全麵.
    """
    plain_text = simplified(text)
    if plain_text == text or _traditional_share(text, plain_text) <= _TRADITIONAL_SHARE:
        return None
    wrong = _rules().wrong_conversions.findall(text)
    by_words = [_converter(standard).convert(plain_text) for standard in _STANDARDS]
    kept: list[str] = []
    if all(len(other) == len(text) for other in (plain_text, *by_words)):
        kept = [
            text[max(0, i - 1) : i + 1].strip()
            for i, (found, plain, *others) in enumerate(zip(text, plain_text, *by_words, strict=True))
            if found == plain and plain not in others
        ]
    if len(wrong) >= _WRONG_MIN or (len(kept) >= _UNCONVERTED_MIN and len(kept) >= _UNCONVERTED_SHARE * len(text)):
        return " ".join(list(dict.fromkeys([*wrong, *kept]))[:8])
    return None


def _traditional_share(text: str, plain_text: str) -> float:
    """Traditional-only characters among those that one script alone uses; 0 where there are none."""
    counts = Counter(text)
    changed = sum(counts[char] for char in counts.keys() - set(plain_text))
    if not changed:
        return 0.0
    characters = [char for char in counts if char != "\n"]
    converted = _converter("s2t").convert("\n".join(characters)).split("\n")
    simplified_only = sum(counts[char] for char, other in zip(characters, converted, strict=True) if other != char)
    return changed / (changed + simplified_only)


@cache
def _converter(direction: str) -> opencc.OpenCC:
    return opencc.OpenCC(direction)


def _head_only(where: str) -> bool:
    if where not in ("head", "anywhere"):
        raise TrustRulesError(f"scrapers/judging/trust.toml: where = {where!r}; write head or leave it out")
    return where == "head"


@cache
def _rules() -> _Rules:
    raw = tomllib.loads(files("scrapers.judging").joinpath("trust.toml").read_text(encoding="utf-8"))
    try:
        spam = tuple(
            _SpamTerm(
                term["name"],
                tuple(term["contains"]),
                re.compile(term["pattern"]),
                _head_only(term.get("where", "anywhere")),
            )
            for term in raw["spam"]
        )
        return _Rules(
            zones=tuple(str(zone) for zone in raw["trusted_zones"]),
            spam=spam,
            spam_pieces=re.compile("|".join(re.escape(piece) for term in spam for piece in term.contains)),
            wrong_conversions=re.compile("|".join(map(re.escape, raw["wrong_conversions"]))),
        )
    except (KeyError, re.error) as error:
        raise TrustRulesError(f"scrapers/judging/trust.toml: {error!r}; mend the rule it names") from error
