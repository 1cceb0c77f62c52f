"""Golden cases of arrays: every kind × dtype and × codec, values, geometry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import dicomseries as dcs
from golden.inputs import AFFINE, array, labels
from golden.writers import KINDS, SEG, Case, marked, of_array

__all__ = ["codecs", "dtypes", "geometry", "values"]

DTYPES = (
    "bool",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "float16",
    "float32",
    "float64",
)
CODECS = {"rle": "RLE", "jpegls": "JPEG-LS", "j2k": "JPEG 2000", "htj2k": "HTJ2K", "jxl": "JPEG XL"}
CODEC_CASES = {
    "CT": ("int16", "float32"),
    "MR": ("uint16", "int8"),
    "PT": ("float32",),
    "SC": ("uint8", "uint16"),
    "EnhancedCT": ("int16",),
    "EnhancedMR": ("uint16",),
    "MultiframeSC": ("uint8", "uint16"),
    "XRay3D": ("uint16",),
    "ParametricMap": ("float32",),
    "Segmentation": ("uint8",),
}


def dtypes() -> Iterator[Case]:
    """Every kind with every dtype."""
    for kind in KINDS:
        packages = SEG if kind == "Segmentation" else ()
        for dtype in DTYPES:
            yield Case(
                name=f"dtypes: {kind} {dtype}",
                write=of_array(array(dtype), kind),
                packages=packages,
            )
        for dtype in ("uint8", "uint16"):
            yield Case(
                name=f"dtypes: {kind} {dtype} RGB",
                write=of_array(array(dtype, "zyxc"), kind, axes="zyxc"),
            )
    wide = array("int32", offset=60000)
    yield Case(name="dtypes: CT int32 with an offset", write=of_array(wide, "CT"))
    even = array("int32", step=2) * 40
    yield Case(name="dtypes: CT int32 with a divisor", write=of_array(even, "CT"))
    yield Case(name="dtypes: EnhancedMR int32 with a divisor", write=of_array(even, "EnhancedMR"))
    too_wide = array("int32").astype("int64") * 100_003
    yield Case(name="dtypes: CT int64 too wide", write=of_array(too_wide, "CT"))
    whole = array("int16").astype("float32")
    yield Case(name="dtypes: CT whole float32", write=of_array(whole, "CT"))
    yield Case(name="dtypes: MR constant float32", write=of_array(whole * 0 + 1.5, "MR"))
    big_endian = array("int16").astype(">i2")
    yield Case(name="dtypes: CT big-endian int16", write=of_array(big_endian, "CT"))


def codecs() -> Iterator[Case]:
    """Every kind with every codec."""
    for codec, label in CODECS.items():
        for kind, chosen in CODEC_CASES.items():
            packages = ("imagecodecs", *(SEG if kind == "Segmentation" else ()))
            for dtype in chosen:
                yield Case(
                    name=f"codecs: {kind} {dtype} {label}",
                    write=of_array(marked(kind, dtype), kind, compression=codec),
                    packages=packages,
                )
        for kind in ("SC", "MultiframeSC"):
            yield Case(
                name=f"codecs: {kind} uint8 RGB {label}",
                write=of_array(array("uint8", "zyxc"), kind, axes="zyxc", compression=codec),
                packages=("imagecodecs",),
            )
        yield Case(
            name=f"codecs: Segmentation labelmap {label}",
            write=of_array(
                labels(), "Segmentation", segmentation_type="labelmap", compression=codec
            ),
            packages=("imagecodecs", *SEG),
        )
    for codec in (dcs.Rle(), dcs.JpegLs(), dcs.Jpeg2000(), dcs.Htj2k(), dcs.JpegXl()):
        yield Case(
            name=f"codecs: CT int16 {type(codec).__name__}()",
            write=of_array(array("int16"), "CT", compression=codec),
            packages=("imagecodecs",),
        )


def values() -> Iterator[Case]:
    """Policies of values, NaN, limits, a promised range, units."""
    floats, integers = array("float32"), array("int16")
    holes = floats.copy()
    holes[0, 0, :2], holes[3, 5, 4] = np.nan, np.inf
    policies = {
        "Exact()": dcs.Exact(),
        "Rescale()": dcs.Rescale(),
        "Rescale(max_error=0.05)": dcs.Rescale(max_error=0.05),
        "Rescale(max_error=1e-9)": dcs.Rescale(max_error=1e-9),
        "Rescale(per_slice)": dcs.Rescale(per_slice=True),
        "Digits(1)": dcs.Digits(1),
        "Digits(-1)": dcs.Digits(-1),
        "Digits(9)": dcs.Digits(9),
        "Lossless()": dcs.Lossless(),
        "auto": "auto",
    }
    for name, policy in policies.items():
        for dtype, voxels in (("float32", floats), ("int16", integers)):
            yield _values(f"CT {dtype} {name}", voxels, values=policy)
    yield _values("MR float32 Digits(1)", floats, kind="MR", values=dcs.Digits(1))
    yield _values(
        "PT float32 per slice", abs(floats), kind="PT", values=dcs.Rescale(per_slice=True)
    )
    yield _values(
        "EnhancedMR per slice", floats, kind="EnhancedMR", values=policies["Rescale(per_slice)"]
    )
    yield _values(
        "XRay3D float64 Digits(1)", floats.astype("f8"), kind="XRay3D", values=dcs.Digits(1)
    )
    for kind in KINDS:
        yield _values(f"{kind} with NaN", holes, kind=kind)
    for kind in ("CT", "MR", "PT", "SC", "EnhancedCT", "ParametricMap"):
        yield _values(f"{kind} nan=0", holes, kind=kind, nan=0.0)
        yield _values(f"{kind} clip", floats, kind=kind, clip=(0.0, 600.5))
    yield _values("CT nan=-2000", holes, nan=-2000.0, values=dcs.Digits(1))
    yield _values("CT nan=0, clip", holes, nan=0.0, clip=(-100.0, 100.0))
    yield _values("CT int16 clip", integers, clip=(-200.5, 900.5))
    yield _values("CT int16 PixelPaddingValue", integers, metadata={"PixelPaddingValue": -2000})
    yield _values("CT value_range", floats, value_range=(-400.0, 1200.0))
    yield _values("CT value_range too small", floats, value_range=(0.0, 1.0))
    yield _values("CT int32 value_range", array("int32"), value_range=(-1000.0, 5000.0))
    yield _values("CT value_range, clip", floats, value_range=(0.0, 500.0), clip=(0.0, 500.0))
    yield _values("MR value_range", floats, kind="MR", value_range=(-400.0, 1200.0))
    for kind in ("CT", "MR", "PT", "EnhancedMR", "EnhancedCT", "XRay3D", "ParametricMap"):
        yield _values(f"{kind} units", abs(floats), kind=kind, units="mm2/s")
    yield _values("CT units HU", integers, metadata={"RescaleType": "HU"}, units="[hnsf'U]")
    yield _values("PT units CNTS", abs(floats), kind="PT", metadata={"Units": "CNTS"})
    window = {"WindowCenter": 40, "WindowWidth": 400, "WindowCenterWidthExplanation": "SOFT"}
    yield _values("CT window", integers, metadata=window)
    yield _values("CT 8-bit", array("uint8"), metadata={"RescaleType": "HU"})


def _values(name: str, voxels: Any, kind: str = "CT", **options: Any) -> Case:
    return Case(name=f"values: {name}", write=of_array(voxels, kind, **options))


def geometry() -> Iterator[Case]:
    """Axes, times, orientation, and every way to state a grid."""
    for axes in ("yx", "zyx", "xyz", "yzx", "zyxc", "xyzc", "czyx", "tzyx", "xyzt", "tzyxc"):
        for kind in ("CT", "SC", "EnhancedMR", "MultiframeSC", "ParametricMap"):
            dtype = "uint8" if "c" in axes else "uint16"
            yield _geometry(f"{kind} {axes}", array(dtype, axes), kind=kind, axes=axes)
    yield _geometry("CT axes not named", array("int16"))
    yield _geometry(
        "Segmentation xyz", labels().transpose(2, 1, 0), kind="Segmentation", axes="xyz"
    )
    series = array("int16", "tzyx")
    for kind in KINDS[:-1]:
        voxels = abs(array("uint8" if kind == "MultiframeSC" else "int16", "tzyx"))
        yield _geometry(f"{kind} times=2.5", voxels, kind=kind, axes="tzyx", times=2.5)
        yield _geometry(f"{kind} uneven times", voxels, kind=kind, axes="tzyx", times=[0, 1.5, 4])
        yield _geometry(f"{kind} split", voxels, kind=kind, axes="tzyx", times=2.5, split="time")
    yield _geometry("MR times without order", series, kind="MR", axes="tzyx", times=[0, 4, 1])
    yield _geometry("MR no times", series, kind="MR", axes="tzyx")
    yield _geometry("MR no times, split", series, kind="MR", axes="tzyx", split="time")
    yield _geometry("CT time_point", series, axes="tzyx", time_point=1)
    yield _geometry("CT time_point=-1", series, axes="tzyx", time_point=-1)
    yield _geometry("CT time_point of zyx", array("int16"), time_point=1)
    yield _geometry("CT split of zyx", array("int16"), split="time")
    for orient in ("as-is", "upright", "axial", "coronal", "sagittal"):
        yield _geometry(f"CT orient {orient}", array("int16"), orient=orient)
        yield _geometry(
            f"EnhancedMR orient {orient}", series, kind="EnhancedMR", axes="tzyx", orient=orient
        )
        yield _geometry(
            f"Segmentation orient {orient}", labels(), kind="Segmentation", orient=orient
        )
    flipped = AFFINE @ np.diag([1.0, 1, -1, 1])
    yield _geometry("CT slices against the normal", array("int16"), affine=flipped)
    yield _geometry("CT RAS", array("int16"), space="RAS")
    yield _geometry("CT sheared", array("int16"), affine=AFFINE + np.eye(4)[[1, 0, 2, 3]])
    plain: dict[str, Any] = {"affine": None, "space": None}
    yield _geometry("CT nothing stated", array("int16"), **plain)
    yield _geometry("SC nothing stated", array("uint8"), kind="SC", **plain)
    yield _geometry("MultiframeSC nothing stated", array("uint8"), kind="MultiframeSC", **plain)
    spacing = {**plain, "spacing": (2.5, 3.5, 4.5)}
    for kind in KINDS:
        voxels = marked(kind, "uint8")
        yield _geometry(f"{kind} spacing", voxels, kind=kind, **spacing)
    yield _geometry("CT spacing, origin", array("int16"), **spacing, origin=(1 / 3, -2 / 3, 1e-7))
    nine = (AFFINE[:3, :3] / (0.7, 0.9, 2.5)).ravel().tolist()
    yield _geometry("CT nine directions", array("int16"), **spacing, direction=nine)
    six = [*AFFINE[:3, 0] / 0.7, *AFFINE[:3, 1] / 0.9]
    yield _geometry("CT six directions", array("int16"), **spacing, direction=six)
    far = {**plain, "spacing": (1 / 3, 2 / 3, 1 / 7), "origin": (-12345.678901, 1e5 / 3, 1e-4 / 3)}
    yield _geometry("CT long decimals", array("int16"), **far)
    yield _geometry("MR one slice", array("int16", "yx")[None], kind="MR")
    yield _geometry("EnhancedCT one slice", array("int16", "yx")[None], kind="EnhancedCT")


def _geometry(name: str, voxels: Any, kind: str = "CT", **options: Any) -> Case:
    packages = SEG if kind == "Segmentation" else ()
    return Case(
        name=f"geometry: {name}", write=of_array(voxels, kind, **options), packages=packages
    )
