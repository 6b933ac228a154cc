from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F


def say_currency(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Harm that a run counted is in the run's currency; what was counted one by one is in that of its price."""
    item, run = apps.get_model("casework", "Item"), apps.get_model("casework", "AnalysisRun")
    for pk, counts in run.objects.values_list("pk", "counts"):
        currency = counts.get("currency", "")
        rows = item.objects.filter(run=pk).exclude(stream="live")
        rows.update(harm_currency="" if currency == "XXX" else currency)
    alone = item.objects.filter(run=None) | item.objects.filter(stream="live")
    alone.update(harm_currency=F("currency"))


def say_unheard(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """What was written while there was no endpoint was called delivered."""
    effect = apps.get_model("casework", "Effect")
    effect.objects.filter(endpoint=None, state="delivered").update(state="unheard", delivered_at=None)


def say_delivered(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    effect = apps.get_model("casework", "Effect")
    effect.objects.filter(state="unheard").update(state="delivered", delivered_at=F("created_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("casework", "0012_item_sample"),
    ]

    operations = [
        migrations.AddField(
            model_name="item",
            name="harm_currency",
            field=models.CharField(blank=True, default="", max_length=3),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="effect",
            name="state",
            field=models.CharField(
                choices=[
                    ("waiting", "waits to be sent"),
                    ("delivered", "delivered"),
                    ("failed", "given up after all retries"),
                    ("waived", "waived by a person"),
                    ("unheard", "nobody listened"),
                ],
                default="waiting",
                max_length=10,
            ),
        ),
        migrations.RunPython(say_currency, migrations.RunPython.noop),
        migrations.RunPython(say_unheard, say_delivered),
    ]
