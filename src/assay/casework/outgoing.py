"""One POST to a stranger's server, kept on a short lead: where it may go, how long it may take, what is read of it.

Names are resolved here, every address is checked, and the connection goes to the very address that was checked, so a
name that answers differently the second time leads nowhere else. Redirects are not followed and no proxy is asked.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from functools import cache
from urllib.parse import SplitResult, urlsplit

from django.utils.translation import gettext

from assay.market.errors import CallerError

# A receiver should note the message and answer; work comes later. Longer holds a sender, shorter repeats more.
DEADLINE_SECONDS = 20.0
_CONNECT_SECONDS = 5.0
_MOST_URL_CHARACTERS = 500
_ALLOWED = "an https:// address without user name and fragment"
# RFC 7526: relays from IPv4 to IPv6 that nobody should run any more.
_OLD_RELAYS = ipaddress.ip_network("192.88.99.0/24")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said: its status, or in `error` why there is none; `error` is empty for 200 to 299 only."""

    status: int | None = None
    error: str = ""
    retry_after_seconds: float | None = None


class ForbiddenAddress(CallerError):
    """A URL leads to a place where effects may not go. Exit code 2."""


def check_url(url: str, *, allow_private: bool) -> SplitResult:
    """The parts of a URL that effects may go to; ForbiddenAddress otherwise. Names are not resolved here.

    Plain http is for machines of one's own: it is allowed only with `allow_private`, and then `post` takes it only to
    private addresses.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _forbidden(url, gettext("it cannot be read")) from None
    host = parts.hostname or ""
    if len(url) > _MOST_URL_CHARACTERS or not url.isascii() or not url.isprintable() or " " in url:
        raise _forbidden(url, gettext("it is too long, or holds spaces or letters that must be encoded"))
    if parts.scheme != "https" and not (parts.scheme == "http" and allow_private):
        raise _forbidden(url, gettext("its scheme is %(scheme)s") % {"scheme": repr(parts.scheme)})
    if not host or port == 0:
        raise _forbidden(url, gettext("it names no host or port"))
    if parts.username is not None or parts.fragment:
        raise _forbidden(url, gettext("it has a user name or a fragment"))
    if not allow_private and (_is_private_literal(host) or host == "localhost" or host.endswith(".localhost")):
        raise _forbidden(url, gettext("it leads to a private address"))
    return parts


def is_public(address: str) -> bool:
    """Whether an IP address is one that anybody on the Internet may reach, and not another network's in disguise."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        teredo = ip.teredo
        inner = ip.ipv4_mapped or ip.sixtofour or (teredo[1] if teredo else None)
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(ip.packed[-4:])
        if inner is not None:
            return is_public(str(inner))
        if ip.is_site_local:
            return False
    elif ip in _OLD_RELAYS:
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def post(
    url: str,
    body: bytes,
    headers: dict[str, str],
    *,
    allow_private: bool = False,
    deadline_seconds: float = DEADLINE_SECONDS,
) -> Answer:
    """Sends one body and reads the status line and headers of the answer. Never raises for what a server does."""
    started = time.monotonic()
    try:
        parts = check_url(url, allow_private=allow_private)
        addresses = _addresses(parts, allow_private)
        return _exchange(parts, addresses, body, headers, deadline_seconds)
    except ForbiddenAddress as error:
        return Answer(error=error.message)
    except (OSError, http.client.HTTPException) as error:
        return Answer(error=_why(error, time.monotonic() - started, deadline_seconds))


