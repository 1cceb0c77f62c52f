"""Settings of a DICOMweb service: who asks, how it is encrypted, and how long to wait."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import field, fields
from pathlib import Path
from typing import Any, Self

from dicomseries.errors import OptionError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.network.peer_errors import check_setting_names, wrong_setting

__all__ = ["AUTHORIZATION", "WebSettings"]

AUTHORIZATION = "DICOMSERIES_AUTHORIZATION"
"""Environment variable with the value of the header Authorization, such as ``Bearer …``."""
_LONGEST_WAIT = 86_400
_MOST_RETRIES = 32
_MOST_BYTES = 1 << 40
_NUMBERS: Mapping[str, tuple[float, float, str]] = {
    "timeout": (0.001, _LONGEST_WAIT, "a number of seconds above 0"),
    "connect_timeout": (0.001, _LONGEST_WAIT, "a number of seconds above 0"),
    "retries": (0, _MOST_RETRIES, f"a whole number from 0 to {_MOST_RETRIES}"),
    "batch_bytes": (1, _MOST_BYTES, "a whole number of bytes, at least 1"),
    "batch_instances": (1, _MOST_BYTES, "a whole number of instances, at least 1"),
}
"""Name -> lowest, highest, and what is expected."""
_SECONDS = ("timeout", "connect_timeout")
_PATHS = ("ca_certificate", "certificate", "key")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]+")
_LOGIN = 2
_AUTH, _HEADERS = "auth", "headers"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class WebSettings:
    """How a DICOMweb service is talked to.

    Parameters
    ----------
    auth : str or pair of str, optional
        Value of the header Authorization, such as ``"Bearer …"``, or a user and a password.
    headers : mapping
        Headers of every request, such as an API key. None is sent to another host.
    timeout : float
        Seconds of silence after which a request fails.
    connect_timeout : float
        Seconds until a connection must be there.
    retries : int
        Times a request is sent again that was lost, or came to a busy server.
    ca_certificate : str, optional
        File of certificates that sign the server's; the usual ones if not given.
    certificate, key : str, optional
        Files of this program's certificate and private key, if the server asks for them.
    batch_bytes, batch_instances : int
        The most that one request to store holds; a larger instance goes alone.

    Examples
    --------
    >>> settings = WebSettings.of({"timeout": 5, "auth": "Bearer 0123"}, environment={})
    >>> settings, settings.authorization
    (WebSettings(timeout=5.0), 'Bearer 0123')
    """

    auth: str | tuple[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 60.0
    connect_timeout: float = 15.0
    retries: int = 4
    ca_certificate: str | None = None
    certificate: str | None = None
    key: str | None = None
    batch_bytes: int = 32 << 20
    batch_instances: int = 250
    authorization: str = field(default="", init=False)

    def __repr__(self) -> str:
        return f"WebSettings(timeout={self.timeout})"  # the others may be secret

    def __post_init__(self) -> None:
        for name in _NUMBERS:
            object.__setattr__(self, name, _number(name, getattr(self, name)))
        for name in _PATHS:
            object.__setattr__(self, name, _path(name, getattr(self, name)))
        if self.key is not None and self.certificate is None:
            name, expected = "key", "a key together with its `certificate=`"
            raise _wrong_setting(name, "a key alone", expected)
        headers = _headers(self.headers)
        authorization = headers.pop("Authorization", "")
        object.__setattr__(self, "headers", headers)
        if self.auth is not None:
            authorization = _login(self.auth)
        _check_header("Authorization", authorization, "auth")
        object.__setattr__(self, "authorization", authorization)

    @classmethod
    def of(
        cls,
        options: Mapping[str, Any],
        *,
        user: tuple[str, str] | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> Self:
        """Return the settings in a mapping of options.

        The header Authorization comes from the options, else from the user of the URL, else from
        the environment variable ``DICOMSERIES_AUTHORIZATION``. Without any of them, a user in
        the file netrc is taken when a request is sent.

        Raises
        ------
        OptionError
            If a name is unknown or a value is wrong.
        """
        check_setting_names(options, [entry.name for entry in fields(cls) if entry.init])
        settings = cls(**options)
        if settings.authorization:
            return settings
        if user is not None:
            return cls(**{**options, "auth": user})
        value = environment.get(AUTHORIZATION, "").strip()
        if value:
            _check_header("Authorization", value, AUTHORIZATION)
            return cls(**{**options, "auth": value})
        return settings

    def secrets(self) -> Iterator[str]:
        """Yield texts that must not be shown."""
        yield from filter(None, (self.authorization, *self.headers.values()))
        kind, _, secret = self.authorization.partition(" ")
        yield secret
        if kind.lower() == "basic":
            try:
                login = base64.b64decode(secret).decode("utf-8", "replace")
            except ValueError:
                return
            yield login
            yield login.partition(":")[2]


def _number(name: str, value: object) -> float:
    lowest, highest, expected = _NUMBERS[name]
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise _wrong_setting(name, repr(value), expected) from None
    is_whole = name in _SECONDS or number.is_integer()
    if isinstance(value, bool) or not lowest <= number <= highest or not is_whole:
        raise _wrong_setting(name, repr(value), expected)
    return number if name in _SECONDS else int(number)


def _path(name: str, value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, (str, Path)) or not Path(value).expanduser().exists():
        raise OptionError(
            code="certificate-unusable",
            where=f"storage_options[{name!r}]",
            given=repr(value),
            expected="a file in PEM format that exists",
            remedy=f"Check the path in `{name}=`.",
        )
    return str(Path(value).expanduser())


def _headers(headers: object) -> dict[str, str]:
    if not isinstance(headers, Mapping):
        raise _wrong_setting(_HEADERS, type(headers).__name__, "names and values of headers")
    checked: dict[str, str] = {}
    for name, value in headers.items():
        _check_header(name, value, _HEADERS)
        checked["Authorization" if name.lower() == "authorization" else name] = value
    return checked


def _check_header(name: object, value: object, setting: str) -> None:
    """Reject what no header can hold, without showing a value."""
    expected = "names and values of HTTP headers: text in one line"
    if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
        raise _wrong_setting(setting, f"the name {name!r}", expected)
    if not isinstance(value, str):
        raise _wrong_setting(setting, f"{type(value).__name__} as value of {name}", expected)
    if not (value.isascii() and value == value.strip() and (value.isprintable() or not value)):
        fault = f"a value of {name} with spaces, a line break or other characters around or in it"
        raise _wrong_setting(setting, fault, expected)


def _login(auth: object) -> str:
    if isinstance(auth, str):
        return auth
    if isinstance(auth, (tuple, list)) and len(auth) == _LOGIN:
        user, password = auth
        if isinstance(user, str) and isinstance(password, str):
            login = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
            return f"Basic {login}"
    expected = '("USER", "PASSWORD"), or a text such as "Bearer TOKEN"'
    raise _wrong_setting(_AUTH, type(auth).__name__, expected)


def _wrong_setting(name: str, value: str, expected: str) -> OptionError:
    where = name if name == AUTHORIZATION else f"storage_options[{name!r}]"
    return wrong_setting(where, value, expected)
