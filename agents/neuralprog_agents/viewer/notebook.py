"""What notebooks show: pages in a frame and texts, escaped, with nothing from elsewhere."""

from __future__ import annotations

from html import escape

_FRAME = (
    '<iframe srcdoc="{}" sandbox="allow-scripts" title="a run, step by step" '
    'style="width: 100%; height: 720px; border: 1px solid #8888"></iframe>'
)


def framed(page: str) -> str:
    """Return HTML that shows a whole page in a frame."""
    return _FRAME.format(escape(page))


def preformatted(text: str) -> str:
    """Return HTML that shows a text as it is."""
    return f'<pre style="line-height: 1.3">{escape(text)}</pre>'
