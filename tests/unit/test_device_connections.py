"""MQTT over mutual TLS, as IoT Core has it: results wait for a broker that knows us."""

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tagline.formats.devices import DeviceConfig
from tagline.formats.document import decode_record, encode_record
from tagline.formats.edge_messages import EdgeResult
from tagline_device.cloud.address import signed_path
from tagline_device.cloud.connecting import client
from tagline_device.cloud.messenger import Messenger
from tagline_device.errors import Refused
from tagline_device.results.outbox import Outbox
from tests.laptop import eventually

NOW = dt.datetime.now(dt.UTC)
RESULT = EdgeResult(
    device="cam",
    dataset="colours",
    version="1.261127.1",
    sequence=1,
    at="2026-11-27T04:44:00.250Z",
    label="red",
    unsure=False,
    confidence=0.9,
    scores=(),
)


class Authority:
    """Signs certificates."""

    def __init__(self, name: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._sign(self.name, self.key, ca=True)

    def write(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Write a certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._sign(subject, key, ca=False)
        paths = folder / f"{name}.crt", folder / f"{name}.key"
        paths[0].write_bytes(certificate.public_bytes(Encoding.PEM))
        paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return paths

    def write_own(self, path: Path) -> Path:
        """Write the authority's certificate."""
        path.write_bytes(self.certificate.public_bytes(Encoding.PEM))
        return path

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, ca: bool
    ) -> x509.Certificate:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - dt.timedelta(days=1))
            .not_valid_after(NOW + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .sign(self.key, SHA256())
        )


class Broker:
    """Speaks as much MQTT 3.1.1 as acknowledging takes; wants a certificate of its authority."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority("authority")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.authority.write(folder, "server"))
        context.load_verify_locations(self.authority.write_own(folder / "ca.crt"))
        context.verify_mode = ssl.CERT_REQUIRED
        self.authority.write(folder, "cam")
        self.published: list[bytes] = []
        self.refused = 0
        self.silent = 0  # so many connections are never answered a message
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"localhost:{self._listening.getsockname()[1]}"
        self._context = context
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._listening.accept()
            except OSError:
                return
            try:
                self._serve(self._context.wrap_socket(plain, server_side=True))
            except OSError:
                self.refused += 1

    def _serve(self, there: ssl.SSLSocket) -> None:
        while head := there.recv(1):
            length, shift = 0, 0
            while True:
                byte = there.recv(1)[0]
                length, shift = length | (byte & 127) << shift, shift + 7
                if byte < 128:
                    break
            body = b""
            while len(body) < length:
                body += there.recv(length - len(body))
            kind = head[0] >> 4
            if kind == 1:
                there.sendall(b"\x20\x02\x00\x00")
            elif kind == 3:
                topic = int.from_bytes(body[:2], "big")
                self.published.append(body[4 + topic :])
                if self.silent:
                    continue
                there.sendall(b"\x40\x02" + body[2 + topic : 4 + topic])


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path)
    yield broker
    broker.close()


def _config(broker: Broker, **changes: str | None) -> DeviceConfig:
    told = {"certificate": "cam.crt", "key": "cam.key", "ca": "ca.crt"} | changes
    return DeviceConfig(
        device="cam",
        dataset="colours",
        region="eu-west-1",
        endpoint=broker.endpoint,
        transport="mtls",
        **told,  # type: ignore[arg-type]
    )


def test_a_result_is_kept_until_the_broker_has_it(broker: Broker, tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "results.sqlite", 10, 10_000)
    outbox.put(encode_record(RESULT))
    outbox.put(encode_record(RESULT))
    messenger = Messenger(_config(broker), tmp_path, outbox)
    messenger.start()
    eventually(lambda: outbox.waiting == 0)
    messenger.close(1)
    told = [decode_record(line, EdgeResult, "result") for line in broker.published]
    assert [result.sequence for result in told] == [1, 2]


def test_what_is_never_acknowledged_goes_out_again(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tagline_device.cloud.session._SILENCE", 0.3)
    broker.silent = 1
    outbox = Outbox(tmp_path / "results.sqlite", 10, 10_000)
    outbox.put(encode_record(RESULT))
    messenger = Messenger(_config(broker), tmp_path, outbox)
    messenger.start()
    eventually(lambda: broker.published)
    broker.silent = 0
    eventually(lambda: outbox.waiting == 0)
    messenger.close(1)
    first, *others = (decode_record(line, EdgeResult, "result") for line in broker.published)
    assert others
    assert all(other == first for other in others)


class Asking:
    """A hearer that counts how often it may ask."""

    topics: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.asked = 0

    def connected(self) -> None:
        self.asked += 1

    def hear(self, topic: str, payload: bytes) -> None:
        pass


def test_who_asks_may_ask_again(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tagline_device.cloud.session._AGAIN", 0.1)
    asking = Asking()
    messenger = Messenger(_config(broker), tmp_path, Outbox(tmp_path / "results.sqlite", 1, 100))
    messenger.add(asking)
    messenger.start()
    eventually(lambda: asking.asked >= 3)
    messenger.close(1)


def test_a_broker_of_another_authority_gets_nothing(broker: Broker, tmp_path: Path) -> None:
    Authority("authority").write_own(tmp_path / "other.crt")
    outbox = Outbox(tmp_path / "results.sqlite", 10, 10_000)
    outbox.put(encode_record(RESULT))
    messenger = Messenger(_config(broker, ca="other.crt"), tmp_path, outbox)
    messenger.start()
    eventually(lambda: broker.refused)
    messenger.close(0)
    assert (outbox.waiting, broker.published) == (1, [])


@pytest.mark.parametrize("name", ["certificate", "key", "ca"])
def test_missing_certificates_are_said_at_the_start(
    broker: Broker, tmp_path: Path, name: str
) -> None:
    with pytest.raises(Refused, match=f"mtls wants {name}"):
        client(_config(broker, **{name: None}), tmp_path)
    with pytest.raises(Refused, match="cannot be used"):
        client(_config(broker, **{name: "nowhere.pem"}), tmp_path)


def test_the_websockets_address_is_signed_as_botocore_signs_it() -> None:
    """What IoT wants is Signature Version 4 in the query; the body is empty."""
    request = AWSRequest("GET", "https://127.0.0.1:4566/mqtt", headers={"Host": "127.0.0.1:4566"})
    auth = SigV4QueryAuth(Credentials("AKID", "secret/+="), "iotdevicegateway", "eu-west-1", 300)
    auth.add_auth(request)
    told = parse_qs(urlsplit(str(request.url)).query)
    at = dt.datetime.strptime(told["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
    path = signed_path("127.0.0.1:4566", "eu-west-1", "AKID", "secret/+=", at)
    assert path.startswith("/mqtt?")
    assert parse_qs(urlsplit(path).query) == told


def test_beside_greengrass_the_things_own_name_is_taken(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client(_config(broker), tmp_path)._client_id == b"cam"
    monkeypatch.setenv("AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT", "/ipc.socket")
    assert client(_config(broker), tmp_path)._client_id == b"cam#tagline"
