from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("casework", "0006_queue_claims"),
    ]

    operations = [
        migrations.AddField(
            model_name="examination",
            name="seal_fits",
            field=models.BooleanField(blank=True, null=True),
        ),
    ]
