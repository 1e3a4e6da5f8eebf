"""Markdown of words that sites wrote, as a CommonMark parser reads it: they are text, whatever they hold."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from flows.runs.markdown import LONGEST_CELL, bullets, cell, fenced, link, table

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
TEXT = st.text(
    st.one_of(
        st.sampled_from(list("`*_[]()<>|&~#!-+=.:\\ \n\t1ahref")), st.characters(codec="utf-8", exclude_characters="\0")
    ),
    max_size=60,
)
HOSTILE = "<img src=x onerror=alert(1)> | **粗** [点](javascript:alert(1)) `` ` `` &lt; ~~x~~ _y_"


def inline(source: str) -> list[Token]:
    """The tokens within the lines of a source."""
    return [child for token in READER.parse(source) for child in token.children or ()]


def written(tokens: list[Token]) -> str:
    assert {token.type for token in tokens} <= {"text", "text_special"}, [token.type for token in tokens]
    return "".join(token.content for token in tokens)


def one_line(text: str) -> str:
    return " ".join(text.split())


@given(TEXT)
@example(HOSTILE)
def test_a_cell_of_a_table_is_the_text_itself(text: str) -> None:
    source = table(("title",), [(text,)], most=5, rest="")
    kinds = [token.type for token in READER.parse(source)]
    assert kinds.count("td_open") == 1
    assert one_line(written(inline(source)[1:])) == one_line(text)


@given(TEXT)
@example(HOSTILE)
@example("# heading")
@example("- - - 1. x")
@example("2023) x")
@example("===")
def test_a_point_of_a_list_is_the_text_itself(text: str) -> None:
    tokens = READER.parse("\n".join(bullets([text, text], most=1)))
    assert [t.type for t in tokens if t.level == 0] == ["bullet_list_open", "bullet_list_close"]
    assert {t.type for t in tokens} <= {
        "bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close", "paragraph_open",
        "paragraph_close", "inline",
    }  # fmt: skip
    said = inline("\n".join(bullets([text], most=1)))
    assert one_line(written(said)) == one_line(text)


@given(TEXT)
@example("```\n# out\n```")
@example("````")
def test_a_fenced_text_cannot_end_its_block(text: str) -> None:
    tokens = READER.parse(f"{fenced(text, 'diff')}\n\nafter")
    assert [token.type for token in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]
    assert tokens[0].info == "diff"


@given(TEXT)
@example("x](http://evil.test")
def test_an_address_is_linked_and_its_text_cannot_lead_elsewhere(text: str) -> None:
    address = "http://www.a.test/p(1).html?q=" + "".join(c for c in text if c > " ")
    opened = [token for token in inline(str(link(text or "page", address))) if token.type == "link_open"]
    assert len(opened) == 1
    assert str(opened[0].attrs["href"]).startswith("http://www.a.test/p")


def test_an_address_that_is_none_of_the_web_is_no_link() -> None:
    assert link("报告", "javascript:alert(1)") == "报告"


def test_more_than_fits_is_counted() -> None:
    assert bullets(["a", "b", "c"], most=2, rest="`nianbao problems`") == [
        "- a",
        "- b",
        "- and 1 more: `nianbao problems`",
    ]
    assert len(cell("字" * 1000)) == LONGEST_CELL
