"""Pieces of bytes → an answer of one part or several (PS3.18 section 8.6), never held as a whole."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from dicomseries.errors import ReadError
from dicomseries.reading import Instance
from dicomseries.viewing.dicomweb.media_types import MediaTypeChoice
from dicomseries.viewing.loopback import Answer

__all__ = ["check_unchanged", "file_blocks", "in_parts"]

_BLOCK = 1 << 20


def in_parts(
    choices: Sequence[MediaTypeChoice],
    bodies: Iterable[Iterable[bytes]],
    sizes: Sequence[int] | None,
    boundary: str,
) -> Answer:
    r"""Return an answer of parts, or of the only one.

    Parameters
    ----------
    choices : sequence of MediaTypeChoice
        The representation of each part; at least one.
    bodies : iterable of iterable of bytes
        The content of each part, in pieces.
    sizes : sequence of int or None
        Bytes of each part, where they are known before.
    boundary : str
        Stands in none of the parts.

    Examples
    --------
    >>> from dicomseries.viewing.dicomweb.media_types import choose, Offer
    >>> choice = choose("", [Offer(media_type="image/jls", transfer_syntax="1.2")], count=1)
    >>> answer = in_parts([choice], [[b"ab", b"c"]], [3], "BOUNDARY")
    >>> answer.content_type, b"".join(answer.content), answer.length
    ('multipart/related; type="image/jls"; boundary=BOUNDARY',
     b'--BOUNDARY\r\nContent-Type: image/jls; transfer-syntax=1.2\r\n\r\nabc\r\n--BOUNDARY--\r\n', 79)
    """
    first = choices[0]
    if not first.in_parts:
        pieces = (piece for body in bodies for piece in body)
        return Answer(
            content=pieces,
            content_type=str(first.offer),
            length=None if sizes is None else sum(sizes),
        )
    heads = [f"--{boundary}\r\nContent-Type: {one.offer}\r\n\r\n".encode() for one in choices]
    end = f"--{boundary}--\r\n".encode()
    frame = sum(map(len, heads)) + len(b"\r\n") * len(heads) + len(end)
    return Answer(
        content=_joined(heads, bodies, end),
        content_type=f'multipart/related; type="{first.offer.media_type}"; boundary={boundary}',
        length=None if sizes is None else frame + sum(sizes),
    )


def _joined(
    heads: Iterable[bytes], bodies: Iterable[Iterable[bytes]], end: bytes
) -> Iterator[bytes]:
    for head, body in zip(heads, bodies, strict=True):
        yield head
        yield from body
        yield b"\r\n"
    yield end


def check_unchanged(instance: Instance) -> None:
    """Refuse a file that has another size than when its header was read: its offsets would be wrong.

    Raises
    ------
    ReadError
        If it is so, or the file is gone.
    """
    try:
        size = os.stat(instance.path).st_size  # noqa: PTH116 - paths are texts here
    except OSError as error:
        raise _changed(instance, error.strerror or str(error)) from error
    if size != instance.file_size:
        raise _changed(instance, f"{size} bytes")


def file_blocks(instance: Instance) -> Iterator[bytes]:
    """Yield a file block by block.

    Raises
    ------
    ReadError
        If it ends before the size that was promised.
    """
    left = instance.file_size
    with open(instance.path, "rb") as file:  # noqa: PTH123 - as above
        while left:
            block = file.read(min(_BLOCK, left))
            if not block:
                raise _changed(instance, f"{left} bytes less")
            left -= len(block)
            yield block


def _changed(instance: Instance, given: str) -> ReadError:
    return ReadError(
        code="file-changed",
        where=instance.path,
        given=given,
        expected=f"the file of {instance.file_size} bytes that was found at the start",
        remedy="Run the command again: it then sees what is there now.",
    )
