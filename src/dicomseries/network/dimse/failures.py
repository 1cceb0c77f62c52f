"""Errors of connections and associations, each with its code and remedy."""

from __future__ import annotations

from dicomseries.errors import NetworkError
from dicomseries.network.dimse.address import DimseAddress

__all__ = ["TRANSIENT", "failure", "rejection"]

_ARCHIVE = "an archive that answers"

_KNOWS_US = "the archive must know the AE title, address and port of this computer."

_FAILURES = {
    "host-unknown": (
        "a host with an address",
        "Check the name of the host, or use its IP address.",
    ),
    "peer-not-reached": (
        _ARCHIVE,
        "Check host and port, and whether a firewall is between.",
    ),
    "peer-timeout": (
        "an answer within {timeout:g} s",
        "Try again later, or allow more time with the option `timeout`.",
    ),
    "tls-mismatch": (
        "the same security on both sides",
        "Use dicom:// for a port without TLS, and dicoms:// for a port with TLS.",
    ),
    "certificate-not-trusted": (
        "a certificate that can be verified",
        "Pass the file of the certificate that signs the archive's as the option `ca_certificate`.",
    ),
    "certificate-required": (
        "a certificate of this program",
        "Pass files that the archive trusts as the options `certificate` and `key`.",
    ),
    "association-aborted": (
        _ARCHIVE,
        "Try again, and look into the log of the archive.",
    ),
    "association-lost": (
        "a connection that lasts",
        "Try again, and look into the log of the archive.",
    ),
    "no-context-accepted": (
        "an archive that accepts one of the SOP classes",
        "Ask the administrator of the archive which services and SOP classes it offers.",
    ),
    "answer-not-valid": (
        "an answer as in PS3.7",
        "Look into the log of the archive.",
    ),
    "query-rejected": (
        "a search that the archive can do",
        "Change the search, or ask the administrator of the archive.",
    ),
    "get-not-offered": (
        "C-GET of the study root",
        f"Use C-MOVE: add method=move&port=PORT to the URL; {_KNOWS_US}",
    ),
    "retrieval-rejected": (
        "instances from the archive",
        f"Look into the log of the archive; for C-MOVE, {_KNOWS_US}",
    ),
    "commitment-rejected": (
        "a commitment of the archive to keep the instances",
        "Ask the administrator whether the archive offers storage commitment.",
    ),
    "commitment-not-reported": (
        "a report of the archive about its commitment",
        "Pass the option `port`, to which the archive reports, or a longer `commit_timeout`.",
    ),
    "receiver-not-started": (
        "a port that is free on this computer",
        "Choose another port= in the URL; the archive must know it.",
    ),
}
"""Code -> what was expected, and the remedy."""

_REJECTIONS = {
    (1, 3): (
        "calling-aet-not-recognized",
        "the archive does not know the calling AE title {calling!r}",
        "Ask the administrator to enter this title, or pass another one as calling= in the URL.",
    ),
    (1, 7): (
        "called-aet-not-recognized",
        "the archive does not have the AE title {called!r}",
        "Write the title of the archive before the @ of the URL.",
    ),
    (1, 2): (
        "association-rejected",
        "the archive does not support the application context",
        "Look into the log of the archive.",
    ),
    (2, 2): (
        "association-rejected",
        "the archive does not support this version of the protocol",
        "Look into the log of the archive.",
    ),
    (3, 1): (
        "peer-busy",
        "the archive is busy for now",
        "Try again later.",
    ),
    (3, 2): (
        "peer-busy",
        "the archive allows no more associations",
        "Try again later, or use fewer `associations`.",
    ),
}
"""Source and reason of an A-ASSOCIATE-RJ (PS3.8 table 9-21) -> code, sentence, remedy."""

TRANSIENT = {"peer-busy", "peer-timeout", "association-lost", "association-aborted"} | {
    "peer-not-reached"
}
"""Codes after which it may help to try again."""


def failure(address: DimseAddress, code: str, given: str, *, timeout: float = 0.0) -> NetworkError:
    """Return the error of a code; `given` says what happened."""
    expected, remedy = _FAILURES[code]
    return NetworkError(
        code=code,
        where=address.where,
        given=given,
        expected=expected.format(timeout=timeout),
        remedy=remedy,
    )


def rejection(address: DimseAddress, source: int, reason: int) -> NetworkError:
    """Return the error of an association that was rejected."""
    code, given, remedy = _REJECTIONS.get(
        (source, reason),
        (
            "association-rejected",
            f"the archive rejected the association (source {source}, reason {reason})",
            "Check both AE titles, and ask the administrator of the archive.",
        ),
    )
    return NetworkError(
        code=code,
        where=address.where,
        given=given.format(called=address.called_aet, calling=address.calling_aet),
        expected="an accepted association",
        remedy=remedy,
    )
