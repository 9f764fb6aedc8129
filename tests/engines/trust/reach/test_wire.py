"""Endpoints that misbehave: each refused by name."""

from __future__ import annotations

import asyncio
import gzip
import ipaddress
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hutong.engines.trust.reach import address
from hutong.engines.trust.reach.address import may_reach, url_of
from hutong.engines.trust.reach.asks import Ask
from hutong.engines.trust.reach.broker import Broker
from hutong.engines.trust.reach.budget import Budget
from hutong.engines.trust.reach.wire import Wire
from hutong.kernel.errors import HutongError, Invalid

LOCAL = frozenset({"127.0.0.1"})
QUICK = Budget(attempts=2, pause_s=0.001)
JSON = "Content-Type: application/json\r\n"


def rule_of(stub: Any, said: bytes | None, allowed: frozenset[str] = LOCAL) -> str:
    stub.handler = lambda path, body: said
    wire = Wire(allowed, timeout_s=0.4 if said is None else 20.0, largest=2**16)
    with Broker(url_of(stub.url), wire, budget=QUICK) as one, pytest.raises(HutongError) as refusal:
        one.run([Ask(b"{}")])
    assert refusal.value.what.zh
    return refusal.value.rule


def raw(text: str, body: bytes = b"") -> bytes:
    return text.encode() + b"\r\n" + body


