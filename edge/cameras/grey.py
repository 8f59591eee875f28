"""Grey frames out of what cameras give: grey, BGR, YUYV, or the planes of YUV420, with rows of any length."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.records import GreyImage


def grey(picture: NDArray[np.uint8], size: tuple[int, int] | None = None) -> GreyImage:
    """The picture as uint8[height, width]: a view wherever the luma stands in it as it is, else a new picture.

    A view is good as long as the picture's memory is: whoever lends that memory (a camera's driver) copies it first.

    Args:
        picture: uint8 of one of these shapes, its rows padded or not:
            [height, width] or [height, width, 1], grey;
            [height, width, 2], YUYV;
            [height, width, 3] or [height, width, 4], BGR with or without a fourth channel;
            [rows, stride], with `size`: YUV420, planar (I420) or with its colours paired (NV12), whose luma is the
            first height rows and in each the first width bytes; so is grey with padding at its right or below.
        size: width and height, which the shape of padded rows or of YUV420 does not tell.

    Raises:
        ValueError: it is no such picture, or smaller than its size.
    """
    if picture.dtype != np.uint8:
        raise ValueError(f"a picture must be of type uint8, not {picture.dtype}; scale it to 0 to 255 first")
    channels = 1 if picture.ndim == 2 else picture.shape[2] if picture.ndim == 3 else 0
    if not 1 <= channels <= 4:
        raise ValueError(
            f"a picture of shape {picture.shape} is neither grey (height, width), YUYV (height, width, 2) nor BGR "
            "(height, width, 3)"
        )
    rows, columns = picture.shape[:2]
    if not (rows and columns):
        raise ValueError(f"a picture of {columns}x{rows} pixels holds nothing")
    if size is not None:
        width, height = size
        if not (1 <= width <= columns and 1 <= height <= rows):
            raise ValueError(f"{rows} rows of {columns} bytes or pixels do not hold a picture of {width}x{height}")
        picture = picture[:height, :width]
    if channels >= 3:
        import cv2  # here: the process that captures from a Raspberry Pi's camera needs none of its 20 MB

        code = cv2.COLOR_BGR2GRAY if channels == 3 else cv2.COLOR_BGRA2GRAY
        return np.asarray(cv2.cvtColor(picture, code), np.uint8)
    return picture if picture.ndim == 2 else picture[:, :, 0]
