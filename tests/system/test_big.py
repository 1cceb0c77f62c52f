"""A volume larger than memory and disk is written in bounded memory (on request only)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap

import pytest

PROGRAM = """
import json, sys, time
import numpy as np
import zarr
from zarr.core.buffer import default_buffer_prototype
from zarr.storage import MemoryStore
import dicomseries as dcs

SHAPE, DEPTH = (10_000, 1024, 1024), 4
PLANE = np.add.outer(3 * np.arange(1024, dtype="<i2"), np.arange(1024, dtype="<i2"))

class Generated(MemoryStore):
    '''Chunks are made when they are read: the array never exists.'''

    reads = 0

    async def get(self, key, prototype, byte_range=None):
        if not key.startswith("c/"):
            return await super().get(key, prototype, byte_range)
        type(self).reads += 1
        first = int(key.split("/")[1]) * DEPTH
        chunk = PLANE + (np.arange(first, first + DEPTH, dtype="<i2") % 999)[:, None, None]
        return prototype.buffer.from_bytes(chunk.tobytes())

store = Generated()
array = zarr.create_array(
    store, shape=SHAPE, chunks=(DEPTH, *SHAPE[1:]), dtype="int16", compressors=None, overwrite=True
)
started = time.perf_counter()
receipt = dcs.write(array, sys.argv[1], kind="CT", spacing=(0.5, 0.5, 1), sync=False)
seconds = time.perf_counter() - started
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]
print(json.dumps({"bytes": receipt.bytes, "files": receipt.files, "reads": Generated.reads,
                  "verified": receipt.verified, "peak_kib": int(peak), "seconds": seconds}))
"""


@pytest.mark.timeout(3600)
@pytest.mark.skipif(
    os.environ.get("DICOMSERIES_BIG") != "1",
    reason="writes 20 GB for minutes: set DICOMSERIES_BIG=1, and TMPDIR to a disk with 25 GB",
)
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of the memory is read from /proc")
def test_20_gigabytes_that_never_existed_as_a_whole_are_written_within_300_mebibytes(tmp_path):
    made = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), str(tmp_path / "out")],
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    found = json.loads(made.stdout.splitlines()[-1])
    sys.stdout.write(f"{found}\n")
    assert found["bytes"] > 20e9
    assert found["files"] == 10_000
    assert found["reads"] == 10_000 // 4
    assert found["verified"]
    assert found["peak_kib"] < 300 * 1024
