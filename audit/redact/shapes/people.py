"""Birthdays, accounts of messengers, plates, coordinates, grouped document numbers."""

import re
from itertools import accumulate

from audit.redact._context import Around
from audit.redact._digits import may_be_token, token
from audit.redact._types import Span
from audit.redact.shapes.shape import Shape, group_span
from audit.redact.validators.accounts import iban, iban_length

_MONTH = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mai|okt|dez|juin|juil|août|déc|fév|ene|abr|ago|dic|"
    r"stycz|lut|kwiet|czerw|lip|sierp|wrze|paźdz|listop|grud)[a-zéûäń]{0,10}\.?"
)
_DAY = (
    r"[0-9]{1,4} ?[\-./年] ?[0-9]{1,2}(?: ?[\-./月] ?[0-9]{1,4})? ?[日号]?"
    rf"|[0-9]{{1,2}}(?:st|nd|rd|th)?\.?(?: de)? {_MONTH}(?: de)?,? [0-9]{{4}}|{_MONTH} [0-9]{{1,2}}(?:st|nd|rd|th)?,? [0-9]{{2,4}}"
    r"|[一二三四五六七八九十〇零]{1,4}年?[一二三四五六七八九十]{0,3}月[一二三四五六七八九十]{1,3}[日号]"
    r"|[0-9]{1,2}月[0-9]{1,2}[日号]"
)
_BORN = re.compile(
    rf"(?:date of birth|birth ?dates?|birthday|(?<![a-z])d\.?o\.?b\.?(?![a-z])|(?<![a-z])born(?: on| in)?(?![a-z])|geburtsdatum|geboren(?: am)?|"
    rf"(?<![a-z])geb\.|date de naissance|née? le|fecha de nacimiento|nacid[oa] el|data di nascita|nat[oa] il|data de nascimento|"
    rf"geboortedatum|data urodzenia|urodz[a-zę]{{2,6}}(?: dnia| w dniu)?|(?<=[ \n])ur\.|fødselsdato|födelsedatum|出生日期|出生年月日?|出生于|出生|生日|生于)"
    rf"[\"']?[^0-9A-Za-z一二三四五六七八九十〇零\x1e]{{0,6}}(?:是|为|on|is|:|：|dnia|am|el)?[ \"']{{0,3}}({_DAY})(?![0-9])",
    re.IGNORECASE,
)
_ZIP = re.compile(
    r"(?:zip|postal|post ?code|plz|postleitzahl|code postal|código postal|kod pocztowy|邮编|邮政编码)(?: ?code)?[ ]?[:#：\x1f]?[ ]{0,2}([0-9]{2}-[0-9]{3}|[0-9]{4,6}(?:-[0-9]{4})?)(?![0-9])",
    re.IGNORECASE,
)
_QQ = re.compile(
    r"(?:(?<![A-Za-z])QQ|扣扣|企鹅)(?:号码?|群)?[^0-9A-Za-z\x1e]{0,6}(?:是|为|is|:)?[ ]?([1-9][0-9]{4,10})(?![0-9])",
    re.IGNORECASE,
)
_WECHAT = re.compile(
    r"(?:微信|威信|薇信|(?<![A-Za-z])(?:wechat|weixin|wx|vx)(?![A-Za-z]))(?:号码?|id)?[^0-9A-Za-z\x1e]{0,6}(?:是|为|is)?[ ]?"
    r"((?=[A-Za-z0-9_\-]{0,19}[0-9_\-])[A-Za-z][A-Za-z0-9_\-]{5,19})(?![A-Za-z0-9_])",
    re.IGNORECASE,
)
_OFFICER = re.compile(
    r"[军兵士文职广海空南北沈兰济成武参政后装消警] ?字第? ?([0-9]{8})(?![0-9]) ?号?|[军兵士文职广海空南北沈兰济成武参政后装消警] ?字第 ?([0-9]{4,8}) ?号"
)
_POLISH_LICENCE = re.compile(r"[0-9]{5}/[0-9]{2}/[0-9]{4}(?<![0-9/].{13})(?![0-9/])")
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领][A-HJ-NP-Z][ \-·.]?"
    r"(?:[0-9]{5}[A-HJ-NP-Z]|[A-HJ-NP-Z][A-HJ-NP-Z0-9][0-9]{4}|(?=[A-HJ-NP-Z0-9]{0,4}[0-9])[A-HJ-NP-Z0-9]{5}"
    r"|[A-HJ-NP-Z0-9]{4}[挂学警港澳试超使领])(?![A-Za-z0-9])"
)
_COORDINATES = re.compile(
    r"[0-9](?<![0-9.].)[0-9]?\.[0-9]{4,12}°?(?:[ ]?[NSns])?[ ]?[,，/;][ ]?(?:[A-Za-z经度]{2,9}[=:： ]{0,2})?"
    r"[\-+]?1?[0-9]{1,2}\.[0-9]{4,12}°?(?:[ ]?[EWew](?![a-z]))?(?![0-9])"
)
_ONE_COORDINATE = re.compile(r"[:=：\x1f] ?[\"']?([\-+]?[0-9]{1,3}\.[0-9]{3,12})(?![0-9.])")
_AXES = ("lat", "latitude", "lng", "lon", "longitude", "纬度", "经度")
# One to four capitals, then groups of capitals and digits: documents, plates, accounts in print.
_GROUPED = re.compile(
    r"[A-Z0-9](?<![A-Za-z0-9].)(?:(?<=[A-Z])[A-Z]{0,3}[ \-]?[0-9]|(?<=[0-9])[0-9]{1,7}(?: [0-9])?[ \-]?[A-Z])"
    r"[A-Z0-9]{0,12}+(?:[ \-.][A-Z0-9]{1,8}+){0,9}(?![A-Za-z0-9])"
)
_GROUPED_GATE = (
    r"(?:[A-Z][ \-][0-9]|[0-9][0-9][ \-][A-Z]|[0-9] [0-9] [A-Z])[A-Z0-9]{0,12}(?:[^A-Za-z0-9]|$)"
    r"|(?:[A-Z][0-9]|[0-9][0-9][A-Z])[A-Z0-9]{0,12}[ \-.][A-Z0-9]"
)
_MONEY = re.compile(r"[A-Z]{3} ?[0-9]{1,9}\.[0-9]{2}(?![0-9])")
_GROUPS = re.compile(r"[A-Z0-9]+")
_POSTCODE = re.compile(
    r"GIR ?0AA|[A-PR-UWYZ][A-HK-Y]?[0-9][0-9A-HJKPS-UW]? [0-9][ABD-HJLNP-UW-Z]{2}"
)


