"""Names of persons in texts of Latin script: lists of the US census, titles and words that name people.

This is a guess without a language model: good where first names are usual in the United States or a title stands before
the name, blind for others. `docs/explanation/privacy.md` says what was measured and why no model ships.
"""

import gzip
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from curation.engine.pii.recognizer import Recognizer

_LISTS = Path(__file__).with_name("data") / "census_1990_names.txt.gz"
_UPPER, _LOWER = "A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĖĘĚĞĢĪİĶĹĽŁŃŅŇŐŒŔŘŚŞŠŢŤŪŮŰŲŹŻŽ", "a-zß-öø-ÿāăąćčďđēėęěğģīıķĺľłńņňőœŕřśşšţťūůűųźżž"
_WORD = (
    rf"(?:(?:O['’]|D['’]|Mc|Mac|El-|Al-|De|Di|La|Le|Van)"
    rf"?[{_UPPER}][{_LOWER}]{{1,20}}(?:-[{_UPPER}][{_LOWER}]{{1,20}})?)"
)
_SEQUENCE = re.compile(
    rf"(?<![\w'’-])(?P<title>(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sir|Madam|Officer|Detective|Judge|"
    rf"Captain|Herr|Frau|Monsieur|Madame|Señor|Señora)\.?\s)"
    rf"?(?P<v>{_WORD}(?:[ ](?:[{_UPPER}]\.|{_WORD}|(?:van|von|de|der|den|del|di|da|la|bin|al)"
    rf"(?=[ ][{_UPPER}]))){{0,4}})(?![\w-])"
)
_NAMED = re.compile(
    r"(?i)(?:\bnames?(?: is| was|:)|\bname on [a-z ]{1,20}|\b(?:i am|i'm|this is|directed by|"
    r"written by|signed(?: by)?|dear|hello|hi|regards,?|sincerely,?|"
    r"user|client|customer|patient|applicant|employee|attn|contact|sent by|from|by|for|to|and):?)\s{1,3}$"
)
_SURE = re.compile(r"(?i)(?:\bnames?(?: is| was|:)|\bi am|\bi'm|directed by|written by|regards,?|sincerely,?)\s{1,3}$")
# First names that are as often words, months or places at the start of a sentence.
_WORDS_TOO = frozenset(
    """
    An Are Art As Bill Can Chance Charity Christian Dale Do Dean Drew Earl Early Ester Faith Forest Frank Gay
    Gene Glen Grace Grant Guy Hope In Independence Ivy Jewel Joy June Lane Long Love Major Man Many Mark May
    Mercy My News Olive Page Pat Patience Penny Pearl Precious Price Prince Princess Ray Rich Rob Rocky Rose
    Royal Ruby See Season So Sky Star Sue Summer Sunny Tad Virgin Virginia Wade Will Winter You Young Worth
    April August Asia China Georgia Paris London Dallas Austin Houston Madison Lincoln Washington Jackson
    Florida Carolina Dakota Savannah Kenya Israel The This That These When Where What Who How If It On At Not No
    Yes Please Thank Thanks Date Name Phone Mobile Fax Desk Email Address Street Hi Hello Dear Subject France
    Spain Germany Italy Poland Canada Mexico India Egypt Turkey Greece Cuba Chad Jordan Holland Europe America
    York Sir Santa Subject Re From To Bot User Personal Info Zip Can Could Would Should Have Has Had Did Does
    Was Were Let Our Your His Her Their
    """.split()  # noqa: SIM905
)
_NO_PERSON = frozenset(
    """
    New Holder Customer Member Winner Street Avenue Road Lane Drive Court Boulevard Square Bank University
    College School Hospital Inc Ltd Llc Corp Company Group Association Institute Department Office Center Centre
    Court City County State States Kingdom Union Republic Island Islands North South East West Airport Station
    Park Bridge River Lake Mountain Orchestra Band Club Museum Church Trust Partners Systems Solutions Services
    Technologies Analytics Media News Times Week Weekly Day Monday Tuesday Wednesday Thursday Friday Saturday
    Sunday January February March July September October November December American British French German
    Russian English Spanish Italian Chinese Japanese Apt Suite Unit Box Insurance Credit Card Passport License
    Number Report Council Finance Federal National International Community Cooperative Tax Social Security Act
    Board Committee Agency Bureau Ministry Minister
    """.split()  # noqa: SIM905
)
_PLACES = frozenset(("Apt", "Suite", "Unit", "Floor", "Box"))
_STRONG, _LIKELY, _TITLED, _NAMED_SCORE = 0.75, 0.6, 0.85, 0.8


