"""Which URLs of callers may be asked, by their shape and by the addresses behind them."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.core.errors import InvalidInput
from pilothouse.core.safe_url import address_problem, name_problem, read_url

INSIDE = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.7",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:c0a8:101::1",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_not_public(address: str) -> None:
    assert address_problem(ip_address(address)) is not None


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "8.8.8.8",
        "100.63.255.255",
        "172.32.0.1",
        "192.0.1.1",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2002:808:808::1",
        "2606:4700:4700::1111",
        "2a00:1450:4001:80b::200e",
    ],
)
def test_an_address_outside_is_public(address: str) -> None:
    assert address_problem(ip_address(address)) is None


@given(st.ip_addresses())
def test_nothing_is_public_that_the_standard_library_knows_as_special(address: object) -> None:
    found = ip_address(str(address))
    inner = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None) or found
    if str(found).startswith("64:ff9b::"):
        return
    if inner.is_private or inner.is_loopback or inner.is_link_local or inner.is_multicast:
        assert address_problem(found) is not None


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://example.com/", "only http"),
        ("file:///etc/passwd", "only http"),
        ("gopher://example.com", "only http"),
        ("example.com", "only http"),
        ("http:/example.com", "only http"),
        ("javascript:alert(1)", "only http"),
        ("http://user:pw@example.com/", "no user"),
        ("http://example.com@127.0.0.1/", "no user"),
        ("http://127.0.0.1\\@example.com/", "no user"),
        ("http://127.0.0.1\\.example.com/", "percent-encoded"),
        ("http://exa mple.com/", "percent-encoded"),
        ("http://example.com/a\r\nx: y", "percent-encoded"),
        ("http://example.com/ü", "percent-encoded"),
        ("http://example.com\t.internal/", "percent-encoded"),
        ("http://example.com:22/", "port 22"),
        ("http://example.com:6000/", "port 6000"),
        ("http://example.com:99999/", "cannot be read"),
        ("http://example.com:0/", "port 0"),
        ("http://[::1/", "cannot be read"),
        ("http://[fe80::1%25eth0]/", "of one link"),
        ("http://[v1.x]/", "IPv6|cannot be read"),
        ("http:///path", "no name"),
        ("http://0x7f.1/", "four decimal"),
        ("http://0x7f000001/", "four decimal"),
        ("http://2130706433/", "four decimal"),
        ("http://0177.0.0.1/", "four decimal"),
        ("http://127.1/", "four decimal"),
        ("http://127.0.0.0x1/", "four decimal"),
        ("http://a..example.com/", "no name"),
        ("http://example.com../", "no name"),
        ("http://ex%61mple.com/", "no name"),
        ("http://" + "a" * 2100, "longer"),
    ],
)
def test_a_url_that_can_be_read_two_ways_is_refused(url: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        read_url(url)


def test_a_refusal_repeats_nothing_of_the_url() -> None:
    with pytest.raises(InvalidInput) as caught:
        read_url("https://user:planted-password@example.com/")
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "host", "origin", "target"),
    [
        ("https://Example.COM", "example.com", "https://example.com", "/"),
        ("HTTP://example.com./a?b=c#d", "example.com", "http://example.com", "/a?b=c"),
        ("https://example.com:8443/x", "example.com", "https://example.com:8443", "/x"),
        (
            "https://b\u00fccher.example/",
            "xn--bcher-kva.example",
            "https://xn--bcher-kva.example",
            "/",
        ),
        ("https://8.8.8.8/", "8.8.8.8", "https://8.8.8.8", "/"),
        ("http://\uff11\uff12\uff17.0.0.1/", "127.0.0.1", "http://127.0.0.1", "/"),
        ("http://127\u30020\u30020\u30021/", "127.0.0.1", "http://127.0.0.1", "/"),
        ("http://[2606:4700::0001]:80/", "2606:4700::1", "http://[2606:4700::1]", "/"),
    ],
)
def test_a_url_is_taken_apart_in_one_spelling(
    url: str, host: str, origin: str, target: str
) -> None:
    found = read_url(url)
    assert (found.host, found.origin, found.target) == (host, origin, target)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "db",
        "api.localhost",
        "printer.local",
        "metadata.google.internal",
        "x.home.arpa",
    ],
)
def test_a_name_that_leads_inside_is_refused_before_it_is_looked_up(host: str) -> None:
    assert name_problem(host) is not None


def test_other_names_are_left_to_the_lookup() -> None:
    assert name_problem("hooks.example.com") is None
    assert name_problem("8.8.8.8") is None
