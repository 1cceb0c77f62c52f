"""Answers of one part or several (PS3.18 section 8.6)."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Sequence

from dicomseries.errors import ReadError
from dicomseries.reading import Instance
from dicomseries.viewing.dicomweb.media_types import MediaTypeChoice
from dicomseries.viewing.loopback import Answer

__all__ = ["check_unchanged", "file_blocks", "multipart_answer"]

_BLOCK = 1 << 20


def multipart_answer(
    choices: Sequence[MediaTypeChoice],
    bodies: Iterable[Iterable[bytes]],
    sizes: Sequence[int] | None,
    boundary: str,
) -> Answer:
    r"""Return an answer of parts, or of a single part.

    Parameters
    ----------
    choices : sequence of MediaTypeChoice
        The representation of each part; at least one.
    bodies : iterable of iterable of bytes
        The content of each part, in pieces.
    sizes : sequence of int or None
        Bytes of each part, if known in advance.
    boundary : str
        Must not occur in any part.

    Examples
    --------
    >>> from dicomseries.viewing.dicomweb.media_types import choose, Offer
    >>> choice = choose("", [Offer(media_type="image/jls", transfer_syntax="1.2")], count=1)
    >>> answer = multipart_answer([choice], [[b"ab", b"c"]], [3], "BOUNDARY")
    >>> answer.content_type, answer.length
    ('multipart/related; type="image/jls"; boundary=BOUNDARY', 79)
    >>> b"".join(answer.content)[10:]
    b'\r\nContent-Type: image/jls; transfer-syntax=1.2\r\n\r\nabc\r\n--BOUNDARY--\r\n'
    """
    offer = choices[0].offer
    length = None if sizes is None else sum(sizes)
    if not choices[0].in_parts:
        content = itertools.chain.from_iterable(bodies)
        return Answer(content=content, content_type=str(offer), length=length)
    heads = []
    for choice in choices:
        heads.append(f"--{boundary}\r\nContent-Type: {choice.offer}\r\n\r\n".encode())
    end = f"--{boundary}--\r\n".encode()
    if length is not None:
        length += sum(map(len, heads)) + len(b"\r\n") * len(heads) + len(end)
    return Answer(
        content=_joined(heads, bodies, end),
        content_type=f'multipart/related; type="{offer.media_type}"; boundary={boundary}',
        length=length,
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
    """Reject a file that has changed its size.

    Its offsets would be wrong.

    Raises
    ------
    ReadError
        Also if the file is gone.
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
        If it ends before its size.
    """
    left = instance.file_size
    with open(instance.path, "rb") as file:  # noqa: PTH123 - as above
        while left:
            block = file.read(min(_BLOCK, left))
            if not block:
                raise _changed(instance, f"{left} bytes less")
            left -= len(block)
            yield block


def _changed(instance: Instance, actual: str) -> ReadError:
    return ReadError(
        code="file-changed",
        where=instance.path,
        given=actual,
        expected=f"the file of {instance.file_size} bytes, as at the start",
        remedy="Run the command again: it reads the files as they are now.",
    )
