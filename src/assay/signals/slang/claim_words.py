"""The words with which buyers say that goods are fake or genuine, in seven languages.

Kinds are tried in this order, so an exception ("fake leather", "original box") stands before the word it excepts.
"""

from __future__ import annotations

_MATERIAL = (
    r"leathers?|furs?|wood|nails?|lash(?:es)?|eyelash(?:es)?|hair|flowers?|plants?|grass|trees?|snow|blood|food|fruit|"
    r"teeth|tan|pockets?|suede|diamonds?|pearls?|gold|silver|silk|wool|cotton|down|stones?|skin|security|camera|beard"
)
_PARTS = (
    r"box(?:es)?|pack(?:age|aging|ing|ed|s)?|price[sd]?|condition|colou?rs?|case|parts?|charger|design|idea|gift|"
    r"photos?|"
    r"pictures?|post|order|receipt|invoice|tags?|seal|wrapping|listing|one|purchase|seller|bottle|cap|manual|carton|"
    r"size"
)

ELSEWHERE: tuple[str, ...] = (
    r"(?:from |at |in |by )?(?:an)?other (?:shop|store|seller|merchant|site|place|vendor)s?|elsewhere|somewhere else|"
    r"last time",
    "别家|别的店|其他店|另一家|之前在|别处",
    r"друг(?:ом|ого|их) (?:магазин\w*|продавц\w*|месте)|у других|в других",
    r"(?:en )?otr[ao]s? (?:tiendas?|vendedor(?:es)?|sitios?|páginas?|lados?)",
    r"woanders|anderswo|(?:in )?(?:einem )?anderen? (?:laden|shop|händler|geschäft|verkäufer)",
    r"ailleurs|(?:dans )?un autre (?:magasin|vendeur|site)",
    r"(?:em |n)?outr[ao]s? (?:loja|vendedor|site|lugar)(?:es|s)?",
)
"""Goods of somebody else: a claim in the same clause is not about the goods reviewed."""

