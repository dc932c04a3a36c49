"""Every number of a person that python-stdnum knows in Europe is found behind its label, as it writes it."""

import importlib
import pkgutil
import random
import string
from collections.abc import Callable

import pytest
import stdnum

from audit.redact import redact
from audit.redact.validators.vat import at_tax_number, eu_vat

DICE = random.Random(5)  # noqa: S311


def n(count: int) -> str:
    return "".join(DICE.choices(string.digits, k=count))


def a(letters: str = string.ascii_uppercase) -> str:
    return DICE.choice(letters)


def ymd() -> str:
    return f"{DICE.randint(54, 99)}{DICE.randint(1, 12):02d}{DICE.randint(1, 28):02d}"


def dmy() -> str:
    return f"{DICE.randint(1, 28):02d}{DICE.randint(1, 12):02d}{DICE.randint(40, 99)}"


FOUND: dict[str, tuple[Callable[[], str], str]] = {
    "at.vnr": (lambda: n(4) + dmy(), "SVNR: {}"), "at.tin": (lambda: n(9), "Steuernummer {}"),
    "at.uid": (lambda: "ATU" + n(8), "UID: {}"), "be.nn": (lambda: ymd() + n(5), "Rijksregisternummer {}"),
    "be.bis": (lambda: f"{DICE.randint(40, 99)}{DICE.randint(21, 32)}{DICE.randint(1, 28):02d}" + n(5), "rijksregister {}"),
    "be.vat": (lambda: "0" + a("2478") + n(8), "ondernemingsnummer {}"),
    "bg.egn": (lambda: ymd() + n(4), "ЕГН: {}"), "bg.pnf": (lambda: n(10), "ЛНЧ {}"),
    "cy.vat": (lambda: n(8) + a(), "TIC {}"), "cz.rc": (lambda: ymd() + n(4), "r.č. {}"), "sk.rc": (lambda: ymd() + n(4), "rodné číslo {}"),
    "de.idnr": (lambda: n(11), "IdNr. {}"), "de.vat": (lambda: "DE" + n(9), "USt-IdNr. {}"), "dk.cpr": (lambda: dmy() + n(4), "CPR {}"),
    "dk.cvr": (lambda: n(8), "CVR {}"), "ee.ik": (lambda: a("34") + ymd() + n(4), "isikukood {}"),
    "es.dni": (lambda: n(8) + a(), "DNI {}"), "es.nie": (lambda: a("XYZ") + n(7) + a(), "NIE {}"), "es.cif": (lambda: a("ABEF") + n(8), "CIF {}"),
    "es.nif": (lambda: n(8) + a(), "NIF {}"), "fi.hetu": (lambda: dmy() + "-" + n(3) + a(string.digits + string.ascii_uppercase), "henkilötunnus {}"),
    "fi.alv": (lambda: "FI" + n(8), "ALV {}"), "fr.nir": (lambda: a("12") + ymd()[:4] + n(10), "NIR {}"), "fr.nif": (lambda: a("0123") + n(12), "numéro fiscal {}"),
    "fr.siren": (lambda: n(9), "SIREN {}"), "fr.siret": (lambda: n(14), "SIRET {}"), "fr.tva": (lambda: "FR" + n(11), "TVA {}"),
    "gb.nhs": (lambda: n(10), "NHS {}"), "gb.utr": (lambda: n(10), "UTR {}"), "gb.vat": (lambda: "GB" + n(9), "VAT {}"),
    "gr.amka": (lambda: dmy() + n(5), "ΑΜΚΑ {}"), "gr.vat": (lambda: n(9), "ΑΦΜ {}"), "hr.oib": (lambda: n(11), "OIB {}"), "hu.anum": (lambda: n(8), "adószám: {}"),
    "ie.vat": (lambda: "IE" + n(7) + a(), "VAT {}"),
    "ie.pps": (lambda: n(7) + a(), "PPSN: {}"), "is_.kennitala": (lambda: dmy() + n(3) + "9", "kennitala {}"),
    "it.codicefiscale": (lambda: f"RSSMRA{n(2)}{a('ABCDEHLMPRST')}{DICE.randint(1, 28):02d}H501{a()}", "codice fiscale {}"), "it.iva": (lambda: n(11), "P.IVA {}"),
    "lt.asmens": (lambda: a("34") + ymd() + n(4), "asmens kodas {}"), "lu.tva": (lambda: "LU" + n(8), "TVA {}"), "lv.pvn": (lambda: dmy() + "1" + n(4), "personas kods {}"),
    "mt.vat": (lambda: "MT" + n(8), "VAT {}"), "nl.bsn": (lambda: n(9), "BSN {}"), "nl.btw": (lambda: f"NL{n(9)}B{n(2)}", "btw {}"),
    "nl.identiteitskaartnummer": (lambda: "SP" + a("EKL") + "C" + a("ILR") + n(4), "paspoortnummer {}"),
    "no.fodselsnummer": (lambda: dmy() + n(5), "fødselsnummer {}"), "pl.pesel": (lambda: ymd() + n(5), "PESEL {}"), "pl.nip": (lambda: n(10), "NIP {}"),
    "pl.regon": (lambda: n(9), "REGON {}"), "pt.nif": (lambda: a("12") + n(8), "NIF {}"), "pt.cc": (lambda: n(9) + a() + a() + n(1), "cartão de cidadão {}"),
    "ro.cnp": (lambda: a("12") + ymd() + "12" + n(4), "CNP {}"), "ro.cui": (lambda: "RO" + n(8), "CUI {}"), "ro.cf": (lambda: "RO" + n(8), "CIF {}"), "se.personnummer": (lambda: ymd() + "-" + n(4), "personnummer {}"),
    "se.orgnr": (lambda: "55" + n(8), "organisationsnummer {}"), "si.emso": (lambda: f"{DICE.randint(1, 28):02d}{DICE.randint(1, 12):02d}9{n(2)}50{n(4)}", "EMŠO {}"),
    "si.ddv": (lambda: n(8), "davčna številka {}"), "ch.ssn": (lambda: "756" + n(10), "AHV {}"), "ch.uid": (lambda: "CHE" + n(9), "UID {}"),
    "us.ssn": (lambda: n(9), "SSN {}"), "us.itin": (lambda: "9" + n(2) + "7" + n(5), "ITIN {}"), "us.rtn": (lambda: n(9), "routing {}"),
    "cn.uscc": (lambda: "91110108MA" + n(7) + a(string.digits + "ABCDEF"), "信用代码{}"),
}  # fmt: skip

