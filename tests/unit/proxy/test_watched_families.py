"""Families that are asked for at a scrape are told apart by their names."""

from __future__ import annotations

from proxy.tenants.reloading import RESULTS
from proxy.watched_families import WATCHED


def test_every_family_has_a_name_of_its_own_and_a_meaning() -> None:
    names = [family.name for family in WATCHED]
    assert len(set(names)) == len(names)
    assert all(family.about.endswith(".") for family in WATCHED)


def test_every_result_of_a_reload_is_a_value() -> None:
    family = next(each for each in WATCHED if each.name == "gatehouse_reloads_total")
    assert family.values == RESULTS