IDLE: dict[str, tuple[str, ...]] = {
    "en": (
        rf"(?:fake|faux|imitation|genuine|real|authentic|replica)[ -](?:{_MATERIAL})",
        r"fake (?:reviews?|news|account|address|tracking|promises?|discounts?|smiles?|sale|profile|it|photos?|"
        r"pictures?)",
        r"(?:reviews?|ratings?|date|tracking|address|photos?|pictures?|discount|price|promises?) "
        r"(?:is|are|was|were|seems?|looks?|look) (?:\w+ )?fakes?",
        r"replicas? of (?:the |a |an )?(?!original|real|genuine|brand|authentic)\w+",
        rf"(?:not )?(?:in )?(?:the |its |my |an )?original (?:{_PARTS})",
        r"genuine(?:ly)? (?:question|concern|seller|reviews?|mistake|people|person|happy|love|impressed)",
        r"authentic (?:taste|flavou?r|experience|italian|mexican|food|recipe)",
        r"not only|no doubt|without (?:a )?doubt|no question|not just|can(?:no|')?t believe|couldn'?t believe|why not",
        r"boot ?leg (?:cut|jeans?|pants|trousers)|bootleg fit|scale replicas?|replica (?:models?|jerseys?|kits?|"
        r"shirts?)",
        r"not (?:100 ?%|in (?:the |its )?original)|no longer",
    ),
    "zh": (
        "(?:评论|评价|好评|销量|时间|日期|地址|价格|物流|单号)\\S{0,2}假的|"
        "假(?:睫毛|发|花|两件|领|牙|山|期|如|装|使|设|日|指甲|体)|假一[赔罚]\\S{1,2}|不仅|不但|不错|不得不|不愧|无疑|"
        "正品(?:价格?|盒)|非常|没想到|是真的[\u4e00-\u9fff]|不得|要不",
    ),
    "ru": (
        r"оригинальн\w+ (?:упаковк\w+|коробк\w+|подар\w+|дизайн\w*|иде\w+|способ\w*|вещ\w+|цвет\w*|зарядк\w+|рисун\w+)",
        r"настоящ\w+ (?:кож\w+|мех\w*|шерст\w+|врем\w+|подар\w+|друг\w*)|не только|не могу поверить|без сомнени\w+",
        r"(?:отзыв\w*|дат\w+(?: \w+)?|рейтинг\w*|адрес) (?:\w+ ){0,2}(?:фейк\w*|поддельн\w*|фальшив\w*)",
        r"реплик\w* (?:башн\w*|меч\w*|корабл\w*|замк\w*|машин\w*|танк\w*|храм\w*|шлем\w*|оружи\w*)",
        r"искусственн\w+ \w+|в оригинальной",
    ),
    "es": (
        r"(?:caja|empaque|embalaje|paquete|precio|envase|color|talla|cargador) original|original(?:es)? y bonit\w+|"
        r"idea original|regalo original|diseño original|falsa (?:alarma|talla)|(?:piel|madera|seda|perla)s? falsas?|"
        r"(?:opiniones|reseñas|fecha(?: de \w+)?|dirección) (?:\w+ ){0,2}fals[oa]s?|imitación (?:de |a )?(?:madera|"
        r"cuero|piel|mármol|perla)|réplica de (?:la|el|una?|mi) \w+|falso (?:techo|cuero)|no solo|sin duda",
    ),
    "de": (
        r"original(?:er?|es|en)? (?:verpackung|verpackt|karton|box|preis|schachtel|ladegerät|teile?|geschenk|idee)|"
        r"originell\w*|originalverpack\w*|originalkarton|originalpreis|nicht nur|ohne zweifel|kein zweifel|"
        r"(?:bewertungen|lieferdatum|datum|adresse|rabatt) (?:\w+ ){0,2}(?:ein )?(?:fakes?|gefälscht|falsch)",
        r"replik(?:a|at)? (?:des|der|eines|einer) (?!original|marke)\w+|imitat(?:leder)?leder|echt(?:es|"
        r"em)? (?:leder|holz|silber|gold|haar|fell)|echtleder",
    ),
    "fr": (
        r"(?:boîte|boite|emballage|carton|prix|cadeau|idée|modèle|couleur|chargeur)s? (?:d')?origin(?:e|al|ale|aux)|"
        r"d'origine|faux (?:cuir|cils|ongles|cheveux|numéro|pas|bond|ami|contact|mouvement|plafond)|"
        r"fausse (?:taille|adresse|manœuvre|promesse|fourrure)|non seulement|sans (?:aucun )?doute|pas seulement",
    ),
    "pt": (
        r"(?:caixa|embalagem|preço|cor|carregador|presente|ideia) originais?|(?:caixa|embalagem|preço|cor) original|"
        r"falsa (?:promessa)|não só|nao so|sem dúvida|sem duvida",
    ),
}

DOUBT: dict[str, tuple[str, ...]] = {
    "en": (
        r"if|whether|wh?ether|worr(?:y|ied|ies)|afraid|scared|fear(?:ed|ing|s)?|thought|assumed|in case|hop(?:e|ed|"
        r"ing)|"
        r"wonder(?:ed|ing)?|doubt(?:s|ed|ful)?|sceptical|skeptical|expect(?:ed|ing)?|unsure|not sure|nervous|concerned",
        r"(?:sold|advertised|listed|marketed|described|promoted|labell?ed|passed off) as|claim(?:s|ed|ing)? to be|"
        r"supposed(?:ly)?(?: to be)?|pretend(?:s|ed|ing)?(?: to be)?|(?:says?|said|states?|stated|claims?|"
        r"claimed) (?:it'?s|it is|that|they are)|"
        r"do(?:es)?n'?t know|do not know|can(?:no|')?t tell|how to (?:tell|spot)|could be|might be|may be",
    ),
    "zh": ("如果|是不是|是否|以为|担心|怕|怀疑|不知道|不确定|不知|会不会|要是|希望|说是|号称|冒充",),
    "ru": (
        r"если|ли|боял\w+|опасал\w+|думал[аи]?|сомнева\w+|сомнени\w+|надеюсь|надеял\w+|не знаю|переживал\w*|"
        r"выда[её]т\w*|под видом|заявлен\w*|якобы|пишут|написано",
    ),
    "es": (
        r"si|pensé|pense|pensaba|creí|creía|creia|temía|temia|miedo|dudaba|dudas?|espero|no sé|no se si|"
        r"vendid[oa]s? como|anuncia\w* como|supuestamente|dicen que",
    ),
    "de": (
        r"ob|falls|wenn|dachte|befürcht\w*|angst|sorge|zweifel\w*|hoffe\w*|hoffentlich|unsicher|als (?:echt|"
        r"original) (?:verkauft|angeboten)|"
        r"angeblich\w*|verkauft als|keine ahnung|weiß nicht",
    ),
    "fr": (
        r"si|s'il|s'ils|croyais|pensais|peur|craignais|craint\w*|doutes?|doutais|espère|espere|vendus? comme|"
        r"vendue?s? comme|"
        r"soi-disant|soi disant|prétendu\w*|je ne sais pas",
    ),
    "pt": (
        r"se (?:é|e|for|era|são)|pensei|achava|medo|receio|dúvidas?|duvidas?|duvidava|espero|não sei|nao sei|"
        r"vendid[oa]s? como|anunciad[oa]s? como|supostamente|dizem",
    ),
}

