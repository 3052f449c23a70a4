"""Checks of national numbers. Like those of `checks`, each returns how many characters are the value, 0 for none."""

from curation.engine.pii.checks import compact, digits, luhn_valid, whole

# First two digits of Chinese identity numbers: GB/T 2260; 91 is for residence permits of foreigners (GA 2023).
_PROVINCES = frozenset(
    [*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82, 83, 91]
)
_MONTH_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_CREDIT_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VERHOEFF = (
    *("0123456789", "1234067895", "2340178956", "3401289567", "4012395678"),
    *("5987604321", "6598710432", "7659821043", "8765932104", "9876543210"),
)
_FISCAL_ODD = {
    letter: int(value)
    for letter, value in zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "1 0 5 7 9 13 15 17 19 21 1 0 5 7 9 13 15 17 19 21 2 4 18 20 11 3 6 8 12 14 16 10 22 25 24 23".split(),  # noqa: SIM905
        strict=True,
    )
}
_DNI = "TRWAGMYFPDXBNJZSQVHLCKE"


def weighted(number: str, weights: tuple[int, ...]) -> int:
    """Return the sum of digits times weights."""
    return sum(int(digit) * weight for digit, weight in zip(number, weights, strict=False))


def _date(year: int, month: int, day: int) -> bool:
    """Tell whether a day exists; February has 29 in leap years only."""
    if not 1 <= month <= 12 or not 1 <= day <= _MONTH_DAYS[month - 1]:
        return False
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return (month, day) != (2, 29) or leap


def cn_id(text: str) -> int:
    """Accept a Chinese identity number of 18 places: province, date, check digit (GB 11643-1999, ISO 7064 MOD 11-2)."""
    number = compact(text)
    if int(number[:2]) not in _PROVINCES or not _date(int(number[6:10]), int(number[10:12]), int(number[12:14])):
        return 0
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(number[:17]))
    return whole(text, valid="10X98765432"[total % 11] == number[17] and 1850 <= int(number[6:10]) <= 2100)


def cn_id_15(text: str) -> int:
    """Accept a Chinese identity number of the first generation: province and date, without a check digit."""
    day = _date(1900 + int(text[6:8]), int(text[8:10]), int(text[10:12]))
    return whole(text, valid=int(text[:2]) in _PROVINCES and day)


def cn_credit_code(text: str) -> int:
    """Accept a unified social credit code (GB 32100-2015: ISO 7064-like, weights 3^i modulo 31)."""
    number = text.upper()
    if any(letter not in _CREDIT_LETTERS for letter in number):
        return 0
    total = sum(_CREDIT_LETTERS.index(letter) * pow(3, place, 31) for place, letter in enumerate(number[:17]))
    return whole(text, valid=_CREDIT_LETTERS[(31 - total % 31) % 31] == number[17])


def cn_bank_card(text: str) -> int:
    """Accept a number of China UnionPay: 62, 16 to 19 digits, Luhn (GB/T 20501)."""
    number = digits(text)
    return whole(text, valid=16 <= len(number) <= 19 and luhn_valid(number))


def us_ssn(text: str) -> int:
    """Accept a US social security number that can have been issued: no 000, 666, 9xx; no group 00, no serial 0000."""
    number = digits(text)
    issued = number[:3] not in {"000", "666"} and number[0] != "9" and number[3:5] != "00" and number[5:] != "0000"
    return whole(text, valid=len(number) == 9 and issued and len(set(number)) > 1)


def in_aadhaar(text: str) -> int:
    """Accept an Indian Aadhaar number: 12 digits, the first 2 to 9, Verhoeff's check (UIDAI)."""
    number = digits(text)
    check = 0
    for place, digit in enumerate(reversed(number)):
        value = digit
        for _round in range(place % 8):
            value = "1576283094"[int(value)]
        check = int(_VERHOEFF[check][int(value)])
    return whole(text, valid=check == 0 and number[0] in "23456789")


def br_cpf(text: str) -> int:
    """Accept a Brazilian CPF: two check digits modulo 11 (Receita Federal)."""
    number = digits(text)
    for size in (9, 10):
        rest = weighted(number, tuple(range(size + 1, 1, -1))) * 10 % 11 % 10
        if rest != int(number[size]):
            return 0
    return whole(text, valid=len(set(number)) > 1)


def es_dni(text: str) -> int:
    """Accept a Spanish DNI or NIE: letter by the remainder of 23 (Ministerio del Interior)."""
    number = compact(text)
    plain = number.replace("X", "0", 1).replace("Y", "1", 1).replace("Z", "2", 1) if number[0] in "XYZ" else number
    return whole(text, valid=_DNI[int(plain[:-1]) % 23] == number[-1])


def it_fiscal(text: str) -> int:
    """Accept an Italian codice fiscale: check letter (DM 12 marzo 1974 n. 2227)."""
    number = text.upper()
    total = 0
    for place, letter in enumerate(number[:15]):
        total += _FISCAL_ODD[letter] if place % 2 == 0 else int(letter, 36) - (0 if letter.isdigit() else 10)
    return whole(text, valid=chr(65 + total % 26) == number[15])


