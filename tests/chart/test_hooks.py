"""A hook runs before anything else of the release exists."""

import pytest

from rig import FULL, changed, container, flags, hooked, mark, named, pods, references, variables, weight

ALREADY_THERE = {("Secret", "smtp"), ("Secret", "outside"), ("Secret", "registry"), ("ServiceAccount", "default")}
ALLOWED = {"Job", "Pod", "ServiceAccount", "Role", "RoleBinding", "Secret", "ConfigMap", "NetworkPolicy"}


@pytest.mark.parametrize("account", [None, {"existingAccount": "default"}, {"nameOverride": "mine"}], ids=["made", "default", "named"])
def test_everything_a_hook_refers_to_exists_before_it(helm, account):
    objects = helm.render(changed(FULL, "serviceAccounts.main", account))
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


def test_who_does_not_print_logs_is_not_asked_to(helm):
    """Flux's helm-controller crashes on that annotation when a hook fails."""

    def asked(*more, **policy):
        jobs = [o for o in helm.render(changed(FULL, "policy", policy), *more) if o["kind"] == "Job"]
        return {"helm.sh/hook-output-log-policy" in job["metadata"]["annotations"] for job in jobs}

    flux = ("--api-versions", "helm.toolkit.fluxcd.io/v2")
    assert asked() == {True} and asked(*flux) == {False}
    assert asked(hookLogs=False) == {False} and asked(*flux, hookLogs=True) == {True}


def test_a_copy_holds_what_the_original_does(helm):
    objects = helm.render(FULL)
    for kind, key in (("Secret", "shop"), ("ConfigMap", "settings")):
        one, two = named(objects, kind, f"shop-{key}"), named(objects, kind, hooked(key))
        assert all(one.get(field) == two.get(field) for field in ("data", "stringData", "type"))


def test_only_what_a_hook_needs_is_copied(helm):
    values = changed(FULL, "migrations", {"schema": {**FULL["migrations"]["schema"], "from": "worker/app"}})
    copies = {o["metadata"]["name"] for o in helm.render(values) if weight(o) is not None}
    assert copies == {"shop-schema", hooked("schema", "-files"), hooked("")}


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
    assert mounted("kept", "/migrations")["configMap"]["name"] == hooked("settings")
    assert own["image"]["image"] == "example/shop-migrations:1" and "command" not in own["image"]
    assert own["inside"]["image"] == "example/shop:1" and own["inside"]["command"] == ["/release-runtime/migrate"]
    copy = container(pod["inside"], "copy-migrate")
    assert copy["args"] == ["copy", "/release-runtime/migrate"]
    assert copy["volumeMounts"][0]["name"] == next(
        m["name"] for m in own["inside"]["volumeMounts"] if m["mountPath"] == "/release-runtime"
    )
    assert flags(own["inside"])["--dir"] == "/app/migrations"
    # An image of the user's is pulled as the application's, for which Kubernetes decides by the tag: never an older `latest`.
    assert [own[key].get("imagePullPolicy") for key in ("schema", "image", "inside")] == ["IfNotPresent", None, None]


def test_it_gets_the_connection_and_nothing_else(helm):
    job = named(helm.render(FULL), "Job", "shop-inside")["spec"]["template"]["spec"]
    migrate = container(job, "migrate")
    assert variables(migrate) == {
        "DATABASE_NAME": {"configMapKeyRef": {"name": hooked("settings"), "key": "DATABASE_NAME"}},
        "DATABASE_URL_FILE": "/run/release-runtime/shop/DATABASE_URL",
        "PGHOST": "pg",
        "PGUSER": "owner",
    }
    assert "envFrom" not in migrate
    projected = next(v["projected"] for v in job["volumes"] if "projected" in v)
    items = [{"key": "DATABASE_URL", "path": "shop/DATABASE_URL"}]
    assert projected == {"sources": [{"secret": {"name": hooked("shop"), "items": items}}]}


def test_a_missing_secret_lets_migrate_speak(helm):
    """Not optional, the pod would wait for it without a word until the Job's deadline."""
    job = named(helm.render(FULL), "Job", "shop-image")["spec"]["template"]["spec"]
    source = next(v for v in job["volumes"] if "projected" in v)["projected"]["sources"][0]["secret"]
    assert source["name"] == "outside" and source["optional"] is True
    # Its message shows the path, and that names the Secret.
    assert variables(container(job, "migrate"))["DATABASE_URL_FILE"] == "/run/release-runtime/outside/DATABASE_URL"


