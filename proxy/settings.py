"""Settings: what an operator may say about a Gatehouse, validated once at start.

Precedence rises from defaults over a YAML file and `GATEHOUSE_*` variables to the command line.
Whatever is wrong is reported together (`SettingsError.problems`), each problem with the place it
came from. Secrets are `SecretStr`, may be references (`${VARIABLE}`, `file:/path`) and are never
part of a message.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)

from proxy.exchange.ports import Wire
from proxy.settings_section import Count, ReloadSettings, Seconds, Section, TenantSettings
from proxy.settings_sources import (
    Layer,
    environment_layer,
    file_layer,
    overlay,
    override_layer,
    resolve_secrets,
)

DEFAULT_CONFIG = Path("gatehouse.yaml")
_MIB = 1024 * 1024
_REDIS_SCHEMES = ("redis", "rediss", "unix")


class SettingsError(Exception):
    """The settings cannot be used. `problems`: one sentence each, all of them, without secrets."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class UpstreamLimits(Section):
    """How long and how much the upstream may take."""

    connect_s: Seconds = Field(default=5.0, description="Seconds to open a connection to the upstream.")
    first_byte_s: Seconds = Field(
        default=300.0, description="Seconds from the request to the head of the answer."
    )
    idle_s: Seconds = Field(default=120.0, description="Seconds a started answer may be silent.")
    connections: Count = Field(
        default=512, description="Connections open to the upstream at once; more requests wait."
    )
    keepalive_s: Seconds = Field(
        default=30.0, description="Seconds an unused connection is kept for the next request."
    )
    answer_bytes: Count = Field(
        default=64 * _MIB, description="Bytes of one answer; a longer one is broken off."
    )


def _route(value: object) -> object:
    return {"model": value} if isinstance(value, str) else value


class RouteSettings(Section):
    """Where requests for one model name go."""

    model: str = Field(min_length=1, description="litellm model name, e.g. `anthropic/claude-sonnet-4-5`.")
    api_key: SecretStr | None = Field(
        default=None, description="Key for this provider; none: litellm's own variables."
    )
    base_url: str = Field(default="", description="Base URL of the provider where it is not the usual one.")


class RedisSettings(Section):
    """The shared store, used when `store` is a Redis URL."""

    username: str = Field(default="", description="Redis user; empty: the default user.")
    password: SecretStr | None = Field(default=None, description="Redis password.")
    seal_key: SecretStr | None = Field(
        default=None,
        description="Secret of all replicas; keys what they cache for each other. None: no shared verdicts.",
    )
    prefix: str = Field(default="gatehouse:", max_length=64, description="Put before every key.")
    budget_ms: int = Field(
        default=50, ge=1, le=1_000, description="Milliseconds one operation may take, connecting included."
    )
    connections: Count = Field(default=32, description="Connections to Redis.")
    open_s: Seconds = Field(
        default=1.0, description="Seconds without Redis after a fault; doubled with every failed trial."
    )
    open_max_s: Seconds = Field(
        default=30.0, description="Longest pause between two trials of a broken Redis."
    )


class LedgerSettings(Section):
    """The record of what was decided, one content-free line for each exchange."""

    mode: Literal["batched", "strict", "off"] = Field(
        default="batched",
        description="`batched`: on disk within `flush_ms`; `strict`: before the exchange ends; `off`: none.",
    )
    path: Path = Field(
        default=Path("var/ledger.jsonl"), description="File of the ledger; its folder is created."
    )
    rotate_bytes: int = Field(
        default=64 * _MIB, ge=4_096, description="Size at which the file is set aside and a new one begins."
    )
    flush_ms: int = Field(
        default=200, ge=1, le=10_000, description="`batched`: milliseconds of records a crash can lose."
    )
    queue: int = Field(
        default=16_384, ge=16, description="Events that may wait for the disk; more are dropped, counted."
    )
    key: SecretStr | None = Field(
        default=None,
        description="Key of the hash chain and of digests; none: a chain that shows accidents, not forgers.",
    )


class PreferenceSettings(Section):
    """Texts of reviewed answers for training, kept for tenants that consent and nobody else."""

    path: Path | None = Field(default=None, description="File of the texts, scrubbed; none: none are kept.")
    consent: tuple[str, ...] = Field(default=(), description="Names of the tenants that consent to it.")
    queue: Count = Field(
        default=256, description="Rows that may wait for the disk; more are dropped, counted."
    )


class RequestLimits(Section):
    """What a request may be before it is refused (400, 413), and how many a client may send (429)."""

    body_bytes: Count = Field(default=8 * _MIB, description="Bytes of a request body.")
    depth: int = Field(default=64, ge=4, le=512, description="Nesting of JSON arrays and objects.")
    turns: Count = Field(default=2_000, description="Messages in a conversation.")
    choices: Count = Field(default=8, description="Choices (`n`) a request may ask for.")
    per_minute: int = Field(
        default=0, ge=0, description="Requests a minute of one client key, counted in the store; 0: no limit."
    )


