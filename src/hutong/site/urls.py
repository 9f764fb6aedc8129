"""Addresses of the hub: pages drawn from the registries, the API, accounts."""

from __future__ import annotations

from django.urls import include, path

from hutong.platform.api import api
from hutong.platform.web.errors import bad_request, denied, not_found, server_error

urlpatterns = [
    path("api/v1/", api.urls),
    path("accounts/", include("allauth.urls")),
    path("", include("hutong.platform.web.urls")),
]

handler400, handler403, handler404, handler500 = bad_request, denied, not_found, server_error
