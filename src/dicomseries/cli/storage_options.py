"""``--storage-options`` as options of fsspec, and without secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from dicomseries.cli.exit_codes import CommandLineError

__all__ = ["OPTION", "shown", "shown_words", "storage_options_of", "without_values"]

OPTION = "--storage-options"
_VALUE = re.compile(r"(?<==)[^\s()]+")


def storage_options_of(pairs: Sequence[str] | None) -> dict[str, Any] | None:
    """Return the options as a mapping, or None.

    Values are read as JSON if they are JSON, else as text.

    Raises
    ------
    CommandLineError
        If one has no ``=``, or two name the same option. Values may be secret: none is shown.

    Examples
    --------
    >>> storage_options_of(["anon=true", "key=AKIA42"])
    {'anon': True, 'key': 'AKIA42'}
    >>> storage_options_of(['client_kwargs={"region_name": "eu-west-1"}'])
    {'client_kwargs': {'region_name': 'eu-west-1'}}
    """
    if not pairs:
        return None
    options: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        name = name.strip()
        code, fault = "storage-option-malformed", "a word that is not KEY=VALUE"
        if name in options:
            code, fault = "storage-option-twice", f"{name} twice"
        elif name == "auth":
            raise _secret_typed()
        elif equals and name:
            options[name] = _value(value)
            continue
        raise CommandLineError(
            code=code,
            where=OPTION,
            given=fault,
            expected="KEY=VALUE, each key once; the option again for more",
            remedy=f"Write for example {OPTION} anon=true"
            f" {OPTION} endpoint_url=http://127.0.0.1:9000.",
        )
    return options


def _secret_typed() -> CommandLineError:
    return CommandLineError(
        code="secret-on-command-line",
        where=f"{OPTION} auth",
        given="a secret that other users can see, and that shells store",
        expected="the environment variable DICOMSERIES_AUTHORIZATION, a user in netrc, or the"
        " option --auth-file of send and list",
        remedy="Set the variable, or write the secret to a file that only you can read.",
    )


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def shown_words(words: Sequence[str]) -> tuple[str, ...]:
    """Return a command line without secrets.

    Examples
    --------
    >>> shown_words(["read", "s3://jane:secret@host/scan", "--storage-options", "secret=wJalr"])
    ('read', 's3://***@host/scan', '--storage-options', 'secret=***')
    """
    return tuple(_shown(words))


def shown(path: str) -> str:
    """Return a path, or a URL without access data.

    Examples
    --------
    >>> shown("s3://jane:secret@host/scan"), shown("scan?a=1")
    ('s3://***@host/scan', 'scan?a=1')
    """
    from dicomseries.stores import is_url, masked

    return masked(path) if is_url(path) else path


def _shown(words: Sequence[str]) -> Iterator[str]:
    before = ""
    for word in words:
        if before == OPTION:
            yield without_values(word)
        elif word.startswith(f"{OPTION}="):
            yield f"{OPTION}={without_values(word.removeprefix(OPTION)[1:])}"
        else:
            yield shown(word)
        before = word


def without_values(text: str) -> str:
    """Return a text without the values behind each ``=``.

    Examples
    --------
    >>> without_values("Got unexpected extra argument (secret=wJalr)")
    'Got unexpected extra argument (secret=***)'
    """
    return _VALUE.sub("***", text)
