"""Cards, bank accounts, devices, vehicles, wallets."""

import hashlib

from audit.redact.validators.sums import BASE36, luhn, mod_97_10, weighted

# SWIFT IBAN registry: length by country.
_IBAN_LENGTH = {
    code[:2]: int(code[2:])
    for code in (
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 "
        "DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 "
        "HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 "
        "MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 "
        "RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 "
        "VA22 VG24 XK20 YE30"
    ).split()
}
_BASE58 = {c: i for i, c in enumerate("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")}
_BECH32 = {c: i for i, c in enumerate("qpzry9x8gf2tvdw0s3jn54khce6mua7l")}
_BECH32_STEPS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_VIN_VALUE = dict(
    zip(
        "ABCDEFGHJKLMNPRSTUVWXYZ",
        (1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9),
        strict=True,
    )
) | {str(d): d for d in range(10)}
_VIN_WEIGHT = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def iban_length(country: str) -> int | None:
    """Return how long an IBAN of `country` is, or None where it has none."""
    return _IBAN_LENGTH.get(country)


def iban(text: str) -> bool:
    """ISO 13616: length by country, MOD 97-10 with the first four characters at the end."""
    text = text.upper()
    return _IBAN_LENGTH.get(text[:2]) == len(text) and mod_97_10(text[4:] + text[:4])


def polish_account(digits: str) -> bool:
    """A Polish account number (NRB): the IBAN without its country code."""
    return iban("PL" + digits)


def _brand(digits: str) -> bool:
    """Whether length and leading digits belong to a card scheme (ISO/IEC 7812 ranges)."""
    size, two, four = len(digits), int(digits[:2]), int(digits[:4])
    if digits[0] == "4":
        return size in (13, 16, 19)
    if two == 62 or 6000 <= four <= 6099 or two == 81:
        return 16 <= size <= 19
    if 51 <= two <= 55 or 2221 <= four <= 2720 or two == 35:
        return size == 16
    if two in (34, 37) or four in (2131, 1800):
        return size == 15
    if two in (36, 38, 39) or 300 <= four // 10 <= 305:
        return 14 <= size <= 19
    return (two in (50, 56, 57, 58, 60, 63, 64, 65, 67, 68, 69)) and size in (16, 18, 19)


def looks_like_card(digits: str) -> bool:
    """Whether a number behind a label may be a card: a scheme issues such numbers, or its check digit holds."""
    return len(set(digits)) > 1 and (_brand(digits) or luhn(digits))


def card(digits: str) -> bool:
    """A payment card: scheme range, length, Luhn."""
    return luhn(digits) and len(set(digits)) > 1 and _brand(digits)


def imei(digits: str) -> bool:
    """3GPP TS 23.003: 14 digits and a Luhn digit."""
    return luhn(digits) and len(set(digits)) > 2


def vin(text: str) -> bool:
    """ISO 3779 vehicle number whose place 9 is the North American check digit."""
    text = text.upper()
    if any(c not in _VIN_VALUE for c in text):
        return False
    total = sum(_VIN_VALUE[c] * w for c, w in zip(text, _VIN_WEIGHT, strict=True))
    return text[8] == "0123456789X"[total % 11]


def looks_like_vin(text: str) -> bool:
    """Whether the characters are those of a vehicle number: no I, O, Q, and serial digits."""
    text = text.upper()
    return all(c in _VIN_VALUE for c in text) and any(c.isalpha() for c in text)


def bitcoin(text: str) -> bool:
    """Base58Check (P2PKH, P2SH) or Bech32/Bech32m (BIP 173, BIP 350)."""
    if text[:3].lower() == "bc1":
        return text in (text.lower(), text.upper()) and _bech32(text.lower())
    value = 0
    for c in text:
        if c not in _BASE58:
            return False
        value = value * 58 + _BASE58[c]
    if value >> 200:
        return False
    raw = value.to_bytes(25, "big")
    return hashlib.sha256(hashlib.sha256(raw[:21]).digest()).digest()[:4] == raw[21:]


def _bech32(text: str) -> bool:
    """BIP 173: the checksum polynomial over the expanded prefix and the data is 1 or BIP 350's."""
    if any(c not in _BECH32 for c in text[3:]):
        return False
    check = 1
    for value in [3, 3, 0, 2, 3, *(_BECH32[c] for c in text[3:])]:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, step in enumerate(_BECH32_STEPS):
            if top >> bit & 1:
                check ^= step
    return check in (1, 0x2BC830A3)


def aba_routing(digits: str) -> bool:
    """US bank routing number: weights 3, 7, 1 modulo 10."""
    return digits != "0" * 9 and weighted(digits, (3, 7, 1) * 3) % 10 == 0


def document_731(text: str, check_at: int = -1) -> bool:
    """ICAO 9303 check digit: weights 7, 3, 1 over digits and letters as 10 to 35."""
    text = text.upper()
    check_at %= len(text)
    body = text[:check_at] + text[check_at + 1 :]
    total = sum(BASE36[c] * (7, 3, 1)[i % 3] for i, c in enumerate(body))
    return total % 10 == BASE36[text[check_at]]
