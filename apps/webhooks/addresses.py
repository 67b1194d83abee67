"""Which addresses of the internet a message may be sent to: by a list of our own, for `is_global` calls some global that are not.

Sources: the special-purpose registries of IANA for IPv4 and IPv6 (RFC 6890 and what followed), and the metadata services
of clouds that stand outside of them.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

Address = IPv4Address | IPv6Address

FORBIDDEN_4: Final = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # behind carriers' NAT; a cloud's metadata
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # a cloud's host
        "169.254.0.0/16",  # link-local; clouds' metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments; a cloud's metadata
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
GLOBAL_6: Final = IPv6Network("2000::/3")
"""All that is assigned of global unicast: mapped, translated (NAT64), local and multicast addresses lie outside of it."""
FORBIDDEN_6: Final = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which wraps an IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)


class Forbidden(OSError):
    """A message must not go to this address."""


def vet(text: str, *, loopback: bool = False) -> Address:
    """The address of this text, as the system says it; Forbidden if it is none of the public internet.

    With `loopback` the machine's own are allowed, too, and nothing else.
    """
    try:
        address = ip_address(text)
    except ValueError:
        raise Forbidden(f"{text} is no address.") from None
    if loopback and _is_loopback(address):
        return address
    if not _is_public(address):
        raise Forbidden(f"{text} is not a public address, so nothing is sent to it.")
    return address


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in FORBIDDEN_4)
    if address.scope_id is not None or address not in GLOBAL_6:
        return False
    return not any(address in network for network in FORBIDDEN_6)


def _is_loopback(address: Address) -> bool:
    if isinstance(address, IPv6Address):
        return address.scope_id is None and address == IPv6Address("::1")
    return address in IPv4Network("127.0.0.0/8")
