"""Instructions for one slice, counted by callgrind: independent of noise.

Two writes of different length in processes of their own; the difference divided by the slices is
what one costs.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from measure import Row

FEW, MANY = 50, 250
CALLGRIND = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")

OURS = """
import sys
import numpy as np
import dicomseries as dcs
array = np.zeros((int(sys.argv[1]), 16, 16), np.int16)
spacing = (0.7, 0.9, 2.5)
dcs.write(array, sys.argv[2], kind="CT", spacing=spacing, workers=1, verify=False, sync=False)
"""
PYDICOM = """
import sys
from pathlib import Path
import numpy as np
sys.path.insert(0, sys.argv[3])
from write import write_with_pydicom
write_with_pydicom(np.zeros((int(sys.argv[1]), 16, 16), np.int16), Path(sys.argv[2]))
"""


def run(script: str, slices: int, *under: str) -> str:
    """Return the standard error of a new process."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [
                *under,
                sys.executable,
                "-c",
                script,
                str(slices),
                f"{folder}/out",
                str(Path(__file__).parent),
            ],
            check=True,
            capture_output=True,
            encoding="utf-8",
            env={"PYTHONHASHSEED": "0", "PATH": "/usr/bin:/bin", "OPENBLAS_NUM_THREADS": "1"},
        )
    return done.stderr


def count(script: str, slices: int) -> float:
    """Return the instructions of a whole process."""
    return float(re.search(r"Collected : (\d+)", run(script, slices, *CALLGRIND))[1])


def a_slice(script: str) -> float:
    """Return the instructions of one slice more."""
    run(
        script, FEW
    )  # whatever is compiled on the first import would be counted as slices of the first process
    return (count(script, MANY) - count(script, FEW)) / (MANY - FEW)


def rows() -> Iterator[Row]:
    """Yield the instructions per slice, if valgrind exists."""
    if shutil.which("valgrind") is None:
        print("(valgrind is not installed: instructions are not counted)")
        return
    yield Row(
        work="instructions of a slice (16²)",
        against="pydicom loop",
        unit="instr.",
        ours=[a_slice(OURS)],
        theirs=[a_slice(PYDICOM)],
        faster=True,
    )
