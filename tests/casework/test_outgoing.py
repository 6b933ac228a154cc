"""Where a POST may go, and that no server can hold it, redirect it or crash it."""

import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from assay.casework import outgoing
from assay.casework.outgoing import ForbiddenAddress, check_url, is_public, post
from tests.casework.receivers import a_receiver


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/",
        "ftp://shop.example/",
        "https://user@shop.example/",
        "https://user:word@shop.example/",
        "https://shop.example/#part",
        "https://",
        "https:///path",
        "https://shop.example:0/",
        "https://shop.example:99999/",
        "https://[::1/",
        "https://shop.example/a b",
        "https://shop.example/\r\nX-Evil: 1",
        "https://shöp.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::ffff:127.0.0.1]/",
        "https://localhost/",
        "https://a.localhost/",
        "https://shop.example/" + "a" * 500,
        "",
    ],
)
def test_effects_do_not_go_there(url):
    with pytest.raises(ForbiddenAddress, match="cannot go"):
        check_url(url, allow_private=False)


@pytest.mark.parametrize("url", ["https://shop.example/", "https://shop.example:8443/a?b=c", "https://8.8.8.8/"])
def test_effects_may_go_there(url):
    assert check_url(url, allow_private=False).geturl() == url


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "192.0.0.1",
        "198.18.0.1",
        "240.0.0.1",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fec0::1",
        "192.88.99.1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::10.0.0.1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "::7f00:1",
    ],
)
def test_an_address_of_another_network_is_not_public_in_whatever_dress(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8"])
def test_an_address_of_the_internet_is_public(address):
    assert is_public(address)


def test_a_name_that_leads_to_a_private_address_is_refused_before_anything_is_sent(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("10.0.0.7", 443))])
    monkeypatch.setattr(socket, "create_connection", lambda *_: pytest.fail("connected"))
    answer = post("https://shop.example/", b"{}", {})
    assert "10.0.0.7, which is not a public address" in answer.error


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch):
    found = [(2, 1, 6, "", ("8.8.8.8", 443)), (2, 1, 6, "", ("127.0.0.1", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    monkeypatch.setattr(socket, "create_connection", lambda *_: pytest.fail("connected"))
    assert "not a public address" in post("https://shop.example/", b"{}", {}).error


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch):
    dialled = []

    def dial(address, _timeout):
        dialled.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("8.8.8.8", 443))])
    monkeypatch.setattr(socket, "create_connection", dial)
    assert post("https://shop.example/", b"{}", {}).error == "nothing listens at its address"
    assert dialled == [("8.8.8.8", 443)]


def test_plain_http_goes_to_private_addresses_only(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("8.8.8.8", 80))])
    assert "plain http" in post("http://shop.example/", b"{}", {}, allow_private=True).error


def test_a_yes_is_an_answer_from_200_to_299():
    with a_receiver(lambda n: 204) as receiver:
        answer = post(receiver.url, b'{"a":1}', {"webhook-id": "k"}, allow_private=True)
    assert (answer.status, answer.error) == (204, "")
    headers, body = receiver.got[0]
    assert body == b'{"a":1}' and headers["webhook-id"] == "k" and headers["Host"] == f"127.0.0.1:{receiver.port}"


@pytest.mark.parametrize("status", [400, 404, 410, 429, 500, 503])
def test_any_other_answer_is_a_failure_that_says_which(status):
    with a_receiver(lambda n: status) as receiver:
        answer = post(receiver.url, b"", {}, allow_private=True)
    assert answer.status == status and f"it answered {status}" in answer.error


def test_a_redirect_is_not_followed():
    with a_receiver() as secret_place, a_receiver(lambda n: 307, Location=secret_place.url) as receiver:
        answer = post(receiver.url, b"", {}, allow_private=True)
    assert "not sent on" in answer.error and not secret_place.got


@pytest.mark.parametrize(("said", "seconds"), [("30", 30.0), ("Fri, 01 Jan 2027 00:00:00 GMT", None), ("-1", None)])
def test_the_wait_that_is_asked_for_is_read(said, seconds):
    with a_receiver(lambda n: 429, Retry_After=said) as receiver:
        assert post(receiver.url, b"", {}, allow_private=True).retry_after_seconds == seconds


def test_hanging_up_is_said():
    with a_receiver(lambda n: None) as receiver:
        assert post(receiver.url, b"", {}, allow_private=True).error == "it hung up without an answer"


def test_nobody_there_is_said():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert post(f"http://127.0.0.1:{port}/", b"", {}, allow_private=True).error == "nothing listens at its address"


def _a_slow_server(drop):
    """Says `drop` every 50 ms for ever."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def speak():
        connection, _ = listener.accept()
        with connection:
            while not ended.is_set():
                try:
                    connection.sendall(drop)
                except OSError:
                    return
                time.sleep(0.05)

    thread = threading.Thread(target=speak, daemon=True)
    thread.start()
    return listener, ended, thread


@pytest.mark.parametrize("drop", [b"", b"H", b"HTTP/1.1 100 Continue\r\n\r\n"], ids=["nothing", "drops", "continue"])
def test_a_server_that_drips_is_left_at_the_deadline(drop):
    listener, ended, thread = _a_slow_server(drop)
    with listener:
        started = time.monotonic()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        answer = post(url, b"x", {}, allow_private=True, deadline_seconds=0.5)
        assert time.monotonic() - started < 3
        ended.set()
        thread.join()
    assert answer.status is None and answer.error


def test_a_server_that_speaks_no_http_is_a_failure():
    listener, ended, thread = _a_slow_server(b"SSH-2.0-nonsense\r\n")
    with listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        assert post(url, b"x", {}, allow_private=True, deadline_seconds=2).error
        ended.set()
        thread.join()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for shop.example with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "shop.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("shop.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + made.public_bytes(Encoding.PEM))
    return path


@pytest.fixture
def tls_port(certificate):
    """A server that speaks TLS and says 204."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = listener.accept()
        with connection:
            try:
                with context.wrap_socket(connection, server_side=True) as tls:
                    got = b""
                    while not got.endswith(b"\r\n\r\nx") and (more := tls.recv(65536)):
                        got += more  # head and body may come apart
                    tls.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            except (ssl.SSLError, OSError):
                return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    thread.join(5)
    listener.close()


@pytest.fixture
def home_names(monkeypatch):
    plain = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: plain("127.0.0.1", *rest, **more))


def test_a_certificate_that_nobody_vouches_for_is_refused(tls_port, home_names):
    answer = post(f"https://shop.example:{tls_port}/", b"x", {}, allow_private=True)
    assert answer.status is None and "its certificate cannot be trusted" in answer.error


@pytest.mark.parametrize(("name", "error"), [("shop.example", ""), ("other.example", "certificate cannot be trusted")])
def test_the_certificate_must_be_of_the_name_in_the_url(tls_port, home_names, certificate, monkeypatch, name, error):
    trusting = ssl.create_default_context(cafile=certificate)
    monkeypatch.setattr(outgoing, "_tls", lambda: trusting)
    answer = post(f"https://{name}:{tls_port}/", b"x", {}, allow_private=True)
    assert error in answer.error and (answer.status == 204) == (not error)