def _polish_licence(match: re.Match[str]) -> Span | None:
    """The number of a driving licence, which alone is any file number."""
    head = match.string[max(0, match.start() - 40) : match.start()].casefold()
    return Span(*match.span(), "PL_DRIVER_LICENSE", 0.8) if "jazdy" in head else None


def _officer(match: re.Match[str]) -> Span:
    return Span(*match.span(1 if match.group(1) else 2), "CN_OFFICER_ID", 0.85)


def _coordinates(match: re.Match[str]) -> Span:
    start = match.start()
    return Span(start - (match.string[start - 1 : start] in ("-", "+")), match.end(), "GPS", 0.75)


def _one_coordinate(match: re.Match[str]) -> Span | None:
    head = match.string[max(0, match.start() - 12) : match.start()].casefold().rstrip(" \"'")
    return group_span(match, 1, "GPS", 0.75) if head.endswith(_AXES) else None


def _grouped(match: re.Match[str]) -> Span | None:
    """Try the groups as one number, all of them first, then fewer from the right."""
    text, begin = match.string, match.start()
    groups = [piece.span() for piece in _GROUPS.finditer(text, begin, match.end())]
    if (postcode := _POSTCODE.match(text, begin, match.end())) is not None:
        return Span(*postcode.span(), "UK_POSTCODE", 0.6)
    if _MONEY.match(text, begin) is not None:
        return None
    whole = "".join([text[s:e] for s, e in groups])
    cuts = list(accumulate((e - s for s, e in groups), initial=0))
    for first in range(min(3, len(groups))):
        around = Around(text, groups[first][0], match.end())
        for stop in range(len(groups), first + 1, -1):
            value = whole[cuts[first] : cuts[stop]]
            if 6 <= len(value) <= 34 and may_be_token(value):
                place = (text, groups[first][0], groups[stop - 1][1])
                span = _grouped_value(place, value, around)
                if span is not None:
                    return span
    return None


