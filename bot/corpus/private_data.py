"""Private data in a post: e-mail addresses, phone numbers, IBANs, card numbers, keys.

A post that holds any is dropped whole: a model would learn it by heart. Rather one post too many than one
number too few, but dates, prices, scores, versions, years and post ids are not taken for phone numbers.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_EMAIL = re.compile(
    r"(?<![\w@./])(?!git@[\w.-]+:)[\w.+%'-]{1,64}@(?:[\w-]{1,63}\.)+[^\W\d_]{2,24}(?![\w@])"
    r"|(?<![\w@])[\w.+-]{1,64}\s?(?:\(at\)|\[at\]|\{at\})\s?[\w-]{1,63}"
    r"(?:\s?(?:\(dot\)|\[dot\]|\{dot\})\s?|\.)[a-z]{2,24}"
    r"|(?<![\w@])[\w.+-]{1,64} at [\w-]{1,63}(?: dot [\w-]{1,63})? dot (?:com|org|net|edu|info|io|co|eu|uk|de|fr)\b",
    re.IGNORECASE,
)

_TOKEN = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"hf_[A-Za-z0-9]{30,}"  # Hugging Face
    r"|sk-[A-Za-z0-9_-]{20,}"  # OpenAI, Anthropic
    r"|[sr]k_(?:live|test)_[A-Za-z0-9]{16,}"  # Stripe
    r"|A(?:KIA|SIA)[A-Z0-9]{16}"  # AWS
    r"|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}"  # GitHub
    r"|glpat-[A-Za-z0-9_-]{20,}"  # GitLab
    r"|xox[abeprs]-[A-Za-z0-9-]{10,}|xapp-\d-[A-Za-z0-9-]{20,}"  # Slack
    r"|services/T[A-Z0-9]{8,}/B[A-Z0-9]{8,}/[A-Za-z0-9]{20,}"  # ... its webhooks
    r"|AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,}|1//0[A-Za-z0-9_-]{30,}|GOCSPX-[A-Za-z0-9_-]{20,}"  # Google
    r"|npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{50,}"
    r"|AAAAAAAAAAAAAAAAAAAA[A-Za-z0-9%]{30,}"  # X
    r"|whsec_[A-Za-z0-9]{24,}|dop_v1_[a-f0-9]{40,}|r8_[A-Za-z0-9]{30,}"  # Stripe, DigitalOcean, Replicate
    r"|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|(?:AC|SK)[a-f0-9]{32}(?![a-f0-9])"  # SendGrid, Twilio
    r"|\d{8,10}:AA[A-Za-z0-9_-]{30,}"  # Telegram
    r"|eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"  # JSON web token
    r")|-----BEGIN [A-Z ]*PRIVATE KEY"
)

_DIGIT = re.compile(r"\d")
_RUN = re.compile(r"[!-~]{15}")  # no key is shorter
# A password or key that is called one: at least eight characters, with a digit among them.
_CALLED_KEY = re.compile(
    r"(?:key|token|secret|passw(?:or)?d|passwort|pwd|contraseña|senha|пароль|密码|パスワード)"
    r"[\"']?\s?[:=：]\s?[\"']?(?=\S{0,100}\d)[^\s\"']{8,}"
    r"|\bbearer (?=\S{0,100}\d)[\w.~+/=-]{20,}",
    re.IGNORECASE,
)

_MANY_DIGITS = re.compile(r"\d(?:[ ().\-/–\u00a0]{0,3}\d){6}")

# Dates, times, addresses of machines, decimals and thousands: taken out before phone numbers are looked for.
_NO_PHONE = re.compile(
    r"(?<!\d)\d{4}([-./])\d{1,2}\1\d{1,2}(?!\d)"  # 2024-05-01
    r"|(?<!\d)\d{1,2}([-./])\d{1,2}\2(?:19|20)?\d{2}(?!\d)"  # 01/05/2024, 1.5.24; French phones pair on
    r"|(?<!\d)\d{1,2}:\d{2}(?::\d{2})?"
    r"|(?<!\d)(?:\d{1,3}\.){3}\d{1,3}(?!\d)"
    r"|(?<!\d)(?:1[5-9]|20)\d{2}\s?[-–/]\s?(?:1[5-9]|20)?\d{2}(?!\d)"  # 1939-1945
    r"|(?<!\d)\d{1,3}(?:,\d{3})+(?:\.\d+)?"
    r"|(?:97[89][- ]?)\d{1,5}[- ]\d{1,7}[- ]\d{1,7}[- ][\dX](?!\d)"  # ISBN
    r"|(?<![\d+])(?:97[89])\d{10}(?!\d)"
)
_PAIRS = re.compile(r"(?<!\d)0[1-9](?:[ .-]\d{2}){4}(?!\d)")  # 06 12 34 56 78

_GAP = r"[ .\-/–\u00a0]"
# Repetitions are possessive: a long run of digits is looked at once, not in every way it could be grouped.
_PHONE = re.compile(
    rf"(?<![A-Za-z0-9_.+])(?:\+|00(?=[1-9]))\d{{1,3}}+(?:{_GAP}?\(?\d{{1,5}}+\)?){{2,6}}+(?!\d)"  # +44 20 7946 0958
    rf"|(?<![A-Za-z0-9_.-])(?:1{_GAP})?(?:\([2-9]\d{{2}}\)\s?|[2-9]\d{{2}}{_GAP})\d{{3}}{_GAP}\d{{4}}(?![\w-])"
    rf"|(?<![A-Za-z0-9_.,-])\(?0[1-9]\d{{0,4}}+\)?(?:{_GAP}{{0,2}}+\d{{2,8}}+){{1,4}}+(?![\d,])"  # 07700 900123
    r"|(?<![A-Za-z0-9_.,-])[6-9]\d{4}[ -]\d{5}(?![\d,])"  # 98765 43210
    r"|(?<![A-Za-z0-9_.,-])1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?![\d,])"  # 138 0013 8000
    r"|(?<![A-Za-z0-9_.,#$€£¥-])[6-9]\d{9}(?![\d,.%])(?<!0{5})"  # 9876543210; 8000000000 people are no number
    r"|(?<![A-Za-z0-9_.,-])8[ -]?\(?9\d{2}\)?[ -]?\d{3}[ -]?\d{2}[ -]?\d{2}(?![\d,])"  # 8 (912) 345-67-89
    r"|(?<![A-Za-z0-9_.,-])\(?[1-9]\d\)?[ ]9\d{4}-\d{4}(?![\d,])"  # (11) 91234-5678
)
_CALL = re.compile(
    r"(?:\b(?:call|phone|tel|text|sms|whatsapp|zap|mobile|cell|ring|fax|telefon|handy|anrufen|ll[aá]mame|llama"
    r"|llámanos|móvil|ligue|celular|appelez|appelle|тел|телефон|звоните|звони|позвони)\b"
    r"|[☎📞📱]|電話|电话|手机|微信|携帯|전화|โทร|هاتف|اتصل|טלפון)"
    r"[^\d\n]{0,20}(\+?[\d(][\d ().\-/]{5,18}\d)(?![\d,])",
    re.IGNORECASE,
)

_CARD = re.compile(r"(?<![\d.,\w])(?:[2-6]\d{3}(?:[ -]?\d){9,15}|[2-6]\d{3}(?:\.\d{4}){3})(?![\d\w])")
_IBAN = re.compile(r"(?<![A-Z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])")
_COMPACT_IBAN = re.compile(r"(?<![a-z0-9])[a-z]{2}\d{2}[a-z0-9]{11,30}(?![a-z0-9])")

# Full-width forms, and digits that are not ASCII, as people write them in Japan, India or Egypt.
_WIDE = re.compile(r"[（）＋－．０-：＝＠-Ｚ＿ａ-ｚ　]|(?![0-9])\d")


def holds_private_data(text: str) -> bool:
    """Whether a cleaned text holds an e-mail address, phone number, IBAN, card number or key."""
    if not text.isascii():
        text = _WIDE.sub(_narrow, text)
    if ("@" in text or "at" in text.lower()) and _EMAIL.search(text):
        return True
    if (_RUN.search(text) or "PRIVATE KEY" in text) and _TOKEN.search(text):
        return True
    if not _DIGIT.search(text):
        return False
    if _CALLED_KEY.search(text) or _holds_iban(text):
        return True
    return bool(_MANY_DIGITS.search(text)) and (_holds_phone(text) or _holds_card(text))


def _narrow(match: re.Match[str]) -> str:
    char = match[0]
    if char == "\u3000":
        return " "
    return str(unicodedata.digit(char)) if char.isdecimal() else chr(ord(char) - 0xFEE0)


def _holds_phone(text: str) -> bool:
    if _PAIRS.search(text):
        return True
    text = _NO_PHONE.sub(" · ", text)
    found = [match[0] for match in _PHONE.finditer(text)] + _CALL.findall(text)
    return any(7 <= _digits(number) <= 15 and not _is_trivial(number) for number in found)


def _holds_card(text: str) -> bool:
    return any(
        13 <= _digits(number) <= 19 and not _is_trivial(number) and _luhn(number)
        for number in _CARD.findall(text)
    )


def _holds_iban(text: str) -> bool:
    found = _IBAN.findall(text)
    compact = _COMPACT_IBAN.findall(text.replace(" ", "") if "iban" in text.lower() else text)
    return any(_mod_97(candidate) for match in (*found, *compact) for candidate in _shortened(match))


def _digits(number: str) -> int:
    return sum(map(str.isdigit, number))


def _is_trivial(number: str) -> bool:
    """Whether it is one digit over and over, or all ones and zeros: a cry or a binary number."""
    digits = set(filter(str.isdigit, number))
    return len(digits) == 1 or digits == {"0", "1"}


def _luhn(number: str) -> bool:
    """The check digit of card numbers, ISO/IEC 7812."""
    digits = [int(char) for char in reversed(number) if char.isdigit()]
    return sum(digits[::2]) % 10 == -sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2]) % 10


def _shortened(match: str) -> Iterator[str]:
    """The match, and without its last groups: capitals may follow an IBAN."""
    groups = match.split(" ")
    for end in range(len(groups), 0, -1):
        compact = "".join(groups[:end])
        if 15 <= len(compact) <= 34:
            yield compact


def _mod_97(iban: str) -> bool:
    """The check digits of an IBAN, ISO 13616."""
    return int("".join(str(int(char, 36)) for char in iban[4:] + iban[:4])) % 97 == 1
