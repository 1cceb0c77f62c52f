"""Why a request is not answered with what it asks for."""

from __future__ import annotations

__all__ = ["RefusedError"]


class RefusedError(Exception):
    """The request is wrong, or asks for what is not there; `status` is that of HTTP.

    Examples
    --------
    >>> RefusedError(404, "no such series").status
    404
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
