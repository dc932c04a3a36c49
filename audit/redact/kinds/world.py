"""Cards, accounts and documents of any country, and national ids outside Europe and China."""

from audit.redact._context import Topic
from audit.redact.kinds.rule import Rule, digits
from audit.redact.validators import accounts, asia, world

T = Topic.of
PASSPORT = T(
    "passport pasaporte passeport reisepass paszport passaporto paspoort passnummer pass 护照"
)

RULES = (
    Rule(
        "CREDIT_CARD",
        "any",
        digits(*range(13, 20)),
        T(
            "card credit debit visa mastercard amex karta karty kart kreditkarte carte tarjeta carta pan cc 卡"
        ),
        check=accounts.card,
        alone=0.8,
        labelled=True,
        looks=accounts.looks_like_card,
        source="ISO/IEC 7812",
    ),
    Rule("IBAN_CODE", "PL", digits(26), T("konto konta rachunek rachunku rachunki iban nrb bank"), check=accounts.polish_account, alone=0.8, labelled=True, source="NRB"),
    Rule("US_SSN", "US", digits(9), T("ssn social security"), check=world.us_ssn, labelled=True, looks=world.us_ssn),
    Rule("US_ITIN", "US", digits(9), T("itin taxpayer"), check=world.us_itin),
    Rule("US_DRIVER_LICENSE", "US", (*digits(7, 8, 9), "A9999999", "A99999999", "A999999999999"), T("driver drivers driver's license licence dl"), labelled=True),
    Rule("US_PASSPORT", "US", (*digits(9), "A99999999"), PASSPORT, labelled=True),
    Rule("US_BANK_ROUTING", "US", digits(9), T("routing aba rtn"), check=accounts.aba_routing),
    Rule("US_BANK_NUMBER", "any", digits(*range(7, 18)), T("account acct konto kontonummer compte cuenta conto iban 账号 账户 帐号 银行卡"), labelled=False, check=lambda t: len(set(t)) > 1),
    Rule("US_NPI", "US", digits(10), T("npi"), check=world.us_npi),
    Rule("CA_SIN", "CA", digits(9), T("sin insurance nas"), check=world.ca_sin),
    Rule("BR_CPF", "BR", digits(11), T("cpf"), check=world.br_cpf, alone=0.55),
    Rule("BR_CNPJ", "BR", digits(14), T("cnpj"), check=world.br_cnpj, alone=0.55),
    Rule("TR_NATIONAL_ID", "TR", digits(11), T("kimlik tc tckn"), check=world.tr_identity, labelled=True),
    Rule("ZA_ID_NUMBER", "ZA", digits(13), T("id identity said"), check=world.za_id, alone=0.6),
    Rule("AU_TFN", "AU", digits(9), T("tfn"), check=world.au_tfn),
    Rule("AU_MEDICARE", "AU", digits(10), T("medicare"), check=world.au_medicare),
    Rule("JP_MY_NUMBER", "JP", digits(12), T("マイナンバー 個人番号 mynumber"), check=asia.jp_my_number, labelled=True),
    Rule("KR_RRN", "KR", digits(13), T("주민등록번호 주민번호 rrn resident"), check=asia.kr_rrn),
    Rule("IN_AADHAAR", "IN", digits(12), T("aadhaar aadhar uidai आधार"), check=asia.in_aadhaar, labelled=True),
    Rule("IN_PAN", "IN", ("AAAAA9999A",), T("pan permanent income"), labelled=True),
    Rule("SG_NRIC_FIN", "SG", ("A9999999A",), T("nric fin"), check=lambda t: t[0] in "STFGMstfgm" and asia.sg_nric(t), alone=0.7),
    Rule("TH_TNIN", "TH", digits(13), T("citizen thai บัตรประชาชน"), check=asia.th_id),
    Rule("DEVICE_ID", "any", digits(15), T("imei device 设备"), check=accounts.imei, labelled=True, source="3GPP TS 23.003"),
    Rule(
        "VEHICLE_ID",
        "any",
        ("*17",),
        T("vin vehicle pojazdu nadwozia fahrgestellnummer fin chassis 车架号 车架"),
        check=accounts.vin,
        alone=0.6,
        labelled=True,
        looks=accounts.looks_like_vin,
        source="ISO 3779",
    ),
    Rule("PASSPORT", "any", ("AA9999999", "A99999999", "AA999999", "A9999999", "99AA99999", "AAA999999"), PASSPORT, labelled=True, source="ICAO 9303"),
    Rule(
        "VEHICLE_PLATE",
        "EU",
        (
            "AA99999A",
            "AA9A999",
            "AA99A99",
            "AAA9A99",
            "AA999A",
            "AAA99A",
            "AAA9A9",
            "AA99A9",
            "AA99999",
            "AAA99999",
            "AA9999A",
            "AA999AA",
            "AAA9999",
            "AAA999A",
            "AA9999",
            "AAA99AA",
            "AAA999",
            "AA99AAA",
            "A999AAA",
            "AAA999AA",
            "9AAA999",
            "AA99AA",
            "9999AAA",
            "99AAA9",
            "AAAA999",
            "AA999999",
            "AAAA9999",
        ),
        T(
            "rejestracyjny rejestracyjna rejestracyjnym rejestracyjnej rejestracyjnego rej pojazd pojazdu tablica plate kennzeichen kfz immatriculation matrícula matricula targa registration kenteken"
        ),
        labelled=True,
    ),
)  # fmt: skip