@lru_cache(maxsize=1)
def _census() -> tuple[frozenset[str], frozenset[str]]:
    first, last = gzip.decompress(_LISTS.read_bytes()).decode().splitlines()
    return frozenset(first.split()) - _WORDS_TOO, frozenset(last.split()) - _NO_PERSON


@lru_cache(maxsize=1)
def census_names() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return first names and family names of the census, sorted: a choice by number is the same on every machine."""
    first, last = _census()
    return tuple(sorted(first)), tuple(sorted(last))


def persons(text: str) -> Iterator[tuple[int, int, float]]:
    """Give names of persons with a score; see the module."""
    first, last = _census()
    for match in _SEQUENCE.finditer(text):
        start, end = match.span("v")
        words = text[start:end].split(" ")
        # "Barbara Novak Apt. 675": what belongs to an address or a company ends the name.
        while len(words) > 1 and words[-1] in _PLACES:
            end -= len(words.pop()) + 1
        if match["title"]:
            yield start, end, _TITLED
            continue
        # A sentence may begin right before a name: "Can Robert Chen", "Officer Barnes".
        while words and words[0] in _WORDS_TOO:
            start += len(words[0]) + 1
            words = words[1:]
        if not words or _NO_PERSON & set(words) or start >= end:
            continue
        score = _score(words, first, last, text[max(0, start - 40) : start])
        if score:
            yield start, end, score


def _score(words: list[str], first: frozenset[str], last: frozenset[str], before: str) -> float:
    plain = [word.split("-")[0].removesuffix("'s") for word in words]
    if len(words) > 1 and plain[0] in first:
        return _STRONG if plain[-1] in last or plain[-1] in first else _LIKELY
    if _SURE.search(before):
        return _NAMED_SCORE if len(words) > 1 or plain[0] in first else _LIKELY
    if len(words) > 1 and plain[-1] in last and _NAMED.search(before):
        return _LIKELY
    return _LIKELY if len(words) == 1 and plain[0] in first and _NAMED.search(before) else 0.0


PERSONS = (
    Recognizer(
        "latin_name",
        "PERSON",
        needs=(rf"[{_UPPER}][{_LOWER}]",),
        why="model",
        score=_TITLED,
        languages=("en",),
        find=persons,
        source="US Census Bureau, names of the 1990 census; titles and words of our own",
    ),
)

_KINDS = (
    "Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Court|Ct|Boulevard|Blvd|Square|Sq|Place|Pl"
    "|Terrace|Way|Highway|Hwy|Parkway|Crescent|Close|Row|"
    "Gardens|Grove|Hill|Quay|Mews|Alley"
)
STREETS = (
    Recognizer(
        "street",
        "ADDRESS",
        rf"(?<![\w.-])[0-9]{{1,5}}[A-Za-z]?,?\s(?:(?:[NSEW]\.?|North|South|East|West)\s)"
        rf"?(?:[{_UPPER}][{_LOWER}'’.-]{{1,20}}\s){{1,4}}(?:{_KINDS})\b\.?"
        r"(?:,?\s(?:Apt|Suite|Ste|Unit|Floor|Fl|#)\.?\s?[0-9A-Za-z-]{1,6})?"
        rf"(?:,?\s{{1,4}}[{_UPPER}][\w .'’-]{{1,30}},\s?[A-Z]{{2}}\s[0-9]{{5}}(?:-[0-9]{{4}})?)?",
        needs=(rf"[0-9]{{1,5}}[A-Za-z]?,?\s.{{1,90}}\b(?:{_KINDS})\b",),
        score=0.85,
        languages=("en",),
        source="USPS Publication 28, street suffixes",
    ),
    Recognizer(
        "post_box",
        "ADDRESS",
        r"(?i:\b(?:p\.?\s?o\.?\s?box|psc|unit|apo|cmr)\s[0-9]{1,5},?\sbox\s[0-9]{1,5}|"
        r"\bp\.?\s?o\.?\s?box\s[0-9]{1,6})"
        r"(?:\s{1,4}(?:APO|FPO|DPO)\s(?:AA|AE|AP)\s[0-9]{5})?",
        needs=(r"(?i)box\s[0-9]",),
        score=0.85,
        languages=("en",),
        source="USPS Publication 28, sections 28 and 29",
    ),
)
