"""Receipts as text, plain values and HTML."""

from __future__ import annotations

from dicomseries.reports.receipt import Receipt

__all__ = ["Receipt"]
