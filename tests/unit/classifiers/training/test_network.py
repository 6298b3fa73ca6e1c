"""Parts of the network that exist for training alone."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the training extra (torch)")
network = pytest.importorskip("classifiers.training.network")


def test_dropout_takes_its_share_and_keeps_the_mean() -> None:
    torch.manual_seed(1)
    states = torch.ones(64, 33, 17, dtype=torch.bfloat16)
    thinned = network.Dropout().train()(states)
    assert thinned.dtype == states.dtype
    assert float((thinned == 0).float().mean()) == pytest.approx(network.DROPPED / 256, abs=0.01)
    assert float(thinned.float().mean()) == pytest.approx(1.0, abs=0.02)


def test_dropout_changes_nothing_in_service() -> None:
    states = torch.ones(3, 5)
    assert network.Dropout().eval()(states) is states
