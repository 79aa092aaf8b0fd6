"""The browser's scripts: a smaller Plotly, and compressing each script once.

Dash would send all of Plotly, 1.4 MB over the wire, for lines, bars and heat maps; its cartesian build has them in a
third. It lies in `vendor`, of the same version as the one that Python's Plotly brings (a test holds that); to renew it,
take `plotly-cartesian.min.js` of the npm package `plotly.js-cartesian-dist-min`. Belongs here: what scripts are sent
and how. Does not belong here: scripts of our own (`assets`).
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import flask
from flask_compress import Compress

PLOTLY = Path(__file__).parent / "vendor" / "plotly-cartesian.min.js"
PLOTLY_PATH = "/_dash-component-suites/plotly/package_data/plotly.min.js"
SCRIPT_PATHS = ("/_dash-component-suites/", "/assets/")
ZSTD_LEVEL = 7


class _Compressed(dict[str, bytes]):
    """Compressed scripts by algorithm and path. Other answers, which have no path here, are not kept."""

    def set(self, key: str, value: bytes) -> None:
        if not key.endswith(";"):
            self[key] = value


def is_script(path: str) -> bool:
    """Whether the path is of a script or style sheet, which hold no data."""
    return path.startswith(SCRIPT_PATHS)


def add_scripts(server: flask.Flask) -> None:
    """Register the smaller Plotly, and compression."""
    server.config |= {
        "COMPRESS_ZSTD_LEVEL": ZSTD_LEVEL,
        "COMPRESS_CACHE_BACKEND": _Compressed,
        "COMPRESS_CACHE_KEY": lambda request: request.path if is_script(request.path) else "",
    }
    Compress(server)

    script = PLOTLY.read_bytes()
    tag = hashlib.sha256(script).hexdigest()[:16]

    @server.get(PLOTLY_PATH)
    def plotly() -> flask.Response:
        answer = flask.Response(script, mimetype="text/javascript")
        answer.cache_control.max_age = 3600
        answer.set_etag(tag)
        return answer
