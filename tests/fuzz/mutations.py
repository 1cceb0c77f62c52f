"""Damage to files: bytes, lengths, pieces, ends, and texts of text files."""

from __future__ import annotations

import re
import struct

import numpy as np

_WORDS = (
    0,
    1,
    2,
    0x7F,
    0x80,
    0xFF,
    0x100,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x10000,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
)
_NUMBERS = (
    "0",
    "-1",
    "1e400",
    "nan",
    "99999999999999999999",
    "65535",
    "",
    "null",
    "[]",
    "{}",
    '"a"',
    "1.5",
    "-0",
)
_HOT = re.compile(rb"\xfe\xff\x00\xe0|SQ|OW|OB|US|UL|DS|IS|CS|\xff[\x4f-\x51\xc0-\xff]", re.DOTALL)
_ELEMENT = re.compile(rb"(?:AE|AS|CS|DA|DS|FD|IS|LO|LT|PN|SH|SL|SS|ST|TM|UI|UL|US)(..)", re.DOTALL)
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")


def mutated(data: bytes, other: bytes, random: np.random.Generator) -> bytes:
    """Return a file with one to four changes; `other` lends pieces."""
    for _ in range(int(random.choice([1, 1, 1, 2, 4]))):
        if not data:
            return data
        change = _CHANGES[int(random.integers(len(_CHANGES)))]
        data = change(data, other, random)
    return data


def _place(data: bytes, random: np.random.Generator) -> int:
    """Return a position: anywhere, near the beginning, or in lengths and headers."""
    way = random.integers(3)
    if way == 0:
        return int(random.integers(len(data)))
    start = int(random.integers(min(len(data), 4096) if way == 1 else len(data)))
    found = _HOT.search(data, start)
    return min(found.start() + int(random.integers(12)), len(data) - 1) if found else start


def _flip(data: bytes, _: bytes, random: np.random.Generator) -> bytes:
    changed = bytearray(data)
    for _ in range(int(random.integers(1, 9))):
        changed[_place(data, random)] = int(random.integers(256))
    return bytes(changed)


def _word(data: bytes, _: bytes, random: np.random.Generator) -> bytes:
    size, order = random.choice([1, 2, 4, 8]), random.choice(["<", ">"])
    code = {1: "B", 2: "H", 4: "L", 8: "Q"}[int(size)]
    value = int(random.choice(_WORDS)) & ((1 << 8 * int(size)) - 1)
    place = _place(data, random)
    return data[:place] + struct.pack(f"{order}{code}", value) + data[place + int(size) :]


def _cut(data: bytes, _: bytes, random: np.random.Generator) -> bytes:
    return data[: _place(data, random)]


def _drop(data: bytes, _: bytes, random: np.random.Generator) -> bytes:
    place = _place(data, random)
    return data[:place] + data[place + int(random.choice([1, 2, 4, 8, 64, 1000])) :]


def _double(data: bytes, _: bytes, random: np.random.Generator) -> bytes:
    place, size = _place(data, random), int(random.choice([1, 2, 4, 8, 64, 1000]))
    return data[: place + size] + data[place:]


def _splice(data: bytes, other: bytes, random: np.random.Generator) -> bytes:
    start, size = int(random.integers(max(len(other), 1))), int(random.choice([2, 8, 64, 500]))
    place = _place(data, random)
    return data[:place] + other[start : start + size] + data[place + size :]


def _blank(data: bytes, _: bytes, random: np.random.Generator) -> bytes:
    place, size = _place(data, random), int(random.choice([4, 16, 256, 2000]))
    letter = bytes([int(random.choice([0, 255, 32]))])
    return data[:place] + letter * min(size, len(data) - place) + data[place + size :]


def _value(data: bytes, _: bytes, random: np.random.Generator) -> bytes:
    """Replace the value of an element and keep its length, so that the file can be parsed."""
    found = _ELEMENT.search(data, int(random.integers(min(len(data), 6000))))
    size = int.from_bytes(found.group(1), "little") if found else 0
    if found is None or not 0 < size <= 64:
        return _flip(data, data, random)
    odd = [str(random.choice(_NUMBERS)).encode(), bytes(size), b"\xff" * size, random.bytes(size)]
    value = odd[int(random.integers(len(odd)))]
    return data[: found.end()] + value[:size].ljust(size) + data[found.end() + size :]


def _number(data: bytes, _: bytes, random: np.random.Generator) -> bytes:
    """Replace one of the numbers written as text near the beginning."""
    found = list(_NUMBER.finditer(data[:6000]))
    if not found:
        return _flip(data, data, random)
    match = found[int(random.integers(len(found)))]
    return data[: match.start()] + str(random.choice(_NUMBERS)).encode() + data[match.end() :]


_CHANGES = (
    _flip,
    _flip,
    _word,
    _word,
    _word,
    _cut,
    _drop,
    _double,
    _splice,
    _blank,
    _number,
    _value,
    _value,
    _value,
)
