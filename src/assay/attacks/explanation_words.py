"""What posts of innocent crowds are recognised by: generic words in Chinese and English, and how a post is read.

No word here praises or blames, and negators are taken out before anything is read: "sign" and "do not sign" are the
same to every rule. A word is listed because it names what such a crowd does (sign, draw, answer, share), not what it
feels. Extend a list only with words that the crowd cannot do without.
"""

from __future__ import annotations

import re
import unicodedata

# Deny, in either language. What is left of "don't" is "do", of "不是" is "是".
_NEGATORS = re.compile(
    r"\bit(?:'s| is| isn't)(?: not)? (?:true|false|the case) that\b|n't\b"
    r"|\b(?:not|no|never|neither|nor|none|cannot|without)\b|没有|[不没別别無无未非勿莫]"
)
_BLANK = re.compile(r"\s+")


def blind(text: str) -> str:
    """A post as the rules read it: NFKC, lower case, negators taken out.

    >>> blind("We did NOT sign it"), blind("我们没有签名")
    ('we did sign it', '我们签名')
    """
    plain = unicodedata.normalize("NFKC", text).lower().replace("\u2019", "'")
    return _BLANK.sub(" ", _NEGATORS.sub("", plain)).strip()


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


VOCABULARY = {
    # What organised fans do together: counted charts, votes, fan clubs, birthdays and first nights of an artist.
    "fan_drive": _any(
        r"应援|打榜|打call|打投|控评|做数据|超话|冲.{0,3}榜|榜首|后援会|饭圈|爱豆|集资|出道|灯牌|手幅|投票|每天.票|打卡",
        r"点亮.{1,12}(?:话题|超话)|为.{1,12}(?:加油|投)|给.{1,12}投|生日礼物|新专辑|公益同行|以.{1,10}的名义",
        # What is on is a subject; under a hashtag it is a call.
        r"#[^#\s][^#\n]{0,30}(?:生日|快乐|周年|演唱会|首唱|新歌|专辑|首播|榜|见面会|加油|回归|票房|收视)[^#\n]{0,12}#",
        r"\b(?:fandom|fan ?club|fan ?base|stans?|fan ?meeting|comeback|vot(?:e|es|ed|ing) (?:for|per)|number one)\b",
        r"\bstream (?:it|her|his|their|the)\b|\bnew (?:album|single)\b|\b(?:years|anniversary) with\b",
        r"\blight up the\b|\bin .{2,30}'s name\b|\bfor (?:her|his|their) birthday\b",
        r"#\w*(?:birthday|anniversary|day|comeback|debut|vote|album|worldtour|fandom|streaming)\w*",
    ),
    # Prizes for passing on.
    "prize_draw": _any(
        r"抽奖|中奖|有奖|奖品|大奖|奖金|开奖|抽取|抽出|抽\d|送出|赢取|赢得|转发.{0,6}赢|免费领|免费送|竞猜|幸运(?:儿|粉丝|网友|用户|星)",
        r"(?:关注|转发).{0,12}(?:并|\+|且).{0,12}(?:转发|关注|@|评论)|@.{0,3}(?:[三3两2]|\d)(?:位|个|名)?好友|红包|福利",
        r"\b(?:giveaway|sweepstakes?|prizes?|raffle|lucky (?:draw|winner)|(?:enter|chance|retweet|rt) to win)\b",
        r"\bwinners? (?:will be|is|are|announced)\b",
        r"\b(?:rt|retweet|repost|share|follow) (?:and|&|\+|to) |\btag (?:\w+ )?(?:friends|people)\b",
    ),
    # Names are collected for a demand.
    "petition": _any(
        r"请愿|签名|联署|连署|联名|公开信|征集|倡议书|签字|请签|署名",
        r"\b(?:petition(?:s|ing)?|sign(?:ed|ing|atures?)?|open letter|co-?sign(?:ed)?)\b|change\.org|avaaz\.org",
    ),
    # A source is named as newspapers and their feeds do.
    "press_agency": _any(
        r"新华社|新华网|中新(?:社|网)|人民网|央视|中央社|路透|法新社|美联社|(?:日报|晚报|时报|早报|新闻网|通讯社|电视台|电台)",
        r"记者|本报讯|[日月]电|[据來来](?:悉|报道)|报道[:,]|快讯",
        r"\((?:reuters|ap|afp|dpa|upi|xinhua)\)|\b(?:reuters|associated press|afp|xinhua|newswire|press release)\b",
        r"\bbreaking(?: news)?\b|\breport(?:s|ed) by\b|\bnews (?:agency|desk|wire)\b",
    ),
    # Left by a button or an app.
    "share_button": _any(
        r"分享自|分享了|(?:推荐|分享)@.{1,30}的(?:帖子|微博|文章|视频|日志)|大家也来看看|转发微博|转发自|来自@?\S{2,12}客户端",
        r"我(?:正在|在|刚|刚刚)(?:看|听|读|玩|用|下载)|下载了@?|通过@?\S{1,12}(?:下载|分享|上传|发布)|一键分享|点击查看|话题详情|分享\+1|更多热门",
        r"\bvia @|\b(?:shared|sent|posted) (?:from|via|with|using)\b|\brepost(?:ed)? weibo\b|\bforward weibo\b",
        r"\bi(?:'m| am) (?:listening to|watching|reading|playing)\b",
        r"\bi just (?:read|saw|heard|watched|added|uploaded|unlocked|earned|ran|finished|scored)\b",
        r"\bcheck out this\b|\bthought you (?:might|would) like\b|\bnow playing\b|#nowplaying",
    ),
    # The post says that a program wrote it.
    "bot": _any(
        r"自动(?:发布|发送|转发|播报|推送|回复)|机器人|定时(?:发布|播报)|整点(?:报时|播报)",
        r"\b(?:i am|i'm) a bot\b|\bbot\b|\bautomat(?:ed|ic|ically)\b\b",
        r"\bauto-?(?:post|tweet|reply)\b|\brss\b|\bifttt\b|\bdlvr\.it\b",
    ),
    # Days, greetings and condolences.
    "greeting": _any(
        r"生日快乐|新年快乐|春节|过年好|节快乐|节日快乐|周年快乐|早安|早上好|晚安|午安|恭喜|祝福|祝大家",
        r"祝.{1,8}(?:快乐|平安|幸福)",
        r"一路走好|安息|逝者|默哀|祈福|祈祷|保佑|平安|阿弥陀佛|节哀|\[蜡烛\]",
        r"\bhappy (?:birthday|new year|holidays|easter|anniversary|\w+ day)\b|\bmerry (?:christmas|xmas)\b",
        r"\bgood (?:morning|night)\b|\bcongrat(?:s|ulations)\b|\brest in peace\b|\brip\b",
        r"\bthoughts and prayers\b|\bgod bless\b",
    ),
}

# A text given as somebody else's: in marks for most of its length, signed with a dash, a title, a song, a saying.
_INSIDE = re.compile(r"[“「『\"]([^”」』\"]{8,})[”」』\"]")
_SIGNED = re.compile(
    r"(?:——|--|—|~)\s*(?:by )?[\w·. 《》]{2,24}$|\bby [a-z. ]{3,24}$|歌词|诗云|曰[:：]|名言|语录|\blyrics?\b|♪"
)
# Most of a post in quotation marks is a quotation; a few words in marks are not.
_LEAST_INSIDE = 0.6


def is_quotation(text: str) -> bool:
    """Whether a post (as `blind` leaves it) is given as somebody else's words.

    >>> is_quotation("“to be is to do, to do is to be”"), is_quotation('they call it "good service" here')
    (True, False)
    """
    inside = sum(len(found) for found in _INSIDE.findall(text))
    return inside >= _LEAST_INSIDE * len(text) > 0 or bool(_SIGNED.search(text))
