"""Words: the same from both segmenters, the genre's terms whole, the stop words gone."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrapers.reading import words
from scrapers.reading.words import DICTIONARY_VERSION, tokens

TEXT = """2024年，全县深入推进“大综合一体化”行政执法改革，落实行政执法三项制度和双随机、一公开监管，优化营商环境。
新收行政复议案件123件，行政应诉案件45.5件，府院联动化解行政争议10-15起，负责人出庭应诉率100%。
办理12345热线工单3,210件，开展ABC普法2次。"""


def test_the_terms_of_the_genre_are_words() -> None:
    found = tokens(TEXT)
    for term in (
        "大综合一体化",
        "行政执法",
        "三项制度",
        "双随机",
        "一公开",
        "营商环境",
        "行政复议",
        "行政应诉",
        "府院联动",
    ):
        assert term in found, term


def test_numbers_and_letters_are_words_in_their_place_and_punctuation_is_none() -> None:
    assert tokens("2024年法治45.5分，ABC见10-15页") == ["2024", "法治", "45.5", "分", "abc", "见", "10", "15", "页"]
    assert tokens("，。：“”（）\n\t%") == []
    assert tokens("") == []


def test_stop_words_are_left_out() -> None:
    assert tokens("我们的法治和他们的公开") == ["法治", "公开"]


def test_order_is_kept() -> None:
    found = tokens(TEXT)
    places = [
        TEXT.lower().find(word) for word in ("2024", "大综合一体化", "营商环境", "123", "府院联动", "12345", "abc")
    ]
    assert places == sorted(places)
    assert [found.index(word) for word in ("2024", "营商环境", "府院联动", "abc")] == sorted(
        found.index(word) for word in ("2024", "营商环境", "府院联动", "abc")
    )


def test_both_segmenters_give_the_same_words(shared: Path) -> None:
    pytest.importorskip("rjieba")
    rust, python = words._rust_segmenter(), words._python_segmenter()
    files = [*(shared / "pages/text").glob("*.txt"), *(shared / "seeds/text").glob("*.txt")]
    assert len(files) >= 30
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert words._tokens(text, rust) == words._tokens(text, python), file.name


@settings(max_examples=60)
@given(st.text(alphabet="行政复议法治政府的和了建设营商环境2024aZ10-%。\n 㐀𠀀é", max_size=80))
def test_both_segmenters_give_the_same_words_of_any_text(text: str) -> None:
    pytest.importorskip("rjieba")
    assert words._tokens(text, words._rust_segmenter()) == words._tokens(text, words._python_segmenter())


def test_without_rjieba_jieba_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert words._segmenter.__wrapped__() is words._python_segmenter()


def test_the_dictionary_has_a_version_that_follows_its_content() -> None:
    assert re.fullmatch(r"\d+\+[0-9a-f]{8}", DICTIONARY_VERSION)
    assert words._version() == DICTIONARY_VERSION


def test_a_word_list_with_a_wrong_line_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_read", lambda name: "行政复议\n复议 100 n\n")
    with pytest.raises(words.WordListError, match=r"domain_terms\.txt.*复议 100 n"):
        words._words("domain_terms.txt")
    monkeypatch.setattr(words, "_read", lambda name: "行政复议\n")
    with pytest.raises(words.WordListError, match="version"):
        words._version()


def test_every_term_of_the_dictionary_is_one_word() -> None:
    terms = words._words("domain_terms.txt")
    assert 300 <= len(terms) <= 600
    assert [term for term in terms if words._segmenter()(term) != [term]] == []


def test_importing_the_module_loads_no_segmenter_and_says_nothing() -> None:
    code = "import sys, scrapers.reading.words as w; print([m for m in ('jieba', 'rjieba') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_jieba_is_loaded_without_a_word_on_either_stream() -> None:
    code = "import scrapers.reading.words as w; print(w._tokens('行政复议', w._python_segmenter()))"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("['行政复议']", "")


def test_words_come_ten_times_faster_than_from_plain_jieba() -> None:
    pytest.importorskip("rjieba")
    import jieba

    text = TEXT * 20
    plain = jieba.Tokenizer()
    plain.lcut("法治")
    tokens("法治")

    def seconds(work: Callable[[str], object]) -> float:
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            work(text)
            best = min(best, time.process_time() - start)
        return best

    assert seconds(plain.lcut) >= 10 * seconds(tokens)
