"""Street addresses in Latin script: American ones by their form, others by the words for a street."""

from curation.engine.pii.persons import LOWER, UPPER
from curation.engine.pii.recognizer import Recognizer

_KINDS = (
    "Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Court|Ct|Boulevard|Blvd|Square|Sq|Place|Pl"
    "|Terrace|Way|Highway|Hwy|Parkway|Crescent|Close|Row|"
    "Gardens|Grove|Hill|Quay|Mews|Alley"
)
# Words for a street that stand before its name, and endings of its name, in the languages of Europe.
_BEFORE_NAME = (
    "Rua|Travessa|Avenida|Avda?\\.?|Av\\.|Praça|Largo|Estrada|Calle|C/|Carrera|Carrer|Paseo|Plaza|Camino|"
    "Via|Viale|Vicolo|Corso|Piazza|Strada|[Rr]ue|[Aa]venue|Chemin|Route|Allée|Quai|Impasse|Cours|"
    "[Uu]l\\.|[Uu]lica|[Aa]l\\.|Aleja|[Oo]s\\.|[Nn]áměstí|[Nn]ám\\.|Strasse|Straße|Str\\."
)
_ENDINGS = (
    "[Ss]traße|[Ss]trasse|[Ss]tr\\.|gasse|weg|[Pp]latz|allee|straat|laan|plein|gracht|kade|dijk|gatan|vägen|gränd|"
    "vegen|veien|gata|vej|gade|stræde|allé|katu|tie|kuja|polku|raitti|[Uu]tca|[Tt]ér|[Úú]t|útja|[Uu]\\.|[Tt]ee|[Pp]st|"
    "puiestee|braut|vegur|stígur|stræti|götu|kapu"
)
_COUNTRIES = (
    "Argentina|Australia|Austria|Belgium|Brazil|Bulgaria|Canada|Chile|Colombia|Croatia|Cyprus|Czech Republic|Denmark|"
    "Estonia|Finland|France|Germany|Greece|Greenland|Hungary|Iceland|Ireland|Italy|Latvia|Lithuania|Luxembourg|Mexico|"
    "Netherlands|New Zealand|Norway|Poland|Portugal|Romania|Slovakia|Slovenia|South Africa|Spain|Sweden|Switzerland|"
    "Tunisia|Turkey|Ukraine|United Kingdom|United States|Uruguay|USA|UK"
)
_LETTER = f"{UPPER}{LOWER}"
_NUMBER = r"[0-9]{1,4}[A-Za-z]?(?![0-9A-Za-z])"
_NAME = rf"[{_LETTER}'’.-]{{1,24}}"
_UNIT = (
    r"(?:[,\s]{1,4}(?:[0-9]{1,3}(?:st|nd|rd|th)\s[Ff]loor|"
    r"(?:Apt|Suite|Ste|Unit|Floor|Fl|[Dd]oor|#)\.?\s?[0-9A-Za-z-]{1,6}(?![0-9A-Za-z]))){1,2}"
)
# A place belongs to the address when a postal code or a country ends it.
_PLACE = (
    rf"(?:(?:[,\s]{{1,5}}[{UPPER}][{_LETTER}'’.-]{{1,24}}){{1,3}}[,\s]{{1,5}}"
    r"[A-Z]{1,2}[0-9][0-9A-Z]?\s?[0-9][A-Z]{2}(?![0-9A-Za-z])|"
    rf"[,\s]{{1,5}}[0-9]{{4,6}}\s[{UPPER}]{_NAME}(?:[ -][{UPPER}]{_NAME})?|"
    rf"(?:[,\s]{{1,5}}[{UPPER}][{_LETTER}'’.-]{{1,24}}){{1,5}}"
    rf"(?:(?:[,\s]{{1,5}}[A-Z]{{2}})?[,\s]{{1,5}}[0-9]{{4,6}}(?![0-9])|[,\s]{{1,5}}(?:{_COUNTRIES})(?![{_LETTER}])))"
)
_END = rf"(?:{_UNIT})?(?:{_PLACE})?"

