"""``nianbao search``: the reports that speak of something, the best first, with the place where they do."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import typer
from rich.console import Console
from rich.text import Text

from flows.commands.shown_answer import output_format, show_answer
from flows.settings import Settings
from flows.terminal import shown, talk
from flows.upkeep.words import query_words
from scrapers.reading.simplified import simplified
from scrapers.reading.words import DICTIONARY_VERSION, tokens
from warehouse.query import Answer
from warehouse.search import MARKS, Filters, dictionaries, missing_words, nearest_words, search_reports

_PHRASE = re.compile('["“”][^"“”]+["“”]')
_UNSEEN = ("\N{INVISIBLE SEPARATOR}", "\N{INVISIBLE PLUS}")
"""Marks no text has: what becomes bold on a terminal."""


def search_command(settings: Settings, query: str, *, filters: Filters, most: int, output: str) -> int:
    """Results on standard output; absent words and outdated cuts are said on standard error. Exit code 0 also where
    nothing is found: asking is done.
    """
    form = output_format(output, file=False)
    words = query_words(query)
    if not words and not _PHRASE.search(query):
        raise typer.BadParameter(f"{query!r} has no word to look for: particles and signs are not searched")
    if filters.division is not None and not re.fullmatch(r"\d{1,6}", filters.division):
        raise typer.BadParameter(f"{filters.division!r} is no division code: give its first digits, 33 for Zhejiang")
    reader = settings.reader_path
    screen = form == "table"
    marks = _UNSEEN if screen and sys.stdout.isatty() else MARKS if screen else ("", "")
    plain = simplified(query)
    answer = search_reports(reader, query, words=words, plain=plain, filters=filters, most=most, marks=marks)
    if screen:
        _show(answer)
    else:
        show_answer(answer, form)
    _say_what_is_missing(reader, query)
    _say_other_dictionaries(reader)
    if not answer.rows:
        talk.print(
            "No trusted report matches." + (" Ask for less: a filter or phrase fewer." if filters != Filters() else "")
        )
    return 0


def _show(answer: Answer) -> None:
    """Two lines and the snippet for each result."""
    at = {name: number for number, name in enumerate(answer.columns)}
    console = Console(highlight=False, soft_wrap=True)
    for number, row in enumerate(answer.rows, 1):
        console.print(
            Text(
                shown(
                    f"{number}. {row[at['publisher']]} {row[at['report_year']]} {row[at['report_type']]}: "
                    f"{row[at['title']]} ({row[at['score']]:.2f})"
                )
            )
        )
        console.print(_bold(str(row[at["snippet"]] or "")))
        console.print(Text(shown(row[at["url"]]), style="dim"))


def _bold(snippet: str) -> Text:
    text = Text("   ")
    bold = False
    for piece in re.split(f"([{''.join(_UNSEEN)}])", snippet):
        if piece in _UNSEEN:
            bold = piece == _UNSEEN[0]
        else:
            text.append(shown(piece), style="bold" if bold else "")
    return text


def _say_what_is_missing(reader: Path, query: str) -> None:
    """Words of the query that no trusted report has, by what was typed between two spaces, with the nearest words."""
    # With the terms that hold it a word may well be there: 应诉 stands in 行政应诉.
    wider = {
        typed: {word: query_words(word) for word in tokens(typed)}
        for typed in dict.fromkeys(re.findall(r'[^\s"“”]+', simplified(query)))
    }
    missing = set(
        missing_words(reader, [each for words in wider.values() for group in words.values() for each in group])
    )
    for typed, words in wider.items():
        absent = [word for word, group in words.items() if missing.issuperset(group)]
        if not absent:
            continue
        near = list(dict.fromkeys(word for wrong in (typed, *absent) for word in nearest_words(reader, wrong)))[:4]
        meant = f" Did you mean {' or '.join(near)}?" if near else ""
        talk.print(shown(f"No report has the word {'、'.join(absent)}.{meant}"))


def _say_other_dictionaries(reader: Path) -> None:
    other = {name: count for name, count in dictionaries(reader).items() if name != DICTIONARY_VERSION}
    if other:
        talk.print(
            f"{sum(other.values())} reports were cut by another dictionary ({', '.join(other)}; this nianbao has "
            f"{DICTIONARY_VERSION}) and may be missed: the next nianbao crawl cuts them again."
        )
