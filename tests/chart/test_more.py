"""What holds for every kind of object beside workloads, migrations and cron jobs."""

import json

import pytest
from kinds import MORE
from rig import changed, pods


def entries(values, depth, path=()):
    """Paths of map entries, down to a depth."""
    for key, value in values.items():
        yield (*path, key)
        if isinstance(value, dict) and depth > 1:
            yield from entries(value, depth - 1, (*path, key))


def copied(path):
    """A copy of MORE, and the map in it that has the entry at path."""
    out = json.loads(json.dumps(MORE))
    at = out
    for word in path[:-1]:
        at = at[word]
    return out, at


@pytest.mark.parametrize("path", list(entries(MORE, 2)), ids=".".join)
def test_null_is_as_if_it_were_not_there(both, path):
    without, at = copied(path)
    del at[path[-1]]
    expected = both[0].template(without)
    null, at = copied(path)
    at[path[-1]] = None
    for helm in both:
        done = helm.template(null)
        assert (done.returncode, done.stdout) == (expected.returncode, expected.stdout), done.stderr
        assert "error calling include" not in done.stderr, done.stderr


@pytest.mark.parametrize("path", ["exposure.public", "exposure.public.ingress", "middlewares.limit.rateLimit", "tlsOptions.modern"])
def test_an_unknown_key_is_refused_by_its_path(helm, path):
    error = helm.refused(changed(MORE, f"{path}.typo", 1))
    assert "typo" in error and f"/{path.replace('.', '/')}'" in error, error


def test_two_renders_are_the_same(both):
    """Under both majors, too."""
    texts = {helm.text(MORE) for helm in both for _ in range(2)}
    assert len(texts) == 1


def test_every_pod_is_restricted(helm):
    for thing, template in pods(helm.render(MORE)):
        spec = template["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True, thing["metadata"]["name"]
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for c in spec.get("initContainers", []) + spec["containers"]:
            assert c["securityContext"]["allowPrivilegeEscalation"] is False and c["securityContext"]["capabilities"] == {"drop": ["ALL"]}
