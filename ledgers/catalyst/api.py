"""Lists of the Catalyst ledger."""

from __future__ import annotations

from datetime import timedelta

from django.urls import path

from ledgers.api import FactList
from ledgers.catalyst.models import Event
from ledgers.serializers import SHARED, FactSerializer, register


@register
class EventSerializer(FactSerializer):
    """Something that can move a market: who, what, which assets, and where to read it."""

    class Meta:
        model = Event
        fields = (
            *SHARED,
            "source",
            "source_key",
            "kind",
            "title",
            "assets",
            "company",
            "tickers",
            "form",
            "is_amendment",
            "codes",
            "impact",
            "url",
            "confidence",
            "edited_at",
            "is_publication_exact",
        )


class Events(FactList):
    """Filings, announcements and decisions. Default window: 30 days."""

    serializer_class = EventSerializer
    filters = ("source", "kind", "impact", "form")
    window = timedelta(days=30)


urlpatterns = [path("events/", Events.as_view(), name="events")]
