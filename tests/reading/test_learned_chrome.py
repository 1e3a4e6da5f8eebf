"""Chrome learned from pages of one host: what recurs at the edges goes, what recurs because reports do stays."""

from __future__ import annotations

from scrapers.reading.learned import learn_chrome
from scrapers.reading.page import read_page
from tests.reading.specimens import FIRST, PARAGRAPHS, THIRD, TITLE, URL, article_meta, page

PROMPT = "本栏目由示例县融媒体中心制作播出"
PAGES = [
    ["一、总体情况", f"第{n}年，{FIRST}", THIRD, "示例县人民政府", "2025年3月10日", "（此件公开发布）", PROMPT]
    for n in range(6)
]


def test_a_line_at_the_end_of_most_pages_is_learned_and_nothing_else_is() -> None:
    learned = learn_chrome(PAGES)
    assert [(rule.line, rule.where, rule.seen, rule.of) for rule in learned] == [(PROMPT, "tail", 6, 6)]


def test_three_pages_teach_nothing() -> None:
    assert learn_chrome(PAGES[:3]) == ()


def test_a_learned_line_is_removed_by_its_id() -> None:
    learned = learn_chrome([[f"第{n}年，{FIRST}", f"{n}{THIRD}", PROMPT] for n in range(6)])
    markup = f'<h1>{TITLE}</h1><div id="zoom">{PARAGRAPHS}<p>{PROMPT}</p></div>'
    draft = read_page(page(markup, head=article_meta()), URL, learned=learned)
    assert draft.text.endswith(THIRD)
    assert [(removal.rule, removal.text) for removal in draft.removed] == [(f"learned:{learned[0].id}", "\n" + PROMPT)]


def test_a_learned_line_is_not_cut_out_of_a_sentence() -> None:
    learned = learn_chrome([[f"第{n}年，{FIRST}", f"{n}{THIRD}", PROMPT] for n in range(6)])
    markup = f'<h1>{TITLE}</h1><div id="zoom">{PARAGRAPHS}<p>会议指出，{PROMPT}的节目，应当更加贴近群众。</p></div>'
    assert PROMPT in read_page(page(markup, head=article_meta()), URL, learned=learned).text
