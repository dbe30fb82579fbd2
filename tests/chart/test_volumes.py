"""Claims and volumes: said once, for all containers and jobs that need them."""

import pytest

from rig import FULL, changed, container, hooked, named

APP = {"image": "example/shop:1"}
UPLOADS = {"persistence": "uploads", "mountPath": "/uploads"}
JOB = {"from": "web/php", "schedule": "* * * * *", "command": ["mail"]}
URL = {"DATABASE_URL": {"valueFrom": {"secretKeyRef": {"name": "pg", "key": "url"}}}}


def shop(volume=UPLOADS, claim=None, containers=("nginx", "php"), **more):
    web = {"containers": {name: {**APP, "env": URL} for name in containers}, "volumes": {"uploads": volume}}
    return {"workloads": {"web": web}, "persistence": {"uploads": claim or {"size": "5Gi"}}, **more}


def pod(objects, kind="Deployment", name="shop-web"):
    spec = named(objects, kind, name)["spec"]
    return (spec["jobTemplate"]["spec"] if kind == "CronJob" else spec)["template"]["spec"]


def mounts(c):
    return {m["name"]: {k: v for k, v in m.items() if k != "name"} for m in c.get("volumeMounts", [])}


def test_a_claim(helm):
    claim = {"size": "10Gi", "storageClass": "fast", "annotations": {"a": 1}, "volumeMode": "Filesystem"}
    made = named(helm.render(shop(claim=claim)), "PersistentVolumeClaim", "shop-uploads")
    assert made["spec"] == {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "10Gi"}},
        "storageClassName": "fast",
        "volumeMode": "Filesystem",
    }
    assert made["metadata"]["annotations"] == {"a": "1", "helm.sh/resource-policy": "keep"}
    made = named(helm.render(shop(claim={"size": "1Gi", "retain": False})), "PersistentVolumeClaim", "shop-uploads")
    assert "annotations" not in made["metadata"] and "storageClassName" not in made["spec"]
    objects = helm.render(shop(claim={"existingClaim": "theirs"}))
    assert not [o for o in objects if o["kind"] == "PersistentVolumeClaim"]
    assert pod(objects)["volumes"][0]["persistentVolumeClaim"] == {"claimName": "theirs"}


def test_all_containers_mount_it_or_those_that_are_named(helm):
    objects = pod(helm.render(shop()))
    assert objects["volumes"][0] == {"name": "uploads", "persistentVolumeClaim": {"claimName": "shop-uploads"}}
    for name in ("nginx", "php"):
        assert mounts(container(objects, name)) == {"uploads": {"mountPath": "/uploads"}}
    narrow = {**UPLOADS, "subPath": "a", "containers": {"php": {}, "nginx": {"mountPath": "/srv", "readOnly": True}}}
    objects = pod(helm.render(shop(narrow)))
    assert mounts(container(objects, "php"))["uploads"] == {"mountPath": "/uploads", "subPath": "a"}
    assert mounts(container(objects, "nginx"))["uploads"] == {"mountPath": "/srv", "subPath": "a", "readOnly": True}
    objects = pod(helm.render(shop({**UPLOADS, "containers": {"php": {}}})))
    assert "volumeMounts" not in container(objects, "nginx")
    # Further mounts of the same volume, of a part of it.
    values = changed(shop(), "workloads.web.containers.php.volumeMounts", {"qr": {"name": "uploads", "mountPath": "/qr", "subPath": "qr"}})
    assert set(mounts(container(pod(helm.render(values)), "php"))) == {"uploads"}
    assert [m["mountPath"] for m in container(pod(helm.render(values)), "php")["volumeMounts"]] == ["/qr", "/uploads"]
    # Any kind of volume.
    objects = pod(helm.render(shop({"emptyDir": {}, "mountPath": "/log"})))
    assert mounts(container(objects, "php")) == {"uploads": {"mountPath": "/log"}}


def strategy(helm, values):
    return named(helm.render(values), "Deployment", "shop-web")["spec"]["strategy"]["type"]


def test_a_claim_of_one_node_chooses_how_pods_are_replaced(helm):
    assert strategy(helm, shop()) == "Recreate"
    assert strategy(helm, shop(claim={"size": "1Gi", "accessModes": ["ReadWriteMany"]})) == "RollingUpdate"
    assert strategy(helm, shop({**UPLOADS, "readOnly": True})) == "RollingUpdate"
    assert strategy(helm, shop(claim={"existingClaim": "x", "accessModes": ["ReadWriteMany"]})) == "RollingUpdate"
    error = helm.refused(changed(shop(), "workloads.web.replicas", 2))
    assert "workloads.web.replicas: 2 pods would write at once to the claim of volumes.uploads" in error
    pinned = changed(changed(shop(), "workloads.web.replicas", 2), "workloads.web.nodeSelector", {"kubernetes.io/hostname": "a"})
    pinned["workloads"]["web"]["strategy"] = {"type": "Recreate"}
    assert strategy(helm, pinned) == "Recreate"


