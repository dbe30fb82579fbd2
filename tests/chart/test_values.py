"""What may be in the values, and what becomes of it."""

import json
import shutil

import pytest
import yaml

from rig import CHART, FULL, VERSION, changed, container, hooked, named, parent, pods, variables

APP = {"image": "example/shop:1", "port": 8080}


def app_of(objects):
    return container(named(objects, "Deployment", "shop-web")["spec"]["template"]["spec"], "app")


NUMBERS = [(600, "600"), (1000000, "1000000"), (123456789012, "123456789012"), (0, "0"), (0.5, "0.5"), ("007", "007")]


@pytest.mark.parametrize("number, text", [*NUMBERS, (False, "false"), (True, "true")])
def test_numbers_survive(helm, number, text):
    values = {"workloads": {"web": {"containers": {"app": {**APP, "env": {"N": number}, "args": [number]}}}}}
    app = app_of(helm.render(values))
    assert variables(app)["N"] == text and app["args"] == [text]
    word = json.dumps(number) if not isinstance(number, str) else None
    if word:
        values = {"workloads": {"web": {"containers": {"app": APP}}}}
        app = app_of(helm.render(values, "--set", f"workloads.web.containers.app.env.N={word}"))
        assert variables(app)["N"] == text


def test_configmaps_hold_text(helm):
    data = named(helm.render(FULL), "ConfigMap", "shop-settings")["data"]
    assert data == {"DATABASE_NAME": "shop", "LIMIT": "600", "page.html": "<p>"}


def test_a_password_in_a_configmap_is_refused(helm):
    error = helm.refused(changed(FULL, "configMaps.settings.data.URL", "https://me:canary@host/x"))
    assert "configMaps.settings.data.URL" in error and "secrets.settings" in error and "canary" not in error
    helm.render(changed(FULL, "configMaps.settings.data.URL", "https://host:80/x?mail=a@b"))


def entries(values, path=()):
    """Paths of every map entry."""
    for key, value in values.items():
        yield (*path, key)
        if isinstance(value, dict):
            yield from entries(value, (*path, key))


def without(values, path):
    """A copy without the entry at path."""
    out = json.loads(json.dumps(values))
    at = out
    for word in path[:-1]:
        at = at[word]
    del at[path[-1]]
    return out


ENTRIES = list(entries(FULL))


@pytest.mark.parametrize("path", ENTRIES, ids=".".join)
def test_null_is_as_if_it_were_not_there(both, tmp_path, path):
    """From a second file, and from --set where its syntax can name the key; the same under both majors."""
    first, second = tmp_path / "first.yaml", None
    first.write_text(json.dumps(FULL))
    for word in reversed(path):
        second = {word: second}
    expected = both[0].template(without(FULL, path))
    renders = [helm.template(second, "-f", first) for helm in both]
    if not any("." in word for word in path):
        renders.append(both[-1].template(FULL, "--set", f"{'.'.join(path)}=null"))
    for done in renders:
        assert (done.returncode, done.stdout) == (expected.returncode, expected.stdout), done.stderr
        assert "nil pointer" not in done.stderr and "interface conversion" not in done.stderr, done.stderr


APP_PATH = "workloads.web.containers.app"
MAPS = ["", "serviceAccounts.main", "policy", "podSecurity", "services.web", "configMaps.settings", "secrets.shop"]
MAPS += ["workloads.web", "workloads.web.healthd", "workloads.web.volumes.pages", "migrations.schema", "cronJobs.mail"]
MAPS += [APP_PATH, f"{APP_PATH}.livenessProbe", f"{APP_PATH}.livenessProbe.httpGet", f"{APP_PATH}.volumeMounts.pages"]


@pytest.mark.parametrize("path", MAPS, ids=lambda path: path or "root")
def test_an_unknown_key_is_refused_by_its_path(helm, path):
    error = helm.refused(changed(FULL, f"{path}.typo".lstrip("."), 1))
    assert "'typo' not allowed" in error or "typo is not allowed" in error, error
    assert f"'{'/' if path else ''}{path.replace('.', '/')}'" in error, error


