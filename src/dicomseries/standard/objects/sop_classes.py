"""UIDs of SOP classes (PS3.6 table A-1) that checks and readers tell apart."""

from __future__ import annotations

__all__ = [
    "CT",
    "ENHANCED_CT",
    "ENHANCED_MR",
    "LEGACY_ENHANCED_CT",
    "MR",
    "MULTIFRAME_SC_BIT",
    "MULTIFRAME_SC_BYTE",
    "MULTIFRAME_SC_COLOUR",
    "MULTIFRAME_SC_WORD",
    "NAMED_KINDS",
    "PARAMETRIC_MAP",
    "PT",
    "SC",
    "SEGMENTATION",
    "SINGLE_FRAME",
    "XRAY_3D",
]

CT = "1.2.840.10008.5.1.4.1.1.2"
ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"
LEGACY_ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"
PT = "1.2.840.10008.5.1.4.1.1.128"
SC = "1.2.840.10008.5.1.4.1.1.7"
MULTIFRAME_SC_BIT = "1.2.840.10008.5.1.4.1.1.7.1"
MULTIFRAME_SC_BYTE = "1.2.840.10008.5.1.4.1.1.7.2"
MULTIFRAME_SC_WORD = "1.2.840.10008.5.1.4.1.1.7.3"
MULTIFRAME_SC_COLOUR = "1.2.840.10008.5.1.4.1.1.7.4"
XRAY_3D = "1.2.840.10008.5.1.4.1.1.13.1.1"
PARAMETRIC_MAP = "1.2.840.10008.5.1.4.1.1.30"
SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"

SINGLE_FRAME = frozenset(
    {
        CT,
        MR,
        PT,
        SC,
        "1.2.840.10008.5.1.4.1.1.1",  # CR
        "1.2.840.10008.5.1.4.1.1.1.1",  # DX
        "1.2.840.10008.5.1.4.1.1.1.1.1",
        "1.2.840.10008.5.1.4.1.1.1.2",  # MG
        "1.2.840.10008.5.1.4.1.1.1.2.1",
        "1.2.840.10008.5.1.4.1.1.1.3",  # IO
        "1.2.840.10008.5.1.4.1.1.1.3.1",
        "1.2.840.10008.5.1.4.1.1.6",  # US (Retired)
        "1.2.840.10008.5.1.4.1.1.6.1",  # US
    }
)
"""Classes whose images have one frame (PS3.3 annex A)."""

NAMED_KINDS = {
    "1.2.840.10008.5.1.4.1.1.2": "CT",
    "1.2.840.10008.5.1.4.1.1.4": "MR",
    "1.2.840.10008.5.1.4.1.1.128": "PT",
    "1.2.840.10008.5.1.4.1.1.7": "SC",
    "1.2.840.10008.5.1.4.1.1.2.1": "EnhancedCT",
    "1.2.840.10008.5.1.4.1.1.4.1": "EnhancedMR",
    "1.2.840.10008.5.1.4.1.1.7.2": "MultiframeSC",
    "1.2.840.10008.5.1.4.1.1.7.3": "MultiframeSC",
    "1.2.840.10008.5.1.4.1.1.7.4": "MultiframeSC",
    "1.2.840.10008.5.1.4.1.1.13.1.1": "XRay3D",
    "1.2.840.10008.5.1.4.1.1.30": "ParametricMap",
    "1.2.840.10008.5.1.4.1.1.66.4": "Segmentation",
    "1.2.840.10008.5.1.4.1.1.66.7": "Segmentation",
}
"""SOP class → our name of it."""
