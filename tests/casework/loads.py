"""What the tests of loading share: loads of small runs, and rows as they stand before and after."""

from assay.casework.models import AnalysisRun, AuditEvent, Decision, Finding, Item, ItemState, Stream
from assay.casework.services.loading import How, load_run
from assay.casework.services.recording import COMMAND_LINE
from assay.engine import EngineSettings
from tests.casework.builders import a_decision
from tests.casework.rated_runs import the_run

SETTINGS = EngineSettings(memory_gib=1.0, workers=1)
LEAST = 20.0
N_RANDOM = 15


def load(folder=None, **given):
    values = {"actor": COMMAND_LINE, "least_score": LEAST, "n_random": N_RANDOM}
    how = How(engine_settings=SETTINGS, batch=given.pop("batch", 40))
    return load_run(folder or the_run(), **values | given, how=how)


def everything():
    """All rows that a load may write, but for numbers and moments of writing."""
    items = list(Item.objects.order_by("subject_type", "subject_id").values())
    findings = list(Finding.objects.order_by("item__subject_type", "item__subject_id", "id").values())
    hidden = ("id", "item_id", "finding_id", "run_id", "rank", "opened_at", "updated_at", "frozen_at")
    return [{name: v for name, v in row.items() if name not in hidden} for row in (*items, *findings)]


def snapshot():
    """Every row, to the last moment: to show that nothing at all was written."""
    return [list(model.objects.order_by("pk").values()) for model in (Item, Finding, AnalysisRun, AuditEvent)]


def an_open_listing(but=()):
    return Item.objects.filter(subject_type="listing", stream=Stream.FLAGGED, inclusion_probability=None).exclude(
        subject_id__in=but
    )[0]


def decided(item, **given):
    Item.objects.filter(pk=item.pk).update(state=ItemState.DECIDED)
    item.refresh_from_db()
    return a_decision(item, **given)


def frozen(item):
    row = Item.objects.filter(pk=item.pk).values().get()
    return row, list(Decision.objects.filter(item=item).values()), list(Finding.objects.filter(item=item).values())
