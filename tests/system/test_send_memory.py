"""Ten thousand instances are sent and written into an archive with little memory."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import dicomseries as dcs
from judges.dimse_archives import storescp

FILES, SIDE = 10_000, 64
MOST_MIB = 300
PROGRAM = """
import sys
import numpy as np
import dicomseries as dcs

source, url = sys.argv[1:]
if source == "array":
    frame = np.arange({side} * {side}, dtype="int16").reshape({side}, {side}) % 999
    array = np.broadcast_to(frame, ({files}, {side}, {side}))
    counts = dcs.write(array, url, kind="CT", spacing=(1, 1, 1)).delivery.counts
else:
    counts = dcs.send(source, url).counts
assert counts == {{"stored": {files}}}, counts
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]
print(int(peak) // 1024)  # ru_maxrss begins with the memory of the process that started this one
"""


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    folder = tmp_path_factory.mktemp("big") / "ct"
    frame = np.arange(SIDE * SIDE, dtype="int16").reshape(SIDE, SIDE) % 999
    array = np.broadcast_to(frame, (FILES, SIDE, SIDE))
    dcs.write(array, folder, kind="CT", spacing=(1, 1, 1), sync=False, verify=False)
    return folder


@pytest.mark.endurance
@pytest.mark.skipif(sys.platform != "linux", reason="Linux states the peak in /proc")
@pytest.mark.parametrize("source", ["folder", "array"])
def test_ten_thousand_instances_take_less_than_300_mib(big, source, tmp_path):
    program = PROGRAM.format(side=SIDE, files=FILES)
    with storescp(tmp_path / "kept", "--ignore") as port:
        url = f"dicom://ARCHIVE@127.0.0.1:{port}"
        words = [sys.executable, "-c", program, str(big) if source == "folder" else source, url]
        answer = subprocess.run(
            words, capture_output=True, encoding="utf-8", timeout=900, check=False
        )
    assert answer.returncode == 0, answer.stderr
    assert int(answer.stdout.split()[-1]) < MOST_MIB