def test_a_missing_configmap_lets_migrate_speak(helm):
    def reference(name, **more):
        return {"valueFrom": {"configMapKeyRef": {"name": name, "key": "host", **more}}}

    env = {"PGHOST": reference("theirs"), "PGPORT": reference("theirs", optional=True), "PGTZ": reference("theirs")}
    env["PGDATABASE"] = reference("settings")
    env["PGPASSWORD"] = {"valueFrom": {"secretKeyRef": {"name": "pg", "key": "pw"}}}
    job = helm.render(changed(FULL, "migrations", {"image": {**FULL["migrations"]["image"], "env": env}}))
    pod = named(job, "Job", "shop-image")["spec"]["template"]["spec"]
    given = variables(container(pod, "migrate"))
    assert given["PGHOST_FILE"] == "/run/release-runtime/theirs/PGHOST" and "PGHOST" not in given
    # What may be missing stays a variable, as do those that migrate reads from no file, and what the chart makes.
    assert given["PGPORT"] == reference("theirs", optional=True)["valueFrom"]
    assert given["PGTZ"] == reference("theirs")["valueFrom"]
    assert given["PGDATABASE"] == reference(hooked("settings"))["valueFrom"]
    sources = next(v for v in pod["volumes"] if "projected" in v)["projected"]["sources"]
    wanted = {"name": "theirs", "items": [{"key": "host", "path": "theirs/PGHOST"}], "optional": True}
    assert {"configMap": wanted} in sources


