"""Classifiers without a network, as scikit-learn has them: images [n, height, width] in, class numbers out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

COMPONENTS = 300
SHARE = 0.2
"""Of the training images that logistic regression learns from, evenly of every class."""


def _flattened(images: NDArray[Any]) -> NDArray[np.float32]:
    return images.reshape(len(images), -1).astype(np.float32)


def logistic_regression(seed: int = 0, components: int = COMPONENTS) -> Pipeline:
    """Standardised pixels, their first 300 principal components, a multinomial regression on them."""
    return make_pipeline(
        FunctionTransformer(_flattened),
        StandardScaler(),
        PCA(components, random_state=seed),
        LogisticRegression(solver="lbfgs", max_iter=2000, tol=1e-3),
    )


def random_forest(seed: int = 0) -> Pipeline:
    """100 trees of full depth; `importance_map` says which pixels they ask."""
    return make_pipeline(FunctionTransformer(_flattened), RandomForestClassifier(100, random_state=seed, n_jobs=-1))


def importance_map(forest: Pipeline, shape: tuple[int, int]) -> NDArray[np.float64]:
    """How much the forest's decisions rest on each pixel, float64[height, width], summing to 1."""
    return np.asarray(forest[-1].feature_importances_, np.float64).reshape(shape)
