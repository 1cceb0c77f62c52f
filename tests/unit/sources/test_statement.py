"""Statements of geometry in each format: none, a default, a scanner's or template's space."""

import nibabel
import numpy as np
import pydicom
import pytest
import SimpleITK
import tifffile
import xarray
import zarr

import dicomseries as dcs
from dicomseries.errors import GeometryError
from dicomseries.geometry import Grid
from dicomseries.sources import Volume, array_frames, open_picture, open_volume

ARRAY = np.arange(60, dtype="int16").reshape(3, 4, 5)
SCANNED = np.array([[0.7, 0, 0, -10], [0, 0.9, 0, 20], [0, 0, 2.5, 30], [0, 0, 0, 1.0]])
"""Affine in LPS mm."""


def sitk_image(spacing=None, origin=None):
    image = SimpleITK.GetImageFromArray(ARRAY)
    if spacing is not None:
        image.SetSpacing(spacing)
        image.SetOrigin(origin)
    return image


def nifti_image(affine, code):
    image = nibabel.Nifti1Image(ARRAY.T, affine)
    image.set_sform(affine, code=code)
    image.set_qform(affine, code=0)
    return image


def nifti_without_codes(zooms):
    image = nibabel.Nifti1Image(ARRAY.T, np.diag([*zooms, 1]))
    image.set_sform(None, code=0)
    image.set_qform(None, code=0)
    return image


def ras(affine):
    return np.diag([-1, -1, 1, 1]) @ affine


def nrrd(folder, *lines):
    head = [
        "NRRD0004",
        "type: short",
        "dimension: 3",
        "sizes: 5 4 3",
        "endian: little",
        "encoding: raw",
        *lines,
    ]
    path = folder / "a.nrrd"
    path.write_bytes("\n".join(head).encode() + b"\n\n" + ARRAY.tobytes())
    return path


def metaimage(folder, *lines):
    head = ["ObjectType = Image", "NDims = 3", "DimSize = 5 4 3", "ElementType = MET_SHORT", *lines]
    path = folder / "a.mha"
    path.write_bytes(
        "\n".join([*head, "ElementDataFile = LOCAL"]).encode() + b"\n" + ARRAY.tobytes()
    )
    return path


def tiff(folder, **options):
    path = folder / "a.tif"
    tifffile.imwrite(path, ARRAY, photometric="minisblack", **options)
    return path


def ngff(folder, unit=None, scale=(2.5, 0.9, 0.7)):
    group = zarr.open_group(folder / "a.zarr", mode="w", zarr_format=2)
    group.create_array("0", data=ARRAY)
    axes = [{"name": name, "type": "space", **({"unit": unit} if unit else {})} for name in "zyx"]
    steps = [{"type": "scale", "scale": list(scale)}]
    group.attrs["multiscales"] = [
        {"axes": axes, "datasets": [{"path": "0", "coordinateTransformations": steps}]}
    ]
    return folder / "a.zarr"


def xarray_of(coords=None, unit=None):
    data = xarray.DataArray(ARRAY, dims=("z", "y", "x"))
    if coords:
        data = data.assign_coords(dict(zip("zyx", coords, strict=True)))
        for name in "zyx" if unit else "":
            data[name].attrs["units"] = unit
    return data


STEPS = ([30, 32.5, 35], [20, 20.9, 21.8, 22.7], [-10, -9.3, -8.6, -7.9, -7.2])
PLACED = ("space: left-posterior-superior", "space directions: (.7,0,0) (0,.9,0) (0,0,2.5)")

