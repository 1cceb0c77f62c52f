"""Golden cases of source series: segmentations and results of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import dicomseries as dcs
from golden.inputs import DEMANDED, FIXED, GRID, Inputs, array, labels
from golden.writers import SEG, Case, Write, again, derived, of_array, of_source

__all__ = ["result_options", "results", "segmentations"]

SEGMENTS = {
    "default": {"algorithm": "AUTOMATIC", "algorithm_name": "Net 2.1"},
    1: {"label": "Liver", "type": "Liver", "color": "#dd8265"},
    2: {"label": "Spleen", "type": ["78961009", "SCT", "Spleen"], "description": "without hilum"},
    7: {"label": "Lesion", "tracking_id": "lesion 1", "tracking_uid": "2.25.77"},
}


def segmentations() -> Iterator[Case]:
    """Both forms, every description of segments, on sources of every kind."""
    for form in ("binary", "labelmap"):
        for name, voxels in {
            "uint8": labels(),
            "uint16": labels("uint16") * 100,
            "int64": labels("int64"),
            "bool": labels("bool"),
            "empty": labels() * 0,
            "negative": labels("int8") - 1,
        }.items():
            yield _segmentation(f"{form} {name}", voxels, segmentation_type=form)
        described = {
            "names": {1: "Liver", 2: "Spleen"},
            "list": ["Liver", "Spleen"],
            "mapping": SEGMENTS,
            "unknown type": {1: {"label": "Liver", "type": "Livver"}},
        }
        for name, segments in described.items():
            yield _segmentation(
                f"{form} {name}", labels(), segmentation_type=form, segments=segments
            )
        over_time = np.stack([labels(), labels()[::-1], labels() * 2])
        for split in (None, "time"):
            yield _segmentation(
                f"{form} over time, split={split}",
                over_time,
                segmentation_type=form,
                axes="tzyx",
                split=split,
            )
        for source in SOURCES:
            yield Case(
                name=f"segmentations: {form} of {source}",
                write=of_source(
                    source,
                    _labels_of,
                    kind="Segmentation",
                    segments=SEGMENTS,
                    segmentation_type=form,
                ),
                packages=SEG,
            )
    yield _segmentation("multiple of 8 columns", np.pad(labels(), ((0, 0), (0, 0), (0, 3))))
    yield Case(
        name="segmentations: derive with a model",
        write=derived(
            "CT",
            lambda volume: volume.array > 500,
            kind="Segmentation",
            segments={1: "Bone"},
            model={"name": "BoneNet", "version": "2", "manufacturer": "ACME"},
            description="Bones",
        ),
        packages=SEG,
    )


def _segmentation(name: str, voxels: Any, **options: Any) -> Case:
    write = of_array(voxels, "Segmentation", **options)
    return Case(name=f"segmentations: {name}", write=write, packages=SEG)


def _labels_of(volume: Any) -> Any:
    shape = volume.shape[: len(volume.shape) - (volume.samples == 3)][-3:]
    voxels = np.zeros(shape, "uint8")
    voxels[:, 1:3, 2:4] = 1
    voxels[0, -2:, :2] = 2
    return voxels


SOURCES = {
    "CT": "CT",
    "CT of floats": "CT",
    "CT, private": "CT",
    "CT over time": "CT",
    "CT, RLE": "CT",
    "CT, one slice": "CT",
    "MR": "MR",
    "MR over time": "MR",
    "MR, diffusion": "MR",
    "PT": "PT",
    "PT over time": "PT",
    "SC": "SC",
    "SC, RGB": "SC",
    "SC without geometry": "SC",
    "EnhancedCT": "EnhancedCT",
    "EnhancedMR": "EnhancedMR",
    "EnhancedMR over time": "EnhancedMR",
    "EnhancedMR, diffusion": "EnhancedMR",
    "MultiframeSC": "MultiframeSC",
    "XRay3D": "XRay3D",
    "ParametricMap": "ParametricMap",
    "Segmentation": "Segmentation",
    "uneven CT": "CT",
    "CT with a gap": "CT",
    "CT compressed with loss": "CT",
    "pydicom CT_small": "CT",
    "pydicom MR_small": "MR",
    "pydicom US clip": "SC",
    "pydicom RTDOSE": "SC",
}
"""Source series and the kind to write them again."""


def results() -> Iterator[Case]:
    """Results of every source series, of the same kind and of others."""
    for source, kind in SOURCES.items():
        yield _result(f"same, {source}", source, lambda volume: volume.array)
        yield _result(f"floats, {source}", source, _floats)
        yield Case(
            name=f"results: {source} written again",
            write=again(source, kind=kind, metadata=DEMANDED.get(kind, {})),
        )
        yield Case(
            name=f"results: {source} derived as SC",
            write=derived(source, lambda volume: volume.array // 2, kind="SC"),
        )
        yield Case(
            name=f"results: {source} derived as EnhancedMR",
            write=derived(
                source,
                lambda volume: volume.array,
                kind="EnhancedMR",
                metadata=DEMANDED["EnhancedMR"],
            ),
        )
        yield Case(
            name=f"results: {source} derived as ParametricMap",
            write=derived(source, _floats, kind="ParametricMap", units="1"),
        )
    for source in ("uneven CT", "CT with a gap"):
        for kind in ("CT", "Segmentation", "SC"):
            voxels = labels()[1:] if source == "CT with a gap" else labels()
            yield _result(f"array as {kind}, {source}", source, voxels, kind=kind)
            yield _result(f"placed as {kind}, {source}", source, voxels, kind=kind, **GRID)
    for source in ("pydicom US clip", "pydicom RTDOSE"):
        yield _result(f"as SC, {source}", source, lambda volume: volume.array, kind="SC")


def result_options() -> Iterator[Case]:
    """Every option of a result: derivation, model, space, private attributes, series."""
    for source in ("CT", "MR", "PT", "EnhancedMR", "MR over time"):
        model = {"name": "Net", "version": "2.1", "manufacturer": "ACME"}
        for name, options in {
            "code": {"derivation": "113087"},
            "name": {"derivation": "smoothing"},
            "own code": {"derivation": ("7", "99ACME", "Bias field correction")},
            "unknown derivation": {"derivation": "smoothering"},
            "description": {"description": "Denoised"},
            "model": {"model": model},
            "another space": {"same_space": False},
            "same space": {"same_space": True},
            "left out": {"metadata": {"PatientSex": None, "SeriesNumber": 301}},
            "content UIDs": {"uid": "content", "now": None, "entropy": None},
            "split": {"split": "time"},
            "companion": {"companion": True},
            "every slope": {"values": dcs.Rescale(per_slice=True)},
            "as-is": {"orient": "as-is"},
            "coronal": {"orient": "coronal"},
        }.items():
            yield _result(f"{name}, {source}", source, _floats, **options)
        yield _result(
            f"cropped without a grid, {source}", source, lambda volume: _floats(volume)[..., 1:]
        )
        yield Case(name=f"results: every other slice, {source}", write=_part_of(source, step=2))
        yield Case(name=f"results: cropped, {source}", write=_part_of(source, first=1))
    for creators in ([], ["ACME LAB"], ["NOBODY"]):
        name = f"keep_private={creators}, CT"
        yield _result(name, "CT, private", _floats, keep_private=creators)
    yield _result("RLE, CT", "CT", _floats, compression="rle")
    for uid in ("2.25.2", "2.25.3", "2.25.4", None):
        voxels = abs(array("int16"))
        yield _result(f"series {uid}", "two series", voxels, series=uid)
    yield Case(
        name="results: NIfTI of the source's voxels",
        write=lambda inputs, out: dcs.write(
            inputs.file("NIfTI int16"), out, like=inputs.series("CT"), **FIXED
        ),
    )
    yield Case(
        name="results: NRRD of the source's voxels",
        write=lambda inputs, out: dcs.write(
            inputs.file("NRRD"), out, like=inputs.series("CT"), **FIXED
        ),
    )


def _floats(volume: Any) -> Any:
    return volume.array.astype("float32") * np.float32(0.75)


def _part_of(source: str, *, first: int = 0, step: int = 1) -> Write:
    """Return a writer of every `step`-th slice, without the `first` columns and rows."""

    def write(inputs: Inputs, out: Path) -> None:
        path = inputs.series(source)
        volume = dcs.read(path)
        affine = volume.grid.affine() @ np.diag([1.0, 1, step, 1])
        affine[:3, 3] = (volume.grid.affine() @ [first, first, 0, 1])[:3]
        voxels = _floats(volume)[..., ::step, first:, first:]
        axes = "tzyx"[-voxels.ndim :]
        dcs.write(voxels, out, like=path, affine=affine, space="LPS", axes=axes, **FIXED)

    return write


def _result(name: str, source: str, voxels: Any, **options: Any) -> Case:
    options = {key: value for key, value in {**FIXED, **options}.items() if value is not None}
    return Case(name=f"results: {name}", write=of_source(source, voxels, **options))
