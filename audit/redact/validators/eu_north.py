"""The Nordic and Baltic countries, Poland, Czechia, Slovakia, Hungary."""

from audit.redact.validators.accounts import document_731
from audit.redact.validators.sums import is_day, is_ddmmyy, is_yymmdd, luhn, weighted

_HETU = "0123456789ABCDEFHJKLMNPRSTUVWXY"


def pl_pesel(digits: str) -> bool:
    """PESEL: birthday with the century in the month, weights 1, 3, 7, 9."""
    month = int(digits[2:4])
    return is_day(0, month % 20, int(digits[4:6])) and (
        weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0
    )


def pl_nip(digits: str) -> bool:
    """NIP: weights modulo 11."""
    return weighted(digits, (6, 5, 7, 2, 3, 4, 5, 6, 7)) % 11 == int(digits[9])


def pl_regon(digits: str) -> bool:
    """REGON of nine digits, or of fourteen whose first nine are one."""
    if len(digits) == 14:
        weights = (2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8)
        return pl_regon(digits[:9]) and weighted(digits, weights) % 11 % 10 == int(digits[13])
    return weighted(digits, (8, 9, 2, 3, 4, 5, 6, 7)) % 11 % 10 == int(digits[8])


def pl_identity_card(text: str) -> bool:
    """Dowód osobisty: three letters and six digits, the first digit checks (ICAO 9303 weights)."""
    return document_731(text.upper(), 3)


def pl_passport(text: str) -> bool:
    """Paszport: two letters and seven digits, the first digit checks (ICAO 9303 weights)."""
    return document_731(text.upper(), 2)


def cz_birth_number(digits: str) -> bool:
    """Rodné číslo: birthday with month + 50 for women, + 20 when a day ran out; modulo 11."""
    month = int(digits[2:4]) % 50
    if not is_day(0, month - 20 if month > 20 else month, int(digits[4:6])):
        return False
    if len(digits) == 9:
        return int(digits[:2]) < 54
    return int(digits[:9]) % 11 % 10 == int(digits[9])


def hu_tax(digits: str) -> bool:
    """Adóazonosító jel: 8, days since 1867, weights modulo 11."""
    return digits[0] == "8" and sum((i + 1) * int(d) for i, d in enumerate(digits[:9])) % 11 == int(
        digits[9]
    )


def hu_social_security(digits: str) -> bool:
    """TAJ: weights 3 and 7, modulo 10."""
    return weighted(digits, (3, 7) * 4) % 10 == int(digits[8])


def se_personnummer(digits: str) -> bool:
    """Personnummer of ten digits: birthday (day + 60 for a coordination number), Luhn."""
    digits = digits[-10:]
    day = int(digits[4:6])
    return is_day(0, int(digits[2:4]), day - 60 if day > 60 else day) and luhn(digits)


def se_organisation(digits: str) -> bool:
    """Organisationsnummer: third digit two or more, Luhn."""
    return digits[2] in "23456789" and luhn(digits)


def fi_hetu(text: str) -> bool:
    """Henkilötunnus: birthday, century sign, serial, check character modulo 31."""
    text = text.upper()
    return is_ddmmyy(text[:6]) and _HETU[int(text[:6] + text[7:10]) % 31] == text[10]


def dk_cpr(digits: str) -> bool:
    """CPR number: birthday and serial; numbers since 2007 have no check digit."""
    return is_ddmmyy(digits)


def no_fodselsnummer(digits: str) -> bool:
    """Fødselsnummer: birthday (day + 40: D number, month + 40: H number), two check digits."""
    day, month = int(digits[0:2]), int(digits[2:4])
    if not is_day(0, month - 40 if month > 40 else month, day - 40 if day > 40 else day):
        return False
    return (
        weighted(digits, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)) % 11 == 0
        and weighted(digits, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0
    )


def is_kennitala(digits: str) -> bool:
    """Kennitala: birthday (day + 40 for organisations), weights modulo 11, century."""
    day = int(digits[0:2])
    return (
        digits[9] in "890"
        and is_day(0, int(digits[2:4]), day - 40 if day > 40 else day)
        and weighted(digits, (3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0
    )


def baltic_personal(digits: str) -> bool:
    """Isikukood (EE) and asmens kodas (LT): century digit, birthday, two rounds of weights."""
    if digits[0] not in "12345678" or not is_yymmdd(digits[1:7]):
        return False
    check = weighted(digits, (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)) % 11
    if check == 10:
        check = weighted(digits, (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)) % 11 % 10
    return check == int(digits[10])


def lv_personal(digits: str) -> bool:
    """Personas kods: birthday and weights, or 32 and no meaning since 2017."""
    if digits[:2] == "32":
        return True
    if not is_ddmmyy(digits) or digits[6] not in "012":
        return False
    return (1101 - weighted(digits, (1, 6, 3, 7, 9, 10, 5, 8, 4, 2))) % 11 % 10 == int(digits[10])
