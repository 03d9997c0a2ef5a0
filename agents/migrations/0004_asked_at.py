"""Find the questions of the last time without reading all events."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Index when something was asked."""

    dependencies = [("agents", "0003_model_calls")]

    operations = [
        migrations.AddIndex(
            model_name="sessionevent",
            index=models.Index(
                condition=models.Q(("kind", "asked")), fields=["at"], name="event_asked_at"
            ),
        ),
    ]
