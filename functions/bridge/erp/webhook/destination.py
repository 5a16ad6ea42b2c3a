"""Where a webhook may go: nowhere inside. The address that was looked at is the address that is called."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet

import httpx

from bridge.domain.errors import Misconfigured, Unavailable

Resolve = Callable[[str], Sequence[str]]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
MOST = 3
"""Addresses that are tried, each for a second: the lease counts on an end."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def resolve(host: str) -> list[str]:
    """The host's addresses."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]


def addresses(url: httpx.URL, resolve: Resolve, private_hosts: AbstractSet[str]) -> list[str]:
    """At most three addresses of the URL's host, IPv4 first.

    Raises Misconfigured when one of them is not public and the host is not among `private_hosts`. A name that
    resolves otherwise in the next moment gains nothing: what is connected to is the address that was looked at.
    """
    try:
        found = [ipaddress.ip_address(text.partition("%")[0]) for text in resolve(url.host)]
    except (OSError, ValueError):
        found = []
    if not found:
        msg = f"the webhook's host {url.host} has no address (yet): is it spelled right in the ERP secret?"
        raise Unavailable(msg)
    if url.host not in private_hosts and not all(_public(address) for address in found):
        msg = (
            f"the webhook's host {url.host} has a private address: an ERP is reached at a public one. "
            'Were it meant, it would stand in "private_hosts" in the ERP secret'
        )
        raise Misconfigured(msg)
    return [str(address) for address in sorted(dict.fromkeys(found), key=lambda one: one.version)[:MOST]]


def at(url: httpx.URL, address: str) -> httpx.URL:
    """The URL with its host's address in place of the name. Host header and TLS name have to be given besides."""
    return url.copy_with(host=address)


def _public(address: Address) -> bool:
    inner: Address | None = None
    if isinstance(address, ipaddress.IPv6Address):
        # IPv6 has several ways of writing an IPv4 address.
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(address.packed[-4:])
    return address.is_global and not address.is_multicast if inner is None else _public(inner)
