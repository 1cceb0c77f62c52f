"""Cases by number: value plans, grids, damaged DICOM files and other damaged inputs."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

import dicomseries as dcs
from dicomseries.api.serve import held_at, service_of
from dicomseries.cli.app import run
from dicomseries.errors import DicomSeriesError
from dicomseries.geometry import Grid
from dicomseries.sources import open_volume
from dicomseries.values import limits_in
from dicomseries.viewing.loopback import HttpRequest
from fuzz import corpus
from fuzz.mutations import mutated
from fuzz.watch import Outcome

GROUPS = ("values", "grids", "DICOM", "inputs")
_SHARES = tuple(int(group) for group in "02312320231223202312032012320123")
"""Groups of 32 cases in a row: 6 value plans, 5 grids, 13 DICOM files, 8 other inputs."""

_INTEGERS = ("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")
_FLOATS = ("float16", "float32", "float64")
_EXPLICIT_UID = "1.2.840.10008.1.2.1"
_CORNER = 1e-3
"""Largest error of a corner, as a part of the smallest spacing."""
_NEEDED: dict[str, dict[str, Any]] = {
    "ParametricMap": {"units": "1"},
    "EnhancedCT": {"metadata": corpus.ENHANCED_CT},
    "EnhancedMR": {"metadata": corpus.ENHANCED_MR},
}
"""Metadata that a kind demands."""


class Cases:
    """All cases of one seed."""

    def __init__(self, seed: int, folder: Path, *, only: str | None = None) -> None:
        self._seed = seed
        self._dicom = corpus.dicom_files(folder / "dicom")
        self._inputs = corpus.input_files(folder / "inputs")
        self._only = None if only is None else GROUPS.index(only)

    def __call__(self, number: int, folder: Path) -> Outcome:
        """Run one case in an empty folder."""
        random = np.random.default_rng([self._seed, number])
        group = _SHARES[number % len(_SHARES)] if self._only is None else self._only
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run: Callable[[np.random.Generator, Path], Outcome] = (
                _values,
                _grid,
                self._file,
                self._input,
            )[group]
            outcome = run(random, folder)
        outcome.group = GROUPS[group]
        return outcome

    def _file(self, random: np.random.Generator, folder: Path) -> Outcome:
        data = self._whole_file(random)
        path = folder / "damaged" / "1.dcm"
        path.parent.mkdir()
        path.write_bytes(mutated(data, self._whole_file(random), random))
        verbs = ["scan", "read", "tags", str(random.choice(list(_VERBS)))]
        return Outcome(words=[_allowed(verb, path, folder, random) for verb in verbs])

    def _whole_file(self, random: np.random.Generator) -> bytes:
        """Return one of our files twice as often as one of pydicom's: many hold no image."""
        ours = sum(not name.startswith("pydicom ") for name, _ in self._dicom)
        place = (
            int(random.integers(ours))
            if random.integers(3)
            else int(random.integers(len(self._dicom)))
        )
        return self._dicom[place][1]

    def _input(self, random: np.random.Generator, folder: Path) -> Outcome:
        name, parts = self._inputs[int(random.integers(len(self._inputs)))]
        names = sorted(parts)
        damaged = names[int(random.integers(len(names)))]
        other = self._inputs[int(random.integers(len(self._inputs)))][1]
        for part, data in parts.items():
            path = (
                folder / name / part if len(parts) > 1 and name.endswith(".zarr") else folder / part
            )
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(
                mutated(data, next(iter(other.values())), random) if part == damaged else data
            )
        verb = _mapping if _is_mapping(name) else _voxels
        return Outcome(words=[_allowed(verb, folder / name, folder, random)])


def _is_mapping(name: str) -> bool:
    return name.endswith((".json", ".toml"))


def _allowed(
    verb: str | Callable[..., str], path: Path, folder: Path, random: np.random.Generator
) -> str:
    """Call a public function; an error of the package is a valid result."""
    run = _VERBS[verb] if isinstance(verb, str) else verb
    name = run.__name__.strip("_")
    try:
        return f"{name} {run(path, folder, random) or 'done'}"
    except DicomSeriesError:
        return f"{name} refused"


