"""Mainland China, Hong Kong, Taiwan."""

from audit.redact.validators.sums import BASE36, is_day, weighted

_PROVINCES = frozenset(
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 "
    "61 62 63 64 65 71 81 82 83".split()
)
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_USCC = {c: i for i, c in enumerate("0123456789ABCDEFGHJKLMNPQRTUWXY")}
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_TW_AREA = {c: i + 10 for i, c in enumerate("ABCDEFGHJKLMNPQRSTUVXYWZIO")}


def looks_like_resident_id(text: str) -> bool:
    """Whether region and birthday of an 18-digit id can exist, whatever the check digit says."""
    return (
        text[:2] in _PROVINCES
        and 1850 <= int(text[6:10]) <= 2099
        and is_day(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    )


def resident_id(text: str) -> bool:
    """GB 11643-1999: region, birthday, sequence, ISO 7064 MOD 11-2."""
    if not looks_like_resident_id(text):
        return False
    return "10X98765432"[weighted(text[:17], _ID_WEIGHTS) % 11] == text[17].upper()


def resident_id_15(text: str) -> bool:
    """The id of 1984 to 1999: region, birthday with a two-digit year, sequence, no check digit."""
    return text[:2] in _PROVINCES and is_day(
        1900 + int(text[6:8]), int(text[8:10]), int(text[10:12])
    )


def credit_code(text: str) -> bool:
    """GB 32100-2015, unified social credit code: MOD 31 over 18 characters."""
    text = text.upper()
    if text[0] not in "159AEFGHJNY" or not text[2:8].isdigit() or text[2:4] not in _PROVINCES:
        return False
    if len(set(text)) < 4 or any(c not in _USCC for c in text):
        return False
    total = sum(w * _USCC[c] for w, c in zip(_USCC_WEIGHTS, text[:17], strict=True))
    return _USCC[text[17]] == (31 - total % 31) % 31


def hong_kong_id(text: str) -> bool:
    """One or two letters, six digits, check character 0-9 or A (weights 9 to 1, modulo 11)."""
    text = text.upper()
    values = [36] * (9 - len(text)) + [BASE36[c] for c in text[:-1]]
    total = sum(w * v for w, v in zip(range(9, 1, -1), values, strict=True))
    return (total + (10 if text[-1] == "A" else BASE36[text[-1]])) % 11 == 0


def taiwan_id(text: str) -> bool:
    """Letter of the place, sex or residence digit, seven digits, check digit modulo 10."""
    area = _TW_AREA[text[0].upper()]
    if text[1] not in "1289":
        return False
    return (area // 10 + area % 10 * 9 + weighted(text[1:], (8, 7, 6, 5, 4, 3, 2, 1, 1))) % 10 == 0