NOT_OF_PEOPLE = {
    "places and letters": "at.postleitzahl es.postal_code nl.postcode se.postnummer",
    "registers of companies, found by their own number": "at.businessid de.handelsregisternummer fr.rcs ee.registrikood ro.onrc si.maticna no.orgnr fi.ytunnus "
    "fi.associationid nl.brin be.eid",
    "the same numbers under another name": "be.iban es.iban no.iban be.ssn bg.vat ch.vat cz.dic ee.kmkr fi.veronumero lt.pvm no.mva is_.vsk se.vat sk.dph",
    "securities, energy, land, taxes on goods": "de.wkn gb.sedol es.cups es.referenciacatastral es.cae fr.accise de.leitweg",
    "references of payments and accounts without a country": "be.ogm_vcs ch.esr cz.bankaccount es.ccc no.kontonr",
    "no check digit that says anything": "de.stnr",
    "pupils, drugs": "gb.upn it.aic nl.onderwijsnummer",
    "companies and preparers in the US": "us.atin us.ein us.ptin us.tin",
}
COUNTRIES = [
    "at",
    "be",
    "bg",
    "ch",
    "cn",
    "cy",
    "cz",
    "de",
    "dk",
    "ee",
    "es",
    "fi",
    "fr",
    "gb",
    "gr",
    "hr",
    "hu",
    "ie",
    "is_",
    "it",
    "lt",
    "lu",
    "lv",
    "mt",
    "nl",
    "no",
    "pl",
    "pt",
    "ro",
    "se",
    "si",
    "sk",
    "us",
]


def test_every_module_of_these_countries_is_found_or_said_not_to_be_of_people() -> None:
    named = {
        module.name.removeprefix("stdnum.")
        for module in pkgutil.walk_packages(stdnum.__path__, "stdnum.")
        if module.name.count(".") == 2 and module.name.split(".")[1] in COUNTRIES
    }
    named = {
        name for name in named if hasattr(importlib.import_module(f"stdnum.{name}"), "is_valid")
    }
    others = {name for names in NOT_OF_PEOPLE.values() for name in names.split()}
    assert named - FOUND.keys() - others == {"cn.ric"}  # has a test of its own
    assert others <= named


@pytest.mark.parametrize("name", FOUND)
def test_valid_number_is_found_behind_its_label_in_both_written_forms(name: str) -> None:
    module = importlib.import_module(f"stdnum.{name}")
    make, label = FOUND[name]
    valid = [value for value in (make() for _ in range(12_000)) if module.is_valid(value)][:6]
    assert valid, "no value passes, so the test says nothing"
    for value in valid:
        for written in {value, getattr(module, "format", str)(value)}:
            text = "Kunde, " + label.format(written) + "; ok"
            start = text.index(written)
            seen = {i for span in redact(text).spans for i in range(span.start, span.end)}
            missing = [i for i in range(start, start + len(written)) if i not in seen]
            assert all(not text[i].isalnum() for i in missing), text


@pytest.mark.parametrize(
    ("country", "shape"),
    [(c, n_) for c, n_ in (("AT", 8), ("DE", 9), ("DK", 8), ("EE", 9), ("EL", 9), ("FI", 8), ("FR", 11), ("HR", 11), ("HU", 8), ("IT", 11), ("LU", 8), ("MT", 8), ("PL", 10), ("RO", 8), ("SI", 8))],
)  # fmt: skip
def test_vat_numbers_agree_with_stdnum(country: str, shape: int) -> None:
    theirs = importlib.import_module("stdnum.eu.vat").is_valid
    taken = 0
    for _ in range(1500):
        value = country + ("U" if country == "AT" else "") + n(shape)
        taken += theirs(value)
        assert eu_vat(value) is theirs(value), value
    assert taken


def test_austrian_tax_numbers_are_all_taken() -> None:
    theirs = importlib.import_module("stdnum.at.tin").is_valid
    values = [value for value in (n(9) for _ in range(5000)) if theirs(value)]
    assert values
    assert all(map(at_tax_number, values))
