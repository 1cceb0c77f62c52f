"""Requests to a web server: who asks, patience, repetition. The only module with `requests`."""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast
from urllib.parse import urlsplit

import requests
import requests.auth
import urllib3.exceptions

from dicomseries.errors import NetworkError
from dicomseries.network.dicomweb.http_failures import (
    answer_excerpt,
    certificate_failure,
    connection_failure,
    status_failure,
)
from dicomseries.network.dicomweb.web_address import WebAddress
from dicomseries.network.dicomweb.web_settings import WebSettings

__all__ = ["MOST_LOSSES", "WebAnswer", "WebSession"]

WebAnswer = requests.Response
_FIRST_WAIT = 0.5
"""Seconds before the first repetition; each next one waits twice as long."""
_LONGEST_WAIT = 60.0
MOST_LOSSES = 32
"""As many repetitions as the settings allow."""
_BUSY = (429, 502, 503, 504)
_REDIRECTS = range(300, 400)
_FIRST_ERROR = 400
_PIECE = 1 << 18
_LARGEST_ANSWER = 256 << 20
"""Bytes of a list or an error that are read at most."""
_SLOWEST = 1024
"""Bytes that arrive at least while `timeout` passes."""
_HIDDEN = "***"
_SHORTEST_SECRET = 3
_ESCAPED = {"+": "%20", "%2A": "*", "%3F": "?", "%2C": ",", "%3A": ":"}
_TLS_RECORD = re.compile(r"\\x1[56]\\x03|\x15\x03")
"""What a server that speaks TLS answers to plain HTTP."""
_LOST = (
    requests.ConnectionError,
    requests.exceptions.ChunkedEncodingError,
    urllib3.exceptions.ProtocolError,
)


