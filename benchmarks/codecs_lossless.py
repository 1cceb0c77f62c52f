"""Compress slices like those of a scan without loss beside the bare codec, looped over in one thread.

The peer is the encoder of imagecodecs, called for one slice after the other, nothing written. Ours is the whole write
on two workers: planning, encoding, headers and files. The bare codec in two threads tells what the machine allows.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from measure import Row, take_turns

import dicomseries as dcs

SPACING = (0.7, 0.9, 2.5)
WORKERS = 2
CODECS = (dcs.JpegLs(), dcs.Jpeg2000(), dcs.Htj2k())


def volume(slices: int, size: int) -> np.ndarray:
    """Return what compresses like a CT: soft structures in air, and noise that neighbours share."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    noise = rng.normal(0, 25, (slices, size, size)).astype(np.float32)
    noise[:, 1:, 1:] = (noise[:, 1:, 1:] + noise[:, :-1, 1:] + noise[:, 1:, :-1] + noise[:, :-1, :-1]) / 2
    for index in range(slices):
        tissue = 40 + 60 * np.sin(9 * x + 0.05 * index) * np.cos(7 * y)
        noise[index] += np.where((x / 0.85) ** 2 + (y / 0.65) ** 2 < 1, tissue, -1000)
    return np.rint(noise).astype(np.int16)


def encode_bare(array: np.ndarray, codec: dcs.JpegLs | dcs.Jpeg2000 | dcs.Htj2k, threads: int) -> int:
    """Return the bytes of all slices, encoded and thrown away."""
    if threads == 1:
        return sum(len(codec.encode(frame)) for frame in array)
    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(lambda frame: len(codec.encode(frame)), array))


def rows(scratch: Path, *, slices: int, size: int, rounds: int) -> Iterator[Row]:
    """Yield the write with each codec, which the goal is for, and the bare codec in as many threads."""
    array = volume(slices, size)
    options = {"kind": "CT", "spacing": SPACING, "workers": WORKERS, "verify": False, "sync": False}
    for codec in CODECS:
        seconds = take_turns(
            {
                "bare": lambda _, codec=codec: encode_bare(array, codec, 1),
                "threads": lambda _, codec=codec: encode_bare(array, codec, WORKERS),
                "ours": lambda folder, codec=codec: dcs.write(array, folder, compression=codec, **options),
            },
            scratch,
            rounds,
        )
        work = f"write {slices}×{size}² int16, {codec.word}"
        bare = f"bare {codec.word}, 1 thread"
        yield Row(work=work, against=bare, ours=seconds["ours"], theirs=seconds["bare"], faster=True, goal=1.8)
        yield Row(
            work=f"bare {codec.word}, {WORKERS} threads",
            against=bare,
            ours=seconds["threads"],
            theirs=seconds["bare"],
            faster=True,
        )
