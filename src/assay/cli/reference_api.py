"""The reference page of the API, from its own description."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assay.cli.reference_casework import make_django_ready


def api_page() -> str:
    """Every call with its scope, roles, parameters and answers; every schema with its fields."""
    make_django_ready()
    from assay.web.api import urls  # its import adds the calls
    from assay.web.api.application import api

    assert urls.urlpatterns
    found = api.get_openapi_schema(path_prefix="/api/v1/")
    calls = [part for path, methods in found["paths"].items() for part in _calls(path, methods)]
    schemas = [_schema(name, each) for name, each in sorted(found["components"]["schemas"].items())]
    head = "# API\n\nGenerated from the code by `make docs`. The running server gives the same as OpenAPI 3.1 at "
    return "\n".join(
        [f"{head}`/api/v1/openapi.json`.\n", str(found["info"]["description"]), *calls, "\n## Schemas\n", *schemas]
    )


def _calls(path: str, methods: Mapping[str, Any]) -> Iterator[str]:
    from django.urls import resolve

    from assay.web.permits import permits

    for method, call in methods.items():
        name = resolve(path.replace("{pk}", "1").replace("{reference}", "x").replace("{subject_id}", "x")).view_name
        permit = permits()[name]
        lines = [f"\n## {method.upper()} {path}\n", f"{call['summary']}. {call.get('description', '')}".strip(), ""]
        lines += [f"Scope `{permit.scope}`; roles {', '.join(sorted(permit.roles))}.", ""]
        if taken := _taken(call):
            lines += ["| parameter | kind | meaning |", "|---|---|---|", *taken, ""]
        if "requestBody" in call:
            lines += [f"Body: {_kind(call['requestBody']['content']['application/json']['schema'])}.", ""]
        answers = [
            f"{status} {_kind(each['content']['application/json']['schema'])}"
            for status, each in call["responses"].items()
            if "content" in each
        ]
        yield "\n".join([*lines, f"Answers: {', '.join(answers)}."])


def _taken(call: Mapping[str, Any]) -> list[str]:
    rows = []
    for each in call.get("parameters", ()):
        words = each["schema"].get("description") or each.get("description", "")
        rows.append(f"| `{each['name']}` | {_kind(each['schema'])} | {words} |")
    return rows


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return f"### {name}\n\n{_said(schema)}One of {', '.join(f'`{each}`' for each in schema['enum'])}.\n"
    needed = set(schema.get("required", ()))
    rows = [
        f"| `{field}`{'' if field in needed else ' (optional)'} | {_kind(each)} | {each.get('description', '')} |"
        for field, each in schema.get("properties", {}).items()
    ]
    return "\n".join([f"### {name}\n", f"{_said(schema)}\n", "| field | kind | meaning |", "|---|---|---|", *rows, ""])


def _said(schema: Mapping[str, Any]) -> str:
    text = " ".join(str(schema.get("description", "")).split())
    return f"{text} " if text else ""


def _kind(schema: Mapping[str, Any]) -> str:
    """A schema in a word or two."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[1]
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"])
    if "allOf" in schema:
        return _kind(schema["allOf"][0])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "anything")
