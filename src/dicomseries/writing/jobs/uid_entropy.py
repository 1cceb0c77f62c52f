"""Entropy of the UIDs, or digest of the content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from dicomseries.short_repr import whole_text
from dicomseries.sources import Volume, content_of
from dicomseries.writing.inputs.write_request import WriteRequest

__all__ = ["uid_entropy"]

_CONTENT_VERSION = b"dicomseries content 4"
"""Begins every digest. A change of what is hashed changes this, so that no UID is made twice."""


def uid_entropy(
    volume: Volume, request: WriteRequest, slice_digests: Iterable[bytes], *planned: object
) -> bytes:
    """Return the bytes that UIDs are made from.

    Parameters
    ----------
    volume : Volume
        Slices along the normal.
    request : WriteRequest
        With everything that its inputs add.
    slice_digests : iterable of bytes
        Digests of the voxels; read only for ``uid="content"``.
    planned : object
        Further facts of the files that follow from the values.
    """
    if request.options.entropy is not None:
        return request.options.entropy
    options = request.options.content()
    if request.options.now is not None:
        options["now"] = f"{request.options.now:%Y%m%d%H%M%S}"  # zones have several names
    content = (
        options,
        request.kind.name,
        request.metadata,
        request.uid,
        None if request.inheritance is None else request.inheritance.content,
        content_of(volume.grid),
        volume.grid.texts,
        volume.grid.statement.written,
        volume.volumes,
        volume.times_s,
        volume.repetition_time_s,
        volume.samples,
        volume.slabs.dtype.newbyteorder("<").str,
        planned,
    )
    parts = (_CONTENT_VERSION, whole_text(content).encode(), *slice_digests)
    return hashlib.sha256(b"\x1f".join(parts)).digest()
