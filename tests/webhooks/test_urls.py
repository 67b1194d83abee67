"""Addresses and headers that tenants give, of every kind that somebody may think of."""

import socket
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yarl import URL

from apps.webhooks.addresses import Forbidden, vet
from apps.webhooks.errors import HeaderUnfit, UrlUnfit
from apps.webhooks.urls import checked_headers, checked_url

NUMBERS = st.one_of(st.integers(0, 2**33), st.sampled_from([0, 1, 10, 127, 169, 254, 255, 256, 2130706433]))
WRITTEN = st.builds(
    lambda form, number: form(number), st.sampled_from([str, hex, lambda n: f"0{n:o}"]), NUMBERS
)
AS_NUMBERS = st.lists(WRITTEN, min_size=1, max_size=5).map(".".join)
IPV4 = st.ip_addresses(v=4).map(str)
IPV6 = st.one_of(
    st.ip_addresses(v=6).map(str),
    st.builds("{}{}".format, st.sampled_from(["::", "::ffff:", "64:ff9b::", "::ffff:0:", "2002:"]), IPV4),
    st.builds("{}%{}".format, st.sampled_from(["fe80::1", "2a00::1"]), st.text("ab01%25", max_size=3)),
)
NAMES = st.text(string.ascii_letters + string.digits + "-._~%xX[]:@/\\?#", max_size=20)
SPOILED = st.builds(
    lambda host, at, what: host[: at % (len(host) + 1)] + what + host[at % (len(host) + 1) :],
    st.one_of(IPV4, AS_NUMBERS),
    st.integers(0, 30),
    st.sampled_from(
        [
            ".",
            "..",
            "%2e",
            "%30",
            "0",
            "0x",
            "x",
            "@",
            "\\",
            "/",
            "#",
            "?",
            ":",
            " ",
            "\t",
            "\u3002",
            "\uff11",
        ]
    ),
)
HOSTS = st.one_of(IPV4, IPV6, IPV6.map("[{}]".format), AS_NUMBERS, NAMES, SPOILED)
PARTS = st.tuples(
    st.sampled_from(["", ":443", ":0", ":", ":65535"]), st.sampled_from(["", "/", "/a?b=c", "?", "#", "\\"])
)


def numeric(host: str) -> list[str]:
    """The addresses that the system makes of a host without asking for a name."""
    try:
        found = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return []
    return [str(address[0]) for *_, address in found]


@given(host=HOSTS, parts=PARTS)
@example(host="0x7f.1", parts=("", "/"))
@example(host="127.1.", parts=("", "/"))
@example(host="2130706433", parts=(":443", ""))
@example(host="[::ffff:169.254.169.254]", parts=("", ""))
@example(host="\uff11\uff12\uff17.0.0.1", parts=("", ""))
@example(host="%31%32%37.0.0.1", parts=("", ""))
def test_no_literal_host_that_is_accepted_is_a_forbidden_address(host: str, parts: tuple[str, str]) -> None:
    """Neither as it is written, nor as the client that sends will read it."""
    port, rest = parts
    try:
        accepted = checked_url(f"https://{host}{port}{rest}", loopback=False)
    except UrlUnfit:
        return
    read = URL(accepted, encoded=True)
    for each in {read.host or "", read.raw_host or "", (read.raw_host or "").rstrip(".")}:
        assert each.lower() != "localhost"
        for address in numeric(each):
            vet(address)


@given(url=st.text(max_size=60))
def test_whatever_is_given_is_accepted_as_it_is_or_refused(url: str) -> None:
    try:
        assert checked_url(url, loopback=False) == url
    except UrlUnfit:
        return
    assert url.lower().startswith("https://")


