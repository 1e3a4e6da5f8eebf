"""Near copies are found through edits and scripts; unrelated texts and templates are kept apart."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import opencc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapers.judging.copies import (
    BINS,
    MAX_CHARACTERS,
    MIN_CHARACTERS,
    NEAR_COPY,
    signature,
    similarity,
)
from scrapers.records import Signature

_NOUNS = [
    "法治",
    "行政",
    "执法",
    "决策",
    "复议",
    "监督",
    "政务",
    "营商",
    "审查",
    "合同",
    "规章",
    "诉讼",
    "调解",
    "普法",
    "许可",
    "清单",
    "服务",
    "队伍",
    "制度",
    "案件",
]
_VERBS = [
    "推进",
    "落实",
    "完善",
    "加强",
    "深化",
    "规范",
    "健全",
    "提升",
    "开展",
    "组织",
    "优化",
    "严格",
    "强化",
    "探索",
    "建立",
    "公布",
    "清理",
    "修订",
    "培训",
    "考核",
]


def report(seed: int, sentences: int = 250) -> str:
    """A text of about 4,000 characters, its own for every seed."""
    pick = random.Random(seed)

    def noun() -> str:
        return pick.choice(_NOUNS)

    def verb() -> str:
        return pick.choice(_VERBS)

    return "".join(f"{verb()}{noun()}{noun()}{pick.randint(1, 999)}件，{verb()}{noun()}。" for _ in range(sentences))


def signed(text: str) -> Signature:
    made = signature(text)
    assert made is not None
    return made


def edited(text: str, share: float) -> str:
    pick = random.Random(7)
    return "".join(pick.choice(_NOUNS)[0] if pick.random() < share else char for char in text)


def shared_band(a: str, b: str) -> bool:
    return any(x == y for x, y in zip(signed(a).bands, signed(b).bands, strict=True))


@pytest.mark.parametrize(
    "copy",
    [
        lambda text: edited(text, 0.01),
        lambda text: edited(text, 0.02),
        lambda text: opencc.OpenCC("s2t").convert(text),
        lambda text: "首页 > 政务公开 > 年度报告 字体：大中小 打印 关闭\n" + text + "\n上一篇 下一篇 版权所有 备案",
        lambda text: text[len(text) // 2 :] + text[: len(text) // 2],
        lambda text: re.sub("(.)", r"\1 ", text),
        lambda text: text.replace("，", ",").replace("。", "."),
    ],
    ids=["1 % edited", "2 % edited", "Traditional", "navigation", "reordered", "spaced", "half width"],
)
def test_a_copy_is_found(copy: Callable[[str], str]) -> None:
    text = report(1)
    assert similarity(signed(text), signed(copy(text))) >= NEAR_COPY
    assert shared_band(text, copy(text))


def test_a_report_without_its_digits_is_still_the_report() -> None:
    # A genuine report has a number about every 80 characters.
    sentences = report(1).split("。")
    text = "。".join(s if i % 8 == 0 else re.sub(r"\d+件", "", s) for i, s in enumerate(sentences))
    assert len(re.findall(r"\d+", text)) > len(text) / 120
    assert similarity(signed(text), signed(re.sub(r"\d", "", text))) >= NEAR_COPY


def test_a_template_shared_by_two_bureaus_does_not_make_them_copies() -> None:
    common = report(2, 175)
    a, b = common + report(3, 75), common + report(4, 75)
    assert similarity(signed(a), signed(b)) < NEAR_COPY


def test_unrelated_reports_are_far_apart() -> None:
    for a, b in combinations([signed(report(seed)) for seed in range(8)], 2):
        assert similarity(a, b) < 0.3


def test_the_estimate_is_near_the_true_similarity() -> None:
    text = report(5)
    for share in (0.01, 0.03, 0.06, 0.12):
        other = edited(text, share)
        a, b = ({t[i : i + 5] for i in range(len(t) - 4)} for t in (re.sub(r"[，。]", "", t) for t in (text, other)))
        assert similarity(signed(text), signed(other)) == pytest.approx(len(a & b) / len(a | b), abs=0.15)


def test_a_text_too_short_to_compare_has_no_signature() -> None:
    assert signature("") is None
    assert signature("详见附件。" * 10) is None
    assert signature("法" * MIN_CHARACTERS) is not None


def test_texts_with_few_different_pieces_compare_too() -> None:
    a, b = "法治政府建设年度报告" * 30, "政府信息公开工作年报" * 30
    assert similarity(signed(a), signed(a)) == 1.0
    assert similarity(signed(a), signed(b)) < 0.3


def test_bands_fit_a_bigint_and_differ_by_place() -> None:
    keys = signed("法" * MIN_CHARACTERS).bands
    assert len(keys) == 32
    assert all(0 <= key < 2**63 for key in keys)
    assert len(set(signed(report(1)).bands)) == 32


def test_a_signature_of_another_algorithm_is_refused() -> None:
    made = signed(report(1))
    with pytest.raises(ValueError, match="not comparable: older-1, oph128"):
        similarity(replace(made, algorithm="older-1"), made)


def test_the_seed_found_in_traditional_is_a_copy_of_its_simplified_page(shared: Path) -> None:
    def text_of(host: str) -> str:
        (file,) = (shared / "seeds/site" / host / "art").rglob("*.html")
        return "\n".join(re.findall(r"<p[^>]*>(.*?)</p>", file.read_text(encoding="utf-8")))

    assert similarity(signed(text_of("www.ikangji.com")), signed(text_of("www.hhtz.gov.cn"))) >= 0.9


@given(st.text(min_size=0, max_size=600))
def test_any_text_is_signed_the_same_twice(text: str) -> None:
    made = signature(text)
    assert made == signature(text)
    assert made is None or (len(made.minima) == BINS and all(0 <= least < 2**32 for least in made.minima))


def test_a_huge_page_is_signed_by_its_beginning() -> None:
    text = report(1, 14_000)
    assert len(text) > MAX_CHARACTERS
    assert signed(text) == signed(text + report(2))
