"""Texts made to hurt: none takes long, none hides what stands beside it, none gives nonsense."""

import json
import time

import pytest

from audit.redact import Redactor, Settings, redact, redact_json

NUMBER = "13812345678"
PATTERNS = {
    "dotted local part": "a.", "dashed local part": "a-", "at signs": "a@", "digits": "1", "digits and blanks": "1 ",
    "digits and dashes": "1-", "digits and dots": "1.", "telephones": "(123) 456-7890 ", "token heads": "eyJ",
    "key heads": "-----BEGIN ", "whole key heads": "-----BEGIN RSA PRIVATE KEY-----", "colons": "ab:", "links": "http://a.",
    "numbers that may be ids": "1100000000 1100007919 ", "Chinese": "身份证", "zero width": "1\u200b", "JSON escapes": "\\u0031",
    "percent signs": "%31", "percent layers": "%2525", "entities": "&#49;", "one letter": "A", "labels": "password: ", "labels of numbers": "PESEL 1 ",
    "slashes": "1/", "newlines": "1\n", "Han numerals": "一", "full width": "１", "base64": "TUFB", "misread": "1O", "brackets": "{[(",
    "cards": "4111 1111 1111 1112 ", "IBAN heads": "DE89 3704 0044 ", "query strings": "?token=", "plates": "京A1", "is": "的密码是", "emoji": "😀1",
}  # fmt: skip


def bomb(name: str, size: int) -> str:
    part = PATTERNS[name]
    return part * (size // len(part))


def seconds(redactor: Redactor, text: str) -> float:
    began = time.process_time()
    redactor.redact(text)
    return time.process_time() - began


@pytest.mark.slow
@pytest.mark.parametrize("name", PATTERNS)
def test_work_grows_with_the_text_and_no_faster(name: str) -> None:
    redactor = Redactor(Settings(budget=60.0))
    took = [min(seconds(redactor, bomb(name, size)) for _ in range(3)) for size in (8_000, 32_000)]
    assert took[1] < 4 * took[0] * 2 + 0.1
    assert took[1] < 0.4, "that is more than 12 seconds for a megabyte"


@pytest.mark.parametrize("name", PATTERNS)
def test_a_number_beside_a_bomb_is_still_replaced(name: str) -> None:
    text = f"手机{NUMBER}，" + bomb(name, 3000) + f"，手机{NUMBER}。"
    assert NUMBER not in redact(text).text


ODD = {
    "nul": f"\0{NUMBER}\0",
    "lone surrogate": f"\ud800{NUMBER}\udfff",
    "byte order mark": f"\ufeff{NUMBER}",
    "carriage returns": f"a\r\n{NUMBER}\r\nb\r{NUMBER}",
    "astral before": f"😀👩‍👩‍👧‍👦🀄{NUMBER} 𝒳",
    "combining marks": f"cafe\u0301 {NUMBER}\u0301 n\u0303",
    "replacement character": "138\ufffd12345678",
    "table": f"| name | {NUMBER} |\n|---|---|",
    "csv": f"7;x;{NUMBER};y",
    "markdown": f"**{NUMBER}** `{NUMBER}` [x]({NUMBER})",
    "code": f'phone = "{NUMBER}"  # {NUMBER}',
    "e-mail in a link": "https://x.example/?to=zhang.san@example.com&a=1",
    "card in an account": "DE89370400440532013000",
    "glued values": f"{NUMBER}110101199003074610",
    "key in key": f'{{"{NUMBER}":1}}',
}


@pytest.mark.parametrize("name", [name for name in ODD if name != "glued values"])
def test_odd_text_keeps_everything_but_the_value(name: str) -> None:
    result = redact(ODD[name])
    assert not result.is_clean
    assert NUMBER not in result.text
    rest = ODD[name]
    for span in reversed(result.spans):
        rest = rest[: span.start] + rest[span.end :]
    assert all(part in result.text for part in rest.split() if part.isalnum())


def test_two_values_without_anything_between_are_not_told_apart() -> None:
    """Shown for docs/limitations.md: 29 digits in a row are no identifier that is known."""
    assert redact(ODD["glued values"]).is_clean


JSONS = {
    "escaped Chinese before digits": json.dumps({"msg": "证110101199003074610"}),
    "number": f'{{"phone": {NUMBER}}}',
    "string in string": json.dumps({"a": json.dumps({"b": json.dumps({"phone": int(NUMBER)})})}),
    "key": json.dumps({NUMBER: 1}),
    "deep": "[" * 60 + f'"{NUMBER}"' + "]" * 60,
    "odd numbers": f'{{"a":1.10,"b":1E400,"c":-0,"d":{NUMBER}}}',
    "same key twice": f'{{"a":"x","a":"{NUMBER}"}}',
    "white space": f'\n\t{{ "a" :\r\n "{NUMBER}" }} ',
    "quote before": json.dumps({"a": f'say "{NUMBER}" \\ done'}),
}


@pytest.mark.parametrize("name", JSONS)
def test_redacted_json_is_json_and_changes_nothing_else(name: str) -> None:
    result = redact_json(Redactor(), JSONS[name])
    assert result is not None
    json.loads(result.text)
    assert NUMBER not in result.text
    assert "110101199003074610" not in json.dumps(json.loads(result.text), ensure_ascii=False)
    assert result.text.count(":") == JSONS[name].count(":")


def test_json_too_deep_to_read_is_text() -> None:
    text = "[" * 100_000 + f'"{NUMBER}"'
    assert redact_json(Redactor(), text) is None
    assert NUMBER not in redact(text).text


FRIENDS = [
    "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", "123e4567-e89b-12d3-a456-426614174000", "1763980800", "1763980800123",
    "1763980800123456789", "version 1.2.3.4", "ISBN 978-3-16-148410-0", "GB/T 22239-2019", "order 4929123456", "京A", "7.2.1", "10:11:12",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "2026-11-23T10:11:12.345+08:00", "3.14159265358979",
    "0x7ffee4c0a1b8", "commit d4904ca2f1", "rfc 5321", "8080:80", "1,234,567.89 EUR", "x86_64", "utf-8", "50%", "page 12 of 345",
]  # fmt: skip


@pytest.mark.parametrize("text", FRIENDS)
def test_what_only_looks_like_an_identifier_is_left_alone(text: str) -> None:
    assert redact(text).text == text
