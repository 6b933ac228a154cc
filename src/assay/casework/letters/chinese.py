"""The letters in Simplified Chinese."""

from __future__ import annotations

from datetime import UTC, datetime

from assay.casework.letters.signals_in_chinese import LABELS
from assay.casework.letters.words import ReplyWords, SettledWords, StatementWords, Words
from assay.casework.models import Action

_TRADE_MARK = "商标所有人的专用权：欧盟第2017/1001号条例第9条，以及欧盟第2015/2436号指令第10条"


def day(at: datetime) -> str:
    """`2026年6月1日`, in UTC."""
    there = at.astimezone(UTC)
    return f"{there.year}年{there.month}月{there.day}日"


def moment(at: datetime) -> str:
    """`2026年6月1日 12:00（UTC）`."""
    return f"{day(at)} {at.astimezone(UTC):%H:%M}（UTC）"


def strikes(weight: float) -> str:
    """`1次警示记录`."""
    return f"{weight:g}次警示记录"


_STATEMENT = StatementWords(
    subjects={
        Action.WARN: "决定 {reference}：关于{what}的警告",
        Action.ASK_INVOICE: "决定 {reference}：请提供{what}的进货发票",
        Action.DEMOTE: "决定 {reference}：{what}已降低展示排名",
        f"{Action.DEMOTE} account": "决定 {reference}：您的商品已降低展示排名",
        Action.REMOVE: "决定 {reference}：{what}已下架",
        Action.SUSPEND: "决定 {reference}：您的账户已暂停",
        Action.CLOSE: "决定 {reference}：您的账户已关闭",
    },
    what_offer="商品“{title}”（商品编号 {id}）",
    what_account="您的账户（商家编号 {id}）",
    decided_heading="决定内容",
    decided={
        Action.WARN: "我们就{what}向您发出警告。",
        Action.ASK_INVOICE: "请您提供能够证明{what}来源的进货发票或品牌授权书。",
        Action.DEMOTE: "在搜索结果和推荐中，{what}的展示排名已经降低。买家仍然可以找到并购买。",
        f"{Action.DEMOTE} account": "在搜索结果和推荐中，{what}的商品展示排名已经降低。买家仍然可以找到并购买。",
        Action.REMOVE: "我们已将{what}下架。买家不能再找到或购买。",
        Action.SUSPEND: "我们已暂停{what}。账户内的商品不能被找到或购买，也不能发布新商品。",
        Action.CLOSE: "我们已关闭{what}。账户内的商品不能被找到或购买，也不能发布新商品。",
    },
    lasts_until="本决定自{start}起生效，至{end}止。",
    lasts="本决定自{start}起生效，没有结束日期，直至解除为止。",
    nothing_restricted="本决定不作任何限制。",
    everywhere="本决定适用于本平台服务的所有国家和地区。",
    invoice_by="请在{end}前登录商家门户，在本决定的页面上传文件。",
    facts_heading="所依据的事实",
    facts_intro="以下是{recorded}记录的关于{what}的事实，按原文逐字引用。原文为英文；每条前面的中文是该项检查的名称。",
    facts_account="{label}（关于账户）",
    facts_none="本决定没有引用数据分析中的单项事实，其依据见下文“理由”。",
    means_heading="如何发现和作出决定",
    detected_score="{what}由自动化手段发现：系统根据商品和账户的事实计算出分数，满分100分，该项为{score}分。",
    detected_live="{what}在发布时由自动化手段发现：系统根据商品和账户的事实计算出分数，满分100分，该项为{score}分。",
    detected_random="{what}不是由自动化手段挑选的，而是随机抽查。事实由自动化手段收集。",
    detected_test_buy="{what}由抽检购买发现：对收到的商品进行了两次检验，两次均认定为假货。其他事实由自动化手段收集。",
    by_person="由一名工作人员查看事实后作出决定，不是由机器决定。",
    by_two="由一名工作人员查看事实后作出决定，并在生效前经另一名工作人员同意，不是由机器决定。",
    by_machine="本决定由自动化手段作出，没有人工参与。您可以要求由人工重新查看，方法见最后一节。",
    ground_heading="理由",
    ground_illegal="依据是法律：{ground}。",
    ground_terms="依据是本平台的使用条款：{ground}。",
    ground_none="本决定依据上述事实作出。",
    grounds={
        "authentication": _TRADE_MARK,
        "facts-do-not-fit": _TRADE_MARK,
        "offered-as-copy": _TRADE_MARK,
        "repeated": _TRADE_MARK,
        "unsafe": "欧盟第2023/988号条例第5条（只能提供安全的产品），以及" + _TRADE_MARK,
        "brand-disguised": "品牌名称必须按照品牌方自己的写法书写",
        "no-provenance": "商家应要求须说明商品的来源",
        "identity": "账户资料必须真实、完整",
    },
    explained={
        "authentication": "从该商品购得的货物经过鉴定，结果与商品页面的描述不符。",
        "facts-do-not-fit": "商品页面陈述的事实与我们掌握的其他事实不符，上文已列出这些事实及其数值。"
        "以某一品牌名义提供并非来自该品牌所有人的商品，侵犯上述权利。",
        "facts-do-not-fit account": "关于账户及其商品的事实与我们掌握的其他事实不符，上文已列出这些事实及其数值。"
        "以某一品牌名义提供并非来自该品牌所有人的商品，侵犯上述权利。",
        "authentication account": "从该账户的商品页面购得的货物经过鉴定，结果与商品页面的描述不符。",
        "offered-as-copy": "商品页面的文字把货物描述为某品牌产品的仿品。",
        "repeated": "此前关于该账户的决定仍然有效，而同样的情况再次出现。",
        "unsafe": "该商品属于仿品可能造成人身伤害的类别，且商品页面的事实彼此不符。",
        "brand-disguised": "商品页面书写品牌名称所用的字母或符号不是品牌方自己的写法。",
        "no-provenance ask_invoice": "我们尚无能够覆盖这些商品的进货发票或授权书。",
        "no-provenance account": "我们曾要求提供进货发票或授权书，尚未收到能够覆盖该账户商品的文件。",
        "no-provenance": "我们曾要求提供进货发票或授权书，尚未收到能够覆盖这些商品的文件。",
        "identity": "该账户提供的资料与我们掌握的其他资料不符，上文已列出。",
    },
    terms_url="条款全文：{url}",
    strike_heading="警示记录",
    strike_none="本决定不产生警示记录。",
    strike_given="本决定产生{strikes}，计算至{end}止。",
    strike_together="首个决定起{days}天内的各项决定视为同一次情况，只计算其中最重的一项。",
    strike_ahead="连同本次，该账户目前共计{total}。达到{at}时，我们会将以下措施提交工作人员考虑：{action}。"
    "由工作人员决定，您会收到与本通知相同的说明。",
    strike_no_threshold="连同本次，该账户目前共计{total}。",
    object_heading="如果您不同意",
    object_how="您可以在{end}（含当日）前对本决定提出申诉，不收取任何费用。请登录商家门户，打开本决定的页面，说明哪里不正确。",
    object_who="申诉由没有参与本决定的工作人员答复，绝不会仅由机器答复。",
    object_proof="最有帮助的是供应商的进货发票或品牌方的授权书，您可以在同一页面上传。",
    object_body="您也可以向庭外争议解决机构提出请求：{body}",
    object_court="您可以随时向法院提起诉讼。",
)

