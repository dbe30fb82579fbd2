"""Who may speak to whom."""

import pytest
from kinds import MORE, kinds
from rig import changed, hooked, named, pods

NP = "networkPolicy"
RELEASE = {"podSelector": {"matchLabels": {"app.kubernetes.io/instance": "shop"}}}


def policy(helm, name, values=MORE):
    return named(helm.render(values), "NetworkPolicy", name)


def namespace(name):
    return {"matchLabels": {"kubernetes.io/metadata.name": name}}


def test_nothing_passes_but_what_is_said_001_16_002_8(helm):
    spec = policy(helm, "shop-default")["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"] and spec["podSelector"] == RELEASE["podSelector"]
    dns, release, database = spec["egress"]
    assert dns == {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}
    assert release == {"to": [RELEASE]}
    assert database["to"] == [{"ipBlock": {"cidr": "10.2.0.0/16"}}]
    assert database["ports"] == [{"port": 5432, "protocol": "TCP"}, {"port": 6000, "endPort": 6010, "protocol": "UDP"}]
    release, monitoring = spec["ingress"]
    assert release == {"from": [RELEASE]}
    (who,) = monitoring["from"]
    assert who == {"namespaceSelector": namespace("monitoring"), "podSelector": {"matchLabels": {"app": "prometheus"}}}
    assert monitoring["ports"] == [{"port": 9180, "protocol": "TCP"}]


def test_every_pod_is_chosen(helm):
    """Those of hooks, too, and before the release exists by a copy."""
    objects = helm.render(MORE)
    wanted = policy(helm, "shop-default")["spec"]["podSelector"]["matchLabels"].items()
    assert all(wanted <= template["metadata"]["labels"].items() for _, template in pods(objects))
    copy = named(objects, "NetworkPolicy", hooked("default"))
    assert copy["spec"] == named(objects, "NetworkPolicy", "shop-default")["spec"]
    assert copy["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    without = helm.render({**MORE, "migrations": None, "hooks": {"warm": MORE["hooks"]["warm"]}})
    assert not [o for o in kinds(without, "NetworkPolicy") if o["metadata"]["name"].endswith("-hook")]


def test_who_comes_from_outside(helm):
    web, api = policy(helm, "shop-web")["spec"], policy(helm, "shop-api")["spec"]
    office, controller = web["ingress"]
    assert controller == {"from": [{"namespaceSelector": namespace("traefik")}], "ports": [{"port": 8080, "protocol": "TCP"}]}
    assert office["from"] == [{"ipBlock": {"cidr": "10.1.0.0/16", "except": ["10.1.2.0/24"]}}]
    assert office["ports"] == [{"port": "http", "protocol": "TCP"}]
    # A NodePort has no controller before it.
    assert api["ingress"] == [{"ports": [{"port": 8000, "protocol": "TCP"}]}]
    assert api["egress"] == [{"ports": [{"port": 587, "protocol": "TCP"}]}]
    assert api["podSelector"]["matchLabels"] == {"app.kubernetes.io/instance": "shop", "app.kubernetes.io/component": "api"}


def test_a_load_balancer_has_no_controller_before_it(helm):
    """It is open to everybody, as a NodePort is; a Service within the cluster is not."""
    everybody = [{"ports": [{"port": 8000, "protocol": "TCP"}]}]
    assert policy(helm, "shop-api", changed(MORE, "services.api.type", "LoadBalancer"))["spec"]["ingress"] == everybody
    within = changed(changed(MORE, "services.api.type", "ClusterIP"), "services.api.ports", None)
    assert everybody[0] not in policy(helm, "shop-api", within)["spec"].get("ingress", [])


def test_within_the_release(helm):
    spec = policy(helm, "shop-default", changed(MORE, f"{NP}.sameRelease", False))["spec"]
    assert {"to": [RELEASE]} not in spec["egress"] and {"from": [RELEASE]} not in spec["ingress"]


def test_alone(helm):
    """Nothing but the word that switches it on."""
    spec = policy(helm, "shop-default", {NP: {"enabled": True}})["spec"]
    assert spec["ingress"] == [{"from": [RELEASE]}] and spec["egress"][1:] == [{"to": [RELEASE]}]


def test_off_by_default(helm):
    for value in (None, {"ingressController": {"namespace": "x"}}):
        assert not kinds(helm.render(changed(MORE, NP, value)), "NetworkPolicy")


@pytest.mark.parametrize(
    "path, value, said",
    [
        ("ingressController", None, "networkPolicy.ingressController is missing: nothing would reach exposure."),
        ("ingressController", {}, "networkPolicy.ingressController: say who: namespace"),
        ("monitoring", {"namespace": "a", "ipBlock": {"cidr": "10.0.0.0/8"}}, "networkPolicy: ipBlock stands alone"),
        ("ingress.office.workload", "typo", 'networkPolicy.ingress.office.workload: there is no workload "typo"; there are: api, web'),
        ("egress.database.ipBlock", {}, "networkPolicy.egress.database.ipBlock.cidr is missing"),
        ("egress.database", {"namespace": "a", "namespaceSelector": {"matchLabels": {"a": "b"}}}, "exclude each other"),
        ("egress.database.ports", {"pg": {"protocol": "TCP"}}, "networkPolicy.egress.database.ports.pg.port is missing"),
        ("egress.database", {"podSelector": {"matchLabels": {"a": 1.5}}}, "/networkPolicy/egress/database/podSelector/matchLabels/a"),
        ("egress.database.typo", 1, "/networkPolicy/egress/database"),
    ],
)
def test_refused(helm, path, value, said):
    error = helm.refused(changed(MORE, f"{NP}.{path}", value))
    assert said in error, error
