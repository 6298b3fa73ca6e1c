"""The clients: which driver each has, and the environment that it runs in."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.clients.expectations import Seen

HERE = Path(__file__).parent
DRIVERS, REQUIREMENTS = HERE / "drivers", HERE / "requirements"
PATIENCE_S = 900.0
"""For all scenarios of one client."""
_ONE_AT_A_TIME = threading.Lock()
"""Two clients share one environment of Node."""


class SetupError(RuntimeError):
    """An environment could not be made, or a driver did not come to its end."""


@dataclass(frozen=True, slots=True)
class Client:
    """`name` is the environment (and `requirements/<name>.txt`), `route` what Gatehouse must serve for it.

    `responses`: the driver asks the Responses API as well. `package`: its name in `package.json`.
    """

    name: str
    title: str
    driver: str
    route: str = "/chat/completions"
    responses: bool = False
    package: str = ""

    @property
    def on_node(self) -> bool:
        """Whether the driver is JavaScript."""
        return self.driver.endswith(".mjs")

    @property
    def pinned(self) -> str:
        """Version that its environment has to have."""
        if self.on_node:
            package = json.loads((HERE / "package.json").read_text(encoding="utf-8"))
            return str(package["dependencies"][self.package])
        first, _, _ = (REQUIREMENTS / f"{self.name}.txt").read_text(encoding="utf-8").partition("\n")
        return first.partition("==")[2]

    def command(self, builds: Path) -> Sequence[str]:
        """The driver in its environment, which is made where it is missing or of other versions."""
        if self.on_node:
            folder = _node(builds)
            return (str(folder / "node_modules" / ".bin" / "node"), str(folder / self.driver))
        return (str(python_of(self.name, builds)), str(DRIVERS / self.driver))


CLIENTS = (
    Client("openai_python_3", "openai-python 3", "openai_python.py", responses=True),
    Client("openai_python_2", "openai-python 2", "openai_python.py", responses=True),
    Client("openai_node", "openai-node", "openai_node.mjs", responses=True, package="openai"),
    Client("ai_sdk", "Vercel AI SDK", "ai_sdk.mjs", package="ai"),
    Client("langchain_openai", "langchain-openai", "langchain_openai_client.py"),
    Client("llama_index", "llama-index openai-like", "llama_index_client.py"),
    Client("pydantic_ai", "pydantic-ai", "pydantic_ai_client.py"),
    Client("instructor", "instructor", "instructor_client.py"),
    Client("anthropic", "anthropic", "anthropic_python.py", route="/messages"),
    Client("litellm", "litellm", "litellm_client.py"),
)


def drive(command: Sequence[str], *arguments: str) -> tuple[str, list[Seen]]:
    """Run a driver with its base URL and the scenarios it is asked (none: all).

    Returns: version of the client, and what its application saw.

    Raises:
        SetupError: it ended badly, or said nothing.
    """
    done = subprocess.run(
        [*command, *arguments], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        raise SetupError(f"{command[-1]} ended with {done.returncode}: {done.stderr.strip()[-2000:]}")
    return str(lines[0]["version"]), [Seen.read(line) for line in lines]


def python_of(name: str, builds: Path) -> Path:
    """Python of the environment of that name, which is made where it is missing or of other versions.

    Raises:
        SetupError: it could not be made.
    """
    folder, wanted = builds / name, (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8")
    stamp, python = folder / "installed.txt", folder / "bin" / "python"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    _run([sys.executable, "-m", "venv", str(folder)])
    quiet = ("--quiet", "--disable-pip-version-check", "--no-input")
    _run([str(python), "-m", "pip", "install", *quiet, "--requirement", str(REQUIREMENTS / f"{name}.txt")])
    stamp.write_text(wanted, encoding="utf-8")
    return python


def _node(builds: Path) -> Path:
    """Packages and drivers of the JavaScript clients, with the Node that they ask for."""
    with _ONE_AT_A_TIME:
        return _node_made(builds / "node")


def _node_made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    lock = (HERE / "package-lock.json").read_text(encoding="utf-8")
    stamp = folder / "installed.json"
    if not (stamp.is_file() and stamp.read_text(encoding="utf-8") == lock):
        if shutil.which("npm") is None:
            raise SetupError("node and npm are needed for the JavaScript clients")
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, folder / name)
        _run(["npm", "ci", "--prefix", str(folder), "--no-audit", "--no-fund", "--silent"])
        stamp.write_text(lock, encoding="utf-8")
    for driver in DRIVERS.glob("*.mjs"):
        shutil.copy(driver, folder / driver.name)
    return folder


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SetupError(
            f"{' '.join(command[:4])} … ended with {done.returncode}: {done.stderr.strip()[-2000:]}"
        )