@pytest.mark.parametrize(
    "modes, kind",
    [
        (["ReadWriteOnce"], "Recreate"),
        (["ReadWriteOncePod"], "Recreate"),
        (["ReadWriteMany"], "RollingUpdate"),
        (["ReadOnlyMany"], "RollingUpdate"),
        (["ReadWriteOnce", "ReadOnlyMany"], "Recreate"),  # many read it, and one node writes
        (["ReadWriteOnce", "ReadWriteMany"], "RollingUpdate"),
    ],
)
def test_what_a_claim_can_do_decides(helm, modes, kind):
    """How pods are replaced, and whether a job has to run on the workload's node."""
    values = shop(claim={"size": "1Gi", "accessModes": modes}, cronJobs={"mail": {**JOB, "volumes": True}})
    assert strategy(helm, values) == kind
    assert ("affinity" in pod(helm.render(values), "CronJob", "shop-mail")) == (kind == "Recreate")


def test_two_workloads_on_one_claim(helm):
    values = changed(shop(), "workloads.zz", shop()["workloads"]["web"])
    error = helm.refused(values)
    assert "workloads.zz.volumes.uploads: workloads.web.volumes.uploads writes to the same claim" in error
    helm.render({**values, "policy": {"allowSharedRWO": True}})
    helm.render(changed(values, "workloads.zz.volumes.uploads.readOnly", True))


def test_a_cron_job_takes_volumes_over(helm):
    values = shop({**UPLOADS, "containers": {"php": {}}}, cronJobs={"mail": {**JOB, "volumes": True}})
    values["workloads"]["web"]["volumes"]["cache"] = {"emptyDir": {}, "mountPath": "/cache"}
    spec = pod(helm.render(values), "CronJob", "shop-mail")
    assert mounts(container(spec, "php")).items() >= {"uploads": {"mountPath": "/uploads"}, "cache": {"mountPath": "/cache"}}.items()
    assert {v["name"] for v in spec["volumes"]} == {"uploads", "cache", "release-runtime"}
    # The claim is on one node: the job has to run where the workload does.
    (term,) = spec["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert term["topologyKey"] == "kubernetes.io/hostname" and term["labelSelector"]["matchLabels"]["app.kubernetes.io/component"] == "web"
    values["cronJobs"]["mail"]["volumes"] = {"cache": {"readOnly": True}}
    spec = pod(helm.render(values), "CronJob", "shop-mail")
    assert mounts(container(spec, "php"))["cache"] == {"mountPath": "/cache", "readOnly": True} and "affinity" not in spec
    del values["cronJobs"]["mail"]["volumes"]
    assert {v["name"] for v in pod(helm.render(values), "CronJob", "shop-mail")["volumes"]} == {"release-runtime"}
    values["cronJobs"]["mail"]["volumes"] = {"typo": {}}
    assert "cronJobs.mail.volumes.typo: the workload of web/php has no such volume; it has: cache, uploads" in helm.refused(values)


def test_a_migration_takes_volumes_over(helm):
    migration = {"from": "web/php", "dir": "/m", "volumes": {"uploads": {}}}
    values = shop(migrations={"schema": migration})
    error = helm.refused(values)
    assert "migrations.schema.volumes: the claim of persistence.uploads is not there before the first install" in error
    spec = pod(helm.render(values, "--is-upgrade"), "Job", "shop-schema")
    assert mounts(container(spec, "migrate"))["uploads"] == {"mountPath": "/uploads"} and spec["affinity"]["podAffinity"]
    values["workloads"]["web"]["volumes"]["uploads"] = {"configMap": {"name": "conf"}, "mountPath": "/etc/conf"}
    values["configMaps"] = {"conf": {"data": {"a": "b"}}}
    spec = pod(helm.render(values), "Job", "shop-schema")
    assert {"name": "uploads", "configMap": {"name": hooked("conf")}} in spec["volumes"]


@pytest.mark.parametrize(
    "path, value, said",
    [
        ("persistence.uploads", {"storageClass": "x"}, "persistence.uploads: give size, or existingClaim"),
        ("persistence.uploads.existingClaim", "x", "persistence.uploads: existingClaim and size exclude each other"),
        ("workloads.web.volumes.uploads.persistence", "up", 'volumes.uploads.persistence: there is no "up" in persistence; there are: uploads'),
        ("workloads.web.volumes.uploads.containers", {"pph": {}}, "volumes.uploads.containers.pph: there is no such container; there are: nginx, php"),
        ("workloads.web.volumes.uploads.emptyDir", {}, "volumes.uploads: give one of emptyDir"),
        ("persistence.uploads.accessModes", ["ReadWriteTwice"], "/persistence/uploads/accessModes"),
    ],
)
def test_refused(helm, path, value, said):
    assert said in helm.refused(changed(shop(), path, value))


def test_two_claims_of_one_name(helm):
    error = helm.refused(changed(shop(), "persistence.b", {"size": "1Gi", "nameOverride": "shop-uploads"}))
    assert 'the PersistentVolumeClaim "shop-uploads" is made by' in error
    both = {"existingClaim": "theirs"}
    helm.render({**FULL, "persistence": {**FULL["persistence"], "a": both, "b": both}})
