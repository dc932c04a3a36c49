"""Numbers that a scanner, a table or a typist tore apart, each behind a label."""

from collections.abc import Callable

import pytest

from audit.redact import redact

LABELLED = {
    "PESEL: {}": "44051401359",
    "NIP {}": "5260001246",
    "nr konta {}": "PL61109010140000071219812874",
    "dowód osobisty {}": "ABA300000",
    "karta {}": "4111111111111111",
}


def groups(size: int, mark: str) -> Callable[[str], str]:
    return lambda value: mark.join(value[i : i + size] for i in range(0, len(value), size))


DAMAGE: dict[str, Callable[[str], str]] = {
    "a line's end": lambda v: v[:5] + "\n" + v[5:],
    "a line's end and a dash": lambda v: v[:5] + "-\n" + v[5:],
    "a line's end and an indent": lambda v: v[:5] + "\n      " + v[5:],
    "two blanks": lambda v: v[:5] + "  " + v[5:],
    "pairs": groups(2, " "),
    "one by one": groups(1, " "),
    "dots one by one": groups(1, "."),
    "letters for digits": lambda v: v[:3] + v[3:].replace("0", "O").replace("1", "l"),
    "other letters for digits": lambda v: v[:4] + v[4:].replace("5", "S").replace("2", "Z"),
}


@pytest.mark.parametrize("label", LABELLED)
@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_number_behind_its_label_is_covered(damage: str, label: str) -> None:
    shown = DAMAGE[damage](LABELLED[label])
    text = "Strona podaje " + label.format(shown) + " oraz adres."
    start = text.index(shown)
    covered = {i for span in redact(text).spans for i in range(span.start, span.end)}
    assert all(i in covered for i in range(start, start + len(shown)) if text[i].isalnum())


@pytest.mark.parametrize(
    "text",
    [
        "身份证 110101（19900307）4610", "身份证 1101,0119,9003,0746,10", "号码 1、1、0、1、0、1、1、9、9、0、0、3、0、7、4、6、1、0",
        "税号 9111-0000-6000-3734-1L", "税号 9 1 1 1 0 0 0 0 6 0 0 0 3 7 3 4 1 L", "身份证 5 1 0 1 0 7 1 9 7 5 1 1 2 2 8 1 9 X",
    ],
)  # fmt: skip
def test_chinese_number_in_pieces_is_covered(text: str) -> None:
    assert sum(c.isdigit() for c in redact(text).text) == 0


def test_a_number_behind_the_name_of_a_counter_is_left_alone() -> None:
    assert redact("offset 13812345678").text == "offset 13812345678"
    assert redact("order_no 4111111111111111").text == "order_no 4111111111111111"
    assert redact("order of 13812345678").text == "order of ***PHONE***"


def test_a_date_or_web_address_alone_is_left_alone() -> None:
    text = "see https://www.example.com/about since 1998-06-28"
    assert redact(text).text == text
