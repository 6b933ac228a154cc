"""`assay live` as a user runs it: prepare, rate one listing, check against the batch, be told what is wrong."""

from pathlib import Path

import orjson
import pytest

from assay.cli.main import main
from assay.pipeline.live.checking import stored


@pytest.fixture(scope="module")
def ready(run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("live") / "ready"
    assert main(["live", "prepare", str(run.folder), "--out", str(folder), "--workers", "1", "--json"]) == 0
    return folder


@pytest.fixture
def listing(run, tmp_path: Path) -> Path:
    file = tmp_path / "listing.json"
    file.write_bytes(orjson.dumps(next(stored(run, 1))[1]))
    return file


def test_a_stored_listing_gets_the_score_of_the_batch(run, ready, listing, capsys):
    batch = next(stored(run, 1))[0]
    assert main(["live", "rate", str(ready), str(listing), "--json"]) == 0
    found = orjson.loads(capsys.readouterr().out)
    assert found["waterfall"]["score"] == batch.waterfall.score
    assert found["subject_id"] == batch.subject_id


def test_a_listing_is_explained_in_words(ready, listing, capsys):
    assert main(["live", "rate", str(ready), str(listing)]) == 0
    assert "Step by step" in capsys.readouterr().out


def test_check_counts_the_listings_that_agree(run, ready, capsys):
    command = ["live", "check", str(run.folder), "--prepared", str(ready), "--listings", "25", "--json"]
    assert main(command) == 0
    found = orjson.loads(capsys.readouterr().out)
    assert (found["n_rated"], found["n_same"]) == (25, 25)


@pytest.mark.parametrize("content", [b"not json", b"[1]", b'{"listing_id": "x"}'])
def test_what_is_no_listing_is_said_without_a_traceback(ready, tmp_path, capsys, content):
    file = tmp_path / "bad.json"
    file.write_bytes(content)
    assert main(["live", "rate", str(ready), str(file)]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_missing_file_is_the_outside_world_s_fault(ready, tmp_path):
    assert main(["live", "rate", str(ready), str(tmp_path / "none.json")]) == 3
