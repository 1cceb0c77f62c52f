"""Threads: results in order, few tasks under way, no further task after a failure."""

from __future__ import annotations

import threading
import time

import pytest

from dicomseries.errors import OptionError
from dicomseries.executors import run, worker_count


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_results_come_in_the_order_of_the_tasks(workers):
    def slow_at_first(task):
        time.sleep(0.02 if task == 0 else 0)
        return -task

    assert list(run(slow_at_first, range(20), workers=workers)) == [-task for task in range(20)]


def test_no_more_than_workers_and_one_are_begun_and_not_yet_taken():
    begun, taken, most = 0, 0, 0
    lock = threading.Lock()

    def work(task):
        nonlocal begun, most
        with lock:
            begun += 1
            most = max(most, begun - taken)
        return task

    for _ in run(work, range(50), workers=3):
        with lock:
            taken += 1
        time.sleep(0.001)
    assert most <= 3 + 1 + 1  # the one just handed out counts until it is taken


@pytest.mark.parametrize("workers", [1, 2])
def test_after_a_failure_no_further_task_begins(workers):
    begun = []

    def work(task):
        begun.append(task)
        if task == 3:
            message = "no"
            raise ArithmeticError(message)
        return task

    with pytest.raises(ArithmeticError):
        list(run(work, range(1000), workers=workers))
    assert len(begun) < 12


@pytest.mark.parametrize("workers", [0, -1, 1.5, True, "2"])
def test_a_number_of_workers_that_is_none_is_rejected(workers):
    with pytest.raises(OptionError):
        worker_count(workers)


def test_every_processor_works_by_default():
    assert worker_count(None) >= 1
