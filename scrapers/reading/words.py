"""Words of a text: jieba's segmentation with a dictionary of this genre, without stop words.

rjieba (Rust) is used where it is installed, jieba elsewhere; a test holds that both give the same tokens. The two
differ only where letters, digits and signs are joined (10-15), so the text is split first and only its runs of Han
are segmented. Text is taken as it is: ``counted`` converts Traditional text before.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import re
import warnings
from collections import Counter
from collections.abc import Callable
from functools import cache
from importlib.resources import files

from scrapers.reading.simplified import simplified
from scrapers.records import Words

_HAN_ONLY = re.compile(r"[一-鿕]+")
_RUN = re.compile(r"[一-鿕]+|[A-Za-z]+|[0-9]+(?:\.[0-9]+)?")
# Between runs of Han in one call of the segmenter: both cut at a line break and give it back as a token.
_BREAK = "\n"
# A frequency at which a term beats every way to spell it with other words: the commonest words have 10**5 to 10**6 of
# the 6 * 10**7 counts in jieba's dictionary, so two of them together are never likelier than this.
_FREQUENCY = 20_000

_TERMS_FILE = "domain_terms.txt"
_STOP_FILE = "stop_words.txt"


class WordListError(ValueError):
    """A word list shipped with the program is not as it should be; the message names the file."""


def _read(name: str) -> str:
    return files("scrapers.reading").joinpath(name).read_text(encoding="utf-8")


def _words(name: str) -> tuple[str, ...]:
    lines = (line.strip() for line in _read(name).splitlines())
    words = tuple(line for line in lines if line and not line.startswith("#"))
    wrong = [word for word in words if not _HAN_ONLY.fullmatch(word)]
    if wrong or len(set(words)) != len(words):
        raise WordListError(
            f"scrapers/reading/{name}: one word of Han a line, each once; mend {wrong or 'the doubles'}"
        )
    return words


def _version() -> str:
    declared = re.search(r"^# version: (\d+)$", _read(_TERMS_FILE), re.MULTILINE)
    if declared is None:
        raise WordListError(f"scrapers/reading/{_TERMS_FILE}: write its version on a line '# version: N'")
    digest = hashlib.sha256((_read(_TERMS_FILE) + _read(_STOP_FILE)).encode()).hexdigest()
    return f"{declared[1]}+{digest[:8]}"


DICTIONARY_VERSION = _version()
"""Of terms and stop words together, e.g. ``1+3f2a9c01``: kept beside the tokens, which change with it."""


@cache
def domain_terms() -> tuple[str, ...]:
    """The terms of the dictionary, each Han only, in the order of their file."""
    return _words(_TERMS_FILE)


def tokens(text: str) -> list[str]:
    """The words of ``text`` in order: Han words, numbers, lower-case Latin words; no stop words, no punctuation."""
    return _tokens(text, _segmenter())


def counted(text: str) -> Words:
    """How often each word stands in ``text`` (converted to Simplified first), the most frequent first."""
    counts = Counter(tokens(simplified(text)))
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return Words(DICTIONARY_VERSION, tuple(token for token, _ in ordered), tuple(count for _, count in ordered))


def _tokens(text: str, cut: Callable[[str], list[str]]) -> list[str]:
    runs = _RUN.findall(text)
    if not runs:
        return []
    stop = _stop_words()
    # One call for all runs of Han; at each break the next run of letters or digits is due, where there is one.
    joined: list[str] = []
    others: list[str] = []
    for run in runs:
        if run[0] >= "一":
            joined.append(run)
            others.append("")
        else:
            joined.append("")
            others.append(run.lower())
    found: list[str] = []
    place = 0
    for word in cut(_BREAK.join(joined)):
        if word == _BREAK:
            if others[place]:
                found.append(others[place])
            place += 1
        elif word not in stop:
            found.append(word)
    if others[place]:
        found.append(others[place])
    return found


@cache
def _stop_words() -> frozenset[str]:
    return frozenset(_words(_STOP_FILE))


@cache
def _segmenter() -> Callable[[str], list[str]]:
    """rjieba's cut where it is installed, jieba's elsewhere; loaded on first use (.1 s and 1 s)."""
    return _rust_segmenter() if importlib.util.find_spec("rjieba") else _python_segmenter()


@cache
def _rust_segmenter() -> Callable[[str], list[str]]:
    import rjieba  # not at the top: optional, and it reads its dictionary when imported

    segmenter = rjieba.Jieba()
    for term in domain_terms():
        segmenter.add_word(term, _FREQUENCY, None)
    cut: Callable[[str], list[str]] = segmenter.cut
    return cut


@cache
def _python_segmenter() -> Callable[[str], list[str]]:
    with warnings.catch_warnings():
        # jieba 0.42.1 imports pkg_resources and has unescaped backslashes: nothing its user can mend.
        warnings.simplefilter("ignore")
        import jieba  # not at the top: a second and 85 MB, and unused beside rjieba

    jieba.setLogLevel(logging.WARNING)
    segmenter = jieba.Tokenizer()
    for term in domain_terms():
        segmenter.add_word(term, _FREQUENCY)
    cut: Callable[[str], list[str]] = segmenter.lcut
    return cut
