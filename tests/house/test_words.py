"""Sentences that a page can show are marked for translation: an error is a sentence too."""

import ast
from collections.abc import Iterator
from pathlib import Path

import assay

ROOT = Path(assay.__file__).parent
# Pages say no more of a refusal than that (`web/faults.py`), and have words of their own for a code or a password.
OWN_WORDS = {"Refused", "NotThere", "WrongCode", "BadPassword", "Locked", "NotLetIn"}
# Where errors in English are right: only the command line, programs or the system's own parts come there.
ENGLISH = {
    "casework/audit/": "values of our own code, and keys given to the command line",
    "casework/backups/": "command line",
    "casework/demonstration/": "command line",
    "casework/findings.py": "frozen by another version",
    "casework/freezing.py": "command line: loading a run",
    "casework/services/acting.py": "a part of the system that acts as a person",
    "casework/services/endpoints.py:add_endpoint": "a part of the system that acts as a person",
    "casework/services/holds.py:lift": "a part of the system that acts as a person",
    "casework/services/holds.py:place": "a part of the system that acts as a person",
    "casework/services/loading.py": "command line",
    "casework/services/merchants_file.py": "command line",
    "casework/services/programmes.py:_known": "command line",
    "casework/services/programmes.py:_programme": "command line",
    "casework/services/programmes.py:load_programme": "command line",
    "casework/services/repeats.py": "API",
    "web/api/": "API",
}


def test_no_error_that_a_page_can_show_is_in_english_only():
    left = [place for place in plain_errors() if not any(place.startswith(name) for name in ENGLISH)]
    assert not left, f"say it with gettext, or name it in ENGLISH with the reason: {left}"


def test_every_exception_is_needed():
    found = list(plain_errors())
    assert [name for name in ENGLISH if not any(place.startswith(name) for place in found)] == []


def plain_errors() -> Iterator[str]:
    """`file:function:line` of each error that is a literal or an f-string which did not go through gettext."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in files()}
    kinds = errors(trees.values()) - OWN_WORDS
    for path, tree in trees.items():
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef):
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and name_of(node.func) in kinds and node.args and is_plain(node.args[0]):
                    yield f"{path.relative_to(ROOT)}:{function.name}:{node.lineno}"


def files() -> list[Path]:
    return sorted(path for room in ("casework", "web") for path in (ROOT / room).rglob("*.py"))


def errors(trees) -> set[str]:
    """CallerError and what is derived from it, by name."""
    kinds = {"CallerError"}
    listed = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    while more := {each.name for each in listed if {name_of(base) for base in each.bases} & kinds} - kinds:
        kinds |= more
    return kinds


def name_of(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def is_plain(message: ast.expr) -> bool:
    """Whether some branch of a message is written as it is; a name or a call is looked at where it is made."""
    if isinstance(message, ast.IfExp):
        return is_plain(message.body) or is_plain(message.orelse)
    if isinstance(message, ast.BinOp):
        return is_plain(message.left)
    return isinstance(message, (ast.Constant, ast.JoinedStr))


def test_a_plain_sentence_is_noticed():
    plain = ('"x"', 'f"{x}"', '"%s" % x', '"a" if x else gettext("b")', 'f"a" "b"')
    marked = ('gettext("x")', '_("x") % {"a": 1}', "said", 'gettext("a") if x else gettext("b")')
    assert [is_plain(ast.parse(each, mode="eval").body) for each in (*plain, *marked)] == [True] * 5 + [False] * 4
