"""deploy.tool: argocd: Argo CD installs what is rendered. Its waves take the place of Helm's hooks and of their copies."""

import pytest
from kinds import MORE
from rig import FULL, changed, named, pod_template, references

ARGO = "argocd.argoproj.io"
TOOL = {"deploy": {"tool": "argocd"}}
# What events Argo CD does not have.
FOR_ARGO = {**changed(MORE, "hooks.drop", None), **TOOL}
EXISTING = {("Secret", name) for name in ("registry", "smtp", "outside", "quay-login")} | {("ConfigMap", "outside")}


def notes(thing):
    return thing["metadata"].get("annotations", {})


def wave(thing):
    """Where in the sync it is: hooks of PostSync come after everything."""
    number = int(notes(thing).get(f"{ARGO}/sync-wave", 0))
    return (notes(thing).get(f"{ARGO}/hook") == "PostSync", number)


def renders(helm):
    return [thing for values in ({**FULL, **TOOL}, FOR_ARGO) for thing in helm.render(values)]


def test_no_hook_of_helms_but_tests(helm):
    hooks = [thing for thing in renders(helm) if any(key.startswith("helm.sh/") for key in notes(thing))]
    assert {thing["kind"] for thing in hooks} == {"Pod"} and all(notes(thing)["helm.sh/hook"] == "test" for thing in hooks)


def test_there_are_no_copies(helm):
    assert not [thing["metadata"]["name"] for thing in renders(helm) if thing["metadata"]["name"].endswith("-hook")]


def test_what_jobs_refer_to_comes_first(helm):
    for thing in renders(helm):
        if thing["kind"] in ("Secret", "ServiceAccount", "NetworkPolicy", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"):
            wanted = (False, 0) if thing["kind"] == "NetworkPolicy" and thing["metadata"]["name"] != "shop-default" else (False, -10)
            assert wave(thing) == wanted, thing["metadata"]["name"]
        if thing["kind"] == "ConfigMap" and not thing["metadata"]["name"].endswith("-dashboard"):
            assert wave(thing) == (False, -10), thing["metadata"]["name"]


@pytest.mark.parametrize("values", [{**FULL, **TOOL}, FOR_ARGO], ids=["full", "more"])
def test_no_job_is_blind(helm, values):
    objects = helm.render(values)
    there = {(thing["kind"], thing["metadata"]["name"]): wave(thing) for thing in objects}
    jobs = [thing for thing in objects if thing["kind"] == "Job"]
    assert len(jobs) > 2
    for job in jobs:
        assert notes(job)[f"{ARGO}/hook-delete-policy"] == "BeforeHookCreation"
        for what in references(pod_template(job)["spec"]) - EXISTING:
            assert there[what] < wave(job), (job["metadata"]["name"], what)


def test_migrations_run_before_the_workloads(helm):
    job = named(helm.render({**FULL, **TOOL}), "Job", "shop-schema")
    assert notes(job) == {
        f"{ARGO}/hook": "Sync",
        f"{ARGO}/hook-delete-policy": "BeforeHookCreation",
        f"{ARGO}/sync-wave": "-5",
    }
    assert named(helm.render({**FULL, **TOOL}), "ConfigMap", "shop-schema-files")["data"] == FULL["migrations"]["schema"]["files"]


def test_post_is_post_sync(helm):
    """A Sync hook of that wave would run before; PostSync waits until everything is healthy, so it may take things away."""
    values = changed({**FULL, **TOOL}, "migrations.schema", {**FULL["migrations"]["schema"], "when": "post"})
    assert notes(named(helm.render(values), "Job", "shop-schema"))[f"{ARGO}/hook"] == "PostSync"
    values = changed({**FULL, **TOOL}, "migrations.schema.contract", "post")
    objects = helm.render(values)
    contract = next(o for o in objects if o["kind"] == "Job" and o["metadata"]["name"].startswith("shop-schema-contract"))
    assert notes(contract)[f"{ARGO}/hook"] == "PostSync"
    assert "say policy.helmWaits: true" in helm.refused(changed(values, "deploy", None))


def test_hooks_keep_their_order(helm):
    jobs = {thing["metadata"]["name"]: thing for thing in helm.render(changed(FOR_ARGO, "hooks.check.weight", 2)) if thing["kind"] == "Job"}
    assert notes(jobs["shop-check"])[f"{ARGO}/hook"] == "Sync" and wave(jobs["shop-check"]) == (False, -3)
    assert notes(jobs["shop-warm"])[f"{ARGO}/hook"] == "PostSync" and wave(jobs["shop-warm"]) == (True, 3)
    deleted = changed(FOR_ARGO, "hooks.warm.deletePolicy", "before-hook-creation,hook-succeeded")
    assert notes(named(helm.render(deleted), "Job", "shop-warm"))[f"{ARGO}/hook-delete-policy"] == "BeforeHookCreation,HookSucceeded"


def test_a_claim_outlasts_the_application(helm):
    claim = named(helm.render({**FULL, **TOOL}), "PersistentVolumeClaim", "shop-uploads")
    assert notes(claim) == {f"{ARGO}/sync-options": "Prune=false,Delete=false"}
    claim = named(helm.render(changed({**FULL, **TOOL}, "persistence.uploads.retain", False)), "PersistentVolumeClaim", "shop-uploads")
    assert not notes(claim)


def test_a_sealed_secret_is_no_trouble(helm):
    """Its wave is over when it is unsealed."""
    values = changed({**FULL, **TOOL}, "secrets.shop", {"sealed": {"DATABASE_URL": "AgBy3i", "TOKEN": "AgBy3i"}})
    objects = helm.render(values)
    assert wave(named(objects, "SealedSecret", "shop-shop")) == (False, -10)
    assert "which is sealed" in helm.refused(changed(values, "deploy.tool", "helm"))


@pytest.mark.parametrize(
    "path, value, said",
    [
        ("hooks.warm.events", {"pre-delete": True}, "hooks.warm.events: Argo CD has no pre-delete (deploy.tool: argocd)"),
        ("hooks.warm.events", {"post-rollback": True}, "hooks.warm.events: Argo CD has no post-rollback"),
        ("hooks.warm.events", {"post-install": True}, "Argo CD does not tell an install from an upgrade (deploy.tool: argocd); say post-upgrade"),
        ("hooks.check.weight", 5, "hooks.check.weight: with deploy.tool: argocd it has to be from -4 to 4"),
        ("deploy.tool", "flux", "/deploy/tool"),
    ],
)
def test_refused(helm, path, value, said):
    assert said in helm.refused(changed(FOR_ARGO, path, value))


def test_the_remedy_is_one_that_argo_cd_has(helm):
    values = {
        **TOOL,
        "workloads": {
            "web": {"containers": {"app": {"image": "a:1", "env": {"PGHOST": "shop-db"}}}, "healthd": {"database": False}},
            "db": {"containers": {"pg": {"image": "pg:1", "port": 5432}}},
        },
        "migrations": {"schema": {"from": "web/app", "dir": "/sql", "when": "pre"}},
    }
    error = helm.refused(values)
    assert "say migrations.schema.when: init (with from)" in error and "--set" not in error
    helm.render(changed(values, "migrations.schema.when", "auto"))


def test_helm_is_the_default(helm):
    assert helm.text(changed(FULL, "deploy", {"tool": "helm"})) == helm.text(FULL) == helm.text(changed(FULL, "deploy", None))
