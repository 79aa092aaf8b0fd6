"""The values for Dagster's chart, and the dashboard's manifest.

Neither helm nor the chart is in a package registry, so the chart's own schema cannot be run here. Instead: every key of
the values is one that the chart documents (`CHART`), what Kubernetes will read is checked by Kubernetes' own client
models, the run launcher by its own schema, and `dagster.yaml`, put together as the chart's template does, by Dagster.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster._config import process_config
from dagster_k8s import K8sRunLauncher
from dagster_k8s.container_context import K8sContainerContext
from dagster_k8s.models import k8s_model_from_dict, k8s_snake_case_dict
from kubernetes import client

from mistwan_dagster.orchestration.launch import INSTANCE_YAML
from mistwan_dagster.settings import Settings
from mistwan_dagster_tests.deployment.compose import ROOT, plain

PROBES = {"readinessProbe": {}, "livenessProbe": {}, "startupProbe": {}}
POD = {
    "image": {"repository": {}, "tag": {}, "pullPolicy": {}}, "env": {}, "envConfigMaps": {}, "envSecrets": {},
    "resources": {}, "podSecurityContext": {}, "securityContext": {}, "volumes": {}, "volumeMounts": {}, **PROBES,
}  # fmt: skip
CHART: dict[str, Any] = {
    "global": {"postgresqlSecretName": {}},
    "generatePostgresqlPasswordSecret": {},
    "postgresql": {
        "enabled": {}, "postgresqlHost": {}, "postgresqlUsername": {}, "postgresqlDatabase": {}, "postgresqlScheme": {},
        "service": {"port": {}},
    },
    "dagster-user-deployments": {
        "enabled": {}, "enableSubchart": {},
        "deployments": [POD | {"name": {}, "port": {}, "dagsterApiGrpcArgs": {},
                               "includeConfigInLaunchedRuns": {"enabled": {}}}],
    },
    "runLauncher": {"type": {}, "config": {"k8sRunLauncher": {
        "imagePullPolicy": {}, "loadInclusterConfig": {}, "failPodOnRunFailure": {}, "securityContext": {},
        "runK8sConfig": {"containerConfig": {}, "podSpecConfig": {}, "jobSpecConfig": {}},
    }}},
    "dagsterDaemon": POD | {
        "enabled": {}, "heartbeatTolerance": {},
        "runCoordinator": {"enabled": {}, "type": {}, "config": {"queuedRunCoordinator": {}}},
        "runMonitoring": {
            "enabled": {}, "startTimeoutSeconds": {}, "cancelTimeoutSeconds": {}, "pollIntervalSeconds": {},
            "freeSlotsAfterRunEndSeconds": {}, "maxResumeRunAttempts": {},
        },
        "runRetries": {"enabled": {}, "maxRetries": {}},
    },
    "dagsterWebserver": POD | {"service": {"type": {}, "port": {}}},
    "retention": {
        "enabled": {},
        "sensor": {"purgeAfterDays": {"skipped": {}, "success": {}, "failure": {}, "started": {}}},
    },
    "computeLogManager": {"type": {}},
    "telemetry": {"enabled": {}},
    "additionalInstanceConfig": {},
}  # fmt: skip
"""Keys of the chart that are used here; {} is free to the chart (what is below is Kubernetes' or Dagster's)."""


@pytest.fixture(scope="module")
def values() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "deploy" / "kubernetes" / "values.yaml").read_text())


@pytest.fixture(scope="module")
def location(values: dict[str, Any]) -> dict[str, Any]:
    return values["dagster-user-deployments"]["deployments"][0]


def unknown_keys(told: Any, known: Any, path: str = "") -> list[str]:
    """Paths of `told` that `known` does not have."""
    if isinstance(told, list) and isinstance(known, list):
        return [k for one in told for k in unknown_keys(one, known[0], f"{path}[]")]
    if not isinstance(told, dict) or not known:
        return []
    return [f"{path}.{k}" for k in told if k not in known] + [
        k for name in told if name in known for k in unknown_keys(told[name], known[name], f"{path}.{name}")
    ]


def test_every_key_is_one_that_the_chart_documents(values: dict[str, Any]) -> None:
    assert unknown_keys(values, CHART) == []
    assert unknown_keys({"dagsterDaemon": {"heartbeattolerance": 1}}, CHART) == [
        ".dagsterDaemon.heartbeattolerance"
    ]


def test_what_kubernetes_reads_is_what_kubernetes_knows(
    values: dict[str, Any], location: dict[str, Any]
) -> None:
    models = {
        "podSecurityContext": client.V1PodSecurityContext, "securityContext": client.V1SecurityContext,
        "resources": client.V1ResourceRequirements, "volumes": client.V1Volume, "volumeMounts": client.V1VolumeMount,
        "readinessProbe": client.V1Probe, "livenessProbe": client.V1Probe, "envSecrets": client.V1SecretEnvSource,
    }  # fmt: skip
    for part in (location, values["dagsterDaemon"], values["dagsterWebserver"]):
        for key, model in models.items():
            told = part.get(key, [])
            for one in told if isinstance(told, list) else [told]:
                fields = {k: v for k, v in one.items() if not (key == "readinessProbe" and k == "enabled")}
                assert k8s_model_from_dict(model, k8s_snake_case_dict(model, fields)) is not None
    with pytest.raises(Exception, match="readOnlyRootFileSystem"):
        k8s_snake_case_dict(client.V1SecurityContext, {"readOnlyRootFileSystem": True})


def test_every_pod_is_hardened_as_in_compose(values: dict[str, Any], location: dict[str, Any]) -> None:
    user = int(plain()["services"]["code-location"]["user"].split(":")[0])
    launcher = values["runLauncher"]["config"]["k8sRunLauncher"]
    pods = [location, values["dagsterDaemon"], values["dagsterWebserver"]]
    for security in [p["securityContext"] for p in pods] + [launcher["securityContext"]]:
        assert security["readOnlyRootFilesystem"] is True
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}
    of_runs = launcher["runK8sConfig"]["podSpecConfig"]["securityContext"]
    for pod in [p["podSecurityContext"] for p in pods] + [of_runs]:
        assert (pod["runAsNonRoot"], pod["runAsUser"]) == (True, user)
    for pod in pods:
        assert "/tmp" in [m["mountPath"] for m in pod["volumeMounts"]]


def instance_yaml(values: dict[str, Any]) -> dict[str, Any]:
    """`dagster.yaml` as the chart's template makes it of these values (storage left out: it is the chart's own)."""
    launcher = values["runLauncher"]["config"]["k8sRunLauncher"]
    monitoring, retries = values["dagsterDaemon"]["runMonitoring"], values["dagsterDaemon"]["runRetries"]
    return {
        "scheduler": {"module": "dagster.core.scheduler", "class": "DagsterDaemonScheduler"},
        "run_coordinator": {"module": "dagster._core.run_coordinator", "class": "QueuedRunCoordinator"},
        "compute_logs": {
            "module": "dagster.core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager",
        },
        "run_launcher": {
            "module": "dagster_k8s",
            "class": "K8sRunLauncher",
            "config": {
                "load_incluster_config": launcher["loadInclusterConfig"],
                "image_pull_policy": launcher["imagePullPolicy"],
                "service_account_name": "dagster",
                "job_namespace": "default",
                "dagster_home": "/opt/dagster/dagster_home",
                "instance_config_map": "dagster-instance",
                "postgres_password_secret": values["global"]["postgresqlSecretName"],
                "fail_pod_on_run_failure": launcher["failPodOnRunFailure"],
                "security_context": launcher["securityContext"],
                "run_k8s_config": {
                    "pod_spec_config": launcher["runK8sConfig"]["podSpecConfig"],
                    "job_spec_config": launcher["runK8sConfig"]["jobSpecConfig"],
                },
            },
        },
        "run_monitoring": {
            "enabled": monitoring["enabled"],
            "start_timeout_seconds": monitoring["startTimeoutSeconds"],
            "cancel_timeout_seconds": monitoring["cancelTimeoutSeconds"],
            "max_resume_run_attempts": monitoring["maxResumeRunAttempts"],
            "poll_interval_seconds": monitoring["pollIntervalSeconds"],
            "free_slots_after_run_end_seconds": monitoring["freeSlotsAfterRunEndSeconds"],
        },
        "run_retries": {"enabled": retries["enabled"], "max_retries": retries["maxRetries"]},
        "telemetry": {"enabled": values["telemetry"]["enabled"]},
        "retention": {"sensor": {"purge_after_days": values["retention"]["sensor"]["purgeAfterDays"]}},
        **values["additionalInstanceConfig"],
    }  # fmt: skip


def test_dagster_takes_the_configuration_and_limits_runs_as_on_one_machine(
    values: dict[str, Any], tmp_path: Path
) -> None:
    made, single = instance_yaml(values), yaml.safe_load(INSTANCE_YAML)
    assert made["concurrency"] == single["concurrency"]
    assert made["nux"] == single["nux"]
    assert made["run_retries"] == single["run_retries"]
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(made))
    with dg.DagsterInstance.from_config(str(tmp_path)) as opened:
        limits = opened.get_concurrency_config().run_queue_config
        assert limits is not None
        assert limits.max_concurrent_runs == 6
        assert [dict(limit) for limit in limits.tag_concurrency_limits] == [
            {"key": "mistwan/lane", "value": {"applyLimitPerUniqueValue": True}, "limit": 1}
        ]


def test_the_run_launcher_takes_its_configuration(values: dict[str, Any]) -> None:
    config = instance_yaml(values)["run_launcher"]["config"]
    result = process_config(K8sRunLauncher.config_type(), config)
    assert result.success, result.errors
    assert not process_config(K8sRunLauncher.config_type(), config | {"image_pull_polcy": "Always"}).success


def test_launched_runs_get_settings_secrets_and_volumes_of_the_code_location(
    location: dict[str, Any],
) -> None:
    assert location["includeConfigInLaunchedRuns"] == {"enabled": True}
    context = K8sContainerContext.create_from_config({"k8s": {
        "env_secrets": [s["name"] for s in location["envSecrets"]],
        "volumes": location["volumes"], "volume_mounts": location["volumeMounts"],
        "resources": location["resources"], "security_context": location["securityContext"],
    }})  # fmt: skip
    config = context.run_k8s_config
    assert config.container_config["resources"]["limits"] == {"memory": "3Gi"}
    assert {m["mount_path"] for m in config.container_config["volume_mounts"]} >= {"/var/lib/mistwan", "/tmp"}


def test_settings_are_known_and_data_is_kept_outside_of_pods(location: dict[str, Any]) -> None:
    told = location["env"]
    assert {name.lower() for name in told} <= {*Settings.model_fields, "mistwan_lake_url"}
    assert told["MISTWAN_LAKE_URL"].startswith("s3://")
    assert told["MISTWAN_WAREHOUSE"] == "snowflake"
    assert not [name for name in told if "TOKEN" in name or "PASSWORD" in name or "PRIVATE" in name]


def manifest(name: str) -> dict[str, Any]:
    """The deployment of a file that also has its service; both are what Kubernetes knows and belong together."""
    deployment, service = yaml.safe_load_all((ROOT / "deploy" / "kubernetes" / f"{name}.yaml").read_text())
    for model, told in ((client.V1Deployment, deployment), (client.V1Service, service)):
        assert k8s_model_from_dict(model, k8s_snake_case_dict(model, told)) is not None
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    assert deployment["spec"]["selector"]["matchLabels"] == labels
    return deployment["spec"]["template"]["spec"]


@pytest.mark.parametrize(
    ("name", "needs"),
    [
        ("dashboard", {"MISTWAN_PROXY_SECRET", "REDIS_URL"}),
        ("metrics", {"MISTWAN_DAGSTER_POSTGRES_URL", "REDIS_URL", "MISTWAN_LAKE_URL"}),
    ],
)
def test_what_serves_is_hardened_and_has_the_settings_that_it_needs(name: str, needs: set[str]) -> None:
    pod = manifest(name)
    container = pod["containers"][0]
    assert "--allow-anonymous" not in container["args"]
    names = {e["name"] for e in container["env"]}
    assert needs <= names
    assert {n.lower() for n in names} <= {*Settings.model_fields, "mistwan_lake_url"}
    assert ("MIST_API_TOKEN" in names) == (name == "metrics")
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert pod["securityContext"]["runAsNonRoot"] is True


def test_the_exporter_reads_the_lake_of_the_code_location(location: dict[str, Any]) -> None:
    told = {e["name"]: e.get("value") for e in manifest("metrics")["containers"][0]["env"]}
    of_the_platform = {name for name in location["env"] if name not in ("SNF_USER", "SNF_ROLE")}
    assert {n: told[n] for n in of_the_platform} == {n: location["env"][n] for n in of_the_platform}
