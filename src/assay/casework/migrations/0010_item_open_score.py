from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("casework", "0009_effects_in_order"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="item",
            index=models.Index(condition=models.Q(("state", "open")), fields=["-score"], name="item_open_score"),
        ),
    ]
