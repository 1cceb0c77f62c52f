"""``--storage-options``: words of the command line → options of fsspec, and what of such words may be shown."""

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
    """Return the options as a mapping, None if there are none; what is JSON is read as JSON, all else as text.

    Raises
    ------
    CommandLineError
        If one has no ``=``, or two name the same option. The error does not show what may be a secret.

    Examples
    --------
    >>> storage_options_of(["anon=true", "key=AKIA42", 'client_kwargs={"region_name": "eu-west-1"}'])
    {'anon': True, 'key': 'AKIA42', 'client_kwargs': {'region_name': 'eu-west-1'}}
    """
    if not pairs:
        return None
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        name = name.strip()
        if not equals or not name or name in found:
            raise CommandLineError(
                code="storage-option-twice" if name in found else "storage-option-malformed",
                where=OPTION,
                given=f"{name} twice" if name in found else "a word that is not KEY=VALUE",
                expected="KEY=VALUE, each key once; the option again for more",
                remedy=f"Write for example {OPTION} anon=true {OPTION} endpoint_url=http://127.0.0.1:9000.",
            )
        found[name] = _value(value)
    return found


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def shown_words(words: Sequence[str]) -> tuple[str, ...]:
    """Return a command line as it may be shown: without values of storage options, and what in a URL gives access.

    Examples
    --------
    >>> shown_words(["read", "s3://jane:secret@host/scan", "a.npy", "--storage-options", "secret=wJalr"])
    ('read', 's3://***@host/scan', 'a.npy', '--storage-options', 'secret=***')
    """
    return tuple(_shown(words))


def shown(path: str) -> str:
    """Return a path as it is, a URL without what gives access.

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
    """Return a text with whatever stands behind a ``=`` left out.

    Examples
    --------
    >>> without_values("Got unexpected extra argument (secret=wJalr)")
    'Got unexpected extra argument (secret=***)'
    """
    return _VALUE.sub("***", text)
