"""Slabs on a running Dask cluster.

The only module that imports `distributed`.

What the workers get is small: the path of a source that they can open, a store's own handle, or the
part of a Dask array's graph that makes one slab. Only what cannot be had there, an array in this
process, is sent slab by slab.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import itertools
import pickle
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from dicomseries.errors import DicomSeriesError, OptionError, WriteError, missing_package
from dicomseries.lazy_dataclass import dataclass
from dicomseries.sources import FrameReader

__all__ = ["DaskCluster", "connected", "is_client", "run_on_cluster"]

Task = TypeVar("Task")
Result = TypeVar("Result")
Bounds = tuple[int, int]
Index = tuple[slice, ...]
Over = Callable[[Any], FrameReader]
"""Makes a reader that cuts its frames out of another array."""

_DASK_SETTINGS = threading.Lock()
_RETRIES = 3
"""Times a task is begun again that failed for no reason of ours."""
_SENDABLE = 1 << 20
"""Bytes of a pickled source up to which it is a handle, and not the data."""
_SECONDS = 30
"""How long a scheduler may take to answer."""


def is_client(executor: object) -> bool:
    """Return whether `executor` is a client of distributed.

    Examples
    --------
    >>> is_client(print)
    False
    """
    return any(
        cls.__module__.startswith("distributed.") and cls.__name__ == "Client"
        for cls in type(executor).__mro__
    )


@contextlib.contextmanager
def connected(address: str | None) -> Iterator[Any]:
    """Give a client of the scheduler at `address`, or None.

    Raises
    ------
    MissingPackageError
        If distributed is not installed.
    OptionError
        If nothing answers there.

    Examples
    --------
    >>> with connected(None) as client:
    ...     print(client)
    None
    """
    if address is None:
        yield None
        return
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError as error:
        raise missing_package(extra="dask", where="--dask") from error
    try:
        client = distributed.Client(address, timeout=_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise OptionError(
            code="cluster-not-found",
            where="--dask",
            given=f"{address}: {error}",
            expected="the address of a Dask scheduler that runs, such as tcp://host:8786",
            remedy="Start one (dask scheduler, then dask worker ADDRESS on each machine), or "
            "leave --dask out.",
        ) from error
    with client:
        yield client


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DaskCluster:
    """The workers behind a client of distributed.

    If a worker is lost, others repeat its unfinished slabs, so `task` may be called twice for the
    same slab.

    Parameters
    ----------
    client : distributed.Client
        The workers must have this package and see the same files under the same paths.
    """

    client: Any

    @property
    def is_here(self) -> bool:
        """False."""
        return False

    @property
    def sharing(self) -> int:
        """1: workers share no memory."""
        return 1

    def run(
        self,
        task: Callable[[npt.NDArray[Any], Bounds], Result],
        slabs: FrameReader,
        all_bounds: Sequence[Bounds],
    ) -> Iterator[Result]:
        """Yield `task(slabs.read(*bounds), bounds)` of all bounds, in order.

        Two for each thread are under way at once.

        Raises
        ------
        WriteError
            If there is no worker, or workers were lost again and again.
        """
        limit = 2 * _threads(self.client)
        send = _sender(self.client, task, slabs)
        waiting: deque[Any] = deque()
        try:
            for bounds in all_bounds:
                waiting.append(send(bounds))
                if len(waiting) > limit:
                    yield _result(waiting.popleft())
            while waiting:
                yield _result(waiting.popleft())
        finally:
            if waiting:
                self.client.cancel(list(waiting))


def run_on_cluster(
    client: Any, function: Callable[[Task], Result], tasks: Iterable[Task]
) -> Iterator[tuple[Task, Result | WriteError]]:
    """Yield each task with its result, as they end.

    Two for each thread are under way at once. The task of a lost worker begins again elsewhere, so
    `function` may be called twice for it.

    Parameters
    ----------
    client : distributed.Client
        The workers.
    function : callable
        It and the tasks are pickled.
    tasks : iterable
        Consumed lazily.

    Yields
    ------
    task, result
        A `WriteError` as the result of a task whose workers were lost again and again.

    Raises
    ------
    WriteError
        If there is no worker, or the scheduler is lost.
    """
    distributed: Any = importlib.import_module("distributed")
    limit = 2 * _threads(client)
    remaining = iter(tasks)
    under_way: dict[str, Task] = {}
    ended = distributed.as_completed([], loop=client.loop)

    def submit(task: Task) -> None:
        future = client.submit(function, task, pure=False, retries=_RETRIES)
        under_way[future.key] = task
        ended.add(future)

    try:
        for task in itertools.islice(remaining, limit):
            submit(task)
        for future in ended:
            task = under_way.pop(future.key)
            if future.status in {"cancelled", "lost"}:
                raise WriteError(
                    code="cluster-lost",
                    where="executor",
                    given="a scheduler that is gone, or has dropped the work",
                    expected="a scheduler that stays until the work is done",
                    remedy="Start the cluster again, and go on with the same call.",
                )
            for following in itertools.islice(remaining, 1):
                submit(following)
            try:
                yield task, _result(future)
            except WriteError as error:
                yield task, error
    finally:
        if under_way:
            client.cancel(list(under_way), force=True)


def _threads(client: Any) -> int:
    threads = sum(client.nthreads().values())
    if threads:
        return int(threads)
    raise WriteError(
        code="cluster-without-workers",
        where="executor",
        given="a Dask scheduler without workers",
        expected="at least one worker",
        remedy="Start workers (dask worker ADDRESS) that have dicomseries and see the same files.",
    )


def _result(future: Any) -> Any:
    try:
        return future.result()
    except (DicomSeriesError, MemoryError):
        raise
    except Exception as error:
        if type(error).__module__.partition(".")[0] != "distributed":
            raise
        raise WriteError(
            code="workers-lost",
            where="executor",
            given=f"{type(error).__name__}: {error}",
            expected="workers that finish their slabs",
            remedy="Look at the workers' logs: they ran out of memory, or cannot import "
            "dicomseries.",
        ) from error


def _sender(
    client: Any, task: Callable[[npt.NDArray[Any], Bounds], Any], slabs: FrameReader
) -> Callable[[Bounds], Any]:
    """Return a function that sends a slab to a worker."""
    if slabs.graph is not None and slabs.over is not None:
        return partial(_send_graph, client, task, slabs.graph, slabs.over)
    if _is_handle(slabs):
        return lambda bounds: client.submit(
            _read_there, task, slabs, bounds, pure=False, retries=_RETRIES
        )
    return lambda bounds: _send_data(client, task, slabs.read(*bounds), bounds)


def _read_there(
    task: Callable[[npt.NDArray[Any], Bounds], Any], slabs: FrameReader, bounds: Bounds
) -> Any:
    return task(slabs.read(*bounds), bounds)


def _send_data(client: Any, task: Any, slab: npt.NDArray[Any], bounds: Bounds) -> Any:
    import dask

    # The data are in the task: scattered to one worker they would be lost with it. Few are
    # under way at once. The setting is that of the process: the lock lets each thread restore it.
    with (
        _DASK_SETTINGS,
        dask.config.set(
            {"distributed.admin.large-graph-warning-threshold": slab.nbytes + _SENDABLE}
        ),
    ):
        return client.submit(task, slab, bounds, pure=False, retries=_RETRIES)


# --- Dask arrays keep their own graph -------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Recorder:
    """A placeholder of a Dask array that records indices."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    indices: list[Index]

    def __getitem__(self, index: Index) -> npt.NDArray[Any]:
        self.indices.append(index)
        sizes = []
        for part, size in zip(index, self.shape, strict=True):
            sizes.append(len(range(*part.indices(size))))
        return np.broadcast_to(np.zeros((), self.dtype), sizes)


