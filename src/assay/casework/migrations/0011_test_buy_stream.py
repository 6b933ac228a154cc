from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("casework", "0010_item_open_score"),
    ]

    operations = [
        migrations.AlterField(
            model_name="item",
            name="stream",
            field=models.CharField(
                choices=[
                    ("flagged", "flagged by its score"),
                    ("random", "drawn at random"),
                    ("live", "flagged when it was created"),
                    ("test_buy", "found counterfeit in a test buy"),
                ],
                default="flagged",
                max_length=10,
            ),
        ),
    ]
