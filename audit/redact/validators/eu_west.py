"""Germany, Austria, Switzerland, France, Belgium, the Netherlands, Luxembourg, Ireland, the United Kingdom."""

from audit.redact.validators.accounts import document_731
from audit.redact.validators.sums import is_day, luhn, mod_11_10, weighted


def de_tax_id(digits: str) -> bool:
    """Steuer-IdNr: one digit twice or thrice among the first ten, ISO 7064 MOD 11,10."""
    *others, most = sorted(digits[:10].count(d) for d in set(digits[:10]))
    return digits[0] != "0" and most in (2, 3) and set(others) == {1} and mod_11_10(digits)


def de_document(text: str) -> bool:
    """Identity card or passport number with its check digit (ICAO 9303)."""
    return document_731(text)


def de_social_security(text: str) -> bool:
    """Rentenversicherungsnummer: area, birthday, letter, serial, weights over digit sums."""
    day, month = int(text[2:4]), int(text[4:6])
    if not is_day(0, month, day % 40 if day > 31 else day):
        return False
    number = f"{text[:8]}{ord(text[8].upper()) - 64:02d}{text[9:]}"
    products = (
        int(d) * w for d, w in zip(number, (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1), strict=False)
    )
    return sum(p // 10 + p % 10 for p in products) % 10 == int(text[11])


def de_vat(digits: str) -> bool:
    """The nine digits of a German VAT number, ISO 7064 MOD 11,10."""
    return digits[0] != "0" and mod_11_10(digits)


def at_social_security(digits: str) -> bool:
    """Sozialversicherungsnummer: serial, check digit at place 4, birthday DDMMYY."""
    if digits[0] == "0" or not 1 <= int(digits[6:8]) <= 15 or not 1 <= int(digits[4:6]) <= 31:
        return False
    return weighted(digits, (3, 7, 9, 0, 5, 8, 4, 2, 1, 6)) % 11 == int(digits[3])


def at_vat(digits: str) -> bool:
    """The eight digits of an Austrian UID."""
    return (6 - luhn_sum(digits[:7])) % 10 == int(digits[7])


def luhn_sum(digits: str) -> int:
    """Return the Luhn sum, with every second digit from the left doubled."""
    return sum(int(d) if i % 2 == 0 else sum(divmod(int(d) * 2, 10)) for i, d in enumerate(digits))


def ch_social_security(digits: str) -> bool:
    """AHV number: EAN-13 with the prefix 756."""
    return digits[:3] == "756" and weighted(digits, (1, 3) * 6 + (1,)) % 10 == 0


def fr_social_security(text: str) -> bool:
    """NIR: sex, year, month, department (2A, 2B for Corsica), order, key modulo 97."""
    body = text[:13].upper().replace("2A", "19").replace("2B", "18")
    if text[0] not in "123478" or not body.isdigit():
        return False
    return 97 - int(body) % 97 == int(text[13:])


def fr_siren(digits: str) -> bool:
    """SIREN: Luhn over nine digits."""
    return luhn(digits)


def fr_siret(digits: str) -> bool:
    """SIRET: Luhn over fourteen digits whose first nine are a SIREN."""
    return luhn(digits) and luhn(digits[:9])


def fr_tax(digits: str) -> bool:
    """Numéro fiscal (SPI): ten digits, key modulo 511."""
    return digits[0] in "0123" and int(digits[:10]) % 511 == int(digits[10:])


def be_national(digits: str) -> bool:
    """Rijksregisternummer: birthday (0 where unknown, month + 20 or 40 for a bis number), modulo 97."""
    month, day = int(digits[2:4]) % 20, int(digits[4:6])
    if month > 12 or day > 31 or int(digits[2:4]) >= 60:
        return False
    body, key = int(digits[:9]), int(digits[9:])
    return key in (97 - body % 97, 97 - (2_000_000_000 + body) % 97)


def be_vat(digits: str) -> bool:
    """Enterprise number: ten digits, key modulo 97."""
    return (
        digits[0] in "01" and int(digits[:2]) != 0 and (int(digits[:8]) + int(digits[8:])) % 97 == 0
    )


def nl_bsn(digits: str) -> bool:
    """Burgerservicenummer, the eleven test."""
    return int(digits) > 9_999_999 and weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def lu_national(digits: str) -> bool:
    """Matricule of 13 digits: birthday, serial, Luhn and Verhoeff digits; the Luhn is checked."""
    return is_day(int(digits[:4]), int(digits[4:6]), int(digits[6:8])) and luhn(digits[:12])


def ie_pps(text: str) -> bool:
    """PPS number: seven digits, check letter, and since 2013 a second letter that counts nine."""
    text = text.upper()
    total = weighted(text[:7], (8, 7, 6, 5, 4, 3, 2))
    if len(text) == 9 and text[8] in "ABCDEFGHI":
        total += 9 * (ord(text[8]) - 64)
    return "WABCDEFGHIJKLMNOPQRSTUV"[total % 23] == text[7]


def uk_nhs(digits: str) -> bool:
    """NHS number: weights 10 to 2, modulo 11."""
    return weighted(digits, (10, 9, 8, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0 and len(set(digits)) > 1


def uk_nino(text: str) -> bool:
    """National insurance number: prefix letters that are given out, suffix A to D."""
    text = text.upper()
    return (
        text[0] not in "DFIQUV"
        and text[1] not in "DFIOQUV"
        and text[:2] not in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ")
        and text[8] in "ABCD"
    )


def uk_utr(digits: str) -> bool:
    """Unique taxpayer reference: the first digit checks the other nine."""
    total = weighted(digits[1:], (6, 7, 8, 9, 10, 5, 4, 3, 2))
    return "21987654321"[total % 11] == digits[0]


def uk_vat(digits: str) -> bool:
    """The nine digits of a UK VAT number: modulo 97, newer numbers with 55 added."""
    check = weighted(digits, (8, 7, 6, 5, 4, 3, 2, 10, 1)) % 97
    return check == 0 or (check in (42, 55) and digits[0] != "0")
