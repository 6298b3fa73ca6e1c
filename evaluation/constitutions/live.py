"""A live model as critic or as speaker: one plain chat call for each question."""

from __future__ import annotations

import json
from typing import Any
from urllib.error import URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

TIMEOUT_S = 120.0
MAX_ANSWER = 4_000_000


class LiveModel:
    """`url`: base URL of an OpenAI-compatible server, ending in `/v1`. A call that fails gives None."""

    def __init__(self, url: str, model: str, key: str = "", timeout_s: float = TIMEOUT_S) -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError("the upstream must be an http or https address")
        self._address = f"{url.rstrip('/')}/chat/completions"
        self._model = model
        self._key = key
        self._timeout_s = timeout_s
        self._opener = build_opener(_NoRedirect)
        self.failures = 0

    def __call__(self, system: str, user: str) -> str | None:
        """The text of one answer at temperature 0."""
        messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        body = {"model": self._model, "temperature": 0, "messages": messages}
        headers = {"content-type": "application/json"}
        if self._key:
            headers["authorization"] = f"Bearer {self._key}"
        request = Request(self._address, json.dumps(body).encode(), headers)  # noqa: S310 - checked above
        try:
            with self._opener.open(request, timeout=self._timeout_s) as answer:
                return _text(json.loads(answer.read(MAX_ANSWER)))
        except (URLError, OSError, ValueError, LookupError, TypeError):
            self.failures += 1
            return None


class _NoRedirect(HTTPRedirectHandler):
    """A redirect would carry the key elsewhere."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Never followed: urllib then raises what came."""


def _text(answer: Any) -> str:
    content = answer["choices"][0]["message"]["content"]
    if not isinstance(content, str):
        raise TypeError("no text")
    return content