def test_hostile_answers_are_refused_by_name(stub: Any, answer: Callable[..., bytes]) -> None:
    ok = "HTTP/1.1 200 OK\r\n"
    deep = b"[" * 20000 + b"]" * 20000
    cases: list[tuple[bytes | None, str]] = [
        (answer(b"<html>Login</html>", 200, "text/html"), "endpoint.not_json"),
        (answer(b"<html>", 200), "endpoint.json"),
        (answer(b'{"labels": ["a", '), "endpoint.json"),
        (answer(b'{"a": NaN}'), "endpoint.json"),
        (answer(b'{"a": 1, "a": 2}'), "endpoint.json"),
        (answer(b'{"a": ' + b"9" * 5000 + b"}"), "endpoint.json"),
        (answer(b"\xff\xfe{}"), "endpoint.json"),
        (answer(deep), "endpoint.json"),
        (answer(b"data: {}\n\n", 200, "text/event-stream"), "endpoint.streaming"),
        (answer(gzip.compress(b"0" * 10**7), 200, "application/json", "Content-Encoding: gzip"), "endpoint.encoding"),
        (answer(b"x" * 2**17), "endpoint.size"),
        (b"\0" + answer({"a": 1})[:-3], "endpoint.truncated"),
        (b"\0" + raw(ok)[:9], "endpoint.truncated"),
        (b"\0", "endpoint.connection"),
        (None, "endpoint.timeout"),
        (raw("SSH-2.0-OpenSSH\r\n"), "endpoint.http"),
        (raw(ok + JSON + "Content-Length: 2\r\nContent-Length: 3\r\n", b"{}}"), "endpoint.http"),
        (raw(ok + JSON + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", b"{}"), "endpoint.http"),
        (raw(ok + JSON + "Content-Length: -2\r\n", b"{}"), "endpoint.http"),
        (raw(ok + JSON, b"{}"), "endpoint.http"),
        (raw(ok + JSON + "X: a\r\n b\r\n", b"{}"), "endpoint.http"),
        (raw(ok + "X: " + "y" * 2**17 + "\r\n"), "endpoint.http"),
        (raw(ok + JSON + "Transfer-Encoding: chunked\r\n", b"zz\r\n{}\r\n0\r\n\r\n"), "endpoint.http"),
        (raw(ok + JSON + "Transfer-Encoding: chunked\r\n", b"FFFFFFF\r\n{}"), "endpoint.size"),
        (answer({}, 302, "application/json", "Location: /other"), "endpoint.redirect"),
        (answer({}, 307, "application/json", "Location: /"), "endpoint.redirect"),
        (answer({}, 404), "endpoint.status"),
    ]  # fmt: skip
    found = [(rule_of(stub, said), rule) for said, rule in cases]
    assert [f for f, _ in found] == [w for _, w in found]


def test_a_slow_drip_ends_at_the_deadline() -> None:
    async def scene() -> float:
        async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\n" + JSON.encode() + b"Content-Length: 1000\r\n\r\n")
            for _ in range(1000):
                try:
                    writer.write(b" ")
                    await asyncio.sleep(0.02)
                except (ConnectionError, asyncio.CancelledError):
                    return

        server = await asyncio.start_server(drip, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        loop = asyncio.get_running_loop()
        start = loop.time()
        with pytest.raises(Invalid) as refusal:
            await Wire(LOCAL, timeout_s=0.3).post(url_of(f"http://127.0.0.1:{port}/"), b"{}")
        assert refusal.value.rule == "endpoint.timeout"
        server.close()
        return loop.time() - start

    assert asyncio.run(scene()) < 5.0


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A key and a certificate signed by itself, for that name."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    paths = folder / "key.pem", folder / "cert.pem"
    plain = serialization.NoEncryption()
    paths[0].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    paths[1].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return paths


def test_a_certificate_must_be_that_of_the_host(
    tmp_path: Path, monkeypatch: Any, answer: Callable[..., bytes]
) -> None:
    key, cert = certificate(tmp_path, "localhost")

    async def scene(host: str) -> Any:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer({"a": 1}))

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        wire = Wire(frozenset({"127.0.0.1", "localhost"}), timeout_s=5.0)
        try:
            return (await wire.post(url_of(f"https://{host}:{port}/"), b"{}")).body
        except Invalid as refusal:
            return refusal.rule
        finally:
            wire.close()
            server.close()

    assert asyncio.run(scene("localhost")) == "endpoint.certificate"
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    assert asyncio.run(scene("localhost")) == b'{"a":1}'
    assert asyncio.run(scene("127.0.0.1")) == "endpoint.certificate"


def test_chunks_are_put_together_and_a_redirect_within_the_host_is_followed(
    stub: Any, answer: Callable[..., bytes]
) -> None:
    chunked = raw(
        "HTTP/1.1 200 OK\r\n" + JSON + "Transfer-Encoding: chunked\r\n",
        b'3\r\n{"a\r\n4;x=y\r\n":1}\r\n0\r\n\r\n',
    )
    stub.handler = lambda path, body: (
        answer({}, 308, "application/json", "Location: /b") if path == "/a" else chunked
    )
    wire = Wire(LOCAL, {"Authorization": "k"})
    with Broker(url_of(stub.url + "/a"), wire) as one:
        assert one.run([Ask(b"{}")])[0].value == {"a": 1}
    assert stub.seen == {"/a": 1, "/b": 1} and stub.connections == 1


def test_bytes_that_nobody_asked_for_do_not_answer_the_next_question(
    stub: Any, answer: Callable[..., bytes]
) -> None:
    replies = iter([answer({"a": 1}) + answer({"a": "smuggled"}), answer({"a": 2})])
    stub.handler = lambda path, body: next(replies)
    with Broker(url_of(stub.url), Wire(LOCAL), budget=Budget(parallel=1)) as one:
        assert [one.run([Ask(b"[%d]" % i)])[0].value["a"] for i in range(2)] == [1, 2]


def test_a_private_address_is_refused_unless_the_operator_allows_the_host(
    stub: Any, answer: Callable[..., bytes]
) -> None:
    assert rule_of(stub, answer({}), frozenset()) == "endpoint.address"
    assert rule_of(stub, answer({}), frozenset({"127.0.0.1:1"})) == "endpoint.address"
    assert not stub.seen
    stub.handler = lambda path, body: answer({"a": 1})
    with Broker(url_of(stub.url), Wire(frozenset({f"127.0.0.1:{stub.port}"}))) as one:
        assert one.run([Ask(b"{}")])[0].value == {"a": 1}


@pytest.mark.parametrize(
    "place",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://localhost/",
        "http://[::1]/",
        "http://0.0.0.0/",
        "http://10.0.0.1/",
    ],
)
def test_a_redirect_to_a_private_or_metadata_address_is_refused(
    place: str, stub: Any, answer: Callable[..., bytes]
) -> None:
    said = answer({}, 307, "application/json", f"Location: {place}")
    assert rule_of(stub, said, frozenset({f"127.0.0.1:{stub.port}"})) == "endpoint.address"


def test_a_key_does_not_follow_a_redirect_to_another_origin(stub: Any, answer: Callable[..., bytes]) -> None:
    onward = f"http://localhost:{stub.port}/b"
    stub.handler = lambda path, body: (
        answer({}, 307, "application/json", f"Location: {onward}") if path == "/a" else answer({"a": 1})
    )
    wire = Wire(frozenset({"127.0.0.1", "localhost"}), {"Authorization": "s3cret"})
    with Broker(url_of(stub.url + "/a"), wire) as one:
        one.run([Ask(b"{}")])
    assert b"s3cret" in stub.heads[0] and b"s3cret" not in stub.heads[1]


def test_the_address_that_was_checked_is_the_one_that_is_asked(
    stub: Any, answer: Callable[..., bytes], monkeypatch: Any
) -> None:
    """A name server that says one thing when checked and another when connected to."""
    stub.handler = lambda path, body: b"\0" + answer({"a": 1}, 200, "application/json", "Connection: close")
    asked: list[str] = []

    async def lookup(self: Any, host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        place = "127.0.0.1" if len(asked) == 1 else "169.254.169.254"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, port))]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", lookup)
    with Broker(url_of(f"http://rebound.test:{stub.port}/"), Wire(frozenset({"rebound.test"}))) as one:
        for i in range(3):
            assert one.run([Ask(b"[%d]" % i)])[0].value == {"a": 1}
    assert asked == ["rebound.test"] and stub.connections == 3


