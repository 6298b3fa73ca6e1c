"""Every source file has a unit test twin."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.house.sources import Source

WITHOUT_TWIN: dict[str, str] = {
    "proxy/exchange/ports.py": "protocols and plain values; every adapter's twin exercises them",
    "proxy/exchange/events.py": "plain values; every listener's twin exercises them",
}
"""Path to the reason why it has no twin."""

TRAINING_LIBRARIES = ("torch", "sklearn", "onnx", "onnxscript")
"""A module that needs one of them cannot be imported where the tests run: they are in the extra [train]."""


def test_every_source_file_has_a_twin(repository: Path, sources: list[Source]) -> None:
    """`room/part/name.py` is tested by `tests/unit/room/part/test_name.py`.

    Where the name is unique in its room the twin may stand in any folder of that room.
    """
    files = [source for source in sources if source.name not in ("__init__", "__main__")]
    names = Counter((source.room, source.name) for source in files)
    orphans = []
    for source in files:
        folder = repository / "tests" / "unit" / Path(source.path).parent
        twin = f"test_{source.name}.py"
        found = (folder / twin).exists()
        if not found and names[source.room, source.name] == 1:
            found = any((repository / "tests" / "unit" / source.room).rglob(twin))
        needs_training = any(
            use.module.partition(".")[0] in TRAINING_LIBRARIES and not use.lazy for use in source.imports
        )
        if not (found or needs_training or source.path in WITHOUT_TWIN):
            orphans.append(f"{source.path} has no {(folder / twin).relative_to(repository)}")
    assert not orphans, "\n".join(orphans)


def test_excuses_are_still_needed(repository: Path) -> None:
    """The list of exceptions names only files that exist and have no twin."""
    idle = [
        path
        for path in WITHOUT_TWIN
        if not (repository / path).exists()
        or (repository / "tests/unit" / Path(path).parent / f"test_{Path(path).stem}.py").exists()
    ]
    assert not idle, f"excused without need: {idle}"
