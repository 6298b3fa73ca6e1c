"""Settings: three sources, one order, every problem at once, and no secret ever shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.settings import Settings, SettingsError, load_settings

KEY = "sk-canary-0123456789"


def problems_of(
    overrides: dict[str, object] | None = None,
    config: Path | None = None,
    environ: dict[str, str] | None = None,
) -> list[str]:
    """Problems that loading these reports."""
    with pytest.raises(SettingsError) as caught:
        load_settings(overrides or {}, config, environ or {})
    return caught.value.problems


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "gatehouse.yaml"


def test_defaults_listen_on_this_machine_only() -> None:
    """Without any setting Gatehouse serves itself to this machine, with memory and a file ledger."""
    settings = load_settings({}, None, {})
    assert settings == Settings()
    assert (settings.host, settings.port, settings.store) == ("127.0.0.1", 8080, "memory")
    assert settings.ledger.mode == "batched"
    assert settings.scripted()


def test_command_line_beats_environment_beats_file(config: Path) -> None:
    """Each source is stronger than the one before it, setting by setting and inside groups."""
    config.write_text("port: 1\nhost: 127.0.0.2\npolicy: strict\nledger: {flush_ms: 7, mode: strict}\n")
    environ = {"GATEHOUSE_PORT": "2", "GATEHOUSE_HOST": "127.0.0.3", "GATEHOUSE_LEDGER__FLUSH_MS": "8"}
    settings = load_settings({"port": 3}, config, environ)
    assert (settings.port, settings.host, settings.policy) == (3, "127.0.0.3", "strict")
    assert (settings.ledger.flush_ms, settings.ledger.mode) == (8, "strict")


def test_the_file_may_be_named_by_the_environment(config: Path) -> None:
    """`GATEHOUSE_CONFIG` names the file, and a name that leads nowhere is a problem."""
    config.write_text("port: 4\n")
    assert load_settings({}, None, {"GATEHOUSE_CONFIG": str(config)}).port == 4
    assert problems_of(environ={"GATEHOUSE_CONFIG": str(config) + "x"}) == [
        f"{config}x: no such settings file"
    ]


def test_the_file_in_the_working_directory_is_read(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`./gatehouse.yaml` counts where nothing else is named."""
    config.write_text("port: 5\n")
    monkeypatch.chdir(config.parent)
    assert load_settings({}, None, {}).port == 5


def test_all_problems_of_all_sources_are_reported_at_once(config: Path) -> None:
    """One run shows everything that is wrong, each with the place it stands in."""
    config.write_text("port: 99999\nledger:\n  mode: of\n  pth: x\n")
    found = problems_of(
        {"ledger.mdoe": "off"}, config, {"GATEHOUSE_UPSTREAM": "ftp://x", "GATEHOUSE_FOO": "1"}
    )
    assert found == [
        f"{config}:4: ledger.pth: no such setting (did you mean ledger.path?)",
        "GATEHOUSE_FOO: no such setting",
        "--set ledger.mdoe: no such setting (did you mean ledger.mode?)",
        f"{config}:1: port: input should be less than or equal to 65535",
        "GATEHOUSE_UPSTREAM: must be an http:// or https:// base URL such as http://127.0.0.1:8000/v1",
        f"{config}:3: ledger.mode: input should be 'batched', 'strict' or 'off'",
    ]


@pytest.mark.parametrize(
    "environ",
    [
        {"GATEHOUSE_UPSTREAM_API_KEY": KEY, "GATEHOUSE_PORT": "x"},
        {"GATEHOUSE_STORE": f"redis://:{KEY}@127.0.0.1/0"},
        {"GATEHOUSE_UPSTREAM": f"http://me:{KEY}@127.0.0.1/v1"},
        {"GATEHOUSE_UPSTREAM": f"http://127.0.0.1/v1?key={KEY}"},
        {"GATEHOUSE_ROUTES": f'{{"a": {{"model": "b/c", "api_key": "{KEY}", "x": 1}}}}'},
        {"GATEHOUSE_LEDGER__KEY": f"file:/nowhere/{KEY[3:]}"},
    ],
)
def test_no_problem_quotes_a_secret(environ: dict[str, str]) -> None:
    """A refused setting is named, its value is not."""
    found = problems_of(environ=environ)
    assert KEY not in " ".join(found)
    assert "canary" not in " ".join(found)


def test_secrets_are_hidden_wherever_settings_are_printed() -> None:
    """Neither text nor JSON of settings shows a key."""
    environ = {
        "GATEHOUSE_UPSTREAM_API_KEY": KEY,
        "GATEHOUSE_REDIS__PASSWORD": KEY,
        "GATEHOUSE_LEDGER__KEY": KEY,
    }
    settings = load_settings({}, None, environ)
    assert settings.upstream_api_key is not None
    assert settings.upstream_api_key.get_secret_value() == KEY
    assert KEY not in repr(settings) + str(settings) + settings.model_dump_json()


def test_secrets_may_be_references(config: Path, tmp_path: Path) -> None:
    """`${VARIABLE}` and `file:` are followed in secret settings, at any depth."""
    secret = tmp_path / "key"
    secret.write_text(KEY + "\n")
    config.write_text(
        f"upstream_api_key: ${{MY_KEY}}\nredis: {{password: 'file:{secret}'}}\n"
        "routes:\n  fast: {model: anthropic/x, api_key: '${MY_KEY}'}\n"
    )
    settings = load_settings({}, config, {"MY_KEY": "k1"})
    assert settings.upstream_api_key is not None
    assert settings.upstream_api_key.get_secret_value() == "k1"
    assert settings.redis.password is not None
    assert settings.redis.password.get_secret_value() == KEY
    key = settings.routes["fast"].api_key
    assert key is not None
    assert key.get_secret_value() == "k1"


def test_references_that_lead_nowhere_are_problems(config: Path) -> None:
    """A missing variable is named; a file that cannot be read is not quoted."""
    config.write_text("upstream_api_key: ${NOT_THERE}\nredis: {password: 'file:/not/there'}\n")
    assert problems_of(config=config) == [
        "upstream_api_key: environment variable NOT_THERE is not set",
        "redis.password: its file cannot be read (FileNotFoundError)",
    ]


def test_a_route_may_be_just_a_name(config: Path) -> None:
    """The short form of a route is the litellm model alone."""
    config.write_text("routes: {gpt-x: anthropic/y}\n")
    settings = load_settings({}, config, {})
    assert settings.routes["gpt-x"].model == "anthropic/y"
    assert not settings.scripted()


def test_settings_cannot_be_changed() -> None:
    """What was validated stays as it was."""
    with pytest.raises(ValueError, match="frozen"):
        Settings().port = 1  # type: ignore[misc]


def test_the_class_reads_nothing_from_its_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two applications in one process get the settings they were given and no others."""
    monkeypatch.setenv("GATEHOUSE_PORT", "1")
    assert Settings().port == 8080


@pytest.mark.parametrize("store", ["memcached://x", "redis", "http://127.0.0.1"])
def test_only_known_stores_are_accepted(store: str) -> None:
    """A store is memory or a Redis URL."""
    assert "must be `memory`" in problems_of({"store": store})[0]
