"""Unique identifiers from a role and entropy (PS3.5 section 9).

The same entropy always gives the same UIDs, so a write is repeatable. `writing` makes the entropy,
by chance or from a digest of the content; this module uses neither a clock nor a random source.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace

from dicomseries.errors import OptionError
from dicomseries.lazy_dataclass import dataclass

__all__ = ["SeriesUids", "UidPolicy", "check_uid", "make_uid", "parse_uid_policy", "series_uids"]

_MAX_CHARS = 64
_UUID_ROOT = "2.25"
_UUID_DIGITS = 39
"""Digits of each UUID as an integer, so that all files have the same size."""

_LONGEST_ROOT = 36
"""A root of this length leaves 27 digits, about 90 bits, for uniqueness."""

_SERIES_LEVEL = ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")
_UID = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+")


@dataclass(frozen=True, slots=True, kw_only=True)
class UidPolicy:
    """Source of the UIDs of a series.

    Parameters
    ----------
    mode : {"random", "content"}
        By chance, or by the SHA-256 of voxels, grid, metadata and options.
    root : str, optional
        The user's root; ``2.25`` (UUID, PS3.5 annex B.2) without one.
    given : tuple of (str, str)
        The user's UIDs: StudyInstanceUID, SeriesInstanceUID, FrameOfReferenceUID.

    Raises
    ------
    OptionError
        If a mode, a root or a UID is not legal, or one UID is used twice.

    Examples
    --------
    >>> UidPolicy(mode="content").mode
    'content'
    """

    mode: str = "random"
    root: str | None = None
    given: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if self.mode not in {"random", "content"}:
            raise _unknown(self.mode)
        for keyword, uid in self.given:
            check_uid(uid, f"uid[{keyword!r}]")
        self._check_distinct()
        if self.root is not None:
            check_uid(self.root, "uid")
            if len(self.root) > _LONGEST_ROOT:
                raise OptionError(
                    code="uid-root-too-long",
                    where="uid",
                    given=f"{self.root!r} ({len(self.root)} characters)",
                    expected=f"a root of at most {_LONGEST_ROOT} characters, so that a UID of "
                    f"{_MAX_CHARS} characters is unique",
                    remedy="Use a shorter root, or `uid='random'` for UUID-derived UIDs under "
                    "2.25.",
                )

    def _check_distinct(self) -> None:
        """Reject one UID for two levels.

        A study and a series with one UID break the index of every archive.
        """
        named: dict[str, str] = {}
        for keyword, uid in self.given:
            if uid in named:
                raise OptionError(
                    code="uid-given-twice",
                    where=f"uid[{keyword!r}]",
                    given=f"{uid!r}, which is the {named[uid]} too",
                    expected="a different UID: each one is unique (PS3.5 section 9)",
                    remedy="Leave one of them out, and a unique one is made.",
                )
            named[uid] = keyword


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesUids:
    """UIDs of one series and its instances.

    Examples
    --------
    >>> uids = series_uids(UidPolicy(), b"seed")
    >>> uids.instance(0) == uids.instance(1), uids.series.startswith("2.25.")
    (False, True)
    """

    study: str
    series: str
    frame_of_reference: str
    entropy: bytes
    root: str | None = None
    first_instance: int = 0

    def instance(self, index: int) -> str:
        """Return the SOPInstanceUID of file `index` (from 0)."""
        return make_uid(self.entropy, "instance", self.first_instance + index, root=self.root)

    def other(self, role: str) -> str:
        """Return a further UID of the series, by its role.

        Examples
        --------
        >>> uids = series_uids(UidPolicy(), b"seed")
        >>> uids.other("dimension organization") == uids.series
        False
        """
        return make_uid(self.entropy, f"{role} of {self.series}", root=self.root)

    def sibling(self, index: int, first_instance: int) -> SeriesUids:
        """Return the UIDs of another series of the study.

        It has the same space and other files.

        Examples
        --------
        >>> first = series_uids(UidPolicy(), b"seed")
        >>> second = first.sibling(1, first_instance=20)
        >>> second.study == first.study, second.series == first.series
        (True, False)
        >>> second.instance(0) == first.instance(20)
        True
        """
        series = make_uid(self.entropy, "series", index, root=self.root)
        return replace(self, series=series, first_instance=first_instance)


def make_uid(entropy: bytes, role: str, index: int = 0, *, root: str | None = None) -> str:
    """Return the UID for `role` and `index` from entropy.

    Parameters
    ----------
    entropy : bytes
        Random bytes or a digest; at least 16 bytes make UIDs unique.
    role : str
        Level of the UID, e.g. ``"series"``.
    index : int
        Number among UIDs of one role.
    root : str, optional
        ``2.25`` if left out: the UID is then a UUID of version 8 (RFC 9562) of 39 digits.

    Examples
    --------
    >>> uid = make_uid(b"seed", "study")
    >>> uid == make_uid(b"seed", "study"), len(uid)
    (True, 44)
    >>> uid = make_uid(b"seed", "study", root="1.2.3")
    >>> uid[:6], len(uid)
    ('1.2.3.', 64)
    """
    digits = _UUID_DIGITS if root is None else _MAX_CHARS - len(root) - 1
    attempt = 0
    while True:
        label = f"\x1f{role}\x1f{index}\x1f{attempt}".encode()
        digest = hashlib.sha256(entropy + label).digest()
        text = str(_uuid8(digest) if root is None else int.from_bytes(digest, "big"))
        if len(text) >= digits:
            return f"{root or _UUID_ROOT}.{text[:digits]}"
        attempt += 1


def _uuid8(digest: bytes) -> int:
    """Return 128 bits as a UUID of version 8."""
    bits = bytearray(digest[:16])
    bits[6] = (bits[6] & 0x0F) | 0x80
    bits[8] = (bits[8] & 0x3F) | 0x80
    return int.from_bytes(bits, "big")


def series_uids(policy: UidPolicy, entropy: bytes) -> SeriesUids:
    """Return the UIDs of one series, including the user's.

    Examples
    --------
    >>> series_uids(UidPolicy(given=(("StudyInstanceUID", "1.2.3"),)), b"seed").study
    '1.2.3'
    """
    given = dict(policy.given)
    study, series, frame = (
        given.get(keyword) or make_uid(entropy, role, root=policy.root)
        for keyword, role in zip(
            _SERIES_LEVEL, ("study", "series", "frame of reference"), strict=True
        )
    )
    return SeriesUids(
        study=study, series=series, frame_of_reference=frame, entropy=entropy, root=policy.root
    )


def check_uid(uid: object, where: str) -> str:
    """Return a legal UID (PS3.5 section 9.1), or reject it.

    At most 64 characters, no leading zeros.

    Raises
    ------
    OptionError
        If it is not.

    Examples
    --------
    >>> check_uid("1.2.840.10008.1.2.1", "uid")
    '1.2.840.10008.1.2.1'
    """
    if isinstance(uid, str) and len(uid) <= _MAX_CHARS and _UID.fullmatch(uid):
        return uid
    raise OptionError(
        code="uid-malformed",
        where=where,
        given=repr(uid),
        expected="groups of digits separated by dots, without leading zeros, at most 64 characters",
        remedy="Correct the UID, or leave it out and a unique one is made.",
    )


def parse_uid_policy(uid: UidPolicy | str | Mapping[str, str]) -> UidPolicy:
    """Return the policy of ``uid=``.

    Parameters
    ----------
    uid : str or mapping or UidPolicy
        ``"random"``, ``"content"``, a root such as ``"1.2.826.0.1.3680043.10.1234"``, or a mapping
        with StudyInstanceUID, SeriesInstanceUID, FrameOfReferenceUID and ``"others"`` for the rest
        (``"random"``, ``"content"`` or a root).

    Raises
    ------
    OptionError
        If it is none of these.

    Examples
    --------
    >>> parse_uid_policy({"StudyInstanceUID": "1.2.3", "others": "content"}).given
    (('StudyInstanceUID', '1.2.3'),)
    """
    if isinstance(uid, UidPolicy):
        return uid
    if isinstance(uid, str):
        return UidPolicy(root=uid) if uid[:1].isdigit() else UidPolicy(mode=uid)
    if not isinstance(uid, Mapping):
        raise _unknown(uid)
    others = parse_uid_policy(uid.get("others", "random"))
    unknown = [key for key in uid if key not in {*_SERIES_LEVEL, "others"}]
    if unknown:
        raise OptionError.together(list(map(_unknown_key, unknown)))
    fixed = tuple((keyword, uid[keyword]) for keyword in _SERIES_LEVEL if keyword in uid)
    return UidPolicy(mode=others.mode, root=others.root, given=fixed)


def _unknown_key(key: object) -> OptionError:
    return OptionError(
        code="uid-unknown",
        where=f"uid[{key!r}]",
        given=repr(key),
        expected=f"one of {', '.join(_SERIES_LEVEL)}, 'others'",
        remedy="Leave it out; the writer always makes SOPInstanceUIDs, one per slice.",
    )


def _unknown(uid: object) -> OptionError:
    return OptionError(
        code="uid-policy-unknown",
        where="uid",
        given=repr(uid),
        expected="'random', 'content', a root of digits and dots, or a mapping of UIDs",
        remedy="Choose `uid='random'` (unique each time) or `uid='content'` (same input, same "
        "UIDs).",
    )
