"""The files the bad command lines speak of."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import dicomseries as dcs

__all__ = ["make_files"]

_TEXTS = {
    "affine.txt": "1 0 0 0\n0 1 0 0\n0 0 2 0\n0 0 0 1\n",
    "sheared.txt": "1 0.2 0 0\n0 1 0 0\n0 0 2 0\n0 0 0 1\n",
    "small.json": "[[1, 0, 0], [0, 1, 0], [0, 0, 1]]",
    "broken.toml": "PatientID = \n",
    "notes.docx": "Dear all",
    "text.nrrd": "not a header",
    "nothing.npy": "",
}


def make_files(folder: Path) -> None:
    """Fill `folder`."""
    good = np.arange(60, dtype="int16").reshape(3, 4, 5)
    floats = np.linspace(-3.2, 3.2, 60).reshape(3, 4, 5)
    holed = floats.copy()
    holed[1, 2, 3] = np.nan
    arrays = {
        "good": good,
        "floats": floats,
        "nan": holed,
        "infinite": np.where(np.isnan(holed), np.inf, holed),
        "large": floats * 1e6,
        "wide": np.array([0, 1, 100_003, 70_001], dtype="int32").reshape(1, 2, 2),
        "complex": good.astype("complex64"),
        "texts": np.full((3, 4, 5), "a"),
        "empty": np.zeros((0, 4, 5), "int16"),
        "line": np.arange(5, dtype="int16"),
        "movie": np.zeros((2, 3, 4, 5), "int16"),
        "colour": np.zeros((3, 4, 5, 3), "uint8"),
    }
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    np.save(
        folder / "pickle.npy", np.array([{}] * 8, dtype=object).reshape(2, 2, 2), allow_pickle=True
    )
    (folder / "cut.npy").write_bytes((folder / "good.npy").read_bytes()[:-7])
    for name, text in _TEXTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "full").mkdir()
    (folder / "full" / "notes.txt").write_text("mine", encoding="utf-8")
    _make_series(folder, good)


def _make_series(folder: Path, good: np.ndarray) -> None:
    for name in ("series", "cut"):
        dcs.write(good, folder / name, kind="CT", spacing=(1, 1, 2), sync=False)
    last = max((folder / "cut").iterdir())
    last.write_bytes(last.read_bytes()[:-9])
