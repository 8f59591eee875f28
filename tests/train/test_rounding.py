"""A network is trained with everything rounded as the int8 model will have it."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import torch

from train.architectures import face, landmarks
from train.places.rounding import RoundedTwin, rounded
from train.places.twin import Twin

NETWORKS = {
    "landmarks": lambda: landmarks.build((96, 96, 1), 7),
    "face": lambda: face.build((64, 96, 1), 5),
}


def _pictures(network: keras.Model, count: int = 8) -> torch.Tensor:
    height, width, _ = network.input_shape[1:]
    return torch.randn(count, 1, height, width, generator=torch.Generator().manual_seed(0))


def _calibrated(network: keras.Model, pictures: torch.Tensor) -> RoundedTwin:
    twin = RoundedTwin(network).train()
    with torch.no_grad():
        twin(pictures)  # shows the ranges
    return twin.eval()


@pytest.mark.parametrize("name", list(NETWORKS))
def test_the_rounded_twin_answers_nearly_as_the_network_and_not_quite(name: str) -> None:
    network = NETWORKS[name]()
    pictures = _pictures(network)
    with torch.no_grad():
        plain = Twin(network).eval()(pictures)
        ours = _calibrated(network, pictures)(pictures)
    off = float((ours - plain).abs().mean() / plain.abs().mean())
    assert 1e-4 < off < 0.1


def test_the_rounded_twin_is_as_far_off_as_the_converted_model() -> None:
    from convert import network as trained
    from convert.quantize import quantize

    tf = trained.tensorflow()
    network = NETWORKS["face"]()
    pictures = _pictures(network)
    inputs = pictures.permute(0, 2, 3, 1).numpy()
    converted = quantize(trained.describe(network, "face"), inputs).model
    interpreter = tf.lite.Interpreter(model_content=converted)
    interpreter.allocate_tensors()
    given, taken = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    scale, zero = given["quantization"]
    answers = []
    for picture in inputs:
        levels = np.clip(np.round(picture / scale) + zero, -128, 127).astype(np.int8)
        interpreter.set_tensor(given["index"], levels[None])
        interpreter.invoke()
        scale_out, zero_out = taken["quantization"]
        answers.append((interpreter.get_tensor(taken["index"])[0].astype(np.float32) - zero_out) * scale_out)
    int8 = np.stack(answers)
    with torch.no_grad():
        plain = Twin(network).eval()(pictures).numpy()
        ours = _calibrated(network, pictures)(pictures).numpy()
    # one step more or less in one tensor becomes many at the end: what can be alike is how far both are off
    assert 0.5 < np.abs(ours - plain).mean() / np.abs(int8 - plain).mean() < 2


def test_gradients_pass_the_rounding() -> None:
    network = NETWORKS["face"]()
    twin = RoundedTwin(network).train()
    twin(_pictures(network, 2)).square().mean().backward()
    kernel = twin.layers["cells"].kernel
    assert kernel.grad is not None
    assert float(kernel.grad.abs().sum()) > 0


def test_a_kernel_of_whole_steps_stays_as_it_is() -> None:
    kernel = torch.tensor([[127.0, -3.0], [1.27, -0.02]])
    assert torch.allclose(rounded(kernel, by_channel=True), kernel, atol=1e-6)
    coarse = rounded(kernel, by_channel=False)
    assert torch.allclose(coarse[1], torch.tensor([1.0, 0.0]))


def test_normalisation_stands_still_while_rounding_is_learned() -> None:
    network = NETWORKS["face"]()
    twin = RoundedTwin(network).train()
    twin(_pictures(network, 2) + 3)
    before = [layer.get_weights() for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    after = [
        layer.get_weights() for layer in twin.give_back().layers if isinstance(layer, keras.layers.BatchNormalization)
    ]
    for ours, theirs in zip(before, after, strict=True):
        np.testing.assert_array_equal(ours[2], theirs[2])
        np.testing.assert_array_equal(ours[3], theirs[3])


def test_values_far_from_all_others_cost() -> None:
    keras.utils.set_random_seed(0)
    network = NETWORKS["face"]()
    twin = RoundedTwin(network).train()
    twin(_pictures(network, 2))
    usual = float(twin.outliers())
    last = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)][-1]
    gamma, beta, mean, variance = last.get_weights()
    gamma[0] *= 60
    last.set_weights([gamma, beta, mean, variance])
    twin = RoundedTwin(network).train()
    twin(_pictures(network, 2))
    assert float(twin.outliers()) > usual + 0.1
