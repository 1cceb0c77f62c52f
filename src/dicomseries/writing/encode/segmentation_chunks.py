"""The bytes of a Segmentation, in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dicomseries.part10 import encode_headers, header_template
from dicomseries.segmentation import (
    FrameOrder,
    FramePiece,
    SegmentationObject,
    frame_bytes,
    joined_bits,
)
from dicomseries.writing.encode.compressed_frames import chunks_behind_offsets
from dicomseries.writing.encode.layer_loop import each_layer_slab, in_file_order
from dicomseries.writing.encode.read_back import Tally
from dicomseries.writing.inputs.write_request import WriteRequest

__all__ = ["segmentation_chunks"]

Chunk = bytes | memoryview


def segmentation_chunks(
    segmentation: SegmentationObject, request: WriteRequest, total: Tally
) -> Iterator[Chunk]:
    """Yield the bytes of the file.

    Parameters
    ----------
    segmentation : SegmentationObject
        Its layers are read once.
    request : WriteRequest
        The options of the write.
    total : Tally
        Takes the largest error.
    """
    plan = segmentation.plan
    template = header_template(plan)
    (header,) = encode_headers(template, plan, 0, 1)
    if plan.is_encapsulated:
        frames = _compressed(segmentation, request, total)
        yield from chunks_behind_offsets(template, header, frames)
        return
    yield header + template.pixel_header
    yield from _pixels(segmentation, request, total)
    yield template.tail


def _pixels(
    segmentation: SegmentationObject, request: WriteRequest, total: Tally
) -> Iterator[Chunk]:
    plan = segmentation.plan
    if segmentation.order is None:
        for slab in _slabs(segmentation, request):
            yield slab.data.cast("B")
        return
    pieces = _pieces(segmentation, segmentation.order, request, total)
    if plan.has_bits:
        yield from joined_bits(pieces, voxels=plan.grid.shape[1] * plan.grid.shape[2])
    else:
        yield from frame_bytes(pieces, size=plan.frame_bytes)


def _compressed(
    segmentation: SegmentationObject, request: WriteRequest, total: Tally
) -> Iterator[bytes]:
    """Yield compressed frames, also those without voxels."""
    if segmentation.order is None:
        for slab in _slabs(segmentation, request):
            yield from slab
        return
    empty = b""
    for piece in _pieces(segmentation, segmentation.order, request, total):
        if piece.content:
            yield piece.content
            continue
        empty = empty or segmentation.empty_frame()
        yield empty


def _pieces(
    segmentation: SegmentationObject, order: FrameOrder, request: WriteRequest, total: Tally
) -> Iterator[FramePiece]:
    """Yield the pieces of frames in the order of the file."""

    def as_read() -> Iterator[FramePiece]:
        for frames in _slabs(segmentation, request):
            total.error = max(total.error, frames.error)
            yield from frames.pieces

    yield from in_file_order(as_read(), len(order.table), order.empty)


def _slabs(segmentation: SegmentationObject, request: WriteRequest) -> Iterator[Any]:
    run = each_layer_slab(request, "writing")
    for _, result in run(segmentation.layers, segmentation.tasks(), segmentation.used_slices()):
        yield result