@dataclass(frozen=True, slots=True, eq=False)
class _Blocks:
    """A placeholder of a Dask array with computed blocks."""

    blocks: list[npt.NDArray[Any]]

    def __getitem__(self, _: Index) -> npt.NDArray[Any]:
        return self.blocks.pop(0)


def _send_graph(client: Any, task: Any, array: Any, over: Over, bounds: Bounds) -> Any:
    """Have the blocks of one slab computed by a worker."""
    import dask

    recorder = _Recorder(tuple(array.shape), np.dtype(array.dtype), [])
    over(recorder).read(*bounds)
    blocks = [array[index] for index in recorder.indices]
    there = partial(_run_on_blocks, task, over, bounds)
    return client.compute(
        dask.delayed(there, pure=False, traverse=False)(*blocks), retries=_RETRIES
    )


def _run_on_blocks(task: Any, over: Over, bounds: Bounds, *blocks: npt.NDArray[Any]) -> Any:
    return task(over(_Blocks(list(blocks))).read(*bounds), bounds)


# --- whether a source can be opened elsewhere -----------------------------------------------------


class _TooLarge(Exception):  # noqa: N818 - no error: a question answered
    """A pickle is too large for a handle."""


class _Limited(io.RawIOBase):
    """Takes a few bytes, and throws them away."""

    def __init__(self) -> None:
        self._left = _SENDABLE

    def writable(self) -> bool:
        """It is written to."""
        return True

    def write(self, data: Any) -> int:
        """Count the bytes."""
        size = memoryview(data).nbytes
        self._left -= size
        if self._left < 0:
            raise _TooLarge
        return size


def _is_handle(slabs: FrameReader) -> bool:
    """Return whether pickled slabs are small, and hold no array."""

    def reject(_: Any) -> bool:
        raise _TooLarge

    try:
        pickle.Pickler(_Limited(), protocol=5, buffer_callback=reject).dump(slabs)
    except Exception:  # noqa: BLE001 - a source that cannot be pickled is read here
        return False
    return True
