"""How each task's model is made: one frozen record a task, nothing hidden in code elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from edge.errors import UserError
from edge.vision.card import Dataset, InputSpec

FER2013_TERMS = "ICML 2013 challenge, images found on the web, research use"
FERPLUS_TERMS = "labels of Microsoft's FER+ repository, its own licence"

FACES = Dataset(
    name="VGGFace2 and faces with ages and genders, by the weights of HSE_FaceRec_tf that it or a teacher began with",
    terms="weights: MIT as packaged; images: research",
)
"""What a network that knows faces learned before; see `train.architectures.faces`."""


@dataclass(frozen=True)
class Augmentation:
    """Ranges that each image's changes are drawn from; shares are of images, lengths of the patch's side.

    `zoom`: side of the cut over the side of the image, by source (a set whose patches show more is cut closer).
    """

    zoom: dict[str, tuple[float, float]]
    shift: float
    rotation: float
    """Degrees to either side."""
    erase: float
    blur: float
    highlight: float = 0.0
    glasses: float = 0.0
    """Of patches of whole faces: share on which glasses are drawn, also dark ones and such with a lamp in them."""
    lower_face: float = 0.0
    """Of patches of whole faces: share whose mouth and chin are covered, as a scarf, a hand or a mask covers them."""
    standardised: float = 0.5
    """Share of images brought to mean 128 and deviation 48, as the device may do; the others get any light."""
    mean: tuple[float, float] = (50.0, 205.0)
    deviation: tuple[float, float] = (14.0, 75.0)
    gamma: float = 0.5
    """Natural logarithm of the largest exponent that grey values are raised to; its negative is the smallest."""
    falloff: float = 0.6
    """Largest fall of light across the patch, from the middle to the edge, as a natural logarithm."""
    lamp: tuple[float, float] = (0.0, 0.0)
    """Share of images lit by a lamp beside the camera, and its largest fall of light from its middle to one half side
    away, as a natural logarithm; at twice that distance it is four times as much."""
    noise: tuple[float, float] = (0.6, 0.2)
    """Share of images, and the most noise over the image's own deviation."""


@dataclass(frozen=True)
class Recipe:
    """One task's model: network, input, schedule, augmentation, and what its card says."""

    task: str
    labels: tuple[str, ...]
    input: InputSpec
    architecture: str
    options: dict[str, Any]
    augmentation: Augmentation
    epochs: int
    batch: int
    steps: int | None
    """Batches an epoch, drawn evenly from every source and class; None: every image once."""
    learning_rate: float
    weight_decay: float
    warm_up: float
    """Share of all steps."""
    averaging: float
    """Decay of the moving average of the weights, a step; the average is what is measured and shipped."""
    label_smoothing: float
    reference: str
    """The label set that the temperature is fitted to."""
    thresholds: dict[str, float] = field(default_factory=dict)
    datasets: tuple[Dataset, ...] = ()
    mirrored: bool = False
    """Whether the network that is judged and ships answers with the mean over the image and its mirror image."""
    settled: Augmentation | None = None
    """Milder changes for the last epochs, so that training ends nearer to real images."""
    settle_at: float = 0.0
    """The share of the epochs after which the milder changes begin."""
    also: tuple[str, ...] = ()
    """Further answers that training asks for and the shipped model leaves out: telling them apart teaches to see."""
    unsure: str | None = None
    """The label that stands for a patch in which nothing can be told; the others are told apart without it."""
    mixup: float = 0.0
    """Images and targets are mixed in pairs by shares from Beta(mixup, mixup), until the milder changes begin."""
    loss: str = "cross_entropy"
    """Or `focal`."""
    optimizer: str = "adamw"
    """Or `adam`, or `sgd`; only the first has the weight decay."""
    schedule: str = "cosine"
    """Or `plateau`, or `constant`; only the first has the warm-up."""
    class_weights: str = "none"
    """Or `balanced`: every label counts as much as any other."""
    points: bool = False
    """Whether the network reads the contours of the face beside its pixels."""
    taught: tuple[str, ...] = ()
    """The sources of images that teachers answer for; without any, all."""
    temperature: float | None = None
    """What the answers are softened by; None: fitted to the validation."""
    patience: int | None = None
    """After how many epochs without a better validation the run ends; None: never before its last epoch."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels without the unsure one."""
        return tuple(label for label in self.labels if label != self.unsure)