class GuardSettings(Section):
    """Running the classifiers."""

    threads: int = Field(
        default=0, ge=0, le=256, description="Classifier threads; 0: one for each usable core, at most 4."
    )
    queue: Count = Field(
        default=256, description="Screenings that may wait for a thread; more count as overloaded."
    )
    cascade: bool = Field(
        default=True,
        description="Let a model's first stage and early exit settle what is clearly harmless; "
        "off: its network reads everything.",
    )


class CacheSettings(Section):
    """The cache of verdicts in memory (in front of Redis where there is one)."""

    entries: Count = Field(default=65_536, description="Cached measurements.")
    bytes: Count = Field(default=64 * _MIB, description="Bytes of cached measurements, keys included.")
    ttl_s: Seconds = Field(default=3_600.0, description="Seconds a measurement is kept.")
    blocked_ttl_s: Seconds = Field(
        default=86_400.0, description="Seconds a block is remembered, so that its session can go on."
    )


class CorsSettings(Section):
    """Browsers that may call Gatehouse from other origins."""

    origins: tuple[str, ...] = Field(
        default=(), description="Allowed origins, e.g. `https://chat.example`; none: no CORS."
    )


class LogSettings(Section):
    """What is printed while serving. Never prompts, replies or keys."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severity that is printed."
    )
    format: Literal["auto", "json", "console"] = Field(
        default="auto", description="`auto`: console on a terminal, else JSON."
    )
    access: float = Field(
        default=1.0, ge=0, le=1, description="Share of exchanges that get a line, chosen by decision id."
    )


class Settings(Section):
    """Everything an operator may set. `Settings()` is the embedded default."""

    model_config = ConfigDict(title="Gatehouse settings")

    host: str = Field(default="127.0.0.1", min_length=1, description="Address to listen on.")
    port: int = Field(default=8080, ge=0, le=65_535, description="Port to listen on; 0: any free one.")
    metrics_port: int | None = Field(
        default=None,
        ge=1,
        le=65_535,
        description="Second port for metrics and health only; none: they share `port`.",
    )
    metrics_host: str = Field(default="127.0.0.1", min_length=1, description="Address of the second port.")
    shutdown_s: Seconds = Field(
        default=25.0, description="Seconds running exchanges get to finish on SIGTERM."
    )

    upstream: str = Field(
        default="",
        description="Base URL (`http://host:8000/v1`) of an OpenAI or Anthropic API; empty: scripted.",
    )
    upstream_api_key: SecretStr | None = Field(
        default=None, description="Key sent upstream; none: the client's own is relayed."
    )
    upstream_wires: tuple[Wire, ...] = Field(
        default=("chat_completions", "responses", "completions", "embeddings", "media"),
        min_length=1,
        description="APIs that the server speaks; others are translated to chat completions, or refused.",
    )
    upstream_limits: UpstreamLimits = Field(default_factory=UpstreamLimits, description="Timeouts and sizes.")
    routes: dict[
        str, Annotated[RouteSettings, BeforeValidator(_route, json_schema_input_type=str | RouteSettings)]
    ] = Field(
        default_factory=dict, description="Model name to litellm model (a name, or a group of settings)."
    )
    litellm_providers: tuple[str, ...] = Field(
        default=("anthropic", "azure", "bedrock", "gemini", "vertex_ai"),
        description="Models named `<provider>/…` go through litellm for these providers.",
    )

    policy: str = Field(
        default="default", min_length=1, description="Name of a shipped policy, or path of a policy file."
    )
    policies_dir: Path | None = Field(
        default=None,
        description="Folder with your own `policies/`, `constitutions/` and `replies/`, looked into first.",
    )
    selectable_policies: tuple[str, ...] = Field(
        default=(), description="Policies a client may choose with the header `x-gatehouse-policy`."
    )
    constitution: str = Field(
        default="", description="Constitution in place of the policies' own: a name or a path; empty: theirs."
    )
    selectable_constitutions: tuple[str, ...] = Field(
        default=(),
        description="Constitutions a client may choose with the header `x-gatehouse-constitution`.",
    )
    candidate_policy: str = Field(
        default="", description="Policy judged beside the one that serves, without effect; empty: none."
    )
    tenants: TenantSettings = Field(default_factory=TenantSettings, description="Who is served how.")
    reload: ReloadSettings = Field(default_factory=ReloadSettings, description="Reading files anew.")
    models: dict[str, Path] = Field(
        default_factory=dict,
        description="Classifier name to model folder, in place of or besides the shipped ones.",
    )
    refusal_calibration: Path | None = Field(
        default=None,
        description="File of biases by model name for refusal detection, as `gatehouse calibrate-refusals` "
        "writes it; none: every model is read alike.",
    )
    constitution_role: Literal["system", "developer"] = Field(
        default="system", description="Role of the message that carries the constitution."
    )
    end_user_ids: Literal["relay", "hash"] = Field(
        default="relay",
        description="What goes upstream of `safety_identifier`, `user` and `metadata.user_id`: as sent, or a "
        "keyed digest. Records hold the digest in either case.",
    )
    stream: Literal["auto", "live", "windowed", "buffered"] = Field(
        default="auto", description="Delivery of streams; `auto`: as the policy says."
    )
    embeddings_policy: str = Field(
        default="",
        description="Policy for `/embeddings` of clients that choose none, e.g. `monitor`; empty: the one of "
        "all other routes.",
    )
    relay: tuple[Literal["audio", "images"], ...] = Field(
        default=(),
        description="Routes to relay although guards read their texts only; none: they answer 404, as every "
        "route does that no guard reads.",
    )
    deadline_s: Seconds = Field(
        default=600.0, description="Seconds after which an exchange is over, whatever it waits for."
    )
    limits: RequestLimits = Field(default_factory=RequestLimits, description="Sizes of requests.")
    guard: GuardSettings = Field(default_factory=GuardSettings, description="Running the classifiers.")
    cache: CacheSettings = Field(default_factory=CacheSettings, description="The verdict cache.")

    store: str = Field(
        default="memory",
        description="`memory`, or a Redis URL (`redis://`, `rediss://`, `unix://`) that replicas share.",
    )
    redis: RedisSettings = Field(default_factory=RedisSettings, description="The shared store.")
    ledger: LedgerSettings = Field(default_factory=LedgerSettings, description="The record of decisions.")
    preferences: PreferenceSettings = Field(default_factory=PreferenceSettings, description="Training data.")

    expose_headers: bool = Field(
        default=True, description="Tell the verdict in `x-gatehouse-*` headers of every reply."
    )
    cors: CorsSettings = Field(default_factory=CorsSettings, description="Cross-origin requests.")
    log: LogSettings = Field(default_factory=LogSettings, description="Log lines.")

    @field_validator("upstream")
    @classmethod
    def _upstream_is_a_url(cls, value: str) -> str:
        if not value:
            return value
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("must be an http:// or https:// base URL such as http://127.0.0.1:8000/v1")
        if parts.username or parts.password or parts.query:
            raise ValueError("must not carry credentials or a query; use upstream_api_key")
        return value.rstrip("/")

    @field_validator("store")
    @classmethod
    def _store_is_known(cls, value: str) -> str:
        if value == "memory":
            return value
        parts = urlsplit(value)
        if parts.scheme not in _REDIS_SCHEMES:
            raise ValueError("must be `memory` or a redis://, rediss:// or unix:// URL")
        if parts.password:
            raise ValueError("must not carry a password; use redis.password")
        return value

    def scripted(self) -> bool:
        """True when no upstream is configured and the stand-in model answers."""
        return not self.upstream and not self.routes


def load_settings(
    overrides: Mapping[str, object], config: Path | None, environ: Mapping[str, str]
) -> Settings:
    """Settings from the file, the environment and the command line, each stronger than the one before.

    `overrides`: dotted key to value, e.g. `{"ledger.mode": "strict"}`. `config` None: the file that
    `GATEHOUSE_CONFIG` names, else `./gatehouse.yaml` where there is one.

    Raises:
        SettingsError: with every problem found in any of the three.
    """
    path, problems = _config_path(config, environ)
    layers = [
        file_layer(path, Settings),
        environment_layer(environ, Settings),
        override_layer(overrides, Settings),
    ]
    values: dict[str, object] = {}
    for layer in layers:
        values = overlay(values, layer.values)
        problems += layer.problems
    problems += resolve_secrets(values, Settings, environ)
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(problems + _described(error, layers)) from None
    if problems:
        raise SettingsError(problems)
    return settings


def _config_path(config: Path | None, environ: Mapping[str, str]) -> tuple[Path | None, list[str]]:
    named = config or (Path(environ["GATEHOUSE_CONFIG"]) if environ.get("GATEHOUSE_CONFIG") else None)
    if named is None:
        return (DEFAULT_CONFIG if DEFAULT_CONFIG.is_file() else None), []
    if not named.is_file():
        return None, [f"{named}: no such settings file"]
    return named, []


def _described(error: ValidationError, layers: list[Layer]) -> list[str]:
    found = []
    for each in error.errors(include_url=False, include_input=False, include_context=False):
        path = tuple(str(step) for step in each["loc"])
        message = each["msg"].removeprefix("Value error, ")
        found.append(f"{_place(path, layers)}: {message[:1].lower()}{message[1:]}")
    return found


def _place(path: tuple[str, ...], layers: list[Layer]) -> str:
    """Name of the setting in the words of the strongest source that gave it."""
    for layer in reversed(layers):
        if layer.gives(path):
            return layer.name_of(path)
    return ".".join(path)
