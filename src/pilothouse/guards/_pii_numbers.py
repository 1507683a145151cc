"""Which runs of digits are a card, a phone, a US social security number: shape first, then check.

Sources: ISO/IEC 7812-1 (Luhn; issuer ranges begin with 2 to 6), ITU-T E.164 (at most 15 digits; the list of
assigned country codes), North American Numbering Plan (area and exchange begin with 2 to 9), SSA "Social
Security number randomization" (never issued: area 000, 666, 900 to 999; group 00; serial 0000),
ISO 13616 (IBAN, mod 97) with lengths from the SWIFT registry.
"""

from __future__ import annotations

import re

RUN = re.compile(r"[+(]?\d[\d ().\-/+]{5,}\d")
"""Where numbers can be; what they are is told by the patterns below, within it."""
CARD = re.compile(r"\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|\d{4}([ -])\d{6}\2\d{4,5}|\d{13,19}")
SSN = re.compile(r"(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}")
PHONE = re.compile(
    r"(?:\+|00)[1-9]\d{0,2}(?:[ .\-/]?\(?\d{1,5}\)?){1,7}"
    r"|(?:1[ .\-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[\-.])[2-9]\d\d[\-. ]\d{4}"
    r"|0\d{1,4}[ \-/]\d{2,4}(?:[ \-]?\d{2,4}){1,3}"
)
IBAN = re.compile(r"[A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?")
LONGEST = 64
"""No number is longer, its separators included."""

_CODES_2 = (
    "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 "
    "81 82 84 86 90 91 92 93 94 95 98"
)
_CODES_3 = (
    "211 212 213 216 218 22 23 24 25 260-269 290 291 297 298 299 350-359 370-378 380-383 385 386 387 389 "
    "420 421 423 50 590-599 67 680-683 685-692 800 808 850 852 853 855 856 870 878 880-883 886 888 "
    "960-968 970-977 979 992-996 998"
)
_IBAN_LENGTHS = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 "
    "EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 "
    "JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 "
    "NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 "
    "TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30"
)
IBAN_LENGTHS = {pair[:2]: int(pair[2:]) for pair in _IBAN_LENGTHS.split()}


def _country_codes() -> frozenset[str]:
    found = {"1", "7", *_CODES_2.split()}
    for entry in _CODES_3.split():
        first, _, last = entry.partition("-")
        if len(first) == 2:
            found.update(f"{first}{n}" for n in range(10))
        else:
            found.update(str(n) for n in range(int(first), int(last or first) + 1))
    return frozenset(found)


COUNTRY_CODES = _country_codes()


def digits_of(text: str) -> str:
    """Only its digits."""
    return "".join([c for c in text if "0" <= c <= "9"])


def is_card(text: str) -> bool:
    """An issuer's range and the Luhn digit."""
    digits = digits_of(text)
    if digits[0] not in "23456" or len(set(digits)) < 2:
        return False
    doubled = [int(d) * 2 for d in digits[-2::-2]]
    return (sum(int(d) for d in digits[-1::-2]) + sum(d - 9 * (d > 9) for d in doubled)) % 10 == 0


def is_phone(text: str) -> bool:
    """A number that could be dialled: an assigned country code, a length that a network accepts."""
    digits = digits_of(text)
    if text[0] == "+" or text.startswith("00"):
        number = digits if text[0] == "+" else digits[2:]
        is_assigned = any(number[:n] in COUNTRY_CODES for n in (1, 2, 3))
        return is_assigned and 8 <= len(number) <= 15
    if text[0] == "0":
        return 9 <= len(digits) <= 12
    return True  # the North American pattern says it all


def is_iban(text: str) -> bool:
    """A country's length, and the remainder 1 (mod 97)."""
    plain = text.replace(" ", "")
    if IBAN_LENGTHS.get(plain[:2]) != len(plain):
        return False
    return int("".join([str(int(c, 36)) for c in plain[4:] + plain[:4]])) % 97 == 1
