"""Who does the work: each executor runs slab tasks and knows nothing else."""

from __future__ import annotations

from dicomseries.executors.threads import run, worker_count

__all__ = ["run", "worker_count"]
