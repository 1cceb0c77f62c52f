"""Answers of a web server, and failures on the way to it, as sentences with a remedy."""

from __future__ import annotations

import re
from typing import NamedTuple

from dicomseries.errors import NetworkError

__all__ = ["answer_excerpt", "certificate_failure", "connection_failure", "status_failure"]

_EXCERPT = 200
_MARKUP = re.compile(r"<(script|style|head)\b.*?</\1>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_SPEAKS_TLS = re.compile(r"HTTP request.{0,20} HTTPS|HTTPS port", re.IGNORECASE)


class _Sentence(NamedTuple):
    """Code, expectation and remedy of an HTTP status."""

    code: str
    expected: str
    remedy: str


_BUSY = _Sentence(
    "peer-busy",
    "a server that has time for the request",
    "Wait, then repeat the command: what is stored already is not stored twice.",
)
_FAILED = _Sentence(
    "peer-failed",
    "a server that can do its work",
    "Ask its administrator for the log of the server; repeat the command later.",
)
_UNSUPPORTED = _Sentence(
    "not-supported",
    "a service that offers this transaction of DICOMweb",
    "Ask its administrator which of STOW-RS, QIDO-RS and WADO-RS it offers, and at which URL.",
)
_REJECTED = _Sentence(
    "request-rejected",
    "a request that the server understands",
    "Look at its answer; check the URL and the values to search for.",
)
_STATUSES = {
    400: _REJECTED,
    401: _Sentence(
        "not-authorized",
        "a user that the server knows",
        "Give name and password in netrc, or a token in the environment variable "
        "DICOMSERIES_AUTHORIZATION, such as `Bearer TOKEN`; a token may have expired.",
    ),
    403: _Sentence(
        "forbidden",
        "a user that may do this",
        "Ask the administrator of the archive for the permission, or use another user.",
    ),
    404: _Sentence(
        "not-found",
        "a DICOMweb service, study or series at this URL",
        "Check the path, such as https://HOST/dicom-web, and the UIDs.",
    ),
    405: _UNSUPPORTED,
    406: _Sentence(
        "media-type-not-offered",
        "a server that sends DICOM files or DICOM JSON",
        "Check that the URL is that of a DICOMweb service.",
    ),
    407: _Sentence(
        "proxy-failed",
        "a proxy that lets the request pass",
        "Give the user of the proxy in the environment variable HTTPS_PROXY.",
    ),
    408: _Sentence(
        "peer-timeout",
        "a request that arrives in the time that the server waits",
        "Use smaller batches, or a faster connection.",
    ),
    409: _Sentence(
        "conflict",
        "instances that the archive takes",
        "Look at its answer: another study, patient or instance may have these identifiers.",
    ),
    410: _Sentence(
        "not-found",
        "a study or series that is still in the archive",
        "Ask the administrator of the archive whether it was deleted or moved.",
    ),
    413: _Sentence(
        "too-large",
        "a request of a size that the server takes",
        "Ask the administrator of the server to raise its limit, or compress the series.",
    ),
    415: _Sentence(
        "media-type-not-taken",
        "a server that takes DICOM files by STOW-RS",
        "Check that the URL is that of a DICOMweb service that stores.",
    ),
    429: _BUSY,
    501: _UNSUPPORTED,
    503: _BUSY,
    507: _Sentence(
        "peer-full",
        "a server with room for the instances",
        "Ask the administrator of the archive to free space, then repeat the command.",
    ),
}
_SERVER_ERRORS = range(500, 600)


def status_failure(where: str, status: int, reason: str, answer: str) -> NetworkError:
    """Return the error of an HTTP status.

    Parameters
    ----------
    where : str
        URL as it may be shown.
    status : int
        Of the answer, 300 or more.
    reason : str
        The server's words for it.
    answer : str
        Beginning of the answer, without secrets and markup.

    Examples
    --------
    >>> print(status_failure("https://pacs/dicom-web", 403, "Forbidden", "").given)
    HTTP 403 Forbidden
    """
    given = f"HTTP {status} {reason}".strip()
    if answer:
        given = f"{given}: {answer}"
    if _SPEAKS_TLS.search(answer):
        return connection_failure(where, "tls-mismatch", given)
    sentence = _STATUSES.get(status, _REJECTED)
    if status not in _STATUSES and status in _SERVER_ERRORS:
        sentence = _FAILED
    return NetworkError(
        code=sentence.code,
        where=where,
        given=given,
        expected=sentence.expected,
        remedy=sentence.remedy,
    )


_CONNECTIONS = {
    "answer-not-valid": (
        "an answer as DICOMweb defines it (PS3.18)",
        "Check that the URL is that of a DICOMweb service; ask its administrator for its log.",
    ),
    "connection-lost": (
        "a connection that stays until the answer is complete",
        "Repeat the command: what is stored already is not stored twice.",
    ),
    "host-unknown": (
        "the name of a host that the network knows",
        "Check the name in the URL, and the network or VPN.",
    ),
    "not-dicomweb": (
        "a DICOMweb service that answers in DICOM JSON",
        "Check the path of the URL; for a login page, give a token in DICOMSERIES_AUTHORIZATION.",
    ),
    "peer-moved": (
        "a service that answers at this URL",
        "Use the URL that it names, if you trust it.",
    ),
    "peer-not-reached": (
        "a server that listens at this host and port",
        "Check host and port, and that the server runs and no firewall is between.",
    ),
    "peer-timeout": (
        "an answer in time",
        "Try again later, or raise `timeout=` in the options of the URL.",
    ),
    "proxy-failed": (
        "a proxy that lets the request pass",
        "Check the environment variables HTTPS_PROXY and NO_PROXY.",
    ),
    "tls-mismatch": (
        "the same encryption at both ends",
        "Use https:// for a port that speaks TLS, http:// for one that does not.",
    ),
}


def connection_failure(where: str, code: str, given: str) -> NetworkError:
    """Return the error of a connection by its code.

    Examples
    --------
    >>> print(connection_failure("https://pacs", "host-unknown", "no address for pacs"))
    https://pacs: expected the name of a host that the network knows, given no address for pacs. \
Check the name in the URL, and the network or VPN.
    """
    expected, remedy = _CONNECTIONS[code]
    return NetworkError(code=code, where=where, given=given, expected=expected, remedy=remedy)


_CERTIFICATE_DEMANDED = re.compile(r"certificate.required|handshake.failure", re.IGNORECASE)


def certificate_failure(where: str, text: str) -> NetworkError:
    """Return the error of a TLS connection from the text of the library.

    Examples
    --------
    >>> certificate_failure("https://pacs", "[SSL: WRONG_VERSION_NUMBER] wrong version").code
    'tls-mismatch'
    >>> certificate_failure("https://pacs", "certificate verify failed: self-signed").code
    'certificate-not-trusted'
    """
    plain = re.sub(r"\s*\(_ssl\.c:\d+\)", "", text)
    reason = plain.partition("certificate verify failed: ")[2]
    if reason or "doesn't match" in plain:
        return NetworkError(
            code="certificate-not-trusted",
            where=where,
            given=f"a certificate that does not hold ({_cut(reason or plain)})",
            expected="a certificate of this host by an authority that is trusted",
            remedy="Check the name of the host; for an authority of the hospital, give its "
            "certificate as `ca_certificate=`.",
        )
    if _CERTIFICATE_DEMANDED.search(plain.replace("_", " ")):
        return NetworkError(
            code="certificate-required",
            where=where,
            given="a server that ended the TLS handshake",
            expected="a client with a certificate that the server trusts",
            remedy="Give your certificate as `certificate=`, and its key as `key=`.",
        )
    return connection_failure(where, "tls-mismatch", f"no TLS connection ({_cut(plain)})")


def answer_excerpt(text: str) -> str:
    r"""Return the beginning of an answer in one line, without markup.

    Examples
    --------
    >>> answer_excerpt("<html><head><title>x</title></head><body><h1>No access</h1></body>")
    'No access'
    """
    return _cut(_MARKUP.sub(" ", text))


def _cut(text: str) -> str:
    line = " ".join(text.split())
    printable = "".join(filter(str.isprintable, line))
    return printable if len(printable) <= _EXCERPT else f"{printable[:_EXCERPT]} …"
