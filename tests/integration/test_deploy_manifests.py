"""Container image, compose file and Kubernetes manifests: hardened, consistent, and true to the settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from proxy.settings import load_settings


def documents(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(folder.glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            yield path.name, document


def pods(repository: Path) -> list[tuple[str, dict[str, Any]]]:
    found = [
        (name, document["spec"]["template"]["spec"])
        for name, document in documents(repository / "deploy/kubernetes")
        if document["kind"] == "Deployment"
    ]
    assert found
    return found


@pytest.fixture(scope="module")
def compose(repository: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((repository / "deploy/compose/compose.yaml").read_text())
    return loaded


@pytest.fixture(scope="module")
def dockerfile(repository: Path) -> str:
    return (repository / "Dockerfile").read_text()


# --- image


def test_the_image_installs_by_hash_only(dockerfile: str) -> None:
    installs = [line for line in dockerfile.splitlines() if "pip install" in line]
    assert installs
    for line in installs:
        assert "--require-hashes" in line or "--no-deps --no-build-isolation" in line, line


def test_the_image_runs_as_a_numbered_ordinary_user(dockerfile: str) -> None:
    """Kubernetes can only check `runAsNonRoot` against a number."""
    users = re.findall(r"^USER (\S+)", dockerfile, re.MULTILINE)
    assert users == ["65532:65532"]


def test_the_image_is_stopped_checked_and_labelled(dockerfile: str) -> None:
    assert re.search(r"^STOPSIGNAL SIGTERM$", dockerfile, re.MULTILINE)
    assert re.search(r'^HEALTHCHECK .*CMD \["gatehouse", "health"\]$', dockerfile, re.MULTILINE)
    assert re.search(r'^ENTRYPOINT \["gatehouse"\]$', dockerfile, re.MULTILINE)
    for label in ("title", "description", "licenses", "version", "revision"):
        assert f"org.opencontainers.image.{label}=" in dockerfile


def test_the_image_checks_its_models_and_needs_no_network_to_start(dockerfile: str) -> None:
    """`gatehouse check` compares digests; libraries that would look outside are told not to."""
    build, _, final = dockerfile.partition("\nFROM ${BASE}\n")
    assert "/opt/gatehouse/bin/gatehouse check" in build
    for name in ("LITELLM_LOCAL_MODEL_COST_MAP=True", "HF_HUB_OFFLINE=1", "GATEHOUSE_HOST=0.0.0.0"):
        assert name in final


def test_the_image_holds_no_secret(dockerfile: str) -> None:
    assert not re.search(r"(?i)^(ARG|ENV)\b.*(api_?key|password|secret|token)", dockerfile, re.MULTILINE)


def test_the_build_context_leaves_out_what_the_image_does_not_need(repository: Path, dockerfile: str) -> None:
    """Everything that COPY names is let in by .dockerignore, which shuts out the rest."""
    lines = (repository / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    allowed = {line.removeprefix("!") for line in lines if line.startswith("!")}
    copied = {
        name
        for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.MULTILINE)
        for name in line.split()[:-1]
    }
    assert copied == allowed


# --- compose


def test_compose_services_are_hardened(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["healthcheck"]["test"][0] == "CMD", name
        assert re.search(r":v?\d+\.\d+", service["image"]), f"{name}: {service['image']} is not pinned"


def test_compose_publishes_only_to_this_machine_and_never_redis(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), name
    assert "ports" not in compose["services"]["redis"]


def test_compose_starts_in_order_of_health(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for awaited in service.get("depends_on", {}).values():
            assert awaited == {"condition": "service_healthy"}


def test_compose_speaks_in_settings_that_exist(compose: dict[str, Any]) -> None:
    """Its GATEHOUSE_ variables, with their defaults filled in, load without a problem."""
    given = compose["services"]["gatehouse"]["environment"]
    environ = {name: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value) for name, value in given.items()}
    settings = load_settings({}, None, environ)
    assert settings.store.startswith("redis://")
    assert settings.metrics_port == 8081
    assert settings.scripted()


def test_compose_mounts_files_that_exist(compose: dict[str, Any], repository: Path) -> None:
    for service in compose["services"].values():
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            if source.startswith("."):
                assert (repository / "deploy/compose" / source).exists(), source
            else:
                assert source in compose["volumes"], source


# --- Kubernetes


def test_pods_are_restricted(repository: Path) -> None:
    """The restricted pod security profile, container by container."""
    for name, pod in pods(repository):
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        for container in [*pod["containers"], *pod.get("initContainers", [])]:
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False, name
            assert context["readOnlyRootFilesystem"] is True, name
            assert context["capabilities"] == {"drop": ["ALL"]}, name
            assert container["resources"]["limits"]["memory"] == container["resources"]["requests"]["memory"]
            assert "cpu" not in container["resources"]["limits"], f"{name}: a tight limit stalls inference"


def gatehouse_containers(repository: Path) -> list[dict[str, Any]]:
    return [
        container
        for _, pod in pods(repository)
        for container in [*pod["containers"], *pod.get("initContainers", [])]
        if container["image"].startswith("gatehouse:")
    ]


def test_probes_ask_the_right_questions(repository: Path) -> None:
    """Alive is the loop, ready is the parts; both on the metrics port, which is not bound to loopback."""
    for container in gatehouse_containers(repository):
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        for probe, path in (
            ("startupProbe", "/readyz"),
            ("livenessProbe", "/livez"),
            ("readinessProbe", "/readyz"),
        ):
            asked = container[probe]["httpGet"]
            assert asked["path"] == path
            assert asked["port"] in ports


def test_the_sidecar_is_native_and_stays_in_its_pod(repository: Path) -> None:
    """It restarts always, listens on loopback, and the application is pointed at it."""
    pod = next(pod for _, pod in pods(repository) if pod.get("initContainers"))
    sidecar = pod["initContainers"][0]
    environ = {entry["name"]: entry.get("value") for entry in sidecar["env"]}
    assert sidecar["restartPolicy"] == "Always"
    assert environ["GATEHOUSE_HOST"] == "127.0.0.1"
    told = {entry["name"]: entry["value"] for entry in pod["containers"][0]["env"]}
    assert told["OPENAI_BASE_URL"] == "http://127.0.0.1:8080/v1"


def test_pods_outlive_their_drain(repository: Path, tmp_path: Path) -> None:
    """The grace period is longer than preStop and the time exchanges get to finish."""
    settings = config_map_settings(repository, tmp_path)
    for _, pod in pods(repository):
        container = next(
            each
            for each in [*pod["containers"], *pod.get("initContainers", [])]
            if each["image"].startswith("gatehouse:")
        )
        pause = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        assert pod["terminationGracePeriodSeconds"] > pause + settings.shutdown_s


def config_map_settings(repository: Path, tmp_path: Path) -> Any:
    config = next(
        document
        for _, document in documents(repository / "deploy/kubernetes")
        if document["kind"] == "ConfigMap"
    )
    path = tmp_path / "gatehouse.yaml"
    path.write_text(config["data"]["gatehouse.yaml"])
    return load_settings({}, path, {})


def test_the_config_map_holds_valid_settings(repository: Path, tmp_path: Path) -> None:
    settings = config_map_settings(repository, tmp_path)
    ports = [port for each in gatehouse_containers(repository) for port in each["ports"]]
    assert settings.metrics_port in {port["containerPort"] for port in ports if port["name"] == "gh-metrics"}
    assert settings.metrics_host == "0.0.0.0"


def test_the_writable_places_are_mounted(repository: Path) -> None:
    """With a read-only root only the state folder and /tmp can be written."""
    for container in gatehouse_containers(repository):
        mounts = {mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
        assert mounts == {"/var/lib/gatehouse", "/tmp"}


def test_kustomize_lists_manifests_that_exist(repository: Path) -> None:
    folder = repository / "deploy/kubernetes"
    listed = yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]
    assert all((folder / name).is_file() for name in listed)
    examples = {"kustomization.yaml", "sidecar.yaml", "podmonitor.yaml"}
    assert {path.name for path in folder.glob("*.yaml")} == {*listed, *examples}


def test_the_pod_monitor_scrapes_the_named_port(repository: Path) -> None:
    """By pod and by port name: an init container's port is in no service."""
    monitor = next(
        document
        for _, document in documents(repository / "deploy/kubernetes")
        if document["kind"] == "PodMonitor"
    )
    names = {port["name"] for container in gatehouse_containers(repository) for port in container["ports"]}
    assert monitor["spec"]["podMetricsEndpoints"][0]["port"] in names
