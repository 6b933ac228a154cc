"""How sellers say in a title that goods are copies, by language; and the ordinary uses of the same words.

Sources: keyword history of Chinese marketplaces and TikTok Shop's policy triggers (research on published marketplace
policies), Russian and Spanish classifieds usage. `SAID` leaves no doubt; `HINTED` is also said of honest goods.
"""

from __future__ import annotations

_HONEST_COPIES = (
    r"helmets?|jerseys?|kits?|shirts?|tees?|football|soccer|balls?|guns?|pistols?|rifles?|swords?|knife|weapons?|"
    r"props?|display|"
    r"models?|cars?|ships?|planes?|aircraft|engine|coins?|medals?|trophy|trophies|statues?|figurines?|sculptures?|"
    r"wheels?|rims?|"
    r"skulls?|fossils?|dinosaurs?|furniture|chairs?|lamps?|artworks?|paintings?|maps?|documents?|plates?|"
    r"armou?r|mask|shield|landmark|monument|tower|castle|temple|taj|titanic|food|fruits?|method|set of"
)
_GRADES = (
    r"quality|grade|copy|copies|replicas?|version|clones?|mirror|watch(?:es)?|bags?|handbags?|shoes|"
    r"sneakers|purses?|level"
)

ORDINARY_USES: dict[str, tuple[str, ...]] = {
    "en": (
        r"(?:[^\W\d_]+ )?(?:scale|mini|miniature|museum|movie|film|prop|historic(?:al)?|officially? licensed|"
        r"licensed|official) replicas?",
        # A house's own line of shoes and perfumes is called Replica.
        r"(?:margiela|mm6)(?:[ -]\w+){0,3}[ -]replicas?|replicas?[ -](?:\w+[ -]){0,3}(?:margiela|mm6)",
        rf"replicas? (?:\w+ )?(?:{_HONEST_COPIES})|(?:{_HONEST_COPIES}) replicas?",
        r"1 ?: ?1 (?:scale|model|figure|life ?size|lens|ratio|macro|mixing|mix|training|adapter|exchange|replacement)|"
        r"(?:scale|ratio|life ?size|lens|gear|adapter) 1 ?: ?1",
        r"aaa (?:batter(?:y|ies)|cells?|rechargeable|alkaline|flashlight|torch|games?|charger|size)|(?:aa|"
        r"[0-9]) ?/ ?aaa|[0-9]+ ?x? aaa",
        r"(?:carbon|hard|photo|backup|certified|copy) copy|copy (?:paper|holder|book|stand|machine|cat|of)|"
        r"mirror (?:finish|polish|image)",
        r"(?:anti|counterfeit) ?-?counterfeit\w*|(?:counterfeit|fake) (?:money|bill|note|currency|cash|"
        r"coin)s?(?: detect\w*)?|"
        r"counterfeit detect\w*|(?:disk|drive|hard drive|hdd|ssd|card) clones?|clone wars|clone troopers?|"
        r"clone (?:tool|stamp)",
        r"imitation (?:jewell?e?ry|leather|fur|pearls?|gold|silver|stones?|diamonds?|wood|silk|crab|vanilla|bracelet|"
        r"necklace|earrings?)",
        r"fake (?:plants?|flowers?|nails?|lash(?:es)?|tattoos?|fur|leather|grass|blood|snow|beard|hair|turf|ivy|tan|"
        r"news|food|security camera)",
        r"(?:vs|versus|against|beware of|avoid|stop|spot|detect|report|how to spot) (?:a )?(?:fakes?|replicas?|"
        r"copies|counterfeits?)",
    ),
    "zh": (
        "高仿真|仿真|(?<![0-9])1 ?[:比] ?1(?:比例|模型|手办|等比|还原|实物)|(?:比例|模型|等比)1 ?[:比] ?1(?![0-9])|"
        "复刻(?:版|款)?(?:黑胶|唱片|游戏)|"
        "防伪|假一[赔罚]\\S{1,2}|打假|假发|假睫毛|假花|假领|a货车|打击\\S{0,4}(?:高仿|假货|仿品)|谨防\\S{0,3}(?:高仿|"
        "假货|仿品)",
    ),
    "ru": (
        r"копи[яию] (?:чека|паспорта|документ\w*|ключ\w*|картин\w*|свидетельств\w*|диплом\w*|договор\w*)|"
        r"реплик\w* (?:диск\w*|оруж\w*|меч\w*|картин\w*|пистолет\w*|автомат\w*|шлем\w*|монет\w*|корабл\w*)|"
        r"(?:диск\w*|меч\w*|шлем\w*|монет\w*|масштабн\w*|музейн\w*) реплик\w*|масштаб\w* 1 ?: ?1|"
        r"(?:масштабн\w*|уменьшенн\w*) копи\w*",
    ),
    "es": (
        r"r[eé]plicas? (?:a escala|de (?:armas?|coches?|espadas?|barcos?|monedas?|museo)|oficial)|(?:espada|moneda|"
        r"arma) r[eé]plica|"
        r"imitaci[oó]n (?:de )?(?:piel|cuero|madera|perlas?)|copia de (?:seguridad|llaves?)|escala 1 ?: ?1",
    ),
    "de": (
        r"maßstab 1 ?: ?1|kopierpapier|(?:schwert|helm|münz|museums) ?-?repli(?:k|ka|kat)|imitat(?:leder|ion leder)|"
        r"kunstleder",
    ),
    "fr": (
        r"répliques? (?:airsoft|miniature|à l'échelle|d'armes?|officielles?)|échelle 1 ?: ?1|imitation (?:cuir|bois|"
        r"fourrure)",
    ),
    "pt": (r"r[eé]plicas? (?:em miniatura|de armas?|oficial)|escala 1 ?: ?1|imitação (?:de )?couro",),
}

