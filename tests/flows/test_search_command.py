"""Search as a person types it, on the demo network: judged queries, filters, absent words, a changed dictionary."""

from __future__ import annotations

import importlib.util
import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

import flows.upkeep.words
from deployments.portal.demo import SOURCES, demo_network
from deployments.portal.proxy import Portal
from flows.upkeep.words import query_words, recut_words
from scrapers.reading.words import DICTIONARY_VERSION, tokens
from scrapers.records import Words
from tests.flows.command_line import Done, nianbao
from warehouse.database import attach, writing
from warehouse.readers import publish
from warehouse.search import Filters, search_reports
from warehouse.storage.literals import quoted

QUERIES = Path(__file__).with_name("judged_queries.tsv")
FLOOR = 0.92
"""nDCG@10 of ``nianbao search`` over the judged queries; measured, and to be raised only."""
SAME = 35
"""Of the judged queries, those for which the cut in SQL and jieba's find the same ten reports; measured: 37. They part
where no report has a word that jieba knows: 十四五 is then 十四 in SQL."""


@dataclass(frozen=True, slots=True)
class Judged:
    query: str
    strings: tuple[str, ...]
    place: str | None

    def grade(self, publisher: str, text: str) -> int:
        held = [string in text for string in self.strings]
        here = self.place is None or self.place in publisher
        if all(held) and here:
            return 2
        return 1 if all(held) or (here and any(held)) else 0


def judged_queries() -> list[Judged]:
    rows = [line.split("\t") for line in QUERIES.read_text("utf-8").splitlines() if not line.startswith("#")]
    return [Judged(row[0], tuple(row[1].split("|")), row[2] if len(row) > 2 else None) for row in rows]


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("searched")
    with Portal(demo_network()) as portal:
        done = nianbao("crawl", "--no-prefect", folder=folder, portal=portal, sources_dir=str(SOURCES))
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def reader(crawled: Path) -> Path:
    return crawled / "data" / "nianbao.duckdb"


