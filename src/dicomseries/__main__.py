"""``python -m dicomseries`` is the command ``dicomseries``."""

from __future__ import annotations

import sys

from dicomseries.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    sys.exit(main())
