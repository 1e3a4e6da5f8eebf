"""Quantities in running text: what a careful reader takes from a sentence, and what is none."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrapers.reading.quantities import EXTRACTOR_VERSION, quantities
from scrapers.records import Block, Quantity

LABELLED = [
    line.split("\t")
    for line in Path(__file__).with_name("quantities.tsv").read_text("utf-8").splitlines()
    if not line.startswith("#")
]


def shown(found: Quantity) -> str:
    return f"{found.number:g} {found.unit} {found.kind} {found.counted or '-'} {found.approximate or '-'}".replace(
        f"{found.number:g}", str(int(found.number)) if found.number == int(found.number) else str(found.number)
    )


@pytest.mark.parametrize(("sentence", "expected"), LABELLED, ids=[sentence[:24] for sentence, _ in LABELLED])
def test_a_sentence_gives_what_a_careful_reader_takes_from_it(sentence: str, expected: str) -> None:
    assert [shown(one) for one in quantities(sentence).found] == ([] if expected == "-" else expected.split(";"))


def test_there_are_enough_labelled_sentences_of_both_kinds() -> None:
    assert len(LABELLED) >= 60
    assert sum(expected == "-" for _, expected in LABELLED) >= 15


def test_a_quantity_says_where_it_stands() -> None:
    lines = ("一、主要举措", "全年收到申请379件，受理率为98.5%。")
    blocks = (Block("heading", lines[0], 1), Block("paragraph", lines[1]))
    text = "\n".join(lines)
    first, second = quantities(text, blocks).found
    assert (first.printed, first.clause, first.block) == ("379件", "全年收到申请379件", 1)
    assert text[first.offset : first.offset + 4] == "379件"
    assert (second.printed, second.clause, second.block) == ("98.5%", "受理率为98.5%", 1)


def test_numbers_of_tables_are_figures_and_no_quantities() -> None:
    blocks = (
        Block("paragraph", "受理5件。"),
        Block("table", "指标\t件数\n受理\t7件", table=0),
        Block("paragraph", "审结4件。"),
    )
    text = "\n".join(block.text for block in blocks)
    assert [(one.printed, one.block) for one in quantities(text, blocks).found] == [("5件", 0), ("4件", 2)]


def test_a_heading_or_a_colon_says_of_what_follows_that_it_is_planned() -> None:
    def counted(*lines: tuple[str, str]) -> list[str | None]:
        blocks = tuple(Block(kind, text) for kind, text in lines)
        return [one.counted for one in quantities("\n".join(block.text for block in blocks), blocks).found]

    plan = [("paragraph", "一是开展培训20次。"), ("paragraph", "二是新增网点3个。")]
    done = [("paragraph", "开展培训12次。")]
    planned = ["将一是开展培训", "将二是新增网点"]
    assert counted(*done, ("paragraph", "下一步，将从以下方面改进："), *plan) == ["开展培训", *planned]
    assert counted(("heading", "（二）下一步打算"), *plan, ("heading", "六、其他"), *done) == [*planned, "开展培训"]
    assert counted(("heading", "五、存在的不足和下一步打算"), *done) == ["开展培训"]
    assert counted(("paragraph", "下一步，要补齐短板。"), *done) == ["开展培训"]


def test_what_is_printed_in_traditional_characters_is_counted_in_simplified() -> None:
    (one,) = quantities("組織集體學法12場。").found
    assert (one.printed, one.clause, one.counted) == ("12場", "組織集體學法12場", "组织集体学法")


def test_the_finds_carry_the_version_of_the_rules() -> None:
    assert quantities("").extractor == EXTRACTOR_VERSION
    assert quantities("").found == ()


_ALPHABET = (
    "0123456789０９.,，。、；：\n\t（）《》“”%％‰第前每件个项万亿千百余多近人次元倍分之百点年月日增长下降至到"
    "一二三十两零 A/-—:國"
)


@settings(max_examples=400, deadline=None)
@given(st.text() | st.text(alphabet=_ALPHABET, max_size=60))
def test_any_text_is_read_and_every_quantity_stands_where_it_says(text: str) -> None:
    lines = text.split("\n")
    found = quantities(text).found
    for one in found:
        assert one.printed
        assert text[one.offset : one.offset + len(one.printed)] == one.printed
        assert one.printed in lines[one.block]
        assert one.clause in lines[one.block]
    assert [one.offset for one in found] == sorted(one.offset for one in found)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["受理申请", "制定规范性文件", "组织培训"]),
    st.integers(0, 99_999_999),
    st.sampled_from(["件", "人次", "个", "场"]),
    st.sampled_from(["", "余", "多"]),
    st.booleans(),
)
def test_a_plain_count_is_read_whatever_the_number(thing: str, number: int, unit: str, more: str, commas: bool) -> None:
    written = f"{number:,}" if commas else str(number)
    (one,) = quantities(f"全年{thing}{written}{more}{unit}，成效明显。").found
    assert (one.number, one.unit, one.counted, one.approximate) == (number, unit, thing, more or None)
    assert one.printed == f"{written}{more}{unit}"


def test_the_figures_of_real_reports_are_found(shared: Path) -> None:
    """Every `…率` that a seed states with a per cent sign, and every count with 件, is there."""
    texts = [path.read_text("utf-8") for path in sorted((shared / "seeds" / "text").glob("*.txt"))]
    found = [one for text in texts for one in quantities(text).found]
    assert len(found) >= 120
    for text in texts:
        for one in quantities(text).found:
            assert text[one.offset : one.offset + len(one.printed)] == one.printed
    named = {(one.counted, one.printed) for one in found}
    assert ("受理行政复议申请", "379件") in named
    assert ("我区行政机关负责人出庭应诉率", "100%") in named
    assert ("废止的县政府行政规范性文件", "42件") in named
    years = [one for one in found if one.printed.endswith("年") or "〔" in one.printed]
    assert years == []


def test_long_texts_take_time_in_proportion() -> None:
    sentence = "全年收到行政复议申请379件，依法受理率为98.5%，" * 40
    began = time.perf_counter()
    quantities(sentence)
    once = time.perf_counter() - began
    began = time.perf_counter()
    quantities(sentence * 50)
    assert time.perf_counter() - began < 50 * once * 6 + 0.2
    for digits in (
        "1" * 50_000,
        "一" * 50_000,
        "百" * 50_000,
        "1," * 50_000,
        "," * 50_000,
        "1件" * 20_000,
        "自3件以来" * 10_000,
    ):
        began = time.perf_counter()
        quantities(digits)
        assert time.perf_counter() - began < 5


def test_blocks_that_do_not_make_the_text_break_nothing() -> None:
    block = Block("paragraph", "受理5件。")
    assert quantities("受理5件。\n审结4件。", (block,)).found
    assert quantities("", (block, replace(block, text=""))).found == ()
