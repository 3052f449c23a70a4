"""Stand-ins for personal data: the same value gives the same stand-in under one key, in the shape of what it replaces.

A stand-in is made of HMAC-SHA-256 (RFC 2104) over type and value, so nobody without the key can tell which value it
stands for, or try values. Values that differ only in separators, case or width are one value. Check digits are not
repaired: a stand-in should not be the number of somebody else.
"""

import hashlib
import hmac
import re
from base64 import b32encode
from collections.abc import Callable

from curation.engine.pii.chinese import SURNAMES
from curation.engine.pii.names import census_names
from curation.engine.pii.scan import plain_text

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
# Characters of given names in China that fit each other (Ministry of Public Security, report on names of 2020).
_GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华建文玲红玉兰秀梅辉宇"
    "欣浩然子轩雨涵思佳怡嘉梓晨睿博雅琪俊豪晓东志国海燕春林"
)
# A country's code, and what Chinese networks begin their mobile numbers with.
_PREFIX = re.compile(r"\s*(?:(?:\+|00)?86[ -]?)?1[3-9][0-9](?=[ -]?[0-9]{4}[ -]?[0-9]{4}$)|\s*(?:\+|00)[0-9]{1,2}")
_SEPARATORS = re.compile(r"[\s.()\-/·•]+")


def derive(key: bytes, use: str) -> bytes:
    """Return the key of one use; keys of different uses say nothing about each other."""
    return hmac.new(key, f"assay pii {use}".encode(), hashlib.sha256).digest()


def canonical(label: str, value: str) -> str:
    """Return a value as sameness sees it: plain forms, no separators, one case; a Chinese number without +86."""
    plain = plain_text(value).strip()
    if label in {"EMAIL", "URL", "PERSON", "ADDRESS"}:
        return " ".join(plain.casefold().split())
    if label in {"PASSWORD", "SECRET"}:
        return value
    bare = _SEPARATORS.sub("", plain).casefold()
    return re.sub(r"^(?:\+|00)?86(?=1[3-9][0-9]{9}$)", "", bare) if label == "PHONE" else bare


class Pseudonyms:
    """Stand-ins under one key.

    Args:
        key: At least 16 secret bytes, of one dataset.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) < 16:
            raise ValueError("A key has at least 16 bytes.")
        self._key = derive(key, "pseudonyms")

    def stand_in(self, label: str, value: str) -> str:
        """Return the stand-in of a value, never the value itself."""
        known = canonical(label, value)
        for turn in range(8):
            made = _SHAPES.get(label, _token)(label, value, self._bytes(label, known, turn))
            if canonical(label, made) != known:
                return made
        return _token(label, value, self._bytes(label, known, 0))

    def _bytes(self, label: str, known: str, turn: int) -> bytes:
        seed = hmac.new(
            self._key, f"{label}\0{turn}\0{known}".encode("utf-8", "surrogatepass"), hashlib.sha256
        ).digest()
        return hashlib.shake_256(seed).digest(256)


def _name(data: bytes, letters: int = 8) -> str:
    return b32encode(data)[:letters].decode().lower()


def _token(label: str, _value: str, data: bytes) -> str:
    return f"[{label}-{_name(data).upper()}]"


def _email(_label: str, _value: str, data: bytes) -> str:
    """Return an address at the domain that RFC 2606 keeps for examples."""
    return f"person-{_name(data)}@example.com"


def _address_of_net(_label: str, value: str, data: bytes) -> str:
    """Return an address that is routed nowhere: 10.0.0.0/8 (RFC 1918) or 2001:db8::/32 (RFC 3849)."""
    if ":" in value:
        return "2001:db8:" + ":".join(f"{data[place] << 8 | data[place + 1]:x}" for place in range(0, 12, 2))
    return f"10.{data[0]}.{data[1]}.{data[2]}"


def _url(_label: str, _value: str, data: bytes) -> str:
    return f"https://example.com/{_name(data)}"


def _person(_label: str, value: str, data: bytes) -> str:
    numbers = [int.from_bytes(data[place : place + 4], "big") for place in range(0, 32, 4)]
    if _HAN.search(value):
        given = max(1, min(2, len(value) - 1))
        return SURNAMES[numbers[0] % 100] + "".join(_GIVEN[numbers[1 + place] % len(_GIVEN)] for place in range(given))
    first, last = census_names()
    words = value.split()
    if len(words) == 1:
        return first[numbers[0] % len(first)]
    return f"{first[numbers[0] % len(first)]} {last[numbers[1] % len(last)]}"


def _same_shape(label: str, value: str, data: bytes) -> str:
    """Return a value with other digits and letters; separators, signs, and a country's code stay."""
    kept = 0
    if label == "PHONE" and (start := _PREFIX.match(plain_text(value))):
        kept = start.end()
    made, place = [], 0
    for number, letter in enumerate(value):
        if number < kept or not (letter.isdigit() or (letter.isascii() and letter.isalpha())):
            made.append(letter)
            continue
        byte = data[place % len(data)]
        place += 1
        if letter.isdigit():
            made.append(str(byte % 10))
        else:
            base = "A" if letter.isupper() else "a"
            made.append(chr(ord(base) + byte % 26))
    return "".join(made)


_SHAPES: dict[str, Callable[[str, str, bytes], str]] = {
    "EMAIL": _email,
    "IP": _address_of_net,
    "URL": _url,
    "PERSON": _person,
    **dict.fromkeys(
        (
            *(
                "PHONE",
                "LANDLINE",
                "CREDIT_CARD",
                "BANK_CARD",
                "IBAN",
                "US_SSN",
                "TAX_ID",
                "NATIONAL_ID",
                "CN_ID",
                "USCC",
            ),
            *("PASSPORT", "DRIVER_LICENSE", "ACCOUNT", "ROUTING_NUMBER", "ID_NUMBER", "PLATE", "WECHAT", "QQ", "MAC"),
        ),
        _same_shape,
    ),
}
