"""VAT numbers of the EU, Switzerland and the United Kingdom, with their country in front.

Sources: national rules as the European Commission lists them (VIES FAQ, question 11).
"""

import re
from collections.abc import Callable

from audit.redact.validators import eu_north, eu_south, eu_west
from audit.redact.validators.sums import weighted


def at_uid(text: str) -> bool:
    """Austria, behind `U`: Luhn with four added."""
    if text[:1] != "U" or not text[1:].isdigit() or len(text) != 9:
        return False
    total = sum(int("0246813579"[int(c)]) if i % 2 else int(c) for i, c in enumerate(text[1:8]))
    return (6 - total) % 10 == int(text[8])


def at_tax_number(digits: str) -> bool:
    """An Austrian tax number: nine digits, Luhn from the left."""
    total = sum(int("0246813579"[int(c)]) if i % 2 else int(c) for i, c in enumerate(digits[:8]))
    return (10 - total) % 10 == int(digits[8])


def ch_uid(digits: str) -> bool:
    """Switzerland, behind `CHE`: modulo 11."""
    return (11 - weighted(digits[:8], (5, 4, 3, 2, 7, 6, 5, 4))) % 11 == int(digits[8])


def fr_tva(text: str) -> bool:
    """France: a key of two digits, which follows from the nine of the company."""
    key, company = text[:2], text[2:]
    if not company.isdigit() or len(company) != 9:
        return False
    if not key.isdigit():
        return eu_west.fr_siren(company)
    return eu_west.fr_siren(company) and int(key) == (12 + 3 * (int(company) % 97)) % 97


def nl_btw(text: str) -> bool:
    """The Netherlands: nine digits, `B`, two digits; the old check or MOD 97-10."""
    if not re.fullmatch(r"[0-9]{9}B[0-9]{2}", text) or text[-2:] == "00":
        return False
    value = "".join(str(int(c, 36)) for c in "NL" + text)
    return eu_west.nl_bsn(text[:9]) or int(value) % 97 == 1


def ro_cui(digits: str) -> bool:
    """Romania: two to ten digits, modulo 11."""
    body = digits[:-1].zfill(9)
    return weighted(body, (7, 5, 3, 2, 1, 7, 5, 3, 2)) * 10 % 11 % 10 == int(digits[-1])


def si_ddv(digits: str) -> bool:
    """Slovenia: eight digits, modulo 11."""
    check = 11 - weighted(digits[:7], (8, 7, 6, 5, 4, 3, 2)) % 11
    return digits[0] != "0" and check != 11 and check % 10 == int(digits[7])


def _plain(size: int, check: Callable[[str], bool]) -> Callable[[str], bool]:
    return lambda text: len(text) == size and text.isdigit() and check(text)


def hu_company(digits: str) -> bool:
    """Hungary: eight digits, the weighted sum ends in zero."""
    return weighted(digits, (9, 7, 3, 1, 9, 7, 3, 1)) % 10 == 0


_COUNTRIES: dict[str, Callable[[str], bool]] = {
    "AT": at_uid,
    "BE": _plain(10, eu_west.be_vat),
    "CY": lambda t: len(t) == 9 and t[:8].isdigit() and eu_south.cy_tax(t),
    "DE": _plain(9, eu_west.de_vat),
    "DK": _plain(8, lambda t: t[0] != "0" and weighted(t, (2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0),
    "EE": _plain(9, lambda t: weighted(t, (3, 7, 1, 3, 7, 1, 3, 7, 1)) % 10 == 0),
    "EL": _plain(9, eu_south.gr_tax),
    "FI": _plain(8, lambda t: weighted(t, (7, 9, 10, 5, 8, 4, 2, 1)) % 11 == 0),
    "FR": fr_tva,
    "GB": _plain(9, eu_west.uk_vat),
    "HR": _plain(11, eu_south.hr_oib),
    "HU": _plain(8, hu_company),
    "IE": lambda t: len(t) in (8, 9) and t[:7].isdigit() and eu_west.ie_pps(t),
    "IT": _plain(11, eu_south.it_vat),
    "LU": _plain(8, lambda t: int(t[:6]) % 89 == int(t[6:])),
    "MT": _plain(8, lambda t: t[0] != "0" and weighted(t, (3, 4, 6, 7, 8, 9, 10, 1)) % 37 == 0),
    "NL": nl_btw,
    "PL": _plain(10, eu_north.pl_nip),
    "PT": _plain(9, eu_south.pt_nif),
    "SI": _plain(8, si_ddv),
    "SK": _plain(10, lambda t: int(t) % 11 == 0),
}


def eu_vat(text: str) -> bool:
    """Whether a number with a country in front has that country's check digits."""
    text = text.upper()
    if text[:3] == "CHE":
        return text[3:].isdigit() and len(text) == 12 and ch_uid(text[3:])
    if text[:2] == "RO":
        return text[2:].isdigit() and 4 <= len(text) <= 12 and text[2] != "0" and ro_cui(text[2:])
    check = _COUNTRIES.get(text[:2])
    return check is not None and check(text[2:])