# --- damaged files --------------------------------------------------------------------------------


def _scan(path: Path, *_: Any) -> None:
    dcs.scan(path)


def _read(path: Path, _: Path, random: np.random.Generator) -> None:
    dcs.read(path, workers=1, values=str(random.choice(["real", "stored"])))


def _tags(path: Path, *_: Any) -> None:
    dcs.tags(path)


def _check(path: Path, *_: Any) -> str:
    return "with findings" if dcs.check(path, validators=False) else "clean"


def _lazy(path: Path, *_: Any) -> None:
    volume = dcs.read(path, lazy=True)
    np.asarray(volume.array[0:1])
    list(volume.tags.instances)


def _derive(path: Path, folder: Path, _: np.random.Generator) -> None:
    volume = dcs.read(path, workers=1)
    volume.derive(np.asarray(volume.array)).write(folder / "out", sync=False, workers=1)


def _like(path: Path, folder: Path, _: np.random.Generator) -> None:
    dcs.write(
        np.zeros((1, 4, 4), "uint8"),
        folder / "out",
        kind="SC",
        like=path.parent,
        spacing=(1, 1, 1),
        sync=False,
    )


def _page(path: Path, folder: Path, _: np.random.Generator) -> str:
    return _command(["view", str(path), "--html", str(folder / "a.html")])


def _picture(path: Path, folder: Path, _: np.random.Generator) -> str:
    return _command(["view", str(path), "--png", str(folder / "a.png")])


def _listed(path: Path, *_: Any) -> str:
    return _command(["list", "--json", str(path.parent)])


def _saved(path: Path, folder: Path, random: np.random.Generator) -> str:
    suffix = str(random.choice([".nii.gz", ".nrrd", ".npz", ".mha", ".tif"]))
    return _command(["read", str(path), str(folder / f"a{suffix}")])


def _command(words: list[str]) -> str:
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()) as said:
        code = run(words)
    if "unforeseen" in said.getvalue():
        raise AssertionError(said.getvalue()[-300:])
    return f"ended with {code}"


def _served(path: Path, *_: Any) -> str:
    service = service_of(held_at(path))
    statuses = set()
    for address, accept in (("studies", ""), ("instances", "")):
        statuses.add(service.answer(HttpRequest(path=address, accept=accept)).status)
    for indexed in service._index.instances[:2]:
        place = f"studies/{indexed.uids[0]}/series/{indexed.uids[1]}/instances/{indexed.uids[2]}"
        for end in ("", "/metadata", "/frames/1", "/frames/2", "/bulkdata/7FE00010"):
            for accept in (
                "",
                (
                    'multipart/related; type="application/octet-stream"; '
                    f"transfer-syntax={_EXPLICIT_UID}"
                ),
            ):
                answer = service.answer(HttpRequest(path=place + end, accept=accept))
                statuses.add(answer.status)
                if not isinstance(answer.content, bytes):
                    try:
                        for _piece in answer.content:
                            pass
                    except DicomSeriesError:
                        statuses.add(0)
    return "answered" if 200 in statuses else "refused"


_VERBS: dict[str, Callable[..., str | None]] = {
    "scan": _scan,
    "read": _read,
    "tags": _tags,
    "check": _check,
    "lazy": _lazy,
    "derive": _derive,
    "like": _like,
    "page": _page,
    "picture": _picture,
    "list": _listed,
    "save": _saved,
    "serve": _served,
}


def _voxels(path: Path, folder: Path, random: np.random.Generator) -> str:
    volume = open_volume(path, spacing=(1, 1, 1) if random.integers(2) else None)
    shape = volume.slabs.shape
    for start in range(min(shape[0], 6)):
        volume.slabs.read(start, start + 1)
    if random.integers(4):
        return "read"
    dcs.write(path, folder / "out", kind="SC", spacing=(1, 1, 1), sync=False, workers=1, nan=0.0)
    return "written"


