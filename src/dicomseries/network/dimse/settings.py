"""Time-outs, TLS and the number of associations."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Self

from dicomseries.errors import OptionError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.network.peer_errors import check_setting_names, wrong_setting

__all__ = ["DimseSettings"]

_MOST_ASSOCIATIONS = 32
_MOST_RETRIES = 100
_LAST_PORT = 65535
_LONGEST_WAIT_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DimseSettings:
    """How a DIMSE archive is talked to.

    Parameters
    ----------
    timeout : float
        Seconds until the archive must answer: to the connection, the association, and each message.
    connect_timeout, network_timeout : float, optional
        Seconds for connection and association, and seconds without a byte while a message is sent
        or received; `timeout` if not given.
    commit_timeout : float
        Seconds until the archive must report a storage commitment.
    associations : int
        Associations that send at the same time.
    retries : int
        Times an instance is sent again after a lost association, or to a busy archive.
    retry_wait : float
        Seconds before the first retry; each further one waits twice as long, at most 30 s.
    ca_certificate : str, optional
        File of certificates that sign the archive's, for ``dicoms://``; the system's if not given.
    certificate, key : str, optional
        Files of this program's certificate and private key, if the archive asks for them.
    check_hostname : bool
        Whether the archive's certificate must name the host of the URL.
    method : {"get", "move"}, optional
        How studies are fetched; C-GET if not given.
    port : int, optional
        Port on which this program receives what the archive sends by itself: C-MOVE, commitments.

    Examples
    --------
    >>> settings = DimseSettings.of({"timeout": 5})
    >>> settings.timeout, settings.connection_timeout
    (5.0, 5.0)
    """

    timeout: float = 30.0
    connect_timeout: float | None = None
    network_timeout: float | None = None
    commit_timeout: float = 60.0
    associations: int = 1
    retries: int = 3
    retry_wait: float = 0.5
    ca_certificate: str | None = None
    certificate: str | None = None
    key: str | None = None
    check_hostname: bool = True
    method: str | None = None
    port: int | None = None

    def __post_init__(self) -> None:
        for name in ("timeout", "commit_timeout", "connect_timeout", "network_timeout"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _number(name, getattr(self, name)))
        wait = _number("retry_wait", self.retry_wait, zero_allowed=True)
        object.__setattr__(self, "retry_wait", wait)
        for name, lowest, highest in (
            ("associations", 1, _MOST_ASSOCIATIONS),
            ("retries", 0, _MOST_RETRIES),
            ("port", 1, _LAST_PORT),
        ):
            self._check_whole(name, lowest, highest)
        if self.method not in {None, "get", "move"}:
            raise _wrong_setting(self.method, "method", "`get` or `move`")
        if self.key is not None and self.certificate is None:
            raise _wrong_setting(self.key, "key", "a key together with its `certificate=`")

    def _check_whole(self, name: str, lowest: int, highest: int) -> None:
        if getattr(self, name) is None:
            return
        value = _number(name, getattr(self, name), zero_allowed=lowest == 0)
        if value != int(value) or not lowest <= value <= highest:
            raise _wrong_setting(value, name, f"a whole number from {lowest} to {highest}")
        object.__setattr__(self, name, int(value))

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Return the settings in a mapping of options.

        Raises
        ------
        OptionError
            If a name is unknown or a value is wrong.
        """
        check_setting_names(options, [field.name for field in fields(cls)])
        return cls(**options)

    @property
    def connection_timeout(self) -> float:
        """Seconds for a connection and its association."""
        return self.timeout if self.connect_timeout is None else self.connect_timeout

    @property
    def silence_timeout(self) -> float:
        """Seconds without a byte while a message is sent or received."""
        return self.timeout if self.network_timeout is None else self.network_timeout

    def wait_before(self, retry: int) -> float:
        """Return the seconds to wait before a retry; the first is number 1.

        Examples
        --------
        >>> [DimseSettings().wait_before(retry) for retry in (1, 2, 3, 9)]
        [0.5, 1.0, 2.0, 30.0]
        """
        return float(min(self.retry_wait * 2 ** (retry - 1), _LONGEST_WAIT_S))

    def tls_context(self) -> ssl.SSLContext:
        """Return the context of a TLS client.

        Raises
        ------
        OptionError
            If a file of a certificate or key cannot be used.
        """
        return self._tls_context(ssl.Purpose.SERVER_AUTH)

    def tls_server_context(self) -> ssl.SSLContext | None:
        """Return the context for what the archive sends by itself, None without a certificate."""
        if self.certificate is None:
            return None
        context = self._tls_context(ssl.Purpose.CLIENT_AUTH)
        if self.ca_certificate is not None:
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def _tls_context(self, purpose: ssl.Purpose) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(purpose, cafile=self.ca_certificate)
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key, password=_no_password)
        except (OSError, ValueError) as error:
            raise OptionError(
                code="certificate-unusable",
                where="storage_options",
                given=f"{error}",
                expected="PEM files of certificates and of an unencrypted key",
                remedy="Check the paths in `ca_certificate`, `certificate` and `key`.",
            ) from None
        if purpose is ssl.Purpose.SERVER_AUTH and not self.check_hostname:
            context.check_hostname = False
        return context


def _no_password() -> str:
    message = "the key is encrypted"
    raise ValueError(message)


def _number(name: str, value: Any, *, zero_allowed: bool = False) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise _wrong_setting(value, name, "a number") from None
    if not (0 < number < float("inf") or (zero_allowed and number == 0)):
        raise _wrong_setting(value, name, "a number above 0")
    return number


def _wrong_setting(value: object, name: str, expected: str) -> OptionError:
    return wrong_setting(f"storage_options[{name!r}]", repr(value), expected)
