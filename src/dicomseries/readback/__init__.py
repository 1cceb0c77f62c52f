"""Files → instances, series and volumes: an independent reader that shares no code with the writer."""

from __future__ import annotations

from dicomseries.readback.files import read_instance
from dicomseries.readback.instance import Instance

__all__ = ["Instance", "read_instance"]
