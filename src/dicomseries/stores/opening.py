"""A URL → the store that reaches it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dicomseries.stores.addresses import Address
from dicomseries.stores.store import Store

__all__ = ["CONCURRENCY", "open_store"]

CONCURRENCY = 16
"""Requests that are under way at once in a process: hides the latency; memory is this many
objects."""


def open_store(url: str, options: Mapping[str, Any] | None = None) -> Store:
    """Return the store of a URL: obstore, else fsspec.

    Parameters
    ----------
    url : str
        The prefix that keys are relative to.
    options : mapping, optional
        fsspec's storage options; those of fsspec's configuration are added.

    Raises
    ------
    MissingPackageError
        If the package for that scheme is not installed.
    StoreError
        If the options are none that it takes.

    Examples
    --------
    >>> open_store("memory://scan").address
    Address(memory://scan)
    """
    from dicomseries.stores.fsspec_store import FsspecStore, settings
    from dicomseries.stores.obstore_store import ObstoreStore, can_use_obstore

    scheme = url.partition("://")[0].lower()
    address = Address(url=url, options={**settings(scheme), **(options or {})})
    if can_use_obstore(address):
        return ObstoreStore(address)
    return FsspecStore(address)
