"""Nothing is sent to an address that is not of the public internet, however it is written or named."""

import asyncio
import json
from pathlib import Path

import pytest

from apps.webhooks.addresses import Forbidden, vet
from apps.webhooks.client import Client
from apps.webhooks.errors import UrlUnfit
from apps.webhooks.models import Failure
from apps.webhooks.urls import checked_url
from tests.support.hooked import Receiver

VECTORS = Path(__file__).parents[3] / "shared" / "data" / "webhooks" / "vectors.json"

FORBIDDEN = [
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.255"),
    *("168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192"),
    *("192.0.2.1", "192.31.196.1", "192.52.193.1", "192.88.99.1", "192.168.1.1", "192.175.48.1"),
    *("198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255"),
    *("240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "100:0:0:1::1"),
    *("2001::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:a9fe:a9fe::1"),
    *("2620:4f:8000::1", "3fff::1", "4000::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1"),
    *("fe80::1%eth0", "2a00:1450::1%1", "fec0::1", "ff02::1", "ffff::1", "not an address", ""),
]
ALLOWED = [
    *("1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255"),
    *("128.0.0.0", "168.63.129.15", "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.0.1.0"),
    *("192.167.255.255", "198.17.255.255", "198.20.0.0", "223.255.255.255"),
    *("2001:200::1", "2001:4860:4860::8888", "2003::1", "2606:4700::1111", "2a00:1450::1", "3ffe::1"),
]


@pytest.mark.parametrize("address", FORBIDDEN)
def test_is_forbidden(address: str) -> None:
    with pytest.raises(Forbidden):
        vet(address)


@pytest.mark.parametrize("address", ALLOWED)
def test_is_allowed(address: str) -> None:
    assert str(vet(address)) == address


@pytest.mark.skipif(not VECTORS.exists(), reason="the vectors are not there")
def test_what_python_calls_global_is_forbidden_nevertheless() -> None:
    cases = json.loads(VECTORS.read_text())["ssrf_must_block_though_python_is_global_says_True"]
    for address in (each for some in cases.values() for each in some):
        with pytest.raises(Forbidden):
            vet(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1"])
def test_this_machine_is_allowed_where_that_is_set(address: str) -> None:
    assert str(vet(address, loopback=True)) == address


@pytest.mark.parametrize("address", ["10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1", "0.0.0.0", "fe80::1"])
def test_nothing_else_is(address: str) -> None:
    with pytest.raises(Forbidden):
        vet(address, loopback=True)


HOSTS = [
    *("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1", "localhost", "LOCALHOST."),
    *("[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "0.0.0.0", "0", "[::]"),
]


@pytest.mark.parametrize("host", HOSTS)
def test_a_listener_on_a_forbidden_address_sees_no_connection(host: str, receiver: Receiver) -> None:
    port = receiver.url.rpartition(":")[2].partition("/")[0]

    async def send() -> Failure:
        async with Client() as client:
            return (await client.send(f"http://{host}:{port}/hook", {}, b"{}")).failure

    assert asyncio.run(send()) in {Failure.FORBIDDEN, Failure.UNRESOLVED, Failure.BROKEN}
    assert receiver.connections == 0


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "ftp://hooks.example.com/",
        "https://",
        "https:///path",
        "hooks.example.com",
        "https://user:secret@hooks.example.com/",
        "https://hooks.example.com/#part",
        "https://hooks.example.com/a b",
        "https://hooks.example.com\\@10.0.0.1/",
        "https://hooks.example.com:99999/",
        "https://höoks.example.com/",
        "https://[::1/",
        "https://localhost/",
        "https://api.localhost/",
        "https://169.254.169.254/latest",
        "https://[::ffff:10.0.0.1]/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://h/" + "a" * 500,
    ],
)
def test_an_endpoint_cannot_be_there(url: str) -> None:
    with pytest.raises(UrlUnfit):
        checked_url(url, loopback=False)


@pytest.mark.parametrize(
    "url", ["https://hooks.example.com/in?a=1", "https://8.8.8.8/", "https://hooks.example.com:8443/"]
)
def test_an_endpoint_can_be_there(url: str) -> None:
    assert checked_url(url, loopback=False) == url


def test_with_loopback_only_this_machine_is_without_tls() -> None:
    assert checked_url("http://127.0.0.1:80/", loopback=True)
    assert checked_url("http://localhost/", loopback=True)
    with pytest.raises(UrlUnfit):
        checked_url("http://8.8.8.8/", loopback=True)
    with pytest.raises(UrlUnfit):
        checked_url("https://10.0.0.1/", loopback=True)
