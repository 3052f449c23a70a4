"""Recognizers of national numbers outside China: check digits where a country has them, words where it has none."""

from curation.engine.pii import checks, national
from curation.engine.pii.recognizer import Recognizer

_END = r"(?![0-9A-Za-z])(?!\.[0-9])"
_START = r"(?<![0-9A-Za-z.])(?<![0-9A-Za-z][-/])"
_NINE = r"[0-9](?:[ .-]?[0-9]){8}"
_TEN = r"[0-9](?:[ .-]?[0-9]){9}"


def _words(*words: str) -> str:
    """Return an expression for any of these words, whatever their case."""
    return rf"(?i)(?:{'|'.join(words)})"


def _by_words(name: str, label: str, pattern: str, check: str, words: str, source: str) -> Recognizer:
    """Return a row whose check digit is too short to be believed without a word beside it."""
    return Recognizer(
        name,
        label,
        _START + pattern + _END,
        needs=(_NINE, words),
        why="checksum",
        score=0.97,
        check=getattr(national, check),
        words=words.replace("(?i)(?:", r"(?i)(?<![a-z])(?:", 1),
        source=source,
    )


def _by_format(
    name: str, label: str, pattern: str, check: str, needs: str, source: str, score: float = 0.97
) -> Recognizer:
    """Return a row whose format and check digit say enough."""
    return Recognizer(
        name,
        label,
        _START + pattern + _END,
        needs=(needs,),
        why="checksum",
        score=score,
        check=getattr(national, check),
        source=source,
    )


