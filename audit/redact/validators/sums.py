"""Weighted digit sums and dates, the two things most check digits are made of."""

from collections.abc import Sequence

_LAST_DAY = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DOUBLED = bytes.maketrans(b"0123456789", b"0246813579")
BASE36 = {c: i for i, c in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}


def weighted(digits: str, weights: Sequence[int]) -> int:
    """Return the sum of digit times weight; the shorter of the two ends it."""
    return sum(w * (c - 48) for w, c in zip(weights, digits.encode("ascii"), strict=False))


def is_day(year: int, month: int, day: int) -> bool:
    """Whether the month has such a day; 29 February only in leap years, `year` 0 allows it."""
    if not (1 <= month <= 12 and 1 <= day <= _LAST_DAY[month]):
        return False
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return leap or not (month == 2 and day == 29)


def is_yymmdd(digits: str) -> bool:
    """Whether six digits read as year, month, day of some century."""
    return is_day(0, int(digits[2:4]), int(digits[4:6]))


def is_ddmmyy(digits: str) -> bool:
    """Whether six digits read as day, month, year of some century."""
    return is_day(0, int(digits[2:4]), int(digits[0:2]))


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    codes = digits.encode("ascii")
    return (sum(codes[-1::-2]) + sum(codes[-2::-2].translate(_DOUBLED)) - 48 * len(codes)) % 10 == 0


def mod_11_10(digits: str) -> bool:
    """ISO/IEC 7064, MOD 11,10; the last digit is the check digit."""
    product = 10
    for code in digits[:-1].encode("ascii"):
        product = ((code - 48 + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == int(digits[-1])


def mod_97_10(text: str) -> bool:
    """ISO/IEC 7064, MOD 97-10, letters as 10 to 35."""
    return int("".join(str(BASE36[c]) for c in text)) % 97 == 1


def verhoeff(digits: str) -> bool:
    """Verhoeff's dihedral check digit (1969)."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = _DIHEDRAL[check][_PERMUTED[place % 8][int(digit)]]
    return check == 0


def _dihedral(a: int, b: int) -> int:
    """Multiply in the group of the pentagon: 0-4 rotations, 5-9 reflections."""
    turn = a % 5 - b % 5 if a >= 5 else a % 5 + b % 5
    return turn % 5 + 5 * ((a >= 5) ^ (b >= 5))


_DIHEDRAL = [[_dihedral(a, b) for b in range(10)] for a in range(10)]
_BASE = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
_PERMUTED = [tuple(range(10))]
for _ in range(7):
    _PERMUTED.append(tuple(_BASE[i] for i in _PERMUTED[-1]))
