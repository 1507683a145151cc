"""A small labelled set, written for these tests: sentences, and what in them is personal, in order.

Numbers are made up or published for tests; each has the check digits of its kind. The second list holds what
looks similar and is not.
"""

from __future__ import annotations

KEY = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIBPlx4\nq7Vf==\n-----END EC PRIVATE KEY-----"
LABELLED: list[tuple[str, list[tuple[str, str]]]] = [
    (
        "Write to maria.lopez+work@example.co.uk today.",
        [("maria.lopez+work@example.co.uk", "email")],
    ),
    (
        "(bob@mail.example) or <eve_99@example.org>;",
        [("bob@mail.example", "email"), ("eve_99@example.org", "email")],
    ),
    ("Grüße an jörg@example.de", [("rg@example.de", "email")]),
    ("My card is 4111 1111 1111 1111, exp 12/29.", [("4111 1111 1111 1111", "card")]),
    ("5500-0055-5555-5559 was declined", [("5500-0055-5555-5559", "card")]),
    ("amex 3714 496353 98431", [("3714 496353 98431", "card")]),
    ("Order 1234 4111 1111 1111 1111 please", [("4111 1111 1111 1111", "card")]),
    (
        "6011000990139424 and 3530111333300000",
        [("6011000990139424", "card"), ("3530111333300000", "card")],
    ),
    ("IBAN DE89 3704 0044 0532 0130 00.", [("DE89 3704 0044 0532 0130 00", "iban")]),
    ("pay GB29NWBK60161331926819 now", [("GB29NWBK60161331926819", "iban")]),
    ("FR14 2004 1010 0505 0001 3M02 606", [("FR14 2004 1010 0505 0001 3M02 606", "iban")]),
    ("NO93 8601 1117 947 is short", [("NO93 8601 1117 947", "iban")]),
    ("Call +49 30 1234567 after six", [("+49 30 1234567", "phone")]),
    (
        "Tel. (212) 555-0187 or 415.555.2671",
        [("(212) 555-0187", "phone"), ("415.555.2671", "phone")],
    ),
    (
        "+14155552671, +33 1 23 45 67 89",
        [("+14155552671", "phone"), ("+33 1 23 45 67 89", "phone")],
    ),
    ("London office: 020 7946 0958", [("020 7946 0958", "phone")]),
    ("0044 20 7946 0018 from abroad", [("0044 20 7946 0018", "phone")]),
    ("SSN 219-09-9999 on file", [("219-09-9999", "ssn")]),
    ("from 203.0.113.9, via 192.168.0.12:8080", [("203.0.113.9", "ip"), ("192.168.0.12", "ip")]),
    ("ping 2001:db8:85a3::8a2e:370:7334 once", [("2001:db8:85a3::8a2e:370:7334", "ip")]),
    ("fe80::1ff:fe23:4567:890a is local", [("fe80::1ff:fe23:4567:890a", "ip")]),
    ("key=sk-proj-aB3dE5gH7jK9mN1pQ3sT5vX7", [("sk-proj-aB3dE5gH7jK9mN1pQ3sT5vX7", "secret")]),
    ("AWS AKIAIOSFODNN7EXAMPLE leaked", [("AKIAIOSFODNN7EXAMPLE", "secret")]),
    (
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        [("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "secret")],
    ),
    (f"here it is:\n{KEY}\nthanks", [(KEY, "secret")]),
    ("token xoxb-123456789012-abcdefGHIJKL", [("xoxb-123456789012-abcdefGHIJKL", "secret")]),
    (
        '{"text": "\\nann@example.com\\n4111111111111111"}',
        [("ann@example.com", "email"), ("4111111111111111", "card")],
    ),
    (
        "Anna Schmidt, Hauptstraße 5, Berlin",
        [("Anna Schmidt", "name"), ("Hauptstraße 5, Berlin", "address")],
    ),
    ("meet john at example dot com", [("john at example dot com", "email")]),
    ("my number is five five five, 0187", [("five five five, 0187", "phone")]),
]
"""The last three are personal, and shape alone does not tell."""
NOTHING = [
    "pi is 3.141592653589793 and e is 2.718281828459045",
    "ISBN 978-3-16-148410-0, ISO 8601: 2026-11-25T10:11:12.123456Z",
    "version 1.2.3.4 and v10.0.0.1, build 4.18.0.305",
    "std::abs(x), a::b, 12:30:45, ratio 3:4:5:6",
    "card 4111 1111 1111 1112 has a wrong check digit",
    "DE89 3704 0044 0532 0130 01 does not add up",
    "SSNs never begin so: 000-12-3456, 666-12-3456, 912-12-3456",
    "He ran 100-200-300 in 2024-2025; 1,234,567,890 people; $4,111,111,111",
    "@decorator, user@localhost, a@b, me@, @home",
    "sk-learn, task-force-alpha-beta-gamma, ph-neutral, AKIA, eyJ",
    "127.0.0.1 and 0.0.0.0 and ::1 are nobody's",
    "order 20261125-000123, tracking 1Z999AA10123456784",
    "commit 9fceb02d0ae598e95dc970b74767f19372d61af8, uuid 123e4567-e89b-12d3-a456-426614174000",
    "(1+2)*(3-4)/5 = -0.6 and 10 - 20 - 30",
    "999.999.999.999 is no address, nor 300.1.2.3",
    "phone +0 123 456 789 and +999 12345678 lead nowhere",
]
