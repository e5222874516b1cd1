"""Requests go to the addresses that were checked, follow nothing, and read no more than they need."""

import datetime as dt
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.outward import Line, LookUp, NotReached, Outward
from channels.webhooks.addresses import NotPublic, read_address
from channels.webhooks.schedule import Attempt
from tests.app.sinks import Sink, said, sink

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BODY = b'{"type": "webhook.ping"}'


@contextmanager
def open_outward(
    *, private: bool = True, look_up: LookUp | None = None, trust: ssl.SSLContext | None = None
) -> Iterator[Outward]:
    made = Outward(private=private, look_up=look_up, trust=trust)
    try:
        yield made
    finally:
        made.close()


async def post(at: Outward, url: str) -> Attempt:
    line = Line(at, read_address(url, private=True))
    try:
        return await line.post({"webhook-id": "msg_1"}, BODY, NOW)
    finally:
        line.close()


async def test_an_answer_is_told_by_its_status() -> None:
    async with sink() as there:
        with open_outward() as at:
            assert await post(at, there.url) == Attempt(status=204)
            there.answer = lambda _: said(429, "Retry-After: 7\r\n", "slow down")
            assert await post(at, there.url) == Attempt(status=429, retry_after=7)
        assert [(one.path, one.body, one.key) for one in there.got] == [("/hook", BODY, "msg_1")] * 2
        assert there.got[0].headers["host"] == f"127.0.0.1:{there.port}"


async def test_a_redirect_is_not_followed() -> None:
    async with sink() as there, sink() as elsewhere:
        there.answer = lambda _: said(302, f"Location: {elsewhere.url}\r\n")
        with open_outward() as at:
            assert await post(at, there.url) == Attempt(status=302)
        assert elsewhere.got == []


async def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with sink() as there, sink() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        with open_outward() as at:
            assert await post(at, there.url) == Attempt(status=204)
        assert (len(there.got), proxy.connections) == (1, 0)


async def test_a_second_answer_of_the_name_server_changes_nothing() -> None:
    """The connection goes to the very address that was checked: nobody asks the name again in between."""
    asked: list[str] = []

    async def look_up(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    async with sink() as there:
        with open_outward(look_up=look_up) as at:
            assert await post(at, f"http://rebinding.example:{there.port}/") == Attempt(status=204)
            assert (asked, len(there.got)) == (["rebinding.example"], 1)
            said_no = Attempt(words="the name leads to an address that is not public")
            assert await post(at, f"http://rebinding.example:{there.port}/") == said_no
        assert (len(asked), there.connections) == (2, 1)


async def test_without_the_operators_word_nothing_here_is_reached() -> None:
    async with sink() as there:
        with open_outward(private=False) as at:
            for host in ("127.0.0.1", "localhost"):
                target = read_address(f"https://{host}:{there.port}/", private=True)
                with pytest.raises(NotPublic):
                    await at.addresses(target)
                assert (await Line(at, target).post({}, BODY, NOW)).status is None
        assert there.connections == 0


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"", "the connection broke before an answer"),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "the answer is not HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000, "the answer is not HTTP"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" * 50 + b"nonsense\r\n\r\n", "the answer is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "the answer is not HTTP"),
    ],
)
async def test_nonsense_is_a_failure_in_words(answer: bytes, words: str) -> None:
    async with sink() as there:
        there.answer = lambda _: answer
        with open_outward() as at:
            assert await post(at, there.url) == Attempt(words=words)


async def test_an_answer_is_read_only_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its status was said: a body without an end, too long or broken changes nothing and holds nothing up."""
    monkeypatch.setattr("app.outward.BODY_SECONDS", 0.2)
    async with sink() as there:
        with open_outward() as at:
            for head, body in (
                ("Content-Length: 1000000000", 200_000),
                ("Content-Length: 9", 3),
                ("Connection: close", 10),
            ):
                there.answer = lambda _, head=head, body=body: (
                    f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode() + b"x" * body
                )
                assert await post(at, there.url) == Attempt(status=200)


async def test_who_never_answers_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.outward.ATTEMPT_SECONDS", 0.2)
    async with sink() as there:
        there.answer = lambda _: None
        with open_outward() as at:
            assert await post(at, there.url) == Attempt(words="no answer in time")


async def test_nobody_there_and_no_such_name() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    async def look_up(host: str, _: int) -> list[str]:
        raise OSError(host)

    with open_outward(look_up=look_up) as at:
        assert await post(at, f"http://127.0.0.1:{port}/") == Attempt(words="no connection")
        assert await post(at, "https://nowhere.example/") == Attempt(words="the name could not be looked up")
        with pytest.raises(NotReached):
            await at.addresses(read_address("https://nowhere.example/"))


async def test_connections_are_used_again_and_a_stale_one_is_replaced() -> None:
    async with sink() as there:
        with open_outward() as at:
            line = Line(at, read_address(there.url, private=True))
            for _ in range(3):
                assert (await line.post({}, BODY, NOW)).status == 204
            assert there.connections == 1
            there.answer = lambda _: said(204) if there.connections > 1 else b""
            assert (await line.post({}, BODY, NOW)).status == 204
            assert there.connections == 2
            line.close()


def certificate(folder: Path, name: str) -> Path:
    """A certificate that signs itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


async def test_the_name_is_what_tls_proves(tmp_path: Path) -> None:
    """The connection goes to the checked address under the name of the URL: SNI, certificate and Host."""
    path = certificate(tmp_path, "hooks.example")
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(path)
    trust = ssl.create_default_context(cafile=str(path))

    async def look_up(_: str, __: int) -> list[str]:
        return ["127.0.0.1"]

    def url(there: Sink, host: str) -> str:
        return f"https://{host}:{there.port}/x"

    async with sink(serving) as there:
        with open_outward(look_up=look_up, trust=trust) as at:
            assert await post(at, url(there, "hooks.example")) == Attempt(status=204)
            refused = Attempt(words="no secure connection: its certificate or its TLS is not accepted")
            assert await post(at, url(there, "other.example")) == refused
        with open_outward(look_up=look_up) as distrusting:
            assert await post(distrusting, url(there, "hooks.example")) == refused
        assert [one.headers["host"] for one in there.got] == [f"hooks.example:{there.port}"]
