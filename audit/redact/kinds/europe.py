"""National identifiers of the EU, the EEA, Switzerland and the United Kingdom."""

from itertools import product

from audit.redact._context import Topic
from audit.redact.kinds.rule import Rule, digits
from audit.redact.validators import eu_north, eu_south, eu_west, vat

T = Topic.of
_TAX = "tin tax vat steuer fiscal nif iva tva ust uid"

_VAT = T(
    "vat ust ustidnr ustid uid mwst tva iva btw moms alv dph kdv ddv nip adószám umsatzsteuer cvr cui cif tic nif pvm pvn κωδικός αφμ"
)
_VAT_FORMS = (
    *(f"AA{'9' * n}" for n in (8, 9, 10, 11)), "AAA99999999", "AAA999999999", "AA999999999A99", "AA99999999A", "AA9999999A", "AA9999999AA",
    "AAA9999999999", "AAAA999999999",
)  # fmt: skip
ANYWHERE = (Rule("EU_VAT_NUMBER", "EU EEA CH GB", _VAT_FORMS, _VAT, check=vat.eu_vat),)
WEST = (
    Rule("AT_TAX_NUMBER", "AT", digits(9), T("steuernummer abgabenkontonummer abgabenkonto finanzamt stnr"), check=vat.at_tax_number, labelled=True),
    Rule("UK_VAT_NUMBER", "GB", digits(9), T("vat"), check=eu_west.uk_vat),
    Rule(
        "NL_IDENTITY_CARD", "NL", tuple("AA" + "".join(p) + "9" for p in product("A9", repeat=6)),
        T("identiteitskaart identiteitskaartnummer paspoort paspoortnummer reisdocument documentnummer"), labelled=True,
        looks=lambda t: "O" not in t.upper(),
    ),
    Rule("DE_TAX_ID", "DE", digits(11), T("steuer idnr steuerid steuernummer identifikationsnummer tin tax"), check=eu_west.de_tax_id, labelled=True),
    Rule("DE_TAX_NUMBER", "DE", digits(10, 13), T("steuernummer stnr steuer"), labelled=True),
    Rule("DE_ID_CARD", "DE", ("*10",), T("ausweis personalausweis perso ausweisnummer reisepass dokumentennummer"), check=eu_west.de_document, source="ICAO 9303"),
    Rule("DE_SOCIAL_SECURITY", "DE", ("99999999A999",), T("rentenversicherung sozialversicherung rvnr svnr versicherungsnummer"), check=eu_west.de_social_security, alone=0.7),
    Rule("DE_HEALTH_INSURANCE", "DE", ("A999999999",), T("krankenversicherung krankenkasse kvnr versichertennummer versicherten"), labelled=True),
    Rule("AT_SOCIAL_SECURITY", "AT", digits(10), T("svnr sozialversicherung sozialversicherungsnummer versicherungsnummer sv"), check=eu_west.at_social_security, labelled=True),
    Rule("CH_SOCIAL_SECURITY", "CH", digits(13), T("ahv avs avsnummer ahvnummer sozialversicherung"), check=eu_west.ch_social_security, alone=0.85),
    Rule("FR_SOCIAL_SECURITY", "FR", (*digits(15), "999999A99999999"), T("nir sécurité securite sociale insee nss"), check=eu_west.fr_social_security, alone=0.85, labelled=True),
    Rule("FR_TAX_ID", "FR", digits(13), T("fiscal spi impots impôts"), check=eu_west.fr_tax, labelled=True),
    Rule("FR_COMPANY", "FR", digits(9), T("siren rcs"), check=eu_west.fr_siren, labelled=True),
    Rule("FR_COMPANY", "FR", digits(14), T("siret"), check=eu_west.fr_siret, labelled=True),
    Rule("FR_ID_CARD", "FR", digits(12), T("cni identité identite"), labelled=True),
    Rule("BE_NATIONAL_ID", "BE", digits(11), T("rijksregister rijksregisternummer registre insz niss nationaal rrn"), check=eu_west.be_national, alone=0.6, labelled=True),
    Rule("BE_VAT", "BE", digits(10), T("btw kbo bce ondernemingsnummer entreprise"), check=eu_west.be_vat),
    Rule("NL_BSN", "NL", digits(9), T("bsn burgerservicenummer sofi sofinummer burgerservice"), check=eu_west.nl_bsn, labelled=True),
    Rule("LU_NATIONAL_ID", "LU", digits(13), T("matricule luxembourg cns"), check=eu_west.lu_national, labelled=True),
    Rule("IE_PPS", "IE", ("9999999A", "9999999AA"), T("pps ppsn ppsno"), check=eu_west.ie_pps, labelled=True),
    Rule("UK_NHS", "GB", digits(10), T("nhs"), check=eu_west.uk_nhs, labelled=True),
    Rule("UK_NINO", "GB", ("AA999999A",), T("ni nino insurance national"), check=eu_west.uk_nino, alone=0.7),
    Rule("UK_UTR", "GB", digits(10), T("utr taxpayer"), check=eu_west.uk_utr, labelled=True),
    Rule("UK_PASSPORT", "GB", digits(9), T("passport"), labelled=True),
)  # fmt: skip
NORTH = (
    Rule("PL_PESEL", "PL", digits(11), T("pesel"), check=eu_north.pl_pesel, alone=0.7, labelled=True),
    Rule("PL_NIP", "PL", (*digits(10), "AA9999999999"), T("nip podatkowy podatnika podatkowej podatnik"), check=eu_north.pl_nip, labelled=True),
    Rule("PL_REGON", "PL", digits(9, 14), T("regon"), check=eu_north.pl_regon, labelled=True),
    Rule(
        "PL_IDENTITY_CARD",
        "PL",
        ("AAA999999",),
        T(
            "dowód dowod dowodu dowodem dow osobistym osobistego osobisty tożsamości legitymująca legitymujący legitymujący"
        ),
        check=eu_north.pl_identity_card,
        alone=0.6,
        labelled=True,
    ),
    Rule("PL_PASSPORT", "PL", ("AA9999999",), T("paszport paszportu paszportem passport"), check=eu_north.pl_passport, labelled=True),
    Rule("PL_DRIVER_LICENSE", "PL", digits(9), T("jazdy prawo prawa"), labelled=True),
    Rule("CZ_BIRTH_NUMBER", "CZ SK", digits(9, 10), T("rodné rodne rč rc č rodného číslo cislo"), check=eu_north.cz_birth_number, labelled=True),
    Rule("HU_COMPANY", "HU", digits(8), T("adószám adoszam cégadószám"), check=vat.hu_company, labelled=True),
    Rule("DK_CVR", "DK", digits(8), T("cvr"), check=lambda t: vat.eu_vat("DK" + t)),
    Rule("SI_TAX_NUMBER", "SI", digits(8), T("davčna davčno ddv"), check=vat.si_ddv),
    Rule("HU_TAX_ID", "HU", digits(10), T("adóazonosító adoazonosito adószám"), check=eu_north.hu_tax, labelled=True),
    Rule("HU_SOCIAL_SECURITY", "HU", digits(9), T("taj"), check=eu_north.hu_social_security, labelled=True),
    Rule("SE_PERSONNUMMER", "SE", digits(10, 12), T("personnummer samordningsnummer persnr pnr"), check=eu_north.se_personnummer, labelled=True),
    Rule("SE_ORGANISATIONSNUMMER", "SE", digits(10), T("organisationsnummer orgnr"), check=eu_north.se_organisation, labelled=True),
    Rule("FI_PERSONAL_IDENTITY_CODE", "FI", ("999999A999A", "9999999999A", "9999999999"), T("hetu henkilötunnus henkilotunnus personbeteckning sotu"), labelled=True),
    Rule("DK_CPR", "DK", digits(10), T("cpr cprnr personnummer cprnummer"), check=eu_north.dk_cpr),
    Rule("NO_FODSELSNUMMER", "NO", digits(11), T("fødselsnummer fodselsnummer personnummer fnr"), check=eu_north.no_fodselsnummer, alone=0.7, labelled=True),
    Rule("IS_KENNITALA", "IS", digits(10), T("kennitala kt"), check=eu_north.is_kennitala, labelled=True),
    Rule("EE_ISIKUKOOD", "EE", digits(11), T("isikukood isikukoodi"), check=eu_north.baltic_personal, alone=0.6, labelled=True),
    Rule("LT_ASMENS_KODAS", "LT", digits(11), T("asmens kodas"), check=eu_north.baltic_personal, alone=0.6, labelled=True),
    Rule("LV_PERSONAS_KODS", "LV", digits(11), T("personas kods"), check=eu_north.lv_personal, labelled=True),
)  # fmt: skip
SOUTH = (
    Rule("ES_NIF", "ES", ("99999999A",), T("dni nif documento identidad"), check=eu_south.es_dni, alone=0.8, labelled=True),
    Rule("ES_NIE", "ES", ("A9999999A",), T("nie extranjero"), check=lambda t: t[0] in "XYZxyz" and eu_south.es_nie(t), alone=0.8),
    Rule("ES_CIF", "ES", ("A99999999", "A9999999A"), T("cif nif"), check=eu_south.es_cif),
    Rule("ES_SOCIAL_SECURITY", "ES", digits(12), T("seguridad social afiliación nuss"), check=lambda t: int(t[:10]) % 97 == int(t[10:]), labelled=True),
    Rule("IT_FISCAL_CODE", "IT", ("*16",), T("codice fiscale cf"), check=eu_south.it_fiscal_code, alone=0.9),
    Rule("IT_VAT_CODE", "IT", digits(11), T("partita iva piva p.iva"), check=eu_south.it_vat),
    Rule("IT_IDENTITY_CARD", "IT", ("AA9999999", "AA99999AA"), T("carta identità identita"), labelled=True),
    Rule("PT_NIF", "PT", digits(9), T("nif contribuinte nipc fiscal"), check=eu_south.pt_nif, labelled=True),
    Rule("PT_CITIZEN_CARD", "PT", ("999999999AA9", "999999999999", "999999999A99", "9999999999A9"), T("cidadão cidadao cc cartão"), check=eu_south.pt_citizen_card),
    Rule("GR_AMKA", "GR", digits(11), T("amka αμκα"), check=eu_south.gr_amka, labelled=True),
    Rule("GR_TAX_ID", "GR", digits(9), T("afm αφμ"), check=eu_south.gr_tax, labelled=True),
    Rule("GR_IDENTITY_CARD", "GR", ("AA999999",), T("ταυτότητας ταυτότητα tautotita adt"), labelled=True),
    Rule("HR_OIB", "HR", digits(11), T("oib"), check=eu_south.hr_oib, labelled=True),
    Rule("SI_EMSO", "SI RS BA ME MK", digits(13), T("emšo emso jmbg"), check=eu_south.emso, alone=0.6, labelled=True),
    Rule("RO_CNP", "RO", digits(13), T("cnp"), check=eu_south.ro_cnp, alone=0.7, labelled=True),
    Rule("BG_EGN", "BG", digits(10), T("егн egn"), check=eu_south.bg_egn, labelled=True),
    Rule("BG_FOREIGNER", "BG", digits(10), T("лнч lnch"), check=eu_south.bg_foreigner, labelled=True),
    Rule("CY_TAX_ID", "CY", ("99999999A",), T("tic cyprus vat"), check=eu_south.cy_tax),
    Rule("MT_ID_CARD", "MT", ("9999999A",), T("malta identity karta"), labelled=True),
)  # fmt: skip
RULES = ANYWHERE + WEST + NORTH + SOUTH
