"""A checkpoint is published with the real client of the hub, against a server on this machine."""

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

PUSH = """
import sys
from pathlib import Path
from sgd_gym.errors import SgdGymError
from sgd_gym.models.checkpoint import push_checkpoint
try:
    push_checkpoint(Path(sys.argv[1]), sys.argv[2])
except SgdGymError as error:
    sys.exit(f"refused: {error}")
"""


class Hub(ThreadingHTTPServer):
    """As much of the hub as publishing needs: create, preupload, commit; all files are small to it."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.refuse = False
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                status, answer = outer.answer(self.path, body)
                payload = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *_: Any) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        if self.refuse:
            return 403, {"error": "You have no rights here."}
        if path == "/api/repos/create":
            return 200, {"url": f"{self.url}/me/planner", "id": "me/planner", "name": "me/planner"}
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}
        if path == "/api/models/me/planner/preupload/main":
            names = [one["path"] for one in json.loads(body)["files"]]
            files = [{"path": name, "uploadMode": "regular", "shouldIgnore": False} for name in names]
            return 200, {"files": files}
        if path == "/api/models/me/planner/commit/main":
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    self.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            done = {"commitOid": "0" * 40, "commitUrl": f"{self.url}/me/planner/commit/{'0' * 40}"}
            return 200, {"success": True, **done}
        return 404, {"error": f"no {path}"}


@pytest.fixture
def hub() -> Iterator[Hub]:
    server = Hub()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def push(hub: Hub, folder: Path, name: str) -> subprocess.CompletedProcess[str]:
    settings = {"HF_ENDPOINT": hub.url, "HF_TOKEN": "hf_of_a_test", "HF_HUB_DISABLE_TELEMETRY": "1"}
    words = [sys.executable, "-c", PUSH, str(folder), name]
    return subprocess.run(words, env=os.environ | settings, capture_output=True, text=True, timeout=120)


def test_every_file_of_the_checkpoint_arrives(hub: Hub, checkpoints: Path) -> None:
    folder = checkpoints / "planner"
    done = push(hub, folder, "me/planner")
    assert done.returncode == 0, done.stderr
    assert hub.files == {file.name: file.read_bytes() for file in folder.iterdir()}
    assert hub.files["README.md"].startswith(b"---\nlibrary_name: transformers")


def test_a_refusal_is_told_and_the_checkpoint_stays(hub: Hub, checkpoints: Path) -> None:
    hub.refuse = True
    for name in ("me/planner", "not a name"):
        done = push(hub, checkpoints / "planner", name)
        assert "refused" in done.stderr, done.stderr
        assert "is whole, but cannot be published" in done.stderr
        assert "Fix: log in" in done.stderr
