"""Words between the reading and the warehouse: texts cut anew when the dictionary changes, queries cut alike."""

from __future__ import annotations

from pathlib import Path

from scrapers.reading.simplified import simplified
from scrapers.reading.words import DICTIONARY_VERSION, counted, domain_terms, tokens
from warehouse.database import writing
from warehouse.search import replace_words, texts_to_cut

CUT_AT_ONCE = 500
"""Texts cut and replaced in one transaction: what a killed run has to cut again."""


def recut_words(warehouse: Path) -> int:
    """Cut anew the texts that another dictionary cut, or none; returns how many. One look where there are none."""
    done = 0
    with writing(warehouse, "cut words") as connection:
        while texts := texts_to_cut(connection, DICTIONARY_VERSION, CUT_AT_ONCE):
            replace_words(connection, [(document, version, counted(text)) for document, version, text in texts])
            done += len(texts)
    return done


def query_words(query: str) -> tuple[str, ...]:
    """The words of a query as texts are cut, each with the terms of the dictionary that hold it.

    Texts are cut into the longest terms (行政应诉), and who asks for 应诉 means those too.
    """
    asked = list(dict.fromkeys(tokens(simplified(query))))
    wider = [term for term in domain_terms() for word in asked if len(word) > 1 and word in term]
    return tuple(dict.fromkeys([*asked, *wider]))
