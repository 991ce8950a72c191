"""The budget: asked before, never exceeded, by several runs neither."""

from __future__ import annotations

import contextlib
import threading

import pytest

from bot.errors import Deferred
from bot.sources.budget import Budget, Limit


def test_without_limits_there_is_always_enough() -> None:
    budget = Budget()
    assert budget.take(100) == 100
    budget.give_back(40)
    assert budget.spent == 60


def test_the_tightest_limit_counts_and_names_itself() -> None:
    budget = Budget([Limit("--max-reads", 150), Limit("x.monthly_reads", 20_000, used=19_880)])
    assert budget.take(100) == 100
    assert budget.take(100) == 20
    with pytest.raises(Deferred, match=r"20,000 of x.monthly_reads 20,000"):
        budget.take(100)


def test_less_than_a_request_needs_is_not_taken() -> None:
    budget = Budget([Limit("--max-reads", 4)])
    with pytest.raises(Deferred, match=r"0 of --max-reads 4"):
        budget.take(100, least=5)
    assert budget.spent == 0


def test_what_was_not_billed_can_be_taken_again() -> None:
    budget = Budget([Limit("--max-reads", 100)])
    budget.take(100)
    budget.give_back(70)
    assert budget.take(100) == 70


def test_the_ledger_counts_reads_before_they_are_used() -> None:
    told: list[int] = []
    budget = Budget(record=lambda reads: told.append(reads) or sum(told))  # type: ignore[func-returns-value]
    budget.take(10)
    budget.give_back(3)
    assert told == [10, -3]


def test_runs_at_once_never_exceed_a_shared_limit() -> None:
    ledger: list[int] = []
    lock = threading.Lock()

    def record(reads: int) -> int:
        with lock:
            ledger.append(reads)
            return sum(ledger)

    def run() -> None:
        budget = Budget([Limit("x.monthly_reads", 1_000, shared=True)], record)
        with contextlib.suppress(Deferred):
            while True:
                taken.append(budget.take(7))

    taken: list[int] = []
    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == sum(ledger) <= 1_000
    assert sum(taken) > 900