def test_what_the_root_and_global_let_through(helm):
    values = changed(FULL, "x-anchors", {"anything": [1]})
    values.update(enabled=True, tags={"all": True})
    assert helm.text(values) == helm.text(FULL)


@pytest.mark.parametrize("key", ["Web", "1st", "with_underscore", "true", "-x", "a" * 41])
def test_keys_are_parts_of_names(helm, key):
    values = {"workloads": {key: {"containers": {"app": APP}}}}
    error = helm.refused(values)
    assert f"'{key}'" in error or f'"{key}"' in error


def test_as_an_aliased_dependency(both, tmp_path):
    parent = tmp_path / "shop"
    (parent / "charts").mkdir(parents=True)
    (parent / "charts" / "release-runtime").symlink_to(CHART)
    version = next(line for line in (CHART / "Chart.yaml").read_text().splitlines() if line.startswith("version:"))
    (parent / "Chart.yaml").write_text(
        "apiVersion: v2\nname: shop\nversion: 3.2.1\nappVersion: '7'\ndependencies:\n"
        f"- {{name: release-runtime, {version}, repository: 'file://../chart', alias: app, condition: app.enabled}}\n"
    )
    (parent / "values.yaml").write_text(json.dumps({"app": {"enabled": True, **FULL}}))
    texts = set()
    for helm in both:
        own = [stripped(thing) for thing in helm.render(FULL)]
        within = [stripped(thing) for thing in helm.render({"app": {"cronJobs": {"sweep": None}}}, chart=parent)]
        assert [thing["metadata"]["name"] for thing in own if thing not in within] == ["shop-sweep"]
        texts.add(helm.text({"app": {"cronJobs": {"sweep": None}}}, chart=parent))
        assert helm.render({"app": {"enabled": False}}, chart=parent) == []
    assert len(texts) == 1


def test_named_templates_bring_our_version(helm, tmp_path):
    sidecar = '{{ include "release-runtime.healthdSidecar" (dict "ctx" . "checks" (dict "a" "tcp://b:1")) }}'
    text = "{kind: Pod, spec: {containers: [" + sidecar + "]}}"
    (made,) = [o for o in helm.render({}, chart=parent(tmp_path, {}, text)) if o["kind"] == "Pod"]
    assert made["spec"]["containers"][0]["image"] == f"localhost/release-runtime/healthd:{VERSION}"


def users(objects):
    specs = [template["spec"]["securityContext"] for _, template in pods(objects)]
    return {key for spec in specs for key in ("runAsUser", "runAsGroup") if key in spec}


def test_the_cluster_may_choose_the_user(both, tmp_path):
    """As OpenShift does, which refuses any number outside of the namespace's range."""
    none = {"podSecurity": {"runAsUser": None, "runAsGroup": None}}
    for i, helm in enumerate(both):
        assert users(helm.render(FULL)) == {"runAsUser", "runAsGroup"}
        assert users(helm.render({**FULL, **none})) == set()
        second = tmp_path / "second.yaml"
        second.write_text(json.dumps(none))
        given = tmp_path / "given.yaml"
        given.write_text(json.dumps(changed(FULL, "podSecurity", {"runAsUser": 5, "fsGroup": 6})))
        assert users(helm.render(None, "-f", given, "-f", second)) == set()
        assert users(helm.render(FULL, "--set", "podSecurity.runAsUser=null")) == {"runAsGroup"}
        chart = parent(tmp_path / str(i), {"app": {**FULL, **none}})
        assert users(helm.render({}, chart=chart)) == set()
        chart = parent(tmp_path / f"{i}-file", {"app": FULL})
        assert users(helm.render({"app": none}, chart=chart)) == set()


def test_an_upgrade_that_reuses_values_keeps_the_user(both, tmp_path):
    """helm upgrade --reuse-values takes an earlier chart's defaults, which said nothing of the user: so does this one here."""
    shutil.copytree(CHART, tmp_path / "chart")
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    del defaults["podSecurity"]
    (tmp_path / "chart" / "values.yaml").write_text(json.dumps(defaults))
    for helm in both:
        assert helm.text(FULL, chart=tmp_path / "chart") == helm.text(FULL)


