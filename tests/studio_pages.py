"""A page of the studio that is open, for tests: its requests, and small pictures to send."""

from __future__ import annotations

import io

import numpy as np
from fastapi.testclient import TestClient
from PIL import Image

from maskstyle.studio.door import Keys
from maskstyle.studio.serve import create_app

PORT = 8765
ORIGIN = f"http://127.0.0.1:{PORT}"
RED, BLUE = (255, 0, 0), (0, 0, 255)


def png(pixels):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def picture(height=48, width=64, seed=0):
    """Return the PNG of a smooth picture."""
    rows, columns = np.mgrid[:height, :width]
    channels = [columns * 3 + 40 * seed, rows * 4, (rows + columns) * 2 + 90 * seed]
    return png((np.stack(channels, axis=-1) % 256).astype(np.uint8))


def halves(height=48, width=64, left=RED, right=BLUE):
    """Return the PNG of a map with two regions."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2], pixels[:, width // 2 :] = left, right
    return png(pixels)


class Page:
    """A page that is open: its requests carry the cookie and the origin."""

    def __init__(self, desk, keys=None):
        self.desk, self.keys = desk, keys or Keys(PORT)
        self.app = create_app(desk, self.keys, warm=False)
        self.client = TestClient(self.app, base_url=ORIGIN, headers={"origin": ORIGIN}, follow_redirects=False)
        self.client.get("/", params={"token": self.keys.token})

    def __getattr__(self, name):
        return getattr(self.client, name)

    def state(self):
        """Return the project."""
        return self.client.get("/api/project").json()

    def put(self, **changes):
        """Change the project from its newest version."""
        answer = self.client.put("/api/project", json={"version": self.state()["version"], **changes})
        assert answer.status_code == 200, answer.json()
        return answer.json()

    def upload(self, role, data=None, name="picture.png"):
        """Upload a picture, and return its id."""
        files = {"file": (name, data or picture(seed=role == "style"))}
        answer = self.client.post("/api/images", files=files, data={"role": role})
        assert answer.status_code == 200, answer.json()
        state = answer.json()
        return state["content"]["id"] if role == "content" else state["styles"][-1]["id"]

    def paint_map(self, key, data=None, version=0):
        """Save a map, and return the answer."""
        headers = {"if-match": str(version), "content-type": "image/png"}
        return self.client.put(f"/api/images/{key}/map", content=halves() if data is None else data, headers=headers)
