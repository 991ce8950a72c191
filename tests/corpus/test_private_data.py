from __future__ import annotations

import pytest

from bot.corpus.private_data import holds_private_data

# Numbers are from ranges reserved for examples, or have no owner; keys are made up.
HOLDS = [
    "write to ada@example.com please",
    "ADA.EXAMPLE+bot@Mail.Example.ORG!",
    "(ada_1@example.co.uk)",
    "ada (at) example (dot) org",
    "ada[at]example.org",
    "mäil ärger@bücher.example ok",
    "call me +44 20 7946 0958",
    "+1 (555) 010-1234 is mine",
    "+15550101234",
    "+49 (0)30 123456",
    "0044 20 7946 0958 works too",
    "my number: 555-010-1234.",
    "(555) 010-1234 any time",
    "1-555-010-1234",
    "555.010.1234",
    "07700 900123 after six",
    "020 7946 0958",
    "030/1234567",
    "06 12 34 56 78",
    "06.12.34.56.78",
    "98765 43210",
    "090-1234-5678 まで",
    "电话13800138000，谢谢",
    "連絡先は03-1234-5678です",
    "whatsapp me 5550101234",
    "Tel: 5550 1234",
    "☎ 555 0101",
    "DE89 3704 0044 0532 0130 00",
    "pay to GB82WEST12345698765432 OK THANKS",
    "FR14 2004 1010 0505 0001 3M02 606 MERCI",
    "4111 1111 1111 1111",
    "4111-1111-1111-1111 exp 01/30",
    "378282246310005",
    "5555555555554444 is a card",
    "key hf_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bD1fG3h",
    "sk-" + "proj-abcdefghijklmnop0123456789",
    "AKIA" + "IOSFODNN7EXAMPLE",
    "token=ghp_" + "abcdefghijklmnopqrstuvwxyz0123456789",
    "xoxb-" + "123456789012-abcdefghijkl",
    "eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
    "-----BEGIN RSA " + "PRIVATE KEY-----",
]

HOLDS_NOT = [
    "All is well @ada and @bob",
    "I am @ada@example.social on the other one",
    "meet me @home.later or at 8",
    "look at this. Then at that.",
    "see you at example (dot)",
    "a@b",
    "2024-05-01 was a day",
    "01/05/2024 10:30 and 1.5.24",
    "from 1939-1945 and 2019/2020",
    "it cost 1,234,567.89 dollars",
    "$12 345 678",
    "100 000 000 people live there",
    "version 10.15.7 and 192.168.100.200",
    "3.14159265358979",
    "won 3-2, 21-19, 21-15, 11-21",
    "score 102-98 108-110 99-97",
    "ISBN 978-3-16-148410-0",
    "9783161484100",
    "post 1050118621198921728 was it",
    "1234567890",
    "1111111111111111",
    "00000000000",
    "an asterisk is 0101010 in ASCII, and 0100001 is a bang",
    "look (at) this. so it goes",
    "4111 1111 1111 1112",
    "GB82WEST12345698765433",
    "THIS IS NO IBAN AT ALL 12 3456",
    "sk-ating is fun and ask-me-anything-you-want-here",
    "hf_short",
    "ghp_ is a prefix, AKIA too",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAH",
    "room 101 404 500",
    "at 40.7128, -74.0060",
    "call me in 5 minutes",
    "12345678 steps today",
    "1 2 3 4 5 6 7 8 9 10",
    "10 9 8 7 6 5 4 3 2 1 0",
    "0.000001234567",
    "१२ लोग आए",
    "5 km in 25:30, 10 km in 52:10",
    "2020 2021 2022 2023",
    "May 4 1994 12 30",
]


@pytest.mark.parametrize("text", HOLDS)
def test_private_data_is_found(text: str) -> None:
    assert holds_private_data(text)


@pytest.mark.parametrize("text", HOLDS_NOT)
def test_what_only_looks_like_it_is_left(text: str) -> None:
    assert not holds_private_data(text)
