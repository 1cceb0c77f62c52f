"""Time-outs, TLS and the number of associations."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Self

from dicomseries.errors import OptionError
from dicomseries.lazy_dataclass import dataclass

__all__ = ["DimseSettings"]

_MOST_ASSOCIATIONS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class DimseSettings:
    """How a DIMSE archive is talked to.

    Parameters
    ----------
    timeout : float
        Seconds until the archive must answer: to the connection, the association, and each message.
    associations : int
        Associations that send at the same time.
    retries : int
        Times an instance is sent again after a lost association, or a busy archive.
    ca_certificate : str, optional
        File of certificates that sign the archive's, for ``dicoms://``; the system's if not given.
    certificate, key : str, optional
        Files of this program's certificate and private key, if the archive asks for them.

    Examples
    --------
    >>> DimseSettings.of({"timeout": 5}).timeout
    5.0
    """

    timeout: float = 30.0
    associations: int = 1
    retries: int = 3
    ca_certificate: str | None = None
    certificate: str | None = None
    key: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "timeout", _positive("timeout", self.timeout))
        for name, lowest, highest in (
            ("associations", 1, _MOST_ASSOCIATIONS),
            ("retries", 0, _MOST_ASSOCIATIONS),
        ):
            value = _positive(name, getattr(self, name), zero_allowed=lowest == 0)
            if value != int(value) or not lowest <= value <= highest:
                raise _wrong_setting(name, value, f"a whole number from {lowest} to {highest}")
            object.__setattr__(self, name, int(value))
        if self.key is not None and self.certificate is None:
            name = "key"
            raise _wrong_setting(name, self.key, "a key together with its `certificate=`")

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Return the settings in a mapping of options.

        Raises
        ------
        OptionError
            If a name is unknown or a value is wrong.
        """
        names = [field.name for field in fields(cls)]
        for name in options:
            if name not in names:
                raise OptionError(
                    code="network-option-unknown",
                    where=f"storage_options[{name!r}]",
                    given="an unknown option",
                    expected=", ".join(names),
                    remedy="Use one of these names, or leave it out.",
                )
        return cls(**options)

    def tls_context(self) -> ssl.SSLContext:
        """Return the context of a TLS client.

        Raises
        ------
        OptionError
            If a file of a certificate or key cannot be used.
        """
        try:
            context = ssl.create_default_context(cafile=self.ca_certificate)
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            raise OptionError(
                code="certificate-unusable",
                where="storage_options",
                given=f"{error}",
                expected="PEM files of certificates and of an unencrypted key",
                remedy="Check the paths in `ca_certificate`, `certificate` and `key`.",
            ) from None
        return context


def _positive(name: str, value: Any, *, zero_allowed: bool = False) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise _wrong_setting(name, value, "a number") from None
    if not (0 < number < float("inf") or (zero_allowed and number == 0)):
        raise _wrong_setting(name, value, "a number above 0")
    return number


def _wrong_setting(name: str, value: object, expected: str) -> OptionError:
    return OptionError(
        code="network-option-wrong",
        where=f"storage_options[{name!r}]",
        given=repr(value),
        expected=expected,
        remedy="Pass such a value, or leave it out.",
    )