CONTRAST: tuple[str, ...] = (
    r"but|however|yet|though|although|turned out|turns out|in fact|actually|only to find|it is actually",
    "但|但是|可是|不过|然而|结果|其实|却",
    r"но|однако|оказал\w+|оказыва\w+|на самом деле|а",
    r"pero|sin embargo|aunque|resultó|resulto|en realidad",
    r"aber|jedoch|doch|tatsächlich|stellte sich",
    r"mais|cependant|pourtant|en fait|en réalité|finalement",
    r"mas|porém|porem|contudo|na verdade|no entanto",
)

NOT: tuple[str, ...] = (
    r"not|no|never|none|isn'?t|aren'?t|wasn'?t|weren'?t|ain'?t|don'?t|doesn'?t|didn'?t|can(?:no|')?t|couldn'?t|without|"
    r"nothing|neither|nor|far from|anything but|hardly|zero|non",
    "不是|并非|绝非|不像|没有|没|非|不属于|不|无|绝不|拒绝",
    r"не|нет|ни|никак\w+|отнюдь|без|нету",
    r"ningun[ao]?|ningún|nunca|jamás|tampoco|sin|nada",
    r"nicht|kein(?:e[rsnm]?)?|nie|niemals|weder|ohne",
    r"pas|aucune?|jamais|ni|sans|n'est pas|ne sont pas",
    r"não|nao|nem|nenhuma?|sem",
)

FAKE: tuple[str, ...] = (
    # en (also said in every other language)
    r"(?:a |an )?(?:fak(?:es?|ed|ey)|counterfeit(?:s|ed|ing|er)?|knock ?-?offs?|replicas?|bootlegs?|imitations?|"
    r"phon(?:y|ey|ies)|"
    r"forger(?:y|ies)|inauthentic|unauthentic|non[ -](?:genuine|authentic|original)|pirated|sham|rip ?-?off copy)",
    r"(?:cheap|bad|poor|chinese|first|obvious|clear(?:ly)? an?|blatant|illegal|unlicensed) (?:copy|copies|clone|dupe)",
    r"looks? like a (?:copy|clone)|just a copy",
    r"(?:not|isn'?t|aren'?t|wasn'?t|ain'?t) (?:the |a )?real (?:deal|thing|one|product|brand|item|ones)|"
    rf"(?:not|isn'?t|aren'?t|wasn'?t) real(?! (?:{_MATERIAL}|good|happy|nice))",
    r"faux(?! (?:leather|fur|suede))",
    # zh
    "为假|是仿|仿的|假货|假冒|假的|假鞋|假表|假包|假药|假酒|假烟|假牌|假名牌|高仿|仿品|仿冒|仿货|仿制|山寨|冒牌|盗版|"
    "赝品|[aAａ]货|"
    "水货|劣质仿|售假|卖假|买假|是假|像假|都是假|全是假|假东西|假产品|假商品",
    # ru
    r"подд?елк\w*|поддельн\w*|подделан\w*|пал[её]нк\w*|пал[её]н(?:ый|ая|ое|ые|ую|ого|ых|ка)|паль|фейк\w*|фэйк\w*|"
    r"контрафакт\w*|реплик\w*|неоригинал\w*|фальшивк\w*|фальшив\w+|левак|левый товар|(?:это|дешевая|дешёвая|плохая|"
    r"китайская) копия|похож[аеи]? на копию|"
    r"имитаци\w*",
    # es, pt
    r"fals[oa]s?|falsificaci[oó]n(?:es)?|falsificaç(?:ão|ões)|falsificacao|falsificad[oa]s?|imitaci[oó]n(?:es)?|"
    r"imitaç(?:ão|ões)|imitacao|"
    r"piratas?|pirate(?:ado|ada|ria)|r[eé]plicas?|trucho|trucha|fayuca|chiviad[oa]|paralelo falsificado|"
    r"(?:es|é|una?|uma|mala|má|cópia) (?:copia|cópia)(?: (?:barata|china|chinesa|mala))?",
    # de
    r"f(?:ä|ae)lschung(?:en)?|gef(?:ä|ae)lscht\w*|plagiate?s?|nachahmung(?:en)?|nachgemacht\w*|imitate?s?|"
    r"produktf(?:ä|ae)lschung|"
    r"(?:billige|schlechte) kopie|nach (?:einer )?kopie|unecht\w*|nicht echt\w*|replik(?:en|as?|ate?)?",
    # fr
    r"fausses?|contrefa[cç]ons?|contrefaite?s?|(?:une|pâle|vulgaire|mauvaise) copie|inauthentiques?",
)