STREETS = (
    Recognizer(
        "street",
        "ADDRESS",
        rf"(?<![\w.-])[0-9]{{1,5}}[A-Za-z]?,?\s(?:(?:[NSEW]\.?|North|South|East|West)\s)"
        rf"?(?:[{UPPER}][{LOWER}'’.-]{{1,20}}\s){{1,4}}(?:{_KINDS})\b\.?"
        rf"(?:(?:{_UNIT})?,?\s{{1,4}}[{UPPER}][\w .'’-]{{1,30}},\s?[A-Z]{{2}}\s[0-9]{{5}}(?:-[0-9]{{4}})?|{_END})",
        needs=(rf"[0-9]{{1,5}}[A-Za-z]?,?\s.{{1,90}}\b(?:{_KINDS})\b",),
        score=0.85,
        languages=("en",),
        source="USPS Publication 28, street suffixes",
    ),
    Recognizer(
        "street_of_europe",
        "ADDRESS",
        rf"(?<![{_LETTER}0-9.-])(?:[0-9]{{1,5}},?\s{{1,2}})?"
        rf"(?:(?:{_BEFORE_NAME})\s(?:{_NAME}\s){{0,5}}?{_NAME},?\s{_NUMBER}"
        rf"|(?:[{UPPER}]{_NAME}\s){{0,3}}?(?:[{UPPER}][{_LETTER}’.-]{{0,22}}|(?<=\s))(?:{_ENDINGS})\s{_NUMBER}\.?)"
        rf"{_END}",
        needs=(rf"(?:{_BEFORE_NAME})\s|(?:{_ENDINGS})\s[0-9]", r"[0-9]"),
        score=0.75,
        languages=("en",),
        source="words for streets of the Universal Postal Union's member countries, addressing section",
    ),
    Recognizer(
        "house_before_rue",
        "ADDRESS",
        rf"(?<![{_LETTER}0-9.-])(?:[0-9]{{1,5}}\s)?{_NUMBER},?\s(?:bis\s|ter\s)?(?:{_BEFORE_NAME})\s"
        rf"(?:(?:d[eu]|de la|des|d'|du|l'|la|le|les|et|do|da|di|del)\s){{0,2}}"
        rf"[{UPPER}]{_NAME}(?:\s[{UPPER}]{_NAME}){{0,3}}(?:\s[0-9]{{1,4}}(?![0-9A-Za-z]))?{_END}",
        needs=(rf"[0-9][A-Za-z]?,?\s.{{0,4}}(?:{_BEFORE_NAME})\s",),
        score=0.75,
        languages=("en",),
        source="as above",
    ),
    Recognizer(
        "ship",
        "ADDRESS",
        rf"\bUS(?:S|NS|NV|CGC)\s[{UPPER}]{_NAME}(?:\s{_NAME})?[,\s]{{1,3}}FPO\s(?:AA|AE|AP)\s[0-9]{{5}}(?![0-9])",
        needs=(r"FPO\s(?:AA|AE|AP)\s[0-9]{5}",),
        score=0.85,
        languages=("en",),
        source="USPS Publication 28, section 29",
    ),
    Recognizer(
        "post_box",
        "ADDRESS",
        r"(?i:\b(?:p\.?\s?o\.?\s?box|psc|unit|apo|cmr)\s[0-9]{1,5},?\sbox\s[0-9]{1,5}|"
        r"\bp\.?\s?o\.?\s?box\s[0-9]{1,6})"
        r"(?:\s{1,4}(?:APO|FPO|DPO)\s(?:AA|AE|AP)\s[0-9]{5}|"
        rf",?\s{{1,4}}[{UPPER}][\w .'’-]{{1,30}},\s?[A-Z]{{2}}\s[0-9]{{5}}(?:-[0-9]{{4}})?|{_PLACE})?",
        needs=(r"(?i)box\s[0-9]",),
        score=0.85,
        languages=("en",),
        source="USPS Publication 28, sections 28 and 29",
    ),
)
