"""Pictures from NumPy alone: cells with short texts in a 3 x 5 dot font."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]

WHITE, INK = (255, 255, 255), (33, 37, 41)
GREY, BLUE, GREEN, RED = (233, 236, 239), (187, 222, 251), (200, 230, 201), (255, 205, 210)

CELL_HEIGHT, CELL_WIDTH = 44, 48
_DOT, _SMALL_DOT = 3, 2

_GLYPHS = {
    "0": "75557", "1": "26227", "2": "71747", "3": "71717", "4": "55711",
    "5": "74717", "6": "74757", "7": "71111", "8": "75757", "9": "75717",
    "-": "00700", "r": "00744", " ": "00000", ".": "00002", "?": "71302",
    "A": "25755", "B": "65656", "C": "34443", "D": "65556", "E": "74647",
    "F": "74644", "G": "34553", "H": "55755", "I": "72227", "J": "11152",
    "K": "55655", "L": "44447", "M": "57755", "N": "65555", "O": "25552",
    "P": "65644", "Q": "25573", "R": "65655", "S": "34216", "T": "72222",
    "U": "55557", "V": "55552", "W": "55775", "X": "55255", "Y": "55222",
    "Z": "71247", ",": "00024", ":": "02020", "'": "22000", "(": "24442",
    ")": "21112", "/": "11244", "$": "36236", "%": "51245", "+": "02720",
    ">": "42124", "*": "05250", "=": "07070", "&": "25253", "!": "22202",
}  # fmt: skip
"""Five rows a glyph, each an octal digit of three dots; small letters are drawn as capitals."""


def canvas(rows: int, columns: int) -> Picture:
    """Return an empty picture of rows x columns cells, shape (height, width, 3)."""
    return np.full((rows * CELL_HEIGHT + 4, columns * CELL_WIDTH + 4, 3), 255, dtype=np.uint8)


def cell(
    picture: Picture, row: int, column: int, text: str, colour: Colour, caption: str = ""
) -> None:
    """Draw a filled cell with a text in it and a caption below, in place."""
    top, left = row * CELL_HEIGHT + 4, column * CELL_WIDTH + 4
    picture[top : top + 28, left : left + CELL_WIDTH - 4] = colour
    _write(picture, top + 7, left + 4, text, _DOT)
    _write(picture, top + 30, left + 4, caption, _SMALL_DOT)


def _write(picture: Picture, top: int, left: int, text: str, dot: int) -> None:
    if 4 * dot * len(text) > CELL_WIDTH - 8:
        dot = max(1, (CELL_WIDTH - 8) // (4 * len(text)))
    for position, character in enumerate(text):
        dots = np.kron(_glyph(character), np.ones((dot, dot), dtype=bool))
        x = left + 4 * dot * position
        area = picture[top : top + dots.shape[0], x : x + dots.shape[1]]
        area[dots[: area.shape[0], : area.shape[1]]] = INK


def _glyph(character: str) -> NDArray[np.bool_]:
    rows = _GLYPHS.get(character) or _GLYPHS.get(character.upper(), _GLYPHS["?"])
    return np.array([[int(row) >> bit & 1 for bit in (2, 1, 0)] for row in rows], dtype=bool)