def test_every_name_that_is_a_key_means_that_object(helm):
    sources = [{"secret": {"name": "shop"}}, {"configMap": {"name": "settings"}}, {"secret": {"name": "smtp"}}]
    values = changed(FULL, "workloads.web.volumes.pages", {"projected": {"sources": sources}})
    pod = named(helm.render(values), "Deployment", "shop-web")["spec"]["template"]["spec"]
    (found,) = [v["projected"]["sources"] for v in pod["volumes"] if v["name"] == "pages"]
    names = [next(iter(source.values()))["name"] for source in found]
    assert names == ["shop-shop", "shop-settings", "smtp"]


def stripped(thing):
    """An object without the label that names the chart."""
    out = json.loads(json.dumps(thing))
    del out["metadata"]["labels"]["helm.sh/chart"]
    return out


def ports(service):
    return [(p["name"], p["port"], p["targetPort"]) for p in service["ports"]]


def test_services(helm):
    objects = helm.render(FULL)
    web, admin = named(objects, "Service", "shop-web")["spec"], named(objects, "Service", "shop-admin")["spec"]
    assert ports(web) == [("http", 80, "http"), ("admin", 81, "admin"), ("nginx", 9000, "nginx")]
    assert (web["type"], admin["type"]) == ("ClusterIP", "NodePort") and admin["selector"] == web["selector"]
    assert not [o for o in objects if o["kind"] == "Service" and o["metadata"]["name"] == "shop-worker"]
    objects = helm.render(changed(FULL, "services.web", {"enabled": False}))
    assert not [o for o in objects if o["kind"] == "Service" and o["metadata"]["name"] == "shop-web"]
    error = helm.refused(changed(FULL, "services.web.ports", {"typo": 1}))
    assert 'has no port "typo"; it has: http, admin, nginx' in error
    assert 'there is no workload "typo"' in helm.refused(changed(FULL, "services.typo", {}))


def test_secrets(helm):
    assert "give stringData" in helm.refused(changed(FULL, "secrets.empty", {}))
    assert "exclude each other" in helm.refused(changed(FULL, "secrets.shop.existingSecret", "x"))
    names = [o["metadata"]["name"] for o in helm.render(FULL) if o["kind"] == "Secret"]
    assert sorted(names) == ["shop-shop", hooked("shop")]


def test_notes_name_what_was_installed_and_how_to_look(helm, tmp_path):
    # Without a cluster Helm 3 shows no notes; another template of the chart does.
    chart = shutil.copytree(CHART, tmp_path / "chart")
    shows = '{{ dict "kind" "Notes" "text" (include "release-runtime/templates/NOTES.txt" .) | toJson }}'
    (chart / "templates" / "notes.yaml").write_text(shows)
    more = {f"p{port}": {"containers": {"app": {"image": "a:1", "port": port}}} for port in (80, 5432)}
    values = {**FULL, "workloads": {**FULL["workloads"], **more}}
    (notes,) = [o["text"] for o in helm.render(values, chart=chart) if o["kind"] == "Notes"]
    for words in (
        # At its own number, unless that is root's alone.
        "-n prod port-forward deployment/shop-p80 8080:80\n",
        "-n prod port-forward deployment/shop-p5432 5432:5432\n",
        "shop-web: Deployment, 2 replica(s) of example/shop:1, example/nginx:1",
        "shop-schema: migration, done before this install",
        "shop-mail: CronJob, */5 * * * * Europe/Berlin",
        "-n prod get deployments,pods,jobs,cronjobs,services -l app.kubernetes.io/instance=shop",
        "-n prod port-forward deployment/shop-web 9180:9180",
        "-n prod logs -l app.kubernetes.io/instance=shop --all-containers --prefix --tail=50",
        "-n prod logs job/shop-schema",
    ):
        assert words in notes, notes
    assert "canary" not in notes