NOTHING, DEFAULT, LENGTHS, PLACE, TEMPLATE = "nothing", "default", "lengths", "place", "template"
CASES = {
    "numpy": (lambda _: ARRAY, NOTHING),
    "numpy file": (lambda folder: np.save(folder / "a.npy", ARRAY) or folder / "a.npy", NOTHING),
    "SimpleITK, told nothing": (lambda _: sitk_image(), DEFAULT),
    "SimpleITK": (lambda _: sitk_image((0.7, 0.9, 2.5), (-10, 20, 30)), PLACE),
    "SimpleITK, isotropic 1 mm elsewhere": (lambda _: sitk_image((1, 1, 1), (-10, 20, 30)), PLACE),
    "nibabel, no affine": (lambda _: nibabel.Nifti1Image(ARRAY.T, None), NOTHING),
    "nibabel, identity": (lambda _: nibabel.Nifti1Image(ARRAY.T, np.eye(4)), DEFAULT),
    "nibabel, codes 0": (lambda _: nifti_without_codes((0.7, 0.9, 2.5)), LENGTHS),
    "nibabel, scanner": (lambda _: nifti_image(ras(SCANNED), 1), PLACE),
    "nibabel, aligned": (lambda _: nifti_image(ras(SCANNED), 2), PLACE),
    "nibabel, Talairach": (lambda _: nifti_image(ras(SCANNED), 3), TEMPLATE),
    "nibabel, MNI": (lambda _: nifti_image(ras(SCANNED), 4), TEMPLATE),
    "nibabel, other template": (lambda _: nifti_image(ras(SCANNED), 5), TEMPLATE),
    "Analyze": (lambda _: nibabel.AnalyzeImage(ARRAY.T, np.diag([0.7, 0.9, 2.5, 1])), LENGTHS),
    "MGH": (lambda _: nibabel.MGHImage(ARRAY.T, ras(SCANNED)), PLACE),
    "NRRD, nothing": (nrrd, NOTHING),
    "NRRD, spacings": (lambda folder: nrrd(folder, "spacings: .7 .9 2.5"), LENGTHS),
    "NRRD, space": (lambda folder: nrrd(folder, *PLACED, "space origin: (-10,20,30)"), PLACE),
    "MetaImage, nothing": (metaimage, NOTHING),
    "MetaImage, spacing": (lambda folder: metaimage(folder, "ElementSpacing = .7 .9 2.5"), LENGTHS),
    "MetaImage, ITK's default": (
        lambda folder: metaimage(
            folder,
            "TransformMatrix = 1 0 0 0 1 0 0 0 1",
            "Offset = 0 0 0",
            "ElementSpacing = 1 1 1",
        ),
        DEFAULT,
    ),
    "MetaImage": (
        lambda folder: metaimage(
            folder,
            "TransformMatrix = 1 0 0 0 1 0 0 0 1",
            "Offset = -10 20 30",
            "ElementSpacing = .7 .9 2.5",
        ),
        PLACE,
    ),
    "TIFF": (tiff, NOTHING),
    "TIFF, print resolution": (
        lambda folder: tiff(folder, resolution=(300, 300), resolutionunit="INCH"),
        NOTHING,
    ),
    "TIFF of ImageJ": (
        lambda folder: tiff(
            folder,
            imagej=True,
            resolution=(1 / 0.7, 1 / 0.9),
            metadata={"spacing": 2.5, "unit": "mm", "axes": "ZYX"},
        ),
        LENGTHS,
    ),
    "OME-NGFF": (lambda folder: ngff(folder, "millimeter"), LENGTHS),
    "OME-NGFF, no units": (ngff, LENGTHS),
    "xarray, no coordinates": (lambda _: xarray_of(), NOTHING),
    "xarray, indices": (lambda _: xarray_of([range(3), range(4), range(5)]), DEFAULT),
    "xarray, no units": (lambda _: xarray_of(STEPS), PLACE),
    "xarray": (lambda _: xarray_of(STEPS, "mm"), PLACE),
}


@pytest.fixture(params=CASES)
def case(request, tmp_path):
    make, stated = CASES[request.param]
    return make(tmp_path), stated


@pytest.fixture(scope="module")
def scan(tmp_path_factory):
    """Return a series on another grid than any of the sources."""
    folder = tmp_path_factory.mktemp("scan") / "ct"
    dcs.write(ARRAY, folder, kind="CT", affine=OBLIQUE, space="LPS", verify=False)
    return folder


OBLIQUE = np.array([[0.7, 0, 0, -11], [0, 0.9, 0, 22], [0, 0, 2.5, 33], [0, 0, 0, 1.0]])


def test_each_format_says_whether_it_states_a_geometry(case):
    source, stated = case
    if stated == NOTHING:
        with pytest.raises(GeometryError) as error:
            open_volume(source)
        assert error.value.code == "geometry-missing"
        assert not open_picture(source).grid.statement.has_place
        return
    statement = open_volume(source).grid.statement
    assert statement.is_placed_by_source == (stated in {PLACE, TEMPLATE})
    assert (statement.space == "template") == (stated == TEMPLATE)
    assert (statement.spacing == "default") == (stated == DEFAULT)