def _mapping(path: Path, folder: Path, _: np.random.Generator) -> str:
    options: dict[str, Any] = {"kind": "MR", "metadata": path}
    array = np.ones((4, 4, 4), "uint8")
    if path.name == "segments.json":
        options = {"kind": "Segmentation", "segments": path}
    elif path.name == "per_volume.json":
        options = {"kind": "MR", "per_volume": path, "axes": "tzyx"}
        array = array[:, np.newaxis]
    dcs.write(array, folder / "out", spacing=(1, 1, 1), sync=False, workers=1, **options)
    return "written"


# --- values ---------------------------------------------------------------------------------------


def _values(random: np.random.Generator, folder: Path) -> Outcome:
    array = _array(random)
    options = {"values": _policy(random), **_limits(array, random)}
    if array.dtype.kind == "f" and random.integers(3) == 0:
        array.reshape(-1)[:: int(random.integers(2, 9))] = random.choice([np.nan, np.inf, -np.inf])
        options["nan"] = float(random.choice([0.0, -1.5, 1000.0]))
    kind = str(
        random.choice(["CT", "MR", "SC", "SC", "ParametricMap", "EnhancedMR", "MultiframeSC"])
    )
    options |= _NEEDED.get(kind, {})
    try:
        receipt = dcs.write(
            array,
            folder / "out",
            kind=kind,
            spacing=(1, 1, 1),
            sync=False,
            workers=1,
            verify=bool(random.integers(2)),
            **options,
        )
    except DicomSeriesError as error:
        if error.code in {"not-as-asked", "source-changed"}:
            return Outcome(
                fault=f"{error.code}: {array.dtype} {kind} {options} {error.given}"[:400]
            )
        return Outcome(words=["refused"])
    return _compared(array, receipt, folder / "out", options)


def _limits(array: np.ndarray, random: np.random.Generator) -> dict[str, Any]:
    """Return limits and a promised range, or none."""
    low, high = float(array.min()), float(array.max())
    options: dict[str, Any] = {}
    if random.integers(3) == 0:
        reach = 0.3 * (high - low) + 1
        cut = np.sort(random.uniform(low - reach, high + reach, 2)).tolist()
        first, last = (end if random.integers(2) else float(round(end)) for end in cut)
        if first < last:
            options["clip"] = (first, last)
    if random.integers(5) == 0:
        options["value_range"] = options.get("clip") or (math.floor(low) - 1, math.ceil(high) + 1)
    return options


def _compared(array: np.ndarray, receipt: Any, out: Path, options: dict[str, Any]) -> Outcome:
    """Compare every voxel with the input, in exact arithmetic on float64 values of the file."""
    found = dcs.read(out, workers=1).array.reshape(-1).tolist()
    clip, missing = options.get("clip"), options.get("nan")
    low, high = (-math.inf, math.inf) if clip is None else limits_in(array.dtype, clip)
    worst = Fraction(0)
    for real, stored in zip(array.reshape(-1).tolist(), found, strict=True):
        if not math.isfinite(real) and missing is None:
            continue
        wanted = min(max(real, low), high) if math.isfinite(real) else missing
        worst = max(worst, abs(Fraction(wanted) - Fraction(stored)))
    bound = receipt.max_error
    # `read` returns int32 or float64, rounded from the float64 result of a reader.
    if float(worst) > bound * (1 + 1e-12):
        return Outcome(
            fault=f"an error of {float(worst):g} beyond the bound {bound:g}: "
            f"{array.dtype} {options}"
        )
    if receipt.achieved_error is not None and receipt.achieved_error > bound:
        return Outcome(
            fault=f"achieved {receipt.achieved_error:g} beyond the bound {bound:g}: "
            f"{array.dtype} {options}"
        )
    findings = dcs.check(
        out, against=array, clip=clip, nan=missing, max_error=bound or None, validators=False
    )
    if any(finding.id == "VAL-010" for finding in findings):
        return Outcome(fault=f"check finds other values than write: {array.dtype} {options}")
    return Outcome(
        words=["written"],
        worst={"error as a part of its bound": float(worst) / bound if bound else 0.0},
    )