class WebSession(requests.Session):
    """A session that repeats what was lost, and raises our errors.

    `dicomweb_client.DICOMwebClient` and our own streams send their requests through it.

    Parameters
    ----------
    address : WebAddress
        The service; parameters of its query are part of every request.
    settings : WebSettings
        Headers, certificates, time-outs and repetitions.
    """

    def __init__(self, address: WebAddress, settings: WebSettings) -> None:
        super().__init__()
        self.address = address
        self.settings = settings
        self.params = address.parameters
        self.headers.update(settings.headers)
        self.max_redirects = 5
        if settings.authorization:
            self.auth = _Authorization(settings.authorization)
        if settings.certificate is not None:
            self.cert = settings.certificate
            if settings.key is not None:
                self.cert = (settings.certificate, settings.key)
        self._has_answered = False

    @property
    def where(self) -> str:
        """The URL as it may be shown."""
        return self.address.where

    def request(self, method: str, url: str, **arguments: Any) -> WebAnswer:  # type: ignore[override]
        """Send a request of dicomweb-client, with our patience and errors."""
        headers = dict(arguments.get("headers") or {})
        headers.pop("Host", None)  # it leaves out the port
        answer = self.exchange(method, _with_plain_wildcards(url), headers=headers)
        answer.headers.pop("Warning", None)  # it would be logged; the next page is asked for anyway
        self.check_no_web_page(answer)
        return answer

    def exchange(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: Iterable[bytes] | None = None,
        accepted: Collection[int] = (),
        is_streamed: bool = False,
        most_losses: int = MOST_LOSSES,
    ) -> WebAnswer:
        """Send a request and return its answer.

        Parameters
        ----------
        method, url : str
            What is asked.
        headers : mapping
            Added to those of the session.
        body : iterable of bytes, optional
            Read anew for each repetition; with ``__len__`` its size is announced.
        accepted : collection of int
            Statuses of 400 and more that are returned; the others are raised.
        is_streamed : bool
            Whether the content is left to `pieces`.
        most_losses : int
            Lost connections after which the request is not repeated, even if repetitions are left.

        Raises
        ------
        NetworkError
            If there is no answer, or one that is not accepted.
        """
        wait = _FIRST_WAIT
        losses = 0
        for left in range(self.settings.retries, -1, -1):
            pause = 0.0
            try:
                answer = self._sent(method, url, headers, body, is_streamed=is_streamed)
            except NetworkError as error:
                losses += 1
                if not left or losses > most_losses or not self._is_passing(error):
                    raise
            else:
                pause = _retry_after(answer)
                may_wait = left and pause <= _LONGEST_WAIT
                is_busy = answer.status_code in _BUSY and answer.status_code not in accepted
                if not (is_busy and may_wait):
                    self._check(answer, accepted)
                    return answer
                answer.close()
            time.sleep(max(wait, pause))
            wait = min(2 * wait, _LONGEST_WAIT)
        raise AssertionError  # the last attempt returns or raises

    def pieces(self, answer: WebAnswer) -> Iterator[bytes]:
        """Yield the content of a streamed answer as it arrives.

        Raises
        ------
        NetworkError
            If the connection ends early, or the content comes too slowly.
        """
        start, count = time.monotonic(), 0
        with self._translated(), answer:
            while True:
                piece = answer.raw.read1(_PIECE, decode_content=True)
                if not piece:
                    return
                yield piece
                count += len(piece)
                seconds = time.monotonic() - start
                if seconds < self.settings.timeout:
                    continue
                if count < _SLOWEST:
                    raise connection_failure(
                        self.where, "peer-timeout", f"{count} bytes in {seconds:.0f} s"
                    )
                start, count = time.monotonic(), 0

    def check_no_web_page(self, answer: WebAnswer) -> None:
        """Raise an error if a page for people was sent, such as that of a login."""
        if "html" in answer.headers.get("Content-Type", "").lower() and answer.content:
            page = answer_excerpt(answer.content.decode("utf-8", "replace"))
            fault = self.hide(f"a web page: {page}" if page else "a web page")
            raise connection_failure(self.where, "not-dicomweb", fault)

    def hide(self, text: str) -> str:
        """Return a text of the server without our secrets."""
        texts = {*self.address.parameters.values(), *self.settings.secrets()}
        for secret in sorted(texts, key=len, reverse=True):
            if len(secret) >= _SHORTEST_SECRET:
                text = text.replace(secret, _HIDDEN)
        return text

    def merge_environment_settings(self, *arguments: Any, **settings: Any) -> Any:
        """Return proxies and certificates of the environment; a given authority comes first."""
        merged = super().merge_environment_settings(*arguments, **settings)
        if self.settings.ca_certificate:
            merged["verify"] = self.settings.ca_certificate
        return merged

    def rebuild_method(self, prepared_request: Any, response: WebAnswer) -> None:
        """Reject redirects that would lose a body, or send it elsewhere."""
        before, after = urlsplit(str(response.request.url)), urlsplit(str(prepared_request.url))
        method = str(prepared_request.method)
        super().rebuild_method(prepared_request, response)
        is_same_host = before.hostname == after.hostname
        loses_body = prepared_request.method != method
        sends_elsewhere = method != "GET" and not is_same_host
        is_opened = before.scheme == "https" and after.scheme != "https"
        if loses_body or sends_elsewhere or is_opened:
            target = f"{after.scheme}://{after.netloc.rpartition('@')[2]}{after.path}"
            fault = f"HTTP {response.status_code}, which leads to {target}"
            raise connection_failure(self.where, "peer-moved", self.hide(fault))

    def rebuild_auth(self, prepared_request: Any, response: WebAnswer) -> None:
        """Keep every header of the user from another host."""
        before, after = str(response.request.url), str(prepared_request.url)
        if self.should_strip_auth(before, after):
            for name in self.settings.headers:
                prepared_request.headers.pop(name, None)
        super().rebuild_auth(prepared_request, response)

    def _sent(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: Iterable[bytes] | None,
        *,
        is_streamed: bool,
    ) -> WebAnswer:
        waits = (self.settings.connect_timeout, self.settings.timeout)
        with self._translated():
            answer = super().request(
                method,
                url,
                headers=dict(headers),
                data=cast("Any", body),
                stream=True,
                timeout=waits,
            )
        self._has_answered = True
        if not is_streamed or answer.status_code >= _FIRST_ERROR:
            content = bytearray()
            for piece in self.pieces(answer):
                content += piece
                if len(content) > _LARGEST_ANSWER:
                    fault = f"an answer of more than {_LARGEST_ANSWER:,} bytes"
                    raise connection_failure(self.where, "answer-not-valid", fault)
            answer._content = bytes(content)  # noqa: SLF001 - read at our pace
            answer._content_consumed = True  # noqa: SLF001
        return answer

    def _is_passing(self, error: NetworkError) -> bool:
        """Return whether a repetition may help; a first contact that fails is a wrong address."""
        if error.code == "connection-lost":
            return True
        return error.code == "peer-not-reached" and self._has_answered

    def _check(self, answer: WebAnswer, accepted: Collection[int]) -> None:
        status = answer.status_code
        if status in accepted:
            return
        if status in _REDIRECTS:
            target = urlsplit(answer.headers.get("Location", ""))
            host = target.netloc.rpartition("@")[2]
            fault = f"HTTP {status}, which leads to {host}{target.path or ' nowhere'}"
            raise connection_failure(self.where, "peer-moved", self.hide(fault))
        if status >= _FIRST_ERROR:
            text = self.hide(answer_excerpt(answer.content.decode("utf-8", "replace")))
            raise status_failure(self.where, status, answer.reason or "", text)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn errors of the libraries into ours, without their texts of secrets."""
        try:
            yield
        except NetworkError:
            raise
        except (requests.RequestException, urllib3.exceptions.HTTPError, TimeoutError) as error:
            raise self._failure(error) from None

    def _failure(self, error: Exception) -> NetworkError:
        where, text = self.where, self.hide(str(error))
        causes = list(_causes(error))
        for code, names, sentence in _KINDS:
            if any(isinstance(cause, names) for cause in causes):
                if code == "certificate":
                    return certificate_failure(where, self.hide(_tls_text(causes)))
                fault = sentence.format(
                    host=urlsplit(self.address.base).netloc, timeout=self.settings.timeout
                )
                return connection_failure(where, code, fault)
        if _TLS_RECORD.search(text):
            fault = "a server that speaks TLS to a request without"
            return connection_failure(where, "tls-mismatch", fault)
        if isinstance(error, _LOST):
            fault = "a connection that the server closed before its answer was complete"
            return connection_failure(where, "connection-lost", fault)
        return connection_failure(where, "answer-not-valid", answer_excerpt(text))


_Kind = tuple[str, tuple[type[BaseException], ...], str]
_KINDS: tuple[_Kind, ...] = (
    (
        "proxy-failed",
        (requests.exceptions.ProxyError, urllib3.exceptions.ProxyError),
        "a proxy of the environment that does not answer or refuses",
    ),
    (
        "connection-lost",
        (ssl.SSLEOFError, ssl.SSLZeroReturnError),
        "a TLS connection that {host} ended; it may demand a certificate of the client",
    ),
    ("certificate", (requests.exceptions.SSLError, urllib3.exceptions.SSLError), ""),
    (
        "host-unknown",
        (socket.gaierror,),
        "no address for the host of {host}",
    ),
    (
        "peer-not-reached",
        (urllib3.exceptions.NewConnectionError, ConnectionRefusedError),
        "no connection to {host}",
    ),
    (
        "peer-timeout",
        (
            requests.Timeout,
            urllib3.exceptions.TimeoutError,
            TimeoutError,
        ),
        "no answer in {timeout:g} s",
    ),
    ("peer-moved", (requests.TooManyRedirects,), "redirects without an end"),
    (
        "answer-not-valid",
        (requests.exceptions.ContentDecodingError, urllib3.exceptions.DecodeError),
        "an answer whose compression is damaged",
    ),
)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what is wrapped in it."""
    waiting, seen = [error], set()
    while waiting:
        cause = waiting.pop()
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        inner = [*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__]
        waiting += [part for part in inner if isinstance(part, BaseException)]


def _with_plain_wildcards(url: str) -> str:
    """Return a URL whose query escapes only what it must (RFC 3986 section 3.4).

    Some services (Orthanc 1.10) do not decode the wildcards of a search.
    """
    path, mark, query = url.partition("?")
    for escaped, plain in _ESCAPED.items():
        query = query.replace(escaped, plain)
    return path + mark + query


def _tls_text(causes: list[BaseException]) -> str:
    """Return the text of the innermost TLS error."""
    texts = [str(cause) for cause in causes if isinstance(cause, ssl.SSLError)]
    return min(texts or map(str, causes), key=len)


def _retry_after(answer: WebAnswer) -> float:
    """Return the seconds that a busy server asks to wait for."""
    text = answer.headers.get("Retry-After", "")
    return float(text) if re.fullmatch(r"\d{1,6}", text) else 0.0


class _Authorization(requests.auth.AuthBase):
    """The header Authorization; as `auth` it is preferred to netrc."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __call__(self, request: Any) -> Any:
        request.headers["Authorization"] = self._value
        return request
