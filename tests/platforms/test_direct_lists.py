"""A list asked for without the page it stands in: when what that page stated is relied on, and when no longer."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from scrapers.platforms.direct import digest_of
from scrapers.platforms.listing import list_column
from scrapers.records import Listing, Outcome, Request
from tests.platforms.columns_in_memory import Answer, ColumnInMemory, JpaasColumn, JpageColumn, articles
from tests.platforms.columns_of_programs import DatasourceColumn, DatastoreColumn, GkmlptColumn, TrsApiColumn


class ShellJpageColumn(JpageColumn):
    """A column page that states the ids of its list and shows none of its records."""

    frames = 1

    def column_page(self) -> str:
        page = super().column_page()
        return page[: page.index("<datastore>")] + page[page.index("</datastore>") + len("</datastore>") :]


class ShellTrsApiColumn(TrsApiColumn):
    """``listModel`` without 动静结合: page 1 comes from the service, too."""

    frames = 1

    def answer(self, request: Request) -> str:
        text = super().answer(request)
        if "/was5/" in request.url:
            return text
        start, end = text.index("<dl"), text.rindex("</dl>") + len("</dl>")
        return text[:start] + text[end:]


class ShellDatasourceColumn(DatasourceColumn):
    """The block's element is empty until a script fills it."""

    frames = 1

    def answer(self, request: Request) -> str:
        text = super().answer(request)
        if request.url.endswith(".json"):
            return text
        return text[: text.index("<li")] + text[text.rindex("</li>") + len("</li>") :]


FRAMED: list[type[ColumnInMemory]] = [
    JpaasColumn,
    DatastoreColumn,
    GkmlptColumn,
    ShellJpageColumn,
    ShellTrsApiColumn,
    ShellDatasourceColumn,
]
every_framed_list = pytest.mark.parametrize("family", FRAMED, ids=lambda family: family.__name__)


def listed(site: ColumnInMemory, **options: object) -> Listing:
    return list_column(site.source, site.column, site.fetch, **options)  # type: ignore[arg-type]


def asked_again(site: ColumnInMemory, first: Listing) -> Listing:
    site.asked.clear()
    return listed(
        site,
        known=[row.url for row in first.rows],
        stop_when_known=True,
        known_total=first.total_stated,
        learned=first.parameters,
    )


@every_framed_list
def test_what_a_column_s_page_stated_saves_the_page_the_next_time(family: type[ColumnInMemory]) -> None:
    site = family(articles(max(family.enough, 200)))
    first = listed(site)
    assert first.outcome is Outcome.OK, first.detail
    assert first.parameters
    assert first.parameters_of == digest_of(site.column)
    again = asked_again(site, first)
    assert (again.outcome, len(site.asked)) == (Outcome.OK, 1), again.detail
    assert again.parameters == {}, "nothing was learned: the page was not asked"


@every_framed_list
def test_the_whole_list_is_the_same_without_the_page(family: type[ColumnInMemory]) -> None:
    site = family(articles(max(family.enough, 200)))
    first = listed(site)
    direct = listed(site, learned=first.parameters)
    assert (direct.outcome, direct.rows) == (Outcome.OK, first.rows)
    assert direct.total_stated == first.total_stated


@pytest.mark.parametrize(
    "refusal",
    [
        (Outcome.OK, None, json.dumps({"success": False, "code": "500", "data": None})),
        (Outcome.OK, None, json.dumps({"data": {"html": '<div><ul></ul><div count="0"></div></div>'}})),
        (Outcome.OK, None, json.dumps({"data": {"html": '<li><a href="/art/1.html">别的栏目</a>2026-01-01</li>'}})),
        (Outcome.GONE, "404", ""),
        (Outcome.SERVER_ERROR, "500", ""),
        (Outcome.SOFT_404, None, ""),
    ],
    ids=["an error in JSON", "no row", "rows of another list", "gone", "a server error", "a soft 404"],
)
def test_where_the_numbers_no_longer_name_the_list_the_page_says_which_do(refusal: Answer) -> None:
    site = JpaasColumn(articles(120))
    first = listed(site)
    stale = {**first.parameters, "tplSetId": "theOldOne"}
    site.before = lambda site, count: refusal if "theOldOne" in site.asked[-1].url else None
    site.asked.clear()
    again = listed(site, known=[row.url for row in first.rows], stop_when_known=True, known_total=120, learned=stale)
    assert again.outcome is Outcome.OK, again.detail
    assert ["/build/unit" in request.url for request in site.asked] == [True, False, True]
    assert again.parameters == first.parameters, "learned anew"


@pytest.mark.parametrize("outcome", [Outcome.TIMEOUT, Outcome.CHALLENGE, Outcome.ROBOTS_DENIED, Outcome.DNS])
def test_a_site_that_does_not_answer_is_not_asked_for_the_page_as_well(outcome: Outcome) -> None:
    site = JpaasColumn(articles(120))
    first = listed(site)
    site.before = lambda site, count: (outcome, None, "")
    again = asked_again(site, first)
    assert (again.outcome, len(site.asked)) == (outcome, 1)


def test_a_changed_entry_of_the_registry_makes_what_was_learned_worthless() -> None:
    column = GkmlptColumn(articles(3)).column
    for changed in (
        replace(column, name="别的名称"),
        replace(column, parameters={"category": "7"}),
        replace(column, url=column.url + "1"),
        replace(column, platform="plain"),
    ):
        assert digest_of(changed) != digest_of(column)
    assert digest_of(replace(column, include=("法治",))) == digest_of(column), "titles are judged later"


def test_a_column_that_needs_no_other_page_learns_nothing() -> None:
    assert listed(JpageColumn(articles(931))).parameters == {}
