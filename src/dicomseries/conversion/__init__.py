"""Names and sidecars of series that become files of other programs."""

from dicomseries.conversion.bids_sidecar import asl_context_table, sidecar
from dicomseries.conversion.name_pattern import NamePattern
from dicomseries.conversion.phase_encoding import GE_BLOCK, phase_encoding_record
from dicomseries.conversion.volume_parts import VolumePart, volume_parts

__all__ = [
    "GE_BLOCK",
    "NamePattern",
    "VolumePart",
    "asl_context_table",
    "phase_encoding_record",
    "sidecar",
    "volume_parts",
]
