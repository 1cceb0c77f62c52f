"""What the user asked for: every option checked before the source is read."""

from __future__ import annotations

import datetime as dt
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dicomseries.codecs import Codec, parse_compression
from dicomseries.derivation import Lineage
from dicomseries.errors import MetadataError, OptionError, TargetError
from dicomseries.executors import Executor, chosen_executor
from dicomseries.iod import Kind, find_kind
from dicomseries.metadata import Metadata, keyword_of, refuse_sidecar, taken_padding
from dicomseries.options.mapping_files import MappingLike, load_mapping
from dicomseries.options.memory_budget import memory_of
from dicomseries.orientation import Orient, parse_orient
from dicomseries.plan import kind_for_codec
from dicomseries.segmentation import parse_segmentation_type
from dicomseries.sinks import located
from dicomseries.uids import UidPolicy, parse_uid_policy
from dicomseries.values import Policy, check_value_range, parse_policy

__all__ = ["MetadataLike", "Progress", "Request", "make_request", "target_of"]

MetadataLike = MappingLike
"""Attributes by keyword, a pydicom Dataset of them, or a TOML or JSON file."""

Progress = Callable[[int, int, str], None]
"""Called with what is done, what there is, both in slices, and ``"reading"``, ``"copying"`` or ``"writing"``."""

_SEGMENTATION = "Segmentation"
_CHANCE = 32
"""Bytes that UIDs are made from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The options of one write, as the stages take them."""

    kind: Kind
    policy: Policy | None
    nan: float | None
    clip: tuple[float, float] | None
    value_range: tuple[float, float] | None
    metadata: Metadata
    uid: UidPolicy
    now: dt.datetime | None
    entropy: bytes | None
    executor: Executor
    memory: int
    progress: Progress | None
    per_volume: Mapping[str, Any]
    split: bool
    companion: bool
    segments: Any
    segmentation_type: str
    compression: Codec | None = None
    lineage: Lineage | None = None
    orient: Orient | None = None
    advice: tuple[str, ...] = ()
    left_out: frozenset[str] = frozenset()
    padding: float | None = None

    @property
    def is_segmentation(self) -> bool:
        """Whether the array holds labels, not numbers."""
        return self.kind.name == _SEGMENTATION


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
    executor: Any = None,
    progress: Progress | None,
    memory: int | str | None = None,
    per_volume: MappingLike = None,
    split: str | None = None,
    companion: bool = False,
    units: str | None = None,
    segments: Any = None,
    segmentation_type: str | None = None,
    value_range: tuple[float, float] | None = None,
    compression: Codec | str | None = None,
    orient: str | None = None,
) -> Request:
    """Return the options as the stages take them, or refuse what is wrong with them."""
    uid_policy = parse_uid_policy(uid)
    # With uid="content" the same input must give the same bytes tomorrow, so the clock is not read.
    moment = _checked_now(now) or (
        None if uid_policy.mode == "content" else dt.datetime.now().astimezone()
    )
    found = find_kind(kind)
    policy = parse_policy(values)
    codec = parse_compression(compression)
    said = load_mapping("metadata", metadata)
    refuse_sidecar(said)
    columns = load_mapping("per_volume", per_volume)
    _refuse_strangers(
        found, companion=companion, segments=segments, segmentation_type=segmentation_type
    )
    stated, padding = taken_padding(said)
    return Request(
        kind=kind_for_codec(found, codec),
        policy=policy,
        nan=nan,
        clip=clip,
        value_range=check_value_range(value_range, policy),
        metadata=Metadata.from_mapping({**stated, **_units_item(units)}, beside=columns),
        uid=uid_policy,
        now=moment,
        entropy=_checked_entropy(entropy)
        or (None if uid_policy.mode == "content" else secrets.token_bytes(_CHANCE)),
        executor=chosen_executor(executor, workers),
        memory=memory_of(memory),
        progress=progress,
        per_volume=columns,
        split=_checked_split(split),
        companion=companion,
        segments=segments
        if isinstance(segments, (list, tuple))
        else load_mapping("segments", segments) or None,
        segmentation_type=parse_segmentation_type(segmentation_type or "binary"),
        compression=codec,
        orient=parse_orient(orient),
        padding=padding,
        left_out=frozenset(_without_value(said)),
    )


def _without_value(said: Mapping[str, Any]) -> Iterator[str]:
    """Yield the keywords of what has the value None: a result does not take it over."""
    for name in (name for name, value in said.items() if value is None):
        try:
            yield keyword_of(name)
        except MetadataError:  # a private attribute, which the record of the metadata knows
            continue


def _refuse_strangers(
    kind: Kind, *, companion: bool, segments: Any, segmentation_type: str | None
) -> None:
    """Refuse options that say nothing about this kind, rather than pass over what somebody meant by them."""
    is_segmentation = kind.name == _SEGMENTATION
    given = {"segments": segments, "segmentation_type": segmentation_type}
    odd = next(
        (name for name, value in given.items() if value is not None and not is_segmentation), None
    )
    if companion and is_segmentation:
        odd = "companion"
    if odd is not None:
        raise OptionError(
            code="option-of-another-kind",
            where=odd,
            given=f"{odd}= with kind={kind.name!r}",
            expected="labels (kind='Segmentation')"
            if odd != "companion"
            else "numbers: labels have no companion",
            remedy=f"Leave {odd}= out, or choose another kind=.",
        )


def _units_item(units: Any) -> dict[str, Any]:
    """Return the code of a unit (PS3.3 section C.7.6.16.2.11, CID 82): UCUM codes are their own meaning."""
    if units is None:
        return {}
    if not isinstance(units, str) or not units.strip() or not units.isascii() or len(units) > 16:
        raise OptionError(
            code="units-not-ucum",
            where="units",
            given=repr(units),
            expected="a UCUM code of at most 16 characters, such as mm2/s, Bq/ml, ms, [hnsf'U] or 1",
            remedy="Give the code, or MeasurementUnitsCodeSequence in metadata= for units of another scheme.",
        )
    code = units.strip()
    if code == "HU":
        raise OptionError(
            code="units-not-ucum",
            where="units",
            given="'HU'",
            expected="a UCUM code; that of Hounsfield units is [hnsf'U]",
            remedy='Pass units="[hnsf\'U]".',
        )
    meaning = "no units" if code == "1" else code
    item = {"CodeValue": code, "CodingSchemeDesignator": "UCUM", "CodeMeaning": meaning}
    return {"MeasurementUnitsCodeSequence": [item]}


def _checked_split(split: Any) -> bool:
    if split in {None, "time"}:
        return split is not None
    raise OptionError(
        code="split-unknown",
        where="split",
        given=repr(split),
        expected="None for all volumes in one series, or 'time' for a series each",
        remedy="Pass split='time', or leave it out.",
    )


def target_of(out: Any) -> Path:
    """Return where `out` names a folder, or refuse what cannot name one."""
    if (
        isinstance(out, (str, os.PathLike))
        and isinstance(os.fspath(out), str)
        and "\0" not in os.fspath(out)
    ):
        return located(Path(out))
    raise TargetError(
        code="target-not-a-path",
        where="out",
        given=repr(out)
        if isinstance(out, (str, bytes))
        else f"an object of type {type(out).__name__}",
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
