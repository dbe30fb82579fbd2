"""A hook runs before anything else of the release exists."""

import pytest

from rig import FULL, changed, container, flags, named, pods, references, variables, weight

ALREADY_THERE = {("Secret", "smtp"), ("Secret", "outside"), ("Secret", "registry"), ("ServiceAccount", "default")}
ALLOWED = {"Job", "Pod", "ServiceAccount", "Role", "RoleBinding", "Secret", "ConfigMap", "NetworkPolicy"}


@pytest.mark.parametrize("account", [None, {"create": False}, {"name": "mine"}], ids=["made", "default", "named"])
def test_everything_a_hook_refers_to_exists_before_it(helm, account):
    objects = helm.render(changed(FULL, "serviceAccount", account))
    hooks = [thing for thing, _ in pods(objects) if weight(thing) is not None]
    assert len(hooks) == 4
    there = {(o["kind"], o["metadata"]["name"]): weight(o) for o in objects if weight(o) is not None}
    for thing, template in pods(objects):
        if weight(thing) is None:
            continue
        for what in references(template["spec"]) - ALREADY_THERE:
            assert what in there, (thing["metadata"]["name"], what)
            assert there[what] < weight(thing), (thing["metadata"]["name"], what)


def test_hooks_are_copies_and_never_the_real_thing(helm):
    objects = helm.render(FULL)
    real = {(o["kind"], o["metadata"]["name"]) for o in objects if weight(o) is None}
    for thing in objects:
        if weight(thing) is None:
            continue
        meta = thing["metadata"]
        assert thing["kind"] in ALLOWED
        assert (thing["kind"], meta["name"]) not in real
        assert meta["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
        policy = meta["annotations"]["helm.sh/hook-delete-policy"]
        if thing["kind"] == "Job":
            # Its log and termination message stay; the next one makes room for itself.
            assert policy == "before-hook-creation"
            assert meta["annotations"]["helm.sh/hook-output-log-policy"] == "hook-failed"
        else:
            assert meta["name"].endswith("-hook") and policy == "before-hook-creation,hook-succeeded"


def test_a_copy_holds_what_the_original_does(helm):
    objects = helm.render(FULL)
    for kind, name in (("Secret", "shop-shop"), ("ConfigMap", "shop-settings")):
        one, two = named(objects, kind, name), named(objects, kind, f"{name}-hook")
        assert all(one.get(field) == two.get(field) for field in ("data", "stringData", "type"))


def test_only_what_a_hook_needs_is_copied(helm):
    values = changed(FULL, "migrations", {"schema": {**FULL["migrations"]["schema"], "from": "worker/app"}})
    copies = {o["metadata"]["name"] for o in helm.render(values) if weight(o) is not None}
    assert copies == {"shop-schema", "shop-schema-files-hook", "shop-hook"}


def test_the_job(helm):
    job = named(helm.render(FULL), "Job", "shop-schema")
    spec = job["spec"]
    assert (spec["activeDeadlineSeconds"], spec["ttlSecondsAfterFinished"]) == (280, 86400)
    pod = spec["template"]["spec"]
    assert pod["restartPolicy"] == "Never" and len(pod["containers"]) == 1
    ignore, stop = spec["podFailurePolicy"]["rules"]
    assert ignore == {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    assert stop["onExitCodes"] == {
        "containerName": pod["containers"][0]["name"],
        "operator": "In",
        "values": [10, 11, 12, 20, 21, 22, 23, 24],
    }
    given = flags(pod["containers"][0])
    assert given["--deadline"] == "240s" and given["--dir"] == "/migrations" and given["--log"] == "text"


def test_where_the_files_come_from(helm):
    objects = helm.render(FULL)
    pod = {key: named(objects, "Job", f"shop-{key}")["spec"]["template"]["spec"] for key in FULL["migrations"]}
    own = {key: container(p, "migrate") for key, p in pod.items()}

    def mounted(key, path):
        name = next(m["name"] for m in own[key]["volumeMounts"] if m["mountPath"] == path)
        return next(v for v in pod[key]["volumes"] if v["name"] == name)

    files = named(objects, "ConfigMap", mounted("schema", "/migrations")["configMap"]["name"])
    assert files["data"] == FULL["migrations"]["schema"]["files"]
    assert mounted("kept", "/migrations")["configMap"]["name"] == "shop-settings-hook"
    assert own["image"]["image"] == "example/shop-migrations:1" and "command" not in own["image"]
    assert own["inside"]["image"] == "example/shop:1" and own["inside"]["command"] == ["/release-runtime/migrate"]
    copy = container(pod["inside"], "copy-migrate")
    assert copy["args"] == ["copy", "/release-runtime/migrate"]
    assert copy["volumeMounts"][0]["name"] == next(
        m["name"] for m in own["inside"]["volumeMounts"] if m["mountPath"] == "/release-runtime"
    )
    assert flags(own["inside"])["--dir"] == "/app/migrations"


def test_it_gets_the_connection_and_nothing_else(helm):
    job = named(helm.render(FULL), "Job", "shop-inside")["spec"]["template"]["spec"]
    migrate = container(job, "migrate")
    assert variables(migrate) == {
        "DATABASE_NAME": {"configMapKeyRef": {"name": "shop-settings-hook", "key": "DATABASE_NAME"}},
        "DATABASE_URL_FILE": "/run/release-runtime/DATABASE_URL",
        "PGHOST": "pg",
        "PGUSER": "owner",
    }
    assert "envFrom" not in migrate
    projected = next(v["projected"] for v in job["volumes"] if "projected" in v)
    items = [{"key": "DATABASE_URL", "path": "DATABASE_URL"}]
    assert projected == {"sources": [{"secret": {"name": "shop-shop-hook", "items": items}}]}


def test_a_missing_secret_lets_migrate_speak(helm):
    """Not optional, the pod would wait for it without a word until the Job's deadline."""
    job = named(helm.render(FULL), "Job", "shop-image")["spec"]["template"]["spec"]
    source = next(v for v in job["volumes"] if "projected" in v)["projected"]["sources"][0]["secret"]
    assert source["name"] == "outside" and source["optional"] is True


@pytest.mark.parametrize(
    "change, said",
    [
        ({"deadline": "5m"}, "deadline (5m) must be less than activeDeadlineSeconds (280)"),
        ({"activeDeadlineSeconds": 300}, "activeDeadlineSeconds (300) must be less than policy.helmTimeout (300)"),
        ({"statementTimeout": "240s"}, "statementTimeout (240s) must be less than deadline (240s)"),
        ({"lockTimeout": "20s", "statementTimeout": "10s"}, "lockTimeout (20s) must be less than statementTimeout"),
        ({"lockWait": "4m"}, "lockWait (4m) must be less than deadline (240s)"),
        ({"command": ["alembic", "upgrade", "head"]}, 'command: wrapping another migrator needs "migrate run"'),
        ({"files": None}, "give one of files"),
        ({"dir": "/x"}, "give one of files"),
        ({"from": "web/none"}, 'there is no container "web/none" (WORKLOAD/CONTAINER); there are: web/app, web/nginx'),
        ({"from": "web/nginx"}, "nothing says where PostgreSQL is"),
    ],
)
def test_refused(helm, change, said):
    values = changed(FULL, "migrations", {"schema": {**FULL["migrations"]["schema"], **change}})
    error = helm.refused(values)
    assert "migrations.schema" in error and said in error


def test_deadlines_that_just_fit(helm):
    change = {"deadline": "1999ms", "lockWait": "1s", "wait": "1s", "lockTimeout": "1998ms", "activeDeadlineSeconds": 2}
    values = changed(FULL, "migrations", {"schema": {**FULL["migrations"]["schema"], **change}})
    values["policy"] = {"helmTimeout": 3}
    job = named(helm.render(values), "Job", "shop-schema")
    assert job["spec"]["activeDeadlineSeconds"] == 2
