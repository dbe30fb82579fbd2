"""How a release is reached from outside: one description, three dialects."""

import pytest
from kinds import MORE, kind, kinds
from rig import changed, named

PUBLIC = "exposure.public"
HOSTS = "(HostRegexp(`^[^.]+\\.shop\\.example\\.com$`) || Host(`shop.example.com`))"
TRAEFIK = "traefik.ingress.kubernetes.io"


def dialect(word, **more):
    values = changed(MORE, f"{PUBLIC}.dialect", word)
    for path, value in more.items():
        values = changed(values, f"{PUBLIC}.{path.replace('__', '.')}", value)
    return values


def test_ingress_route_000_20(helm):
    objects = helm.render(MORE)
    route = named(objects, "IngressRoute", "shop-public")
    spec = route["spec"]
    assert route["metadata"]["annotations"] == {"note": "exposed"}
    assert spec["entryPoints"] == ["websecure"] and spec["tls"] == {"secretName": "shop-tls", "options": {"name": "shop-modern"}}
    api, root = spec["routes"]
    assert api["match"] == f"{HOSTS} && (Path(`/api`) || PathPrefix(`/api/`))" and root["match"] == f"{HOSTS} && PathPrefix(`/`)"
    assert api["services"] == [{"name": "shop-api", "port": "http"}] and root["services"][0]["name"] == "shop-web"
    assert [m["name"] for m in api["middlewares"]] == ["shop-headers", "shop-limit", "shop-strip"]
    # What leads to https stands where http comes in, and nowhere else.
    plain = named(objects, "IngressRoute", "shop-public-redirect")["spec"]
    assert plain["entryPoints"] == ["web"] and "tls" not in plain
    assert [[m["name"] for m in one["middlewares"]] for one in plain["routes"]] == [["shop-redirect"]] * 2


def test_middlewares_000_21(helm):
    found = {o["metadata"]["name"]: o["spec"] for o in kinds(helm.render(MORE), "Middleware")}
    assert found["shop-redirect"] == {"redirectScheme": {"scheme": "https", "permanent": True}}
    assert found["shop-limit"] == {"rateLimit": {"average": 20, "burst": 50, "period": "1s"}}
    assert found["shop-strip"] == {"stripPrefix": {"prefixes": ["/api"]}}
    assert found["shop-headers"]["headers"]["customResponseHeaders"] == {
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "SAMEORIGIN",
        "Server": "",
    }


def test_certificates_000_22_001_11(helm):
    objects = helm.render(MORE)
    shop, other = (named(objects, "Certificate", f"shop-{key}")["spec"] for key in ("shop", "other"))
    # The names are those of what is exposed with it.
    assert shop["dnsNames"] == ["*.shop.example.com", "shop.example.com"] and shop["secretName"] == "shop-tls"
    assert shop["issuerRef"] == {"group": "cert-manager.io", "kind": "Issuer", "name": "shop-letters"}
    assert other["issuerRef"]["kind"] == "ClusterIssuer" and other["secretName"] == "shop-other"
    acme = named(objects, "Issuer", "shop-letters")["spec"]["acme"]
    assert [next(iter(one)) for one in acme["solvers"]] == ["dns01", "http01"]
    assert acme["privateKeySecretRef"] == {"name": "shop-letters-account"}
    assert kind(objects, "TLSOption")["spec"]["minVersion"] == "VersionTLS12"


