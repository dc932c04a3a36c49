"""Identifiers of China in pieces: a credit code in groups, numbers with commas between digits."""

import re

from audit.redact._context import Around, Topic
from audit.redact._types import Span
from audit.redact.shapes.shape import Shape, group_span
from audit.redact.validators.accounts import card
from audit.redact.validators.china import credit_code, hong_kong_id, resident_id

_GAP = r"[ \-./_·|\t\r\n,，、（）()]{0,2}"
# GB 32100-2015: registrar, kind, six digits of a region, nine characters, check character.
_CREDIT_CODE = re.compile(
    rf"[159AHJNY](?<![0-9A-Za-z].)(?:{_GAP}[0-9]){{7}}(?:{_GAP}[0-9A-HJ-NPQRTUWXY]){{10}}(?![0-9A-Za-z])"
)
_COMMAS = re.compile(
    r"[0-9](?<![0-9,，、].)[0-9]{0,7}(?:[,，、][0-9]{1,8}){2,18}(?:[,，、]?[Xx](?![A-Za-z]))?(?![0-9])"
)
_HONG_KONG = re.compile(r"[A-Z](?<![A-Za-z0-9].)[A-Z]?[0-9]{6} ?[(（][0-9A][)）]")
_BORN_THEN = re.compile(
    r"((?:19|20)[0-9]{2}年[0-9]{1,2}月[0-9]{1,2}[日号])(?:出生|生人|生(?=[，,。；、\s]|$))"
)
_NOT_WORDS = re.compile(r"[^0-9A-Za-z]+")
_CARD = Topic.of("银行卡 卡号 信用卡 储蓄卡 借记卡 账号 账户 卡 card")
_PHONE = Topic.of("手机 电话 号码 联系 致电 拨打 收件 微信 phone mobile tel")


def _credit_code(match: re.Match[str]) -> Span | None:
    value = _NOT_WORDS.sub("", match.group())
    if value.isdigit() or len(value) == match.end() - match.start() or not credit_code(value):
        return None
    return Span(*match.span(), "CN_CREDIT_CODE", 0.85)


def _hong_kong(match: re.Match[str]) -> Span | None:
    value = _NOT_WORDS.sub("", match.group())
    return Span(*match.span(), "HK_ID", 0.85) if hong_kong_id(value) else None


def _commas(match: re.Match[str]) -> Span | None:
    """A strong check digit, or a word that says what a list of digits is."""
    groups = [g for g in _NOT_WORDS.split(match.group()) if g]
    value = "".join(groups)
    kind = ""
    if len(value) == 18 and value[:17].isdigit():
        kind = "CN_ID" if resident_id(value) else ""
    elif value.isdigit() and (len(value) == 11 or 16 <= len(value) <= 19):
        around = Around(match.string, *match.span())
        if len(value) == 11 and value[0] == "1" and value[1] in "3456789":
            one_by_one = len(groups) == 11
            kind = "PHONE_NUMBER" if one_by_one or around.mentions(_PHONE) else ""
        elif len(value) > 11 and card(value):
            kind = "CREDIT_CARD" if around.mentions(_CARD) else ""
    return Span(*match.span(), kind, 0.8) if kind else None


SHAPES = (
    Shape("CN_CREDIT_CODE", _CREDIT_CODE, tuple("159AHJNY"), rf"[159AHJNY](?:{_GAP}[0-9]){{7}}(?:{_GAP}[0-9A-HJ-NPQRTUWXY]){{10}}", _credit_code, about="GB 32100-2015", needs="ABCDEFGHJKLMNPQRTUWXY"),
    Shape("HK_ID", _HONG_KONG, ("(", "（"), "[0-9]{6} ?[(（][0-9A][)）]", _hong_kong, about="check digit modulo 11", needs="0123456789"),
    Shape("DATE_OF_BIRTH", _BORN_THEN, ("生",), "[日号](?:出)?生", lambda m: group_span(m, 1, "DATE_OF_BIRTH", 0.8), needs="0123456789"),
    Shape("CN_ID", _COMMAS, (",", "，", "、"), "[0-9][,，、][0-9]{1,8}[,，、][0-9]", _commas, about="GB 11643-1999", needs="0123456789"),
)  # fmt: skip
