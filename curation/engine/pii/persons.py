"""Names of persons in texts of Latin script: lists of names, endings of family names, titles and words around them.

A guess without a language model, and only of names that are written with capitals. `docs/explanation/privacy.md` says
what was measured, beside a small model's figures. Most names get less than 0.8, so that a person is asked.
"""

import re
from collections.abc import Iterator

from curation.engine.pii.names import NO_PERSON, THINGS, WORDS_TOO, Names, names
from curation.engine.pii.recognizer import Recognizer

UPPER, LOWER = "A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĖĘĚĞĢĪİĶĹĽŁŃŅŇŐŒŔŘŚŞŠŢŤŪŮŰŲŹŻŽ", "a-zß-öø-ÿāăąćčďđēėęěğģīıķĺľłńņňőœŕřśşšţťūůűųźżž"
_WORD = (
    rf"(?:(?:O['’]|D['’]|Mc|Mac|El-|Al-|De|Di|La|Le|Van)"
    rf"?[{UPPER}][{LOWER}]{{1,20}}(?:-[{UPPER}][{LOWER}]{{1,20}})?)"
)
_SEQUENCE = re.compile(
    rf"(?<![\w'’-])(?P<title>(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sir|Madam|Officer|Detective|Judge|"
    rf"Captain|Herr|Frau|Monsieur|Madame|Señor|Señora)\.?\s)"
    rf"?(?P<v>{_WORD}(?:[ ](?:[{UPPER}]\.?(?=\s[{UPPER}])|{_WORD}|(?:van|von|de|der|den|del|di|da|la|bin|al)"
    rf"(?=[ ][{UPPER}]))){{0,4}})(?![\w-])"
)
_INITIAL = re.compile(rf"[{UPPER}]\.?")
_NAMED = re.compile(
    r"(?i)(?:\bnames?(?: is| was|:)|\bname on [a-z ]{1,20}|\b(?:i am|i'm|this is|directed by|"
    r"written by|signed(?: by)?|dear|hello|hi|regards,?|sincerely,?|"
    r"user|client|customer|patient|applicant|employee|attn|contact|sent by|from|by|for|to|and):?)\s{1,3}$"
)
_SURE = re.compile(r"(?i)(?:\bnames?(?: is| was|:)|\bi am|\bi'm|directed by|written by|regards,?|sincerely,?)\s{1,3}$")
# A single first name is one behind words that speak of or to a person, or before words that say what somebody does.
_SPOKEN = re.compile(
    r"(?i)(?:\b(?:said|says|asked|told|by|with|named|him|her|his|from|dear|hi|hello|hey|producer|singer|actor|actress|"
    r"author|artist|director|coach|partner|friend|brother|sister|mother|father|wife|husband|son|daughter|kid|account|"
    r"add|and|is|was|who|but|that|to|for|of|given|had|does|did|than|starring|meet|met|see|saw|tell|ask|call|love|miss|"
    r"thanks?)|[,:;>])\s{0,2}$"
)
_DOES = re.compile(
    r"(?:'s\b|’s\b|\s(?:said|says|is|was|has|had|lives|shouted|asked|told|from|and|to|explained|played|wrote|will|would|on)"
    r"\b|:|,|\s\(|\n)"
)
_BEFORE_IN_LIST = re.compile(rf"([{UPPER}][{LOWER}]{{1,20}})(?:,\s|,?\s(?:and|or)\s)$")
_NEXT_IN_LIST = re.compile(rf"(?:,\s|,?\s(?:and|or)\s)([{UPPER}][{LOWER}]{{1,20}})")
# Family names: Slavic, Nordic, Baltic, Caucasian, Greek, Romanian, Turkish, Spanish, Japanese, Italian, Germanic.
_ENDING = re.compile(
    r"(?:[iy]ć|[oe]v(?:a|á|ić)?|[oe]vsk[iyá]|[kt]ov(?:a|á|ski|sky)|enko|sk[iy]|ská|sson|d[oó]ttir|[lnrs]sen|"
    r"dze|shvili|yan|opoulos|akis|escu|o[gğ]lu|[íi]guez|ñez|auskas|aitė|ienė|czyk|wicz|moto|mura|yama|gawa|naga|saki|sawa|"
    r"hashi|shita|eira|inho|elli|etti|ucci|qu?vist|quist|berg|ström|strand|gren|huis|inga|stra|mann)$"
)
_PLACE_BEHIND = re.compile(
    r"\s(?:Street|St|Avenue|Ave|Road|Rd|Lane|Drive|Court|Boulevard|Blvd|Square|Place|Inc|Ltd|LLC|PLC|Corp|Group|Company|"
    r"Bank|University|School|Hospital|Hotel|Club|Park|Airport|Station|Museum)\b"
)
_NUMBER_BEFORE, _NUMBER_BEHIND = re.compile(r"[0-9]\s?$"), re.compile(r"\s[0-9]")
_PLACES = frozenset(("Apt", "Suite", "Unit", "Floor", "Box"))
_NOT_IN_NAMES = NO_PERSON | THINGS
# Words of a name; a row of more is a headline.
_LONGEST = 4
_TITLED, _NAMED_SCORE, _STRONG, _GOOD, _LIKELY, _SINGLE = 0.85, 0.8, 0.75, 0.65, 0.6, 0.55


