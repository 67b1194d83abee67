from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from apps.console import aliases, health
from apps.console.joining import join
from apps.console.site import site
from apps.providers.hooks import hook

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="console:index")),
    path("healthz", health.alive),
    path("livez", health.alive),
    path("readyz", health.ready),
    path("hooks/<slug:provider>/", hook, name="hook"),
    path("join/<str:token>/", join, name="join"),
    *aliases.urls(),
    path("ops/", site.urls),
    path("v1/", include("apps.api.urls")),
]
