"""Groups of settings: immutable, and no word of them is ignored."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from proxy.settings_section import ReloadSettings, TenantSettings


def test_a_key_that_a_group_does_not_know_is_an_error() -> None:
    with pytest.raises(ValidationError):
        TenantSettings.model_validate({"files": "tenants.yaml"})


def test_files_are_watched_unless_somebody_says_otherwise() -> None:
    assert ReloadSettings().watch_s > 0
    assert ReloadSettings(watch_s=0).watch_s == 0
