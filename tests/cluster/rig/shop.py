"""The application of the stories: a shop that counts its items. Its values, as a user would write them, and its migrations."""

import copy

from .place import DATABASE_URL, REDIS_URL, STANDIN

FIRST = {
    "0001_item.sql": "CREATE TABLE item (id bigint PRIMARY KEY, name text NOT NULL);\n",
    "0002_goods.sql": "INSERT INTO item SELECT n, 'thing ' || n FROM generate_series(1, 3) AS n;\n",
    "0003_name.sql": "CREATE INDEX CONCURRENTLY item_name ON item (name);\n",
}
SECOND = {"0004_price.sql": "ALTER TABLE item ADD price numeric NOT NULL DEFAULT 1;\nINSERT INTO item VALUES (4, 'new');\n"}
FAULTY = {"0005_stock.sql": "ALTER TABLE item ADD stock integer;\nUPDATE item SET stock = amount;\n"}
MENDED = {"0005_stock.sql": "ALTER TABLE item ADD stock integer;\nUPDATE item SET stock = 0;\n"}


def values(version="1", files=FIRST, existing=False, **more):
    """The chart's values; `existing`: the Secret is in the namespace already, else the release brings it."""
    secret = {"existingSecret": "credentials", "keys": {"DATABASE_URL": {}, "REDIS_URL": {}}}
    if not existing:
        secret = {"stringData": {"DATABASE_URL": DATABASE_URL, "REDIS_URL": REDIS_URL}}
    app = {
        "image": STANDIN,
        "port": 8080,
        "envFrom": {"login": {"secret": "login"}},
        "env": {"APP_VERSION": str(version)},
        "readOnlyRoot": True,
        "startupProbe": {"httpGet": {"path": "/healthz"}, "periodSeconds": 1, "failureThreshold": 60},
        "livenessProbe": {"httpGet": {"path": "/healthz"}, "periodSeconds": 5},
    }
    web = {"terminationGracePeriodSeconds": 10, "containers": {"app": app}, "healthd": {"app": {"path": "/healthz"}}}
    given = {"workloads": {"web": web}, "secrets": {"login": secret}}
    if files:
        given["migrations"] = {"schema": {"from": "web/app", "files": dict(files)}}
    return merged(given, more)


def merged(one, two):
    """one with two laid over it, as Helm does with files of values."""
    out = copy.deepcopy(one)
    for key, value in two.items():
        out[key] = merged(out[key], value) if isinstance(value, dict) and isinstance(out.get(key), dict) else value
    return out
