"""Suffixes of BIDS: the kind of their images, or the reason against one."""

from __future__ import annotations

from collections.abc import Mapping

from dicomseries.batch.bids.bids_names import BidsName

__all__ = ["LABELS", "kind_of"]

_MR = frozenset(
    """
    T1w T2w PDw T2starw FLAIR inplaneT1 inplaneT2 PDT2 angio MEGRE MESE VFA IRT1 MP2RAGE MPM MTS
    MTR dwi sbref bold cbv noRF epi m0scan asl magnitude magnitude1 magnitude2
    """.split()  # noqa: SIM905 - a list of words
)
"""Suffixes of MR images that are weighted, or of magnitude (BIDS 1.11)."""

LABELS = frozenset({"dseg", "mask"})
"""Suffixes of label maps."""

_MAPS = frozenset(
    """
    T1map T2map T2starmap R1map R2map R2starmap PDmap MTRmap MTsat UNIT1 T1rho MWFmap MTVmap Chimap
    S0map M0map ADC FA colFA expADC trace fieldmap TB1map RB1map
    """.split()  # noqa: SIM905 - a list of words
)
_PHASES = frozenset({"phase", "phase1", "phase2", "phasediff"})
_OLD = frozenset({"T2star", "FLASH", "PD"})

_NO_MAP = (
    "a map of numbers, whose unit and kind only you know: write it as a job with kind"
    " ParametricMap and units"
)
_NO_PHASE = "a phase or part of complex values, whose scale BIDS does not state"
_NO_PROBABILITY = "probabilities: write it as a job with segmentation_type fractional"
_NO_OLD = "a suffix that is withdrawn from BIDS, because it names weighted images and maps"

_REASONS: Mapping[str, str] = {
    **dict.fromkeys(_MAPS, _NO_MAP),
    **dict.fromkeys(_PHASES, _NO_PHASE),
    **dict.fromkeys(_OLD, _NO_OLD),
    "probseg": _NO_PROBABILITY,
    "defacemask": "a mask that removed a face, not a finding in the image",
}


def kind_of(name: BidsName) -> tuple[str, str]:
    """Return the kind of an image, or the reason why it has none.

    Examples
    --------
    >>> from dicomseries.batch.bids.bids_names import parse_name
    >>> kind_of(parse_name("sub-01_T1w.nii.gz")), kind_of(parse_name("sub-01_pet.nii.gz"))
    (('MR', ''), ('PT', ''))
    >>> kind_of(parse_name("sub-01_part-phase_bold.nii.gz"))[1][:7]
    'a phase'
    """
    if name.suffix in _REASONS:
        return "", _REASONS[name.suffix]
    if name.entities.get("part", "mag") != "mag":
        return "", _NO_PHASE
    if name.suffix == "pet":
        return "PT", ""
    if name.suffix in _MR:
        return "MR", ""
    return "", f"the suffix {name.suffix} names no kind of image"
