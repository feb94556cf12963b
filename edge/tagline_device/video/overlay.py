"""What the project stream writes into a frame."""

import cv2
import numpy as np
from numpy.typing import NDArray

from tagline_device.answer import Answer

Frame = NDArray[np.uint8]
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_WHITE = (255, 255, 255)
_MOST_TAGS = 6
_AT_WIDTH = 640  # pixels of a frame whose letters have the size 1


def lines(answer: Answer | None, fps: float) -> list[str]:
    """Return what is written: what the model says, and how many frames a second it sees."""
    if answer is None:
        return ["no model yet", f"{fps:.0f} fps"]
    sure = f"{answer.confidence:.0%}"
    if answer.tags:
        more = len(answer.tags) - _MOST_TAGS
        said = ", ".join(answer.tags[:_MOST_TAGS]) + (f" and {more} more" if more > 0 else "")
    elif answer.unsure:
        said = f"unsure ({answer.scores[0].label} {sure})"
    else:
        said = f"{answer.label} {sure}"
    return [said, f"{fps:.0f} fps"]


def draw(frame: Frame, answer: Answer | None, fps: float) -> Frame:
    """Return a copy of a (h, w, 3) uint8 BGR frame with the lines on a dark band at its top."""
    drawn = frame.copy()
    scale = max(0.4, frame.shape[1] / _AT_WIDTH)
    step, thick = round(30 * scale), max(1, round(2 * scale))
    said, speed = (_plain(line) for line in lines(answer, fps))
    band = drawn[: step + round(10 * scale)]
    band >>= 2  # white letters on it can be read whatever the camera sees
    at = (round(8 * scale), step)
    cv2.putText(drawn, said, at, _FONT, 0.8 * scale, _WHITE, thick, cv2.LINE_AA)
    (width, _), _ = cv2.getTextSize(speed, _FONT, 0.8 * scale, thick)
    right = (frame.shape[1] - width - at[0], step)
    cv2.putText(drawn, speed, right, _FONT, 0.8 * scale, _WHITE, thick, cv2.LINE_AA)
    return drawn


def _plain(text: str) -> str:
    """Replace what OpenCV's letters lack: it draws ASCII alone."""
    return text.encode("ascii", "replace").decode()
