"""The Americas, Oceania, Africa, Turkey."""

from audit.redact.validators.sums import is_yymmdd, luhn, weighted


def us_ssn(digits: str) -> bool:
    """Social security number: areas, groups and serials that are given out."""
    return (
        digits[0] != "9"
        and digits[:3] not in ("000", "666")
        and digits[3:5] != "00"
        and digits[5:] != "0000"
        and len(set(digits)) > 1
        and digits not in ("078051120", "457555462", "219099999")
    )


def us_itin(digits: str) -> bool:
    """ITIN: 9, and a group the IRS uses."""
    group = int(digits[3:5])
    return digits[0] == "9" and (
        50 <= group <= 65 or 70 <= group <= 88 or (90 <= group <= 99 and group != 93)
    )


def us_npi(digits: str) -> bool:
    """National provider identifier: Luhn with the prefix 80840."""
    return digits[0] in "12" and luhn("80840" + digits)


def ca_sin(digits: str) -> bool:
    """Social insurance number: Luhn over nine digits."""
    return digits[0] not in "08" and luhn(digits)


def br_cpf(digits: str) -> bool:
    """CPF: two check digits modulo 11."""
    if len(set(digits)) == 1:
        return False
    first = weighted(digits, range(10, 1, -1)) * 10 % 11 % 10
    second = weighted(digits, range(11, 1, -1)) * 10 % 11 % 10
    return digits[9:] == f"{first}{second}"


def br_cnpj(digits: str) -> bool:
    """CNPJ: two check digits modulo 11."""
    if len(set(digits)) == 1:
        return False
    first = -weighted(digits, (5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)) % 11 % 10
    second = -weighted(digits, (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)) % 11 % 10
    return digits[12:] == f"{first}{second}"


def tr_identity(digits: str) -> bool:
    """T.C. Kimlik No: two check digits modulo 10."""
    if digits[0] == "0":
        return False
    tenth = (weighted(digits, (7, -1, 7, -1, 7, -1, 7, -1, 7))) % 10
    return tenth == int(digits[9]) and sum(map(int, digits[:10])) % 10 == int(digits[10])


def za_id(digits: str) -> bool:
    """South African id: birthday, citizenship, Luhn."""
    return is_yymmdd(digits) and digits[10] in "01" and luhn(digits)


def au_tfn(digits: str) -> bool:
    """Tax file number: weights modulo 11."""
    return weighted(digits, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0


def au_medicare(digits: str) -> bool:
    """Medicare number of ten digits: weights 1, 3, 7, 9."""
    return digits[0] in "23456" and weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9)) % 10 == int(
        digits[8]
    )
