"""``nianbao quarantine`` and ``corrections``: what people decide and correct, from the terminal to the reader copy."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployments.portal.demo import SOURCES, demo_network
from deployments.portal.exchange import Asked
from deployments.portal.proxy import Portal
from flows.settings import Settings
from tests.flows.command_line import Done, nianbao
from warehouse.query import run_sql

ONE = "yunling/yanxi"


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    with Portal(demo_network()) as running:
        yield running


def rows(folder: Path, query: str) -> tuple[tuple[Any, ...], ...]:
    return run_sql(Settings(data_dir=folder / "data").reader_path, query).rows


def crawl(folder: Path, portal: Portal) -> None:
    done = nianbao(
        "crawl", "--no-prefect", "--source", ONE, "--recheck-days", "0", folder=folder, portal=portal,
        sources_dir=str(SOURCES),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]


def command(folder: Path, *arguments: str) -> Done:
    return nianbao(*arguments, folder=folder, sources_dir=str(SOURCES))


def hacked(portal: Portal, url: str, more: str = "") -> None:
    """The page as a break-in leaves it: a brand at its head, and ``more`` behind it."""
    body = portal.network.answer(Asked("GET", url)).body.decode()
    paragraph = '<div style="text-indent: 2em;">'
    portal.replace(url, body.replace(paragraph, f"{paragraph}江南体育下载</div>{paragraph}{more}", 1))


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory, portal: Portal) -> Path:
    """A crawl in which one page of three was broken into."""
    folder = tmp_path_factory.mktemp("crawled")
    crawl(folder, portal)
    ((url,),) = rows(folder, "SELECT url FROM reports ORDER BY report_year DESC, url LIMIT 1")
    hacked(portal, url)
    crawl(folder, portal)
    assert len(rows(folder, "FROM quarantine")) == 1
    portal.restore(url)
    return folder


@pytest.fixture
def folder(crawled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(crawled, tmp_path / "work"))


def suspect(folder: Path) -> tuple[str, str]:
    ((document, url),) = rows(folder, "SELECT document_id, url FROM quarantine")
    return document, url


def accept(folder: Path, wanted: str) -> Done:
    return command(folder, "quarantine", "accept", wanted, "--reason", "the town's choir is called so", "--by", "李")


def test_the_quarantine_lists_its_pages_with_the_reason(folder: Path) -> None:
    document, url = suspect(folder)
    done = command(folder, "quarantine", "list")
    assert done.returncode == 0, done.stderr
    assert document in done.stdout
    assert "1 page in quarantine. nianbao quarantine show ID has the page" in done.stderr
    (row,) = json.loads(command(folder, "quarantine", "list", "--format", "json", "--source", ONE).stdout)
    assert (row["document_id"], row["url"], row["decided_before"]) == (document, url, None)
    assert row["reason"] == "spam on a trusted host (体育下载)"


def test_a_page_is_shown_with_what_speaks_against_it_and_its_text(folder: Path) -> None:
    document, url = suspect(folder)
    done = command(folder, "quarantine", "show", document[:6])
    assert done.returncode == 0, done.stderr
    fields, _, text = done.stdout.partition("\n\n")
    assert f"document_id: {document}\n" in fields
    assert f"url: {url}\n" in fields
    assert "evidence: spam_terms: 体育下载" in fields
    assert "江南体育下载" in text.splitlines()[0]
    assert "more characters: --whole shows all" in done.stderr
    whole = command(folder, "quarantine", "show", url, "--whole").stdout
    assert len(whole) > len(done.stdout)


def test_an_accepted_page_is_found_counted_and_published_at_once(folder: Path) -> None:
    document, url = suspect(folder)
    before = rows(folder, "SELECT count(*) FROM reports")[0][0]
    done = accept(folder, url)
    assert done.returncode == 0, done.stderr
    assert "It is in reports now, and published." in done.stderr
    assert rows(folder, "SELECT count(*) FROM reports") == ((before + 1,),)
    assert rows(folder, f"SELECT count(*) > 100 FROM terms WHERE document_id = '{document}'") == ((True,),)
    assert rows(folder, f"SELECT count(*) > 2 FROM sections WHERE document_id = '{document}'") == ((True,),)
    assert rows(folder, f"SELECT count(*) > 2 FROM figures WHERE document_id = '{document}'") == ((True,),)
    assert document in command(folder, "search", "江南体育", "--format", "json").stdout
    assert "No problem" in command(folder, "problems").stderr
    listed = command(folder, "quarantine", "list", "--decided").stdout
    assert all(word in listed for word in (document, "accepted", "in_force", "李", "the town's choir is called so"))


def test_a_decision_outlives_a_crawl_and_a_lost_warehouse(folder: Path, portal: Portal) -> None:
    document, url = suspect(folder)
    accept(folder, document)
    hacked(portal, url)
    crawl(folder, portal)
    portal.restore(url)
    assert (document,) in rows(folder, "SELECT document_id FROM reports")
    settings = Settings(data_dir=folder / "data")
    settings.warehouse_path.unlink()
    done = command(folder, "archive", "rebuild")
    assert done.returncode == 0, done.stderr
    assert (document,) in rows(folder, "SELECT document_id FROM reports")
    assert rows(folder, f"SELECT count(*) > 100 FROM terms WHERE document_id = '{document}'") == ((True,),)


def test_an_accepted_page_that_changes_is_in_quarantine_again_and_says_so(folder: Path, portal: Portal) -> None:
    document, url = suspect(folder)
    accept(folder, document)
    hacked(portal, url, more="威廉希尔")
    crawl(folder, portal)
    portal.restore(url)
    assert "1 of them decided on before and changed since" in command(folder, "quarantine", "list").stderr
    assert "accepted by 李 on" in command(folder, "quarantine", "show", document).stdout
    problems = command(folder, "problems").stdout
    assert "decision" in problems
    assert "text_changed" in problems


def test_a_rejected_page_leaves_the_quarantine_and_can_be_reopened(folder: Path) -> None:
    document, _ = suspect(folder)
    done = command(folder, "quarantine", "reject", document, "--reason", "hijacked", "--by", "王")
    assert done.returncode == 0, done.stderr
    assert rows(folder, "FROM quarantine") == ()
    done = command(folder, "quarantine", "reopen", document, "--reason", "too quick", "--by", "王")
    assert "It is quarantined again, as it was read" in done.stderr
    assert suspect(folder)[0] == document
    again = command(folder, "quarantine", "reopen", document, "--reason", "too quick", "--by", "王")
    assert again.returncode == 2
    assert "there is no decision to take back" in again.stderr


def test_an_unknown_page_is_bad_usage_with_the_nearest(folder: Path) -> None:
    document, _ = suspect(folder)
    wrong = document[:-2] + "zz"
    done = accept(folder, wrong)
    assert done.returncode == 2
    assert f"no page of the quarantine is named {wrong}. Nearest: {document}" in done.stderr
    ((trusted,),) = rows(folder, "SELECT document_id FROM reports LIMIT 1")
    done = accept(folder, trusted)
    assert done.returncode == 2
    assert f"{trusted} is accepted and was never in quarantine" in done.stderr
    assert not (folder / "data" / "quarantine_decisions.jsonl").exists()


def test_a_decision_needs_a_reason_and_a_name(folder: Path) -> None:
    document, _ = suspect(folder)
    assert command(folder, "quarantine", "accept", document, "--by", "李").returncode == 2
    done = command(folder, "quarantine", "accept", document, "--reason", " ", "--by", "李")
    assert done.returncode == 2
    assert "neither may be empty" in done.stderr


def test_decisions_of_a_warehouse_that_is_gone_are_not_written_over_its_reader_copy(folder: Path) -> None:
    document, _ = suspect(folder)
    Settings(data_dir=folder / "data").warehouse_path.unlink()
    done = accept(folder, document)
    assert done.returncode == 1
    assert "nianbao archive rebuild" in done.stderr
    assert len(rows(folder, "FROM reports")) > 1


# ------------------------------------------------------------------ corrections


def correction(folder: Path, **changes: object) -> tuple[str, str]:
    """One correction of the first report's year; returns its document and address."""
    ((document, url, year),) = rows(folder, "SELECT document_id, url, report_year FROM reports ORDER BY url LIMIT 1")
    entry = {
        "url": url,
        "field": "report_year",
        "expect": year,
        "value": 2001,
        "reason": "says so in its text",
    } | changes
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in entry.items()]
    (folder / "data" / "corrections.toml").write_text("\n".join(["[[correction]]", *lines, ""]), "utf-8")
    return document, url