@pytest.mark.parametrize(
    "url",
    [
        "https://localhost./",
        "https://LOCALHOST/",
        "https://api.localhost./",
        "https://127.0.0.1./",
        "https://0x7f.1./",
        "https://10.0.0.1.:443/",
        "https://%31%32%37.0.0.1/",
        "https://hooks.example.com:0/",
        "https://hooks.example.com\t/",
        "https://hooks.example.com\r\nHost: a/",
        "https://@hooks.example.com/",
        "https://:@hooks.example.com/",
        "https://hooks.example.com/#",
        "https://../",
        "https://./",
        "https://[v1.a]/",
        "//hooks.example.com/",
        "https:hooks.example.com",
        "javascript:alert(1)",
        "",
    ],
)
def test_an_endpoint_cannot_be_there(url: str) -> None:
    with pytest.raises(UrlUnfit):
        checked_url(url, loopback=False)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "https://hooks.example.com./",
            "https://HOOKS.Example.com/A?b=%20",
            "https://a_b.example.com:65535",
        ),
        *("https://xn--hks-snaa.example.com/", "https://1.2.3.4.example.com/", "https://0x7f.example.com/"),
        *("https://[2606:4700::1111]:8443/", "https://hooks.example.com?a"),
    ],
)
def test_an_endpoint_can_be_there(url: str) -> None:
    assert checked_url(url, loopback=False) == url


@pytest.mark.parametrize("loopback", [False, True])
@pytest.mark.parametrize(
    "host", ["10.0.0.1", "169.254.169.254", "[fd00::1]", "[::ffff:127.0.0.1]", "0.0.0.0"]
)
def test_loopback_opens_nothing_else(host: str, loopback: bool) -> None:
    for scheme in ("http", "https"):
        with pytest.raises(UrlUnfit):
            checked_url(f"{scheme}://{host}/", loopback=loopback)


OURS = [
    *("Host", "CONTENT-LENGTH", "Transfer-Encoding", "Content-Type", "Cookie", "User-Agent", "Expect", "TE"),
    *("webhook-id", "Webhook-Signature", "webhook-anything", "X-Forwarded-For", "Proxy-Authorization"),
    *("Connection", "Upgrade", "Trailer", "Via", "Forwarded", "Sec-Fetch-Site", "Accept-Encoding"),
]


@pytest.mark.parametrize("name", OURS)
def test_a_header_of_ours_cannot_be_set(name: str) -> None:
    with pytest.raises(HeaderUnfit):
        checked_headers({name: "a"})


@pytest.mark.parametrize("name", ["", " ", "a b", "a:", "a\n", "ä", "a" * 61, "a(b)", "a\0"])
def test_what_is_no_name_of_a_header_is_refused(name: str) -> None:
    with pytest.raises(HeaderUnfit):
        checked_headers({name: "a"})


@pytest.mark.parametrize(
    "text", ["", " ", " a", "a ", "a\tb", "a\nb", "a\r\n b", "a\0", "ä", "\x7f", "a" * 1_001]
)
def test_what_is_no_value_of_a_header_is_refused(text: str) -> None:
    with pytest.raises(HeaderUnfit):
        checked_headers({"x-a": text})


@given(headers=st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3))
def test_headers_that_are_accepted_are_lines_of_http(headers: dict[str, str]) -> None:
    try:
        found = checked_headers(headers)
    except HeaderUnfit:
        return
    for name, text in found.items():
        line = f"{name}: {text}"
        assert line.isascii()
        assert line.isprintable()
        assert name == name.lower()


def test_there_are_twenty_headers_at_most() -> None:
    assert len(checked_headers({f"x-{number}": "a" for number in range(20)})) == 20
    with pytest.raises(HeaderUnfit):
        checked_headers({f"x-{number}": "a" for number in range(21)})


def test_of_names_that_differ_in_capitals_alone_none_is_lost_silently() -> None:
    with pytest.raises(HeaderUnfit):
        checked_headers({"X-Key": "a", "x-key": "b"})


def test_vet_takes_what_the_system_writes_alone() -> None:
    for text in ("127.1", "0x7f.0.0.1", "2130706433", "127.0.0.1 ", "010.0.0.1"):
        with pytest.raises(Forbidden):
            vet(text)
