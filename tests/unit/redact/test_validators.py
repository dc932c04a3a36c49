"""Each validator against python-stdnum or phonenumbers, on random values that often pass."""

import importlib
import random
import string
from collections.abc import Callable

import phonenumbers
import pytest

from audit.redact import redact
from audit.redact.validators import accounts, asia, china, eu_north, eu_south, eu_west, sums, world

DIGITS = string.digits


class Values:
    """Random values: `#9` nine digits, `ymd` a date, `A|B` one of these."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)  # noqa: S311

    def digits(self, count: int) -> str:
        return "".join(self.random.choices(DIGITS, k=count))

    def date(self, order: str) -> str:
        parts = {
            "y": self.digits(2),
            "Y": f"{self.random.randint(1930, 2012)}",
            "m": f"{self.random.randint(1, 12):02d}",
            "d": f"{self.random.randint(1, 28):02d}",
        }
        return "".join(parts[c] for c in order)

    def value(self, shape: str) -> str:
        out = []
        for piece in shape.split():
            if piece[0] == "#":
                out.append(self.digits(int(piece[1:])))
            elif set(piece) <= set("yYmd"):
                out.append(self.date(piece))
            else:
                out.append(self.random.choice(piece.split("|")))
        return "".join(out)


LETTERS = "|".join(string.ascii_uppercase)
NUMERALS = "|".join(DIGITS)
CASES: list[tuple[str, Callable[[str], bool], str]] = [
    ("cn.uscc", china.credit_code, "91110108|52110108 9|M|A|X 9|A|B|C|D #7 0|1|2|3|4|5|6|7|8|9|A|B|C|D|E|F|G|H|J|K|L"),
    ("luhn", sums.luhn, "#16"), ("verhoeff", sums.verhoeff, "#12"),
    ("de.idnr", eu_west.de_tax_id, "#11"), ("de.vat", eu_west.de_vat, "#9"),
    ("ch.ssn", eu_west.ch_social_security, "756 #10"), ("fr.siren", eu_west.fr_siren, "#9"),
    ("fr.siret", eu_west.fr_siret, "#14"), ("fr.nif", eu_west.fr_tax, "0|1|2|3 #9 0|1|2|3|4 #2"),
    ("fr.nir", eu_west.fr_social_security, "1|2 ym #10"), ("be.vat", eu_west.be_vat, "0 1|2|4|7 #8"),
    ("gb.nhs", eu_west.uk_nhs, "#10"), ("gb.utr", eu_west.uk_utr, "#10"), ("gb.vat", eu_west.uk_vat, "#9"),
    ("ie.pps", eu_west.ie_pps, f"#7 {LETTERS}"), ("ie.pps", eu_west.ie_pps, f"#7 {LETTERS} A|B|W"),
    ("pl.pesel", eu_north.pl_pesel, "ymd #5"), ("pl.nip", eu_north.pl_nip, "#10"), ("pl.regon", eu_north.pl_regon, "#9"),
    ("pl.regon", eu_north.pl_regon, "#14"), ("cz.rc", eu_north.cz_birth_number, "ymd #4"),
    ("hu.anum", lambda t: sums.weighted(t, (9, 7, 3, 1, 9, 7, 3, 1)) % 10 == 0, "#8"),
    ("se.personnummer", eu_north.se_personnummer, "Ymd #4"), ("ee.ik", eu_north.baltic_personal, "3|4 ymd #4"),
    ("lt.asmens", eu_north.baltic_personal, "3|4 ymd #4"), ("no.fodselsnummer", eu_north.no_fodselsnummer, "dm #2 4|3|2 #4"),
    ("it.iva", eu_south.it_vat, "#11"), ("it.codicefiscale", eu_south.it_fiscal_code, f"RCCMNL 83 S 18 D969 {LETTERS}"),
    ("pt.cc", eu_south.pt_citizen_card, f"#9 {LETTERS} {LETTERS} {NUMERALS}"), ("gr.amka", eu_south.gr_amka, "dmy #5"),
    ("gr.vat", eu_south.gr_tax, "#9"), ("hr.oib", eu_south.hr_oib, "#11"), ("si.emso", eu_south.emso, "dm 978 50 #4"),
    ("ro.cnp", eu_south.ro_cnp, "1|2 ymd 12 #4"), ("bg.egn", eu_south.bg_egn, "ymd #4"), ("bg.pnf", eu_south.bg_foreigner, "#10"),
    ("es.dni", eu_south.es_dni, f"#8 {LETTERS}"), ("es.nie", eu_south.es_nie, f"X|Y|Z #7 {LETTERS}"),
    ("es.cif", eu_south.es_cif, "A|B|H|J|P|Q|S #7 0|1|5|A|B|F|J"), ("cy.vat", eu_south.cy_tax, f"#3 #5 {LETTERS}"),
    ("us.ssn", world.us_ssn, "#9"), ("us.itin", world.us_itin, "9 #2 7 #5"), ("us.rtn", accounts.aba_routing, "#9"),
    ("ca.sin", world.ca_sin, "#9"), ("br.cpf", world.br_cpf, "529982247 #2"), ("br.cnpj", world.br_cnpj, "112223330001 #2"),
    ("tr.tckimlik", world.tr_identity, "#11"), ("za.idnr", world.za_id, "ymd #4 0|1 #2"), ("au.tfn", world.au_tfn, "#9"),
    ("jp.in_", asia.jp_my_number, "#12"), ("in_.aadhaar", asia.in_aadhaar, "#12"), ("th.pin", asia.th_id, "#13"),
    ("imei", accounts.imei, "#15"), ("iban", accounts.iban, "DE #20"), ("fi.hetu", eu_north.fi_hetu, f"dmy - 12|45 #1 {LETTERS}"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("oracle", "ours", "shape"), CASES, ids=[f"{c[0]}-{i}" for i, c in enumerate(CASES)]
)
def test_validator_agrees_with_stdnum(oracle: str, ours: Callable[[str], bool], shape: str) -> None:
    theirs = importlib.import_module(f"stdnum.{oracle}").is_valid
    values = Values(oracle)
    passed = 0
    for _ in range(1500):
        value = values.value(shape)
        expected = theirs(value)
        passed += expected
        assert ours(value) is expected, value
    assert passed > 0, "the values never pass, so the test says nothing"


# Where ours is stricter on purpose: a birthday must exist, leading digits must be given out.
STRICTER = [
    ("at.vnr", eu_west.at_social_security, "#10"), ("nl.bsn", eu_west.nl_bsn, "#9"),
    ("pt.nif", eu_south.pt_nif, "#9"), ("lv.pvn", eu_north.lv_personal, "dmy 1|2|0 #4"),
]  # fmt: skip


@pytest.mark.parametrize(("oracle", "ours", "shape"), STRICTER, ids=[c[0] for c in STRICTER])
def test_stricter_validator_never_takes_what_stdnum_refuses(
    oracle: str, ours: Callable[[str], bool], shape: str
) -> None:
    theirs = importlib.import_module(f"stdnum.{oracle}").is_valid
    values = Values(oracle)
    taken = [v for v in (values.value(shape) for _ in range(4000)) if ours(v) and v[:2] != "32"]
    assert taken
    assert all(theirs(value) for value in taken)


def test_resident_ids_agree_with_stdnum_where_it_knows_the_county() -> None:
    ric = importlib.import_module("stdnum.cn.ric")
    values, checked = Values("ric"), 0
    for _ in range(400):
        body = values.value("110101|310101 Ymd #3")
        for last in "0123456789X":
            checked += ric.is_valid(body + last)
            assert china.resident_id(body + last) is ric.is_valid(body + last)
    assert checked == 400


@pytest.mark.parametrize(("body", "region"), [("138", "CN"), ("159", "CN"), ("199", "CN")])
def test_chinese_mobiles_agree_with_phonenumbers(body: str, region: str) -> None:
    values = Values(body)
    for _ in range(50):
        number = body + values.digits(8)
        valid = phonenumbers.is_valid_number(phonenumbers.parse(number, region))
        assert valid
        assert redact(f"手机{number}").spans[0].type == "PHONE_NUMBER"


@pytest.mark.parametrize(
    "region", ["GB", "DE", "FR", "ES", "IT", "PL", "NL", "SE", "PT", "US", "JP", "IN"]
)
def test_example_numbers_of_phonenumbers_are_found_in_international_form(region: str) -> None:
    example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    written = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    (span,) = redact(f"please ring {written}, thanks").spans
    assert (span.type, f"please ring {written}, thanks"[span.start : span.end]) == (
        "PHONE_NUMBER",
        written,
    )
