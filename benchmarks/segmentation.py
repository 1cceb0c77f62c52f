"""Segmentations of many organs: beside a raw write, and beside highdicom alone.

The organs are ellipsoids that do not overlap. `raw` is `os.writev` of the same bytes into one file,
one thread, no fsync. highdicom gets the same folder of NIfTI masks and the same CT, in a script as
its users write it: the masks as they are, which may overlap, and in one label map, as these do
not.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt
from measure import Row, in_turns, peak_mib, take_turns

import dicomseries as dcs

SPACING = (0.8, 0.8, 1.5)
SLICES, SIZE = 200, 512
LABELS, ORGANS = 121, 104
Array = npt.NDArray[np.uint8]

OURS = """
import sys
from dicomseries.cli import main
main(["write", *sys.argv[1:3], "--kind", "segmentation", "--like", sys.argv[3], "--quiet"])
"""

HIGHDICOM_IN_ONE = """
import sys
from pathlib import Path
import highdicom as hd
import nibabel
import numpy as np
import pydicom
from pydicom.sr.codedict import codes

masks, out, ct = map(Path, sys.argv[1:4])
source = [pydicom.dcmread(path, stop_before_pixels=True) for path in sorted(ct.iterdir())]
labels = np.zeros((len(source), source[0].Rows, source[0].Columns), np.uint8)
segments = []
for number, path in enumerate(sorted(masks.iterdir()), 1):
    labels[np.asanyarray(nibabel.load(path).dataobj).T > 0] = number
    segments.append(
        hd.seg.SegmentDescription(
            segment_number=number,
            segment_label=path.name,
            segmented_property_category=codes.SCT.Organ,
            segmented_property_type=codes.SCT.Organ,
            algorithm_type="MANUAL",
        )
    )
