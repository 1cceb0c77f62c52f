"""Memory, chunk reads and time as volumes grow."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from measure import Row, peak_mib, take_turns
from write import SPACING, volume, write_ours

import dicomseries as dcs

PLANE = 256
CHUNK = 64

WRITE = """
import sys
from dicomseries.cli import main
main(["write", *sys.argv[1:], *"--kind ct --spacing 0.7 0.9 2.5 --no-sync --quiet".split()])
"""


class Counted:
    """A chunked array made on reading, which counts its chunks."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self.shape, self.dtype, self.chunks = shape, np.dtype(np.int16), (CHUNK, CHUNK, CHUNK)
        self.reads = 0

    def __getitem__(self, index: Any) -> np.ndarray:
        touched = [
            range(part.start // chunk, -(-part.stop // chunk))
            for part, chunk in zip(index, self.chunks, strict=True)
        ]
        self.reads += int(np.prod([len(chunks) for chunks in touched]))
        return np.zeros([part.stop - part.start for part in index], self.dtype)


def make_zarr(path: Path, slices: int) -> None:
    import zarr

    array = zarr.create_array(
        path, shape=(slices, PLANE, PLANE), chunks=(16, PLANE, PLANE), dtype="int16"
    )
    plane = np.random.default_rng(0).integers(-1000, 2000, (16, PLANE, PLANE)).astype(np.int16)
    for start in range(0, slices, 16):
        array[start : start + 16] = plane[: min(16, slices - start)]


def make_npy(path: Path, slices: int) -> None:
    array = np.lib.format.open_memmap(path, mode="w+", dtype="int16", shape=(slices, PLANE, PLANE))
    plane = np.random.default_rng(0).integers(-1000, 2000, (PLANE, PLANE))
    for index in range(slices):
        array[index] = plane


def memory_rows(scratch: Path, *, slices: int, rounds: int) -> Iterator[Row]:
    """Yield the peak memory for many slices and few."""
    for form, make in (("zarr", make_zarr), ("npy", make_npy)):
        peaks: dict[int, list[float]] = {}
        for count in (slices, slices // 4):
            source, out = scratch / f"{count}.{form}", scratch / "out"
            make(source, count)
            for _ in range(rounds):
                peaks.setdefault(count, []).append(peak_mib(WRITE, str(source), str(out)))
                shutil.rmtree(out)
            shutil.rmtree(source) if source.is_dir() else source.unlink()
        most, few = peaks[slices], peaks[slices // 4]
        name = f"peak memory, {slices} slices from {form}"
        yield Row(
            work=name, against=f"{slices // 4} slices", unit="MiB", ours=most, theirs=few, goal=1.1
        )
        yield Row(
            work=name, against="300 MiB", unit="MiB", ours=most, theirs=[300.0] * rounds, goal=1.0
        )


def chunk_rows(scratch: Path) -> Iterator[Row]:
    """Yield the chunk reads of a store of cubes."""
    source = Counted((4 * CHUNK, 3 * CHUNK, 5 * CHUNK))
    dcs.write(source, scratch / "counted", kind="CT", spacing=SPACING, verify=False, sync=False)
    shutil.rmtree(scratch / "counted")
    yield Row(
        work=f"chunks of {CHUNK}³ read, int16",
        against="chunks",
        unit="reads",
        ours=[source.reads],
        theirs=[60],
        goal=1.0,
    )


def growth_rows(scratch: Path, *, slices: int, rounds: int) -> Iterator[Row]:
    """Yield the time per voxel at growing sizes."""
    few = max(slices // 4, 1)
    small = volume("int16", few, 512)
    for count in (slices, 4 * slices):
        large = volume("int16", count, 512)
        seconds = take_turns(
            {
                "few": lambda folder: write_ours(small, folder, verify=False),
                "many": lambda folder, large=large: write_ours(large, folder, verify=False),
            },
            scratch,
            rounds,
        )
        ours = [second * few / count for second in seconds["many"]]
        yield Row(
            work=f"a slice of {count}",
            against=f"a slice of {few}",
            ours=ours,
            theirs=seconds["few"],
        )
    for size, count in ((128, 16 * few), (2048, max(few // 16, 1))):
        plane = volume("int16", count, size)
        seconds = take_turns(
            {
                "512": lambda folder: write_ours(small, folder, verify=False),
                "other": lambda folder, plane=plane: write_ours(plane, folder, verify=False),
            },
            scratch,
            rounds,
        )
        ours = [second * small.size / plane.size for second in seconds["other"]]
        yield Row(
            work=f"a voxel of planes of {size}²",
            against="of 512²",
            ours=ours,
            theirs=seconds["512"],
        )
    for dtype in ("int16", "float32"):
        array = volume(dtype, slices, 512)
        seconds = take_turns(
            {
                str(workers): lambda folder, workers=workers, array=array: dcs.write(
                    array,
                    folder,
                    kind="CT",
                    spacing=SPACING,
                    verify=False,
                    sync=False,
                    workers=workers,
                )
                for workers in (1, 2)
            },
            scratch,
            rounds,
        )
        yield Row(
            work=f"write {dtype}, 2 workers",
            against="1 worker",
            ours=seconds["2"],
            theirs=seconds["1"],
            faster=True,
        )


def rows(scratch: Path, *, slices: int, rounds: int) -> Iterator[Row]:
    """Yield everything that must not grow, or only so far."""
    yield from chunk_rows(scratch)
    yield from memory_rows(scratch, slices=6 * slices, rounds=max(1, rounds // 2))
    yield from growth_rows(scratch, slices=slices, rounds=rounds)
