"""Objects at URLs (S3 and others that fsspec knows), and files in archives.

A store is one small file with a class of six calls: ``get``, ``get_range``, ``put``, ``size``,
``list``, ``delete``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomseries.lazy_exports import export_lazily

if TYPE_CHECKING:
    from dicomseries.stores.addresses import hidden, is_archive, is_url, masked
    from dicomseries.stores.fetching import fetch_file, local_copy, save
    from dicomseries.stores.manifest import MANIFEST, PLAN, Entry, Manifest, sha256_of
    from dicomseries.stores.opening import CONCURRENCY, open_store
    from dicomseries.stores.store import Store, StoreError

__all__ = [
    "CONCURRENCY",
    "MANIFEST",
    "PLAN",
    "Entry",
    "Manifest",
    "Store",
    "StoreError",
    "fetch_file",
    "hidden",
    "is_archive",
    "is_url",
    "local_copy",
    "masked",
    "open_store",
    "save",
    "sha256_of",
]

export_lazily(
    __name__,
    {
        "dicomseries.stores.addresses": ("hidden", "is_archive", "is_url", "masked"),
        "dicomseries.stores.fetching": ("fetch_file", "local_copy", "save"),
        "dicomseries.stores.manifest": ("MANIFEST", "PLAN", "Entry", "Manifest", "sha256_of"),
        "dicomseries.stores.opening": ("CONCURRENCY", "open_store"),
        "dicomseries.stores.store": ("Store", "StoreError"),
    },
)
