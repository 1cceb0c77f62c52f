"""Make the tables in src/dicomseries/standard/data from those that highdicom ships.

Run it with highdicom installed: ``python tools/make_standard_tables.py``. A second run changes
nothing. ``terms.json`` is not made here: no package has the terms of PS3.3 as data.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydicom._dicom_dict import DicomDictionary, RepeatersDictionary
from table_files import write_table

FOLDER = Path(__file__).parents[1] / "src" / "dicomseries" / "standard" / "data"

OBJECTS = {
    "1.2.840.10008.5.1.4.1.1.2": "CT Image Storage",
    "1.2.840.10008.5.1.4.1.1.4": "MR Image Storage",
    "1.2.840.10008.5.1.4.1.1.128": "Positron Emission Tomography Image Storage",
    "1.2.840.10008.5.1.4.1.1.7": "Secondary Capture Image Storage",
    "1.2.840.10008.5.1.4.1.1.2.1": "Enhanced CT Image Storage",
    "1.2.840.10008.5.1.4.1.1.4.1": "Enhanced MR Image Storage",
    "1.2.840.10008.5.1.4.1.1.7.2": "Multi-frame Grayscale Byte Secondary Capture Image Storage",
    "1.2.840.10008.5.1.4.1.1.7.3": "Multi-frame Grayscale Word Secondary Capture Image Storage",
    "1.2.840.10008.5.1.4.1.1.7.4": "Multi-frame True Color Secondary Capture Image Storage",
    "1.2.840.10008.5.1.4.1.1.13.1.1": "X-Ray 3D Angiographic Image Storage",
    "1.2.840.10008.5.1.4.1.1.30": "Parametric Map Storage",
    "1.2.840.10008.5.1.4.1.1.66.4": "Segmentation Storage",
    "1.2.840.10008.5.1.4.1.1.66.7": "Label Map Segmentation Storage",
}
"""SOP classes that this package writes: UID → name."""
GROUPS = "multi-frame-functional-groups"
PER_FRAME = "PerFrameFunctionalGroupsSequence"
PIXELS = frozenset(
    {
        "image-pixel",
        "nm-image-pixel",
        "floating-point-image-pixel",
        "double-floating-point-image-pixel",
    }
)
OPTIONAL_PLANE = (
    "multi-frame-",
    "enhanced-us-volume",
    "photoacoustic-image",
    "height-map-segmentation",
    "ophthalmic-",
    "enhanced-rt-image",
)
"""First parts of the names of objects whose plane position is an optional functional group."""
MISSING_CLASSES = {
    "none": (
        "1.2.840.10008.5.1.1.29",
        "1.2.840.10008.5.1.1.30",
        "1.2.840.10008.5.1.4.1.1.3",
        "1.2.840.10008.5.1.4.1.1.5",
        "1.2.840.10008.5.1.4.1.1.6",
        "1.2.840.10008.5.1.4.1.1.12.3",
        "1.2.840.10008.5.1.4.1.1.77.1",
        "1.2.840.10008.5.1.4.1.1.77.2",
    ),
    "no-pixels": (
        "1.2.840.10008.1.20.1",
        "1.2.840.10008.1.20.2",
        "1.2.840.10008.5.1.1.27",
        "1.2.840.10008.5.1.4.1.1.8",
        "1.2.840.10008.5.1.4.1.1.9",
        "1.2.840.10008.5.1.4.1.1.9.1",
        "1.2.840.10008.5.1.4.1.1.10",
        "1.2.840.10008.5.1.4.1.1.11",
        "1.2.840.10008.5.1.4.1.1.88.1",
        "1.2.840.10008.5.1.4.1.1.88.2",
        "1.2.840.10008.5.1.4.1.1.88.3",
        "1.2.840.10008.5.1.4.1.1.88.4",
        "1.2.840.10008.5.1.4.1.1.129",
        "1.2.840.10008.5.1.4.1.1.501.3",
        "1.2.840.10008.5.1.4.34.1",
    ),
    "optional": (
        "1.2.840.10008.5.1.4.1.1.501.1",
        "1.2.840.10008.5.1.4.1.1.501.2.1",
        "1.2.840.10008.5.1.4.1.1.501.2.2",
        "1.2.840.10008.5.1.4.1.1.501.4",
        "1.2.840.10008.5.1.4.1.1.501.5",
        "1.2.840.10008.5.1.4.1.1.501.6",
        "1.2.840.10008.5.1.4.1.1.601.1",
        "1.2.840.10008.5.1.4.1.1.601.2",
    ),
}
"""Classes that highdicom does not list: retired ones, and those of DICOS and DICONDE."""

Rows = list[dict[str, Any]]


def main() -> None:
    """Write the four tables."""
    modules = table("module_attribute_map.json")
    names = table("sop_class_iod_map.json")
    iods = table("iod_module_map.json")
    source = f"highdicom {version('highdicom')} (edition 2026b of DICOM)"
    objects = {uid: iods[names[uid]] for uid in OBJECTS}
    made_by = {"source": source, "made by": "tools/make_standard_tables.py"}
    write_table(FOLDER / "modules.json", made_by | module_table(objects, modules))
    write_table(FOLDER / "functional_groups.json", made_by | group_table(objects, modules))
    write_table(FOLDER / "image_planes.json", made_by | plane_table(names, iods, modules))
    write_table(FOLDER / "body_parts.json", made_by | body_part_table())
    write_table(FOLDER / "dictionary.json", dictionary_table())


def table(name: str) -> Any:
    """Return one of highdicom's tables."""
    return json.loads((files("highdicom") / "_standard" / name).read_text(encoding="utf-8"))


