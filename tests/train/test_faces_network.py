"""The network that begins with the weights of one that knows faces: what it takes from a file, what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edge.errors import InputError, UserError
from train.architectures import build
from train.architectures.faces import FROZEN, WIDTHS
from train.options import changed
from train.recipes import recipe_of

SHAPE = (48, 48, 1)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as TensorFlow.js writes it, with all tensors of the network drawn at random, half of them float16."""
    random = np.random.default_rng(0)
    tensors: dict[str, np.ndarray] = {
        "conv1/convolution/merged_input": random.normal(0, 0.02, (3, 3, 3, 32)),
        "conv1_bn/batchnorm_1/sub": random.normal(0, 0.1, 32),
    }
    before = 32
    for number, width in enumerate(WIDTHS, start=1):
        tensors |= {
            f"conv_dw_{number}/depthwise_kernel": random.normal(0, 0.3, (3, 3, before, 1)),
            f"conv_dw_{number}_bn/batchnorm_1/mul": random.uniform(0.5, 2, before),
            f"conv_dw_{number}_bn/batchnorm_1/sub": random.normal(0, 0.1, before),
            f"conv_pw_{number}/convolution/merged_input": random.normal(0, before**-0.5, (1, 1, before, width)),
            f"conv_pw_{number}_bn/batchnorm_1/sub": random.normal(0, 0.1, width),
        }
        before = width
    entries, raw = [], b""
    for place, (name, values) in enumerate(tensors.items()):
        half = place % 2 == 1
        entry = {"name": name, "shape": list(values.shape), "dtype": "float32"}
        entries.append(entry | ({"quantization": {"dtype": "float16"}} if half else {}))
        raw += values.astype("float16" if half else "float32").tobytes()
    folder = tmp_path_factory.mktemp("faces")
    (folder / "net.bin").write_bytes(raw)
    path = folder / "net.json"
    path.write_text(json.dumps({"weightsManifest": [{"paths": ["net.bin"], "weights": entries}]}))
    return path


def _first_pair(path: Path, grey: np.ndarray) -> np.ndarray:
    """The first depthwise convolution's answer at one place, worked out by hand from the file and 5x5 grey levels."""
    entries = json.loads(path.read_text())["weightsManifest"][0]["weights"]
    raw, start, tensors = path.with_name("net.bin").read_bytes(), 0, {}
    for entry in entries[:5]:
        kind = np.dtype(entry.get("quantization", entry)["dtype"])
        count = int(np.prod(entry["shape"]))
        tensors[entry["name"]] = np.frombuffer(raw, kind, count, start).reshape(entry["shape"]).astype(float)
        start += count * kind.itemsize
    kernel, shift, depthwise, scale, shift_2 = tensors.values()
    colours = np.repeat(grey[..., None] - 116.0, 3, axis=-1)
    seen = np.stack([np.tensordot(colours, kernel, 3) + shift] * 9).reshape(3, 3, 32)  # every place sees the same
    first = np.clip(seen, 0, 6)
    return np.clip((first[..., None] * depthwise).sum(axis=(0, 1))[:, 0] * scale + shift_2, 0, 6)


def test_it_computes_what_the_file_says_of_grey_levels(stored: Path) -> None:
    import keras

    model = build("mobilenet_faces", SHAPE, 5, weights=str(stored))
    inner = keras.Model(model.input, model.get_layer("conv_dw_1").output)
    flat = np.full((1, *SHAPE), (90 - 128) / 64, np.float32)  # one grey level: every place but the edges sees the same
    answer = np.clip(inner.predict(flat, verbose=0)[0, 40, 40], 0, 6)
    np.testing.assert_allclose(answer, _first_pair(stored, np.full((3, 3), 90.0)), atol=1e-3)


def test_the_first_layers_keep_what_they_know(stored: Path) -> None:
    model = build("mobilenet_faces", SHAPE, 5, weights=str(stored))
    learning = {layer.name for layer in model.layers if layer.trainable and layer.weights}
    assert "conv1" not in learning
    assert {f"conv_pw_{number}" for number in range(1, FROZEN + 1)}.isdisjoint(learning)
    assert {f"conv_dw_{FROZEN + 1}", f"conv_pw_{FROZEN + 1}", "logits"} <= learning


def test_without_weights_all_of_it_learns() -> None:
    model = build("mobilenet_faces", SHAPE, 5)
    assert all(layer.trainable for layer in model.layers)


def test_a_face_and_its_mirror_image_are_answered_alike(stored: Path) -> None:
    model = build("mobilenet_faces", SHAPE, 5, weights=str(stored), mirrored=True)
    images = np.random.default_rng(1).normal(0, 1, (2, *SHAPE)).astype(np.float32)
    images[1] = images[0, :, ::-1]
    one, other = model.predict(images, verbose=0)
    np.testing.assert_allclose(one, other, atol=1e-4)


def test_a_file_that_is_missing_or_of_another_network_is_named(stored: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.json: the weights of this network cannot be read .*npm"):
        build("mobilenet_faces", SHAPE, 5, weights=str(tmp_path / "nowhere.json"))
    other = json.loads(stored.read_text())
    other["weightsManifest"][0]["weights"][0]["name"] = "conv0"
    (tmp_path / "net.bin").write_bytes(stored.with_name("net.bin").read_bytes())
    (tmp_path / "other.json").write_text(json.dumps(other))
    with pytest.raises(InputError, match=r"other\.json: the weights .* cannot be read \('conv1/"):
        build("mobilenet_faces", SHAPE, 5, weights=str(tmp_path / "other.json"))


def test_a_file_cut_short_is_named(stored: Path, tmp_path: Path) -> None:
    (tmp_path / "net.bin").write_bytes(stored.with_name("net.bin").read_bytes()[:1000])
    (tmp_path / "net.json").write_text(stored.read_text())
    with pytest.raises(InputError, match="cannot be read"):
        build("mobilenet_faces", SHAPE, 5, weights=str(tmp_path / "net.json"))


def test_fit_gives_it_the_file_and_both_sides_of_an_image(stored: Path) -> None:
    recipe = changed(recipe_of("emotion"), {"architecture": "mobilenet_faces", "weights": str(stored)})
    assert recipe.options == {"weights": str(stored)}
    assert recipe.mirrored
    assert recipe.datasets[-1].name.startswith("VGGFace2")
    assert recipe.input == recipe_of("emotion").input
    with pytest.raises(UserError, match="--weights belongs to a network of ImageNet's or of faces"):
        changed(recipe_of("emotion"), {"architecture": "cbam", "weights": "none"})
