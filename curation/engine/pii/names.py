"""Lists of names in Latin script: the US census of 1990 and, from many countries, the locales of Faker."""

import gzip
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_FOLDER = Path(__file__).with_name("data")
# First names that are as often words, months or places at the start of a sentence. Pseudonyms are drawn from the
# census without them (`census_names`), so a change here would give old values new pseudonyms.
WORDS_TOO = frozenset(
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
# What names a company, a place or a thing and no person.
NO_PERSON = frozenset(
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
# Things and events, which the longer lists of `names` have as names or which stand behind a name.
THINGS = frozenset(
    """
    Christmas Xmas Birthday Award Awards Theatre Theater Pass Resources Investments Bros Vs Lol Xx Xxx Brothers Show
    Village Mall Tea Beer Hall House Tower Towers Valley Beach Shore Hills Bay Cup League Festival Champion Unknown
    """.split()  # noqa: SIM905
)
# Months, greetings, ranks and cities that these lists have as names.
_NEVER = THINGS | frozenset(
    """
    Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec Merry Noel Captain General Doctor Lawyer Lady Queen King Duke
    Baron Happy Boston Manila Venice Verona Melbourne Atlanta Phoenix Orlando Taurus Gala Marvel Yours Sincerely
    Regards Best Kind True Omega Orange Good Just
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Names:
    """What is known of names.

    Attributes:
        first: First names that are hardly ever anything else.
        any_first: These and those that are words or places too.
        last: Family names that are hardly ever anything else.
        any_last: These and those that are words or places too.
        words: Frequent English words, in lower case, that are in neither `first` nor `last`.
    """

    first: frozenset[str]
    any_first: frozenset[str]
    last: frozenset[str]
    any_last: frozenset[str]
    words: frozenset[str]


@lru_cache(maxsize=1)
def names() -> Names:
    """Return the lists, 55,000 names; `data/README.md` says where they are from. Read once, in about 0.1 s."""
    lines = gzip.decompress((_FOLDER / "names.txt.gz").read_bytes()).decode().splitlines()
    first, first_too, last, last_too, words = (frozenset(line.split(" ")) for line in lines)
    out = WORDS_TOO | NO_PERSON | _NEVER
    return Names(first - out, (first | first_too) - out, last - out, (last | last_too) - NO_PERSON - _NEVER, words)


@lru_cache(maxsize=1)
def census_names() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return first names and family names of the census, sorted: a choice by number is the same on every machine."""
    first, last = gzip.decompress((_FOLDER / "census_1990_names.txt.gz").read_bytes()).decode().splitlines()
    return tuple(sorted(frozenset(first.split()) - WORDS_TOO)), tuple(sorted(frozenset(last.split()) - NO_PERSON))
