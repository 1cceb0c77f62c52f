"""The time of imports and of `dicomseries --help`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

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
