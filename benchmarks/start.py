"""The time of imports, of `dicomseries --help`, and of a first small series."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from measure import Row, in_turns


def rows(*, rounds: int) -> Iterator[Row]:
    """Yield whole processes beside one that imports numpy and pydicom."""
    base = [sys.executable, "-c", "import numpy, pydicom"]
    seconds = in_turns(
        {
            "base": base,
            "import": [sys.executable, "-c", "import dicomseries"],
            "use": [sys.executable, "-c", "from dicomseries import write"],
            "help": [sys.executable, "-m", "dicomseries", "--help"],
        },
        rounds,
    )
    yield from first_series(rounds)
    peer = "import numpy, pydicom"
    yield Row(
        work="import dicomseries",
        against=peer,
        ours=seconds["import"],
        theirs=seconds["base"],
        goal=1.1,
    )
    yield Row(
        work="from dicomseries import write",
        against=peer,
        ours=seconds["use"],
        theirs=seconds["base"],
    )
    yield Row(
        work="dicomseries --help",
        against=peer,
        ours=seconds["help"],
        theirs=seconds["base"],
        goal=1.5,
    )


def first_series(rounds: int) -> Iterator[Row]:
    """Yield `dicomseries demo` beside the steps of SimpleITK's example, as whole processes."""
    with tempfile.TemporaryDirectory() as folder:
        ours = [sys.executable, "-m", "dicomseries", "demo", f"{folder}/demo", "int16"]
        example = (
            "import sys, tempfile; sys.path.insert(0, sys.argv[1])\n"
            "from pathlib import Path\n"
            "import numpy as np\n"
            "from simpleitk_example import read_like_the_example, write_like_the_example\n"
            "with tempfile.TemporaryDirectory() as folder:\n"
            "    write_like_the_example(np.zeros((3, 4, 5), 'int16'), Path(folder, 'out'))\n"
            "    read_like_the_example(Path(folder, 'out'))\n"
        )
        theirs = [sys.executable, "-c", example, str(Path(__file__).parent)]
        seconds = in_turns({"ours": [*ours, "--overwrite"], "example": theirs}, rounds)
    yield Row(
        work="dicomseries demo OUT int16",
        against="the SimpleITK example's process",
        ours=seconds["ours"],
        theirs=seconds["example"],
        goal=1.5,
        note="imports: numpy, click, this package",
    )
