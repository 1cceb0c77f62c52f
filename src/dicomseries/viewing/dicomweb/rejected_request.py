"""Error of a request that cannot be answered."""

from __future__ import annotations

__all__ = ["RejectedRequestError"]


class RejectedRequestError(Exception):
    """A wrong request, or a missing resource, with HTTP status.

    Examples
    --------
    >>> RejectedRequestError(404, "no such series").status
    404
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