def test_a_correction_is_applied_shown_and_undone(folder: Path) -> None:
    document, _ = correction(folder)
    year = f"SELECT report_year FROM reports WHERE document_id = '{document}'"
    (before,) = rows(folder, year)
    done = command(folder, "corrections")
    assert "1 more stand in the files since the last run: nianbao corrections --apply" in done.stderr
    done = command(folder, "corrections", "--apply")
    assert done.returncode == 0, done.stderr
    assert "1 document changed; published." in done.stderr
    assert "applied" in done.stdout
    assert rows(folder, year) == ((2001,),)
    (folder / "data" / "corrections.toml").unlink()
    assert "1 document changed" in command(folder, "corrections", "--apply").stderr
    assert rows(folder, year) == (before,)


def test_a_correction_of_a_mended_source_fails_where_people_look(folder: Path) -> None:
    correction(folder, value=1999, expect=1998)
    done = command(folder, "corrections", "--apply")
    assert done.returncode == 1
    assert "source_changed" in done.stdout
    assert "take the correction out, or write what is read today as its expect" in done.stderr
    assert "source_changed" in command(folder, "problems").stdout
    checked = command(folder, "sources", "check", ONE)
    assert checked.returncode == 1
    assert "report_year is read as" in checked.stderr
    doctor = command(folder, "doctor")
    assert "corrections" in doctor.stdout
    assert "1 of them is not applied" in doctor.stdout


def test_a_wrong_correction_is_bad_usage_with_its_line_and_stops_a_crawl_before_it_starts(
    folder: Path, portal: Portal
) -> None:
    correction(folder, field="yeer")
    for arguments in (("corrections",), ("crawl", "--no-prefect", "--source", ONE), ("sources", "check", ONE)):
        done = nianbao(*arguments, folder=folder, portal=portal, sources_dir=str(SOURCES))
        assert "corrections.toml:3: field: no such field can be corrected" in done.stderr, arguments
        assert done.returncode in (1, 2)
