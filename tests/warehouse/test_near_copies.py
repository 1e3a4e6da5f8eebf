"""A quarantined page is linked to the trusted report it copies, whichever of the two comes first."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from scrapers.judging import copies
from scrapers.records import Batch, Signature, State
from tests.warehouse.sample_batches import MORNING, SOURCE, address, capture, digest, report, write_all
from warehouse import migrate as migrate_module
from warehouse.answers.copies import nearest_report
from warehouse.database import attach
from warehouse.load import load_pending
from warehouse.migrate import migrations
from warehouse.readers import publish

WORDS = "法治行政执法决策复议监督政务营商审查合同规章诉讼调解普法许可清单服务队伍制度案件"
Load = Callable[..., Any]
Ask = Callable[..., list[tuple[Any, ...]]]


def words(seed: int, share: float = 0.0, edit: int = 0) -> str:
    """2,000 characters, its own for every seed; of these ``share`` are others, in another way for every ``edit``."""
    pick, other = random.Random(seed), random.Random(1000 * seed + edit)
    return "".join(
        other.choice(WORDS) if other.random() < share else char for char in [pick.choice(WORDS) for _ in range(2000)]
    )


def signed(text: str) -> Signature:
    made = copies.signature(text)
    assert made is not None
    return made


def read(number: int, text: str, *, state: State = State.ACCEPTED, days: int = 0, **changes: Any) -> Batch:
    """A page of this text, as a batch of its own."""
    fetched = capture(number, at=MORNING + timedelta(days=days), payload=text)
    lines = ("一、总体情况", text, "二、问题", "三、安排", "继续推进。")
    made = report(number, text=lines, read_from=fetched, state=state, **changes)
    made = replace(made, signature=signed(text), text_digest=digest(made.draft.text))
    return Batch(f"run-{number}-{days}", SOURCE, 0, captures=(fetched,), reports=(made,))


def copy(number: int, text: str, **changes: Any) -> Batch:
    return read(number, text, state=State.QUARANTINED, **changes)


@pytest.fixture
def links(ask: Ask) -> Callable[[], dict[str, str | None]]:
    """Address of each quarantined page -> that of the report it copies."""
    return lambda: dict(ask("SELECT url, mirror_of FROM quarantine"))


Links = Callable[[], dict[str, str | None]]


def test_a_copy_is_linked_to_its_original_and_not_to_its_neighbours(load: Load, links: Links, ask: Ask) -> None:
    load(*(read(number, words(number)) for number in range(6)), copy(9, words(3, share=0.02)))
    assert links() == {address(9): address(3)}
    ((similarity,),) = ask("SELECT similarity FROM quarantine")
    assert copies.NEAR_COPY <= similarity < 1
    assert ask("SELECT count(*) FROM reports") == [(6,)]


def test_a_copy_that_came_first_is_linked_when_its_original_comes(load: Load, links: Links) -> None:
    load(copy(9, words(3, share=0.02)))
    assert links() == {address(9): None}
    load(read(2, words(2)))
    assert links() == {address(9): None}
    load(read(3, words(3)))
    assert links() == {address(9): address(3)}
    load(read(4, words(4)))
    assert links() == {address(9): address(3)}


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_nearest_is_the_original_and_of_equals_the_first_published(
    load: Load, links: Links, order: tuple[int, ...]
) -> None:
    batches = (
        read(1, words(5, share=0.02, edit=1), published_date=date(2020, 1, 1)),
        read(2, words(5), published_date=date(2025, 1, 20)),
        read(3, words(5), published_date=date(2025, 3, 30), source_id="zhejiang/jinhua"),
    )
    load(copy(9, words(5)))
    for place in order:
        load(batches[place])
    assert links() == {address(9): address(2)}


def test_a_report_of_the_same_template_is_no_original(load: Load, links: Links) -> None:
    text = words(5)
    load(read(1, text[:1400] + words(6)[:600]), copy(9, text))
    assert links() == {address(9): None}


def test_a_trusted_report_is_never_called_a_copy(load: Load, ask: Ask) -> None:
    load(read(1, words(5)), read(2, words(5), source_id="zhejiang/jinhua"))
    assert ask("SELECT * FROM core_copies") == []
    assert ask("SELECT count(*) FROM reports") == [(2,)]


def test_an_original_that_loses_trust_is_the_original_no_longer(load: Load, links: Links) -> None:
    load(read(1, words(5)), read(2, words(5, share=0.02)), copy(9, words(5)))
    assert links() == {address(9): address(1)}
    load(read(1, words(5), days=1, state=State.QUARANTINED))
    assert links() == {address(1): address(2), address(9): address(2)}


def test_a_page_that_changes_its_text_is_compared_again(load: Load, links: Links) -> None:
    load(read(1, words(5)), read(2, words(6)), copy(9, words(5)))
    load(copy(9, words(6), days=1))
    assert links() == {address(9): address(2)}
    load(copy(9, words(7), days=2))
    assert links() == {address(9): None}
    load(read(2, words(7), days=3))
    assert links() == {address(9): address(2)}


def test_a_page_that_is_trusted_after_all_is_a_copy_no_longer(load: Load, ask: Ask) -> None:
    load(read(1, words(5)), copy(9, words(5)))
    load(read(9, words(5), days=1))
    assert ask("SELECT * FROM core_copies") == []


def test_an_original_that_moved_is_named_by_its_new_address(load: Load, links: Links) -> None:
    load(read(1, words(5)), copy(9, words(5)))
    load(read(1, words(5), days=1, url="http://www.pujiang.test/new/1.html"))
    assert links() == {address(9): "http://www.pujiang.test/new/1.html"}


def test_signatures_of_another_algorithm_are_not_compared(load: Load, links: Links) -> None:
    older = read(1, words(5))
    (made,) = older.reports
    assert made.signature is not None
    older = replace(older, reports=(replace(made, signature=replace(made.signature, algorithm="older-1")),))
    load(older, copy(9, words(5)))
    assert links() == {address(9): None}
    load(read(1, words(5), days=1))
    assert links() == {address(9): address(1)}, "the same text, signed anew"


def test_a_page_too_short_to_compare_has_no_signature(load: Load, links: Links) -> None:
    short = copy(9, words(5))
    load(read(1, words(5)), replace(short, reports=(replace(short.reports[0], signature=None),)))
    assert links() == {address(9): None}


def test_a_signature_that_cannot_be_stored_sets_its_report_aside(load: Load, ask: Ask) -> None:
    broken = read(1, words(5))
    (made,) = broken.reports
    load(replace(broken, reports=(replace(made, signature=Signature("a", (2**32,), (1,))),)), read(2, words(6)))
    assert ask("SELECT reason FROM raw_rejects") == [("a signature that is not one",)]
    assert ask("SELECT count(*) FROM reports") == [(1,)]


def test_the_warehouse_compares_as_the_judging_room_does(ask: Ask) -> None:
    for share in (0.0, 0.01, 0.05, 0.1, 0.5):
        a, b = signed(words(5)), signed(words(5, share=share))
        similarity = copies.similarity(a, b)
        found = ask(
            "SELECT signature_similarity($a, $b), is_near_copy($similarity)",
            {"a": list(a.minima), "b": list(b.minima), "similarity": similarity},
        )
        assert found == [(similarity, similarity >= copies.NEAR_COPY)]
    assert ask("SELECT is_near_copy(?), is_near_copy(?)", [copies.NEAR_COPY, copies.NEAR_COPY - 1e-9]) == [
        (True, False)
    ]


def test_the_reader_copy_names_the_original_of_a_text(load: Load, warehouse: Path, tmp_path: Path) -> None:
    reader = tmp_path / "reader.duckdb"
    assert nearest_report(reader, signed(words(3))) is None
    load(*(read(number, words(number)) for number in range(6)), copy(9, words(8)))
    publish(warehouse, reader)
    assert nearest_report(reader, signed(words(3, share=0.02))) == address(3)
    assert nearest_report(reader, signed(words(8))) is None, "a copy is nobody's original"


def test_a_reader_copy_of_before_signatures_knows_no_originals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    older = migrations()[:3]
    with monkeypatch.context() as patch:
        patch.setattr(migrate_module, "migrations", lambda: older)
        patch.setattr(migrate_module, "view_scripts", lambda: ())
        patch.setattr(migrate_module, "apply_comments", lambda connection: None)
        connection = attach(tmp_path / "older.duckdb", read_only=False)
        migrate_module.migrate(connection)
        connection.close()
    assert nearest_report(tmp_path / "older.duckdb", signed(words(3))) is None


def test_a_warehouse_of_before_signatures_links_copies_once_its_pages_are_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, landing = tmp_path / "w.duckdb", tmp_path / "landing"

    def unsigned(batch: Batch) -> Batch:
        return replace(batch, reports=tuple(replace(made, signature=None) for made in batch.reports))

    write_all(landing, unsigned(read(1, words(5))), unsigned(copy(9, words(5))))
    load_pending(path, landing)
    write_all(landing, read(1, words(5), days=1), copy(9, words(5), days=1))
    load_pending(path, landing)
    connection = attach(path, read_only=True)
    assert connection.execute("SELECT mirror_of FROM quarantine").fetchall() == [(address(1),)]
    assert connection.execute("SELECT count(*) FROM core_versions").fetchall() == [(2,)]
    connection.close()
