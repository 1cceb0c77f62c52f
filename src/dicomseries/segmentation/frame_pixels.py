"""Pixels of the frames of a segmentation, and frames without gaps.

PS3.5 section 8.1.1: the bits of a frame follow those of the frame before, also inside of a byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.codecs import Codec
from dicomseries.lazy_dataclass import dataclass
from dicomseries.segmentation.labels import (
    FRACTION_STEPS,
    FramePiece,
    label_spans,
    stored_fractions,
    unsigned_labels,
)
from dicomseries.sources import HIGHEST_LABEL

__all__ = ["LayerFrames", "LayerTask", "StoredLabels", "frame_bytes", "joined_bits"]

_TOGETHER = 1 << 20
"""Bytes of frames that are yielded together."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LayerFrames:
    """Pieces of the frames of a slab, and the largest error of a voxel."""

    pieces: tuple[FramePiece, ...]
    error: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LayerTask:
    """Turns a slab of a layer into pieces of frames; pickled for other processes.

    Parameters
    ----------
    frames : mapping of int to tuple of int
        Label → the frame of each slice in the file, -1 where it has none.
    is_fractional : bool
        Whether a voxel is a byte, 255 for 1; otherwise a bit.
    codec : Codec, optional
        Compresses each frame.
    """

    frames: Mapping[int, npt.NDArray[np.int32]]
    is_fractional: bool = False
    codec: Codec | None = None

    def __call__(self, slab: npt.NDArray[Any], bounds: tuple[int, int]) -> LayerFrames:
        """Return the pieces of a slab."""
        pieces: list[FramePiece] = []
        error = 0.0
        if slab.dtype.kind == "f":
            ((_, numbers),) = self.frames.items()
            for index, frame in zip(range(*bounds), slab, strict=True):
                row, stored, error_of_frame = stored_fractions(frame)
                error = max(error, error_of_frame)
                number = int(numbers[index])
                if number >= 0 and stored.any():
                    first = row * frame.shape[1]
                    pieces.append(self._piece(number, first, stored.reshape(-1), frame.shape))
            return LayerFrames(pieces=tuple(pieces), error=error)
        for index, frame in zip(range(*bounds), unsigned_labels(slab), strict=True):
            voxels = frame.reshape(-1)
            for label, start, stop in label_spans(frame):
                if label not in self.frames:
                    continue
                number = int(self.frames[label][index])
                first = start // 8
                mask = voxels[first * 8 : stop] == label
                if self.is_fractional:
                    stored = mask.view(np.uint8) * np.uint8(FRACTION_STEPS)
                    pieces.append(self._piece(number, first * 8, stored, frame.shape))
                else:
                    bits = np.packbits(mask, bitorder="little").tobytes()
                    pieces.append(FramePiece(number, first, bits))
        return LayerFrames(pieces=tuple(pieces))

    def _piece(
        self, number: int, first: int, stored: npt.NDArray[np.uint8], shape: tuple[int, ...]
    ) -> FramePiece:
        if self.codec is None:
            return FramePiece(number, first, stored.tobytes())
        frame = np.zeros(shape, np.uint8)
        frame.reshape(-1)[first : first + len(stored)] = stored
        return FramePiece(number, 0, self.codec.encode(frame))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StoredLabels:
    """Turns a slab of a label map into SegmentNumbers; pickled for other processes.

    Parameters
    ----------
    numbers : mapping of int to int
        Label → SegmentNumber; all other labels are background.
    dtype : str
        ``"uint8"`` or ``"uint16"``.
    codec : Codec, optional
        Compresses each frame.
    """

    numbers: Mapping[int, int]
    dtype: str
    codec: Codec | None = None

    def __call__(self, slab: npt.NDArray[Any], _: tuple[int, int]) -> Any:
        """Return the stored slab, or its compressed frames."""
        labels = unsigned_labels(slab)
        if all(label == number for label, number in self.numbers.items()):
            stored = labels.astype(f"<{np.dtype(self.dtype).str[1:]}", copy=False)
        else:
            table = np.zeros(HIGHEST_LABEL + 1, f"<{np.dtype(self.dtype).str[1:]}")
            for label, number in self.numbers.items():
                table[label] = number
            stored = np.take(table, labels)
        if self.codec is None:
            return stored
        return list(map(self.codec.encode, stored))


def joined_bits(pieces: Iterable[FramePiece], *, voxels: int) -> Iterator[memoryview]:
    r"""Yield the bits of all frames without gaps.

    Parameters
    ----------
    pieces : iterable of FramePiece
        One for each frame in the order of the file, without voxels of empty ones.
    voxels : int
        Voxels of a frame.

    Examples
    --------
    >>> pieces = [FramePiece(0, 0, b"\x07"), FramePiece(1, 0, b"\x01")]
    >>> b"".join(joined_bits(pieces, voxels=3)).hex()
    '0f'
    """
    if voxels % 8 == 0:
        yield from frame_bytes(pieces, size=voxels // 8)
        return
    # eight frames are a whole number of bytes
    for together in _batches(pieces, 8 * max(1, _TOGETHER // (8 * voxels))):
        mask = np.zeros((len(together), voxels), np.uint8)
        for target, piece in zip(mask, together, strict=True):
            bits = np.unpackbits(np.frombuffer(piece.content, np.uint8), bitorder="little")
            first = piece.first * 8
            target[first : first + len(bits)] = bits[: voxels - first]
        yield np.packbits(mask.reshape(-1), bitorder="little").data


def frame_bytes(pieces: Iterable[FramePiece], *, size: int) -> Iterator[memoryview]:
    r"""Yield frames of `size` bytes.

    Parameters
    ----------
    pieces : iterable of FramePiece
        One for each frame in the order of the file.
    size : int
        Bytes of a frame.

    Examples
    --------
    >>> b"".join(frame_bytes([FramePiece(0, 1, b"ab")], size=4))
    b'\x00ab\x00'
    """
    for together in _batches(pieces, max(1, _TOGETHER // size)):
        content = np.zeros(len(together) * size, np.uint8)
        for index, piece in enumerate(together):
            first = index * size + piece.first
            content[first : first + len(piece.content)] = np.frombuffer(piece.content, np.uint8)
        yield content.data


def _batches(pieces: Iterable[FramePiece], count: int) -> Iterator[list[FramePiece]]:
    batch: list[FramePiece] = []
    for piece in pieces:
        batch.append(piece)
        if len(batch) == count:
            yield batch
            batch = []
    if batch:
        yield batch
