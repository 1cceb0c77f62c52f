"""Executors run a function on slabs: threads or a Dask cluster.

An executor is one small file with a record of one call: ``run``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

import numpy.typing as npt

from dicomseries.errors import OptionError
from dicomseries.executors.dask_cluster import DaskCluster, connected, is_client, run_on_cluster
from dicomseries.executors.threads import Threads, run, worker_count
from dicomseries.sources import FrameReader

__all__ = [
    "Bounds",
    "Executor",
    "SlabTask",
    "chosen_executor",
    "connected",
    "is_client",
    "run",
    "run_on_cluster",
    "worker_count",
]

Result = TypeVar("Result")
Bounds: TypeAlias = tuple[int, int]
"""First frame of a slab, and the one behind its last."""
SlabTask: TypeAlias = Callable[[npt.NDArray[Any], Bounds], Result]
"""A function of the voxels of a slab and its bounds."""


class Executor(Protocol):
    """Runs a task on slabs, several at a time."""

    @property
    def is_here(self) -> bool:
        """Whether slabs are read in this process."""

    @property
    def sharing(self) -> int:
        """Number of concurrent readers that share one memory."""

    def run(
        self, task: SlabTask[Result], slabs: FrameReader, all_bounds: Sequence[Bounds]
    ) -> Iterator[Result]:
        """Yield `task(slabs.read(*bounds), bounds)` of all bounds, in order.

        Few are under way at once.
        """


def chosen_executor(executor: Any, workers: int | None) -> Executor:
    """Return the executor: a client's cluster, else threads.

    Parameters
    ----------
    executor : distributed.Client or None
        Of a cluster that runs.
    workers : int or None
        Threads; every processor if not given.

    Raises
    ------
    OptionError
        If `executor` is something else, or `workers` is no number of threads or given besides a
        cluster.

    Examples
    --------
    >>> chosen_executor(None, 2)
    Threads(workers=2)
    """
    if executor is None:
        return Threads(workers=worker_count(workers))
    if not is_client(executor):
        raise OptionError(
            code="executor-unknown",
            where="executor",
            given=f"an object of type {type(executor).__module__}.{type(executor).__qualname__}",
            expected="None for threads of this process, or a dask.distributed.Client",
            remedy='Pass distributed.Client("tcp://scheduler:8786"), or leave it out.',
        )
    if workers is not None:
        raise OptionError(
            code="workers-of-cluster",
            where="workers",
            given=f"`workers={workers!r}` besides `executor=`",
            expected="one of the two: a cluster has the workers it has",
            remedy="Leave `workers=` out, and start the cluster with as many workers as you want.",
        )
    return DaskCluster(client=executor)
