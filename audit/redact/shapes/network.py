"""Electronic mail, network addresses, links with credentials.

A pattern opens with a literal or a small class, because `re` skips quickly to
those; what must stand before is looked at afterwards.
"""

import ipaddress
import re
from collections.abc import Callable

from audit.redact._types import Span
from audit.redact.shapes.shape import Shape, group_span

_LOCAL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+/=?^_`{|}~-."
_LABEL = r"[A-Za-z0-9][A-Za-z0-9\-]{0,62}"
_DOMAIN = re.compile(
    rf"@(?:{_LABEL}\.){{1,8}}(?:[A-Za-z]{{2,24}}|xn--[A-Za-z0-9\-]{{2,40}})(?![A-Za-z0-9])"
)
_HAN_LOCAL = re.compile("[\u4e00-\u9fff]{2,4}$")
_AT = r"[ ]{0,2}(?:[(\[{<] ?at ?[)\]}>]|@|\bat\b)[ ]{0,2}"
_DOT = r"(?:[ ]{0,2}(?:[(\[{<] ?dot ?[)\]}>]|\bdot\b)[ ]{0,2}|\.)"
_SPOKEN = re.compile(
    rf"(?<![A-Za-z0-9._+\-])[A-Za-z0-9_+\-]{{1,32}}+(?:{_DOT}[A-Za-z0-9_+\-]{{1,32}}+){{0,3}}{_AT}"
    rf"[A-Za-z0-9\-]{{1,63}}+(?:{_DOT}[A-Za-z0-9\-]{{1,32}}+){{0,3}}{_DOT}[A-Za-z]{{2,12}}+(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_COLONS = re.compile(r":[0-9A-Fa-f]{0,4}:")
_DASHES = re.compile(r"-[0-9A-Fa-f]{2}-[0-9A-Fa-f]{2}-")
_DOTS = re.compile(r"\.[0-9A-Fa-f]{4}\.")
_MAC = re.compile(
    r"[0-9A-Fa-f]{2}([:\-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}|(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}"
)
_HEX_COLON = "0123456789ABCDEFabcdef:"
_HEX_DASH = "0123456789ABCDEFabcdef-"
_HEX_DOT = "0123456789ABCDEFabcdef."
_REST = re.compile(r"[0-9A-Fa-f:]{0,39}(?:\.[0-9]{1,3}){0,3}(?:%[0-9A-Za-z]{1,16})?")
_USERINFO = re.compile(r"://([^\s/:@\"'<>]{0,64}:[^\s/@\"'<>]{1,128})@")
_QUERY_SECRET = re.compile(
    r"[?&;](?:access_token|refresh_token|id_token|token|api_?key|apikey|key|secret|client_secret|password|"
    r"passwd|pwd|sig|signature|auth|session|sessionid|code|ticket)=([^\s&#\"'<>]{6,512})",
    re.IGNORECASE,
)


def _email(match: re.Match[str]) -> Span | None:
    """A dot-atom before the at (RFC 5321), or a Chinese name as some providers allow."""
    text, at = match.string, match.start()
    head = text[max(0, at - 65) : at]
    local = head[len(head.rstrip(_LOCAL)) :]
    if not local:
        han = _HAN_LOCAL.search(head)
        return Span(at - len(han.group()), match.end(), "EMAIL_ADDRESS", 0.8) if han else None
    local = (
        local.lstrip("'`*_~{|=/&?%")
        if text[at - len(local) - 1 : at - len(local)] != "."
        else local
    )
    if not local or local[0] == "." or local[-1] == "." or ".." in local:
        return None
    return Span(at - len(local), match.end(), "EMAIL_ADDRESS", 0.95)


def _spoken(match: re.Match[str]) -> Span | None:
    """An address written out: a dot is a word, or the at stands in brackets."""
    written = match.group().casefold()
    bracketed = any(mark in written for mark in ("(at", "( at", "[at", "[ at", "{at", "<at"))
    if not bracketed and " dot " not in written and "dot)" not in written:
        return None
    return Span(*match.span(), "EMAIL_ADDRESS", 0.75)


def _run(match: re.Match[str], chars: str) -> tuple[int, int]:
    """Return the run of `chars` around a match, at most 48 characters to each side."""
    text, (start, end) = match.string, match.span()
    head, tail = text[max(0, start - 48) : start], text[end : end + 48]
    return start - (len(head) - len(head.rstrip(chars))), end + len(tail) - len(tail.lstrip(chars))


def _is_word(char: str) -> bool:
    return char.isascii() and char.isalnum()


def _colons(match: re.Match[str]) -> Span | None:
    """The whole run of hexadecimal and colons: a MAC or an IPv6 address."""
    text = match.string
    start, end = _run(match, _HEX_COLON)
    value = text[start:end]
    colons = value.count(":")
    if colons < 5 and "::" not in value:
        return None
    if _is_word(text[start - 1 : start]):
        return None
    if colons == 5 and len(value) == 17 and _MAC.fullmatch(value):
        return None if _is_word(text[end : end + 1]) else Span(start, end, "MAC_ADDRESS", 0.85)
    rest = _REST.match(text, start)
    if rest is None:
        return None
    value, end = (
        rest.group().rstrip(":") if not rest.group().endswith("::") else rest.group(),
        rest.end(),
    )
    end = start + len(value)
    try:
        address = ipaddress.IPv6Address(value)
    except ValueError:
        return None
    if address.is_unspecified or _is_word(text[end : end + 1]):
        return None
    return Span(start, end, "IP_ADDRESS", 0.8)


def _mac(chars: str) -> Callable[[re.Match[str]], Span | None]:
    def accept(match: re.Match[str]) -> Span | None:
        start, end = _run(match, chars)
        text = match.string
        if _is_word(text[start - 1 : start]) or _is_word(text[end : end + 1]):
            return None
        return Span(start, end, "MAC_ADDRESS", 0.85) if _MAC.fullmatch(text[start:end]) else None

    return accept


SHAPES = (
    Shape("EMAIL_ADDRESS", _DOMAIN, ("@",), "@", _email, about="RFC 5321 dot-atom"),
    Shape("EMAIL_ADDRESS", _SPOKEN, (" dot ", "dot)", "dot]", "(at", "[at", "(at", "[at", "{at", "<at"), r"(?i) dot |dot[)\]]|[(\[{<] ?at", _spoken),
    Shape("IP_ADDRESS", _COLONS, (":",), r":[0-9A-Fa-f]{0,4}:", _colons, about="RFC 4291, IEEE 802"),
    Shape("MAC_ADDRESS", _DASHES, ("-",), r"-[0-9A-Fa-f]{2}-[0-9A-Fa-f]{2}-", _mac(_HEX_DASH), about="IEEE 802"),
    Shape("MAC_ADDRESS", _DOTS, (".",), r"\.[0-9A-Fa-f]{4}\.", _mac(_HEX_DOT), about="IEEE 802", needs="0123456789abcdefABCDEF"),
    Shape("URL_CREDENTIALS", _USERINFO, ("://",), "://", lambda m: group_span(m, 1, "URL_CREDENTIALS", 0.9), about="RFC 3986 userinfo"),
    Shape("SECRET", _QUERY_SECRET, ("=",), r"[?&;][A-Za-z_]{3,16}=", lambda m: group_span(m, 1, "SECRET", 0.8)),
)  # fmt: skip
