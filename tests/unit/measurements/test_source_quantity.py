"""Quantity and unit of a source's values, from its headers alone."""

from __future__ import annotations

import numpy as np
import pytest

from dicomseries.derivation import SourceFrame, SourceSeries
from dicomseries.errors import OptionError
from dicomseries.geometry import Grid
from dicomseries.measurements import padding_limits, quantity_of
from dicomseries.standard.attributes.attribute import attribute

CLASSES = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "PT": "1.2.840.10008.5.1.4.1.1.128",
    "RTDOSE": "1.2.840.10008.5.1.4.1.1.481.2",
    "OT": "1.2.840.10008.5.1.4.1.1.30",
}


def source_of(modality, *shared, slices=()):
    """Return a source of two slices with these attributes."""
    frames = tuple(
        SourceFrame(
            sop_class_uid=CLASSES[modality],
            sop_instance_uid=f"1.3.{index}",
            position_lps=(0.0, 0.0, 2.0 * index),
            attributes=slices[index] if slices else (),
        )
        for index in range(2)
    )
    return SourceSeries(
        kind="ParametricMap" if modality == "OT" else modality,
        sop_class_uid=CLASSES[modality],
        modality=modality,
        study_uid="1",
        series_uid="2",
        frame_of_reference_uid="3",
        grid=Grid(shape=(2, 4, 5), spacing_mm=(1, 1, 2)),
        frames=frames,
        shared=tuple(sorted(shared, key=lambda member: member.tag)),
    )


def code(value, scheme, meaning):
    return (
        attribute("CodeValue", value),
        attribute("CodingSchemeDesignator", scheme),
        attribute("CodeMeaning", meaning),
    )


MAPPING = attribute(
    "RealWorldValueMappingSequence",
    (
        attribute("MeasurementUnitsCodeSequence", code("mm2/s", "UCUM", "mm2/s")),
        attribute(
            "QuantityDefinitionSequence",
            (
                attribute("ConceptNameCodeSequence", code("246205007", "SCT", "Quantity")),
                attribute("ConceptCodeSequence", code("113041", "DCM", "ADC")),
            ),
        ),
    ),
)
ORIGINAL = attribute("ImageType", "ORIGINAL", "PRIMARY", "M")
DERIVED = attribute("ImageType", "DERIVED", "SECONDARY", "ADC")


@pytest.mark.parametrize(
    ("source", "concept", "unit"),
    [
        (source_of("CT"), "112031", "[hnsf'U]"),
        (source_of("CT", attribute("RescaleType", "US")), "Pixel value", "1"),
        (source_of("PT", attribute("Units", "BQML")), "110821", "Bq/ml"),
        (
            source_of("PT", attribute("Units", "GML"), attribute("SUVType", "BW")),
            "126401",
            "g/ml{SUVbw}",
        ),
        (source_of("MR", ORIGINAL), "110852", "1"),
        (source_of("MR", DERIVED), "Pixel value", "1"),
        (source_of("RTDOSE", attribute("DoseUnits", "GY")), "128513", "Gy"),
        (source_of("RTDOSE", attribute("DoseUnits", "RELATIVE")), "Pixel value", "1"),
        (source_of("OT", MAPPING), "113041", "mm2/s"),
    ],
)
def test_quantity_and_unit_are_what_the_headers_say_and_no_more(source, concept, unit):
    quantity = quantity_of(source)
    assert concept in {quantity.concept.value, quantity.concept.meaning}
    assert quantity.unit.value == unit
    assert quantity.is_stated == (unit != "1")


def test_a_unit_of_the_user_counts_where_the_source_has_none():
    quantity = quantity_of(source_of("MR", ORIGINAL), "ms")
    assert (quantity.unit.value, quantity.concept.meaning) == ("ms", "Pixel value")
    assert quantity_of(source_of("CT"), "[hnsf'U]").unit.value == "[hnsf'U]"
    with pytest.raises(OptionError):
        quantity_of(source_of("CT"), "ms")


def test_padding_is_a_range_of_real_values_in_each_slice():
    shared = (
        attribute("PixelPaddingValue", 0, vr="US"),
        attribute("PixelPaddingRangeLimit", 2, vr="US"),
        attribute("RescaleIntercept", "-100"),
    )
    slices = [(attribute("RescaleSlope", "0.5"),), (attribute("RescaleSlope", "-2"),)]
    limits = padding_limits(source_of("CT", *shared, slices=slices))
    stored = np.array([[[0, 1, 2, 3]], [[0, 1, 2, 3]]])
    real = np.stack([stored[0] * 0.5 - 100, stored[1] * -2.0 - 100])
    assert limits.mask(real, 0).tolist() == [[[True, True, True, False]]] * 2
    assert limits.mask(real[1:], 1).tolist() == [[[True, True, True, False]]]
    assert padding_limits(source_of("CT")).mask(real, 0) is None
