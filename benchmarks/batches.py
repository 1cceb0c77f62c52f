"""Speed and memory of many small jobs in one batch, beside a plain loop of writes.

``python benchmarks/batches.py 10000`` prints the whole comparison.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from measure import Row

FORM = {"kind": "MR", "uid": "content"}
SHAPE = (16, 16, 8)


def make_files(folder: Path, count: int) -> None:
    """Make small NIfTI files and their list of jobs; about 4 kB each."""
    import nibabel

    random = np.random.default_rng(0)
    affine = np.diag([1.2, 1.3, 2.5, 1.0])
    with (folder / "jobs.jsonl").open("w", encoding="utf-8") as jobs:
        for index in range(count):
            array = random.integers(-1000, 1000, SHAPE).astype(np.int16)
            affine[0, 3] = index
            image = nibabel.Nifti1Image(array, affine)
            image.header.set_xyzt_units("mm", "sec")
            nibabel.save(image, folder / f"{index:05d}.nii.gz")
            jobs.write(json.dumps({"source": f"{index:05d}.nii.gz", "out": f"dicom/{index:05d}"}))
            jobs.write("\n")


def in_a_loop(folder: Path, first: int, count: int) -> float:
    """Return the seconds of one file in a plain loop."""
    import dicomseries as dcs

    dcs.write(folder / "00000.nii.gz", folder / f"warm-{first}", **FORM)
    started = time.perf_counter()
    for index in range(first, first + count):
        dcs.write(folder / f"{index:05d}.nii.gz", folder / f"loop/{index:05d}", **FORM)
    return (time.perf_counter() - started) / count


def in_a_batch(folder: Path, count: int) -> float:
    """Return the seconds of one file in a batch, checks and reports included."""
    import dicomseries as dcs

    lines = (folder / "jobs.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    jobs = folder / f"first-{count}.jsonl"
    jobs.write_text("".join(lines[:count]), encoding="utf-8")
    dcs.write(folder / "00000.nii.gz", folder / f"warm-batch-{count}", **FORM)
    started = time.perf_counter()
    dcs.batch(jobs, keep_going=False, **FORM)
    return (time.perf_counter() - started) / count


def measured(folder: Path, task: str, *numbers: int) -> tuple[float, float]:
    """Return seconds for each file and peak memory in MiB, of one process."""
    words = [sys.executable, __file__, task, str(folder), *map(str, numbers)]
    printed = subprocess.run(words, capture_output=True, encoding="utf-8", check=True).stdout
    seconds, memory = map(float, printed.split())
    return seconds, memory


def rows(scratch: Path, *, count: int) -> Iterator[Row]:
    """Yield the ratio of a loop and a batch, and the growth of memory."""
    make_files(scratch, count)
    part = count // 5
    before, _ = measured(scratch, "loop", 0, part)
    _, memory_of_few = measured(scratch, "batch", count // 10)
    shutil.rmtree(scratch / "dicom")
    seconds, memory = measured(scratch, "batch", count)
    after, _ = measured(scratch, "loop", part, part)
    yield Row(
        work=f"batch of {count:,} NIfTI of 16x16x8",
        against="a loop of dcs.write",
        unit="s/file",
        ours=[seconds, seconds],
        theirs=[before, after],
        faster=True,
        goal=0.9,
    )
    yield Row(
        work=f"memory of {count:,} jobs",
        against=f"of {count // 10:,} jobs",
        unit="MiB",
        ours=[memory],
        theirs=[memory_of_few],
        goal=1.2,
        note="of the list and the record: below 2 kB a job",
    )


if __name__ == "__main__":
    if sys.argv[1] in {"loop", "batch"}:
        task = {"loop": in_a_loop, "batch": in_a_batch}[sys.argv[1]]
        took = task(Path(sys.argv[2]), *map(int, sys.argv[3:]))
        print(took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    else:
        with tempfile.TemporaryDirectory() as name:
            for row in rows(Path(name), count=int(sys.argv[1])):
                print(row.line(), flush=True)