segmentation = hd.seg.Segmentation(
    source_images=source,
    pixel_array=labels,
    segmentation_type="BINARY",
    segment_descriptions=segments,
    series_instance_uid=hd.UID(),
    series_number=1,
    sop_instance_uid=hd.UID(),
    instance_number=1,
    manufacturer="M",
    manufacturer_model_name="M",
    software_versions="1",
    device_serial_number="1",
)
out.mkdir()
segmentation.save_as(out / "0001.dcm")
"""

HIGHDICOM = HIGHDICOM_IN_ONE.replace(
    "source[0].Columns)", "source[0].Columns, len(list(masks.iterdir())))"
).replace(
    "labels[np.asanyarray(nibabel.load(path).dataobj).T > 0] = number",
    "labels[..., number - 1] = np.asanyarray(nibabel.load(path).dataobj).T",
)

OF_ARRAY = """
import sys
import dicomseries as dcs
dcs.write(sys.argv[1], sys.argv[2], kind="Segmentation", spacing=(0.8, 0.8, 1.5), sync=False)
"""


def organs(count: int, slices: int = SLICES, size: int = SIZE) -> Array:
    """Return labels of ellipsoids; later ones hide parts of earlier ones."""
    rng = np.random.default_rng(0)
    labels = np.zeros((slices, size, size), np.uint8)
    shape = np.array(labels.shape)
    for label in range(1, count + 1):
        radius = rng.uniform((0.03, 0.015, 0.015), (0.2, 0.09, 0.09)) * shape
        centre = rng.uniform(radius, shape - radius)
        low = np.maximum(0, np.floor(centre - radius)).astype(int)
        high = np.minimum(shape, np.ceil(centre + radius) + 1).astype(int)
        axes = np.ogrid[tuple(map(slice, low, high))]
        square = sum(
            ((axis - middle) / half) ** 2
            for axis, middle, half in zip(axes, centre, radius, strict=True)
        )
        labels[tuple(map(slice, low, high))][square < 1] = label
    return labels


def save_masks(labels: Array, count: int, folder: Path) -> None:
    """Save a NIfTI file for each organ, named as by TotalSegmentator."""
    import nibabel

    folder.mkdir()
    affine = np.diag([-SPACING[0], -SPACING[1], SPACING[2], 1.0])
    text = resources.files("dicomseries.segmentation").joinpath("data/segment_names.json")
    names = sorted(json.loads(text.read_text(encoding="utf-8"))["names"])[:count]
    for label, name in enumerate(names, 1):
        mask = (labels == label).astype(np.uint8).T
        nibabel.save(nibabel.Nifti1Image(mask, affine), folder / f"{name}.nii.gz")


def write_ours(labels: Array, folder: Path, form: str, *, verify: bool) -> None:
    dcs.write(
        labels,
        folder,
        kind="Segmentation",
        segmentation_type=form,
        spacing=SPACING,
        verify=verify,
        sync=False,
    )


def write_raw(content: bytes, folder: Path) -> None:
    folder.mkdir()
    handle = os.open(folder / "raw.dcm", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    os.writev(handle, [content])
    os.close(handle)


def read_raw(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    os.preadv(handle, [bytearray(path.stat().st_size)], 0)
    os.close(handle)


def array_rows(scratch: Path, labels: Array, rounds: int) -> Iterator[Row]:
    """Yield writes and reads of one array."""
    for form, goal in (("binary", 10.0), ("labelmap", 5.0)):
        folder = scratch / "first"
        write_ours(labels, folder, form, verify=False)
        path = folder / "0001.dcm"
        content = path.read_bytes()
        seconds = take_turns(
            {
                "raw": lambda out, content=content: write_raw(content, out),
                "ours": lambda out, form=form: write_ours(labels, out, form, verify=False),
                "verified": lambda out, form=form: write_ours(labels, out, form, verify=True),
                "read": lambda _, folder=folder: np.asarray(dcs.read(folder)),
                "preadv": lambda _, path=path: read_raw(path),
            },
            scratch,
            rounds,
        )
        shutil.rmtree(folder)
        work = f"SEG {form}, {LABELS} labels, {len(labels)} slices"
        yield Row(work=work, against="raw writev", ours=seconds["ours"], theirs=seconds["raw"])
        yield Row(
            work=f"{work}, verified",
            against="raw writev",
            ours=seconds["verified"],
            theirs=seconds["raw"],
            goal=goal,
        )
        yield Row(
            work=f"read {work}",
            against="preadv",
            ours=seconds["read"],
            theirs=seconds["preadv"],
            goal=goal,
        )


def organ_rows(scratch: Path, labels: Array, rounds: int) -> Iterator[Row]:
    """Yield a folder of masks onto a CT, as one command."""
    masks, ct = scratch / "organs", scratch / "ct"
    save_masks(labels, ORGANS, masks)
    image = np.random.default_rng(0).integers(-1000, 1000, labels.shape).astype(np.int16)
    dcs.write(image, ct, kind="CT", spacing=SPACING, sync=False)
    work = f"{ORGANS} masks onto a CT of {len(labels)} slices"
    scripts = {"ours": OURS, "highdicom": HIGHDICOM, "in one": HIGHDICOM_IN_ONE}
    outs = {name: scratch / name for name in scripts}
    commands = {}
    for name, script in scripts.items():
        fresh = f"import shutil, sys; shutil.rmtree(sys.argv[2], ignore_errors=True)\n{script}"
        commands[name] = [sys.executable, "-c", fresh, str(masks), str(outs[name]), str(ct)]
    seconds = in_turns(commands, rounds)
    yield Row(
        work=work,
        against="highdicom alone",
        ours=seconds["ours"],
        theirs=seconds["highdicom"],
        faster=True,
        goal=5.0,
        note="whole processes; ours verified and fsynced",
    )
    yield Row(
        work=work,
        against="highdicom, masks in one label map",
        ours=seconds["ours"],
        theirs=seconds["in one"],
        faster=True,
        note="for masks that do not overlap",
    )
    peaks: dict[str, list[float]] = {}
    for name, script in scripts.items():
        shutil.rmtree(outs[name])
        peaks[name] = [peak_mib(script, str(masks), str(outs[name]), str(ct))]
    yield Row(
        work=f"peak memory, {work}",
        against="highdicom alone",
        unit="MiB",
        ours=peaks["ours"],
        theirs=peaks["highdicom"],
        goal=1.0,
    )


def memory_rows(scratch: Path, labels: Array, rounds: int) -> Iterator[Row]:
    """Yield the peak memory for four times the slices."""
    peaks: dict[int, list[float]] = {1: [], 4: []}
    for times, found in peaks.items():
        source, out = scratch / "labels.npy", scratch / "out"
        stored = np.lib.format.open_memmap(
            source, mode="w+", dtype="uint8", shape=(times * len(labels), *labels.shape[1:])
        )
        for index in range(times):
            stored[index * len(labels) : (index + 1) * len(labels)] = labels
        del stored
        for _ in range(rounds):
            found.append(peak_mib(OF_ARRAY, str(source), str(out)))
            shutil.rmtree(out)
        source.unlink()
    yield Row(
        work=f"peak memory, SEG of {4 * len(labels)} slices",
        against=f"{len(labels)} slices",
        unit="MiB",
        ours=peaks[4],
        theirs=peaks[1],
        goal=1.1,
    )


def rows(scratch: Path, *, rounds: int, slices: int = SLICES, size: int = SIZE) -> Iterator[Row]:
    """Yield all rows."""
    yield from array_rows(scratch, organs(LABELS, slices, size), rounds)
    labels = organs(ORGANS, slices, size)
    yield from organ_rows(scratch, labels, max(1, rounds // 2))
    yield from memory_rows(scratch, labels, max(1, rounds // 2))
