"""S3, Google Cloud Storage and Azure through obstore.

It takes half the time of s3fs. The only module that imports `obstore`.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dicomseries.stores.addresses import Address
from dicomseries.stores.store import option_value, without_secrets

__all__ = ["ObstoreStore", "can_use_obstore"]

_S3 = {
    "key": "access_key_id",
    "secret": "secret_access_key",
    "token": "session_token",
    "endpoint_url": "endpoint",
    "region_name": "region",
    "anon": "skip_signature",
}
"""Option of s3fs → that of obstore."""
_S3_SCHEMES = {"s3", "s3a"}
_OTHERS = {
    "gs": ("gcsfs", "GOOGLE_"),
    "gcs": ("gcsfs", "GOOGLE_"),
    "az": ("adlfs", "AZURE_"),
    "abfs": ("adlfs", "AZURE_"),
}
"""Scheme → who else can read it, and how the environment's variables begin that obstore reads."""


def can_use_obstore(address: Address) -> bool:
    """Return whether obstore can log in with these options.

    It reads no profile of ``~/.aws``: where nothing but such a file lets a user in, fsspec has to
    do it.

    Examples
    --------
    >>> can_use_obstore(Address(url="memory://scan"))
    False
    """
    if find_spec("obstore") is None or "@" in address.url.partition("://")[2].partition("/")[0]:
        return False
    if address.scheme in _S3_SCHEMES:
        return _knows(address.options) and (_has_key(address.options) or find_spec("s3fs") is None)
    if address.scheme in _OTHERS and not address.options:
        package, prefix = _OTHERS[address.scheme]
        return find_spec(package) is None or any(name.startswith(prefix) for name in os.environ)
    return False


def _knows(options: Mapping[str, Any]) -> bool:
    inner = options.get("client_kwargs") or {}
    return set(options) <= {*_S3, "client_kwargs"} and set(inner) <= {"endpoint_url", "region_name"}


def _has_key(options: Mapping[str, Any]) -> bool:
    is_given = bool(options.get("anon")) or {"key", "secret"} <= set(options)
    return is_given or {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} <= set(os.environ)


class ObstoreStore:
    """The objects below a URL, through obstore.

    Parameters
    ----------
    address : Address
        For which `can_use_obstore`; options are those of s3fs.
    """

    def __init__(self, address: Address) -> None:
        import obstore
        import obstore.exceptions
        import obstore.store

        self.address = address
        self._obstore = obstore
        bucket, _, prefix = address.url.partition("://")[2].partition("/")
        prefix = prefix.strip("/")
        self._prefix = f"{prefix}/" if prefix else ""
        with without_secrets(address):
            config, client = _config(address)
            scheme = "s3" if address.scheme in _S3_SCHEMES else address.scheme
            from_url: Any = obstore.store.from_url
            self._store = from_url(f"{scheme}://{bucket}", config=config, client_options=client)

    def get(self, key: str) -> bytes:
        """Return a whole object."""
        with without_secrets(self.address):
            return self._obstore.get(self._store, self._path(key)).bytes().to_bytes()

    def get_range(self, key: str, start: int, stop: int) -> bytes:
        """Return some bytes."""
        end = min(stop, self.size(key))
        if end <= start:
            return b""
        with without_secrets(self.address):
            return self._obstore.get_range(
                self._store, self._path(key), start=start, end=end
            ).to_bytes()

    def put(self, key: str, content: bytes | Path, *, create_only: bool = False) -> None:
        """Store a whole object; a large file in parts."""
        try:
            with without_secrets(self.address, self._obstore.exceptions.AlreadyExistsError):
                if create_only:
                    self._obstore.put(self._store, self._path(key), content, mode="create")
                else:
                    self._obstore.put(self._store, self._path(key), content)
        except self._obstore.exceptions.AlreadyExistsError as refusal:
            raise FileExistsError(str(refusal)) from None

    def size(self, key: str) -> int:
        """Return the bytes of an object."""
        with without_secrets(self.address):
            return int(self._obstore.head(self._store, self._path(key))["size"])

    def list(self) -> Mapping[str, int]:
        """Return key → bytes of all objects."""
        with without_secrets(self.address):
            batches = self._obstore.list(self._store, prefix=self._prefix or None)
            objects = list(itertools.chain.from_iterable(batches))
        sizes = {str(item["path"])[len(self._prefix) :]: int(item["size"]) for item in objects}
        return dict(sorted(sizes.items()))

    def delete(self, key: str) -> None:
        """Remove an object."""
        try:
            with without_secrets(self.address):
                self._obstore.delete(self._store, self._path(key))
        except FileNotFoundError:
            return

    def _path(self, key: str) -> str:
        if not key:
            return self._prefix.rstrip("/")
        return f"{self._prefix}{key}"


def _config(address: Address) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the options of the store and its connection."""
    if address.scheme not in _S3_SCHEMES:
        return {}, {}
    config = {}
    for name, obstore_name in _S3.items():
        value = option_value(address.options, name)
        if value is not None:
            config[obstore_name] = value
    environment = os.environ.get
    endpoint = str(
        config.get("endpoint")
        or environment("AWS_ENDPOINT_URL_S3")
        or environment("AWS_ENDPOINT_URL")
        or ""
    )
    if endpoint:
        config["endpoint"] = endpoint
        region = environment("AWS_REGION") or environment("AWS_DEFAULT_REGION") or "us-east-1"
        config.setdefault("region", region)
    if endpoint.startswith("http://"):
        return config, {"allow_http": True}
    return config, {}
