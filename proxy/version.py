"""The version of Gatehouse, stated once (a test compares it with pyproject.toml)."""

VERSION = "0.1.0"