def module_table(objects: dict[str, Rows], modules: dict[str, Rows]) -> dict[str, Any]:
    """Return the modules of objects, and attributes of modules."""
    usages = {uid: {row["key"]: row["usage"] for row in rows} for uid, rows in objects.items()}
    attributes = {}
    for key in dict.fromkeys(key for usage in usages.values() for key in usage):
        rows = modules[key]
        if key.endswith(GROUPS):  # the items of functional groups have a table of their own
            rows = [row for row in rows if not row["path"]]
        attributes[key] = tree_of(rows)
    return {"objects": usages, "modules": attributes}


def group_table(objects: dict[str, Rows], modules: dict[str, Rows]) -> dict[str, Any]:
    """Return the functional groups of objects, and their attributes.

    A group whose attributes differ in one object is listed for that object a second time.
    """
    groups_of: dict[str, list[str]] = {}
    attributes: dict[str, Any] = {}
    differing: dict[str, dict[str, Any]] = {}
    for uid, iod in objects.items():
        key = next((row["key"] for row in iod if row["key"].endswith(GROUPS)), None)
        if key is None:
            continue
        rows = [row for row in modules[key] if row["path"][:1] == [PER_FRAME]]
        groups_of[uid] = sorted({row["keyword"] for row in rows if len(row["path"]) == 1})
        for group in groups_of[uid]:
            inside = [row for row in rows if row["path"][1:2] == [group]]
            tree = tree_of([{**row, "path": row["path"][2:]} for row in inside])
            if attributes.setdefault(group, tree) != tree:
                differing.setdefault(uid, {})[group] = tree
    return {
        "objects": groups_of,
        "groups": dict(sorted(attributes.items())),
        "groups that differ in an object": differing,
    }


def tree_of(rows: Rows) -> dict[str, Any]:
    """Return rows as keyword → type or [type, items].

    Items keep only Types 1 and 2 and the sequences that lead to them. EquivalentCodeSequence is
    left out: every code may repeat itself there. Of repeated rows the strictest type counts.
    """
    types: dict[tuple[str, ...], str] = {}
    for row in rows:
        path = (*row["path"], row["keyword"])
        types[path] = min(row["type"], types.get(path, "9"))
    tree: dict[str, Any] = {}
    for path, kind in types.items():
        if len(path) > 1 and (kind not in {"1", "2"} or "EquivalentCodeSequence" in path):
            continue
        items = tree
        for depth, keyword in enumerate(path[:-1], start=1):
            entry = items.setdefault(keyword, types[path[:depth]])
            if isinstance(entry, str):
                entry = items[keyword] = [entry, {}]
            items = entry[1]
        items.setdefault(path[-1], kind)
    return tree


def plane_table(names: dict[str, str], iods: dict[str, Rows], modules: Any) -> dict[str, Any]:
    """Return the place of the image plane by SOP class."""
    planes = {uid: plane_of(iod, iods[iod], modules) for uid, iod in names.items()}
    for plane, uids in MISSING_CLASSES.items():
        planes |= dict.fromkeys(uids, plane)
    return {"planes": dict(sorted(planes.items()))}


def plane_of(iod: str, modules: Rows, attributes: dict[str, Rows]) -> str:
    """Return the place of an object's image plane."""
    usage = {row["key"]: row["usage"] for row in modules}
    if PIXELS.isdisjoint(usage):
        return "no-pixels"
    groups = [attributes.get(key, []) for key in usage if key.endswith(GROUPS)]
    if any(row["keyword"] == "PlanePositionSequence" for rows in groups for row in rows):
        return "optional" if iod.startswith(OPTIONAL_PLANE) else "frames"
    by_usage = {"M": "slices", "C": "optional", "U": "optional"}
    return by_usage.get(usage.get("image-plane", ""), "none")


def body_part_table() -> dict[str, Any]:
    """Return BodyPartExamined with region codes (PS3.16 table L-1)."""
    regions = table("anatomic_regions.json")
    return {
        "body parts": {
            word: {"code": code, "meaning": meaning, "paired": is_paired}
            for word, (_, code, meaning, is_paired) in sorted(regions.items())
        }
    }


def dictionary_table() -> dict[str, Any]:
    """Return the data dictionary of pydicom: tag → "VR|VM|keyword"."""
    return {
        "source": f"pydicom {version('pydicom')}",
        "made by": "tools/make_standard_tables.py",
        "attributes": {f"{tag:08X}": line(entry) for tag, entry in DicomDictionary.items()},
        "repeating": {tag: line(entry) for tag, entry in RepeatersDictionary.items()},
    }


def line(entry: tuple[str, ...]) -> str:
    """Return VR, VM and keyword of an entry of pydicom's dictionary."""
    vr, vm, _, _, keyword = entry
    return f"{vr}|{vm}|{keyword}"


if __name__ == "__main__":
    main()