NATIONS = (
    Recognizer(
        "us_ssn",
        "US_SSN",
        r"(?<![\w.-])[0-8][0-9]{2}([- ])[0-9]{2}\1[0-9]{4}(?![\w-])(?!\.[0-9])",
        needs=(r"[0-9]{3}[- ][0-9]{2}[- ][0-9]{4}",),
        score=0.92,
        check=national.us_ssn,
        against=r"(?i)(?:account|acct|order|invoice|part)(?: number| no\.?| id)?\s?[:#]?\s?$",
        source=(
            "Social Security Administration, POMS RM 10201.035: never issued are 000, 666, 9xx, group 00, serial 0000"
        ),
    ),
    Recognizer(
        "us_ssn_near_words",
        "US_SSN",
        r"(?i:\bssn|social security(?: number| no\.?)?)(?i:\s(?:is|was))?[\s:#'\"]{0,3}(?P<v>[0-8][0-9]{8})(?![\w-])",
        needs=(r"[0-9]{9}", r"(?i)ssn|social security"),
        why="context",
        score=0.9,
        check=national.us_ssn,
        source="the same, without separators",
    ),
    Recognizer(
        "us_itin",
        "TAX_ID",
        r"(?<![\w.-])9[0-9]{2}([- ])(?:5[0-9]|6[0-5]|7[0-9]|8[0-8]|9[0-24-9])\1[0-9]{4}(?![\w-])",
        needs=(r"9[0-9]{2}[- ][0-9]{2}[- ][0-9]{4}",),
        score=0.85,
        source="IRS Publication 1915",
    ),
    Recognizer(
        "us_tax_id",
        "TAX_ID",
        r"(?i:\b(?:tax(?:payer)?(?: identification)?(?: id)?|tin|ein|atin)(?: number| no\.?| id)?)"
        r"[\s:#'\"]{1,3}(?P<v>[0-9]{2}-?[0-9]{7}[A-Z]?)(?![\w-])",
        needs=(r"[0-9]{2}-?[0-9]{7}", r"(?i)tax|tin|ein"),
        why="context",
        score=0.88,
        source="IRS Publication 1635: two digits, a dash, seven digits",
    ),
    Recognizer(
        "us_routing",
        "ROUTING_NUMBER",
        r"(?<![\w-])[0-9]{9}(?![\w-])",
        needs=(r"[0-9]{9}", r"(?i)routing|aba\b|rtn"),
        why="checksum",
        score=0.95,
        check=checks.aba_routing,
        words=r"(?i)\b(?:routing|aba|rtn)\b",
        source="ANSI X9.100: American Bankers Association's routing numbers",
    ),
    Recognizer(
        "gb_nino",
        "NATIONAL_ID",
        r"(?<![0-9A-Za-z])(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?["
        r"0-9]{2} ?[0-9]{2} ?[A-D](?![0-9A-Za-z])",
        needs=(r"[A-Z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]",),
        score=0.92,
        source="HM Revenue and Customs, National Insurance Manual NIM39110",
    ),
    Recognizer(
        "in_pan",
        "NATIONAL_ID",
        r"(?<![0-9A-Za-z])[A-Z]{3}[ABCFGHJLPT][A-Z][0-9]{4}[A-Z](?![0-9A-Za-z])",
        needs=(r"[A-Z]{5}[0-9]{4}[A-Z]",),
        score=0.9,
        source="Income Tax Department of India: the fourth letter is the kind of holder",
    ),
    Recognizer(
        "in_pan_near_words",
        "NATIONAL_ID",
        r"(?:\bPAN)(?i:\s(?:card))?(?i:\s(?:number|no\.?))?(?i:\s(?:is|was|for reference))"
        r"?[\s:#'\"(]{1,3}(?P<v>[A-Z]{5,12}[0-9]{3,5}[A-Z]{0,2})(?![0-9A-Za-z])",
        needs=(r"[0-9]{3}", r"PAN"),
        why="context",
        score=0.85,
        source="words of our own",
    ),
    Recognizer(
        "in_aadhaar_near_words",
        "NATIONAL_ID",
        r"(?i:\baadh?a{1,2}r(?: number| no\.?| card)?)"
        r"[\s:#'\"(]{1,3}(?P<v>[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}(?:[0-9]{2})?)(?![0-9A-Za-z])",
        needs=(r"[0-9]{4}", r"(?i)aadh"),
        why="context",
        score=0.85,
        source="UIDAI; numbers with a wrong check digit are found beside the word all the same",
    ),
    _by_format(
        "in_aadhaar",
        "NATIONAL_ID",
        r"(?<![0-9] )[2-9][0-9]{3} [0-9]{4} [0-9]{4}(?! [0-9])",
        "in_aadhaar",
        r"[2-9][0-9]{3} [0-9]{4} [0-9]{4}",
        "UIDAI; Verhoeff's check digit",
        0.9,
    ),
    _by_format(
        "br_cpf",
        "NATIONAL_ID",
        r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}",
        "br_cpf",
        r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}",
        "Receita Federal do Brasil",
        0.99,
    ),
    _by_format(
        "es_dni",
        "NATIONAL_ID",
        r"(?:[0-9]{8}|[XYZ][ -]?[0-9]{7})[ -]?[A-HJ-NP-TV-Z]",
        "es_dni",
        r"[0-9]{7}[ -]?[A-HJ-NP-TV-Z]",
        "Real Decreto 1553/2005",
        0.95,
    ),
    _by_format(
        "it_fiscal",
        "NATIONAL_ID",
        r"(?i:[A-Z]{6}[0-9]{2}[A-EHLMPRST][0-9]{2}[A-Z][0-9]{3}[A-Z])",
        "it_fiscal",
        r"(?i)[A-Z]{6}[0-9]{2}[A-Z][0-9]{2}[A-Z]",
        "Decreto ministeriale 12 marzo 1974",
        0.99,
    ),
    _by_format(
        "fr_nir",
        "NATIONAL_ID",
        r"[12][ .]?[0-9]{2}[ .]?(?:0[1-9]|1[0-2]|[2-9][0-9])[ .]?(?:[0-9]{2}|2[AB])"
        r"[ .]?[0-9]{3}[ .]?[0-9]{3}[ .]?[0-9]{2}",
        "fr_nir",
        r"[12][ .]?[0-9]{2}[ .]?[0-9]{2}[ .]?[0-9][0-9AB]",
        "INSEE, numéro d'inscription au répertoire",
        0.97,
    ),
    _by_format(
        "se_personnummer",
        "NATIONAL_ID",
        r"(?:19|20)?[0-9]{6}[-+][0-9]{4}",
        "se_personnummer",
        r"[0-9]{6}[-+][0-9]{4}",
        "Skatteverket, SKV 704",
        0.95,
    ),
    _by_format(
        "kr_rrn",
        "NATIONAL_ID",
        r"[0-9]{6}-[0-9]{7}",
        "kr_rrn",
        r"[0-9]{6}-[0-9]{7}",
        "Resident Registration Act of South Korea",
        0.97,
    ),
    _by_format(
        "sg_nric",
        "NATIONAL_ID",
        r"[STFG][0-9]{7}[A-Z]",
        "sg_nric",
        r"[STFG][0-9]{7}[A-Z]",
        "National Registration Act of Singapore",
        0.97,
    ),
    _by_format(
        "tw_id",
        "NATIONAL_ID",
        r"[A-Z][1289][0-9]{8}",
        "tw_id",
        r"[A-Z][1289][0-9]{8}",
        "Ministry of the Interior of Taiwan",
        0.95,
    ),
    _by_format(
        "hk_id",
        "NATIONAL_ID",
        r"[A-Z]{1,2}[0-9]{6}\([0-9A]\)",
        "hk_id",
        r"[A-Z][0-9]{6}\(",
        "Registration of Persons Regulations of Hong Kong",
        0.97,
    ),
    _by_words(
        "ca_sin",
        "NATIONAL_ID",
        r"[1-79][0-9]{2}[ -]?[0-9]{3}[ -]?[0-9]{3}",
        "ca_sin",
        _words("sin", "social insurance", "nas"),
        "Employment and Social Development Canada",
    ),
    _by_words(
        "gb_nhs",
        "NATIONAL_ID",
        r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}",
        "gb_nhs",
        _words("nhs", "national health"),
        "NHS Data Dictionary",
    ),
    _by_words(
        "au_tfn",
        "NATIONAL_ID",
        r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{3}",
        "au_tfn",
        _words("tfn", "tax file"),
        "Australian Taxation Office",
    ),
    _by_words(
        "nl_bsn",
        "NATIONAL_ID",
        r"[0-9]{9}",
        "nl_bsn",
        _words("bsn", "burgerservicenummer", "sofinummer"),
        "Wet algemene bepalingen burgerservicenummer",
    ),
    _by_words("pl_pesel", "NATIONAL_ID", r"[0-9]{11}", "pl_pesel", _words("pesel"), "Ustawa o ewidencji ludności"),
    _by_words(
        "de_tax_id",
        "NATIONAL_ID",
        r"[1-9][0-9](?: ?[0-9]{3}){3}",
        "de_tax_id",
        _words("steuer", "idnr", "tax id", "identifikationsnummer"),
        "Bundeszentralamt für Steuern; ISO 7064 MOD 11,10",
    ),
    _by_words(
        "jp_my_number",
        "NATIONAL_ID",
        r"[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}",
        "jp_my_number",
        _words("my number", "マイナンバー", "個人番号"),
        "Ordinance 85 of 2014 of Japan",
    ),
    _by_words(
        "tr_id", "NATIONAL_ID", r"[1-9][0-9]{10}", "tr_id", _words("kimlik", "tckn", "t\\.c\\."), "NVİ of Türkiye"
    ),
)