GENUINE: tuple[str, ...] = (
    r"authentic(?:s|ity)?|genuine|legit(?:imate)?|the real (?:deal|thing|mccoy|one)|bona fide|"
    r"(?:it'?s|is|are|was|were|100 ?%) real(?=\s*(?:[.,!;]|$|and\b))|originals?",
    "正品|真品|真货|正版|行货|保真|是真的|假不了|官方正",
    r"оригинал(?:а|ом|у|ы|ов)?|оригинальн(?:ый|ая|ое|ые|ого|ой|ую|ым|ых)|подлинн\w+|настоящ(?:ий|ая|ее|ие|ую|его)",
    r"originales|aut[eé]ntic[oa]s?|genuin[oa]s?|verdader[oa]s?|leg[ií]tim[oa]s?",
    r"original(?:er|es|e|en|ware|produkt)?|echte?[rsnm]? (?:ware|marke|produkte?|parfum|schuhe|tasche)|"
    r"(?:ist|sind|war|waren|100 ?%|garantiert) echt(?=\s*(?:[.,!;]|$|und\b))|authentisch\w*|echtheit|"
    r"echt(?=\s*(?:[.!]|$))",
    r"authentiques?|originale?s?|originaux|véritables?",
    r"originais|aut[eê]ntic[oa]s?|verdadeir[oa]s?",
)

STEMS: tuple[str, ...] = (
    *(
        "fak",
        "counterfeit",
        "knock",
        "replica",
        "bootleg",
        "imita",
        "phony",
        "phoney",
        "phonie",
        "forge",
        "authenti",
        "genuin",
        "original",
    ),
    *(
        "pirat",
        "sham",
        "rip off",
        "rip-off",
        "ripoff",
        "copy",
        "copies",
        "clone",
        "dupe",
        "real",
        "faux",
        "legit",
        "bona fide",
        "réplica",
    ),
    *(
        "假",
        "仿",
        "山寨",
        "冒牌",
        "盗版",
        "赝",
        "a货",
        "水货",
        "正品",
        "真品",
        "真货",
        "正版",
        "行货",
        "保真",
        "真的",
        "官方正",
    ),
    *(
        "делк",
        "ддель",
        "ддела",
        "пален",
        "палён",
        "паль",
        "фейк",
        "фэйк",
        "контрафакт",
        "реплик",
        "оригинал",
        "фальшив",
    ),
    *("левак", "левый", "копия", "копию", "имитац", "подлинн", "настоящ"),
    *("fals", "truch", "fayuca", "chiviad", "copia", "cópia", "auténtic", "autêntic", "verdad", "legitim", "legítim"),
    *("fälsch", "faelsch", "plagiat", "nachahm", "nachgem", "kopie", "unecht", "echt", "replik", "authentisch"),
    *("fauss", "contrefa", "copie", "véritable", "originaux"),
)
"""Every claim word holds one of these. Nearly all reviews hold none, and one Aho-Corasick pass says so."""
