"""Japan, Korea, India, Singapore, Thailand."""

from audit.redact.validators.sums import is_day, verhoeff, weighted


def jp_my_number(digits: str) -> bool:
    """My Number of twelve digits, modulo 11."""
    check = 11 - weighted(digits, (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return (0 if check >= 10 else check) == int(digits[11])


def kr_rrn(digits: str) -> bool:
    """Resident registration number: birthday and century; since 2020 there is no check digit."""
    return is_day(0, int(digits[2:4]), int(digits[4:6]))


def in_aadhaar(digits: str) -> bool:
    """Aadhaar: twelve digits, Verhoeff, not a palindrome."""
    return digits[0] not in "01" and digits != digits[::-1] and verhoeff(digits)


def sg_nric(text: str) -> bool:
    """NRIC and FIN: letter, seven digits, check letter."""
    text = text.upper()
    total = weighted(text[1:8], (2, 7, 6, 5, 4, 3, 2)) + {"T": 4, "G": 4, "M": 3}.get(text[0], 0)
    letters = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "M": "KLJNPQRTUWX"}.get(
        text[0], "XWUTRQPNMLK"
    )
    index = total % 11
    return letters[10 - index if text[0] == "M" else index] == text[8]


def th_id(digits: str) -> bool:
    """Thai citizen id: thirteen digits, modulo 11."""
    return digits[0] not in "09" and (11 - weighted(digits, range(13, 1, -1)) % 11) % 10 == int(
        digits[12]
    )