def test_http_route(helm):
    objects = helm.render(dialect("httpRoute", routes__api__middlewares=None))
    spec = named(objects, "HTTPRoute", "shop-public")["spec"]
    assert spec["parentRefs"] == [{"name": "gateway", "namespace": "infra", "sectionName": "https"}]
    assert spec["hostnames"] == ["*.shop.example.com", "shop.example.com"]
    api, root = spec["rules"]
    assert api["matches"] == [{"path": {"type": "PathPrefix", "value": "/api"}}]
    assert api["backendRefs"] == [{"name": "shop-api", "port": 80}] and root["backendRefs"][0]["name"] == "shop-web"
    (answers,) = api["filters"]
    assert answers["responseHeaderModifier"]["remove"] == ["Server"]
    assert {"name": "X-Frame-Options", "value": "SAMEORIGIN"} in answers["responseHeaderModifier"]["set"]
    plain = named(objects, "HTTPRoute", "shop-public-redirect")["spec"]
    assert plain["parentRefs"][0]["sectionName"] == "http"
    assert plain["rules"][0]["filters"][0]["requestRedirect"] == {"scheme": "https", "statusCode": 301}
    # A cluster with a Gateway need not know Traefik's kinds.
    assert not kinds(objects, "Middleware") + kinds(objects, "TLSOption") + kinds(objects, "IngressRoute")


def test_ingress_002_4_004_6(helm):
    objects = helm.render(dialect("ingress", routes__api__middlewares=None))
    ingress = named(objects, "Ingress", "shop-public")
    assert ingress["metadata"]["annotations"] == {
        "note": "exposed",
        "more": "true",
        f"{TRAEFIK}/router.middlewares": ",".join(f"prod-shop-{name}@kubernetescrd" for name in ("headers", "limit", "redirect")),
        f"{TRAEFIK}/router.tls.options": "prod-shop-modern@kubernetescrd",
    }
    spec = ingress["spec"]
    assert spec["ingressClassName"] == "traefik"
    assert spec["tls"] == [{"secretName": "shop-tls", "hosts": ["*.shop.example.com", "shop.example.com"]}]
    assert [rule["host"] for rule in spec["rules"]] == ["*.shop.example.com", "shop.example.com"]
    api, root = spec["rules"][1]["http"]["paths"]
    assert (api["path"], api["pathType"], root["path"]) == ("/api", "Prefix", "/")
    assert api["backend"] == {"service": {"name": "shop-api", "port": {"name": "http"}}}


def test_what_nothing_was_said_of(helm):
    """The preset of a middleware's headers; of annotations those of the dialect win."""
    alone = changed(MORE, "middlewares.headers", {"headers": {}})
    headers = named(helm.render(alone), "Middleware", "shop-headers")["spec"]["headers"]["customResponseHeaders"]
    assert headers == {
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "strict-origin-when-cross-origin",
    }
    both = dialect("ingress", annotations={"who": "all"}, ingress={"className": "traefik", "annotations": {"who": "ingress"}})
    both = changed(both, f"{PUBLIC}.routes.api.middlewares", None)
    assert named(helm.render(both), "Ingress", "shop-public")["metadata"]["annotations"]["who"] == "ingress"


def test_an_ingress_of_another_class(helm):
    values = dialect("ingress", ingress={"className": "nginx"}, routes__api__middlewares=None)
    error = helm.refused(values)
    assert "exposure.public: middlewares.headers, middlewares.limit, middlewares.redirect, tls.options would be lost" in error
    assert "exposure.public.ingress.ignoreUnsupported: true" in error
    ingress = {"className": "nginx", "ignoreUnsupported": True, "annotations": {"nginx.ingress.kubernetes.io/proxy-body-size": "500m"}}
    objects = helm.render(changed(values, f"{PUBLIC}.ingress", ingress))
    found = named(objects, "Ingress", "shop-public")["metadata"]["annotations"]
    assert found == {"note": "exposed", "nginx.ingress.kubernetes.io/proxy-body-size": "500m"}
    assert not kinds(objects, "Middleware")


