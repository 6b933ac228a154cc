"""The words of this room: codes of plans, buys and examinations as people read them."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = dict[str, str | Promise]

POTS: Words = {"measure": _("measuring"), "enforce": _("enforcement"), "control": _("controls")}
OUTCOMES: Words = {
    "counterfeit": _("counterfeit"),
    "genuine": _("genuine"),
    "inconclusive": _("inconclusive"),
    "not_bought": _("could not be bought"),
    "not_delivered": _("was not delivered"),
    "swapped": _("another article came"),
    "outstanding": _("outstanding"),
}
ESTIMANDS: Words = {"listings": _("listings"), "orders": _("orders"), "value": _("value")}
NARROWED: Words = {
    "mine": _("mine"),
    "free": _("nobody's yet"),
    "overdue": _("overdue"),
    "give_out": _("wait to be given to an examiner"),
    "late": _("examinations that are overdue"),
    "reported": _("reported by the examiner: swapped, opened, damaged or not come"),
    "declined": _("declined by the examiner"),
    "seals": _("came under another or a broken seal"),
    "refused": _("finished, but refused by the folder"),
    "disagree": _("two examinations differ"),
    "alone": _("examined twice by one organisation"),
}
EXAMINERS: Words = {
    "brand": _("owner of the mark"),
    "laboratory": _("laboratory"),
    "marketplace": _("the marketplace's own"),
}
