"""Where an endpoint may lie: addresses of the public Internet, or hosts that the operator has allowed by name.

Against server-side request forgery (CWE-918): the host is resolved once, every address found is checked, and the connection is
made to the very address that was checked, so that a second answer of the name server changes nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from hutong.engines.trust.types import refuse
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address
# Instance metadata of the large clouds: never, not even for a host that is allowed.
METADATA = frozenset(
    ipaddress.ip_address(a)
    for a in ("169.254.169.254", "169.254.170.2", "100.100.100.200", "fd00:ec2::254", "168.63.129.16")
)
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:.]{2,45}")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Url:
    """scheme: http or https. target: path and query, as sent."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """The Host header (RFC 9110 section 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


def url_of(text: str) -> Url:
    """`Invalid` endpoint.url: another scheme, a user name, a fragment, a port or host that is none, odd characters."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise _bad_url() from error
    host = parts.hostname or ""
    odd = any(ord(c) <= 32 or ord(c) >= 127 for c in text)
    if odd or parts.scheme not in _PORTS or not _HOST.fullmatch(host) or _has_more(parts):
        raise _bad_url()
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Url(parts.scheme, host.rstrip("."), port or _PORTS[parts.scheme], target)


def _has_more(parts: SplitResult) -> bool:
    return parts.username is not None or parts.password is not None or bool(parts.fragment)


def _bad_url() -> Invalid:
    what = Text("This is not the address of an endpoint.", "不是有效的接口地址。")
    remedy = Text("Write http or https, a host and a path.", "请填写http或https地址、主机名与路径。")
    return refuse("endpoint.url", what, remedy, "url")


def follow(url: Url, location: str) -> Url:
    """The next place of a redirect. `Invalid` endpoint.url; endpoint.redirect from https to http."""
    onward = url_of(urljoin(str(url), location))
    if url.scheme == "https" and onward.scheme == "http":
        raise refuse(
            "endpoint.redirect",
            Text("The endpoint redirects to plain HTTP.", "接口重定向至未加密地址。"),
            where="url",
        )
    return onward


async def resolve(url: Url, allowed: frozenset[str]) -> str:
    """The address to connect to: the first of those found, all of them checked.

    allowed: hosts, or host:port, that may lie in the operator's own network. `Invalid` endpoint.address for a private,
    loopback, link-local, multicast, reserved or metadata address; endpoint.name where there is none.
    """
    loop = asyncio.get_running_loop()
    try:
        rows = await loop.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        what = Text("The name of the endpoint has no address.", "接口主机名无法解析。")
        raise refuse("endpoint.name", what, where="url") from error
    places = [str(row[4][0]).partition("%")[0] for row in rows]
    known = url.host in allowed or f"{url.host}:{url.port}" in allowed
    for place in places:
        if not may_reach(ipaddress.ip_address(place), known):
            what = Text("The endpoint lies at {a}, which is not public.", "接口地址{a}不是公网地址。").format(
                a=place
            )
            remedy = Text(
                "Ask the operator to allow this host.", "如确有需要，请由运维人员将该主机列入允许名单。"
            )
            raise refuse("endpoint.address", what, remedy, "url")
    return places[0]


def may_reach(place: Ip, known: bool = False) -> bool:
    """Whether that address may be asked; known: its host is on the operator's list."""
    every = [place, *_inside(place)]
    if any(a in METADATA or a.is_multicast or a.is_unspecified for a in every):
        return False
    return known or all(a.is_global for a in every)


def _inside(place: Ip) -> list[Ip]:
    """IPv4 addresses that an IPv6 address stands for: mapped, 6to4, Teredo, NAT64 (RFC 4291, 3056, 4380, 6052)."""
    if isinstance(place, ipaddress.IPv4Address):
        return []
    found: list[Ip] = [a for a in (place.ipv4_mapped, place.sixtofour) if a is not None]
    if place.teredo is not None:
        found.extend(place.teredo)
    low = ipaddress.IPv4Address(int(place) & 0xFFFFFFFF)
    if place in ipaddress.ip_network("64:ff9b::/96") or (int(place) >> 32 == 0 and int(place) > 1):
        found.append(low)
    return found
