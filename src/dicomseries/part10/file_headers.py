"""Headers of many files at once, encoded column by column."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import repeat

from dicomseries.iod import Leaf
from dicomseries.part10.encode_elements import encode, encode_elements
from dicomseries.part10.file_template import HeaderTemplate
from dicomseries.plan import SeriesPlan
from dicomseries.standard.attributes.attribute import tag_of

__all__ = ["encode_headers"]

_UID = "SOPInstanceUID"
_UID_IN_META = "MediaStorageSOPInstanceUID"
_PREAMBLE = struct.Struct("<128x4sHH2sHI")
"""The preamble and the group length of the file meta information (PS3.10 section 7.1)."""


def encode_headers(
    template: HeaderTemplate, plan: SeriesPlan, first: int, last: int
) -> list[bytes]:
    """Return the bytes of files before their pixels.

    The head of Pixel Data comes next.

    Parameters
    ----------
    template : HeaderTemplate
        Of the series.
    plan : SeriesPlan
        Of the series.
    first, last : int
        Files, from 0.

    Examples
    --------
    >>> import numpy as np
    >>> import dicomseries as dcs
    >>> from dicomseries.part10 import header_template
    >>> plan = dcs.plan(np.zeros((3, 4, 5), "int16"), kind="CT", spacing=(1, 1, 2))
    >>> one, other = encode_headers(header_template(plan), plan, 1, 3)
    >>> one[128:132], len(one) == len(other), one == other
    (b'DICM', True, False)
    """
    files = range(first, last)
    uids = [(plan.uids.instance(index),) for index in files]
    in_meta = encode_elements(tag_of(_UID_IN_META), "UI", uids)
    around = len(template.meta_start) + len(template.meta)
    parts = [
        [_PREAMBLE.pack(b"DICM", 2, 0, b"UL", 4, around + len(uid)) for uid in in_meta],
        repeat(template.meta_start),
        in_meta,
        repeat(template.meta + template.stretches[0]),
    ]
    for keyword, stretch in zip(plan.per_instance, template.stretches[1:], strict=True):
        if keyword == _UID:
            column = encode_elements(tag_of(keyword), "UI", uids)
        else:
            column = _column(plan, keyword, files)
        parts += (column, repeat(stretch))
    return list(map(b"".join, zip(*parts, strict=False)))  # `repeat` has no end


def _column(plan: SeriesPlan, keyword: str, files: Sequence[int]) -> list[bytes]:
    """Return one encoded attribute of each file."""
    for group in plan.groups:
        if group.keyword == keyword:
            filled = (plan.filled(group, index) for index in files)
            return [b"" if element is None else encode(element) for element in filled]
    vr, values = plan.values(Leaf(keyword, keyword), files)
    return encode_elements(tag_of(keyword), vr, values)