def test_one_bad_address_among_good_ones_is_enough(monkeypatch: Any) -> None:
    async def scene() -> str:
        async def lookup(self: Any, host: str, port: int, **_: Any) -> list[Any]:
            return [(2, 1, 6, "", (a, port)) for a in ("93.184.216.34", "10.1.2.3")]

        monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", lookup)
        with pytest.raises(Invalid) as refusal:
            await address.resolve(url_of("https://a.test/"), frozenset())
        return refusal.value.rule

    assert asyncio.run(scene()) == "endpoint.address"


@pytest.mark.parametrize(
    ("place", "public", "known"),
    [
        ("93.184.216.34", True, True),
        ("2606:2800:220:1:248:1893:25c8:1946", True, True),
        ("127.0.0.1", False, True),
        ("10.0.0.1", False, True),
        ("192.168.1.1", False, True),
        ("100.64.0.1", False, True),
        ("169.254.1.1", False, True),
        ("169.254.169.254", False, False),
        ("100.100.100.200", False, False),
        ("::1", False, True),
        ("fe80::1", False, True),
        ("fd00:ec2::254", False, False),
        ("::ffff:169.254.169.254", False, False),
        ("::ffff:10.0.0.1", False, True),
        ("64:ff9b::a9fe:a9fe", False, False),
        ("2002:7f00:1::1", False, True),
        ("::127.0.0.1", False, True),
        ("0.0.0.0", False, False),
        ("224.0.0.1", False, False),
    ],
)
def test_what_is_public(place: str, public: bool, known: bool) -> None:
    assert may_reach(ipaddress.ip_address(place)) is public
    assert may_reach(ipaddress.ip_address(place), known=True) is known


@pytest.mark.parametrize(
    "text",
    ["ftp://a.test/", "http://", "http://u:p@a.test/", "http://a.test/#x", "http://a.test:99999/", "http://a b/", "/x",
     "http://a.test/\r\nX: y", "http://[::1", "file:///etc/passwd", "http://ä.test/"],
)  # fmt: skip
def test_what_is_no_endpoint(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        url_of(text)
    assert refusal.value.rule == "endpoint.url"
