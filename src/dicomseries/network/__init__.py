"""Archives (PACS) on the network: send, find and fetch instances.

A peer is a class with the calls of `Peer`: one for DIMSE, one for DICOMweb. Files are sent and
stored byte by byte; nothing is encoded here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomseries.lazy_exports import export_lazily

if TYPE_CHECKING:
    from dicomseries.network.fetched_series import fetched_series
    from dicomseries.network.named_series import NamedSeries, url_of_series
    from dicomseries.network.peer import (
        Commitment,
        InstanceFile,
        InstanceStatus,
        Level,
        Peer,
        Transcode,
    )
    from dicomseries.network.peer_urls import is_peer_url, open_peer, shown_url

__all__ = [
    "Commitment",
    "InstanceFile",
    "InstanceStatus",
    "Level",
    "NamedSeries",
    "Peer",
    "Transcode",
    "fetched_series",
    "is_peer_url",
    "open_peer",
    "shown_url",
    "url_of_series",
]

export_lazily(
    __name__,
    {
        "dicomseries.network.fetched_series": ("fetched_series",),
        "dicomseries.network.named_series": ("NamedSeries", "url_of_series"),
        "dicomseries.network.peer_urls": ("is_peer_url", "open_peer", "shown_url"),
        "dicomseries.network.peer": (
            "Commitment",
            "InstanceFile",
            "InstanceStatus",
            "Level",
            "Peer",
            "Transcode",
        ),
    },
)
