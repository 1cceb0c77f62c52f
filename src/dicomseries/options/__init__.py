"""Options of a write, checked before the source is read."""

from dicomseries.options.mapping_files import MappingLike, load_mapping
from dicomseries.options.write_options import (
    MetadataLike,
    Progress,
    Request,
    make_request,
    target_of,
)

__all__ = [
    "MappingLike",
    "MetadataLike",
    "Progress",
    "Request",
    "load_mapping",
    "make_request",
    "target_of",
]
