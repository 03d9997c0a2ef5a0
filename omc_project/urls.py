"""Where every URL of the product starts."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from omc_project.health import healthz, readyz
from quality.metrics import metrics

admin.site.index_title = "Overview"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("admin/sources/", include("ledgers.source_pages")),
    path("admin/ask/", include("agents.chat_pages")),
    path("admin/quality/board/", include("quality.board_pages")),
    path("admin/", admin.site.urls),
    path("api/", include("omc_project.api")),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
]
handler400 = "omc_project.problems.bad_request"
handler403 = "omc_project.problems.permission_denied"
handler404 = "omc_project.problems.not_found"
handler500 = "omc_project.problems.server_error"
