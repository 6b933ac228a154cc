from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("casework", "0011_test_buy_stream"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="item",
            index=models.Index(
                condition=models.Q(("inclusion_probability__isnull", False), ("state", "open")),
                fields=["subject_id"],
                name="item_sample",
            ),
        ),
    ]