@pytest.mark.parametrize(
    "change, said",
    [
        ({"deadline": "241s"}, "deadline (241s) + 10 s to end do not fit into activeDeadlineSeconds (280): at least 281"),
        ({"deadline": "10s", "lockWait": "9s", "wait": "9s", "activeDeadlineSeconds": 49}, "(49): at least 50"),
        ({"activeDeadlineSeconds": 300}, "activeDeadlineSeconds (300) must be less than policy.helmTimeout (300)"),
        ({"statementTimeout": "240s"}, "statementTimeout (240s) must be less than deadline (240s)"),
        ({"lockTimeout": "20s", "statementTimeout": "10s"}, "lockTimeout (20s) must be less than statementTimeout"),
        ({"statementTimeout": "10min"}, "statementTimeout (10min) must be less than deadline (240s)"),
        ({"lockWait": "4m"}, "lockWait (4m) must be less than deadline (240s)"),
        ({"command": ["alembic", "upgrade", "head"]}, "give one of files"),
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
    change = {"deadline": "1999ms", "lockWait": "1s", "wait": "1s", "lockTimeout": "1998ms", "activeDeadlineSeconds": 42}
    values = changed(FULL, "migrations", {"schema": {**FULL["migrations"]["schema"], **change}})
    values["policy"] = {"helmTimeout": 43}
    job = named(helm.render(values), "Job", "shop-schema")
    assert job["spec"]["activeDeadlineSeconds"] == 42


def test_all_that_helm_waits_for_is_time_to_pull_the_image(helm):
    values = changed(FULL, "policy", {"helmTimeout": 900})
    assert named(helm.render(values), "Job", "shop-schema")["spec"]["activeDeadlineSeconds"] == 880
    error = helm.refused(changed(FULL, "policy", {"helmTimeout": 299}))
    assert "do not fit into activeDeadlineSeconds (279): at least 280, and policy.helmTimeout" in error


DOCKER = {"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": '{"auths": {}}'}}


@pytest.mark.parametrize("place", ["global", "workloads.web"])
def test_a_pull_secret_of_the_chart_is_found_by_its_key(helm, place):
    values = changed(changed(FULL, "secrets.ghcr", DOCKER), f"{place}.imagePullSecrets", [{"name": "ghcr"}, {"name": "own"}])
    objects = helm.render(values)
    for thing, template in pods(objects):
        if thing["metadata"]["name"] in ("shop-worker", "shop-sweep", "shop-image") and place != "global":
            continue
        real = "shop-ghcr" if weight(thing) is None else hooked("ghcr")
        assert template["spec"]["imagePullSecrets"] == [{"name": real}, {"name": "own"}], thing["metadata"]["name"]
        # A new password of the registry is no reason to restart a pod.
        sums = template["metadata"].get("annotations", {})
        again = changed(values, "secrets.ghcr.stringData", {".dockerconfigjson": '{"auths": {"r": {}}}'})
        other = named(helm.render(again), thing["kind"], thing["metadata"]["name"]) if sums else None
        assert not sums or other["spec"]["template"]["metadata"]["annotations"] == sums
    copy = named(objects, "Secret", hooked("ghcr"))
    assert copy["type"] == DOCKER["type"] and copy["stringData"] == DOCKER["stringData"] and weight(copy) == -20


def test_a_pull_secret_that_a_kubelet_passes_over(helm):
    values = changed(changed(FULL, "secrets.ghcr", {"stringData": {"a": "b"}}), "global.imagePullSecrets", [{"name": "ghcr"}])
    assert "secrets.ghcr.type: imagePullSecrets name it" in helm.refused(values)
    values["secrets"]["ghcr"]["type"] = DOCKER["type"]
    error = helm.refused(values)
    assert "secrets.ghcr: a Secret of the type kubernetes.io/dockerconfigjson has to have the key .dockerconfigjson" in error
    values["secrets"]["ghcr"] = {"existingSecret": "made-elsewhere"}
    assert named(helm.render(values), "Deployment", "shop-worker")["spec"]["template"]["spec"]["imagePullSecrets"] == [
        {"name": "made-elsewhere"}
    ]


def test_hooks_of_two_releases_share_no_name(helm):
    """Helm deletes a hook's namesake, whosever it is. One release's key may begin with the rest of the other's name."""
    secret, files = {"stringData": {"DATABASE_URL": "postgres://db/x"}}, {"0001_a.sql": "SELECT 1;"}
    app = {"containers": {"app": {"image": "a:1"}}}

    def release(name, key, account=None):
        migration = {"files": files, "envFrom": {"x": {"secret": key}}}
        values = {"workloads": {"app": app}, "secrets": {key: secret}, "migrations": {key: migration, "main": migration}}
        values["serviceAccounts"] = {"main": {"nameOverride": account}} if account else {}
        return {(o["kind"], o["metadata"]["name"]): weight(o) for o in helm.render(values, release=name)}

    alike = [release("shop", "web-db"), release("shop-web", "db"), release("shop-web-db", "hook"), release("shop-hook", "db")]
    for i, one in enumerate(alike):
        assert len([what for what in one if one[what] is not None]) >= 6
        for other in alike[i + 1 :]:
            assert not [what for what in one.keys() & other.keys() if (one[what], other[what]) != (None, None)]


def test_jobs_are_called_release_key_where_that_is_nobody_elses(helm):
    jobs = lambda values, **how: {o["metadata"]["name"] for o in helm.render(values, **how) if o["kind"] == "Job"}  # noqa: E731
    schema = FULL["migrations"]["schema"]
    values = changed(FULL, "migrations", {"schema": schema, "main": schema, "a-b": schema, "x": {**schema, "nameOverride": "me-too"}})
    assert jobs(values) == {"shop-schema", "shop", f"shop-a-b-{mark('a-b')}", "me-too"}
    assert f"my-shop-schema-{mark('schema', 'my-shop')}" in jobs(values, release="my-shop")


def test_inside_the_applications_image_its_security_holds(helm):
    security = {"runAsUser": 1001, "runAsGroup": 1001, "readOnlyRootFilesystem": False}
    objects = helm.render(changed(FULL, "workloads.web.containers.app.securityContext", security))
    own = container(named(objects, "Job", "shop-inside")["spec"]["template"]["spec"], "migrate")["securityContext"]
    cron = named(objects, "CronJob", "shop-mail")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    for key in ("runAsUser", "runAsGroup", "capabilities", "allowPrivilegeEscalation"):
        assert own[key] == container(cron, "app")["securityContext"][key]
    assert own["readOnlyRootFilesystem"] is True
    # Our own image has users of its own.
    files = container(named(objects, "Job", "shop-schema")["spec"]["template"]["spec"], "migrate")["securityContext"]
    assert "runAsUser" not in files


SAME = {
    "DATABASE_HOST": ["shop-pg", "shop-pg.prod", "shop-pg.prod.svc.cluster.local", "other,shop-pg"],
    "DATABASE_URL": ["postgres://u@shop-pg/x", "postgres://u@a:1,shop-pg:5432/x?sslmode=disable", "postgresql://shop-pg.prod:1"],
    "DATABASE_DSN": ["host=shop-pg dbname=x", "dbname=x host = 'shop-pg' user=u"],
    "PGHOST": ["shop-pg"],
}
SAME = [(name, text) for name, texts in SAME.items() for text in texts]


def in_release(name, text, kind):
    """A migration that is told so where PostgreSQL is: plainly, by a ConfigMap, by a Secret."""
    values = {"workloads": {"pg": {"containers": {"server": {"image": "pg:1", "port": 5432}}}}}
    migration = {"files": {"0001_a.sql": "SELECT 1;"}}
    if kind == "env":
        migration["env"] = {name: text}
    else:
        values[kind] = {"db": {{"configMaps": "data", "secrets": "stringData"}[kind]: {name: text}}}
        migration["envFrom"] = {"x": {{"configMaps": "configMap", "secrets": "secret"}[kind]: "db"}}
    return {**values, "migrations": {"schema": migration}}


@pytest.mark.parametrize(
    "name, text, kind",
    [(name, text, "env") for name, text in SAME] + [(*SAME[4], "configMaps"), (*SAME[4], "secrets"), (*SAME[0], "configMaps")],
)
def test_a_database_that_the_release_itself_brings(helm, name, text, kind):
    values = in_release(name, text, kind)
    error = helm.refused(values)
    assert f'migrations.schema: {name} names the Service "shop-pg" of this release (services.pg)' in error
    assert "--set migrations.schema.enabled=false" in error
    # On an upgrade it is there.
    named(helm.render(values, "--is-upgrade"), "Job", "shop-schema")


@pytest.mark.parametrize("text", ["pg", "shop-pg.other", "shop-pg.example.com", "shop-pgx"])
def test_a_database_of_another_place(helm, text):
    named(helm.render(in_release("DATABASE_HOST", text, "env")), "Job", "shop-schema")
