"""What the user asked for: every option checked before the source is read."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dicomseries import executors
from dicomseries.errors import MetadataError, OptionError, TargetError
from dicomseries.iod import Kind, find_kind
from dicomseries.metadata import Metadata, parse_json, parse_toml
from dicomseries.sinks.directory import located
from dicomseries.uids import UidPolicy, parse_uid_policy
from dicomseries.values import Policy, parse_policy

__all__ = ["MetadataLike", "Progress", "Request", "make_request", "target_of"]

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
    moment = _checked_now(now) or (None if uid_policy.mode == "content" else dt.datetime.now().astimezone())
    return Request(
        kind=find_kind(kind),
        policy=parse_policy(values),
        nan=nan,
        clip=clip,
        metadata=Metadata.from_mapping(_load_metadata(metadata)),
        uid=uid_policy,
        now=moment,
        entropy=_checked_entropy(entropy),
        workers=executors.worker_count(workers),
        progress=progress,
    )


def target_of(out: Any) -> Path:
    """Return where `out` names a folder, or refuse what cannot name one."""
    if isinstance(out, (str, os.PathLike)) and isinstance(os.fspath(out), str) and "\0" not in os.fspath(out):
        return located(Path(out))
    raise TargetError(
        code="target-not-a-path",
        where="out",
        given=repr(out),
        expected="the path of a folder",
        remedy="Pass a str or a pathlib.Path.",
    )


def _checked_now(now: Any) -> dt.datetime | None:
    if now is None or isinstance(now, dt.datetime):
        return now
    raise OptionError(
        code="now-not-a-datetime",
        where="now",
        given=repr(now),
        expected="a datetime: the date and the time of the series",
        remedy="Pass datetime.datetime(2024, 2, 29, 12, 0), or leave it out for the clock.",
    )


def _checked_entropy(entropy: Any) -> bytes | None:
    if entropy is None or (isinstance(entropy, bytes) and entropy):
        return entropy
    raise OptionError(
        code="entropy-not-bytes",
        where="entropy",
        given=repr(entropy),
        expected="bytes that no other series was made from",
        remedy="Pass secrets.token_bytes(32), or leave it out.",
    )


def _load_metadata(metadata: MetadataLike) -> Mapping[str, Any]:
    if metadata is None:
        return {}
    if isinstance(metadata, Mapping):
        return metadata
    if not isinstance(metadata, (str, os.PathLike)):
        raise MetadataError(
            code="metadata-not-a-mapping",
            where="metadata",
            given=repr(metadata),
            expected="attributes by DICOM keyword, or the path of a .toml or .json file of them",
            remedy="Pass a dict such as {'PatientID': '42'}.",
        )
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
