"""The ways to have a Secret: the keys are said once, an overlay changes the way, and nothing else changes."""

import json

import pytest

from rig import FULL, changed, container, hooked, named, variables, weight

APP = {"image": "example/shop:1", "port": 8080, "envFrom": {"shop": {"secret": "shop"}}}
KEYS = {"DATABASE_URL": {}, "JWT_SECRET": {}}
PLAIN = {"stringData": dict.fromkeys(KEYS, "canary")}
EXTERNAL = {"external": {"store": "vault", "from": "shop/prod"}}
SEALED = {"sealed": dict.fromkeys(KEYS, "AgBy3i4OJSWK+PiTySYZZA9rO43cGDEq")}


def shop(**secret):
    values = {"workloads": {"web": {"containers": {"app": APP}}}, "secrets": {"shop": {"keys": KEYS, **secret}}}
    return {**values, "migrations": {"schema": {"from": "web/app", "files": {"0001_a.sql": "SELECT 1;"}}}}


def pod(objects):
    return named(objects, "Deployment", "shop-web")["spec"]["template"]["spec"]


def test_an_overlay_changes_the_way_and_nothing_else(helm, tmp_path):
    base = tmp_path / "base.yaml"
    base.write_text(json.dumps(shop()))
    seen = set()
    for secret, name in ((PLAIN, "shop-shop"), (EXTERNAL, "shop-shop"), (SEALED, "shop-shop"), ({"existingSecret": "prod"}, "prod")):
        objects = helm.render({"secrets": {"shop": secret}}, "-f", base, "--is-upgrade")
        spec = pod(objects)
        assert container(spec, "app")["envFrom"] == [{"secretRef": {"name": name}}]
        folder = name if name == "prod" else "shop"
        assert variables(container(spec, "healthd"))["DATABASE_URL_FILE"] == f"/run/release-runtime/{folder}/DATABASE_URL"
        source = next(v for v in spec["volumes"] if "projected" in v)["projected"]["sources"][0]["secret"]
        assert source["name"] == name and [i["key"] for i in source["items"]] == ["DATABASE_URL"]
        seen.add(frozenset(o["kind"] for o in objects if "Secret" in o["kind"]))
    assert seen == {frozenset({"Secret"}), frozenset({"ExternalSecret"}), frozenset({"SealedSecret"}), frozenset()}


def test_an_external_secret_and_its_copy_for_the_hook(helm):
    objects = helm.render(shop(**EXTERNAL))
    real, copy = named(objects, "ExternalSecret", "shop-shop"), named(objects, "ExternalSecret", hooked("shop"))
    assert weight(real) is None and weight(copy) == -20
    assert real["apiVersion"] == "external-secrets.io/v1"
    assert real["spec"]["secretStoreRef"] == {"name": "vault", "kind": "SecretStore"}
    assert [d["remoteRef"] for d in real["spec"]["data"]] == [{"key": "shop/prod", "property": key} for key in KEYS]
    assert copy["spec"].pop("target")["name"] == hooked("shop") and real["spec"].pop("target")["name"] == "shop-shop"
    assert copy["spec"] == real["spec"]
    # The Job's pod waits for the operator, within the Job's deadline.
    job = named(objects, "Job", "shop-schema")["spec"]["template"]["spec"]
    source = next(v for v in job["volumes"] if "projected" in v)["projected"]["sources"][0]["secret"]
    assert source["name"] == hooked("shop") and "optional" not in source
    old = helm.render(shop(**EXTERNAL), "--api-versions", "external-secrets.io/v1beta1")
    assert named(old, "ExternalSecret", "shop-shop")["apiVersion"] == "external-secrets.io/v1beta1"


def test_where_the_store_calls_it_otherwise(helm):
    values = shop(**EXTERNAL)
    values["secrets"]["shop"]["keys"] = {"DATABASE_URL": {"from": "pg/prod", "property": "url"}}
    data = named(helm.render(values), "ExternalSecret", "shop-shop")["spec"]["data"]
    assert data == [{"secretKey": "DATABASE_URL", "remoteRef": {"key": "pg/prod", "property": "url"}}]
    # One key that the store has not would fail the whole.
    values["secrets"]["shop"]["keys"] = {"DATABASE_URL": {}, "REDIS_PASSWORD": {"optional": True}}
    spec = named(helm.render(values), "ExternalSecret", "shop-shop")["spec"]
    assert spec["dataFrom"] == [{"extract": {"key": "shop/prod"}}] and "data" not in spec


def test_a_key_that_may_be_missing_is_no_file(helm):
    values = shop(existingSecret="prod")
    values["secrets"]["shop"]["keys"] = {"DATABASE_URL": {}, "REDIS_PASSWORD": {"optional": True}}
    given = variables(container(pod(helm.render(values)), "healthd"))
    assert given["REDIS_PASSWORD"] == {"secretKeyRef": {"name": "prod", "key": "REDIS_PASSWORD", "optional": True}}


def test_a_sealed_secret_and_a_migration_before_the_first_install(helm):
    error = helm.refused(shop(**SEALED))
    assert "migrations.schema: it needs secrets.shop, which is sealed" in error and "--set migrations.schema.enabled=false" in error
    objects = helm.render(shop(**SEALED), "--is-upgrade")
    sealed = named(objects, "SealedSecret", "shop-shop")
    assert sealed["spec"]["encryptedData"] == SEALED["sealed"] and sealed["spec"]["template"]["metadata"]["name"] == "shop-shop"
    job = named(objects, "Job", "shop-schema")["spec"]["template"]["spec"]
    source = next(v for v in job["volumes"] if "projected" in v)["projected"]["sources"][0]["secret"]
    assert source["name"] == "shop-shop" and source["optional"] is True


@pytest.mark.parametrize(
    "secret, said",
    [
        ({}, "secrets.shop: give stringData (or data), existingSecret, external, or sealed"),
        ({**PLAIN, "existingSecret": "x"}, "secrets.shop: stringData and existingSecret exclude each other"),
        ({**EXTERNAL, **SEALED}, "secrets.shop: external and sealed exclude each other"),
        ({**PLAIN, **EXTERNAL}, "takes the other away: secrets.shop.stringData: null"),
        ({"external": {"store": "vault"}}, "secrets.shop.external.from is missing"),
        ({"external": {"from": "a"}}, "secrets.shop.external.store is missing"),
        ({"sealed": {"DATABASE_URL": "x"}}, "secrets.shop.keys: JWT_SECRET is not given"),
        ({"stringData": {**PLAIN["stringData"], "TYPO": "canary"}}, "secrets.shop.keys: TYPO is given and not named there"),
    ],
)
def test_refused(helm, secret, said):
    error = helm.refused(shop(**secret))
    assert said in error and "canary" not in error


def test_a_secret_switched_off(helm):
    objects = helm.render(changed(FULL, "secrets.spare", {"enabled": False, "stringData": {"A": "b"}}))
    assert not [o for o in objects if o["metadata"]["name"] == "shop-spare"]
