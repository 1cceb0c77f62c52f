"""Digests of the files of every golden case, to prove that a change keeps the bytes.

``python tests/golden/digests.py --check`` compares with ``digests.json``, prints the names of
differing cases and ends with 1 if there are any; ``--write`` writes that file. ``--only TEXT``
limits the check to cases with this text in their name, ``--keep FOLDER`` keeps their files.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import warnings
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import dicomseries as dcs
from golden.cases import CASES
from golden.inputs import Inputs
from golden.writers import Case

__all__ = ["comparable", "differences", "digests", "recorded"]

RECORD = Path(__file__).with_name("digests.json")
PACKAGES = ("highdicom", "imagecodecs", "numpy", "pydicom")


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--check", action="store_true", help="compare with the record (default)")
    action.add_argument("--write", action="store_true", help="make the record anew")
    parser.add_argument("--only", default="", help="cases with this text in their name")
    parser.add_argument("--keep", type=Path, help="folder for the files, which are kept")
    options = parser.parse_args()
    cases = [case for name, case in CASES.items() if options.only in name]
    if options.write:
        cases = list(CASES.values())
    with tempfile.TemporaryDirectory() as scratch:
        found = digests(cases, options.keep or Path(scratch))
    if options.write:
        record = {"packages": _installed(), "digests": found}
        text = json.dumps(record, indent=1, ensure_ascii=False)
        RECORD.write_text(text + "\n", encoding="utf-8")
        print(f"{len(found)} digests written")
        return 0
    names = differences(comparable(cases), found)
    for name in names:
        print(name)
    print(f"{len(names)} of {len(found)} cases differ")
    return int(bool(names))


def digests(cases: Iterable[Case], folder: Path) -> dict[str, str]:
    """Write every case below `folder`; return its digest, or the class of the error, by name."""
    inputs = Inputs(folder / "inputs")
    result = {}
    for number, case in enumerate(cases):
        out = folder / f"case-{number}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                case.write(inputs, out)
            except dcs.DicomSeriesError as error:
                result[case.name] = f"rejected: {type(error).__name__}"
                continue
        result[case.name] = _digest_of(out)
    return result


def _digest_of(folder: Path) -> str:
    """Return the SHA-256 of the names and bytes of all files below a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            digest.update(f"{path.relative_to(folder).as_posix()} {len(content)}\n".encode())
            digest.update(content)
    return digest.hexdigest()


def comparable(cases: Iterable[Case]) -> list[str]:
    """Return the names of cases with the package versions of the record."""
    versions, installed = _record()["packages"], _installed()
    same = {name for name in PACKAGES if versions[name] == installed[name]}
    return [case.name for case in cases if same.issuperset(case.packages)]


def differences(names: Iterable[str], found: Mapping[str, str]) -> list[str]:
    """Return the `names` with another digest than the record."""
    digests_of_record = recorded()
    return [name for name in names if found[name] != digests_of_record.get(name)]


def recorded() -> dict[str, str]:
    """Return the digests of the record, by case."""
    return _record()["digests"]


def _record() -> dict[str, dict[str, str]]:
    return json.loads(RECORD.read_text(encoding="utf-8"))


def _installed() -> dict[str, str]:
    return {name: version(name) for name in PACKAGES}


if __name__ == "__main__":
    sys.exit(main())
