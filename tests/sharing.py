"""How the tests are divided among processes, so that what is dear to make is made once."""

import pytest

# What shares something dear to make (a Spark session, a served home, a rated market), the longest first.
TOGETHER = (
    ("engine", "signals", "measurement/test_frame.py"),
    ("web/browser",),
    ("flow",),
    ("pipeline/live",),
    ("web/api",),
    ("simulation",),
)


def _group(file: str) -> int:
    """The group of a test file, given from the root of the project; as many as there are groups for none."""
    places = (n for n, group in enumerate(TOGETHER) if any(f"{file}/".startswith(f"tests/{each}/") for each in group))
    return next(places, len(TOGETHER))


def pytest_collection_modifyitems(items):
    """The dear ones first: begun last, they would keep one process busy while the other has nothing left."""
    items.sort(key=lambda item: _group(item.nodeid.partition("::")[0]))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """With `--dist loadscope`: a group stays in one process, every other file too."""
    from xdist.scheduler import LoadScopeScheduling

    class ByPlace(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.partition("::")[0]
            group = _group(file)
            return TOGETHER[group][0] if group < len(TOGETHER) else file

    return ByPlace(config, log) if config.getvalue("dist") == "loadscope" else None
