"""Groups of settings: what all have in common, and those of tenants and of reloading."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(gt=0, le=86_400)]
Count = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """A group of settings: immutable, and a key that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class TenantSettings(Section):
    """Who is served with a policy, an upstream and limits of its own."""

    file: Path | None = Field(
        default=None, description="File of tenants, keys and what applies to whom; none: one tenant for all."
    )
    required: bool = Field(
        default=False,
        description="Answer 401 to who shows no key of a tenant; off: it is served as the tenant `default`.",
    )


class ReloadSettings(Section):
    """Reading policies, constitutions, replies and tenants anew while serving."""

    watch_s: float = Field(
        default=2.0, ge=0, le=3_600, description="Seconds between looks at the files; 0: do not watch them."
    )