def test_little_is_enough(helm):
    values = {**MORE, "exposure": {"main": {"routes": {"root": {"service": "web"}}}}}
    for key in ("middlewares", "tlsOptions", "certificates", "issuers"):
        values[key] = None
    spec = named(helm.render(values), "Ingress", "shop")["spec"]
    assert spec == {"rules": [{"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "shop-web", "port": {"name": "http"}}}}]}}]}
    assert not kinds(helm.render(changed(values, "exposure.main.enabled", False)), "Ingress")
    values = changed(values, "exposure.main", {**values["exposure"]["main"], "dialect": "ingressRoute", "tls": {}})
    spec = kind(helm.render(values), "IngressRoute")["spec"]
    assert spec["tls"] == {} and spec["entryPoints"] == ["websecure"] and spec["routes"][0]["match"] == "PathPrefix(`/`)"


@pytest.mark.parametrize(
    "path, value, said",
    [
        (f"{PUBLIC}.routes", {}, "exposure.public.routes is empty: give at least root: {service: NAME}"),
        (f"{PUBLIC}.routes.api.service", None, "exposure.public.routes.api.service is missing"),
        (f"{PUBLIC}.routes.api.service", "ap", 'exposure.public.routes.api.service: there is no Service "ap"; there are: api, web'),
        (f"{PUBLIC}.routes.api.port", 81, 'exposure.public.routes.api.port: the Service "api" has no port 81; it has: http (80)'),
        (f"{PUBLIC}.routes.api.path", "api", "/exposure/public/routes/api/path"),
        (f"{PUBLIC}.routes.api.pathType", "ImplementationSpecific", "routes.api.pathType: only an Ingress has"),
        (f"{PUBLIC}.middlewares.typo", {}, 'exposure.public.middlewares: there is no middleware "typo"'),
        ("middlewares.redirect", None, "there is no middleware \"redirect\"; say middlewares.redirect: {redirect: {}}"),
        ("middlewares.redirect.spec", {}, "middlewares.redirect: give one of redirect, headers, rateLimit, spec"),
        (f"{PUBLIC}.tls", None, "exposure.public.middlewares: redirect leads to https, which exposure.public has not"),
        (f"{PUBLIC}.tls.secretName", "x", "exposure.public.tls: certificate and secretName exclude each other"),
        (f"{PUBLIC}.tls.certificate", "typo", "exposure.public.tls.certificate: there is no certificates.typo; there are: other, shop"),
        (f"{PUBLIC}.tls.options", "typo", "exposure.public.tls.options: there is no tlsOptions.typo; there are: modern"),
        (f"{PUBLIC}.hosts", {"Shop`": {}}, "Shop`"),
        (f"{PUBLIC}.dialect", "gateway", "/exposure/public/dialect"),
        ("exposure.inside", {"dialect": "httpRoute", "routes": {"a": {"service": "web"}}}, "exposure.inside.httpRoute.parentRefs is missing"),
        ("certificates.other.issuerRef", None, "certificates.other: who issues it? Give issuerRef: {name: NAME}"),
        ("certificates.other.issuer", "self", "certificates.other: issuer and issuerRef exclude each other"),
        ("certificates.shop.issuer", "typo", "certificates.shop.issuer: there is no issuers.typo; there are: letters, self"),
        ("certificates.other.dnsNames", None, "certificates.other.dnsNames is empty, and nothing is exposed with it"),
        ("issuers.self.acme", {}, "issuers.self: give one of selfSigned, ca, acme, vault, venafi"),
        ("issuers.letters.acme.solvers", None, "issuers.letters.acme.solvers is missing"),
        ("issuers.self", {"ca": {}}, "issuers.self.ca.secretName is missing"),
    ],
)
def test_refused(helm, path, value, said):
    error = helm.refused(changed(MORE, path, value))
    assert said in error, error


def test_a_gateway_needs_to_know_where_http_comes_in(helm):
    values = dialect("httpRoute", routes__api__middlewares=None, httpRoute__redirectParentRefs=None)
    assert "exposure.public.httpRoute.redirectParentRefs is missing" in helm.refused(values)
    values = dialect("httpRoute", routes__api__middlewares=None, httpRoute__ignoreUnsupported=False)
    assert "exposure.public: middlewares.limit, tls.options would be lost, for an HTTPRoute" in helm.refused(values)
