"""Contributors to a result: scanner, programs and model; their place in listings."""

from __future__ import annotations

import pytest

from dicomseries.derivation import Model, SourceFrame, SourceSeries, inherit, match
from dicomseries.geometry import Grid
from dicomseries.iod import MR
from dicomseries.standard.attributes.attribute import attribute, tag_of


def source_of(*shared) -> SourceSeries:
    """A source of one slice that says this."""
    frame = SourceFrame(
        sop_class_uid=MR.sop_class_uid, sop_instance_uid="2.25.9", position_lps=(0.0, 0.0, 0.0)
    )
    return SourceSeries(
        kind="MR",
        sop_class_uid=MR.sop_class_uid,
        modality="MR",
        study_uid="2.25.1",
        series_uid="2.25.2",
        frame_of_reference_uid="2.25.3",
        grid=Grid(shape=(1, 4, 5), spacing_mm=(1.0, 2.0, 3.0)),
        frames=(frame,),
        shared=shared,
    )


def inherited(source, **options):
    return inherit(source, match(source, source.grid), kind=MR, **options)


def values(found, keyword):
    own = found.metadata.get(keyword)
    return None if own is None else own.values


SCANNER = (
    attribute("Manufacturer", "ACME"),
    attribute("ManufacturerModelName", "Scan-o-matic"),
    attribute("SoftwareVersions", "1.0", "2.0"),
    attribute("StationName", "CT01"),
)


def chain(found):
    """Purpose, manufacturer and model name of each item."""
    told = []
    for item in found.metadata.get("ContributingEquipmentSequence").values:
        by = {one.keyword: one.values for one in item}
        code = {one.keyword: one.values for one in by["PurposeOfReferenceCodeSequence"][0]}
        told.append(
            (code["CodeValue"][0], by["Manufacturer"][0], by.get("ManufacturerModelName", ("",))[0])
        )
        assert [tag_of(one.keyword) for one in item] == sorted(tag_of(one.keyword) for one in item)
    return told


def test_scanner_model_and_program_are_in_the_chain_of_equipment():
    model = Model(name="DenoiseNet", version="2.1")
    found = inherited(
        source_of(*SCANNER), model=model, software="dicomseries 0.1.0", description="Denoised"
    )
    assert chain(found) == [
        ("109101", "ACME", "Scan-o-matic"),
        ("109102", "UNKNOWN", "DenoiseNet"),
        ("109102", "dicomseries", "dicomseries"),
    ]
    assert "Manufacturer" not in found.metadata.keywords
    assert values(found, "SeriesDescription") == ("Denoised (DenoiseNet 2.1)",)


def test_a_result_of_a_result_names_the_scanner_once_and_each_step():
    first = inherited(source_of(*SCANNER), software="dicomseries 0.1.0")
    ours = (
        attribute("Manufacturer", "dicomseries"),
        attribute("SoftwareVersions", "dicomseries 0.1.0"),
    )
    source = source_of(first.metadata.get("ContributingEquipmentSequence"), *ours)
    second = inherited(source, software="dicomseries 0.2.0")
    assert [code for code, *_ in chain(second)] == ["109101", "109102", "109102"]


def test_a_program_is_no_scanner_even_where_no_scanner_is_named():
    found = inherited(
        source_of(attribute("Manufacturer", "dicomseries")), software="dicomseries 0.1.0"
    )
    assert [code for code, *_ in chain(found)] == ["109102", "109102"]


def test_equipment_of_no_known_maker_is_named_all_the_same():
    found = inherited(source_of(attribute("Manufacturer"), attribute("StationName", "CT01")))
    assert chain(found)[0][:2] == ("109101", "UNKNOWN")


@pytest.mark.parametrize("text", ["x" * 64, "Ganzkörper " * 5])
def test_a_long_description_of_the_source_makes_room_for_what_was_done(text):
    found = inherited(source_of(attribute("SeriesDescription", text)))
    (said,) = values(found, "SeriesDescription")
    assert said.endswith(" (derived)")
    assert len(said) <= 64


def test_a_series_without_a_description_is_described_by_what_was_done():
    assert values(inherited(source_of()), "SeriesDescription") == ("Derived",)
    assert values(
        inherited(source_of(), model=Model(name="Net", version="2")), "SeriesDescription"
    ) == ("Net 2",)


def test_a_model_without_a_name_is_rejected():
    with pytest.raises(ValueError, match="name"):
        Model(name=" ")
