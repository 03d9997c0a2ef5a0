from django.apps import AppConfig


class PagesConfig(AppConfig):
    """An app that exists in the programs of one test: a source of many pages, and nothing else."""

    name = "omc_project.tests.pages"
    label = "pages"

    def ready(self) -> None:
        from ledgers.collecting.registry import collectors
        from ledgers.jobs import kinds

        for known, kept in ((collectors, "pages"), (kinds, "collect")):
            for name in set(known) - {kept}:
                del known[name]
