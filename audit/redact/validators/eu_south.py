"""Italy, Spain, Portugal, Greece, Malta, Cyprus, the Balkans, Romania, Bulgaria."""

import re

from audit.redact.validators.sums import BASE36, is_day, is_ddmmyy, luhn, mod_11_10, weighted

_DNI = "TRWAGMYFPDXBNJZSQVHLCKE"
_CF_MONTHS = "ABCDEHLMPRST"
_CF = re.compile(
    rf"[A-Z]{{6}}[\dLMNPQRSTUV]{{2}}[{_CF_MONTHS}][\dLMNPQRSTUV]{{2}}[A-Z][\dLMNPQRSTUV]{{3}}[A-Z]"
)
# Decreto 12 marzo 1974: value of a character at an odd place.
_CF_ODD = dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (
            1,
            0,
            5,
            7,
            9,
            13,
            15,
            17,
            19,
            21,
            2,
            4,
            18,
            20,
            11,
            3,
            6,
            8,
            12,
            14,
            16,
            10,
            22,
            25,
            24,
            23,
        ),
        strict=True,
    )
)
_CF_ODD |= {str(d): _CF_ODD["ABCDEFGHIJ"[d]] for d in range(10)}


def es_dni(text: str) -> bool:
    """DNI: eight digits and a letter modulo 23."""
    return _DNI[int(text[:8]) % 23] == text[8].upper()


def es_nie(text: str) -> bool:
    """NIE: X, Y or Z counts as 0, 1, 2 before the seven digits."""
    return es_dni(str("XYZ".index(text[0].upper())) + text[1:])


def es_cif(text: str) -> bool:
    """CIF: letter of the form, seven digits, check digit or letter."""
    body = text[1:8]
    total = sum(sum(divmod(int(d) * (2 - i % 2), 10)) for i, d in enumerate(body))
    check = -total % 10
    return text[0].upper() in "ABCDEFGHJNPQRSUVW" and text[8].upper() in (
        str(check),
        "JABCDEFGHI"[check],
    )


def it_fiscal_code(text: str) -> bool:
    """Codice fiscale: shape with omocodia letters, check character modulo 26."""
    text = text.upper()
    if not _CF.fullmatch(text):
        return False
    odd = sum(_CF_ODD[c] for c in text[0:15:2])
    even = sum(BASE36[c] - 10 if c.isalpha() else int(c) for c in text[1:15:2])
    return (odd + even) % 26 == ord(text[15]) - 65


def it_vat(digits: str) -> bool:
    """Partita IVA: Luhn over eleven digits, an office that exists."""
    office = int(digits[7:10])
    known = 1 <= office <= 100 or office in (120, 121, 888, 999)
    return known and digits[:7] != "0000000" and luhn(digits)


def pt_nif(digits: str) -> bool:
    """NIF: weights modulo 11."""
    total = weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2))
    return digits[0] != "0" and (11 - total % 11) % 11 % 10 == int(digits[8])


def pt_citizen_card(text: str) -> bool:
    """Cartão de cidadão: eight digits, check digit, two letters, check digit; Luhn over base 36."""
    values = [BASE36[c] for c in text.upper()]
    total = 0
    for place, value in enumerate(reversed(values)):
        doubled = value * 2 if place % 2 else value
        total += doubled - 9 if place % 2 and doubled > 9 else doubled
    return total % 10 == 0


def gr_amka(digits: str) -> bool:
    """AMKA: birthday and Luhn."""
    return is_ddmmyy(digits) and luhn(digits)


def gr_tax(digits: str) -> bool:
    """AFM: weights are powers of two, modulo 11, modulo 10."""
    return digits != "0" * 9 and weighted(digits, (256, 128, 64, 32, 16, 8, 4, 2)) % 11 % 10 == int(
        digits[8]
    )


def hr_oib(digits: str) -> bool:
    """OIB: ISO 7064 MOD 11,10."""
    return mod_11_10(digits)


def emso(digits: str) -> bool:
    """EMŠO and JMBG: birthday, region, weights modulo 11."""
    year = int(digits[4:7])
    if not is_day(2000 + year if year < 800 else 1000 + year, int(digits[2:4]), int(digits[0:2])):
        return False
    check = -weighted(digits, (7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return check % 10 == int(digits[12])


def ro_cnp(digits: str) -> bool:
    """CNP: sex and century, birthday, county, weights modulo 11."""
    if digits[0] == "0" or not is_day(0, int(digits[3:5]), int(digits[5:7])):
        return False
    county = int(digits[7:9])
    if not (1 <= county <= 48 or county in (51, 52, 70, 80, 81, 82, 83)):
        return False
    check = weighted(digits, (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    return (1 if check == 10 else check) == int(digits[12])


def bg_egn(digits: str) -> bool:
    """EGN: birthday with the century in the month, weights modulo 11, modulo 10."""
    month = int(digits[2:4])
    if not is_day(0, month % 20, int(digits[4:6])) or month > 52:
        return False
    return weighted(digits, (2, 4, 8, 5, 10, 9, 7, 3, 6)) % 11 % 10 == int(digits[9])


def bg_foreigner(digits: str) -> bool:
    """LNCh: weights modulo 10."""
    return weighted(digits, (21, 19, 17, 13, 11, 9, 7, 3, 1)) % 10 == int(digits[9])


def cy_tax(text: str) -> bool:
    """Cyprus TIC: eight digits and a letter; digits at odd places are translated."""
    table = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21)
    total = sum(table[int(d)] if i % 2 == 0 else int(d) for i, d in enumerate(text[:8]))
    return chr(65 + total % 26) == text[8].upper() and text[:2] != "12"