def _array(random: np.random.Generator) -> np.ndarray:
    shape = tuple(int(side) for side in random.integers(1, 5, 3))
    dtype = str(random.choice(_INTEGERS if random.integers(2) else _FLOATS))
    unit = random.uniform(-1, 1, shape)
    if random.integers(6) == 0:
        unit = np.round(unit)
    if dtype == "bool":
        return unit > 0
    if dtype in _INTEGERS:
        info = np.iinfo(dtype)
        span = float(10.0 ** random.integers(0, 19))
        middle = float(random.choice([0, 0, 100, 40000, -5000, 1e9]))
        return np.clip(
            middle + unit * span, float(info.min), float(info.max) * (1 - 2**-52)
        ).astype(dtype)
    top = 4 if dtype == "float16" else 30
    scaled = unit * 10.0 ** random.integers(-20 if dtype != "float16" else -3, top)
    return (scaled + float(random.choice([0, 0, 0.5, 1000, -1e4]))).astype(dtype)


def _policy(random: np.random.Generator) -> Any:
    choices = (
        "auto",
        "auto",
        dcs.Exact(),
        dcs.Rescale(),
        dcs.Rescale(),
        dcs.Digits(int(random.integers(-3, 6))),
    )
    every = (*choices, dcs.Lossless(), dcs.Rescale(max_error=float(10.0 ** random.integers(-6, 3))))
    return every[int(random.integers(len(every)))]


# --- grids ----------------------------------------------------------------------------------------


def _grid(random: np.random.Generator, folder: Path) -> Outcome:
    shape = tuple(int(side) for side in random.integers(1, 6, 3))
    spacing = tuple(float(length) for length in 10.0 ** random.uniform(-2, 1.5, 3))
    origin = tuple(
        float(place) for place in random.uniform(-1, 1, 3) * 10.0 ** random.integers(0, 6)
    )
    grid = Grid(
        shape=shape, spacing_mm=spacing, origin_lps=origin, direction_lps=_direction(random)
    )
    kind = str(random.choice(["CT", "MR", "SC", "EnhancedCT", "EnhancedMR", "ParametricMap"]))
    array = np.arange(
        math.prod(shape), dtype="float32" if kind == "ParametricMap" else "uint8"
    ).reshape(shape)
    more = _NEEDED.get(kind, {})
    try:
        dcs.write(
            array,
            folder / "out",
            kind=kind,
            affine=grid.affine(),
            space="LPS",
            sync=False,
            workers=1,
            **more,
        )
    except DicomSeriesError as error:
        return Outcome(words=[f"refused ({error.code})"])
    volume = dcs.read(folder / "out", workers=1)
    if volume.grid.shape != shape:
        return Outcome(fault=f"another shape: {volume.grid.shape} for {shape}")
    # Slices are read along the normal; those of the input may run against it.
    asked, turned = grid.along_normal()
    wanted = np.flip(array, 0) if turned else array
    if not np.array_equal(volume.array, wanted):
        return Outcome(fault="voxels in another order")
    ends = np.array(np.meshgrid(*[(0, side - 1) for side in shape[::-1]], [1])).reshape(4, -1)
    off = np.abs((asked.affine() - volume.grid.affine()) @ ends)[:3].max()
    if off > _CORNER * min(spacing):
        return Outcome(fault=f"a corner is off by {off:g} mm at a spacing of {min(spacing):g}")
    worst = {
        "corner error in mm": float(off),
        "corner error as a part of the spacing": float(off) / min(spacing),
    }
    return Outcome(words=["written"], worst=worst)


def _direction(random: np.random.Generator) -> tuple[float, ...]:
    if random.integers(3) == 0:
        matrix = np.eye(3)[:, random.permutation(3)] * random.choice([-1.0, 1.0], 3)
    else:
        matrix, upper = np.linalg.qr(random.normal(size=(3, 3)))
        matrix = matrix * np.sign(np.diag(upper))
    return tuple(float(cosine) for cosine in matrix.ravel())