_REPLY = ReplyWords(
    receipt_subject="我们已收到您对决定 {reference} 的申诉",
    receipt_heading="我们收到的内容",
    received="我们于{at}收到您对决定 {reference} 的申诉。",
    answered_by="没有参与该决定的工作人员将在{due}前答复。",
    stays="在此之前，该决定维持不变。",
    text_heading="您的陈述",
    proof_heading="我们收到的文件",
    next_heading="接下来",
    next_steps="在我们答复之前，您可以补充文件。答复会显示在商家门户中。",
    withdraw="在此之前，您可以随时在门户中撤回申诉。",
    upheld_subject="您对决定 {reference} 的申诉：维持原决定",
    reversed_subject="您对决定 {reference} 的申诉：原决定已撤销",
    upheld="我们重新查看了决定 {reference}，决定予以维持：{action}。",
    reversed="我们重新查看了决定 {reference}，决定予以撤销：{action}不再适用。",
    reversed_effects="受到限制的内容正在恢复。",
    reversed_others="在其他仍然有效的决定允许的范围内，受到限制的内容正在恢复：{references}。",
    reversed_strike="随该决定产生的警示记录已经取消。",
    reasons_heading="理由",
    reasons_intro="答复人写道：",
    answered_how="本答复由没有参与该决定的工作人员于{at}作出，不是由自动化手段作出。",
    further_heading="如果您不同意",
    further_again="您可以在{end}（含当日）前再次申诉，请附上我们尚未见过的事实或文件。",
    further_body="您可以向庭外争议解决机构提出请求：{body}",
    further_court="您可以随时向法院提起诉讼。",
)

_SETTLED = SettledWords(
    subject="您对要求 {request} 的答复：无需再提供文件",
    asked="我们曾于{day}请您提供能够证明{what}来源的进货发票或品牌授权书（决定 {request}）。"
    "您发送了文件，工作人员现已作出决定。",
    accepted="我们没有发现异常。",
    untold="这些文件没有完全说明我们询问的情况；我们不采取措施。",
    nothing_more="该要求已经结束，您无需再发送任何文件。",
    if_again="今后如有其他事实，您会收到新的决定及其理由。",
)

CHINESE = Words(
    language="zh-hans",
    colon="：",
    day=day,
    moment=moment,
    strikes=strikes,
    to="收件人",
    sender="发件人",
    reference="编号",
    date="日期",
    account="{name}（商家编号 {id}）",
    no_name="商家",
    actions={
        Action.NONE: "要求提供发票的结果",
        Action.WARN: "警告",
        Action.ASK_INVOICE: "要求提供发票",
        Action.DEMOTE: "降低商品展示排名",
        Action.REMOVE: "商品下架",
        Action.SUSPEND: "暂停账户",
        Action.CLOSE: "关闭账户",
    },
    labels=LABELS,
    statement=_STATEMENT,
    reply=_REPLY,
    settled=_SETTLED,
)
