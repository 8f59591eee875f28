"""The classifiers of the literature, trained and measured on the same images: train-model compare."""
