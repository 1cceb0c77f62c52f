"""What the user asked for: every option checked before the source is read."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dicomseries import executors
from dicomseries.errors import MetadataError
from dicomseries.iod import Kind, find_kind
from dicomseries.metadata import Metadata, parse_json, parse_toml
from dicomseries.uids import UidPolicy, parse_uid_policy
from dicomseries.values import Policy, parse_policy

__all__ = ["MetadataLike", "Progress", "Request", "make_request"]

MetadataLike = Mapping[str, Any] | str | os.PathLike[str] | None
"""Attributes by keyword, or a TOML or JSON file of them."""

Progress = Callable[[int, int, str], None]
"""Called with what is done, what there is, both in slices, and ``"reading"`` or ``"writing"``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The options of one write, as the stages take them."""

    kind: Kind
    policy: Policy | None
    nan: float | None
    clip: tuple[float, float] | None
    metadata: Metadata
    uid: UidPolicy
    now: dt.datetime | None
    entropy: bytes | None
    workers: int
    progress: Progress | None


def make_request(
    *,
    kind: str | None,
    values: Policy | str,
    nan: float | None,
    clip: tuple[float, float] | None,
    metadata: MetadataLike,
    uid: str | Mapping[str, str] | UidPolicy,
    now: dt.datetime | None,
    entropy: bytes | None,
    workers: int | None,
    progress: Progress | None,
) -> Request:
    """Return the options as the stages take them, or refuse what is wrong with them."""
    uid_policy = parse_uid_policy(uid)
    # With uid="content" the same input must give the same bytes tomorrow, so the clock is not read.
    moment = now or (None if uid_policy.mode == "content" else dt.datetime.now().astimezone())
    return Request(
        kind=find_kind(kind),
        policy=parse_policy(values),
        nan=nan,
        clip=clip,
        metadata=Metadata.from_mapping(_load_metadata(metadata)),
        uid=uid_policy,
        now=moment,
        entropy=entropy,
        workers=executors.worker_count(workers),
        progress=progress,
    )


def _load_metadata(metadata: MetadataLike) -> Mapping[str, Any]:
    if metadata is None:
        return {}
    if isinstance(metadata, Mapping):
        return metadata
    path = Path(metadata)
    parse = {".toml": parse_toml, ".json": parse_json}.get(path.suffix.lower())
    try:
        if parse is None:
            raise MetadataError(
                code="metadata-format-unknown",
                where=str(path),
                given=f"a file ending in {path.suffix!r}",
                expected="a .toml or .json file of DICOM keywords, or a mapping",
                remedy="Rename it, or load it yourself and pass the mapping.",
            )
        return parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as refusal:
        raise MetadataError(
            code="metadata-not-readable",
            where=str(path),
            given=str(refusal),
            expected="a text file in UTF-8",
            remedy="Check the path and the encoding.",
        ) from refusal
