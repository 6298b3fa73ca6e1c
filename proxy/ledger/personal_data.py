"""Personal data in texts, masked before they are kept: addresses, accounts, phones, credentials.

What is masked has a form of its own. Names of people have none, and stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from proxy.ledger.redact import mask_secrets

_EMAIL = re.compile(r"\b[\w.+%-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}\b")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}")
_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}")
_PHONE = re.compile(
    r"(?<![\w.,-])(?:\+\d|\(0\d|0\d)(?:[ ./()-]{0,2}\d){5,13}(?![\w-])"
    r"|(?<![\w.,-])\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?![\w-])"
)
_IPV4 = re.compile(r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?!\w|\.\d)")
_IPV6 = re.compile(
    r"(?<![\w:])(?:(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}"
    r"|(?:[0-9A-Fa-f]{1,4}:){1,6}(?::[0-9A-Fa-f]{1,4}){1,6})(?![\w:])"
)


def without_personal_data(text: str) -> tuple[str, int]:
    """The text with masks such as `[email]` in place of personal data, and how many there are."""
    text, count = mask_secrets(text)
    for mask, pattern, holds in _KINDS:
        text, found = _masked(text, mask, pattern, holds)
        count += found
    return text, count


def _masked(text: str, mask: str, pattern: re.Pattern[str], holds: Callable[[str], int]) -> tuple[str, int]:
    found = 0

    def replace(match: re.Match[str]) -> str:
        nonlocal found
        length = holds(match[0])
        found += bool(length)
        return mask + match[0][length:] if length else match[0]

    return pattern.sub(replace, text), found


def card_length(text: str) -> int:
    """Characters of the longest beginning that is a card number: 13 to 19 digits with Luhn's check digit."""
    return _longest(text, 13, 19, _is_card)


def iban_length(text: str) -> int:
    """Characters of the longest beginning that is an IBAN (ISO 13616): 15 to 34, remainder 1 by 97."""
    return _longest(text, 15, 34, _is_iban)


def _longest(text: str, least: int, most: int, holds: Callable[[str], bool]) -> int:
    for end in range(len(text), 0, -1):
        plain = text[:end].replace(" ", "").replace("-", "")
        if least <= len(plain) <= most and text[end - 1].isalnum() and holds(plain):
            return end
    return 0


def _is_card(digits: str) -> bool:
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(int(digit) for digit in digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_iban(plain: str) -> bool:
    turned = plain[4:] + plain[:4]
    return int("".join(str(int(each, 36)) for each in turned)) % 97 == 1


_KINDS = (
    ("[email]", _EMAIL, len),
    ("[iban]", _IBAN, iban_length),
    ("[card]", _CARD, card_length),
    ("[ip]", _IPV4, len),
    ("[ip]", _IPV6, len),
    ("[phone]", _PHONE, len),
)
