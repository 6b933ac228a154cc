"""One of everything that a page can show, so that a walk over the pages meets all their words."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from assay.casework.choices import Choice
from assay.casework.findings import Content, Fact, Goods, Mark, NotChecked, NotComputed, Picture, Price, Step, Waterfall
from assay.casework.models import (
    Action,
    Answer,
    Effect,
    EffectState,
    ItemState,
    Language,
    Organisation,
    OrganisationKind,
    Person,
    Role,
    Stream,
    SubjectType,
    WorkerBeat,
)
from assay.casework.queries.queue import Wanted
from assay.casework.services import (
    appeals,
    automation,
    bulk,
    buying,
    census,
    claims,
    decisions,
    documents,
    effects,
    endpoints,
    examinations,
    gold,
    holds,
    parcels,
    snoozes,
    strikes,
    tokens,
    views,
)
from assay.casework.services.recording import AUTOMATION, Actor
from assay.casework.worker import JOBS
from tests.casework.bought import a_brand, a_control, a_programme, a_task, found, ordered, received, sealed
from tests.casework.builders import a_decision, a_person, an_item, an_organisation
from tests.casework.files_sent import a_pdf
from tests.casework.merchant_cases import a_case, a_content

TEXT = "我们从该品牌的授权经销商处购进这些鞋，发票随附。"


def a_full_house(language: str = Language.CHINESE) -> dict[str, Person]:
    """Fills the database; gives one person per role, who reads `language`."""
    an_organisation(OrganisationKind.MARKETPLACE, name="集市")
    laboratory = an_organisation(OrganisationKind.LABORATORY, name="检测所")
    shop = an_organisation(OrganisationKind.MERCHANT, language=language, name="河流贸易")
    where = {Role.MERCHANT: shop, Role.AUTHENTICATOR: laboratory}
    names = zip(Role.values, "甲乙丙丁戊己庚辛", strict=False)
    people = {role: a_person(role, where.get(role), language=language, name=name) for role, name in names}
    _the_queue(people, shop)
    _the_portal(people, shop)
    _the_test_buys(people, laboratory)
    _the_house(people)
    census.take()
    others = Person.objects.exclude(pk__in=[each.pk for each in people.values()])
    others.update(name="戌", language=language)
    return people


def a_measured_content(subject_type: str = "listing") -> Content:
    """A finding with something in each of its parts."""
    steps = (
        Step("price-gap", "price against the usual price", "0.22 times the usual price", -1.5, 620, 2.0, 80.0),
        Step("listing-age", "age of the listing", "3 days", 3.0, 5, 80.0, 80.2),
        Step("calibration", "adjustment to the calibrated scale", "", None, 40, 80.2, 91.0),
    )
    return a_content(
        subject_type,
        waterfall=Waterfall(91.0, 84.0, 95.0, 2.0, -389, steps),
        facts=(Fact("ships_from", "ships from", "CN"), Fact("listed_at", "listed", "2026-05-20")),
        price=Price(2_900, "EUR", 2, "手表", 31, 9_900, 11_900, 12_900, 13_900, 15_900),
        pictures=(Picture("P1", "p1.jpg", "ab" * 32, "cd" * 32, "", 2, ("L2",)),),
        goods=(Goods("L9", "手表", 88.0),),
        marks=(
            Mark("wording-replica", "called a replica", "title", "aaa quality", 15, 26),
            Mark("wording-discreet", "brand kept out of sight", "description", "xx"),
        ),
        not_checked=(NotChecked("imagery-shared", "picture at other merchants"),),
        not_computed=(NotComputed("stats-sales", "number of sales", "needs listing_stats.n_sales"),),
    )


def _the_queue(people: dict[str, Person], shop: Organisation) -> None:
    senior, analyst, now = Actor.of(people[Role.SENIOR]), Actor.of(people[Role.ANALYST]), timezone.now()
    said = {"content": a_measured_content().to_json(), "merchant_id": shop.merchant_id, "merchant_name": shop.name}
    mine, aside, large, wrong, plain = (an_item(**said, opened_at=now) for _ in range(5))
    an_item(**said, subject_type=SubjectType.MERCHANT, stream=Stream.RANDOM, inclusion_probability=0.1, score=31.0)
    an_item(stream=Stream.LIVE, score_low=None, score_high=None)
    claims.take(analyst, mine)
    snoozes.snooze(analyst, aside, until=now + timedelta(days=2), reason="等待")
    large.harm_minor = 100_000_000
    large.save(update_fields=["harm_minor"])
    removal = Choice(Answer.COUNTERFEIT, Action.REMOVE, "facts-do-not-fit", note="备注")
    decisions.decide(analyst, plain, removal)
    decisions.decide(senior, large, removal)
    decisions.undo(senior, decisions.decide(analyst, wrong, removal), reason="有误")
    views.save(analyst, name="手表", wanted=Wanted(category="watches"), is_shared=True)
    known = an_item(state=ItemState.DECIDED)
    decided = a_decision(known, reason_code="authentication")
    gold.add(senior, decided.item)


def _the_portal(people: dict[str, Person], shop: Organisation) -> None:
    now, merchant = timezone.now(), Actor.of(people[Role.MERCHANT])
    case, other, third = (a_case(shop, a_measured_content(), in_force_at=now, decided_at=now) for _ in range(3))
    for each in (case, other, third):
        strikes.give_for(AUTOMATION, each.decision)
        effects.emit_decision(each.decision, "apply")
    documents.upload(merchant, a_pdf(), "invoice.pdf", "invoice", decision=case.decision)
    appeals.lodge(merchant, case.decision, text=TEXT)
    answered = appeals.lodge(merchant, other.decision, text=TEXT)
    verdict = appeals.Verdict(False, "发票没有覆盖这些商品，数量也不相符。")
    appeals.answer(Actor.of(people[Role.SENIOR]), answered, verdict)
    decisions.undo(Actor.of(people[Role.SENIOR]), third.decision, reason="有误")
    strikes.draft(Actor.of(people[Role.SENIOR]), strikes.policy_in_force())


def _the_test_buys(people: dict[str, Person], laboratory: Organisation) -> None:
    buyer, senior, examiner = people[Role.TEST_BUYER], people[Role.SENIOR], people[Role.AUTHENTICATOR]
    programme = a_programme(name="2026")
    a_brand()
    a_task(programme)
    a_control(programme)
    ordered(a_task(programme, due_at=timezone.now() - timedelta(days=1)), buyer)
    received(a_task(programme), buyer)
    waiting, given, taken, done, opened, lost = (sealed(a_task(programme), buyer) for _ in range(6))
    gone = ordered(a_task(programme), buyer)
    buying.fail(Actor.of(buyer), gone, "not_delivered", note="没有收到")
    assert waiting.pk
    examinations.assign(Actor.of(senior), given, laboratory)
    on_its_way = parcels.Handover("快递", "SF1", "办公室")
    parcels.send(Actor.of(buyer), taken, on_its_way)
    mine = examinations.assign(Actor.of(senior), taken, laboratory)
    examinations.take(Actor.of(examiner), mine)
    parcels.arrive(Actor.of(examiner), mine, parcels.Arrival("X-9", False, "收件处"))
    reported = examinations.assign(Actor.of(senior), opened, laboratory)
    examinations.decline(Actor.of(examiner), reported, code="opened", reason="封口被割开")
    parcels.lose(Actor.of(senior), lost, "not_delivered", "快递丢失")
    finished = examinations.assign(Actor.of(senior), done, laboratory)
    examinations.take(Actor.of(examiner), finished)
    found(
        finished,
        "counterfeit",
        examiner,
        seal_no_found="X-1",
        is_seal_intact=False,
        findings="缝线、镭射标和重量与参照样品不同。",
    )


def _the_house(people: dict[str, Person]) -> None:
    administrator, senior = Actor.of(people[Role.ADMINISTRATOR]), Actor.of(people[Role.SENIOR])
    endpoints.add_endpoint(administrator, url="https://shop.example/effects")
    effects.emit("trial", "listing:L1", {"n": 1})
    effects.emit("trial", "listing:L2", {"n": 1})
    Effect.objects.filter(subject="listing:L1").update(state=EffectState.FAILED, n_attempts=14, last_error="500")
    removal = Choice(Answer.COUNTERFEIT, Action.REMOVE, "facts-do-not-fit")
    bulk.apply(senior, [an_item(price_minor=None, harm_minor=0) for _ in range(2)], removal)
    holds.place(senior, "merchant", "M1", reason="法院")
    holds.lift(senior, holds.place(senior, "merchant", "M2", reason="法院"), reason="结束")
    automation.set_policy(senior, category="watches", most_severe_action=Action.DEMOTE, least_score=95.0)
    tokens.make_token(administrator, people[Role.ADMINISTRATOR], name="导出", scopes=["cases:read"])
    a_person(Role.ANALYST, is_active=False, deactivated_at=timezone.now())
    now = timezone.now()
    fine, failing = ({"job": job.name, "due_at": now, "last_run_at": now} for job in JOBS[:2])
    WorkerBeat.objects.create(**fine, last_good_at=now)
    WorkerBeat.objects.create(**failing, n_failed_in_row=2, last_error="500")
