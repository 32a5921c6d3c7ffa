"""Pictures from NumPy alone: boxes, and short texts in a 3 x 5 dot font."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]

WHITE, INK, SOFT = (255, 255, 255), (28, 34, 48), (104, 112, 133)
GREY, BLUE, GREEN, RED = (237, 240, 245), (209, 229, 252), (205, 238, 218), (250, 214, 217)
AMBER = (255, 224, 190)

MARGIN = 8
CELL_HEIGHT, CELL_WIDTH = 46, 46
_GAP = 4

_GLYPHS = {
    "0": "75557", "1": "26227", "2": "71747", "3": "71717", "4": "55711",
    "5": "74717", "6": "74757", "7": "71111", "8": "75757", "9": "75717",
    "-": "00700", " ": "00000", ".": "00002", "?": "71302",
    "A": "25755", "B": "65656", "C": "34443", "D": "65556", "E": "74647",
    "F": "74644", "G": "34553", "H": "55755", "I": "72227", "J": "11152",
    "K": "55655", "L": "44447", "M": "57755", "N": "65555", "O": "25552",
    "P": "65644", "Q": "25573", "R": "65655", "S": "34216", "T": "72222",
    "U": "55557", "V": "55552", "W": "55775", "X": "55255", "Y": "55222",
    "Z": "71247", ",": "00024", ":": "02020", "'": "22000", "(": "24442",
    ")": "21112", "/": "11244", "$": "36236", "%": "51245", "+": "02720",
    ">": "42124", "*": "05250", "=": "07070", "&": "25253", "!": "22202",
    '"': "55000", "_": "00007", "<": "12421", ";": "02024", "[": "64446", "]": "31113",
    "#": "57575", "|": "22222",
}  # fmt: skip
"""Five rows a glyph, each an octal digit of three dots; small letters are drawn as capitals."""


def canvas(height: int, width: int) -> Picture:
    """Return an empty picture with a margin around its content, shape (height, width, 3)."""
    return np.full((height + 2 * MARGIN, width + 2 * MARGIN, 3), 255, dtype=np.uint8)


def box(picture: Picture, top: int, left: int, height: int, width: int, colour: Colour) -> None:
    """Fill a box with rounded corners, in place; places are counted inside the margin."""
    y, x = top + MARGIN, left + MARGIN
    picture[y : y + height, x + 1 : x + width - 1] = colour
    picture[y + 1 : y + height - 1, x : x + width] = colour


def write(
    picture: Picture,
    top: int,
    left: int,
    text: str,
    *,
    width: int,
    dot: int = 2,
    colour: Colour = INK,
) -> None:
    """Write a text, in place: 4 · dot pixels a character, smaller or cut where there is no room."""
    while dot > 1 and text_width(text, dot) > width:
        dot -= 1
    for position, character in enumerate(text[: width // (4 * dot)]):
        dots = np.kron(_glyph(character), np.ones((dot, dot), dtype=bool))
        y, x = top + MARGIN, left + MARGIN + 4 * dot * position
        area = picture[y : y + dots.shape[0], x : x + dots.shape[1]]
        area[dots[: area.shape[0], : area.shape[1]]] = colour


def text_width(text: str, dot: int = 2) -> int:
    """Return how many pixels a text takes in one line."""
    return (4 * len(text) - 1) * dot


def cell(
    picture: Picture, top: int, left: int, text: str, colour: Colour, caption: str = ""
) -> None:
    """Draw a filled cell with a text in its middle and a caption below, in place."""
    width = CELL_WIDTH - _GAP
    box(picture, top, left, 30, width, colour)
    middle = max(3, (width - text_width(text, 3)) // 2)
    write(picture, top + 8, left + middle, text, width=width - 2 * 3, dot=3)
    middle = max(0, (width - text_width(caption)) // 2)
    write(picture, top + 33, left + middle, caption, width=width, colour=SOFT)


def _glyph(character: str) -> NDArray[np.bool_]:
    rows = _GLYPHS.get(character) or _GLYPHS.get(character.upper(), _GLYPHS["?"])
    return np.array([[int(row) >> bit & 1 for bit in (2, 1, 0)] for row in rows], dtype=bool)
