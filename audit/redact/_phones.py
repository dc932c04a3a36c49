"""Telephone numbers of any country, from how they are written and what stands around them.

A number with its country code is one by itself. National numbers overlap with
everything else that has seven to twelve digits, so they need a word that says
telephone, or a way of writing that only telephones have.
"""

import re

from audit.redact._context import Around, Topic
from audit.redact._types import Span

TOPIC = Topic.of(
    "phone phones telephone tel telefon telefonu telefonicznie telefono teléfono telefone telemóvel téléphone "
    "mobile mobil mobiel handy cell cellphone kom komórkowy call calling called ring dial fax fon portable "
    "whatsapp sms text desk office hotline contact reach reachable voicemail landline kontakt kontaktowy ligar celular gsm móvil mobiltelefon "
    "手机 电话 座机 固话 传真 热线 联系 致电 拨打 電話 携帯 전화 "
)
SIZES_ALONE = frozenset(range(9, 16))
"""How many digits a number has that is one without a word that says so, or a plus sign."""
_EXTENSION = re.compile(r" ?(?:x|ext\.? ?|доб\.? ?|转|分机|-转)[0-9]{1,6}(?![0-9])", re.IGNORECASE)
_NATIONAL = re.compile(
    # North America; mainland China, fixed lines and service numbers; Japan and Korea; Brazil
    r"\(?[2-9][0-9]{2}\)?[\-. ]{1,2}[2-9][0-9]{2}[\-. ][0-9]{4}"
    r"|[2-9][0-9]{2}([\-.])[0-9]{3}\1[0-9]{4}|\([2-9][0-9]{2}\) ?[0-9]{3}-[0-9]{4}"
    r"|\(?0(?:10|2[0-9]|[3-9][0-9]{2})\)?[ \-][2-9][0-9]{2,3}[ \-]?[0-9]{4}"
    r"|[48]00[ \-][0-9]{3}[ \-]?[0-9]{4}|[48]00[ \-]?[0-9]{4}[ \-]?[0-9]{3}"
    r"|0[5789]0[ \-]?[0-9]{4}[ \-]?[0-9]{4}|010[ \-]?[0-9]{3,4}[ \-]?[0-9]{4}"
    r"|\([1-9][0-9]\) ?9?[0-9]{4}-[0-9]{4}"
)
_GROUPED = re.compile(r"[(（]?[0-9]{1,5}[)）]?(?:[ \-./_·|\t]{0,2}[(（]?[0-9]{1,8}[)）]?){1,11}")
_INTERNATIONAL = re.compile(r"00[1-9]")
_DOTTED = re.compile(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}|[0-9]{1,3}\.[0-9]{5,}")
"""A network address or a decimal."""
_CHINA_MOBILE_GROUPS = re.compile(
    r"1[3-9][0-9]([ \-.]?)[0-9]{4}\1[0-9]{4}|1[3-9][0-9][ \-][0-9]{8}|(?:[0-9][ \-.]){10}[0-9]"
    r"|1[3-9][0-9]{2}[ \-][0-9]{3}[ \-][0-9]{4}|(?:[0-9]+\r?\n ?[0-9]+)"
    r"|1[3-9][0-9]{2}([ \-.·])[0-9]{4}\2[0-9]{3}"
)


def number(text: str, start: int, end: int, digits: str, around: Around) -> Span | None:
    """Return the telephone number written at `start:end`, or None."""
    raw = text[start:end]
    start = _opening(text, start, raw)
    score = _score(text, (start, end), raw, digits, around)
    if not score:
        return None
    extension = _EXTENSION.match(text, end)
    return Span(start, extension.end() if extension else end, "PHONE_NUMBER", score)


def _opening(text: str, start: int, raw: str) -> int:
    """Step back over a plus sign, and a bracket that closes inside the number."""
    if start and text[start - 1] == "(" and ")" in raw:
        start -= 1
    if start and text[start - 1] == "+":
        start -= 1
    if start and text[start - 1] == "(" and text[start] == "+":
        start -= 1
    return start


def _score(text: str, place: tuple[int, int], raw: str, digits: str, around: Around) -> float:
    size = len(digits)
    if not 7 <= size <= 15 or raw.count("\n") > 1:
        return 0.0
    opening = text[place[0] : place[0] + 2]
    if "+" in opening:
        return 0.9 if size >= 8 else 0.0
    if (size >= 11 and _is_china_mobile(digits)) and (
        raw == digits or _CHINA_MOBILE_GROUPS.fullmatch(raw) or around.is_asian
    ):
        if place[0] and text[place[0] - 1] in "-./":
            return 0.0
        return 0.95 if around.mentions(TOPIC) else 0.7
    if size > 14 or digits.count(digits[0]) == size or _DOTTED.fullmatch(raw):
        return 0.0
    shown = text[place[0] : place[1]]
    if 10 <= size <= 12 and _NATIONAL.fullmatch(shown):
        return 0.7
    if around.mentions(TOPIC):
        return 0.75 if raw == digits or _GROUPED.fullmatch(shown) else 0.0
    if size < 9 or raw == digits or _INTERNATIONAL.match(digits) is None:
        return 0.0
    return 0.55 if _GROUPED.fullmatch(shown) else 0.0


def _is_china_mobile(digits: str) -> bool:
    national = digits[-11:]
    return (
        national[0] == "1"
        and national[1] in "3456789"
        and digits[:-11] in ("", "86", "0086")
        and len(digits) >= 11
    )