def fr_nir(text: str) -> int:
    """Accept a French social security number: key 97 minus the remainder of 97 (INSEE); Corsica as 2A and 2B."""
    number = compact(text)
    plain = number[:13].replace("2A", "19").replace("2B", "18")
    return whole(text, valid=plain.isdigit() and 97 - int(plain) % 97 == int(number[13:15]))


def nl_bsn(text: str) -> int:
    """Accept a Dutch citizen service number: the test of 11 with weights 9 to 2 and -1."""
    number = digits(text)
    return whole(text, valid=weighted(number, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0 and int(number) > 0)


def pl_pesel(text: str) -> int:
    """Accept a Polish PESEL: date with the century in the month, weights 1 3 7 9."""
    number = digits(text)
    month = int(number[2:4])
    dated = 1 <= month % 20 <= 12 and 1 <= int(number[4:6]) <= 31
    return whole(text, valid=dated and weighted(number, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0)


def au_tfn(text: str) -> int:
    """Accept an Australian tax file number: weights 1 4 3 7 5 8 6 9 10 modulo 11."""
    number = digits(text)
    return whole(text, valid=weighted(number, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0 and int(number) > 0)


def gb_nhs(text: str) -> int:
    """Accept a British NHS number: weights 10 to 2 modulo 11 (NHS Data Dictionary)."""
    number = digits(text)
    check = 11 - weighted(number, tuple(range(10, 1, -1))) % 11
    return whole(text, valid=check % 11 == int(number[9]) and check != 10 and len(set(number)) > 1)


def de_tax_id(text: str) -> int:
    """Accept a German tax identification number: ISO 7064 MOD 11,10, first digit not 0, some digit repeated."""
    number = digits(text)
    product = 10
    for digit in number[:10]:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return whole(text, valid=number[0] != "0" and (11 - product) % 10 == int(number[10]) and len(set(number[:10])) < 10)


def se_personnummer(text: str) -> int:
    """Accept a Swedish personal number: date and Luhn over the last ten digits (Skatteverket)."""
    number = digits(text)[-10:]
    month, day = int(number[2:4]), int(number[4:6])
    return whole(text, valid=1 <= month <= 12 and 1 <= (day - 60 if day > 60 else day) <= 31 and luhn_valid(number))


def kr_rrn(text: str) -> int:
    """Accept a South Korean resident registration number: date and weights 2 to 9, 2 to 5 modulo 11."""
    number = digits(text)
    rest = (11 - weighted(number, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)) % 11) % 10
    return whole(text, valid=1 <= int(number[2:4]) <= 12 and 1 <= int(number[4:6]) <= 31 and rest == int(number[12]))


def jp_my_number(text: str) -> int:
    """Accept a Japanese individual number: weights 6 to 2 and 7 to 2 modulo 11 (Ordinance 85 of 2014)."""
    number = digits(text)
    rest = weighted(number, (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return whole(text, valid=(0 if rest <= 1 else 11 - rest) == int(number[11]))


def sg_nric(text: str) -> int:
    """Accept a Singaporean NRIC or FIN: weights 2 7 6 5 4 3 2 and a letter."""
    number = text.upper()
    total = weighted(number[1:8], (2, 7, 6, 5, 4, 3, 2)) + (4 if number[0] in "TG" else 0)
    letters = "JZIHGFEDCBA" if number[0] in "ST" else "XWUTRQPNMLK"
    return whole(text, valid=letters[total % 11] == number[8])


def tw_id(text: str) -> int:
    """Accept a Taiwanese identity number: letter as two digits, weights 1 9 8 7 6 5 4 3 2 1 1 modulo 10."""
    number = text.upper()
    letter = "ABCDEFGHJKLMNPQRSTUVXYWZIO".index(number[0]) + 10
    total = letter // 10 + letter % 10 * 9 + weighted(number[1:], (8, 7, 6, 5, 4, 3, 2, 1, 1))
    return whole(text, valid=total % 10 == 0)


def hk_id(text: str) -> int:
    """Accept a Hong Kong identity number: one or two letters, six digits, check character modulo 11."""
    number = compact(text)
    letters, check = number[:-7], number[-1]
    values = [ord(letter) - 55 for letter in letters] if len(letters) == 2 else [36, ord(letters) - 55]
    values += [int(digit) for digit in number[-7:-1]]
    total = sum(value * weight for value, weight in zip(values, (9, 8, 7, 6, 5, 4, 3, 2), strict=True))
    return whole(text, valid=(total + (10 if check == "A" else int(check, 36))) % 11 == 0)


def tr_id(text: str) -> int:
    """Accept a Turkish identity number: 11 digits, two check digits (Nüfus ve Vatandaşlık İşleri)."""
    number = [int(digit) for digit in digits(text)]
    tenth = (sum(number[0:9:2]) * 7 - sum(number[1:8:2])) % 10
    return whole(text, valid=number[0] != 0 and tenth == number[9] and sum(number[:10]) % 10 == number[10])


def ca_sin(text: str) -> int:
    """Accept a Canadian social insurance number: Luhn, not beginning with 0 or 8."""
    number = digits(text)
    return whole(text, valid=luhn_valid(number) and number[0] not in "08" and len(set(number)) > 1)
