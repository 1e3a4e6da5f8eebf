"""Text in Simplified characters comes back as it is, and everything else as OpenCC converts it."""

from __future__ import annotations

import opencc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapers.reading.simplified import simplified

_T2S = opencc.OpenCC("t2s").convert
_WORDS = [
    "法治政府建設年度報告",
    "答覆",
    "批覆文件",
    "覆信",
    "全覆盖",
    "毛坏",
    "坏子",
    "破坏",
    "消沈",
    "意志消沈",
    "沈阳市",
    "瞭解到",
    "找藉口",
    "乾隆",
    "乾淨",
    "著名",
    "附著",
    "英哩",
    "甦醒",
    "\U00020bb7野家",
    "\uf900",
]


@pytest.mark.parametrize("word", _WORDS)
def test_a_word_is_converted_as_opencc_converts_it(word: str) -> None:
    assert simplified(word) == _T2S(word)
    assert simplified(f"近年来，{word}。") == _T2S(f"近年来，{word}。")


def test_every_character_that_opencc_changes_is_changed() -> None:
    characters = [chr(point) for point in (*range(0x80, 0xD800), *range(0xE000, 0x32400))]
    changed = {
        old: new for old, new in zip(characters, _T2S("\n".join(characters)).split("\n"), strict=True) if old != new
    }
    assert len(changed) > 4000
    assert {old: simplified(old) for old in changed} == changed


@given(st.lists(st.sampled_from([*_WORDS, *"函反覆坏土子信盖，年"]), max_size=6).map("".join))
def test_words_side_by_side_are_converted_as_opencc_converts_them(text: str) -> None:
    assert simplified(text) == _T2S(text)


def test_a_long_text_is_converted_as_well() -> None:
    text = "近年来，全縣法治政府建設取得成效。" * 100
    assert simplified(text) == _T2S(text) != text
