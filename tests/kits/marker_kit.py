"""The table of surfaces for the proof that nothing walks around the guard.

One entry says how requests of a surface look, and what its upstream says: whole answers and streams in the
upstream's own wire. A surface whose upstream may speak two wires has two entries. The tests in
`tests/integration/test_marker_*.py` put a marker that the guard fires on into every place of both.
"""

from __future__ import annotations

from tests.kits.marker_chat import CHAT
from tests.kits.marker_completions import COMPLETIONS, COMPLETIONS_OVER_CHAT
from tests.kits.marker_messages import MESSAGES, MESSAGES_OVER_CHAT
from tests.kits.marker_relayed import EMBEDDINGS, IMAGES, SPEECH
from tests.kits.marker_responses import RESPONSES, RESPONSES_OVER_CHAT
from tests.kits.marker_surface import MarkedSurface

SURFACES: tuple[MarkedSurface, ...] = (
    CHAT,
    COMPLETIONS,
    COMPLETIONS_OVER_CHAT,
    RESPONSES,
    RESPONSES_OVER_CHAT,
    MESSAGES,
    MESSAGES_OVER_CHAT,
    EMBEDDINGS,
    SPEECH,
    IMAGES,
)
