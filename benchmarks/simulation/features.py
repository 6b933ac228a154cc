"""Plain columns and evidence columns of a simulated market, in SQL: the yardstick must not be our own signals."""

# ruff: noqa: RUF005

from pathlib import Path

import duckdb
import numpy as np
import pyarrow.compute as pc

# Patterns that the SQL names as $SLANG, $SAYS_FAKE and $ODD.
PATTERNS = {
    "SLANG": "|".join(
        ["replica", "1:1", "aaa", "mirror", "super copy", "高仿", "a货", "原单", "复刻", "精仿", "реплик", "копия"]
        + ["паль", "réplica", "calidad espejo", "imitaci", "replik", "kopie", "imitat"]
    ),
    "SAYS_FAKE": "|".join(
        ["this is a fake", "not original", "counterfeit,", "fake!", "cheap replica", "not authentic", "knock-off"]
        + ["not genuine", "bad imitation", "是假货", "不是正品", "假的", "高仿货", "山寨", "鉴定为假", "仿品"]
        + ["это подделка", "не оригинал", "подделка!", "дешёвая реплика", "плохая подделка", "фейк, не", "паль,"]
        + ["es falso", "no es original", "falsificación", "¡falso", "réplica barata", "no es auténtico", "es imitación"]
        + ["mala imitación", r"eine fälschung\\.", "nicht original", "fake, habe", "gefälscht!", "billige replik"]
        + ["nicht echt", "plagiat, nicht", "schlechte nachahmung"]
    ),
    "ODD": r"[\x{200B}-\x{200D}\x{FF01}-\x{FF5E}\x{1D400}-\x{1D7FF}*@$]|[A-Za-z][\x{0400}-\x{04FF}\x{0370}-\x{03FF}]",
}
PLAIN = ["listing_age", "merchant_age", "price_eur", "price_ratio", "title_length", "brand_empty", "n_sales"]
PLAIN += ["n_returns", "n_returned_as_fake", "rating", "n_reviews", "n_images", "category", "country", "has_gtin"]
PLAIN += ["n_edits", "merchant_size", "ships_elsewhere", "slang"]
EVIDENCE = ["shop_caught", "shop_caught_rate", "title_copies", "title_caught_rate", "text_copies", "text_caught_rate"]
EVIDENCE += ["picture_copies", "picture_caught_rate", "says_fake", "says_fake_rate", "odd_letters", "weight_ratio"]
EVIDENCE += ["scanned_elsewhere", "gtin_elsewhere", "impossible", "authorised", "n_refunds_as_fake"]
_TEXT = ("listing_id", "merchant_id", "adversary")


def open_tables(folder: Path) -> duckdb.DuckDBPyConnection:
    """A connection with one view per market table and `truth`, `shop_truth`."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone='UTC'; SET threads=2; SET memory_limit='6GB'")
    current = (folder / "market" / "current").read_text().strip()
    for path in sorted((folder / "market" / "snapshots" / current / "tables").iterdir()):
        connection.execute(f"CREATE VIEW {path.name} AS SELECT * FROM '{path}/*.parquet'")
    connection.execute(f"CREATE VIEW truth AS SELECT * FROM '{folder}/truth/listings.parquet'")
    connection.execute(f"CREATE VIEW shop_truth AS SELECT * FROM '{folder}/truth/merchants.parquet'")
    return connection


def measure(connection: duckdb.DuckDBPyConnection, as_of: float) -> dict[str, np.ndarray]:
    """One array per column of `features.sql`, rows ordered by listing_id; missing is NaN."""
    script = Path(__file__).with_name("features.sql").read_text(encoding="utf-8").replace("$NOW", str(as_of))
    for name, pattern in PATTERNS.items():
        script = script.replace(f"${name}", pattern)
    connection.execute(script)
    table = connection.execute("SELECT * FROM everything ORDER BY listing_id").to_arrow_table()
    return {
        name: table[name].to_numpy()
        if name in _TEXT
        else pc.fill_null(table[name].cast("double"), float("nan")).to_numpy()
        for name in table.column_names
    }
