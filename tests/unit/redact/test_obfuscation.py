"""The ways a value is written so that it is not seen, by name; each is seen, or said to be not."""

import base64
from collections.abc import Callable
from urllib.parse import quote

import pytest

from audit.redact import redact

VALUES = {
    "resident id": ("身份证号 ", "110101199003074610"),
    "mobile": ("手机 ", "13812345678"),
    "card": ("card ", "4111111111111111"),
    "e-mail": ("mail ", "zhang.san@example.com"),
    "account": ("iban ", "DE89370400440532013000"),
}
DIGITS = "0123456789"


def written(digits: str) -> Callable[[str], str]:
    return lambda value: value.translate(str.maketrans(DIGITS, digits))


def joined(mark: str) -> Callable[[str], str]:
    return mark.join


def grouped(mark: str, size: int = 4) -> Callable[[str], str]:
    return lambda value: mark.join(value[i : i + size] for i in range(0, len(value), size))


def wide(value: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if 33 <= ord(c) < 127 else c for c in value)


FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "full width": wide,
    "zero-width space": joined("\u200b"),
    "soft hyphen": joined("\u00ad"),
    "variation selector": joined("\ufe0f"),
    "combining grapheme joiner": joined("\u034f"),
    "word joiner": joined("\u2060"),
    "tag characters": joined("\U000e0041"),
    "percent": lambda value: "".join(f"%{b:02X}" for b in value.encode()),
    "percent twice": lambda value: "".join(f"%{b:02X}" for b in value.encode()).replace("%", "%25"),
    "percent mixed": lambda value: quote(value, safe=""),
    "decimal entities": lambda value: "".join(f"&#{ord(c)};" for c in value),
    "hexadecimal entities": lambda value: "".join(f"&#x{ord(c):x};" for c in value),
    "JSON escapes": lambda value: "".join(f"\\u{ord(c):04x}" for c in value),
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "base64 in base64": lambda value: base64.b64encode(base64.b64encode(value.encode())).decode(),
    "glued to Chinese": lambda value: f"我{value}你",
    "in brackets": lambda value: f"（{value}）",
    "behind an emoji": lambda value: f"😀{value}😀",
    "behind a flag": lambda value: f"🇨🇳{value}🇨🇳",
    "right to left": lambda value: f"\u202e{value}\u202c",
}
NUMBER_FORMS: dict[str, Callable[[str], str]] = {
    "blanks between digits": joined(" "),
    "dots between digits": joined("."),
    "dashes in fours": grouped("-"),
    "no-break blanks in fours": grouped("\u00a0"),
    "thin blanks in fours": grouped("\u2009"),
    "figure dashes in fours": grouped("\u2012"),
    "line break": lambda value: value[:7] + "\n" + value[7:],
    "Chinese digits": written("零一二三四五六七八九"),
    "Chinese digits with circle": written("〇一二三四五六七八九"),
    "Chinese formal digits": written("零壹贰叁肆伍陆柒捌玖"),
    "Arabic-Indic digits": written("٠١٢٣٤٥٦٧٨٩"),
    "Devanagari digits": written("०१२३४५६७८९"),
    "mathematical bold digits": written("".join(chr(0x1D7CE + i) for i in range(10))),
    "circled digits": written("⓪①②③④⑤⑥⑦⑧⑨"),
    "superscript digits": written("⁰¹²³⁴⁵⁶⁷⁸⁹"),
    "keycaps": lambda value: "".join(f"{c}\ufe0f\u20e3" for c in value),
}
NUMBERS = ("resident id", "mobile", "card")


def covered(form: Callable[[str], str], kind: str) -> bool:
    label, value = VALUES[kind]
    shown = form(value)
    text = f"{label}{shown} 谢谢 ok"
    start, end = len(label), len(label) + len(shown)
    marks = {i for span in redact(text).spans for i in range(span.start, span.end)}
    wanted = [i for i in range(start, end) if text[i].isalnum() and text[i] not in "我你"]
    return all(i in marks for i in wanted)


@pytest.mark.parametrize("kind", VALUES)
@pytest.mark.parametrize("form", FORMS)
def test_value_in_this_form_is_covered_whole(form: str, kind: str) -> None:
    assert covered(FORMS[form], kind)


@pytest.mark.parametrize("kind", NUMBERS)
@pytest.mark.parametrize("form", NUMBER_FORMS)
def test_number_in_this_form_is_covered_whole(form: str, kind: str) -> None:
    assert covered(NUMBER_FORMS[form], kind)


@pytest.mark.parametrize(
    "text",
    [
        "mail zhang.san (at) example.com",
        "zhang.san at example dot com",
        "zhang.san[at]example[dot]com",
    ],
)
def test_address_with_words_for_its_marks_is_covered(text: str) -> None:
    assert "zhang" not in redact(text).text


def test_letters_read_for_digits_are_covered_behind_their_label() -> None:
    for text in ("PESEL: 44O514O1359", "身份证 PESEL 4405l40l359", "numer NIP: 526-OOO-12-46"):
        assert len(redact(text).spans) == 1, text


def test_a_number_backwards_is_not_found() -> None:
    """Shown for docs/limitations.md: a reversed number is any other number."""
    assert redact("see " + "110101199003074610"[::-1]).is_clean


def test_an_encoding_three_deep_is_not_opened() -> None:
    """Shown for docs/limitations.md: two layers are opened, not three."""
    value = b"13812345678"
    for _ in range(3):
        value = base64.b64encode(value)
    assert redact(f"x {value.decode()}").is_clean