SAID: tuple[str, ...] = (
    r"(?:high |super |top |best |perfect |exact |luxury |aaa\+* |1 ?: ?1 )*replicas?|counterfeits?|knock ?-?offs?|"
    r"bootleg (?!jeans|cut)\w+|"
    r"(?:first|1st|master|high|super|mirror|aaa|exact|perfect|7a|5a) cop(?:y|ies)|super ?clones?|mirror (?:quality|"
    r"grade|1 ?: ?1|level)|"
    rf"(?:aaa+\+*|[57]a|ua|1 ?: ?1) (?:{_GRADES})|(?:top|best|high) (?:quality )?1 ?: ?1|fakes?|rep (?:shoes|"
    rf"sneakers|bags?|watch)|"
    r"(?:100%|same as|like) (?:the )?original copy|oem copy|unauthori[sz]ed authentic|copy of original",
    "高仿|精仿|超仿|顶仿|仿品|仿冒|(?<![a-z])a货|超a(?![a-z])|顶级a(?![a-z])|原单|尾单|跟单|追单|莞货|纯原|高版本|"
    "顶复|山寨|一比一|(?<![0-9])1 ?[:比] ?1 ?(?:复刻|精仿|高仿|开模|品质|质量|版本|原单)|原版复刻|顶级复刻|冒牌|假货",
    r"реплик\w*|люкс[ -]?копи\w*|копи[яию] (?:1 ?: ?1|люкс|оригинал\w*|бренд\w*|премиум|[aа]{3}|высш\w*|топ)|"
    r"(?:точн\w*|качественн\w*|хорош\w*|полн\w*|супер|топ|брендов\w*|отличн\w*|премиум) копи[яию]|паль|пал[её]нк\w*|"
    r"подделк\w*|поддельн\w*|"
    r"фейк\w*|под оригинал|один в один с оригиналом|качество 1 ?: ?1|качеств\w* [аa]{3}\+*|контрафакт\w*",
    r"r[eé]plicas?(?: (?:aaa|exacta|1 ?: ?1|triple a))?|copias? (?:aaa|exacta|triple a|1 ?: ?1)|calidad espejo|"
    r"imitaci[oó]n(?:es)?|clon 1 ?: ?1|triple a",
    r"replik|replika(?:te?|s)?|fälschung(?:en)?|plagiate?|spiegelqualität|aaa[ -]qualität|1 ?: ?1 (?:kopie|"
    r"nachbildung)|imitate?",
    r"répliques?|contrefa[cç]ons?",
    r"primeira linha|falsificad[oa]s?|cópia (?:perfeita|fiel|aaa)",
)

HINTED: tuple[str, ...] = (
    r"inspired by|dupes?|alternative to|in the style of|aaa\+*|1 ?: ?1|same as original|original quality|"
    r"unbranded version",
    "复刻|莆田|专柜同款|大牌同款|真标|公司级|外贸|原厂",
    r"копи[яию]|люкс качество|топ качество|фабричн\w* качеств\w*|как оригинал|аналог бренда",
    r"inspirad[oa] en|tipo original|nachbildung|kopie|wie original|igual (?:al|que el) original|clon(?:es)?|"
    r"inspiriert von|inspiré de|inspirad[oa] em|linha premium",
)

NEGATED: tuple[str, ...] = (
    r"not|no|never|isn'?t|aren'?t|non|without|zero|we don'?t sell|don'?t sell|neither|nor|anti|against|is not",
    "不是|并非|绝非|拒绝|抵制|没有|无|非|不卖|不做|不|杜绝|远离|谨防",
    r"не|нет|ни|без|никаких",
    r"ningun[ao]?|ningún|sin|nunca|nada de|nicht|keine?[nmrs]?|ohne|pas|aucune?|sans|não|nao|nem|sem|nenhuma?",
)

STEMS: tuple[str, ...] = (
    *(
        "replic",
        "replik",
        "réplic",
        "répliq",
        "counterfeit",
        "knock",
        "bootleg",
        "cop",
        "clon",
        "mirror",
        "aaa",
        "7a",
        "5a",
        "fake",
        "rep ",
    ),
    *(
        "1:1",
        "1 : 1",
        "1: 1",
        "1 :1",
        "1：1",
        "1比1",
        "unauthor",
        "inspir",
        "dupe",
        "alternative to",
        "style of",
        "same as",
        "original qual",
    ),
    *(
        "仿",
        "a货",
        "超a",
        "顶级a",
        "原单",
        "尾单",
        "跟单",
        "追单",
        "莞货",
        "纯原",
        "高版本",
        "顶复",
        "山寨",
        "一比一",
        "复刻",
        "冒牌",
        "假货",
    ),
    *("莆田", "同款", "真标", "公司级", "外贸", "原厂"),
    *(
        "реплик",
        "копи",
        "паль",
        "пален",
        "палён",
        "поддел",
        "фейк",
        "оригинал",
        "контрафакт",
        "качеств",
        "аналог бренда",
    ),
    *(
        "espejo",
        "imita",
        "triple a",
        "fälsch",
        "plagiat",
        "contrefa",
        "primeira linha",
        "falsific",
        "cópia",
        "nachbild",
    ),
    *(
        "tipo original",
        "spiegelq",
        "kopie",
        "wie original",
        "igual al",
        "igual que",
        "linha premium",
        "ua ",
        "unbranded version",
    ),
)
"""Every slang word holds one of these."""