@pytest.fixture
def bare(reader: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The file in a DuckDB that knows nothing of this program."""
    connection = duckdb.connect(str(reader), read_only=True)
    yield connection
    connection.close()


def search(crawled: Path, *arguments: str) -> Done:
    return nianbao("search", *arguments, folder=crawled)


def rows(crawled: Path, *arguments: str) -> list[dict[str, object]]:
    done = search(crawled, *arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found


def gain(grades: Sequence[int]) -> float:
    return sum((2.0**grade - 1) / math.log2(place + 2) for place, grade in enumerate(grades))


def mean_ndcg(reader: Path, ask: Callable[[str], list[str]]) -> float:
    connection = attach(reader, read_only=True)
    texts = {
        str(document): (str(publisher), str(text))
        for document, publisher, text in connection.execute(
            "SELECT document_id, publisher, text FROM report_texts"
        ).fetchall()
    }
    connection.close()
    scores = []
    for judged in judged_queries():
        grades = {document: judged.grade(*page) for document, page in texts.items()}
        best = gain(sorted(grades.values(), reverse=True)[:10])
        assert best > 0, f"{judged.query}: no report is relevant"
        scores.append(gain([grades[document] for document in ask(judged.query)[:10]]) / best)
    return sum(scores) / len(scores)


def by_command(reader: Path) -> Callable[[str], list[str]]:
    def ask(query: str) -> list[str]:
        answer = search_reports(reader, query, words=query_words(query), filters=Filters(), snippets=False)
        return [str(row[answer.columns.index("document_id")]) for row in answer.rows]

    return ask


def as_fts_does(reader: Path) -> Callable[[str], list[str]]:
    """BM25 as DuckDB's FTS extension computes it over the same tokens: the query's own words, none besides."""
    connection = attach(reader, read_only=True)
    counts: dict[str, Counter[str]] = {}
    for document, token, count in connection.execute('SELECT document_id, token, "count" FROM terms').fetchall():
        counts.setdefault(str(document), Counter())[str(token)] = int(count)
    connection.close()
    mean = sum(words.total() for words in counts.values()) / len(counts)

    def ask(query: str) -> list[str]:
        scores: Counter[str] = Counter()
        for word in dict.fromkeys(tokens(query)):
            having = [document for document, words in counts.items() if word in words]
            weight = math.log10((len(counts) - len(having) + 0.5) / (len(having) + 0.5) + 1)
            for document in having:
                count, length = counts[document][word], counts[document].total()
                scores[document] += weight * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * length / mean))  # type: ignore[assignment]
        return sorted(scores, key=lambda document: (-scores[document], document))

    return ask


def test_forty_judged_queries_are_answered_as_well_as_fts_answers_them_and_not_below_the_floor(reader: Path) -> None:
    assert len(judged_queries()) == 40
    ours, theirs = mean_ndcg(reader, by_command(reader)), mean_ndcg(reader, as_fts_does(reader))
    assert ours >= theirs
    assert ours >= FLOOR


@contextmanager
def fts_itself(reader: Path) -> Iterator[Callable[[str], list[str]]]:
    """DuckDB's FTS extension over the same tokens, ten best; skips where its wheel is not installed."""
    found = importlib.util.find_spec("duckdb_extension_fts")
    folder = Path(next(iter(found.submodule_search_locations or ()))) if found else Path()
    extension = folder / "extensions" / f"v{duckdb.__version__}" / "fts.duckdb_extension"
    if not extension.exists():
        pytest.skip(f"the FTS extension is not here: pip install duckdb-extension-fts=={duckdb.__version__}")
    connection = duckdb.connect()
    connection.execute(f"LOAD {quoted(str(extension))}")
    connection.execute(f"ATTACH {quoted(str(reader))} AS held (READ_ONLY)")
    connection.execute(
        "CREATE TABLE reports AS SELECT document_id, string_agg(repeat(token || ' ', \"count\"), '') AS words "
        "FROM held.terms GROUP BY document_id"
    )
    connection.execute(
        "PRAGMA create_fts_index('reports', 'document_id', 'words', stemmer = 'none', stopwords = 'none', "
        "strip_accents = 0, lower = 0, ignore = '\\s+')"
    )

    def ask(query: str) -> list[str]:
        rows = connection.execute(
            "SELECT document_id FROM (SELECT document_id, fts_main_reports.match_bm25(document_id, $1) AS score "
            "FROM reports) WHERE score IS NOT NULL ORDER BY score DESC, document_id LIMIT 10",
            [" ".join(tokens(query))],
        ).fetchall()
        return [str(document) for (document,) in rows]

    yield ask
    connection.close()


def test_judged_queries_are_answered_as_well_as_the_fts_extension_itself_answers_them(reader: Path) -> None:
    with fts_itself(reader) as fts:
        theirs = mean_ndcg(reader, fts)
        # What the next test holds where the extension is missing is this one's figure, by its formula.
        assert theirs == pytest.approx(mean_ndcg(reader, as_fts_does(reader)), abs=0.01)
        assert mean_ndcg(reader, by_command(reader)) >= theirs


def test_the_macro_answers_a_bare_duckdb_as_well_as_the_command(reader: Path, bare: duckdb.DuckDBPyConnection) -> None:
    def ask(query: str) -> list[str]:
        found = bare.execute("SELECT document_id FROM search($1, snippets := false)", [query]).fetchall()
        return [str(document) for (document,) in found]

    command = by_command(reader)
    same = [query.query for query in judged_queries() if set(ask(query.query)) == set(command(query.query))]
    assert len(same) >= SAME
    assert mean_ndcg(reader, ask) >= mean_ndcg(reader, as_fts_does(reader))


def test_a_word_inside_a_longer_term_is_found(crawled: Path, bare: duckdb.DuckDBPyConnection) -> None:
    assert rows(crawled, "应诉"), "texts have 行政应诉 and 出庭应诉, and no 应诉 by itself"
    assert bare.execute("SELECT count(*) FROM search('应诉')").fetchall() == [(10,)]


def test_a_phrase_stands_verbatim_in_every_result(crawled: Path, bare: duckdb.DuckDBPyConnection) -> None:
    found = rows(crawled, '"出庭应诉率达到" 复议', "--limit", "1000")
    held = bare.execute("SELECT count(*) FROM report_texts WHERE contains(text, '出庭应诉率达到')").fetchall()
    assert [(len(found),)] == held
    assert rows(crawled, '"应诉出庭率达到"') == []
    assert rows(crawled, '"出庭應訴率達到" 複議', "--limit", "1000") == found, (
        "texts in Simplified, asked in Traditional"
    )


def test_filters_narrow_and_do_not_reorder(crawled: Path) -> None:
    everything = rows(crawled, "行政复议 应诉", "--limit", "1000")
    wanted = [
        row
        for row in everything
        if row["report_year"] == 2024
        and str(row["division_code"]).startswith("6301")
        and row["report_type"] == "rule_of_law"
        and row["level"] == "county"
        and "砚溪" in str(row["publisher"])
    ]
    assert wanted
    narrow = ("--year", "2024", "--division", "6301", "--type", "rule_of_law", "--level", "county")
    assert rows(crawled, "行政复议 应诉", *narrow, "--publisher", "砚溪") == wanted


def test_a_pipe_gets_marks_and_data_formats_get_none(crawled: Path) -> None:
    assert "【行政复议】" in search(crawled, "行政复议").stdout
    snippets = [str(row["snippet"]) for row in rows(crawled, "行政复议")]
    assert all("行政复议" in snippet and "【" not in snippet for snippet in snippets)


def test_a_misspelt_word_is_named_with_its_nearest(crawled: Path) -> None:
    done = search(crawled, "行政复义")
    assert done.returncode == 0
    assert "No report has the word 复义. Did you mean 行政复议" in done.stderr


def test_nothing_to_look_for_is_bad_usage(crawled: Path) -> None:
    assert search(crawled, "的").returncode == 2
    assert search(crawled, "行政复议", "--division", "浙江").returncode == 2
    assert search(crawled, "行政复议", "--format", "parquet").returncode == 2


def test_without_a_reader_copy_one_is_told_to_crawl(tmp_path: Path) -> None:
    done = search(tmp_path, "行政复议")
    assert done.returncode == 1
    assert "nianbao crawl" in done.stderr


def test_another_dictionary_is_said_and_the_texts_are_cut_again_once(
    crawled: Path, reader: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = crawled / "data" / "warehouse" / "nianbao.duckdb"
    count = 'SELECT count(*), count(DISTINCT document_id), sum("count") FROM core_terms'
    with writing(warehouse, "test") as connection:
        before = connection.execute(count).fetchall()
        reports = connection.execute("SELECT count(*) FROM core_words").fetchall()[0][0]
    monkeypatch.setattr(flows.upkeep.words, "CUT_AT_ONCE", 50)
    with monkeypatch.context() as patch:
        patch.setattr(flows.upkeep.words, "DICTIONARY_VERSION", "0+old")
        patch.setattr(flows.upkeep.words, "counted", lambda text: Words("0+old", ("整篇",), (1,)))
        assert recut_words(warehouse) == reports
    publish(warehouse, reader)
    assert f"{reports} reports were cut by another dictionary (0+old" in search(crawled, "行政复议").stderr
    assert recut_words(warehouse) == reports
    assert recut_words(warehouse) == 0
    publish(warehouse, reader)
    with writing(warehouse, "test") as connection:
        assert connection.execute(count).fetchall() == before
        assert connection.execute("SELECT DISTINCT dictionary FROM core_words").fetchall() == [(DICTIONARY_VERSION,)]
    assert "another dictionary" not in search(crawled, "行政复议").stderr
