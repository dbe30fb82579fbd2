"""How pods are replaced: two servers never write to one claim, unless that was said twice."""

import pytest

from rig import FULL, named

MOUNT = {"data": {"mountPath": "/data"}}
CLAIM = {"data": {"persistentVolumeClaim": {"claimName": "pg"}}}
ROLLING = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}


def server(mounts=MOUNT, volumes=CLAIM, policy=None, **workload):
    containers = {"server": {"image": "example/pg:1", "port": 5432, "volumeMounts": mounts}}
    values = {"workloads": {"pg": {"containers": containers, "volumes": volumes, **workload}}}
    return {**values, "policy": policy} if policy else values


def spec(helm, values):
    return named(helm.render(values), "Deployment", "shop-pg")["spec"]


def test_the_old_server_ends_before_the_new_one_begins(helm):
    assert spec(helm, server())["strategy"] == {"type": "Recreate"}
    assert spec(helm, server(strategy={"type": "Recreate"}, replicas=1))["strategy"] == {"type": "Recreate"}
    # Whatever the mount is called, and of several containers one is enough; a claim that nobody mounts is attached, too.
    other = {"x": {"name": "data", "mountPath": "/a", "readOnly": True}, "y": {"name": "data", "mountPath": "/b"}}
    assert spec(helm, server(mounts=other))["strategy"] == {"type": "Recreate"}
    assert spec(helm, server(mounts={}))["strategy"] == {"type": "Recreate"}


@pytest.mark.parametrize(
    "mounts, volumes",
    [
        (MOUNT, {"data": {"emptyDir": {}}}),
        (MOUNT, {"data": {"persistentVolumeClaim": {"claimName": "pg", "readOnly": True}}}),
        ({"data": {"mountPath": "/data", "readOnly": True}}, CLAIM),
    ],
    ids=["emptyDir", "claim-read-only", "mount-read-only"],
)
def test_where_nothing_is_written_pods_overlap(helm, mounts, volumes):
    assert spec(helm, server(mounts, volumes, replicas=2))["strategy"] == ROLLING


@pytest.mark.parametrize(
    "workload, said",
    [
        ({"strategy": {"type": "RollingUpdate"}}, "workloads.pg.strategy: RollingUpdate starts the new pod before"),
        ({"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}}, "workloads.pg.strategy: RollingUpdate"),
        ({"replicas": 2}, "workloads.pg.replicas: 2 pods would write at once to the claim of volumes.data"),
    ],
)
def test_two_writers_of_one_claim_have_to_be_said_twice(helm, workload, said):
    error = helm.refused(server(**workload))
    assert said in error and "policy.allowSharedRWO: true" in error
    spec(helm, server(policy={"allowSharedRWO": True}, **workload))
    # The permission alone changes nothing for one pod; of several, which may overlap, not all have to go at once.
    assert spec(helm, server(policy={"allowSharedRWO": True}))["strategy"] == {"type": "Recreate"}


def test_several_pods_that_may_write_are_replaced_one_by_one(helm):
    assert spec(helm, server(policy={"allowSharedRWO": True}, replicas=3))["strategy"] == ROLLING
    said = server(policy={"allowSharedRWO": True}, replicas=3, strategy={"type": "Recreate"})
    assert spec(helm, said)["strategy"] == {"type": "Recreate"}


def test_strategy_as_in_kubernetes(helm):
    def strategy(given):
        return spec(helm, server(volumes={"data": {"emptyDir": {}}}, strategy=given))["strategy"]

    assert strategy({"type": "Recreate"}) == {"type": "Recreate"}
    assert strategy({"rollingUpdate": {"maxSurge": "25%"}})["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": 0}
    wide = {"maxSurge": 0, "maxUnavailable": 2}
    assert strategy({"type": "RollingUpdate", "rollingUpdate": wide}) == {"type": "RollingUpdate", "rollingUpdate": wide}


@pytest.mark.parametrize(
    "given, said",
    [
        ({"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}, "workloads.pg.strategy: Recreate has no rollingUpdate"),
        ({"rollingUpdate": {"maxSurge": 0}}, "with maxSurge and maxUnavailable 0 no pod could be replaced"),
        ({"rollingUpdate": {"maxSurge": "0%"}}, "with maxSurge and maxUnavailable 0 no pod could be replaced"),
        ({"type": "Rolling"}, "/workloads/pg/strategy/type"),
        ({"rollingUpdate": {"maxSurge": "1"}}, "/workloads/pg/strategy/rollingUpdate/maxSurge"),
    ],
)
def test_strategies_that_no_api_takes(helm, given, said):
    assert said in helm.refused(server(volumes={"data": {"emptyDir": {}}}, strategy=given))


def test_replicas_only_when_they_are_given(helm):
    """An upgrade would undo kubectl scale or an autoscaler; Helm 4's conflicts with them."""
    assert "replicas" not in spec(helm, server())
    assert spec(helm, server(replicas=0))["replicas"] == 0
    assert named(helm.render(FULL), "Deployment", "shop-web")["spec"]["replicas"] == 2
