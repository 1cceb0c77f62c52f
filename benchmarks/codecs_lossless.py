"""Lossless compression of scan-like slices beside the bare codec.

The peer is the encoder of imagecodecs, called for one slice after the other, nothing written. Ours
is the whole write on two workers: planning, encoding, headers and files. What the machine allows is
told by the bare codec in two threads, and in two processes, which share nothing but the processors:
where these do not gain 1.8 times, no threads can.
"""

from __future__ import annotations

import contextlib
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from measure import Row, take_turns

import dicomseries as dcs

Codec = dcs.JpegLs | dcs.Jpeg2000 | dcs.Htj2k

SPACING = (0.7, 0.9, 2.5)
WORKERS = 2
CODECS = (dcs.JpegLs(), dcs.Jpeg2000(), dcs.Htj2k())


def volume(slices: int, size: int) -> np.ndarray:
    """Return slices that compress like a CT."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    noise = rng.normal(0, 25, (slices, size, size)).astype(np.float32)
    noise[:, 1:, 1:] = (
        noise[:, 1:, 1:] + noise[:, :-1, 1:] + noise[:, 1:, :-1] + noise[:, :-1, :-1]
    ) / 2
    for index in range(slices):
        tissue = 40 + 60 * np.sin(9 * x + 0.05 * index) * np.cos(7 * y)
        noise[index] += np.where((x / 0.85) ** 2 + (y / 0.65) ** 2 < 1, tissue, -1000)
    return np.rint(noise).astype(np.int16)


def encode_bare(array: np.ndarray, codec: Codec, threads: int) -> int:
    """Return the bytes of all slices, encoded and thrown away."""
    if threads == 1:
        return sum(len(codec.encode(frame)) for frame in array)
    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(lambda frame: len(codec.encode(frame)), array))


def encode_part(codec: Codec, slices: int, size: int, part: int) -> int:
    """Return the bytes of every second slice."""
    if (slices, size) not in _MADE:
        _MADE[slices, size] = volume(slices, size)
    return encode_bare(_MADE[slices, size][part::WORKERS], codec, 1)


_MADE: dict[tuple[int, int], np.ndarray] = {}
"""Slices by their number and size, made once in each process."""


def rows(scratch: Path, *, slices: int, size: int, rounds: int) -> Iterator[Row]:
    """Yield each codec in writes, then bare in threads."""
    array = volume(slices, size)
    options = {"kind": "CT", "spacing": SPACING, "workers": WORKERS, "verify": False, "sync": False}
    with contextlib.ExitStack() as stack:
        # One process a pool, so that each has made its slices when the rounds that count begin.
        pools = [
            stack.enter_context(
                ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
            )
            for _ in range(WORKERS)
        ]

        def in_processes(codec: Codec) -> int:
            parts = [
                pool.submit(encode_part, codec, slices, size, part)
                for part, pool in enumerate(pools)
            ]
            return sum(part.result() for part in parts)

        for codec in CODECS:
            seconds = take_turns(
                {
                    "bare": lambda _, codec=codec: encode_bare(array, codec, 1),
                    f"{WORKERS} threads": lambda _, codec=codec: encode_bare(array, codec, WORKERS),
                    f"{WORKERS} processes": lambda _, codec=codec: in_processes(codec),
                    "ours": lambda folder, codec=codec: dcs.write(
                        array, folder, compression=codec, **options
                    ),
                },
                scratch,
                rounds,
            )
            bare = {
                "against": f"bare {codec.word}, 1 thread",
                "theirs": seconds["bare"],
                "faster": True,
            }
            work = f"write {slices}×{size}² int16, {codec.word}"
            yield Row(work=work, ours=seconds["ours"], goal=1.8, **bare)
            for where in (f"{WORKERS} threads", f"{WORKERS} processes"):
                note = "the machine's limit" if where.endswith("processes") else ""
                yield Row(
                    work=f"bare {codec.word}, {where}", ours=seconds[where], note=note, **bare
                )