def test_what_is_not_stated_is_named_without_a_source_series(case):
    source, stated = case
    if stated == NOTHING:
        with pytest.raises(GeometryError):
            dcs.plan(source, kind="CT", metadata={"RescaleType": "HU"})
        return
    notes = dcs.plan(source, kind="CT", metadata={"RescaleType": "HU"}).advice
    expected = {
        DEFAULT: "probably nobody set",
        TEMPLATE: "not of a scanner",
        LENGTHS: "states no",
    }.get(stated)
    if expected is not None:
        assert any(expected in note for note in notes), notes


def test_a_result_stands_where_it_says_or_where_its_source_series_does(case, scan):
    source, stated = case
    if stated == TEMPLATE:
        with pytest.raises(GeometryError) as error:
            dcs.plan(source, like=scan)
        assert error.value.code == "space-of-template"
        assert (
            dcs.plan(source, like=scan, same_space=True).grid.origin_lps != OBLIQUE[:3, 3].tolist()
        )
        return
    plan = dcs.plan(source, like=scan)
    placed_by_series = stated != PLACE
    assert (plan.grid == dcs.read(scan).grid) == placed_by_series
    if stated in {DEFAULT, LENGTHS}:
        assert any("put on its grid" in note for note in plan.advice)


def test_another_shape_must_state_its_place(case, scan):
    source, stated = case
    if stated in {PLACE, TEMPLATE}:
        return
    volume = open_picture(source)
    part = np.asarray(volume.slabs.read(0, 2))
    grid = Grid(
        shape=part.shape, spacing_mm=volume.grid.spacing_mm, statement=volume.grid.statement
    )
    with pytest.raises(GeometryError) as error:
        dcs.plan(Volume(slabs=array_frames(part), grid=grid), like=scan)
    assert error.value.code in {"place-missing", "shape-of-another-grid"}
    assert error.value.remedy.startswith("Pass")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"spacing": (0.7, 0.9, 5)}, "place-missing"),
        ({"spacing": (0.7, 0.9, 5), "direction": np.eye(3)}, "place-missing"),
        ({"spacing": (0.7, 0.9, 5), "origin": (-11, 22, 33)}, None),
        ({"spacing": (0.7, 0.9, 2.5)}, None),
        ({"affine": OBLIQUE, "space": "LPS"}, None),
    ],
)
def test_no_origin_is_made_up_in_the_space_of_a_patient(scan, options, code):
    if code is None:
        assert dcs.plan(ARRAY, like=scan, **options).grid.origin_lps == (-11, 22, 33)
        return
    with pytest.raises(GeometryError) as error:
        dcs.plan(ARRAY, like=scan, **options)
    assert error.value.code == code


def test_two_dimensions_state_the_spacing_of_their_plane(tmp_path):
    image = SimpleITK.GetImageFromArray(ARRAY[0].astype("uint8"))
    image.SetSpacing((0.5, 0.25))
    with pytest.raises(GeometryError, match=r"0\.5 and 0\.25 mm in the plane"):
        open_volume(image)
    dcs.write(image, tmp_path / "sc", kind="SC")
    (path,) = (tmp_path / "sc").glob("*.dcm")
    written = pydicom.dcmread(path)
    assert written.PixelSpacing == [0.25, 0.5]
    assert "ImagePositionPatient" not in written
    assert dcs.plan(image, kind="CT", spacing=(0.5, 0.25, 3)).grid.spacing_mm == (0.5, 0.25, 3)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"spacing": (1, 1, [0, 2, 5])}, "esample"),
        (
            {
                "spacing": (1, 1, 2),
                "per_volume": {"ImagePositionPatient": [[0, 0, 0], [0, 0, 2], [0, 0, 5]]},
            },
            "esample",
        ),
    ],
)
def test_uneven_slices_are_rejected_as_uneven(options, word):
    with pytest.raises(dcs.DicomSeriesError) as error:
        dcs.plan(ARRAY, kind="CT", **options)
    assert "even" in str(error.value)
    assert word in str(error.value)
