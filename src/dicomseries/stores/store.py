"""The interface of every store, and its errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from dicomseries.stores.addresses import Address

__all__ = ["Store", "StoreError", "option_value", "without_secrets"]


class StoreError(OSError):
    """An error of a store; its text holds no credentials."""


class Store(Protocol):
    """Objects below a URL; several threads may call it.

    Keys are relative to the URL, parted by slashes. Everything raises FileNotFoundError for what is
    not there, and `StoreError` for other failures of a store.
    """

    @property
    def address(self) -> Address:
        """The URL and its options."""

    def get(self, key: str) -> bytes:
        """Return a whole object."""

    def get_range(self, key: str, start: int, stop: int) -> bytes:
        """Return the bytes from `start` up to `stop`."""

    def put(self, key: str, content: bytes | Path, *, create_only: bool = False) -> None:
        """Store a whole object; it is visible when complete.

        Raises FileExistsError if it is there already and `create_only` is set.
        """

    def size(self, key: str) -> int:
        """Return the bytes of an object."""

    def list(self) -> Mapping[str, int]:
        """Return key → bytes of everything below the URL."""

    def delete(self, key: str) -> None:
        """Remove an object, if it is there."""


@contextmanager
def without_secrets(address: Address, *passed: type[Exception]) -> Iterator[None]:
    """Turn a library's errors into a `StoreError` without credentials.

    FileNotFoundError and `passed` keep their type.

    Examples
    --------
    >>> with without_secrets(Address(url="s3://bucket", options={"secret": "abcdef"})):
    ...     raise ValueError("signed with abcdef")
    Traceback (most recent call last):
    ...
    dicomseries.stores.store.StoreError: signed with ***
    """
    try:
        yield
    except (MemoryError, StoreError):
        raise
    except Exception as error:  # noqa: BLE001 - each file system raises its own
        kinds: tuple[type[Exception], ...] = (FileNotFoundError, *passed)
        kind = next((kind for kind in kinds if isinstance(error, kind)), StoreError)
        # The library's own error and its text may hold credentials: it is not handed on.
        raise kind(address.hide(str(error)) or type(error).__name__) from None


def option_value(options: Mapping[str, Any], name: str) -> Any:
    """Return an option, also one in ``client_kwargs``.

    Examples
    --------
    >>> options = {"client_kwargs": {"region_name": "eu-west-1"}}
    >>> option_value(options, "region_name"), option_value({}, "key")
    ('eu-west-1', None)
    """
    return options.get(name, (options.get("client_kwargs") or {}).get(name))
