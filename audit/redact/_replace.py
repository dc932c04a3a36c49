"""What stands in the place of a span."""

from collections.abc import Callable, Iterable

from audit.redact._types import Span

Replacement = Callable[[Span, str], str]
"""Returns what is written for a span; the second argument is the value it covers."""

WHOLE = "***REDACTED***"
"""What a text becomes that could not be scanned whole."""

# The customer's placeholders keep the shape of the field: ***ID***, ***PHONE***.
_FIELDS = {
    "PHONE_NUMBER": "PHONE",
    "EMAIL_ADDRESS": "EMAIL",
    "CREDIT_CARD": "CARD",
    "IBAN_CODE": "ACCOUNT",
    "US_BANK_NUMBER": "ACCOUNT",
    "US_BANK_ROUTING": "ACCOUNT",
    "IP_ADDRESS": "IP",
    "MAC_ADDRESS": "MAC",
    "PERSON": "NAME",
    "LOCATION": "ADDRESS",
    "ADDRESS": "ADDRESS",
    "UK_POSTCODE": "ADDRESS",
    "DATE_OF_BIRTH": "BIRTHDAY",
    "DATE_TIME": "DATE",
    "SECRET": "SECRET",
    "PRIVATE_KEY": "SECRET",
    "URL_CREDENTIALS": "SECRET",
    "CRYPTO": "WALLET",
    "CN_PLATE": "PLATE",
    "VEHICLE_PLATE": "PLATE",
    "CN_QQ": "ACCOUNT",
    "CN_WECHAT": "ACCOUNT",
    "GPS": "LOCATION",
    "URL": "URL",
}


def field(kind: str) -> str:
    """Return the short field name of an entity type; `ID` for every kind of number."""
    return _FIELDS.get(kind, "ID")


def placeholder(span: Span, value: str) -> str:  # noqa: ARG001
    """Write `***FIELD***`, the form of the customer's logs."""
    return f"***{field(span.type)}***"


def typed(span: Span, value: str) -> str:  # noqa: ARG001
    """Write `<TYPE>`, the form presidio writes."""
    return f"<{span.type}>"


def replaced(text: str, spans: Iterable[Span], replacement: Replacement) -> str:
    """Return `text` with each span replaced; spans are in order and do not overlap."""
    out, at = [], 0
    for span in spans:
        out.append(text[at : span.start])
        out.append(replacement(span, text[span.start : span.end]))
        at = span.end
    out.append(text[at:])
    return "".join(out)
