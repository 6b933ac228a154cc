"""A rated run that the API rates with, and callers with tokens."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pytest
from django.test import Client

from assay import pipeline
from assay.casework.models import Role
from assay.casework.services.recording import Actor
from assay.casework.services.tokens import SCOPES, make_token
from assay.engine import EngineSettings
from assay.web.api.keys import BUCKETS, KNOWN
from tests.casework.builders import a_person


@pytest.fixture(scope="session")
def rated(tmp_path_factory: pytest.TempPathFactory) -> pipeline.Run:
    """A small simulated market, rated by the scorecard and prepared for live rating."""
    folder = tmp_path_factory.mktemp("api")
    engine = EngineSettings(scratch=tmp_path_factory.mktemp("scratch"), memory_gib=2.0, workers=2)
    market = pipeline.simulate(folder, n_listings=1_500, seed=5).market
    run = pipeline.rate(market, folder / "run", settings=engine)
    pipeline.prepare_live(run.folder)
    return run


@pytest.fixture
def served(rated: pipeline.Run, settings: Any) -> pipeline.Run:
    """The API rates with this run."""
    settings.ASSAY_RUN = str(rated.folder)
    return rated


@pytest.fixture(scope="session")
def listings(rated: pipeline.Run) -> list[dict[str, Any]]:
    """The listings of the market as stored, without empty columns, by id."""
    (source,) = Path(rated.market_folder).glob(f"snapshots/{rated.snapshot_id}/tables/listings*")
    rows = ds.dataset(source, format="parquet").to_table().sort_by("listing_id").to_pylist()
    return [{k: v for k, v in row.items() if v is not None} for row in rows]


@pytest.fixture(autouse=True)
def _full_buckets() -> None:
    BUCKETS.levels.clear()
    KNOWN.tokens.clear()


@dataclass
class Caller:
    """A program with a token."""

    token: str
    client: Client

    def get(self, path: str, **query: Any) -> Any:
        """GET under /api/v1."""
        return self.client.get(f"/api/v1{path}", query, headers=self._headers())

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """POST JSON under /api/v1."""
        content = body if isinstance(body, bytes | str) else json.dumps(body, default=str)
        return self.client.post(
            f"/api/v1{path}", content, content_type="application/json", headers=self._headers() | headers
        )

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


def a_caller(role: str = Role.SENIOR, scopes: list[str] | None = None, person: Any = None) -> Caller:
    """A program of a new person of a role, with every scope unless told otherwise."""
    owner = person or a_person(role)
    made = make_token(Actor.of(owner), owner, name="test", scopes=sorted(SCOPES) if scopes is None else scopes)
    return Caller(made.clear_text, Client(raise_request_exception=False))
