"""What every family of sites has to say about listing a column."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from scrapers.records import Column, ListPage, Outcome, Request

Fetch = Callable[[Request], tuple[Outcome, str | None, str]]
"""Asks one request: its outcome, the detail of a failure, and the decoded text (``""`` for failures)."""


class PlatformError(ValueError):
    """A column cannot be listed as its source describes it; the message says which parameter is missing or wrong."""


class Platform(Protocol):
    """One listing protocol. Pure: decoded text in, rows and further requests out; nothing here talks to a site.

    The answer to the first request may be a frame that holds no rows of its own but tells where they are: ``parse``
    returns it with no rows, requests in ``more`` and ``pager.kind`` ``None``. Every other answer without rows counts
    as a page of the list that listed nothing.
    """

    @property
    def name(self) -> str:
        """As written in a source file, e.g. ``hanweb_jpage``."""

    @property
    def required(self) -> frozenset[str]:
        """Keys that ``Column.parameters`` must hold: no page of the family states them."""

    @property
    def allowed(self) -> frozenset[str]:
        """Keys that ``Column.parameters`` may hold, ``required`` included."""

    @property
    def open_ended(self) -> bool:
        """Whether the family states neither total nor page count, so that a page without a new row ends the list."""

    def first(self, column: Column) -> Request:
        """What to ask first. Raises ``PlatformError`` where a parameter that is needed for it is missing or wrong."""

    def parse(self, column: Column, request: Request, body: str, hosts: tuple[str, ...]) -> ListPage:
        """The answer ``body`` to ``request``. Never raises: what cannot be read has an ``outcome`` and ``detail``."""
