"""Numbers as a word processor writes those it counts by itself."""

from __future__ import annotations

_DIGITS = "〇一二三四五六七八九"
_LEGAL = "零壹贰叁肆伍陆柒捌玖"
_STEMS = "甲乙丙丁戊己庚辛壬癸"
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"))
_ROMAN_UNITS = ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))
_COUNTING = frozenset(
    {"chineseCounting", "chineseCountingThousand", "japaneseCounting", "taiwaneseCounting", "taiwaneseCountingThousand"}
)


def numeral(number: int, form: str) -> str:
    """``number`` in a form of ``ST_NumberFormat``; digits where the form is one we do not write."""
    if form in _COUNTING and 0 < number < 10_000:
        return _counted(number, _DIGITS, "十百千")
    if form == "chineseLegalSimplified" and 0 < number < 10_000:
        return _counted(number, _LEGAL, "拾佰仟", one_ten=True)
    if form in ("ideographDigital", "japaneseDigitalTenThousand", "taiwaneseDigital"):
        return "".join(_DIGITS[int(digit)] for digit in str(number)) if number >= 0 else str(number)
    if form == "ideographTraditional" and 0 < number <= 10:
        return _STEMS[number - 1]
    if form in ("decimalEnclosedCircle", "decimalEnclosedCircleChinese") and 0 < number <= 20:
        return chr(0x2460 + number - 1)
    if form == "decimalEnclosedParen" and 0 < number <= 20:
        return chr(0x2474 + number - 1)
    if form == "decimalEnclosedFullstop" and 0 < number <= 20:
        return chr(0x2488 + number - 1)
    if form == "decimalFullWidth":
        return "".join(chr(ord(digit) + 0xFEE0) for digit in str(max(number, 0)))
    if form == "decimalZero":
        return f"{number:02d}"
    if form in ("upperLetter", "lowerLetter") and number > 0:
        letter = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
        return letter.upper() if form == "upperLetter" else letter
    if form in ("upperRoman", "lowerRoman") and 0 < number < 4000:
        roman = _roman(number)
        return roman.upper() if form == "upperRoman" else roman
    return str(number)


def _counted(number: int, digits: str, tens: str, *, one_ten: bool = False) -> str:
    parts = []
    text = str(number)
    for place, digit in enumerate(text):
        power = len(text) - place - 1
        if digit != "0":
            parts.append(digits[int(digit)] + (tens[power - 1] if power else ""))
        elif parts and parts[-1] != "零" and text[place:].strip("0"):
            parts.append("零")
    written = "".join(parts)
    return written if one_ten or not 10 <= number < 20 else written.removeprefix(digits[1])


def _roman(number: int) -> str:
    written = ""
    for value, letters in (*_ROMAN, *_ROMAN_UNITS):
        while number >= value:
            written += letters
            number -= value
    return written
