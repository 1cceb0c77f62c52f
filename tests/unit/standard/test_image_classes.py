"""Every storage class of pydicom is in the table of image classes."""

from __future__ import annotations

import pytest
from pydicom import uid

from dicomseries.standard.objects.image_classes import image_class

STORAGE = {
    number: entry[0]
    for number, entry in uid.UID_dictionary.items()
    if entry[1] == "SOP Class" and "Storage" in entry[0]
}
NO_PIXELS = (
    "SR",
    "ECG",
    "Waveform",
    "Presentation State",
    "Raw Data",
    "RT Plan",
    "Structure Set",
    "Encapsulated",
)
NO_PLANE = (
    "Computed Radiography",
    "Digital X-Ray",
    "Mammography X-Ray",
    "Angiographic Image",
    "Ultrasound Image",
    "Nuclear",
)


def test_every_storage_class_is_in_the_table():
    lacking = [name for number, name in STORAGE.items() if image_class(number).plane == "unknown"]
    assert lacking == []


@pytest.mark.parametrize("word", NO_PIXELS)
def test_reports_structures_and_waveforms_hold_no_pixels(word):
    chosen = [number for number, name in STORAGE.items() if word in name.split(" - ")[0]]
    assert chosen
    assert not any(image_class(number).has_pixels for number in chosen)


@pytest.mark.parametrize("word", NO_PLANE)
def test_radiographs_ultrasound_and_nuclear_images_have_pixels_and_no_plane(word):
    chosen = [
        number
        for number, name in STORAGE.items()
        if word in name and "3D" not in name and "DICOS" not in name
    ]
    assert chosen
    assert {image_class(number).plane for number in chosen} == {"none"}


def test_tomographic_images_have_a_plane():
    named = {name: number for number, name in STORAGE.items()}
    for name in ("CT", "MR", "Enhanced CT", "Enhanced MR", "Enhanced PET"):
        assert image_class(named[f"{name} Image Storage"]).has_plane
    assert image_class(named["Positron Emission Tomography Image Storage"]).has_plane
    assert image_class(named["Secondary Capture Image Storage"]).plane == "optional"
