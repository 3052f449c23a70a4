"""Check digits and ranges of international numbers. Each takes what a pattern found and returns how much is valid.

A check returns the number of characters, from the start, that are the value; 0 refuses. Separators may stand anywhere.
"""

import base64
import binascii
import hashlib
import ipaddress
import json
import math
import re
from collections import Counter

_SEPARATORS = re.compile(r"[\s.()/-]+")
# Length of an IBAN by country: SWIFT, IBAN Registry, release 99 (ISO 13616).
IBAN_LENGTHS = dict(
    entry.split(":")
    for entry in """
    AD:24 AE:23 AL:28 AT:20 AZ:28 BA:20 BE:16 BG:22 BH:22 BI:27 BR:29 BY:28 CH:21 CR:22 CY:28 CZ:24 DE:22
    DJ:27 DK:18 DO:28 EE:20 EG:29 ES:24 FI:18 FK:18 FO:18 FR:27 GB:22 GE:22 GI:23 GL:18 GR:27 GT:28 HN:28
    HR:21 HU:28 IE:22 IL:23 IQ:23 IS:26 IT:27 JO:30 KW:30 KZ:20 LB:28 LC:32 LI:21 LT:20 LU:20 LV:21 LY:25
    MC:27 MD:24 ME:22 MK:19 MN:20 MR:27 MT:31 MU:30 NI:28 NL:18 NO:15 OM:23 PK:24 PL:28 PS:29 PT:25 QA:29
    RO:24 RS:22 RU:33 SA:24 SC:31 SD:18 SE:24 SI:19 SK:24 SM:27 SO:23 ST:25 SV:28 TL:23 TN:24 TR:26 UA:29
    VA:22 VG:24 XK:20 YE:30
    """.split()  # noqa: SIM905
)
# Issuers by their first digits and the lengths of their numbers: ISO/IEC 7812, the ranges as the schemes publish them.
CARD_RANGES: tuple[tuple[int, int, tuple[int, ...]], ...] = (
    (4, 4, (13, 16, 19)),
    (51, 55, (16,)),
    (2221, 2720, (16,)),
    (34, 34, (15,)),
    (37, 37, (15,)),
    (300, 305, (14, 16)),
    (36, 36, (14, 16)),
    (38, 39, (14, 16)),
    (6011, 6011, (16, 17, 18, 19)),
    (644, 649, (16, 17, 18, 19)),
    (65, 65, (16, 17, 18, 19)),
    (3528, 3589, (16, 17, 18, 19)),
    (1800, 1800, (15,)),
    (2131, 2131, (15,)),
    (2200, 2204, (16, 17, 18, 19)),
    (50, 50, tuple(range(12, 20))),
    (56, 58, tuple(range(12, 20))),
    (60, 60, (16,)),
    (6304, 6304, tuple(range(12, 20))),
    (6390, 6390, tuple(range(12, 20))),
    (6759, 6763, tuple(range(12, 20))),
    (81, 82, (16,)),
    (9792, 9792, (16,)),
)
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def digits(text: str) -> str:
    """Return the digits of a text."""
    return "".join(letter for letter in text if "0" <= letter <= "9")


def compact(text: str) -> str:
    """Return a text without the separators that people write into numbers, in capitals."""
    return _SEPARATORS.sub("", text).upper()


def whole(text: str, *, valid: bool) -> int:
    """Return the length of a text that is valid as a whole, else 0."""
    return len(text) if valid else 0


def luhn_valid(number: str) -> bool:
    """Tell whether the last digit is right by Luhn's formula (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def luhn(text: str) -> int:
    """Accept a number with a right check digit by Luhn's formula that is not one digit over and over."""
    number = digits(text)
    return whole(text, valid=luhn_valid(number) and len(set(number)) > 1)


def payment_card(text: str) -> int:
    """Accept a number of a known card scheme and length with a right check digit."""
    number = digits(text)
    known = any(
        low <= int(number[: len(str(low))]) <= high and len(number) in lengths for low, high, lengths in CARD_RANGES
    )
    return luhn(text) if known else 0


def iban(text: str) -> int:
    """Accept an IBAN of its country's length with a right remainder (ISO 7064 MOD 97-10), without what follows."""
    wanted = int(IBAN_LENGTHS.get(text[:2].upper(), 0))
    letters = [place for place, letter in enumerate(text) if letter.isalnum()]
    if not wanted or len(letters) < wanted:
        return 0
    end = letters[wanted - 1] + 1
    if end < len(text) and text[end].isalnum():
        return 0
    number = compact(text[:end])
    return end if int("".join(str(int(letter, 36)) for letter in number[4:] + number[:4])) % 97 == 1 else 0


