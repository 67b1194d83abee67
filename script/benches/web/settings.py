"""The product's settings, with one more route: a view that does as little as a view can."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "script.benches.web.urls"
ALLOWED_HOSTS = ["127.0.0.1", "testserver"]