def _addresses(parts: SplitResult, allow_private: bool) -> list[str]:
    host = parts.hostname or ""
    found = socket.getaddrinfo(host, _port(parts), type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    private = [address for address in addresses if not is_public(address)]
    if private and not allow_private:
        raise _forbidden(parts.geturl(), f"{host} is at {private[0]}, which is not a public address")
    if parts.scheme == "http" and len(private) < len(addresses):
        raise _forbidden(parts.geturl(), "plain http goes to private addresses only")
    return addresses


def _exchange(
    parts: SplitResult, addresses: list[str], body: bytes, headers: dict[str, str], deadline_seconds: float
) -> Answer:
    connection = _Connection(parts, addresses, min(deadline_seconds, _CONNECT_SECONDS), deadline_seconds)
    # Every read has its own time limit, so a server that sends a byte now and then would never reach one.
    alarm = threading.Timer(deadline_seconds, connection.cut)
    alarm.daemon = True
    alarm.start()
    try:
        path = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
        connection.request("POST", path if path.startswith("/") else f"/{path}", body, headers)
        response = connection.getresponse()
        return _answer(response)
    finally:
        alarm.cancel()
        connection.close()


def _answer(response: http.client.HTTPResponse) -> Answer:
    status = response.status
    if 200 <= status < 300:
        return Answer(status)
    said = f"it answered {status} {http.client.responses.get(status, '')}".strip()
    if 300 <= status < 400:
        said += "; effects are not sent on to other addresses"
    return Answer(status, said, _seconds(response.headers.get("Retry-After")))


def _seconds(text: str | None) -> float | None:
    """Retry-After as seconds; a date is not worth the trouble, our own wait is kept then."""
    return float(text) if text and text.isascii() and text.isdigit() and len(text) < 8 else None


class _Connection(http.client.HTTPConnection):
    """A connection to one of the addresses that were checked; TLS is verified against the name in the URL."""

    def __init__(self, parts: SplitResult, addresses: list[str], connect_seconds: float, read_seconds: float) -> None:
        super().__init__(parts.hostname or "", _port(parts), timeout=read_seconds)
        self._addresses, self._connect_seconds, self._read_seconds = addresses, connect_seconds, read_seconds
        self._is_tls = parts.scheme == "https"
        self.default_port = 443 if self._is_tls else 80
        self._was_cut = False

    def connect(self) -> None:
        """Connects to the first address that takes us."""
        plain = self._dial()
        plain.settimeout(self._read_seconds)
        self.sock = plain
        if self._is_tls:
            tls = _tls().wrap_socket(plain, server_hostname=self.host, do_handshake_on_connect=False)
            self.sock = tls
            tls.do_handshake()
        if self._was_cut:
            raise TimeoutError

    def _dial(self) -> socket.socket:
        for address in self._addresses[:-1]:
            with contextlib.suppress(OSError):
                return socket.create_connection((address, self.port), self._connect_seconds)
        return socket.create_connection((self._addresses[-1], self.port), self._connect_seconds)

    def cut(self) -> None:
        """Ends the connection from another thread; whoever waits on it wakes with an error."""
        self._was_cut = True
        found: socket.socket | None = self.sock
        if found is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(found, socket.SHUT_RDWR)  # past the TLS layer, which is in use elsewhere


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _is_private_literal(host: str) -> bool:
    try:
        return not is_public(host)
    except ValueError:
        return False


def _why(error: Exception, elapsed_seconds: float, deadline_seconds: float) -> str:
    if isinstance(error, TimeoutError) or elapsed_seconds >= deadline_seconds:
        return f"it did not answer within {min(elapsed_seconds, deadline_seconds):.0f} seconds"
    if isinstance(error, socket.gaierror):
        return "its name leads to no address"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate cannot be trusted: {error.verify_message}"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens at its address"
    if isinstance(error, http.client.RemoteDisconnected | ConnectionResetError | BrokenPipeError | ssl.SSLEOFError):
        return "it hung up without an answer"
    return f"the connection failed: {type(error).__name__}"


def _forbidden(url: str, why: str) -> ForbiddenAddress:
    return ForbiddenAddress(
        gettext(
            "Effects cannot go to %(url)s: %(why)s; allowed is an https:// address without user name and fragment, at "
            "a public address (ASSAY_ALLOW_PRIVATE_ENDPOINTS=1 allows private ones, for trying out)."
        )
        % {"url": repr(url[:200]), "why": why},
        where={"field": "url"},
        value=url,
        allowed=_ALLOWED,
    )
