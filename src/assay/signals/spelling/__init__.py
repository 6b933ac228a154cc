"""Brand names as people read them: folding, the brand book, and names written evasively."""

from assay.signals.spelling.alphabet import fold
from assay.signals.spelling.book import Brand, BrandBook, brand_book
from assay.signals.spelling.learning import Usage, learned_book, stated_book
from assay.signals.spelling.mentions import Disguise, Mentions, find, finder
from assay.signals.spelling.near import near_misses, words_in
from assay.signals.spelling.purpose import is_target
from assay.signals.spelling.reading import Reading, read
from assay.signals.spelling.tricks import Trick

__all__ = [
    "Brand",
    "BrandBook",
    "Disguise",
    "Mentions",
    "Reading",
    "Trick",
    "Usage",
    "brand_book",
    "find",
    "finder",
    "fold",
    "is_target",
    "learned_book",
    "near_misses",
    "read",
    "stated_book",
    "words_in",
]
