"""A deadline ends what takes too long, and nothing else."""

from __future__ import annotations

import asyncio

import pytest

from proxy.exchange.deadline import Deadline


def soon(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


async def test_work_that_takes_too_long_is_a_timeout() -> None:
    with pytest.raises(TimeoutError), Deadline(soon(0.01)):
        await asyncio.sleep(5)
    current = asyncio.current_task()
    assert current is not None
    assert current.cancelling() == 0


async def test_work_in_time_is_left_alone() -> None:
    with Deadline(soon(0.01)):
        await asyncio.sleep(0)
    await asyncio.sleep(0.03)


async def test_a_deadline_that_is_over_strikes_at_once() -> None:
    with pytest.raises(TimeoutError), Deadline(soon(-1)):
        await asyncio.sleep(5)


async def test_a_cancellation_from_outside_stays_one() -> None:
    async def work() -> None:
        with Deadline(soon(5)):
            await asyncio.sleep(5)

    task = asyncio.ensure_future(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_inner_of_two_deadlines_is_the_one_that_speaks() -> None:
    with Deadline(soon(5)):
        with pytest.raises(TimeoutError), Deadline(soon(0.01)):
            await asyncio.sleep(5)
        await asyncio.sleep(0)


async def test_errors_pass_through() -> None:
    with pytest.raises(ValueError, match="mine"), Deadline(soon(5)):
        raise ValueError("mine")


def test_there_must_be_a_task() -> None:
    with pytest.raises(RuntimeError):
        Deadline(0.0).__enter__()