# A std of 64 lets the 256 grey values of an image fill the 256 values of an int8 tensor, one for one.
EMOTION = Recipe(
    task="emotion",
    labels=("happy", "neutral", "sad", "surprise", "unknown"),
    input=InputSpec(width=48, height=48, channels=1, mean=128.0, std=64.0),
    architecture="residual",
    options={"stem": 16, "stages": ((48, 1), (80, 2), (112, 2)), "dropout": 0.2},
    augmentation=Augmentation(
        zoom={"fer2013": (0.87, 1.13), "no_face": (0.9, 1.1)},
        shift=0.08,
        rotation=10.0,
        erase=0.2,
        blur=0.25,
        glasses=0.1,
        lower_face=0.08,
        standardised=0.6,
        deviation=(18.0, 75.0),
        lamp=(0.3, 1.3),
        noise=(0.6, 0.3),
    ),
    epochs=28,
    batch=128,
    steps=None,
    learning_rate=2e-3,
    weight_decay=0.03,
    warm_up=0.06,
    averaging=0.998,
    label_smoothing=0.0,
    reference="ferplus",
    # Sad has the lowered threshold of the deployment that this product follows.
    thresholds={"sad": 0.35, "unknown": 0.5},
    datasets=(
        Dataset(name="FER2013", terms=FER2013_TERMS),
        Dataset(name="FER+", terms=FERPLUS_TERMS),
        Dataset(name="cabin, places without a face", terms="frames of the YawDD kind, research"),
        Dataset(name="YouTube Faces, places without a face", terms="research"),
        Dataset(name="FairFace, places without a face", terms="CC BY 4.0"),
    ),
    mirrored=True,  # 0.4 points on FER+ and 0.6 on FER2013's labels (PublicTest), for 0.4 ms
    settled=Augmentation(
        zoom={"fer2013": (0.92, 1.08), "no_face": (0.9, 1.1)},
        shift=0.06,
        rotation=8.0,
        erase=0.08,
        blur=0.2,
        glasses=0.12,
        lower_face=0.08,
        standardised=0.7,
        mean=(70.0, 185.0),
        deviation=(25.0, 75.0),
        gamma=0.45,
        falloff=0.3,
        lamp=(0.3, 1.2),
        noise=(0.4, 0.25),
    ),
    settle_at=0.5,
    also=("anger", "disgust", "fear", "contempt"),
    unsure="unknown",
    mixup=0.2,
)

EYES = Recipe(
    task="eyes",
    labels=("open", "closed", "not_visible"),
    input=InputSpec(width=32, height=32, channels=1, mean=128.0, std=64.0),
    architecture="residual",
    options={"stem": 16, "stages": ((32, 1), (64, 2), (96, 1)), "dropout": 0.2},
    augmentation=Augmentation(
        # The patches of NIR show the brow, those of CEW hardly the lids: cut so that the eye has about one size.
        # Made patches are cut so already.
        zoom={
            "nir": (0.6, 1.0),
            "cew": (0.85, 1.3),
            "web": (0.7, 1.1),
            "disturbed": (0.85, 1.15),
            "glare": (0.85, 1.15),
            "covered": (0.85, 1.15),
            "mirrored": (0.85, 1.15),
            "beside": (0.85, 1.15),
            "face": (0.55, 0.78),
        },
        shift=0.12,
        rotation=15.0,
        erase=0.1,
        blur=0.5,
        highlight=0.2,
        standardised=0.4,
        deviation=(6.0, 75.0),
    ),
    epochs=20,
    batch=128,
    steps=200,
    learning_rate=2e-3,
    weight_decay=0.03,
    warm_up=0.06,
    averaging=0.995,
    label_smoothing=0.05,
    reference="state",
    thresholds={"closed": 0.5, "not_visible": 0.2},
    taught=("face",),  # eyes as they are, among them half-shut ones, whose labels know no halves
    # Surely closed eyes answer 0.985 to 0.99 so, which the rules' thresholds are set for; the fitted one makes the
    # model surer of half-shut eyes than PERCLOS can bear.
    temperature=0.9,
    datasets=(
        Dataset(name="MRL eyes", terms="research, non-commercial"),
        Dataset(name="CEW", terms="research"),
        Dataset(name="web eyes", terms="terms unstated"),
        Dataset(name="cabin", terms="frames of the YawDD kind, research"),
        Dataset(name="YouTube Faces", terms="research"),
        Dataset(name="FairFace", terms="CC BY 4.0"),
    ),
)

RECIPES = {recipe.task: recipe for recipe in (EMOTION, EYES)}


def recipe_of(task: str) -> Recipe:
    """The task's recipe.

    Raises:
        UserError: there is none of that name.
    """
    if task not in RECIPES:
        raise UserError(f"there is no recipe for the task '{task}'; choose one of: {', '.join(RECIPES)}.")
    return RECIPES[task]