def aba_routing(text: str) -> int:
    """Accept a US routing number: weights 3, 7, 1 (American Bankers Association), districts in use."""
    total = sum(int(digit) * (3, 7, 1)[place % 3] for place, digit in enumerate(text))
    district = int(text[:2])
    used = district <= 12 or 21 <= district <= 32 or 61 <= district <= 72 or district == 80
    return whole(text, valid=total % 10 == 0 and used and int(text) > 0)


def ip_v4(text: str) -> int:
    """Accept an address that can be somebody's: not this host, not a broadcast, not 0."""
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        return 0
    named = not (address.is_loopback or address.is_unspecified or int(address) == 2**32 - 1)
    return whole(text, valid=named and int(text.split(".", maxsplit=1)[0]) > 0)


def ip_v6(text: str) -> int:
    """Accept an address with at least three groups and a digit; "12:45:18" and "std::" are none."""
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return 0
    groups = [group for group in text.split(":") if group]
    named = len(groups) >= 3 and any(letter.isdigit() for letter in text)
    return whole(text, valid=named and not address.is_loopback)


def bitcoin(text: str) -> int:
    """Accept a Bitcoin address: Base58Check with its double SHA-256, or Bech32 and Bech32m (BIP 173, BIP 350)."""
    if text[:3].lower() == "bc1":
        return whole(text, valid=_bech32_valid(text))
    number = 0
    for letter in text:
        place = _BASE58.find(letter)
        if place < 0:
            return 0
        number = number * 58 + place
    if number >= 1 << 200:
        return 0
    data = number.to_bytes(25, "big")
    check = hashlib.sha256(hashlib.sha256(data[:21]).digest()).digest()[:4]
    return whole(text, valid=check == data[21:] and data[0] in {0, 5})


def _bech32_valid(text: str) -> bool:
    if text.lower() != text and text.upper() != text:
        return False
    name, _one, rest = text.lower().rpartition("1")
    values = [_BECH32.find(letter) for letter in rest]
    if -1 in values or len(values) < 6:
        return False
    check = 1
    for value in [ord(letter) >> 5 for letter in name] + [0] + [ord(letter) & 31 for letter in name] + values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator if top >> place & 1 else 0
    return check in {1, 0x2BC830A3}


def json_web_token(text: str) -> int:
    """Accept a token whose head is JSON that names its algorithm (RFC 7519)."""
    head = text.split(".", 1)[0]
    try:
        said = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return 0
    return whole(text, valid=isinstance(said, dict) and "alg" in said)


def entropy(text: str) -> float:
    """Return Shannon's entropy of the characters, in bits for each."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)


def random_looking(text: str) -> int:
    """Accept letters and digits mixed with at least 3.5 bits a character.

    The limit is that of gitleaks' generic rule; detect-secrets uses 4.5 for Base64 and 3 for hexadecimal digits.
    """
    mixed = any(letter.isdigit() for letter in text) and any(letter.isalpha() for letter in text)
    return whole(text, valid=mixed and entropy(text) >= (3.0 if re.fullmatch(r"[0-9a-fA-F]+", text) else 3.5))


def passphrase(text: str) -> int:
    """Accept what can be a password: letters with a digit or a sign; a full stop at the end is left out."""
    value = text.rstrip(".,;:!?") if text[-1] in ".,;:?" else text
    other = any(not letter.isalpha() for letter in value)
    return len(value) if len(value) >= 5 and any(letter.isalpha() for letter in value) and other else 0


def password_with_digit(text: str) -> int:
    """Accept what can be a password and has a digit, behind a word that may mean something else."""
    return passphrase(text) if any(letter.isdigit() for letter in text) else 0


def some_digits(text: str) -> int:
    """Accept a code with at least three digits."""
    return whole(text, valid=sum(letter.isdigit() for letter in text) >= 3)


def phone_digits(text: str) -> int:
    """Accept 7 to 15 digits (ITU-T E.164), not all the same and no date."""
    number = digits(text)
    date = re.fullmatch(r"(?:19|20)\d\d[-./ ](?:0?[1-9]|1[0-2])[-./ ](?:0?[1-9]|[12]\d|3[01])", text)
    return whole(text, valid=7 <= len(number) <= 15 and len(set(number)) > 1 and not date)