def persons(text: str) -> Iterator[tuple[int, int, float]]:
    """Give names of persons with a score; see the module."""
    known = names()
    for match in _SEQUENCE.finditer(text):
        start, end = match.span("v")
        words = text[start:end].split(" ")
        # "Barbara Novak Apt. 675": what belongs to an address or a company ends the name.
        while len(words) > 1 and words[-1] in _PLACES:
            end -= len(words.pop()) + 1
        if match["title"]:
            if words[0] not in WORDS_TOO:
                yield start, end, _TITLED
            continue
        # A sentence may begin right before a name: "Can Robert Chen", "Officer Barnes".
        while words and words[0] in WORDS_TOO:
            start += len(words[0]) + 1
            words = words[1:]
        if not 0 < len(words) <= _LONGEST or _NOT_IN_NAMES & set(words) or _PLACE_BEHIND.match(text, end):
            continue
        before, behind = text[max(0, start - 40) : start], text[end : end + 26]
        # A number beside it makes it a street: "4923 Parmova", "Joaquin Suarez 2906".
        if _NUMBER_BEFORE.search(before) or _NUMBER_BEHIND.match(behind):
            continue
        plain = [word.split("-")[0].removesuffix("'s").removesuffix("’s") for word in words]
        score = _several(plain, words, before, known) if len(words) > 1 else _single(plain[0], before, behind, known)
        if score:
            yield start, end, score


def _several(plain: list[str], words: list[str], before: str, known: Names) -> float:
    """Score a first name with what follows it."""
    first, last = plain[0], plain[-1]
    is_last = last in known.last or _ends_as_name(last, known)
    if first in known.first and (is_last or last in known.first):
        return _STRONG
    if len(words) == 3 and _INITIAL.fullmatch(words[1]):
        return _STRONG if first in known.any_first or last in known.any_last or is_last else _GOOD
    if _SURE.search(before) and first.lower() not in known.words:
        return _NAMED_SCORE
    if first in known.any_first and is_last:
        return _GOOD
    if first in known.first or (is_last and first.lower() not in known.words):
        return _LIKELY
    return _LIKELY if last in known.any_last and _NAMED.search(before) and first.lower() not in known.words else 0.0


def _single(word: str, before: str, behind: str, known: Names) -> float:
    """Score a name that stands alone: a first name mostly."""
    is_first = word in known.first
    if _SURE.search(before):
        return _NAMED_SCORE if is_first else _LIKELY if word.lower() not in known.words else 0.0
    if is_first and _NAMED.search(before):
        return _LIKELY
    if is_first and (_SPOKEN.search(before) or _DOES.match(behind)):
        return _SINGLE
    return _SINGLE if word in known.any_first and _stands_in_list(before, behind, known) else 0.0


def _stands_in_list(before: str, behind: str, known: Names) -> bool:
    """Tell whether a name stands beside it, as in "Maite, Grace and Ann"."""
    sides = (_BEFORE_IN_LIST.search(before), _NEXT_IN_LIST.match(behind))
    return any(side is not None and side[1] in known.first for side in sides)


def _ends_as_name(word: str, known: Names) -> bool:
    return len(word) > 4 and word.lower() not in known.words and _ENDING.search(word) is not None


# Names in capitals, as forms, tickets and passports have them, only behind a title or the word of a field.
_TITLE_WORDS = "mr|mrs|ms|miss|mx|dr|prof"
_FIELD_WORDS = "name|surname|passenger|patient|holder|applicant|insured|beneficiary"
_CAPITALS = re.compile(
    rf"(?i:(?<![a-z])(?:(?:{_TITLE_WORDS})\.?|(?:{_FIELD_WORDS})\s?[:：]))\s{{1,3}}"
    rf"(?P<v>[{UPPER}'’-]{{2,20}}(?:[ ]{{1,2}}(?:[{UPPER}]\.?[ ])?[{UPPER}'’-]{{2,20}}){{0,3}})(?![\w'’-]|\s?[:：])"
)


def capitals(text: str) -> Iterator[tuple[int, int, float]]:
    """Give names of persons in capitals; a word alone must be in the lists."""
    known = names()
    for match in _CAPITALS.finditer(text):
        words = [word.capitalize() for word in match["v"].split()]
        listed = any(word in known.any_first or word in known.any_last for word in words)
        if not _NOT_IN_NAMES & set(words) and listed:
            yield match.start("v"), match.end("v"), _NAMED_SCORE


PERSONS = (
    Recognizer(
        "latin_name_in_capitals",
        "PERSON",
        needs=(rf"(?i:(?:{_TITLE_WORDS})\.?|(?:{_FIELD_WORDS})\s?[:：])\s{{1,3}}[{UPPER}]{{2}}",),
        why="model",
        score=_NAMED_SCORE,
        languages=("en",),
        find=capitals,
        source="ICAO Doc 9303 writes names in capitals; the lists below",
    ),
    Recognizer(
        "latin_name",
        "PERSON",
        needs=(rf"[{UPPER}][{LOWER}]",),
        why="model",
        score=_TITLED,
        languages=("en",),
        find=persons,
        source="US Census Bureau, names of the 1990 census; Faker 40.63, names of 60 locales; words of our own",
    ),
)