def _grouped_value(place: tuple[str, int, int], value: str, around: Around) -> Span | None:
    if iban_length(value[:2]) == len(value) and iban(value):
        return Span(*place[1:], "IBAN_CODE", 0.95)
    if value.isdigit() or value.isalpha():
        return None
    return token(*place, value, around)


SHAPES = (
    Shape(
        "DATE_OF_BIRTH", _BORN,
        ("birth", "born", "dob", "d.o.b", "geb", "naissance", "né le", "née le", "nacimiento", "nacid", "nascita", "nato il", "nata il", "nascimento", "geboortedatum", "urodz", " ur.", "\nur.", "fødselsdato", "födelsedatum", "出生", "生日", "生于"),
        r"(?i)birth|born|d\.?o\.?b|geb|naissance|né|naci|nascit|nat[oa] il|nascim|urodz|[ \n]ur\.|fødselsdato|födelsedatum|出生|生日|生于",
        lambda m: group_span(m, 1, "DATE_OF_BIRTH", 0.85), needs="0123456789月", near=(24, 110),
    ),
    Shape("ADDRESS", _ZIP, ("zip", "postal", "post", "plz", "kod pocztowy", "邮编", "邮政编码"), "(?i)zip|post|plz|kod pocztowy|邮编|邮政编码", lambda m: group_span(m, 1, "ADDRESS", 0.7), needs="0123456789", near=(8, 70)),
    Shape("CN_QQ", _QQ, ("qq", "扣扣", "企鹅"), "(?i)qq|扣扣|企鹅", lambda m: group_span(m, 1, "CN_QQ", 0.8), needs="0123456789", near=(8, 70)),
    Shape("CN_WECHAT", _WECHAT, ("微信", "威信", "薇信", "wechat", "weixin", "wx", "vx"), "(?i)微信|威信|薇信|wechat|weixin|wx|vx", lambda m: group_span(m, 1, "CN_WECHAT", 0.8), needs="0123456789_-", near=(8, 70)),
    Shape("CN_OFFICER_ID", _OFFICER, ("字",), "字", _officer),
    Shape("PL_DRIVER_LICENSE", _POLISH_LICENCE, ("/",), "[0-9]{5}/[0-9]{2}/[0-9]{4}", _polish_licence, needs="0123456789"),
    Shape("CN_PLATE", _PLATE, tuple("京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领"), "(?:京|津|沪|渝|冀|豫|云|辽|黑|湘|皖|鲁|新|苏|浙|赣|鄂|桂|甘|晋|蒙|陕|吉|闽|贵|粤|青|藏|川|宁|琼|使|领)[A-Z]", score=0.85, about="GA 36-2018"),
    Shape("GPS", _COORDINATES, (".",), r"[0-9]\.[0-9]{4}", _coordinates, about="WGS 84, degrees", needs="0123456789"),
    Shape("GPS", _ONE_COORDINATE, (":", "=", "：", "\x1f"), r"[:=：\x1f] ?[\"']?[\-+]?[0-9]{1,3}\.[0-9]{3}", _one_coordinate, needs="0123456789"),
    Shape("IBAN_CODE", _GROUPED, tuple("0123456789"), _GROUPED_GATE, _grouped, about="ISO 13616 and documents written in groups", needs="0123456789"),
)  # fmt: skip
