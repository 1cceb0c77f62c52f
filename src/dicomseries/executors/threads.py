"""Threads of this process.

numpy and system calls release the interpreter lock.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import numpy.typing as npt

from dicomseries.errors import OptionError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.operating_system import usable_processors
from dicomseries.sources import FrameReader

__all__ = ["Threads", "run", "worker_count"]

Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Threads:
    """Threads of this process.

    Parameters
    ----------
    workers : int
        How many, 1 or more.

    Examples
    --------
    >>> import numpy as np
    >>> from dicomseries.sources import array_frames
    >>> frames = array_frames(np.zeros((5, 2, 3)))
    >>> list(Threads(workers=2).run(lambda slab, bounds: len(slab), frames, [(0, 3), (3, 5)]))
    [3, 2]
    """

    workers: int

    @property
    def is_here(self) -> bool:
        """True."""
        return True

    @property
    def sharing(self) -> int:
        """All of them."""
        return self.workers

    def run(
        self,
        task: Callable[[npt.NDArray[Any], tuple[int, int]], Result],
        slabs: FrameReader,
        all_bounds: Sequence[tuple[int, int]],
    ) -> Iterator[Result]:
        """Yield `task(slabs.read(*bounds), bounds)` of all bounds, in order."""
        if self.workers == 1 or len(all_bounds) == 1:
            for bounds in all_bounds:
                yield task(slabs.read(*bounds), bounds)
            return
        yield from run(
            lambda bounds: task(slabs.read(*bounds), bounds), all_bounds, workers=self.workers
        )


def run(
    function: Callable[[Task], Result], tasks: Iterable[Task], *, workers: int | None = None
) -> Iterator[Result]:
    """Yield `function(task)` of every task, in order.

    At most `workers` + 1 tasks are begun and not yet yielded, which bounds the memory. If one
    fails, or the caller stops early (Ctrl-C), no further task begins and those under way are waited
    for.

    Parameters
    ----------
    function : callable
        Called in a thread.
    tasks : iterable
        Consumed lazily.
    workers : int, optional
        Threads; the machine's processors if not given.

    Raises
    ------
    OptionError
        If `workers` is below 1.

    Examples
    --------
    >>> list(run(abs, [-1, 2, -3], workers=2))
    [1, 2, 3]
    """
    count = worker_count(workers)
    remaining = iter(tasks)
    first = list(itertools.islice(remaining, 2))
    if count == 1 or len(first) < 2:  # a single task needs no thread
        yield from map(function, itertools.chain(first, remaining))
        return
    with ThreadPoolExecutor(count, thread_name_prefix="dicomseries") as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for task in itertools.chain(first, remaining):
                waiting.append(pool.submit(function, task))
                if len(waiting) > count:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def worker_count(workers: Any) -> int:
    """Return the number of threads to use.

    Examples
    --------
    >>> worker_count(3)
    3
    """
    if workers is None:
        return usable_processors()
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise OptionError(
            code="workers-not-positive",
            where="workers",
            given=repr(workers),
            expected="a whole number of threads, 1 or more",
            remedy="Leave it out to use every processor.",
        )
    return workers
